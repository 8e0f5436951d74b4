import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { decodeTransaction, type Transaction } from '../../domain/decred/transaction.ts'
import { DEMO_SEED } from '../../src/devnet/demo-key.ts'
import {
  keyHash,
  payToKeyHash,
  proves,
  signatureHashes,
  signatureScript,
} from '../../src/devnet/signature.ts'
import { Keys } from '../../src/devnet/wallet/keys.ts'

/** The transaction that a real dcrwallet signed, in the recorded conversation. */
function recorded(): Transaction {
  const { calls } = JSON.parse(readFileSync('test/vectors/dcrwallet-conversation.json', 'utf8'))
  const { response } = calls.find(
    (call: { method: string; response?: unknown }) => call.method === 'SignTransaction' && call.response,
  )
  const decoded = decodeTransaction(Buffer.from(response.transaction, 'base64'))
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  return decoded.right
}

const key = new Keys(DEMO_SEED).at({ account: 0, branch: 'external', index: 0 })
const script = payToKeyHash(key.hash)

test("dcrwallet's own signature is good, and only for what it signed", () => {
  const transaction = recorded()
  const [input] = transaction.inputs
  const signed = input?.signatureScript ?? new Uint8Array(0)
  expect(proves(signed, script, signatureHashes(transaction)(0, script))).toBe(true)

  const other = { ...transaction, outputs: transaction.outputs.slice(1) }
  expect(proves(signed, script, signatureHashes(other)(0, script))).toBe(false)
  const foreign = payToKeyHash(new Uint8Array(20))
  expect(proves(signed, foreign, signatureHashes(transaction)(0, foreign))).toBe(false)
})

test('what is signed here is good; with any bit changed it is not', () => {
  const hash = signatureHashes(recorded())(0, script)
  const signed = signatureScript(hash, key.privateKey)
  expect(proves(signed, script, hash)).toBe(true)
  fc.assert(
    fc.property(fc.nat(signed.length * 8 - 1), (bit) => {
      const damaged = signed.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(proves(damaged, script, hash)).toBe(false)
    }),
    { numRuns: 60 },
  )
})

test('no signature, or something that is none, proves nothing', () => {
  const hash = new Uint8Array(32)
  for (const bytes of [[], [1, 1], [0x21], Array.from({ length: 107 }, () => 0x47)])
    expect(proves(Uint8Array.from(bytes), script, hash)).toBe(false)
})

test('the key in a signature is the one that the script names', () => {
  const signed = signatureScript(new Uint8Array(32), key.privateKey)
  expect(keyHash(signed.slice(-33))).toEqual(key.hash)
})

import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { displayHash, toHex } from '../../../domain/decred/hex.ts'
import {
  decodeTransaction,
  encodeTransaction,
  fullHash,
  isCoinbase,
  type Transaction,
  transactionId,
} from '../../../domain/decred/transaction.ts'
import * as arbitrary from './arbitraries.ts'
import { answer, bytes, vectors } from './vectors.ts'

interface Coinbase {
  raw: string
  txid: string
  fullHash: string
  outputs: { atoms: number; scriptVersion: number; script: string }[]
}
const known = vectors<{ coinbase: Coinbase }>('mainnet-block-2').coinbase

const decode = (raw: Uint8Array): Transaction => {
  const decoded = decodeTransaction(raw)
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  return decoded.right
}

describe('the coinbase of mainnet block 2', () => {
  const transaction = decode(bytes(known.raw))

  test('decodes', () => {
    expect(transaction).toMatchObject({ version: 1, lockTime: 0, expiry: 0 })
    expect(transaction.inputs).toMatchObject([
      {
        previous: { transaction: '0'.repeat(64), output: 0xffff_ffff, tree: 0 },
        sequence: 0xffff_ffff,
        atoms: 2_183_707_864n,
        blockHeight: 0,
        blockIndex: 0xffff_ffff,
      },
    ])
    expect(transaction.outputs).toEqual(
      known.outputs.map(({ atoms, scriptVersion, script }) => ({
        atoms: BigInt(atoms),
        scriptVersion,
        script: bytes(script),
      })),
    )
    expect(isCoinbase(transaction)).toBe(true)
  })

  test('has its two hashes', () => {
    expect(transactionId(transaction)).toBe(known.txid)
    expect(displayHash(fullHash(transaction))).toBe(known.fullHash)
  })

  test('encodes to what it was', () => {
    expect(toHex(encodeTransaction(transaction))).toBe(known.raw)
  })
})

test.each(['blake3', 'blake256'] as const)(
  'a transaction that dcrd shows has the id that dcrd says (%s)',
  (conversation) => {
    const { hex, txid } = answer<{ hex: string; txid: string }>(conversation, 21)
    expect(transactionId(decode(bytes(hex)))).toBe(txid)
  },
)

test('the id leaves the signatures out, the full hash does not', () => {
  fc.assert(
    fc.property(
      arbitrary.transaction,
      fc.uint8Array({ minLength: 1, maxLength: 9 }),
      (transaction, signature) => {
        fc.pre(transaction.inputs.length > 0)
        const resigned = {
          ...transaction,
          inputs: transaction.inputs.map((i) => ({
            ...i,
            signatureScript: Uint8Array.of(...i.signatureScript, ...signature),
          })),
        }
        expect(transactionId(resigned)).toBe(transactionId(transaction))
        expect(fullHash(resigned)).not.toEqual(fullHash(transaction))
      },
    ),
  )
})

test('any transaction reads back', () => {
  fc.assert(
    fc.property(arbitrary.transaction, (transaction) => {
      expect(decodeTransaction(encodeTransaction(transaction))).toEqual(E.right(transaction))
    }),
  )
})

test('scripts of every length that a count changes shape at read back', () => {
  const transaction = decode(bytes(known.raw))
  for (const length of [0, 252, 253, 254, 0xffff, 0x1_0000, 0x1_0001]) {
    const long = {
      ...transaction,
      outputs: [{ atoms: 0n, scriptVersion: 0, script: new Uint8Array(length).fill(7) }],
    }
    expect(decode(encodeTransaction(long))).toEqual(long)
  }
})

test('only a single input that spends nothing makes a coinbase', () => {
  const coinbase = decode(bytes(known.raw))
  const [input] = coinbase.inputs
  if (input === undefined) throw new Error('no input')
  const with_ = (previous: object): Transaction => ({
    ...coinbase,
    inputs: [{ ...input, previous: { ...input.previous, ...previous } }],
  })
  expect(isCoinbase(with_({ output: 0 }))).toBe(false)
  expect(isCoinbase(with_({ transaction: `1${'0'.repeat(63)}` }))).toBe(false)
  expect(isCoinbase({ ...coinbase, inputs: [input, input] })).toBe(false)
  expect(isCoinbase({ ...coinbase, inputs: [] })).toBe(false)
})

test('an input that names no transaction is not written', () => {
  const coinbase = decode(bytes(known.raw))
  const inputs = coinbase.inputs.map((i) => ({ ...i, previous: { ...i.previous, transaction: 'ab' } }))
  expect(() => encodeTransaction({ ...coinbase, inputs })).toThrow(RangeError)
})

describe('untrusted bytes', () => {
  const refusal = (raw: Uint8Array): string => {
    const decoded = decodeTransaction(raw)
    return E.isLeft(decoded) ? `${decoded.left.kind}: ${decoded.left.message}` : 'accepted'
  }

  test('every cut of a good transaction is refused', () => {
    const raw = bytes(known.raw)
    for (let length = 0; length < raw.length; length++)
      expect(refusal(raw.subarray(0, length)), `length ${length}`).toMatch(/^truncated: /)
  })

  test('anything behind it is refused', () => {
    expect(refusal(bytes(`${known.raw}00`))).toBe('too-long: bytes are left over: 1 (at byte 200 of 201)')
  })

  test.each([
    ['a prefix alone', known.raw.replace(/^01000000/, '01000100')],
    ['a witness alone', known.raw.replace(/^01000000/, '01000200')],
  ])('%s is no whole transaction', (_, hex) => {
    expect(refusal(bytes(hex))).toMatch(/^not-a-full-transaction: the transaction is not serialized in full/)
  })

  test('more signatures than inputs are refused', () => {
    // No inputs, no outputs, lock time and expiry, then one signature of an empty script.
    const hex = `01000000${'00'}${'00'}${'00'.repeat(8)}01${'00'.repeat(17)}`
    expect(refusal(bytes(hex))).toMatch(/^not-a-full-transaction: 0 inputs have 1 signatures/)
  })

  test.each([
    ['ffffffffffffffffff', '18446744073709552000 inputs'],
    ['feffffffff', '4294967295 inputs'],
    ['fdffff', '65535 inputs'],
    ['03', '3 inputs'],
  ])('a count of %s is refused before anything is allocated', (count, words) => {
    expect(refusal(bytes(`01000000${count}${'00'.repeat(120)}`))).toContain(
      `truncated: ${words} are said to follow, there is room for 2`,
    )
  })

  test.each(['fd0000', 'fdfc00', 'fe00000000', 'feffff0000', 'ff0000000000000000', 'ffffffffff00000000'])(
    'a count written as %s takes more bytes than it needs',
    (count) => {
      expect(refusal(bytes(`01000000${count}${'00'.repeat(30)}`))).toMatch(/^not-canonical: /)
    },
  )

  test('no bytes make the decoder throw, and what it accepts encodes to the same bytes', () => {
    const raw = bytes(known.raw)
    const mutated = fc
      .array(fc.tuple(fc.nat(raw.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 })
      .map((changes) => {
        const copy = raw.slice()
        for (const [at, byte] of changes) copy[at] = byte
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (input) => {
        const decoded = decodeTransaction(input)
        if (E.isRight(decoded)) expect(encodeTransaction(decoded.right)).toEqual(input)
      }),
      { numRuns: 2000 },
    )
  })
})

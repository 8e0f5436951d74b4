import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { accountId, encodeAddress } from '../../../domain/decred/address.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import type { Block } from '../../../domain/decred/block.ts'
import { displayHash } from '../../../domain/decred/hex.ts'
import { networks } from '../../../domain/decred/network.ts'
import {
  decodeTransaction,
  encodeTransaction,
  type Transaction,
  transactionId,
} from '../../../domain/decred/transaction.ts'
import type { PayoutPlan } from '../../../domain/payout/plan.ts'
import { TRANSACTION_BYTES_MAX } from '../../../domain/payout/size.ts'
import { checkSigned, spendersIn, unsignedTransaction } from '../../../domain/payout/transaction.ts'

const network = networks.simnet
const address = (n: number): string =>
  encodeAddress('public-key-hash-ecdsa', new Uint8Array(20).fill(n), network)
const output = (n: number, deducted: bigint, atoms: bigint) => ({
  account: accountId(address(n)),
  address: address(n),
  deducted: toAtoms(deducted),
  atoms: toAtoms(atoms),
})

const plan: PayoutPlan = {
  outputs: [
    output(1, 1_000_000n, 999_000n),
    output(2, 2_000_000n, 1_997_000n),
    output(1, 1_000_000n, 999_000n),
  ],
  poolFee: { address: address(3), deducted: toAtoms(500_000n), atoms: toAtoms(500_000n) },
  bearer: 'miners',
  fee: toAtoms(5_000n),
  feeFromPoolFee: toAtoms(0n),
  feeFromReserve: toAtoms(0n),
  funding: [
    { transaction: 'ab'.repeat(32), output: 1, tree: 0, atoms: toAtoms(3_000_000n) },
    { transaction: 'cd'.repeat(32), output: 0, tree: 1, atoms: toAtoms(2_500_000n) },
  ],
  change: { address: address(4), atoms: toAtoms(1_000_000n) },
}

const signed = (transaction: Transaction): Transaction => ({
  ...transaction,
  inputs: transaction.inputs.map((input) => ({ ...input, signatureScript: new Uint8Array(108).fill(7) })),
})
const good = signed(unsignedTransaction(network, plan))
const check = (
  transaction: Transaction,
  unsigned: readonly number[] = [],
  id: string | null = null,
  of = plan,
) => checkSigned(network, of, { bytes: encodeTransaction(transaction), unsigned, id })

describe('dcrwallet, as recorded', () => {
  interface Call {
    readonly method: string
    readonly response?: { readonly transaction?: unknown; readonly transaction_hash?: string }
  }
  const file = new URL('../../vectors/dcrwallet-conversation.json', import.meta.url)
  const { calls }: { calls: readonly Call[] } = JSON.parse(readFileSync(file, 'utf8'))
  const base64 = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), 'base64'))
  const bytes = base64(
    calls.find(({ method, response }) => method === 'SignTransaction' && response)?.response?.transaction,
  )
  const published = displayHash(
    base64(calls.find(({ method }) => method === 'PublishTransaction')?.response?.transaction_hash),
  )
  const decoded = decodeTransaction(bytes)
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  const [input] = decoded.right.inputs
  if (input === undefined) throw new Error('no input')
  const pay = (to: string, atoms: bigint) => ({
    account: accountId(to),
    address: to,
    deducted: toAtoms(atoms),
    atoms: toAtoms(atoms),
  })
  const recorded: PayoutPlan = {
    outputs: [
      pay('SsjUjmw8oGCg63C2MQPygFGZPh2Mbq3iaHM', 123_456_789n),
      pay('Ssp8rWz9bGAJUGsM7gLJtD8WMzHokN626jr', 356_540_321n),
    ],
    poolFee: null,
    bearer: 'pool',
    fee: toAtoms(2_890n),
    feeFromPoolFee: toAtoms(2_890n),
    feeFromReserve: toAtoms(0n),
    funding: [{ ...input.previous, atoms: toAtoms(500_000_000n) }],
    change: { address: 'SscVdtfaNS1iCLceaT8Sqwd8hGoia8XDifR', atoms: toAtoms(20_000_000n) },
  }

  test('what it signed is the plan, under the id that it published', () => {
    const answer = checkSigned(network, recorded, { bytes, unsigned: [], id: published })
    expect(answer).toMatchObject({ _tag: 'Right', right: { id: published } })
  })

  test('another fee is another change', () => {
    const other = {
      ...recorded,
      change: { address: recorded.change?.address ?? '', atoms: toAtoms(20_000_001n) },
    }
    expect(checkSigned(network, other, { bytes, unsigned: [], id: null })).toMatchObject({
      left: { kind: 'other-change' },
    })
  })
})

describe('the transaction of a plan', () => {
  test('holds its outputs, the pool`s, and change', () => {
    const { outputs, inputs, version, lockTime, expiry } = unsignedTransaction(network, plan)
    expect(outputs.map(({ atoms }) => atoms)).toEqual([999_000n, 1_997_000n, 999_000n, 500_000n, 1_000_000n])
    expect(inputs.map(({ previous, atoms }) => ({ ...previous, atoms }))).toEqual(plan.funding)
    expect([version, lockTime, expiry]).toEqual([1, 0, 0])
  })

  test('has its id before it is signed', () => {
    expect(transactionId(good)).toBe(transactionId(unsignedTransaction(network, plan)))
  })
})

describe('a signed transaction', () => {
  test('is taken as it was planned, with change or without', () => {
    const taken = E.right({ id: transactionId(good), bytes: encodeTransaction(good) })
    expect(check(good, [], transactionId(good))).toEqual(taken)
    const bare = { ...plan, change: null }
    expect(check(signed(unsignedTransaction(network, bare)), [], null, bare)).toMatchObject({ _tag: 'Right' })
  })

  test('is refused with its outputs in any other order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...good.outputs], { minLength: 5 }), (outputs) => {
        const transaction = { ...good, outputs }
        const isPlanned = transactionId(transaction) === transactionId(good)
        expect(check(transaction)).toMatchObject(
          isPlanned ? { _tag: 'Right' } : { left: { kind: 'rearranged' } },
        )
      }),
    )
  })

  const [first, second, third, fourth, change] = good.outputs
  if (!first || !second || !third || !fourth || !change) throw new Error('no outputs')
  const [one, two] = good.inputs
  if (!one || !two) throw new Error('no inputs')

  test.each<[string, Transaction, string]>([
    ['an output left out', { ...good, outputs: [first, second, fourth, change] }, 'output-missing'],
    [
      'an atom less for one',
      {
        ...good,
        outputs: [
          { ...first, atoms: first.atoms - 1n },
          second,
          third,
          fourth,
          { ...change, atoms: change.atoms + 1n },
        ],
      },
      'output-missing',
    ],
    [
      'one paid to somebody else',
      { ...good, outputs: [{ ...first, script: change.script }, second, third, fourth, change] },
      'output-missing',
    ],
    [
      'a script of another version',
      { ...good, outputs: [{ ...first, scriptVersion: 1 }, second, third, fourth, change] },
      'output-missing',
    ],
    ['an output more', { ...good, outputs: [...good.outputs, { ...first, atoms: 5n }] }, 'output-foreign'],
    ['a planned output twice', { ...good, outputs: [...good.outputs, first] }, 'output-foreign'],
    [
      'change of another amount',
      { ...good, outputs: [first, second, third, fourth, { ...change, atoms: change.atoms - 1n }] },
      'other-change',
    ],
    [
      'change to somebody else',
      { ...good, outputs: [first, second, third, fourth, { ...change, script: first.script }] },
      'other-change',
    ],
    ['change kept as fee', { ...good, outputs: [first, second, third, fourth] }, 'other-change'],
    [
      'other money spent',
      { ...good, inputs: [one, { ...two, previous: { ...two.previous, output: 9 } }] },
      'other-inputs',
    ],
    [
      'more money spent',
      { ...good, inputs: [one, two, { ...two, previous: { ...two.previous, output: 9 } }] },
      'other-inputs',
    ],
    ['the same twice', { ...good, inputs: [one, one] }, 'other-inputs'],
    ['less money spent', { ...good, inputs: [one] }, 'other-inputs'],
    [
      'another claim of what an input holds',
      { ...good, inputs: [one, { ...two, atoms: 1n }] },
      'other-inputs',
    ],
    [
      'an input unsigned',
      { ...good, inputs: [one, { ...two, signatureScript: new Uint8Array(0) }] },
      'input-unsigned',
    ],
    ['one that expires', { ...good, expiry: 5_000 }, 'not-plain'],
    ['one that is valid later', { ...good, lockTime: 5_000 }, 'not-plain'],
    ['another version', { ...good, version: 3 }, 'not-plain'],
    ['its inputs in another order', { ...good, inputs: [two, one] }, 'rearranged'],
    ['another sequence', { ...good, inputs: [one, { ...two, sequence: 0 }] }, 'rearranged'],
  ])('is refused: %s', (_, transaction, kind) => {
    const answer = check(transaction)
    expect(answer).toMatchObject({ left: { kind } })
    expect(E.isLeft(answer) && answer.left.message).toMatch(/^[A-Z].*\.$/)
  })

  test('is refused when the wallet says that it could not sign all', () => {
    expect(check(good, [1])).toMatchObject({
      left: { kind: 'input-unsigned', message: expect.stringContaining('Input 1') },
    })
  })

  test('is refused under another id than its bytes have', () => {
    expect(check(good, [], '00'.repeat(32))).toMatchObject({ left: { kind: 'other-id' } })
  })

  test('is refused when it is none, or too large', () => {
    expect(checkSigned(network, plan, { bytes: new Uint8Array(40), unsigned: [], id: null })).toMatchObject({
      left: { kind: 'not-a-transaction' },
    })
    const fat = { ...good, inputs: [{ ...one, signatureScript: new Uint8Array(TRANSACTION_BYTES_MAX) }, two] }
    expect(check(fat)).toMatchObject({ left: { kind: 'too-large' } })
  })
})

test('who spends a payout`s money in a block', () => {
  // Nobody looks at the header.
  const header = {} as Block['header']
  const stranger = signed(
    unsignedTransaction(network, {
      ...plan,
      funding: [{ transaction: '12'.repeat(32), output: 1, tree: 0, atoms: toAtoms(1n) }],
    }),
  )
  const thief = { ...good, outputs: good.outputs.slice(1) }
  const block = (
    transactions: readonly Transaction[],
    stakeTransactions: readonly Transaction[] = [],
  ): Block => ({
    header,
    transactions,
    stakeTransactions,
  })
  expect(spendersIn(block([stranger]), plan.funding)).toEqual([])
  expect(spendersIn(block([stranger, good]), plan.funding)).toEqual([transactionId(good)])
  expect(spendersIn(block([], [thief]), plan.funding)).toEqual([transactionId(thief)])
})

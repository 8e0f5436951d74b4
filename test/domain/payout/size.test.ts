import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { encodeTransaction, type Transaction } from '../../../domain/decred/transaction.ts'
import {
  DUST_ATOMS,
  leastOutput,
  ORDINARY_SCRIPT_BYTES,
  outputBytes,
  TRANSACTION_BYTES_MAX,
  transactionBytes,
  transactionFee,
} from '../../../domain/payout/size.ts'
import { splitExactly } from '../../../domain/reward/split.ts'
import { vectors } from '../decred/vectors.ts'
import { rewardVectors } from '../reward/vectors.ts'

const ORDINARY = outputBytes(ORDINARY_SCRIPT_BYTES)

describe('dcrwallet, as recorded', () => {
  interface Constructed {
    readonly method: string
    readonly request: { readonly non_change_outputs?: readonly unknown[] }
    readonly response?: {
      readonly estimated_signed_size?: number
      readonly total_previous_output_amount: string
      readonly total_output_amount: string
    }
  }
  const file = new URL('../../vectors/dcrwallet-conversation.json', import.meta.url)
  const { calls }: { calls: readonly Constructed[] } = JSON.parse(readFileSync(file, 'utf8'))
  const constructed = calls.filter(
    ({ method, response }) =>
      method === 'ConstructTransaction' && response?.estimated_signed_size !== undefined,
  )

  test('there are two', () => expect(constructed.length).toBe(2))

  test.each(constructed)('its estimate of a transaction, and its fee', ({ request, response }) => {
    const outputs = (request.non_change_outputs?.length ?? 0) + 1
    const bytes = transactionBytes(1, outputs, outputs * ORDINARY)
    expect(bytes).toBe(response?.estimated_signed_size)
    const fee =
      BigInt(response?.total_previous_output_amount ?? 0) - BigInt(response?.total_output_amount ?? 0)
    expect(transactionFee(bytes)).toBe(fee)
  })
})

test.each([
  [25, 6_030n],
  [23, 5_970n],
])('an output with a script of %i bytes is no dust from %i atoms on', (bytes, atoms) => {
  expect(leastOutput(bytes)).toBe(atoms)
  // dcrwallet's own comparison, on both sides of it.
  const isDust = (value: bigint): boolean =>
    (value * 1000n) / (3n * BigInt(outputBytes(bytes) + 165)) < 10_000n
  expect(isDust(atoms)).toBe(false)
  expect(isDust(atoms - 1n)).toBe(true)
})

test('published: output size, fee rate, the first amount that no rule calls dust', () => {
  const facts = rewardVectors.decred_dust_facts
  expect(ORDINARY).toBe(facts.p2pkhOutputSize)
  expect(transactionFee(1000)).toBe(BigInt(facts.relayFeeAtomsPerKB))
  expect(DUST_ATOMS).toBe(BigInt(facts.firstNonDustAtoms))
  expect(DUST_ATOMS).toBe(
    BigInt(vectors<{ dustThresholdAtoms: number }>('payments-split').dustThresholdAtoms),
  )
})

/** dcrpool counts 47 bytes for an output of 36. */
const dcrpoolBytes = (inputs: number, outputs: number): number =>
  transactionBytes(inputs, outputs, 47 * outputs)

describe('dcrpool splits the fee as published', () => {
  interface TxFee {
    readonly cases: readonly {
      readonly inputs: number
      readonly fee: number
      readonly before: Readonly<Record<string, number>>
      readonly after: Readonly<Record<string, number>>
    }[]
    readonly sizeFormulaExamples: readonly {
      readonly inputs: number
      readonly outputs: number
      readonly size: number
      readonly feeAtoms: number
    }[]
  }
  const { cases, sizeFormulaExamples } = vectors<TxFee>('tx-fee')

  test.each(sizeFormulaExamples)(
    '$inputs inputs, $outputs outputs: $size bytes',
    ({ inputs, outputs, size, feeAtoms }) => {
      expect(dcrpoolBytes(inputs, outputs)).toBe(size)
      expect(transactionFee(size)).toBe(BigInt(feeAtoms))
    },
  )

  const publishedCases = rewardVectors.payout_arithmetic.dcrpool_tx_fee_split.cases.map((each) => ({
    inputs: each.inputs.length,
    before: each.outputs,
    after: each.expect,
  }))

  test.each([...cases, ...publishedCases])('$inputs inputs, $before', ({ inputs, before, after }) => {
    const fee = transactionFee(dcrpoolBytes(inputs, Object.keys(before).length))
    const users = Object.entries(before).filter(([name]) => name !== 'fee')
    const parts = splitExactly(
      fee,
      users.map(([account, atoms]) => ({ account, weight: BigInt(atoms) })),
    )
    // dcrpool's test allows an atom: it gives the rest to somebody by chance.
    for (const [i, [name, atoms]] of users.entries()) {
      const difference = Number(BigInt(atoms) - (parts[i] ?? 0n)) - (after[name] ?? 0)
      expect(Math.abs(difference)).toBeLessThanOrEqual(1)
    }
    expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(fee)
  })
})

test('the estimate is never less than the bytes of a transaction with the longest signatures', () => {
  const transaction = (inputs: number, outputs: number): Transaction => ({
    version: 1,
    inputs: Array.from({ length: inputs }, (_, i) => ({
      previous: { transaction: i.toString(16).padStart(64, '0'), output: i, tree: 0 },
      sequence: 0xffff_ffff,
      atoms: 1n,
      blockHeight: 0,
      blockIndex: 0xffff_ffff,
      signatureScript: new Uint8Array(108),
    })),
    outputs: Array.from({ length: outputs }, () => ({
      atoms: 1n,
      scriptVersion: 0,
      script: new Uint8Array(ORDINARY_SCRIPT_BYTES),
    })),
    lockTime: 0,
    expiry: 0,
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 600 }), (inputs, outputs) => {
      expect(transactionBytes(inputs, outputs, outputs * ORDINARY)).toBe(
        encodeTransaction(transaction(inputs, outputs)).length,
      )
    }),
    { numRuns: 20 },
  )
})

test('the largest transaction fits an event in hex, with 500 outputs and 65 inputs', () => {
  expect(2 * TRANSACTION_BYTES_MAX + 1_000).toBeLessThan(60_000)
  expect(transactionBytes(65, 502, 502 * ORDINARY)).toBeLessThanOrEqual(TRANSACTION_BYTES_MAX)
  expect(transactionBytes(174, 2, 2 * ORDINARY)).toBeLessThanOrEqual(TRANSACTION_BYTES_MAX)
  expect(toAtoms(290_000n)).toBe(transactionFee(TRANSACTION_BYTES_MAX))
})

import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { sumOf } from '../../domain/decred/amount.ts'
import { encodeTransaction, type Output } from '../../domain/decred/transaction.ts'
import type { Coin } from '../../src/devnet/coins.ts'
import { payToKeyHash } from '../../src/devnet/signature.ts'
import { isDust } from '../../src/devnet/spending.ts'
import { makePayment } from '../../src/devnet/wallet/payment.ts'

const script = payToKeyHash(new Uint8Array(20).fill(1))
const change = payToKeyHash(new Uint8Array(20).fill(2))
const coin = (atoms: bigint, output: number): Coin => ({
  transaction: 'ab'.repeat(32),
  output,
  tree: 0,
  place: { height: 1, index: 0 },
  coinbase: false,
  atoms,
  scriptVersion: 0,
  script,
})
const output = (atoms: bigint): Output => ({ atoms, scriptVersion: 0, script })

const amounts = (max: number) =>
  fc.array(fc.bigInt({ min: 1n, max: 1_000_000n }), { minLength: 1, maxLength: max })

test('every output is paid, a fee that is enough, and the rest comes back unless it is dust', () => {
  fc.assert(
    fc.property(
      amounts(20),
      amounts(300),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (has, pays, random) => {
        const coins = has.map((atoms, index) => coin(atoms * 100n, index))
        const outputs = pays.map(output)
        const made = makePayment(coins, { outputs, feeRate: 10_000n, all: false, change }, random)
        if (E.isLeft(made)) {
          expect(made.left).toBe('too-little')
          return
        }
        const { transaction, spent, changeIndex, signedBytes } = made.right
        const paid = transaction.outputs.filter((_, index) => index !== changeIndex)
        expect(paid.map(({ atoms }) => atoms).sort()).toEqual(outputs.map(({ atoms }) => atoms).sort())
        expect(spent).toBe(sumOf(transaction.inputs))
        const fee = spent - sumOf(transaction.outputs)
        const rest = transaction.outputs[changeIndex]
        expect(rest === undefined || (rest.script === change && !isDust(rest))).toBe(true)
        expect(fee >= (10_000n * signedBytes) / 1000n).toBe(true)
        if (rest !== undefined) expect(fee).toBe((10_000n * signedBytes) / 1000n)
        // Signatures of 108 bytes are the longest.
        const bytes = encodeTransaction(transaction).length + 108 * transaction.inputs.length
        expect(Number(signedBytes)).toBe(bytes)
        // No coin is spent that is not needed.
        const without = sumOf(transaction.inputs.slice(0, -1))
        if (transaction.inputs.length > 1) expect(without < sumOf(outputs) + fee).toBe(true)
      },
    ),
  )
})

test('all that there is, when it is asked for', () => {
  const coins = [1, 2, 3].map((index) => coin(1_000_000n, index))
  const request = { outputs: [output(10_000n)], feeRate: 10_000n, all: true, change }
  expect(makePayment(coins, request, 0)).toMatchObject({ right: { spent: 3_000_000n, changeIndex: 0 } })
  expect(makePayment([], { ...request, all: false }, 0)).toEqual(E.left('too-little'))
})

import * as E from 'fp-ts/lib/Either.js'
import { sumOf } from '../../../domain/decred/amount.ts'
import type { Output, Transaction } from '../../../domain/decred/transaction.ts'
import type { Coin } from '../coins.ts'

/** Transactions as dcrwallet makes them. Source: dcrwallet, packages txauthor, txrules and txsizes. */

/** Bytes of a transaction on mainnet. */
const TRANSACTION_BYTES_MAX = 393_216

/** Bytes of an input with the longest signature there is. */
const INPUT_BYTES = 166n

/** Bytes of an output that pays to the hash of a public key. */
const CHANGE_BYTES = 36n

/** Bytes of the input that will spend an output some day. */
const FUTURE_INPUT_BYTES = 165n

/** What is wanted. */
export interface PaymentRequest {
  readonly outputs: readonly Output[]
  /** Atoms for 1000 bytes. */
  readonly feeRate: bigint
  /** Spends every coin there is. */
  readonly all: boolean
  readonly change: Uint8Array
}

/** A transaction without signatures. */
export interface UnsignedPayment {
  readonly transaction: Transaction
  readonly spent: bigint
  readonly signedBytes: bigint
  /** Output that nobody asked for; -1 for none. */
  readonly changeIndex: number
}

/** Why there is none. */
export type PaymentError = 'too-little' | 'too-large'

/**
 * Spends coins, from the first on, until they pay for the outputs and the fee. What is left over becomes change, in the
 * place of an output chosen by `random`, a number from 0 up to 1; the output moves to the end.
 */
export function makePayment(
  coins: readonly Coin[],
  { outputs, feeRate, all, change }: PaymentRequest,
  random: number,
): E.Either<PaymentError, UnsignedPayment> {
  const wanted = sumOf(outputs)
  const fee = (inputs: number): bigint => feeFor(feeRate, sizeOf(inputs, outputs, true))
  const chosen: Coin[] = []
  for (const coin of coins) {
    if (!all && chosen.length > 0 && sumOf(chosen) >= wanted + fee(chosen.length)) break
    chosen.push(coin)
  }
  const spent = sumOf(chosen)
  const rest = spent - wanted - fee(chosen.length)
  if (chosen.length === 0 || rest < 0n) return E.left('too-little')
  const withChange = sizeOf(chosen.length, outputs, true)
  if (withChange > TRANSACTION_BYTES_MAX) return E.left('too-large')
  const changed = rest > 0n && !isDust(rest, feeRate)
  const changeIndex = changed ? Math.floor(random * (outputs.length + 1)) : -1
  const paid = changed
    ? swapLast([...outputs, { atoms: rest, scriptVersion: 0, script: change }], changeIndex)
    : outputs
  return E.right({
    transaction: {
      version: 1,
      inputs: chosen.map(({ transaction, output, tree, atoms }) => ({
        previous: { transaction, output, tree },
        sequence: 0xffff_ffff,
        atoms,
        blockHeight: 0,
        blockIndex: 0xffff_ffff,
        signatureScript: new Uint8Array(0),
      })),
      outputs: paid,
      lockTime: 0,
      expiry: 0,
    },
    spent,
    signedBytes: changed ? withChange : sizeOf(chosen.length, outputs, false),
    changeIndex,
  })
}

function sizeOf(inputs: number, outputs: readonly Output[], change: boolean): bigint {
  const paid = outputs.reduce((bytes, { script }) => bytes + 11n + BigInt(script.length), 0n)
  return (
    12n +
    2n * countBytes(inputs) +
    countBytes(outputs.length + (change ? 1 : 0)) +
    INPUT_BYTES * BigInt(inputs) +
    paid +
    (change ? CHANGE_BYTES : 0n)
  )
}

const countBytes = (count: number): bigint => (count < 0xfd ? 1n : 3n)

function feeFor(rate: bigint, bytes: bigint): bigint {
  const fee = (rate * bytes) / 1000n
  return fee === 0n ? rate : fee
}

const isDust = (atoms: bigint, rate: bigint): boolean =>
  (atoms * 1000n) / (3n * (CHANGE_BYTES + FUTURE_INPUT_BYTES)) < rate

function swapLast(outputs: readonly Output[], index: number): readonly Output[] {
  const last = outputs.length - 1
  return outputs.map((output, at) =>
    at === index ? (outputs[last] ?? output) : at === last ? (outputs[index] ?? output) : output,
  )
}

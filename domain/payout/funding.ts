import type { Atoms } from '../decred/amount.ts'
import { compareIds } from '../reward/split.ts'
import {
  leastOutput,
  ORDINARY_SCRIPT_BYTES,
  outputBytes,
  TRANSACTION_BYTES_MAX,
  transactionBytes,
  transactionFee,
} from './size.ts'

/** An output of the chain that the wallet can spend now. */
export interface Unspent {
  /** Transaction id, display hex. */
  readonly transaction: string
  readonly output: number
  /** 0 regular, 1 stake. */
  readonly tree: number
  readonly atoms: Atoms
}

/** Outputs in the order in which they are spent, the largest first: fewest inputs, so the smallest fee. */
export interface Purse {
  readonly unspent: readonly Unspent[]
  /** Atoms of the first n of them, from n = 0. */
  readonly sums: readonly bigint[]
}

/** Puts outputs in order. */
export function purseOf(unspent: readonly Unspent[]): Purse {
  const ordered = [...unspent].sort(largestFirst)
  const sums = [0n]
  for (const { atoms } of ordered) sums.push((sums.at(-1) ?? 0n) + atoms)
  return { unspent: ordered, sums }
}

function largestFirst(a: Unspent, b: Unspent): number {
  if (a.atoms !== b.atoms) return a.atoms > b.atoms ? -1 : 1
  return compareIds(a.transaction, b.transaction) || a.output - b.output
}

/** What a transaction has to pay. */
export interface Order {
  /** Outputs but for change, and their bytes together. */
  readonly outputs: number
  readonly outputsBytes: number
  /** Atoms that the accounts give for outputs and fee. */
  readonly given: bigint
  /** The fee comes on top of that. */
  readonly feeOnTop: boolean
}

/** How a transaction is paid for. */
export interface Funding {
  /** Number of inputs: the first ones of the purse. */
  readonly inputs: number
  readonly fee: Atoms
  /** 0n for no change output. */
  readonly change: bigint
}

const CHANGE_BYTES = outputBytes(ORDINARY_SCRIPT_BYTES)
const CHANGE_MIN = leastOutput(ORDINARY_SCRIPT_BYTES)

/**
 * The fewest inputs, `inputsMin` at least, that pay for an order with no change or a change that is no dust; undefined when the purse
 * has too little or the transaction would be too large.
 */
export function fund(purse: Purse, order: Order, inputsMin: number): Funding | undefined {
  for (let inputs = Math.max(1, inputsMin); inputs <= purse.unspent.length; inputs++) {
    const funds = purse.sums[inputs] ?? 0n
    const bare = feeOf(order, inputs, false)
    if (bare === undefined) return undefined
    if (funds === order.given + (order.feeOnTop ? bare : 0n)) return { inputs, fee: bare, change: 0n }
    const fee = feeOf(order, inputs, true)
    if (fee === undefined) return undefined
    const change = funds - order.given - (order.feeOnTop ? fee : 0n)
    if (change >= CHANGE_MIN) return { inputs, fee, change }
  }
  return undefined
}

/** Most atoms that accounts can give for an order of these outputs with all the inputs that one transaction holds. */
export function mostGiven(purse: Purse, order: Order): bigint {
  let inputs = purse.unspent.length
  while (inputs > 0 && feeOf(order, inputs, true) === undefined) inputs--
  const fee = inputs === 0 ? 0n : (feeOf(order, inputs, true) ?? 0n)
  return (purse.sums[inputs] ?? 0n) - CHANGE_MIN - (order.feeOnTop ? fee : 0n)
}

/** Undefined when the transaction would be too large. */
function feeOf(order: Order, inputs: number, withChange: boolean): Atoms | undefined {
  const bytes = transactionBytes(
    inputs,
    order.outputs + (withChange ? 1 : 0),
    order.outputsBytes + (withChange ? CHANGE_BYTES : 0),
  )
  return bytes > TRANSACTION_BYTES_MAX ? undefined : transactionFee(bytes)
}

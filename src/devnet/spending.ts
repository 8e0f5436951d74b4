import * as E from 'fp-ts/lib/Either.js'
import { Atoms, sumOf } from '../../domain/decred/amount.ts'
import {
  encodeTransaction,
  type Input,
  isCoinbase,
  type OutPoint,
  type Output,
  type Transaction,
  transactionId,
} from '../../domain/decred/transaction.ts'
import { type Coin, coinKey } from './coins.ts'
import type { ChainParameters } from './parameters.ts'
import { proves, signatureHashes } from './signature.ts'

/**
 * Who may spend what, by dcrd's rules of mainnet: those of its simnet let dust pass, and a payout that is tried here is
 * meant to work there. A devnet knows payments to the hash of one public key only, and neither lock times nor expiry.
 */

/** Atoms for 1000 bytes that a transaction must pay. */
export const RELAY_FEE_RATE = 10_000n

/** A fee this many times what is needed is taken for a mistake. */
const FEE_TIMES_MAX = 1_000n

/** Bytes of the largest transaction that is passed on. */
const TRANSACTION_BYTES_MAX = 100_000

/** Bytes of the input that will spend an output some day, less its signature's variation. */
const FUTURE_INPUT_BYTES = 165n

/** Why a transaction is not taken; the text is dcrd's. */
export interface SpendingError {
  readonly kind:
    | 'duplicate'
    | 'coinbase'
    | 'empty'
    | 'impossible-amount'
    | 'too-large'
    | 'dust'
    | 'double-spend'
    | 'missing'
    | 'immature'
    | 'spends-too-much'
    | 'fee-too-low'
    | 'fee-too-high'
    | 'bad-signature'
  readonly message: string
}

/** A transaction that may be in the next block. */
export interface Spending {
  readonly id: string
  /** What its inputs claim about the outputs that they spend is filled in. */
  readonly transaction: Transaction
  readonly fee: bigint
  readonly bytes: number
}

/** What can be spent, and where. */
export interface SpendingContext {
  readonly parameters: ChainParameters
  /** Of the block that the transaction would be in. */
  readonly height: number
  readonly coin: (point: OutPoint) => Coin | undefined
}

/** Judges everything but signatures. */
export function judgeSpending(
  { parameters, height, coin }: SpendingContext,
  given: Transaction,
): E.Either<SpendingError, Spending> {
  const id = transactionId(given)
  const bytes = encodeTransaction(given).length
  const shape = judgeShape(id, given, bytes)
  if (shape !== undefined) return E.left(shape)
  const inputs: Input[] = []
  for (const input of given.inputs) {
    const { transaction, output, tree } = input.previous
    const spent = coin(input.previous)
    if (spent === undefined)
      return refuse(
        'missing',
        `orphan transaction ${id} references output ${transaction}:${output} of unknown or fully-spent transaction`,
      )
    const { place } = spent
    const { coinbaseMaturity } = parameters.network
    if (spent.coinbase && place !== undefined && height - place.height < coinbaseMaturity)
      return refuse(
        'immature',
        `tried to spend coinbase transaction ${transaction} from height ${place.height} at height ${height} before required maturity of ${coinbaseMaturity} blocks`,
      )
    const claim = place === undefined ? {} : { blockHeight: place.height, blockIndex: place.index }
    inputs.push({ ...input, ...claim, atoms: spent.atoms, previous: { transaction, output, tree } })
  }
  const fee = sumOf(inputs) - sumOf(given.outputs)
  if (fee < 0n)
    return refuse(
      'spends-too-much',
      `total value of all transaction inputs for transaction ${id} is ${sumOf(inputs)} which is less than the amount spent of ${sumOf(given.outputs)}`,
    )
  const needed = (BigInt(bytes) * RELAY_FEE_RATE) / 1000n
  if (fee < needed)
    return refuse(
      'fee-too-low',
      `regular transaction ${id} pays a fee of ${fee} atoms which is under the required fee of ${needed} atoms for a ${bytes}-byte transaction`,
    )
  if (fee > FEE_TIMES_MAX * needed)
    return refuse(
      'fee-too-high',
      `transaction ${id} has ${fee} fee which is above the allowHighFee check threshold amount of ${FEE_TIMES_MAX * needed}`,
    )
  return E.right({ id, transaction: { ...given, inputs }, fee, bytes })
}

/** Judges the signatures of a transaction whose inputs are all there. */
export function judgeSignatures(
  { coin }: SpendingContext,
  { id, transaction }: Spending,
): E.Either<SpendingError, void> {
  const hashOf = signatureHashes(transaction)
  for (const [index, { previous, signatureScript }] of transaction.inputs.entries()) {
    const script = coin(previous)?.script ?? new Uint8Array(0)
    if (!proves(signatureScript, script, hashOf(index, script)))
      return refuse(
        'bad-signature',
        `failed to validate input ${id}:${index} which references output ${previous.transaction}:${previous.output}`,
      )
  }
  return E.right(undefined)
}

/** Judges what needs no look at the chain. */
function judgeShape(id: string, transaction: Transaction, bytes: number): SpendingError | undefined {
  const { inputs, outputs } = transaction
  if (inputs.length === 0) return { kind: 'empty', message: 'transaction has no inputs' }
  if (outputs.length === 0) return { kind: 'empty', message: 'transaction has no outputs' }
  if (isCoinbase(transaction))
    return { kind: 'coinbase', message: `transaction ${id} is an individual coinbase` }
  if (!outputs.every(({ atoms }) => Atoms.is(atoms)))
    return { kind: 'impossible-amount', message: 'transaction output has an impossible value' }
  if (new Set(inputs.map(({ previous }) => coinKey(previous))).size < inputs.length)
    return { kind: 'double-spend', message: 'transaction contains duplicate inputs' }
  if (bytes > TRANSACTION_BYTES_MAX)
    return {
      kind: 'too-large',
      message: `transaction ${id} is not standard: transaction size of ${bytes} is larger than max allowed size of ${TRANSACTION_BYTES_MAX}`,
    }
  const dust = outputs.findIndex(isDust)
  return dust === -1
    ? undefined
    : {
        kind: 'dust',
        message: `transaction ${id} is not standard: transaction output ${dust}: payment of ${outputs[dust]?.atoms} is dust`,
      }
}

/** Says that an output is worth less than three times the fee to spend it. */
export function isDust({ atoms, script }: Output): boolean {
  const bytes = 8n + 2n + 1n + BigInt(script.length) + FUTURE_INPUT_BYTES
  return (atoms * 1000n) / (3n * bytes) < RELAY_FEE_RATE
}

const refuse = (kind: SpendingError['kind'], message: string): E.Either<SpendingError, never> =>
  E.left({ kind, message })

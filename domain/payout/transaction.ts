import * as E from 'fp-ts/lib/Either.js'
import { payableAddress, paymentScript } from '../decred/address.ts'
import type { Block } from '../decred/block.ts'
import { toHex } from '../decred/hex.ts'
import type { Network } from '../decred/network.ts'
import { decodeTransaction, type Output, type Transaction, transactionId } from '../decred/transaction.ts'
import type { Unspent } from './funding.ts'
import type { PayoutPlan } from './plan.ts'
import { TRANSACTION_BYTES_MAX } from './size.ts'

const VERSION = 1
const FINAL = 0xffff_ffff
/** Where a spent output is, when nobody says: dcrd's null value. */
const BLOCK_INDEX_UNKNOWN = 0xffff_ffff

/**
 * The transaction of a plan, to be signed: its outputs in order, then the pool's, then change. The signatures are no part of its id,
 * so that is the published one's already.
 *
 * @throws RangeError when an address of the plan can't be paid: planning has checked them.
 */
export const unsignedTransaction = (network: Network, plan: PayoutPlan): Transaction => ({
  version: VERSION,
  inputs: plan.funding.map(({ transaction, output, tree, atoms }) => ({
    previous: { transaction, output, tree },
    sequence: FINAL,
    atoms,
    blockHeight: 0,
    blockIndex: BLOCK_INDEX_UNKNOWN,
    signatureScript: new Uint8Array(0),
  })),
  outputs: [...plan.outputs, ...present(plan.poolFee), ...present(plan.change)].map((each) =>
    outputTo(network, each.address, each.atoms),
  ),
  lockTime: 0,
  expiry: 0,
})

const present = <T>(value: T | null): readonly T[] => (value === null ? [] : [value])

function outputTo(network: Network, address: string, atoms: bigint): Output {
  const payable = payableAddress(address, network)
  if (E.isLeft(payable)) throw new RangeError(`a plan pays ${address}: ${payable.left.message}`)
  return { atoms, scriptVersion: 0, script: paymentScript(payable.right) }
}

/** Why a signed transaction is not the planned one. Nothing was published: the plan stands. `message` is for the operator. */
export interface SignedError {
  readonly kind:
    | 'not-a-transaction'
    | 'too-large'
    /** Spends other money, or claims another amount of it. */
    | 'other-inputs'
    | 'input-unsigned'
    | 'output-missing'
    /** Pays somebody whom the plan does not. */
    | 'output-foreign'
    /** What goes back to the wallet is another amount or elsewhere, and so the fee is another. */
    | 'other-change'
    /** Not valid from the start or not for ever, or of a version that the pool does not make. */
    | 'not-plain'
    /** All of it is as planned, but in another order or with other sequence numbers: it has another id. */
    | 'rearranged'
    /** The wallet calls it by another id than its bytes have. */
    | 'other-id'
  readonly message: string
}

/** A transaction that is exactly the planned one, with its signatures. */
export interface CheckedTransaction {
  /** Display hex, computed here. */
  readonly id: string
  readonly bytes: Uint8Array
}

/** What a wallet gave back for the transaction of a plan. */
export interface WalletAnswer {
  readonly bytes: Uint8Array
  /** Inputs that the wallet says it could not sign. */
  readonly unsigned: readonly number[]
  /** Its id by the wallet, display hex; null when it says none. */
  readonly id: string | null
}

/**
 * Holds a signed transaction against its plan: it is the planned one to the byte, but for its signatures, and each input has one. So the
 * fee is the planned one, to the atom, and what the chain will show has the id that the log has. Whether signatures are right is for
 * the node to say.
 */
export function checkSigned(
  network: Network,
  plan: PayoutPlan,
  answer: WalletAnswer,
): E.Either<SignedError, CheckedTransaction> {
  const decoded = decodeTransaction(answer.bytes)
  if (E.isLeft(decoded))
    return refuse('not-a-transaction', `The wallet's answer is no transaction: ${decoded.left.message}.`)
  if (answer.bytes.length > TRANSACTION_BYTES_MAX)
    return refuse(
      'too-large',
      `The signed transaction has ${answer.bytes.length} bytes, ${TRANSACTION_BYTES_MAX} at most were planned.`,
    )
  const transaction = decoded.right
  const id = transactionId(transaction)
  const fault =
    inputsFault(plan, transaction, answer.unsigned) ??
    outputsFault(network, plan, transaction) ??
    plainFault(transaction) ??
    rearrangedFault(id, transactionId(unsignedTransaction(network, plan))) ??
    idFault(id, answer.id)
  return fault === undefined ? E.right({ id, bytes: answer.bytes }) : E.left(fault)
}

const refuse = (kind: SignedError['kind'], message: string): E.Either<SignedError, never> =>
  E.left({ kind, message })

type Fault = SignedError | undefined

function inputsFault({ funding }: PayoutPlan, { inputs }: Transaction, unsigned: readonly number[]): Fault {
  const planned = new Set(funding.map(inputKey))
  const spent = new Set(inputs.map(({ previous, atoms }) => inputKey({ ...previous, atoms })))
  if (
    inputs.length !== funding.length ||
    spent.size !== planned.size ||
    [...spent].some((key) => !planned.has(key))
  )
    return { kind: 'other-inputs', message: 'The signed transaction spends other money than was planned.' }
  const bare = inputs.findIndex(({ signatureScript }) => signatureScript.length === 0)
  const first = unsigned[0] ?? (bare < 0 ? undefined : bare)
  return first === undefined
    ? undefined
    : {
        kind: 'input-unsigned',
        message: `Input ${first} is not signed: the wallet has no key for it, or is locked.`,
      }
}

const inputKey = ({
  transaction,
  output,
  tree,
  atoms,
}: Omit<Unspent, 'atoms'> & { readonly atoms: bigint }) => `${transaction}:${output}:${tree}:${atoms}`

function outputsFault(network: Network, plan: PayoutPlan, { outputs }: Transaction): Fault {
  const wanted = unsignedTransaction(network, { ...plan, change: null }).outputs.map(outputKey)
  const change = plan.change === null ? [] : [outputTo(network, plan.change.address, plan.change.atoms)]
  const left = outputs.map(outputKey)
  for (const key of wanted) {
    const at = left.indexOf(key)
    if (at < 0)
      return { kind: 'output-missing', message: 'The signed transaction leaves out a planned output.' }
    left.splice(at, 1)
  }
  const [rest, ...foreign] = left
  if (foreign.length > 0)
    return {
      kind: 'output-foreign',
      message: `The signed transaction has ${foreign.length} outputs that were not planned.`,
    }
  const [planned] = change.map(outputKey)
  return rest === planned
    ? undefined
    : {
        kind: 'other-change',
        message: 'The signed transaction has other change than was planned, and so another fee.',
      }
}

const outputKey = ({ atoms, scriptVersion, script }: Output): string =>
  `${atoms}:${scriptVersion}:${toHex(script)}`

const plainFault = ({ version, lockTime, expiry }: Transaction): Fault =>
  version === VERSION && lockTime === 0 && expiry === 0
    ? undefined
    : {
        kind: 'not-plain',
        message: `The signed transaction has version ${version}, lock time ${lockTime} and expiry ${expiry}.`,
      }

const rearrangedFault = (id: string, planned: string): Fault =>
  id === planned
    ? undefined
    : {
        kind: 'rearranged',
        message: `The signed transaction is ${id}, and ${planned} was planned: its inputs or outputs are in another order, or have other sequence numbers.`,
      }

const idFault = (id: string, answered: string | null): Fault =>
  answered === null || answered === id
    ? undefined
    : { kind: 'other-id', message: `The wallet calls the transaction ${answered}, its bytes say ${id}.` }

/**
 * Ids of the transactions in a block that spend any of a payout's funding: its own when it is confirmed there, another when the
 * money went elsewhere. Regular transactions count only where the next block does not disapprove the block.
 */
export function spendersIn(block: Block, funding: readonly Unspent[]): readonly string[] {
  const spent = new Set(funding.map(({ transaction, output }) => `${transaction}:${output}`))
  return [...block.transactions, ...block.stakeTransactions]
    .filter(({ inputs }) =>
      inputs.some(({ previous }) => spent.has(`${previous.transaction}:${previous.output}`)),
    )
    .map(transactionId)
}

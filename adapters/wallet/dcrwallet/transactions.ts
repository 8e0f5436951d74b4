import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as t from 'io-ts'
import { payableAddress, paymentScript } from '../../../domain/decred/address.ts'
import { Atoms } from '../../../domain/decred/amount.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import type { Network } from '../../../domain/decred/network.ts'
import {
  decodeTransaction,
  type Output,
  type Transaction,
  transactionId,
} from '../../../domain/decred/transaction.ts'
import type { Payment, SignedTransaction, UnsignedTransaction, WalletError } from '../port.ts'
import * as faults from './faults.ts'
import type { Constructed, Signed } from './messages.ts'
import type { Peer } from './peer.ts'

/** The transactions that a wallet hands over are held to what was asked of it. */

/** What the outputs of a transaction with these payments must be. Left: an address that can't be paid. */
export const outputsOf = (
  peer: Peer,
  network: Network,
  payments: readonly Payment[],
): E.Either<WalletError, readonly Output[]> =>
  E.traverseArray(({ address, atoms }: Payment) =>
    pipe(
      payableAddress(address, network),
      E.bimap(
        ({ message }) => faults.unpayable(peer, address, message),
        (payable): Output => ({ atoms, scriptVersion: 0, script: paymentScript(payable) }),
      ),
    ),
  )(payments)

/** Reads a transaction that the pool itself has: one to be signed or published. */
export const readOwn = (peer: Peer, bytes: Uint8Array): E.Either<WalletError, Transaction> =>
  pipe(
    decodeTransaction(bytes),
    E.mapLeft(({ message }) => faults.noTransaction(peer, message)),
  )

/** Takes a constructed transaction that has these outputs, whatever their order, and only the change besides. */
export function readConstructed(
  peer: Peer,
  wanted: readonly Output[],
  answer: t.TypeOf<typeof Constructed>,
): E.Either<WalletError, UnsignedTransaction> {
  const wrong = (what: string) => E.left(faults.contradiction(peer, what))
  const decoded = decodeTransaction(answer.unsigned_transaction)
  if (E.isLeft(decoded)) return wrong(`made something that is no transaction (${decoded.left.message})`)
  const { inputs, outputs } = decoded.right
  const change = outputs[answer.change_index]
  if (change === undefined && answer.change_index !== -1) return wrong('names an output that is not there')
  if (
    !same(
      outputs.filter((output) => output !== change),
      wanted,
    )
  )
    return wrong('made a transaction with other outputs than it was asked for')
  const spent = sum(inputs)
  const fee = spent - sum(outputs)
  const atoms = change?.atoms ?? 0n
  if (spent !== answer.total_previous_output_amount || !Atoms.is(fee) || !Atoms.is(atoms))
    return wrong('made a transaction whose amounts contradict each other')
  return E.right({
    id: transactionId(decoded.right),
    bytes: answer.unsigned_transaction,
    fee,
    change: change === undefined ? null : { output: answer.change_index, atoms },
  })
}

/** Takes a signed transaction that is the one that was to be signed, with all its signatures. */
export function readSigned(
  peer: Peer,
  wanted: Transaction,
  answer: t.TypeOf<typeof Signed>,
): E.Either<WalletError, SignedTransaction> {
  const decoded = decodeTransaction(answer.transaction)
  if (E.isLeft(decoded))
    return E.left(
      faults.contradiction(peer, `signed something that is no transaction (${decoded.left.message})`),
    )
  const id = transactionId(decoded.right)
  if (id !== transactionId(wanted))
    return E.left(faults.contradiction(peer, 'signed another transaction than it was asked to'))
  const unsigned = decoded.right.inputs.flatMap(({ signatureScript }, input) =>
    signatureScript.length === 0 || answer.unsigned_input_indexes.includes(input) ? [input] : [],
  )
  return unsigned.length === 0
    ? E.right({ id, bytes: answer.transaction })
    : E.left(faults.unsigned(peer, unsigned))
}

const sum = (parts: readonly { readonly atoms: bigint }[]): bigint =>
  parts.reduce((total, { atoms }) => total + atoms, 0n)

/** Says whether two lists hold the same outputs, each as often. */
function same(a: readonly Output[], b: readonly Output[]): boolean {
  const names = (outputs: readonly Output[]) =>
    outputs
      .map(({ atoms, scriptVersion, script }) => `${atoms} ${scriptVersion} ${toHex(script)}`)
      .sort()
      .join()
  return names(a) === names(b)
}

import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as t from 'io-ts'
import { encodeAddress, payableAddress, paymentScript } from '../../../domain/decred/address.ts'
import { Atoms, sumOf } from '../../../domain/decred/amount.ts'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import type { Network } from '../../../domain/decred/network.ts'
import {
  decodeTransaction,
  type Input,
  type Output,
  type Transaction,
  transactionId,
} from '../../../domain/decred/transaction.ts'
import type { Payment, SignedTransaction, UnsignedTransaction, UnspentOutput, WalletError } from '../port.ts'
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

/** What a constructed transaction must have. */
export interface WantedTransaction {
  readonly network: Network
  /** In any order, and only the change besides. */
  readonly outputs: readonly Output[]
  /** Any ordinary address when null. */
  readonly changeAddress: string | null
}

/** Takes a constructed transaction that is what was asked for. */
export function readConstructed(
  peer: Peer,
  { network, outputs: wanted, changeAddress }: WantedTransaction,
  answer: t.TypeOf<typeof Constructed>,
): E.Either<WalletError, UnsignedTransaction> {
  const wrong = (what: string) => E.left(faults.contradiction(peer, what))
  const decoded = decodeTransaction(answer.unsigned_transaction)
  if (E.isLeft(decoded)) return wrong(`made something that is no transaction (${decoded.left.message})`)
  const { inputs, outputs } = decoded.right
  const rest = outputs[answer.change_index]
  if (rest === undefined && answer.change_index !== -1) return wrong('names an output that is not there')
  const paid = outputs.filter((output) => output !== rest)
  if (namesOf(paid) !== namesOf(wanted))
    return wrong('made a transaction with other outputs than it was asked for')
  const change = rest === undefined ? null : changeOf(network, rest, answer.change_index)
  if (change === undefined) return wrong('made change that goes to no address')
  if (change !== null && changeAddress !== null && change.address !== changeAddress)
    return wrong('sends the change elsewhere than it was asked to')
  const funding = inputs.flatMap(fundingOf)
  const fee = sumOf(inputs) - sumOf(outputs)
  if (
    funding.length < inputs.length ||
    sumOf(inputs) !== answer.total_previous_output_amount ||
    !Atoms.is(fee)
  )
    return wrong('made a transaction whose amounts contradict each other')
  return E.right({
    id: transactionId(decoded.right),
    bytes: answer.unsigned_transaction,
    funding,
    fee,
    change,
  })
}

function changeOf(
  network: Network,
  { atoms, script }: Output,
  output: number,
): UnsignedTransaction['change'] | undefined {
  const address = addressOf(network, script)
  return address === undefined || !Atoms.is(atoms) ? undefined : { output, address, atoms }
}

/** Whom a script pays, when that is the hash of a public key or of a script. */
function addressOf(network: Network, script: Uint8Array): string | undefined {
  const [, keyHash, scriptHash] = /^(?:76a914(.{40})88ac|a914(.{40})87)$/.exec(toHex(script)) ?? []
  const kind = keyHash === undefined ? 'script-hash' : 'public-key-hash-ecdsa'
  const payload = fromHex(keyHash ?? scriptHash ?? '')
  return payload?.length === 20 ? encodeAddress(kind, payload, network) : undefined
}

/** What an input spends; nothing when it claims something impossible. */
function fundingOf({ previous: { transaction, output, tree }, atoms }: Input): readonly UnspentOutput[] {
  if ((tree !== 0 && tree !== 1) || !Atoms.is(atoms)) return []
  return [{ transaction, output, tree, atoms }]
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

/** Outputs as a text that is the same for the same outputs in another order. */
const namesOf = (outputs: readonly Output[]): string =>
  outputs
    .map(({ atoms, scriptVersion, script }) => `${atoms} ${scriptVersion} ${toHex(script)}`)
    .sort()
    .join()

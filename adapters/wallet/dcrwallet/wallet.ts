import { utf8ToBytes } from '@noble/hashes/utils.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type * as t from 'io-ts'
import { fromDisplayHash } from '../../../domain/decred/hex.ts'
import { type NetworkName, networks } from '../../../domain/decred/network.ts'
import { transactionId } from '../../../domain/decred/transaction.ts'
import type { After } from '../../timers.ts'
import type {
  AddressOwner,
  PaymentOrder,
  SignedTransaction,
  TransactionStatus,
  UnsignedTransaction,
  Wallet,
  WalletBalance,
  WalletError,
} from '../port.ts'
import { type Connection, connect } from './connection.ts'
import * as faults from './faults.ts'
import { API_MAJOR_MIN } from './limits.ts'
import * as messages from './messages.ts'
import type { Peer } from './peer.ts'
import { outputsOf, readConstructed, readOwn, readSigned } from './transactions.ts'

/** What it takes to use one dcrwallet. */
export interface DcrwalletOptions extends Peer {
  /** The network it must be on. */
  readonly network: NetworkName
  readonly after: After
}

/** A connection, and whether the wallet behind it may be used. */
interface Session {
  readonly connection: Connection
  readonly greeted: Promise<E.Either<WalletError, unknown>>
}

/** After these a connection is given up: the next call opens another, and looks again at who is there. */
const ENDING: ReadonlySet<WalletError['kind']> = new Set(['away', 'timeout', 'certificate', 'malformed'])

/** The next key for change. With as many unused ones as dcrwallet looks out for, it begins again with the first. */
const CHANGE_ADDRESS = { kind: 'BIP0044_INTERNAL', gap_policy: 'GAP_POLICY_WRAP' }

/** Target of `UnspentOutputs` that no sum reaches, for dcrwallet. */
const EVERYTHING = '0'

/** A wallet through dcrwallet's gRPC. Connects with the first call, and again with the next when that was lost. */
export function dcrwallet(options: DcrwalletOptions): Wallet {
  const { network } = options
  let session: Session | undefined
  let stopped = false

  function open(): E.Either<WalletError, Session> {
    if (stopped) return E.left(faults.closed(options))
    if (session !== undefined) return E.right(session)
    const connected = connect(options, options.after)
    if (E.isLeft(connected)) return connected
    const connection = connected.right
    const opened: Session = {
      connection,
      greeted: greet(options, connection)().then((greeted) => {
        if (E.isRight(greeted) && session === opened)
          connection.onLost(() => drop(opened, faults.lost(options)))
        return greeted
      }),
    }
    session = opened
    return E.right(opened)
  }

  function drop(ended: Session, error: WalletError) {
    if (session !== ended) return
    session = undefined
    ended.connection.close(error)
  }

  const using =
    <A>(use: (connection: Connection) => TE.TaskEither<WalletError, A>): TE.TaskEither<WalletError, A> =>
    async () => {
      const opened = open()
      if (E.isLeft(opened)) return opened
      const { connection, greeted } = opened.right
      const greeting = await greeted
      const outcome = E.isLeft(greeting) ? greeting : await use(connection)()
      if (E.isLeft(greeting)) drop(opened.right, greeting.left)
      else if (E.isLeft(outcome) && ENDING.has(outcome.left.kind)) drop(opened.right, outcome.left)
      return outcome
    }

  const ask = <A>(method: string, request: object, answer: t.Decoder<unknown, A>) =>
    using(({ call }) => call(method, request, answer))

  const askAll = <A>(method: string, request: object, answer: t.Decoder<unknown, A>) =>
    using(({ all }) => all(method, request, answer))

  const accounts = pipe(
    ask('Accounts', {}, messages.Accounts),
    TE.map((answer) => answer.accounts),
  )

  const accountNumber = (name: string): TE.TaskEither<WalletError, number> =>
    pipe(
      accounts,
      TE.chainEitherK((all) => {
        const found = all.find(({ account_name }) => account_name === name)
        const names = all.map(({ account_name }) => account_name)
        return found === undefined
          ? E.left(faults.unknownAccount(options, name, names))
          : E.right(found.account_number)
      }),
    )

  const balance = (account: string, confirmations: number): TE.TaskEither<WalletError, WalletBalance> =>
    pipe(
      accountNumber(account),
      TE.chain((account_number) =>
        ask('Balance', { account_number, required_confirmations: confirmations }, messages.Balance),
      ),
      TE.map(({ total, spendable, immature_reward, unconfirmed }) => ({
        total,
        spendable,
        immatureCoinbases: immature_reward,
        unconfirmed,
      })),
    )

  const ownerOf = (address: string): TE.TaskEither<WalletError, AddressOwner> =>
    pipe(
      ask('ValidateAddress', { address }, messages.ValidatedAddress),
      TE.chain(({ is_valid, is_mine, account_number }): TE.TaskEither<WalletError, AddressOwner> => {
        if (!is_mine) return TE.right({ kind: is_valid ? 'other' : 'invalid' })
        return pipe(
          accounts,
          TE.chainEitherK((all) => {
            const owner = all.find((account) => account.account_number === account_number)
            return owner === undefined
              ? E.left(faults.contradiction(options, 'names an account that it does not have'))
              : E.right({ kind: 'wallet', account: owner.account_name })
          }),
        )
      }),
    )

  const changeAddress = (account: string): TE.TaskEither<WalletError, string> =>
    pipe(
      accountNumber(account),
      TE.chain((number) => ask('NextAddress', { account: number, ...CHANGE_ADDRESS }, messages.NextAddress)),
      TE.map(({ address }) => address),
    )

  const unspent: Wallet['unspent'] = (account, confirmations) =>
    pipe(
      accountNumber(account),
      TE.chain((number) =>
        askAll(
          'UnspentOutputs',
          { account: number, target_amount: EVERYTHING, required_confirmations: confirmations },
          messages.UnspentOutput,
        ),
      ),
      TE.map((found) =>
        found.map(({ transaction_hash, output_index, tree, amount }) => ({
          transaction: transaction_hash,
          output: output_index,
          tree,
          atoms: amount,
        })),
      ),
    )

  const construct = (order: PaymentOrder): TE.TaskEither<WalletError, UnsignedTransaction> =>
    pipe(
      TE.Do,
      TE.apS('outputs', TE.fromEither(outputsOf(options, networks[network], order.payments))),
      TE.bind('source', () => accountNumber(order.account)),
      TE.bind('answer', ({ source }) =>
        ask('ConstructTransaction', constructRequest(source, order), messages.Constructed),
      ),
      TE.chainEitherK(({ outputs, answer }) =>
        readConstructed(
          options,
          { network: networks[network], outputs, changeAddress: order.changeAddress },
          answer,
        ),
      ),
    )

  const sign = (bytes: Uint8Array): TE.TaskEither<WalletError, SignedTransaction> =>
    pipe(
      TE.Do,
      TE.apS('wanted', TE.fromEither(readOwn(options, bytes))),
      TE.bind('answer', () =>
        ask(
          'SignTransaction',
          { passphrase: utf8ToBytes(options.passphrase), serialized_transaction: bytes },
          messages.Signed,
        ),
      ),
      TE.chainEitherK(({ wanted, answer }) => readSigned(options, wanted, answer)),
    )

  const publish = (bytes: Uint8Array): TE.TaskEither<WalletError, string> =>
    pipe(
      TE.Do,
      TE.apS('own', TE.fromEither(readOwn(options, bytes))),
      TE.bind('answer', () => ask('PublishTransaction', { signed_transaction: bytes }, messages.Published)),
      TE.chainEitherK(({ own, answer: { transaction_hash } }) =>
        transaction_hash === transactionId(own)
          ? E.right(transaction_hash)
          : E.left(faults.contradiction(options, 'published a transaction under another id than its own')),
      ),
    )

  const coinbase = (transaction: string): TE.TaskEither<WalletError, TransactionStatus> =>
    pipe(
      ask('GetTransaction', { transaction_hash: hashBytes(transaction) }, messages.FoundTransaction),
      TE.map(
        (found): TransactionStatus =>
          'block_hash' in found
            ? { kind: 'confirmed', confirmations: found.confirmations, block: found.block_hash }
            : { kind: 'unconfirmed' },
      ),
    )

  const status = (transaction: string): TE.TaskEither<WalletError, TransactionStatus> =>
    pipe(
      coinbase(transaction),
      TE.orElse((error) =>
        error.kind === 'unknown-coinbase'
          ? TE.right<WalletError, TransactionStatus>({ kind: 'unknown' })
          : TE.left(error),
      ),
    )

  return {
    network,
    tip: () => ask('BestBlock', {}, messages.BestBlock),
    balance,
    ownerOf,
    changeAddress,
    unspent,
    construct,
    sign,
    publish,
    status,
    coinbase,
    rescan: (fromHeight) =>
      pipe(
        askAll('Rescan', { begin_height: fromHeight }, messages.RescanStep),
        TE.map((steps) => steps.at(-1)?.rescanned_through ?? fromHeight),
      ),
    stop: async () => {
      stopped = true
      if (session !== undefined) drop(session, faults.closed(options))
    },
  }
}

/** Looks whether it is a wallet that the pool can use. */
const greet = (options: DcrwalletOptions, { call }: Connection): TE.TaskEither<WalletError, unknown> =>
  pipe(
    call('Version', {}, messages.Version),
    TE.filterOrElse(
      ({ major }) => major >= API_MAJOR_MIN,
      ({ version_string }) => faults.tooOld(options, version_string),
    ),
    TE.chain(() => call('Network', {}, messages.Network)),
    TE.filterOrElse(
      ({ active_network }) => active_network === networks[options.network].currencyNet,
      ({ active_network }) => faults.wrongNetwork(options, options.network, active_network),
    ),
  )

const constructRequest = (source: number, order: PaymentOrder): object => ({
  source_account: source,
  required_confirmations: order.confirmations,
  fee_per_kb: order.feeRate,
  non_change_outputs: order.payments.map(({ address, atoms }) => ({
    destination: { address },
    amount: atoms.toString(),
  })),
  ...(order.changeAddress === null ? {} : { change_destination: { address: order.changeAddress } }),
})

function hashBytes(id: string): Uint8Array {
  const bytes = fromDisplayHash(id)
  if (bytes === undefined) throw new RangeError(`${id} is not a transaction id`)
  return bytes
}

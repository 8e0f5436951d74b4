import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { TransactionStatus, Wallet, WalletError } from '../../adapters/wallet/port.ts'
import { encodeAddress, payableAddress } from '../../domain/decred/address.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { networks } from '../../domain/decred/network.ts'
import {
  decodeTransaction,
  encodeTransaction,
  type Transaction,
  transactionId,
} from '../../domain/decred/transaction.ts'
import type { DevnetWallet, PublishError } from '../devnet/wallet/wallet.ts'

/** What is wrong with a wallet for a while. */
export type WalletTrouble = Extract<WalletError['kind'], 'away' | 'locked'>

const SENTENCES: { readonly [T in WalletTrouble]: string } = {
  away: 'The wallet does not answer. Start it.',
  locked: 'The wallet is locked. Unlock it.',
}

/** The devnet's wallet as the pool sees it, without sockets: as much of it as paying needs. */
export interface SimulatedWallet {
  readonly port: Wallet
  /** What is wrong with it from now on; null for nothing. */
  readonly setTrouble: (kind: WalletTrouble | null) => void
}

/** Opens the pool's view of a wallet. */
export function simulatedWallet(wallet: DevnetWallet): SimulatedWallet {
  let trouble: WalletTrouble | null = null
  const { chain } = wallet.node
  const network = networks[chain.parameters.network.name]
  const refuse = (kind: WalletError['kind'], message: string) => TE.left<WalletError>({ kind, message })

  const unless =
    <A>(
      kinds: readonly WalletTrouble[],
      work: () => E.Either<WalletError, A>,
    ): TE.TaskEither<WalletError, A> =>
    async () => {
      return trouble !== null && kinds.includes(trouble)
        ? E.left({ kind: trouble, message: SENTENCES[trouble] })
        : work()
    }
  const reading = (bytes: Uint8Array): E.Either<WalletError, Transaction> =>
    E.mapLeft(({ message }: { readonly message: string }): WalletError => ({ kind: 'refused', message }))(
      decodeTransaction(bytes),
    )

  const status: Wallet['status'] = (id) =>
    unless(['away'], () => {
      const block = wallet.transaction(id)?.block
      const known: TransactionStatus =
        block !== undefined
          ? { kind: 'confirmed', confirmations: chain.confirmations(block), block: block.hash }
          : { kind: wallet.transaction(id) === undefined ? 'unknown' : 'unconfirmed' }
      return E.right(known)
    })

  const port: Wallet = {
    network: network.name,
    tip: () => unless(['away'], () => E.right({ hash: chain.tip.hash, height: chain.tip.height })),
    balance: (_account, confirmations) =>
      unless(['away'], () => {
        const { total, spendable, immature, unconfirmed } = wallet.balance(0, confirmations)
        return E.right({
          total: toAtoms(total),
          spendable: toAtoms(spendable),
          immatureCoinbases: toAtoms(immature),
          unconfirmed: toAtoms(unconfirmed),
        })
      }),
    ownerOf: (address) =>
      unless(['away'], () =>
        E.right({ kind: E.isRight(payableAddress(address, network)) ? 'other' : 'invalid' }),
      ),
    changeAddress: (account) =>
      unless(['away'], () => {
        const key = wallet.nextAddress(0, 'internal')
        return key === undefined
          ? E.left({ kind: 'unknown-account', message: `The wallet has no account ${account}.` })
          : E.right(encodeAddress('public-key-hash-ecdsa', key.hash, network))
      }),
    unspent: (_account, confirmations) =>
      unless(['away'], () =>
        E.right(
          wallet.spendable(0, confirmations).map(({ coin }) => ({
            transaction: coin.transaction,
            output: coin.output,
            tree: coin.tree,
            atoms: toAtoms(coin.atoms),
          })),
        ),
      ),
    construct: () => refuse('refused', 'The pool makes its transactions itself.'),
    sign: (bytes) =>
      unless(['away', 'locked'], () => {
        const read = reading(bytes)
        if (E.isLeft(read)) return read
        const signed = wallet.sign(read.right, true)
        if (E.isLeft(signed))
          return E.left({ kind: 'refused', message: 'The wallet does not know what is spent.' })
        const { transaction } = signed.right
        return E.right({ id: transactionId(transaction), bytes: encodeTransaction(transaction) })
      }),
    publish: (bytes) =>
      unless(['away'], () => {
        const read = reading(bytes)
        if (E.isLeft(read)) return read
        return E.mapLeft(
          (error: PublishError): WalletError =>
            error.kind === 'conflict'
              ? { kind: 'double-spend', message: `${error.other} spends the same.` }
              : { kind: 'refused', message: error.error.message },
        )(wallet.publish(read.right))
      }),
    status,
    coinbase: status,
    rescan: () => TE.right(chain.tip.height),
    stop: async () => undefined,
  }
  return {
    port,
    setTrouble: (kind) => {
      trouble = kind
    },
  }
}

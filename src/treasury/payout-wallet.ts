import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { SignedTransaction, Wallet, WalletError } from '../../adapters/wallet/port.ts'
import { formatDcr } from '../../domain/decred/amount.ts'
import type { Claim, Waiting } from '../../domain/payout/claims.ts'
import type { Unspent } from '../../domain/payout/funding.ts'
import type { Problem } from './problems.ts'
import type { Records } from './records.ts'

/** The wallet that pays, and which of its accounts. */
export interface PayingWallet {
  readonly wallet: Wallet
  readonly account: string
}

/**
 * What payouts ask of the wallet that pays; a problem where it does not do it. Once it has not answered at all, nobody asks it again in the
 * same round.
 */
export interface PayoutWallet {
  /** A silent wallet is asked again from now on. */
  readonly beginRound: () => void
  /** What a run can be made of. `height` is that of the node, `confirmations` those that money needs. */
  readonly funds: (
    claims: readonly Claim[],
    confirmations: number,
    height: number,
  ) => Promise<E.Either<Problem, PayoutFunds>>
  /** Says why accounts wait for money, of which the wallet could spend only so much: perhaps it does not even know the coinbases. */
  readonly whyShort: (short: readonly Waiting[], unspent: readonly Unspent[]) => Promise<Problem>
  readonly sign: (unsigned: Uint8Array) => Promise<E.Either<Problem, SignedTransaction>>
  readonly publish: (signed: Uint8Array) => Promise<E.Either<Problem, string>>
}

/** What the wallet can spend that no payout spends already, and whom it can't pay. */
export interface PayoutFunds {
  readonly unspent: readonly Unspent[]
  readonly changeAddress: string
  /** Addresses of claims. */
  readonly refused: ReadonlySet<string>
  /** The height that both node and wallet have come to. */
  readonly height: number
}

/** After these each further question would only wait. */
const SILENT: ReadonlySet<WalletError['kind']> = new Set(['away', 'timeout', 'certificate', 'closed'])
/** Matured coinbases that are looked up in the wallet when it can spend too little. */
const COINBASES_LOOKED_UP = 3

/** Begins without a question. `onError` is told of all that the wallet does not do. */
export function openPayoutWallet(
  { wallet, account }: PayingWallet,
  records: Records,
  onError: (error: WalletError) => void,
): PayoutWallet {
  /** Addresses that the wallet has said it can pay. */
  const payable = new Set<string>()
  let silence: Problem | null = null

  async function ask<T>(question: TaskEither<WalletError, T>): Promise<E.Either<Problem, T>> {
    if (silence !== null) return E.left(silence)
    const answer = await question()
    if (E.isRight(answer)) return answer
    onError(answer.left)
    if (SILENT.has(answer.left.kind)) silence = answer.left
    return answer
  }

  async function funds(
    claims: readonly Claim[],
    confirmations: number,
    height: number,
  ): Promise<E.Either<Problem, PayoutFunds>> {
    const tip = await ask(wallet.tip())
    if (E.isLeft(tip)) return tip
    if (tip.right.height < height)
      return E.left({
        kind: 'not-synced',
        message: `The wallet is at block ${tip.right.height}, the node at ${height}: nothing is planned until it has caught up. If it does not, look at its connection to dcrd.`,
      })
    const refused = new Set<string>()
    for (const { address } of claims) {
      if (payable.has(address)) continue
      const owner = await ask(wallet.ownerOf(address))
      if (E.isLeft(owner)) return owner
      if (owner.right.kind === 'invalid') refused.add(address)
      else payable.add(address)
    }
    const unspent = await ask(wallet.unspent(account, confirmations))
    if (E.isLeft(unspent)) return unspent
    const changeAddress = await ask(wallet.changeAddress(account))
    if (E.isLeft(changeAddress)) return changeAddress
    const free = unspent.right.filter(
      ({ transaction, output }) => !records.books.funding.has(`${transaction}:${output}`),
    )
    return E.right({
      unspent: free,
      changeAddress: changeAddress.right,
      refused,
      height: Math.min(tip.right.height, height),
    })
  }

  async function whyShort(short: readonly Waiting[], unspent: readonly Unspent[]): Promise<Problem> {
    const matured = [...records.books.blocks].filter(([, { phase }]) => phase === 'matured')
    for (const [hash] of matured.slice(-COINBASES_LOOKED_UP)) {
      const coinbase = records.coinbases.get(hash)
      const known = coinbase === undefined ? undefined : await wallet.coinbase(coinbase)()
      if (known === undefined || E.isRight(known) || known.left.kind !== 'unknown-coinbase') continue
      onError(known.left)
      return known.left
    }
    const owed = short.reduce((sum, { atoms }) => sum + atoms, 0n)
    const there = unspent.reduce((sum, { atoms }) => sum + atoms, 0n)
    onError({ kind: 'too-little-spendable', message: '' })
    return {
      kind: 'too-little-spendable',
      message:
        `${short.length} accounts wait for ${formatDcr(owed)} DCR, and the wallet could spend ${formatDcr(there)} DCR. They are paid ` +
        'when earlier payouts are confirmed and coinbases are mature; if not, send what is missing to the wallet.',
    }
  }

  return {
    beginRound: () => {
      silence = null
    },
    funds,
    whyShort,
    sign: (unsigned) => ask(wallet.sign(unsigned)),
    publish: (signed) => ask(wallet.publish(signed)),
  }
}

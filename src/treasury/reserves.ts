import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import type { ReservesStatus } from '../../adapters/http/port.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import type { WalletError } from '../../adapters/wallet/port.ts'
import type { PayingWallet } from './payout-wallet.ts'

/** Compares what the wallet has with what the miners are owed, every few minutes. */
export interface Reserves {
  /** The latest comparison; null before the first. */
  readonly status: () => ReservesStatus | null
  readonly stop: () => void
}

/** What is compared. */
export interface ReservesOptions {
  readonly paying: PayingWallet
  readonly readModels: Pick<ReadModels, 'books' | 'onTheWay'>
  /** Blocks on money that counts as spendable. */
  readonly confirmations: number
  readonly nowMs: () => number
  readonly log: Logger
  readonly onWalletError: (error: WalletError) => void
}

const LOOK_MS = 5_000
const EVERY_MS = 120_000
/** Of a wallet that did not answer. */
const AGAIN_MS = 30_000

/** Begins to compare. */
export function watchReserves(options: ReservesOptions): Reserves {
  const { paying, nowMs, log } = options
  let latest: ReservesStatus | null = null
  let nextMs = 0
  let isAsking = false
  const timer = setInterval(() => void look(), LOOK_MS)
  timer.unref()

  async function look(): Promise<void> {
    if (isAsking || nowMs() < nextMs) return
    isAsking = true
    nextMs = nowMs() + ((await compare()) ? EVERY_MS : AGAIN_MS)
    isAsking = false
  }

  async function compare(): Promise<boolean> {
    const balance = await paying.wallet.balance(paying.account, options.confirmations)()
    if (E.isLeft(balance)) {
      options.onWalletError(balance.left)
      return false
    }
    const claims = claimsOf(options.readModels)
    if (claims === null) return false
    const { total, spendable, immatureCoinbases, unconfirmed } = balance.right
    const isCovered = total >= claims.owed - claims.onTheWay
    if (!isCovered && latest?.isCovered !== false)
      log.error(
        { owed: String(claims.owed), onTheWay: String(claims.onTheWay), wallet: String(total) },
        'the wallet has less than the miners are owed',
      )
    latest = {
      at: nowMs(),
      wallet: {
        total: String(total),
        spendable: String(spendable),
        immature: String(immatureCoinbases),
        unconfirmed: String(unconfirmed),
      },
      owed: String(claims.owed),
      onTheWay: String(claims.onTheWay),
      isCovered,
    }
    return true
  }

  return { status: () => latest, stop: () => clearInterval(timer) }
}

interface Claims {
  readonly owed: bigint
  /** In transactions that the wallet has sent already, so that it has it no more. */
  readonly onTheWay: bigint
}

/** Null when the read models don't answer. */
function claimsOf(readModels: ReservesOptions['readModels']): Claims | null {
  const books = readModels.books()
  const onTheWay = readModels.onTheWay()
  if (E.isLeft(books) || E.isLeft(onTheWay)) return null
  const { immature, available, inPayout } = books.right.liabilities
  return { owed: BigInt(immature) + BigInt(available) + BigInt(inPayout), onTheWay: onTheWay.right }
}

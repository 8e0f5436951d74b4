import type { EventStore } from '../../adapters/event-store/port.ts'
import type { Node } from '../../adapters/node/port.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import type { Publisher } from '../publisher/publisher.ts'
import { payoutHold } from '../treasury/payout-hold.ts'
import type { PayingWallet } from '../treasury/payout-wallet.ts'
import { type Reserves, watchReserves } from '../treasury/reserves.ts'
import { openTreasury, type Treasury } from '../treasury/treasury.ts'
import type { PoolContext } from './context.ts'

/** What shares rewards and pays miners; null in mode `solo`. It pays nobody before the publisher has held the log against the ledger. */
export function startTreasury(
  { config, network, metrics, nowMs, log }: PoolContext,
  store: EventStore,
  node: Node,
  paying: PayingWallet | null,
  publisher: Publisher,
): Treasury | null {
  if (config.pool.mode === 'solo') return null
  const treasury = openTreasury({
    store,
    node,
    network,
    paying,
    payoutHold: () => payoutHold(publisher.logCheck()),
    untilSigned: publisher.untilSigned,
    nowMs,
    log,
    onWalletError: ({ kind }) => metrics.walletErrors.inc({ kind }),
    onStoreError: ({ kind }) => metrics.storeErrors.inc({ kind }),
    onWritten: (type, seconds) => {
      metrics.moneyEvents.inc({ type })
      if (type === 'RewardAllocated') metrics.settlementSeconds.observe(seconds)
    },
  })
  void publisher.checked.then(() => treasury.chainMoved())
  return treasury
}

/** Begins to compare what the wallet has with what is owed; null without a wallet. */
export const startReserves = (
  { config, metrics, nowMs, log }: PoolContext,
  paying: PayingWallet | null,
  readModels: ReadModels,
): Reserves | null =>
  paying === null
    ? null
    : watchReserves({
        paying,
        readModels,
        confirmations: config.payout.confirmations,
        nowMs,
        log,
        onWalletError: ({ kind }) => metrics.walletErrors.inc({ kind }),
      })

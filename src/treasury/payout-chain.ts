import * as E from 'fp-ts/lib/Either.js'
import type { ChainTip, ChainView, Node } from '../../adapters/node/port.ts'
import { transactionId } from '../../domain/decred/transaction.ts'
import type { MissingReward, PayoutObservation } from '../../domain/payout/next-step.ts'
import { planOfEvent } from '../../domain/payout/plan-event.ts'
import { unsignedTransaction } from '../../domain/payout/transaction.ts'
import type { Policy } from '../../domain/policy.ts'
import { missingReward } from './missing-reward.ts'
import type { Problems } from './problems.ts'
import type { OpenPayout, Records } from './records.ts'
import { type Spender, Spends, type SpendsError } from './spends.ts'

/** What the chain says of payouts. */
export interface PayoutChain {
  /** Where the chain has a payout. All is asked of one node: what two say of two chains shows nothing. */
  readonly observe: (
    payout: OpenPayout,
    chain: ChainView,
    tip: ChainTip,
  ) => Promise<E.Either<SpendsError, PayoutObservation>>
  /** A payout was published when the chain was so high. */
  readonly published: (payout: number, height: number) => void
  /** Looks whether the blocks that confirmed the latest payouts are still on the chain. */
  readonly lookBack: () => Promise<void>
  /** A payout is over. */
  readonly forget: (payout: number) => void
}

/**
 * Blocks on a payout at least before it is over: at the tip alone, the next block's votes may still disapprove the block that holds it.
 */
const CONFIRMATIONS_MIN = 2

/** Blocks that money of a payout has to have on it, by the policy that it was planned by. */
export const confirmationsBy = (policy: Policy | undefined): number =>
  Math.max(CONFIRMATIONS_MIN, policy?.payoutConfirmations ?? 0)

/** Begins without having looked at anything. */
export function openPayoutChain(node: Node, records: Records, problems: Problems): PayoutChain {
  const spends = new Spends()
  /** Height of the chain at which each payout was published last by this process. */
  const published = new Map<number, number>()
  /** Tip at which the latest confirmed payouts were held against the chain. */
  let lookedBackAt = ''

  async function observe(
    { number, plan: data }: OpenPayout,
    chain: ChainView,
    tip: ChainTip,
  ): Promise<E.Either<SpendsError, PayoutObservation>> {
    const plan = planOfEvent(data)
    const own = transactionId(unsignedTransaction(records.network, plan))
    const found = await spends.of(chain, number, data.height, plan.funding, tip)
    if (E.isLeft(found)) return found
    const mined = found.right.find(({ transaction }) => transaction === own)
    if (mined !== undefined) {
      const { block, confirmations } = mined
      return E.right({
        transaction: { kind: 'in-block', block, confirmations },
        conflict: null,
        missing: null,
      })
    }
    const conflict: Spender | null = found.right[0] ?? null
    const missing =
      conflict === null ? await missingReward(chain, records, spends, plan.funding) : E.right(null)
    // The node may have forgotten it: it is published again at each height until a block has it.
    const kind = published.get(number) === tip.height ? 'known' : 'unknown'
    return E.map((reward: MissingReward | null) => ({
      transaction: { kind } as const,
      conflict,
      missing: reward,
    }))(missing)
  }

  /**
   * The books keep a payout as paid whose block has left the chain, since it may be in another block by now: somebody has to look. A node
   * that does not know a block proves nothing.
   */
  async function lookBack(): Promise<void> {
    const chain = node.view()
    const tip = await chain.tip()()
    if (E.isLeft(tip) || tip.right.hash === lookedBackAt) return
    for (const { number, block } of records.confirmed) {
      const found = await chain.block(block)()
      if (E.isLeft(found)) continue
      const message =
        `Payout ${number} was confirmed in block ${block}, which has left the chain. The books keep it as paid. Look whether its transaction ` +
        'is in another block; if it is not, have the wallet publish it again.'
      problems.set(
        `payout ${number}`,
        found.right.confirmations > 0 ? null : { kind: 'confirmation-lost', message },
      )
    }
    lookedBackAt = tip.right.hash
  }

  return {
    observe,
    published: (payout, height) => published.set(payout, height),
    lookBack,
    forget: (payout) => {
      spends.forget(payout)
      published.delete(payout)
    },
  }
}

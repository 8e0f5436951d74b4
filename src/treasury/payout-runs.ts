import * as E from 'fp-ts/lib/Either.js'
import type { Node } from '../../adapters/node/port.ts'
import { balanceOf, feeAccount } from '../../domain/bookkeeping/ledger.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import type { PoolEvent } from '../../domain/events.ts'
import { payoutClaims } from '../../domain/payout/claims.ts'
import { feeAddressInTurn, planPayouts } from '../../domain/payout/plan.ts'
import { planEvent } from '../../domain/payout/plan-event.ts'
import { isPayoutDue, type PayoutMoment } from '../../domain/payout/schedule.ts'
import type { AdoptedPolicy, Policy } from '../../domain/policy.ts'
import { confirmationsBy } from './payout-chain.ts'
import type { PayoutHold } from './payout-hold.ts'
import type { PayoutWallet } from './payout-wallet.ts'
import type { Problem, Problems } from './problems.ts'
import type { Records } from './records.ts'

/** Runs of payouts: each plans for all who have enough. */
export interface PayoutRuns {
  /** @throws TreasuryEnd */
  readonly planIfDue: () => Promise<void>
  /** A run is to be planned the next time, due or not. */
  readonly planSoon: () => void
}

/** What runs need. */
export interface PayoutRunsOptions {
  readonly records: Records
  readonly node: Node
  /** Null: nothing is planned. */
  readonly wallet: PayoutWallet | null
  readonly problems: Problems
  /** While it is not null nothing is planned. */
  readonly hold: () => PayoutHold | null
  /** Writes the plan of a payout, by its number. @throws TreasuryEnd */
  readonly begin: (payout: number, plan: PoolEvent) => Promise<void>
  readonly nowMs: () => number
}

/** Begins without a run. */
export function openPayoutRuns(options: PayoutRunsOptions): PayoutRuns {
  const { records, node, wallet, problems, nowMs } = options
  const { network } = records
  let isWanted = false
  /** Height at which a run was due and nothing could be planned: the wallet is not asked again before the next block. */
  let vainHeight: number | null = null
  /** What a run that had too little to spend waits for: fewer open payouts, or a later block when there are none. */
  let poor: { readonly open: number; readonly height: number } | null = null

  async function planIfDue(): Promise<void> {
    const adopted = records.policy
    if (adopted === undefined || adopted.policy.scheme.kind === 'solo') return
    const tip = await node.tip()()
    if (E.isLeft(tip)) return
    const now = { height: tip.right.height, at: nowMs() }
    const isDue = isRunDue(adopted.policy, now)
    const held = options.hold()
    if (!isDue && held?.passes !== false) return
    const problem = held ?? (await plan(adopted, now))
    problems.set('payouts', problem)
    if (problem === null) isWanted = false
  }

  function isRunDue({ payoutSchedule }: Policy, now: PayoutMoment): boolean {
    if (isWanted) return true
    if (poor !== null) {
      const open = records.openPayouts().length
      if (open < poor.open || (open === 0 && now.height > poor.height)) return true
    }
    return (
      vainHeight !== now.height &&
      records.lastRun !== null &&
      isPayoutDue(payoutSchedule, records.lastRun, now)
    )
  }

  /** Plans a run. Answers what keeps it from being planned at all, or who waits for money that the wallet should have. */
  async function plan({ policy, revision }: AdoptedPolicy, now: PayoutMoment): Promise<Problem | null> {
    const minimum = toAtoms(BigInt(policy.minimumPayout))
    const sort = (refused: ReadonlySet<string>) =>
      payoutClaims(records.books.balances, {
        network,
        minimum,
        addressOf: (account) => records.addresses.get(account),
        refused,
      })
    const first = sort(new Set())
    const feeAddress = feeAddressInTurn(policy.feeAddresses, records.books.feePayouts)
    const fees = () => balanceOf(records.books.balances, feeAccount('available'))
    if (first.claims.length === 0 && (feeAddress === null || fees() < minimum)) {
      poor = null
      return null
    }
    if (wallet === null) return null
    const funds = await wallet.funds(first.claims, confirmationsBy(policy), now.height)
    if (E.isLeft(funds)) return funds.left
    const { unspent, changeAddress, refused, height } = funds.right
    const { claims } = sort(refused)
    const run = planPayouts({
      network,
      claims,
      bearer: policy.feeBearer,
      minimum,
      // As they are now: the wallet may have taken its time.
      poolFees: toAtoms(fees()),
      feeAddress,
      unspent,
      changeAddress,
    })
    const facts = { policy: revision, mode: policy.payoutMode, height }
    for (const each of run.plans) await options.begin(records.nextPayout, planEvent(nowMs(), facts, each))
    vainHeight = run.plans.length === 0 ? now.height : null
    const short = run.waiting.filter(({ why }) => why === 'no-funds')
    poor = short.length === 0 ? null : { open: records.openPayouts().length, height: now.height }
    return short.length === 0 ? null : await wallet.whyShort(short, unspent)
  }

  return {
    planIfDue,
    planSoon: () => {
      isWanted = true
    },
  }
}

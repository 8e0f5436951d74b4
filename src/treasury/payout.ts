import * as E from 'fp-ts/lib/Either.js'
import type { Node } from '../../adapters/node/port.ts'
import type { WalletError } from '../../adapters/wallet/port.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { encodeTransaction } from '../../domain/decred/transaction.ts'
import { type EventData, event, type PoolEvent } from '../../domain/events.ts'
import { type MissingReward, mayReturn, nextPayoutStep } from '../../domain/payout/next-step.ts'
import { planOfEvent } from '../../domain/payout/plan-event.ts'
import { checkSigned, unsignedTransaction } from '../../domain/payout/transaction.ts'
import type { Ledger } from './money-log.ts'
import { confirmationsBy, openPayoutChain } from './payout-chain.ts'
import type { PayoutHold } from './payout-hold.ts'
import { openPayoutPublicity } from './payout-publicity.ts'
import { openPayoutRuns } from './payout-runs.ts'
import { openPayoutWallet, type PayingWallet } from './payout-wallet.ts'
import type { Problem, Problems } from './problems.ts'
import type { OpenPayout } from './records.ts'
import type { Spender } from './spends.ts'

/** Plans payouts when they are due, and takes each from its plan to the chain. */
export interface Payouts {
  /** Takes every open payout as far as it goes now, then plans a run if one is due. @throws TreasuryEnd */
  readonly advance: () => Promise<void>
  /** A run is to be planned the next time, due or not. */
  readonly planSoon: () => void
  /** Lets a plan that waits go out. Left: why it can't. @throws TreasuryEnd */
  readonly approve: (payout: number) => Promise<E.Either<string, void>>
  /** Puts the money of a plan back that is not signed, or that can't be paid any more. Left: why it can't. @throws TreasuryEnd */
  readonly reject: (payout: number) => Promise<E.Either<string, void>>
}

/** What payouts need. */
export interface PayoutsOptions {
  readonly ledger: Ledger
  readonly node: Node
  /** Null: nothing is planned, signed or published; what is published already is watched all the same. */
  readonly paying: PayingWallet | null
  readonly problems: Problems
  /** While it is not null nothing is planned, approved or signed; what is signed goes its way. */
  readonly hold: () => PayoutHold | null
  /**
   * Null when everything up to a position of the log is under a signed checkpoint of the public ledger; otherwise resolves once it is. Nothing
   * goes out before its `PayoutSigned` is: no copy of the ledger could tell a log that was put back from what was paid.
   */
  readonly untilSigned: (position: number) => Promise<void> | null
  /** What has waited for the public ledger may go out. */
  readonly onPublic: () => void
  readonly nowMs: () => number
  readonly onStep: (payout: number, event: PoolEvent, plan: EventData<'PayoutPlanned'>) => void
  readonly onWalletError: (error: WalletError) => void
}

/** Begins with the payouts that the records hold. */
export function openPayouts(options: PayoutsOptions): Payouts {
  const { ledger, node, paying, problems, nowMs } = options
  const { records } = ledger
  const { network } = records
  const wallet = paying === null ? null : openPayoutWallet(paying, records, options.onWalletError)
  const chain = openPayoutChain(node, records, problems)
  const publicity = openPayoutPublicity({ ...options, position: () => records.position ?? 0 })
  const runs = openPayoutRuns({ ...options, records, wallet, begin: record })

  async function advance(): Promise<void> {
    wallet?.beginRound()
    for (const { number } of records.openPayouts()) problems.set(`payout ${number}`, await step(number))
    await chain.lookBack()
    await runs.planIfDue()
  }

  /** Takes a payout as far as it goes now. Answers what keeps it, if that is not just time. */
  async function step(number: number): Promise<Problem | null> {
    for (;;) {
      const payout = openOne(number)
      if (payout === undefined) {
        forget(number)
        return null
      }
      const view = node.view()
      const tip = await view.tip()()
      if (E.isLeft(tip)) return null
      const seen = await chain.observe(payout, view, tip.right)
      if (E.isLeft(seen)) return seen.left.kind === 'unreadable-block' ? seen.left : null
      const next = nextPayoutStep(payout.record, seen.right, confirmationsOf(payout), nowMs())
      switch (next.kind) {
        case 'await-approval':
        case 'watch':
        case 'done':
          return null
        case 'alarm':
          return stoppedBy(payout, next.conflict)
        case 'unfunded':
          return unfunded(payout, next.missing, mayReturn(seen.right, confirmationsOf(payout)))
        case 'record':
          await record(number, next.event)
          break
        case 'sign': {
          const problem = await sign(payout)
          if (problem !== null) return problem
          break
        }
        case 'publish': {
          if (payout.record.phase === 'signed' && !publicity.isPublic(number))
            return publicity.whySecret(number)
          const problem = await publish(payout, tip.right.height)
          if (problem !== null || payout.record.phase === 'published') return problem
          await record(number, event('PayoutPublished', { v: 1, at: nowMs() }))
        }
      }
    }
  }

  async function sign({ number, plan: data }: OpenPayout): Promise<Problem | null> {
    if (wallet === null) return noWallet(number)
    const held = options.hold()
    if (held !== null) return held
    const plan = planOfEvent(data)
    const signed = await wallet.sign(encodeTransaction(unsignedTransaction(network, plan)))
    if (E.isLeft(signed)) return signed.left
    const checked = checkSigned(network, plan, { ...signed.right, unsigned: [] })
    if (E.isLeft(checked))
      return {
        kind: checked.left.kind,
        message: `Payout ${number} is not signed as planned, and stays planned: ${checked.left.message} Check the wallet.`,
      }
    const { id, bytes } = checked.right
    await record(number, event('PayoutSigned', { v: 1, at: nowMs(), transaction: id, bytes: toHex(bytes) }))
    return null
  }

  async function publish({ number, record: { bytes } }: OpenPayout, height: number): Promise<Problem | null> {
    const signed = fromHex(bytes ?? '')
    if (signed === undefined) throw new RangeError(`payout ${number} is signed without its bytes`)
    if (wallet === null) return noWallet(number)
    const answer = await wallet.publish(signed)
    if (E.isLeft(answer)) return answer.left
    chain.published(number, height)
    return null
  }

  const openOne = (number: number): OpenPayout | undefined =>
    records.openPayouts().find((each) => each.number === number)

  const confirmationsOf = ({ plan }: OpenPayout): number =>
    confirmationsBy(records.policies.find(({ revision }) => revision === plan.policy)?.policy)

  function forget(number: number): void {
    chain.forget(number)
    publicity.forget(number)
  }

  async function record(number: number, next: PoolEvent): Promise<void> {
    const plan = next.type === 'PayoutPlanned' ? next.data : openOne(number)?.plan
    await ledger.write(`payout-${number}`, [next])
    if (plan !== undefined) options.onStep(number, next, plan)
  }

  /** Why the money of a payout that is signed can't be put back; null when nothing is left that what is signed could take. */
  async function againstReturn(payout: OpenPayout): Promise<string | null> {
    const view = node.view()
    const tip = await view.tip()()
    const seen = E.isLeft(tip) ? tip : await chain.observe(payout, view, tip.right)
    if (E.isLeft(seen)) return `Nothing was done, since the node does not say how it is: ${seen.left.message}`
    if (mayReturn(seen.right, confirmationsOf(payout))) return null
    const { missing } = seen.right
    return missing === null ? notWaiting(payout.number, payout) : unfunded(payout, missing, false).message
  }

  return {
    advance,
    planSoon: runs.planSoon,
    approve: async (number) => {
      const payout = openOne(number)
      if (payout?.record.phase !== 'planned') return E.left(notWaiting(number, payout))
      const held = options.hold()
      if (held !== null) return E.left(held.message)
      await record(number, event('PayoutApproved', { v: 1, at: nowMs() }))
      return E.right(undefined)
    },
    reject: async (number) => {
      const payout = openOne(number)
      if (payout === undefined) return E.left(notWaiting(number, payout))
      const { phase } = payout.record
      const why = phase === 'planned' || phase === 'approved' ? 'rejected' : 'funding-lost'
      const against = why === 'rejected' ? null : await againstReturn(payout)
      if (against !== null) return E.left(against)
      await record(number, event('PayoutReturned', { v: 1, at: nowMs(), why, conflict: null }))
      forget(number)
      problems.set(`payout ${number}`, null)
      return E.right(undefined)
    },
  }
}

/** What is told of a payout whose money something else on the chain spends. */
const stoppedBy = ({ number }: OpenPayout, { transaction, block }: Spender): Problem => ({
  kind: 'conflict',
  message:
    `Payout ${number} is stopped: transaction ${transaction} in block ${block} spends its ` +
    'money. Find out who else has the keys of the wallet. Its accounts get their money back once that block is deep enough.',
})

/** What is told of a payout that can't be paid with a reward that is not there; `isLost`: for ever. */
function unfunded(
  { number, record: { phase } }: OpenPayout,
  { block }: MissingReward,
  isLost: boolean,
): Problem {
  const what = `Payout ${number} can't be paid: it spends the reward of block ${block}, which has left the chain.`
  const order = `put its money back with "lodebook payout reject ${number}"`
  if (phase === 'planned' || phase === 'approved')
    return { kind: 'funding-away', message: `${what} Wait whether the block comes back, or ${order}.` }
  return isLost
    ? { kind: 'funding-lost', message: `${what} The block is given up: ${order}.` }
    : {
        kind: 'funding-away',
        message: `${what} The block may come back, and then the payout goes on. If it is given up, ${order}; before that nothing shows that what is signed is never paid.`,
      }
}

const noWallet = (number: number): Problem => ({
  kind: 'no-wallet',
  message: `Payout ${number} waits: the pool has no wallet any more. Put the [wallet] section back and restart.`,
})

const notWaiting = (number: number, payout: OpenPayout | undefined): string =>
  payout === undefined
    ? `There is no open payout ${number}.`
    : `Payout ${number} is ${payout.record.phase}: there is nothing to decide.`

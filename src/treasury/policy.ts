import * as E from 'fp-ts/lib/Either.js'
import type { EventStore } from '../../adapters/event-store/port.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import type { Network } from '../../domain/decred/network.ts'
import { event, type PayoutSchedule, type PoolEvent, type Scheme } from '../../domain/events.ts'
import { changeProblem, isSameScheme, type Policy, policyProblems } from '../../domain/policy.ts'
import type { Config } from '../config/config.ts'
import { recall } from './recall.ts'
import { Records } from './records.ts'

/** The rules that a configuration sets. */
export function policyOf({ pool, reward, payout, mining }: Config): Policy {
  return {
    scheme: pool.mode === 'solo' ? { kind: 'solo' } : schemeOf(reward),
    feePpm: reward.feePpm,
    rounding: 'largest-remainder',
    feeAddresses: reward.feeAddresses?.split(',') ?? [],
    minimumPayout: atomsOf(payout.minimum),
    feeBearer: payout.feeBearer,
    payoutSchedule: scheduleOf(payout),
    payoutMode: payout.mode,
    payoutConfirmations: payout.confirmations,
    sharesPerMinute: mining.sharesPerMinute,
    lateShareGraceMs: mining.lateShareGraceMs,
  }
}

function schemeOf({ scheme, windowPpm, periodMs, reserve }: Config['reward']): Scheme {
  switch (scheme) {
    case 'pplns':
      return { kind: scheme, windowPpm }
    case 'pplns-time':
      return { kind: scheme, periodMs }
    case 'pps':
      return { kind: scheme, reserve: atomsOf(reserve) }
    case 'prop':
      return { kind: scheme }
  }
}

function scheduleOf({ schedule, everyBlocks, dailyAt }: Config['payout']): PayoutSchedule {
  if (schedule === 'blocks') return { kind: schedule, every: everyBlocks }
  const [hours = 0, minutes = 0] = dailyAt.split(':').map(Number)
  return { kind: schedule, minute: 60 * hours + minutes }
}

/** Atoms of an amount in DCR, exactly: the schema allows eight decimals. */
function atomsOf(dcr: string): string {
  const [whole = '0', part = ''] = dcr.split('.')
  return String(BigInt(whole + part.padEnd(8, '0')))
}

/**
 * The event that adopts a policy; none when it is in force already. Left, in a sentence: why it can't be adopted. `history` is the
 * stream `pool` so far. Another scheme is held against the shares that the one in force may still pay for.
 */
export async function adoption(
  store: EventStore,
  network: Network,
  history: readonly PoolEvent[],
  policy: Policy,
  nowMs: number,
): Promise<E.Either<{ readonly message: string }, readonly PoolEvent[]>> {
  const inForce = history.findLast((each) => each.type === 'PolicyAdopted')
  if (inForce !== undefined) {
    const { v, at, ...before } = inForce.data
    if (canonicalJson(before) === canonicalJson(policy)) return E.right([])
    if (!isSameScheme(before.scheme, policy.scheme)) {
      const unpaid = await unpaidShares(store, network, nowMs)
      if (E.isLeft(unpaid)) return unpaid
      const problem = changeProblem(before, policy, unpaid.right)
      if (problem !== undefined) return E.left(problem)
    }
  }
  const [problem] = policyProblems(network, policy)
  return problem === undefined
    ? E.right([event('PolicyAdopted', { v: 1, at: nowMs, ...policy })])
    : E.left(problem)
}

/** Shares that the scheme in force may still pay for: all that its window or round holds, while a block may yet be found by it. */
async function unpaidShares(
  store: EventStore,
  network: Network,
  nowMs: number,
): Promise<E.Either<{ readonly message: string }, number>> {
  const records = new Records(network)
  const recalled = await recall(records, store, nowMs, async () => undefined)
  return E.isLeft(recalled) ? recalled : E.right(records.mined.unpaidShares(nowMs))
}

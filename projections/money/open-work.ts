import * as E from 'fp-ts/lib/Either.js'
import { toAtoms } from '../../domain/decred/amount.ts'
import type { EventData } from '../../domain/events.ts'
import {
  type Accrual,
  accrue,
  settleWork,
  shareWorth,
  type WorkCredit,
} from '../../domain/reward/pay-per-share.ts'
import { connectionOf } from '../miners.ts'
import type { Tally, Worker } from '../tally.ts'
import { type MoneyEvent, type OpenWork, unitsOn } from './tally.ts'

/** Shares of the event at hand that are worth the same: of one worker, who may be unknown, on one job. */
interface Alike {
  readonly job: number
  readonly difficulty: number
  count: number
}

/**
 * What the shares of an event earn, when each is paid for at once; null under other schemes. Left: why that can't be told. Shares that are
 * alike are gathered, so that a miner costs its time once an event and not once a share.
 */
export function openWorkOf(
  tally: Tally,
  gateway: number,
  { stream, revision }: MoneyEvent,
  data: EventData<'SharesAccepted'>,
): E.Either<string, OpenWork | null> {
  const { pool, money } = tally
  const { policy } = money
  if (policy?.scheme.kind !== 'pps' || pool === undefined || data.job.length === 0) return E.right(null)
  const unitsOf = unitsOn(money, pool.network)
  const jobs = tally.jobs.get(gateway)
  const worth = new Map<string, bigint>()
  let units = 0n

  const earn = (worker: Worker | undefined, { job, difficulty, count }: Alike): void => {
    const facts = jobs?.get(job)
    if (facts === undefined) return
    const sum = unitsOf(facts.bits, difficulty) * BigInt(count)
    units += sum
    if (worker !== undefined)
      accrue(worth, worker.account.account, shareWorth(sum, toAtoms(facts.subsidy), policy.feePpm))
  }

  return E.tryCatch(
    () => {
      for (const [worker, alike] of gather(tally, gateway, data, earn)) earn(worker, alike)
      return { entry: tally.entries, stream, revision, shares: data.job.length, units, worth }
    },
    () => 'a share is harder than its block',
  )
}

/** Gathers shares that are alike. Answers what is left of each worker once all are seen; `full` is told of the rest. */
function gather(
  tally: Tally,
  gateway: number,
  { connection, worker, job, difficulty }: EventData<'SharesAccepted'>,
  full: (worker: Worker | undefined, alike: Alike) => void,
): ReadonlyMap<Worker | undefined, Alike> {
  const gathered = new Map<Worker | undefined, Alike>()
  for (let i = 0; i < job.length; i++) {
    const who = connectionOf(tally, gateway, connection[i] ?? -1)?.workers[worker[i] ?? -1]
    const before = gathered.get(who)
    if (before !== undefined && before.job === job[i] && before.difficulty === difficulty[i]) {
      before.count++
      continue
    }
    if (before !== undefined) full(who, before)
    gathered.set(who, { job: job[i] ?? -1, difficulty: difficulty[i] ?? 0, count: 1 })
  }
  return gathered
}

/** Keeps work until it is settled. */
export function keepOpenWork({ money }: Tally, work: OpenWork): void {
  money.openWork.push(work)
  money.changes.openWork.push(work)
}

/** Open work that a settlement names, what it comes to, and what is carried after it. */
export interface DueWork {
  /** Events of shares, from the oldest. */
  readonly events: number
  readonly credits: readonly WorkCredit[]
  readonly carried: Accrual
}

/** The open work up to the share that a settlement ends with; undefined when the settlement is not of that work. */
export function dueWork({ money }: Tally, data: EventData<'WorkSettled'>): DueWork | undefined {
  const { openWork, holders } = money
  const last = openWork.findIndex((work) => isAt(work, data.to))
  const due = openWork.slice(0, last + 1)
  const [first] = due
  const end = due.at(-1)
  if (first === undefined || end === undefined) return undefined
  const isWhole = isAt(first, data.from) && data.from.index === 0 && data.to.index === end.shares - 1
  const shares = due.reduce((sum, work) => sum + work.shares, 0)
  const units = due.reduce((sum, work) => sum + work.units, 0n)
  if (!isWhole || shares !== data.shares || units !== BigInt(data.units)) return undefined
  const carried: Accrual = new Map()
  for (const { worth } of due) for (const [account, parts] of worth) accrue(carried, account, parts)
  for (const account of carried.keys()) accrue(carried, account, holders.get(account)?.carried ?? 0n)
  return { events: due.length, credits: settleWork(carried), carried }
}

const isAt = (work: MoneyEvent, { stream, revision }: MoneyEvent): boolean =>
  work.stream === stream && work.revision === revision

/** Accounts that have open work. */
export function* accountsAtWork({ money }: Tally): Generator<string> {
  for (const { worth } of money.openWork) yield* worth.keys()
}

/** Lets go of work that is settled. */
export function dropOpenWork({ money }: Tally, events: number): void {
  const settled = money.openWork.splice(0, events)
  money.changes.settledUpTo = settled.at(-1)?.entry ?? money.changes.settledUpTo
}

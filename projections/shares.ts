import type { EventData, RejectReason } from '../domain/events.ts'
import { keepSolved, poolMark } from './blocks.ts'
import { addRejected, addShares, finestEndMs, finestStart, markChanged } from './meters.ts'
import { connectionOf, isForgotten } from './miners.ts'
import type { Gathering, Meter, PoolMark, SolvedRow, Tally, Worker } from './tally.ts'
import { perDifficultyOf } from './work.ts'

/** Where an event of shares stands in the log. */
export interface ShareEvent {
  readonly gateway: number
  readonly stream: string
  readonly revision: number
}

type Accepted = EventData<'SharesAccepted'>

/**
 * Counts the shares of one event. One pass gathers them by worker; what is gathered then goes to buckets and sums, so that
 * a meter costs its share of the time once an event and not once a share.
 */
export function foldSharesAccepted(tally: Tally, where: ShareEvent, data: Accepted): void {
  const { total } = tally
  const before = poolMark(tally)
  tally.clockMs = Math.max(tally.clockMs, latestAt(data))
  for (const worker of gatherByWorker(tally, where.gateway, data)) settleWorker(tally, worker)
  settlePool(tally)
  total.effort += effortOf(tally, where.gateway, data, data.job.length)
  for (const { share, hash } of data.solved)
    keepSolved(tally, solvedRow(tally, where, share, hash, before, data))
}

function latestAt(data: Accepted): number {
  let elapsed = 0
  for (const ms of data.elapsed) if (ms > elapsed) elapsed = ms
  return data.at + elapsed
}

/** Gathers the shares on their workers and on the pool. Answers the workers with something left to settle, in order. */
function gatherByWorker(tally: Tally, gateway: number, data: Accepted): readonly Worker[] {
  const { at, connection, worker, difficulty, elapsed } = data
  const connections = tally.connections.get(gateway)
  const gathered: Worker[] = []
  const pool = tally.total.gathering
  let start = -1
  let endMs = -1
  for (let i = 0; i < connection.length; i++) {
    const shareAt = at + (elapsed[i] ?? 0)
    if (shareAt >= endMs || shareAt < start * 1_000) {
      settlePool(tally)
      start = finestStart(shareAt)
      endMs = finestEndMs(start)
    }
    const weight = difficulty[i] ?? 0
    gather(pool, start, weight, shareAt)
    const known = connections?.get(connection[i] ?? -1)
    const finder =
      known === undefined || isForgotten(tally, known) ? undefined : known.workers[worker[i] ?? -1]
    if (finder === undefined) continue
    if (finder.gathering.shares === 0) gathered.push(finder)
    else if (finder.gathering.start !== start) settleWorker(tally, finder)
    gather(finder.gathering, start, weight, shareAt)
  }
  return gathered
}

function gather(gathering: Gathering, start: number, difficulty: number, at: number): void {
  gathering.start = start
  gathering.shares++
  gathering.difficulty += difficulty
  gathering.squares += difficulty * difficulty
  if (at > gathering.lastAt) gathering.lastAt = at
}

function settlePool(tally: Tally): void {
  const { total } = tally
  if (total.gathering.shares === 0) return
  addShares(tally, total, total.gathering)
  empty(total.gathering)
}

function settleWorker(tally: Tally, worker: Worker): void {
  addShares(tally, worker, worker.gathering)
  addShares(tally, worker.account, worker.gathering)
  empty(worker.gathering)
  markChanged(tally, worker)
  markChanged(tally, worker.account)
}

function empty(gathering: Gathering): void {
  gathering.shares = 0
  gathering.difficulty = 0
  gathering.squares = 0
  gathering.lastAt = 0
}

/** Effort of the first `count` shares: each at the network's difficulty of its own job. Exact, whatever the order. */
function effortOf(tally: Tally, gateway: number, data: Accepted, count: number): bigint {
  let effort = 0n
  let job = -1
  let difficulty = 0
  for (let i = 0; i < count; i++) {
    if (data.job[i] !== job) {
      if (difficulty > 0) effort += BigInt(difficulty) * perDifficultyOf(tally, gateway, job)
      job = data.job[i] ?? -1
      difficulty = 0
    }
    difficulty += data.difficulty[i] ?? 0
  }
  return difficulty > 0 ? effort + BigInt(difficulty) * perDifficultyOf(tally, gateway, job) : effort
}

function solvedRow(
  tally: Tally,
  { gateway, stream, revision }: ShareEvent,
  index: number,
  hash: string,
  before: PoolMark,
  data: Accepted,
): SolvedRow {
  const number = data.connection[index] ?? 0
  const connection = connectionOf(tally, gateway, number)
  const worker = connection?.workers[data.worker[index] ?? -1]
  let difficulty = before.difficulty
  for (let i = 0; i <= index; i++) difficulty += BigInt(data.difficulty[i] ?? 0)
  return {
    hash,
    share: { stream, revision, index },
    at: data.at + (data.elapsed[index] ?? 0),
    gateway,
    job: data.job[index] ?? 0,
    connection: number,
    account: worker?.account.account ?? null,
    worker: worker?.name ?? null,
    difficulty: data.difficulty[index] ?? 0,
    extranonce1: connection?.extranonce1 ?? null,
    profile: connection?.profile ?? null,
    extranonce2: data.extranonce2[index] ?? '',
    ntime: data.ntime[index] ?? 0,
    nonce: data.nonce[index] ?? 0,
    mark: {
      effort: before.effort + effortOf(tally, gateway, data, index + 1),
      shares: before.shares + index + 1,
      difficulty,
    },
  }
}

interface Refusal {
  readonly reason: RejectReason
  readonly count: number
  readonly needed: number
  readonly best: number
  readonly lastAt: number
}

/** Counts refused shares: on the pool all of them, on worker and account those that name a worker. */
export function foldSharesRejected(tally: Tally, gateway: number, data: EventData<'SharesRejected'>): void {
  let count = data.others
  for (let i = 0; i < data.count.length; i++) {
    const refusal: Refusal = {
      reason: data.reason[i] ?? 'malformed',
      count: data.count[i] ?? 0,
      needed: data.needed[i] ?? 0,
      best: data.best[i] ?? 0,
      lastAt: data.at,
    }
    count += refusal.count
    countByReason(tally, tally.total, refusal)
    const ordinal = data.worker[i] ?? null
    if (ordinal === null) continue
    const worker = connectionOf(tally, gateway, data.connection[i] ?? -1)?.workers[ordinal]
    if (worker === undefined) continue
    for (const meter of [worker, worker.account]) {
      countByReason(tally, meter, refusal)
      addRejected(tally, meter, data.at, refusal.count)
      markChanged(tally, meter)
    }
  }
  addRejected(tally, tally.total, data.at, count)
}

function countByReason(tally: Tally, meter: Meter, { reason, count, needed, best, lastAt }: Refusal): void {
  const key = `${meter.id} ${reason}`
  const row = tally.changes.rejected.get(key)
  if (row === undefined) {
    tally.changes.rejected.set(key, { meter, reason, count, needed, best, lastAt })
    return
  }
  row.count += count
  row.needed = needed
  row.best = best
  row.lastAt = lastAt
}

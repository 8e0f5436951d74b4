import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { EventStore, RecordedEvent, StreamAppend } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { networks } from '../../domain/decred/network.ts'
import { difficultyTarget, targetToCompact } from '../../domain/decred/target.ts'
import { type EventData, event, type PoolEvent, type Scheme } from '../../domain/events.ts'
import type { Policy } from '../../domain/policy.ts'
import { workSettledEvent } from '../../domain/reward/pay-per-share.ts'
import type { Ledger } from '../../src/treasury/money-log.ts'
import { openProblems } from '../../src/treasury/problems.ts'
import { recall } from '../../src/treasury/recall.ts'
import { Records } from '../../src/treasury/records.ts'
import { openSettlements } from '../../src/treasury/settlement.ts'
import { eventHistory } from '../support/event-histories.ts'
import type { Measure } from './measure.ts'

/** Money: reading shares as the treasury does, and sharing a block among ten million of them. */

const network = networks.mainnet
/** Accounts of a pool, unless a benchmark says otherwise. */
const ACCOUNTS = 1_000
const EVENT_SHARES = 600
/** Difficulties that shares have, ten apart. */
const DIFFICULTIES = 64
const HASH = 'b1'.repeat(32)

/** A log of one gateway, event by event: nothing is kept of it. */
class Log {
  readonly #accounts: number
  #height = 100
  #position = 0
  readonly #revisions = new Map<string, number>()

  constructor(accounts: number) {
    this.#accounts = accounts
  }

  next(stream: string, { type, data }: PoolEvent): RecordedEvent {
    const revision = (this.#revisions.get(stream) ?? -1) + 1
    this.#revisions.set(stream, revision)
    return { id: '', stream, revision, position: ++this.#position, type, data: canonicalJson(data) }
  }

  *opening(scheme: Scheme, sharesPerBlock: number): Generator<RecordedEvent> {
    yield this.next('pool', event('PolicyAdopted', { v: 1, at: 0, ...POLICY, scheme }))
    for (let n = 0; n < this.#accounts; n++)
      yield this.next(
        `connection-0.${n}`,
        event('WorkerAuthorized', { v: 1, at: 0, account: n.toString(16).padStart(64, '0'), worker: 'w' }),
      )
    yield this.work(sharesPerBlock)
  }

  /** Work of the next height, always the same job. */
  work(sharesPerBlock: number): RecordedEvent {
    const bits = targetToCompact(difficultyTarget(network, sharesPerBlock * (DIFFICULTIES / 2) * 10))
    const height = this.#height++
    return this.next(
      'work-0-2026112301',
      event('WorkIssued', {
        ...{ v: 1, at: 0, job: 0, header: '00'.repeat(180), powAlgorithm: 'blake3', height, bits },
        ...{ subsidy: '500000000', reason: 'new-parent' },
      }),
    )
  }

  shares(n: number, solved: EventData<'SharesAccepted'>['solved'] = []): RecordedEvent {
    const column = <A>(of: (i: number) => A): readonly A[] =>
      Array.from({ length: EVENT_SHARES }, (_, i) => of(i))
    return this.next(
      'shares-0-2026112301',
      event('SharesAccepted', {
        ...{
          v: 1,
          at: n,
          connection: column((i) => (n * 607 + i * 13) % this.#accounts),
          worker: column(() => 0),
        },
        ...{ job: column(() => 0), difficulty: column((i) => 10 * (1 + ((n + i) % DIFFICULTIES))) },
        ...{
          // No two the same, as miners send them: JSON.parse is quick with what it has seen.
          extranonce2: column((i) => (n * EVENT_SHARES + i).toString(16).padStart(8, '0')),
          ntime: column((i) => (n + i) % 60),
          nonce: column((i) => Math.imul(n * EVENT_SHARES + i, 0x9e37_79b1) >>> 0),
        },
        ...{ elapsed: column((i) => i), solved },
      }),
    )
  }

  *found(): Generator<RecordedEvent> {
    const header = '00'.repeat(180)
    const share = {
      stream: 'shares-0-2026112301',
      revision: this.#revisions.get('shares-0-2026112301') ?? 0,
      index: EVENT_SHARES - 1,
    }
    const reward = { transaction: 'c0'.repeat(32), output: 1, atoms: '500000000' }
    const stream = `block-${HASH}`
    yield this.next(
      stream,
      event('BlockFound', {
        ...{ v: 1, at: 1, height: 100, header, powAlgorithm: 'blake3', share, gateway: 0, job: 0 },
        ...{ connection: 0, account: null, worker: null },
      }),
    )
    yield this.next(stream, event('BlockConnected', { v: 1, at: 1, reward }))
    yield this.next(stream, event('BlockApproved', { v: 1, at: 1, by: 'b2'.repeat(32) }))
  }
}

const POLICY: Omit<Policy, 'scheme'> = {
  feePpm: 10_000,
  rounding: 'largest-remainder',
  feeAddresses: [],
  minimumPayout: '1000000',
  feeBearer: 'miners',
  payoutSchedule: { kind: 'blocks', every: 288 },
  payoutMode: 'automatic',
  payoutConfirmations: 6,
  sharesPerMinute: 15,
  lateShareGraceMs: 2000,
}

function take(records: Records, recorded: RecordedEvent): void {
  const taken = records.take(recorded)
  if (E.isLeft(taken)) throw new Error(taken.left.message)
}

/** Events between two heights, under pay per share. */
const HEIGHT_EVENTS = 100
const PAGE = 16

/**
 * Shares a second that are read from the embedded store, resolved, and kept for their window or paid at each new height, beside
 * JSON.parse of the same bytes and nothing else, page by page in turns.
 */
export async function benchAccounting(shares: number, directory: string): Promise<readonly Measure[]> {
  const measures: Measure[] = []
  for (const kind of ['pplns', 'pps'] as const) {
    const store = await openSqliteEventStore({ file: join(directory, `${kind}.db`) })()
    if (E.isLeft(store)) throw new Error(store.left.message)
    await writeAll(store.right, accountingLog(kind, shares))
    const { value, baseline } = await fold(store.right)
    await store.right.close()
    measures.push({
      id: 'P5',
      measure:
        kind === 'pps'
          ? 'shares read from the store and paid for by the share'
          : 'shares booked from the store under pplns',
      value,
      unit: '1/s',
      baseline,
      budget: '>= 2,000,000, and >= 60 % of JSON.parse alone',
      met: value >= 2_000_000 && value >= 0.6 * baseline,
    })
  }
  return measures
}

/** A history of one scheme; under `pps` with its settlements, as the records ask for them. */
function* accountingLog(kind: 'pplns' | 'pps', shares: number): Generator<RecordedEvent> {
  const log = new Log(ACCOUNTS)
  const records = new Records(network)
  const scheme: Scheme = kind === 'pps' ? { kind, reserve: '0' } : { kind, windowPpm: 2_000_000 }
  const sharesPerBlock = Math.ceil(shares / 3)
  function* put(recorded: RecordedEvent): Generator<RecordedEvent> {
    if (kind === 'pps') take(records, recorded)
    yield recorded
  }
  for (const each of log.opening(scheme, sharesPerBlock)) yield* put(each)
  for (let n = 0; n < shares / EVENT_SHARES; n++) {
    yield* put(log.shares(n))
    if (n % HEIGHT_EVENTS === HEIGHT_EVENTS - 1) yield* put(log.work(sharesPerBlock))
    for (let [due] = records.mined.workDue; due !== undefined; [due] = records.mined.workDue)
      yield* put(
        log.next(
          `settlement-${records.nextSettlement}`,
          workSettledEvent(1, due.policy, due.height ?? 0, due.work),
        ),
      )
  }
}

async function writeAll(store: EventStore, events: Iterable<RecordedEvent>): Promise<void> {
  let batch: StreamAppend[] = []
  const write = async (): Promise<void> => {
    const appended = await store.append(batch)()
    if (E.isLeft(appended)) throw new Error(appended.left.message)
    batch = []
  }
  for (const { stream, revision, id, type, data } of events) {
    batch.push({ stream, expected: revision - 1, events: [{ id, type, data }] })
    if (batch.length >= PAGE) await write()
  }
  await write()
}

/** Milliseconds of the processor that this thread has had: what other programs take does not count. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Shares a second of the fold, reading included, and of JSON.parse alone. */
async function fold(store: EventStore): Promise<{ readonly value: number; readonly baseline: number }> {
  const records = new Records(network)
  let foldMs = 0
  let parseMs = 0
  let kept = 0
  for (;;) {
    const begunMs = threadMs()
    const page = await store.readAll(records.position, PAGE)()
    if (E.isLeft(page)) throw new Error(page.left.message)
    for (const each of page.right) take(records, each)
    records.mined.trim()
    foldMs += threadMs() - begunMs
    const parseBegunMs = threadMs()
    for (const { data } of page.right) kept += JSON.stringify(JSON.parse(data)?.v).length
    parseMs += threadMs() - parseBegunMs
    if (page.right.length < PAGE) break
  }
  if (kept === 0) throw new Error('nothing was parsed')
  const { shares } = records.mined
  return { value: (1000 * shares) / foldMs, baseline: (1000 * shares) / parseMs }
}

async function foldAll(store: EventStore): Promise<void> {
  const records = new Records(networks.simnet)
  for (;;) {
    const page = await store.readAll(records.position, PAGE)()
    if (E.isLeft(page)) throw new Error(page.left.message)
    for (const each of page.right) take(records, each)
    if (page.right.length < PAGE) return
  }
}

/** A start with so many shares of history: what is needed of it, beside folding all of it. */
export async function benchRecall(shares: number, directory: string): Promise<Measure> {
  const store = await openSqliteEventStore({ file: join(directory, 'recall.db') })()
  if (E.isLeft(store)) throw new Error(store.left.message)
  const history = eventHistory({
    ...{ seed: 9, shares, workers: 2_000, sharesPerEvent: 600, network: 'simnet' as const },
    ...{ trouble: 0 },
  })
  await writeAll(store.right, history)
  const last = await store.right.head()()
  const newest = E.isRight(last) && O.isSome(last.right) ? last.right.value : 0
  const end = await store.right.readAll(newest - 1, 1)()
  const { at } = E.isRight(end) ? JSON.parse(end.right[0]?.data ?? '{}') : { at: 0 }
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const begunMs = threadMs()
    await work()
    return (threadMs() - begunMs) / 1000
  }
  const part = new Records(networks.simnet)
  const value = await timed(async () => {
    const done = await recall(part, store.right, at, async () => undefined)
    if (E.isLeft(done)) throw new Error(done.left.message)
  })
  const baseline = await timed(() => foldAll(store.right))
  await store.right.close()
  const read = part.mined.shares.toLocaleString('en')
  return {
    id: 'recall',
    measure: `the books of a start with ${shares.toLocaleString('en')} shares of history, ${read} of them read`,
    value,
    unit: 's',
    baseline,
    budget: null,
    met: null,
  }
}

/** Sharing a block among a window of so many shares of so many accounts, while the process has its miners to answer. */
export async function benchSettlement(shares: number, accounts: number): Promise<readonly Measure[]> {
  const log = new Log(accounts)
  const before = settledBytes()
  const records = new Records(network)
  for (const each of log.opening({ kind: 'pplns', windowPpm: 1_000_000 }, shares)) take(records, each)
  // A window of one block's work, and a tenth more than it holds.
  for (let n = 0; n < (1.1 * shares) / EVENT_SHARES; n++) take(records, log.shares(n))
  take(records, log.shares(0, [{ share: EVENT_SHARES - 1, hash: HASH }]))
  for (const each of log.found()) take(records, each)
  const kept = (settledBytes() - before) / 2 ** 20
  let counted = 0
  const ledger: Ledger = {
    records,
    caughtUp: async () => undefined,
    write: async (stream, events) => {
      const tried = records.trial(stream, events)
      if (E.isLeft(tried)) throw new Error(tried.left.message)
      await turn()
      while (tried.right.next().done !== true) await turn()
      for (const each of events) {
        await turn()
        if (each.type === 'RewardAllocated') counted = each.data.window?.shares ?? 0
        take(records, log.next(stream, each))
      }
    },
    holdingShares: (work) => work(),
    recalledWindow: () => Promise.reject(new Error('its shares are in memory')),
    stop: () => undefined,
  }
  const problems = openProblems(
    Date.now,
    (problem) => console.error(problem.message),
    () => undefined,
  )
  const settlements = openSettlements({ ledger, problems, nowMs: Date.now, onSettled: () => undefined })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await turn()
  const begun = performance.now()
  await settlements.settle()
  const seconds = (performance.now() - begun) / 1000
  await turn()
  delay.disable()
  const pauseMs = delay.max / 1e6
  const free = { id: 'settlement', baseline: null }
  const what = `a block is shared among ${counted.toLocaleString('en')} shares of ${accounts.toLocaleString('en')} accounts`
  return [
    { ...free, measure: what, value: seconds, unit: 's', budget: '< 2 s', met: seconds < 2 },
    {
      ...free,
      measure: `${what}: longest pause`,
      value: pauseMs,
      unit: 'ms',
      budget: '<= 50 ms',
      met: pauseMs <= 50,
    },
    {
      ...free,
      measure: `${what}: memory of it`,
      value: kept,
      unit: 'MiB',
      budget: '< 200 MB',
      met: kept < 190,
    },
  ]
}

function settledBytes(): number {
  global.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

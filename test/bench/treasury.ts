import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { networks } from '../../domain/decred/network.ts'
import { difficultyTarget, targetToCompact } from '../../domain/decred/target.ts'
import { type EventData, event, type PoolEvent, type Scheme } from '../../domain/events.ts'
import type { Policy } from '../../domain/policy.ts'
import type { Ledger } from '../../src/treasury/ledger.ts'
import { openProblems } from '../../src/treasury/problems.ts'
import { Records } from '../../src/treasury/records.ts'
import { openSettlements } from '../../src/treasury/settlement.ts'
import type { Measure } from './measure.ts'

/** Money: reading shares as the treasury does, and sharing a block among ten million of them. */

const network = networks.mainnet
const ACCOUNTS = 1_000
const EVENT_SHARES = 600
/** Difficulties that shares have, ten apart. */
const DIFFICULTIES = 64
const HASH = 'b1'.repeat(32)

/** A log of one gateway, event by event: nothing is kept of it. */
class Log {
  #position = 0
  readonly #revisions = new Map<string, number>()

  next(stream: string, { type, data }: PoolEvent): RecordedEvent {
    const revision = (this.#revisions.get(stream) ?? -1) + 1
    this.#revisions.set(stream, revision)
    return { id: '', stream, revision, position: ++this.#position, type, data: canonicalJson(data) }
  }

  *opening(scheme: Scheme, sharesPerBlock: number): Generator<RecordedEvent> {
    yield this.next('pool', event('PolicyAdopted', { v: 1, at: 0, ...POLICY, scheme }))
    for (let n = 0; n < ACCOUNTS; n++)
      yield this.next(
        `connection-0.${n}`,
        event('WorkerAuthorized', { v: 1, at: 0, account: n.toString(16).padStart(64, '0'), worker: 'w' }),
      )
    const bits = targetToCompact(difficultyTarget(network, sharesPerBlock * (DIFFICULTIES / 2) * 10))
    yield this.next(
      'work-0-1',
      event('WorkIssued', {
        ...{ v: 1, at: 0, job: 0, header: '00'.repeat(180), powAlgorithm: 'blake3', height: 100, bits },
        ...{ subsidy: '500000000', reason: 'new-parent' },
      }),
    )
  }

  shares(n: number, solved: EventData<'SharesAccepted'>['solved'] = []): RecordedEvent {
    const column = <A>(of: (i: number) => A): readonly A[] =>
      Array.from({ length: EVENT_SHARES }, (_, i) => of(i))
    return this.next(
      'shares-0-1',
      event('SharesAccepted', {
        ...{ v: 1, at: n, connection: column((i) => (n * 7 + i * 13) % ACCOUNTS), worker: column(() => 0) },
        ...{ job: column(() => 0), difficulty: column((i) => 10 * (1 + ((n + i) % DIFFICULTIES))) },
        ...{
          extranonce2: column(() => '0000002a'),
          ntime: column(() => 12),
          nonce: column((i) => 305_419_896 + i),
        },
        ...{ elapsed: column((i) => i), solved },
      }),
    )
  }

  *found(): Generator<RecordedEvent> {
    const header = '00'.repeat(180)
    const share = {
      stream: 'shares-0-1',
      revision: this.#revisions.get('shares-0-1') ?? 0,
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

/** Shares a second that are read, resolved and kept for their window, or paid, beside JSON.parse of the same events. */
export function benchAccounting(shares: number): readonly Measure[] {
  return (['pplns', 'pps'] as const).map((kind) => {
    const log = new Log()
    const records = new Records(network)
    const scheme: Scheme = kind === 'pps' ? { kind, reserve: '0' } : { kind, windowPpm: 2_000_000 }
    for (const each of log.opening(scheme, shares)) take(records, each)
    const events = Array.from({ length: Math.ceil(shares / EVENT_SHARES) }, (_, n) => log.shares(n))
    const perSecond = (work: (each: RecordedEvent) => unknown): number => {
      const begun = performance.now()
      for (const each of events) work(each)
      return (1000 * events.length * EVENT_SHARES) / (performance.now() - begun)
    }
    const baseline = perSecond(({ data }) => JSON.parse(data))
    const value = perSecond((each) => take(records, each))
    const measure = `shares booked from the log under ${kind}`
    return {
      id: 'P5',
      measure,
      value,
      unit: '1/s',
      baseline,
      budget: '>= 2,000,000',
      met: value >= 2_000_000,
    }
  })
}

/** Sharing a block among a window of so many shares, while the process has its miners to answer. */
export async function benchSettlement(shares: number): Promise<readonly Measure[]> {
  const log = new Log()
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
    write: async (_, [first]) => {
      if (first?.type === 'RewardAllocated') counted = first.data.window?.shares ?? 0
      take(records, log.next('settlement-0', first ?? event('BlockDisconnected', { v: 1, at: 0 })))
    },
    holdingShares: (work) => work(),
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
  const what = `a block is shared among a window of ${counted.toLocaleString('en')} shares`
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

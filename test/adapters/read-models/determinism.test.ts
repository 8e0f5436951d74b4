import { join } from 'node:path'
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../../adapters/event-store/port.ts'
import type { ReadModels } from '../../../adapters/read-models/port.ts'
import { openReadModels } from '../../../adapters/read-models/sqlite.ts'
import {
  AccountView,
  BlockSummary,
  BlockView,
  HashrateHistory,
  MinerView,
  PoolView,
  pageOf,
  ReadModelStatus,
  WorkerView,
} from '../../../projections/views.ts'
import { DEFAULT_SIMULATION } from '../../../src/simulate/options.ts'
import { SCHEMES, type SimulatedScheme } from '../../../src/simulate/settings.ts'
import { simulate } from '../../../src/simulate/simulate.ts'
import { eventHistory, type HistoryOptions } from '../../support/event-histories.ts'
import { memoryEventStore } from '../../support/memory-event-store.ts'
import { ALICE, accept, connect, disconnect, find, HASH, issue, openedLog, right, START } from './log.ts'
import { dump, inScratch, withoutCheckpoint } from './scratch.ts'

/** How the same events are fed: in batches of a size each, with what happens between them. */
interface Feeding {
  readonly batches: readonly number[]
  /** After each batch: `store` a question, `close` and open again, `crash` and open again, or nothing. */
  readonly between: readonly ('nothing' | 'store' | 'close' | 'crash' | 'repeat')[]
  /** Ms that pass with each batch. */
  readonly passMs: number
}

const AT_ONCE: Feeding = { batches: [1_000_000], between: ['nothing'], passMs: 0 }
const ONE: Feeding = { batches: [1], between: ['store'], passMs: 0 }

/** The tables of a file that was fed like this. */
function fed(
  events: readonly RecordedEvent[],
  { batches, between, passMs }: Feeding,
): ReturnType<typeof dump> {
  return inScratch((directory) => {
    const file = join(directory, 'read-models.db')
    let now = 0
    const open = (): ReadModels => right(openReadModels({ file, log: 'test', nowMs: () => now }))
    let models = open()
    const crashed: ReadModels[] = []
    for (let turn = 0, from = 0; from < events.length; turn++) {
      const to = from + (batches[turn % batches.length] ?? 1)
      right(models.apply(events.slice(from, to)))
      now += passMs
      from = to
      const then = between[turn % between.length]
      if (then === 'store') right(models.unfinishedBlocks())
      if (then === 'repeat') right(models.apply(events.slice(Math.max(0, from - 7), from)))
      if (then !== 'close' && then !== 'crash') continue
      if (then === 'close') right(models.close())
      else crashed.push(models)
      models = open()
      const checkpoint = models.checkpoint()
      from = checkpoint === null ? 0 : events.findIndex(({ position }) => position === checkpoint) + 1
    }
    right(models.close())
    const tables = dump(file)
    for (const models of crashed) models.close()
    return tables
  })
}

const feeding: fc.Arbitrary<Feeding> = fc.record({
  batches: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 }),
  between: fc.array(fc.constantFrom('nothing', 'store', 'close', 'repeat'), { minLength: 1, maxLength: 5 }),
  passMs: fc.constantFrom(0, 60, 1_500),
})

/** At most one crash in some: what was not stored is fed again. */
const crashing: fc.Arbitrary<Feeding> = fc.record({
  batches: fc.array(fc.integer({ min: 20, max: 200 }), { minLength: 1, maxLength: 5 }),
  between: fc
    .array(fc.constantFrom('nothing', 'store', 'close', 'repeat'), { minLength: 1, maxLength: 4 })
    .map((then) => [...then, 'store', 'crash'] as const),
  passMs: fc.constantFrom(0, 60, 1_500),
})

const history: fc.Arbitrary<HistoryOptions> = fc.record({
  seed: fc.nat(),
  shares: fc.constantFrom(500, 5_000),
  workers: fc.integer({ min: 1, max: 12 }),
  sharesPerEvent: fc.integer({ min: 1, max: 80 }),
  secondsPerOwnBlock: fc.constantFrom(60, 600),
  trouble: fc.constantFrom(1, 5),
  scheme: fc.constantFrom({ kind: 'pplns', windowPpm: 2_000_000 }, { kind: 'pps', reserve: '0' }, null),
})

/** A history that the pool's own engine wrote. */
async function simulated(seed: number, scheme: SimulatedScheme): Promise<readonly RecordedEvent[]> {
  const store = memoryEventStore()
  const options = { ...DEFAULT_SIMULATION, seed, scheme, shares: 1_500, miners: 12, sharesPerBlock: 40 }
  const made = await simulate(store, options)()
  if (E.isLeft(made)) throw new Error(made.left.message)
  const log = await store.readAll(null, 1_000_000)()
  if (E.isLeft(log)) throw new Error(log.left.message)
  return log.right
}

describe('the same events give the same tables, byte for byte', () => {
  test('in any batches, stored and restarted at any time', () => {
    fc.assert(
      fc.property(history, feeding, (options, how) => {
        const events = [...eventHistory(options)]
        expect(fed(events, how)).toEqual(fed(events, AT_ONCE))
      }),
      { numRuns: 30 },
    )
  })

  test.each([
    ['pplns', { kind: 'pplns', windowPpm: 2_000_000 }],
    ['pps', { kind: 'pps', reserve: '0' }],
  ] as const)('with all that can happen to money, under %s', (_, scheme) => {
    const options = { shares: 8_000, workers: 9, sharesPerEvent: 20, secondsPerOwnBlock: 300, trouble: 4 }
    fc.assert(
      fc.property(fc.nat(), feeding, (seed, how) => {
        const events = [...eventHistory({ ...options, seed, scheme })]
        expect(fed(events, how)).toEqual(fed(events, AT_ONCE))
      }),
      { numRuns: 10 },
    )
  })

  test.each(SCHEMES)(
    'of whole pools under %s, in any batches, restarted and crashed at any time',
    async (scheme) => {
      for (const seed of [1, 2, 3]) {
        const events = await simulated(seed, scheme)
        const tables = fed(events, AT_ONCE)
        expect(fed(events, ONE)).toEqual(tables)
        fc.assert(
          fc.property(crashing, (how) => {
            expect(fed(events, how)).toEqual(tables)
          }),
          { numRuns: 2 },
        )
      }
    },
  )

  test('whatever positions their store gave them, but for the checkpoint', () => {
    const events = [...eventHistory({ seed: 6, shares: 3_000, workers: 9, sharesPerEvent: 10, trouble: 4 })]
    const elsewhere = events.map((event) => ({ ...event, position: 4_096 + event.position * 517 }))
    expect(withoutCheckpoint(fed(elsewhere, AT_ONCE))).toEqual(withoutCheckpoint(fed(events, AT_ONCE)))
    expect(fed(elsewhere, AT_ONCE)['pool']).toMatchObject([{ position: elsewhere.at(-1)?.position }])
  })

  test('one event at a time', () => {
    const events = [...eventHistory({ seed: 7, shares: 3_000, workers: 9, sharesPerEvent: 10, trouble: 4 })]
    expect(fed(events, ONE)).toEqual(fed(events, AT_ONCE))
  })

  test('after crashes that lost what was not stored yet', () => {
    const events = [...eventHistory({ seed: 8, shares: 5_000, workers: 9, sharesPerEvent: 20, trouble: 4 })]
    const crashes: Feeding = {
      batches: [40],
      between: ['nothing', 'store', 'nothing', 'crash'],
      passMs: 10,
    }
    expect(fed(events, crashes)).toEqual(fed(events, AT_ONCE))
  })

  test('of a worker that is forgotten, with its refused shares, and comes back under its name', () => {
    const log = openedLog()
    const refuse = (at: number): void => {
      log.add('shares-0-2026092114', 'SharesRejected', at, {
        since: START,
        connection: [1],
        worker: [0],
        reason: ['stale'],
        count: [1],
        needed: [0],
        best: [0],
        others: 0,
      })
    }
    connect(log, 1, ALICE, 'rig')
    refuse(0)
    disconnect(log, 1, 1_000)
    connect(log, 1, ALICE, 'rig', 32 * 86_400_000, 1)
    const tables = fed(log.events, AT_ONCE)
    const untilItLeft = log.events.findIndex(({ type }) => type === 'MinerDisconnected') + 1
    for (const batch of [1, untilItLeft])
      expect(fed(log.events, { batches: [batch], between: ['store'], passMs: 0 })).toEqual(tables)
    // Account and pool have theirs, the worker has none.
    expect(tables['rejected']).toHaveLength(2)
    expect(tables['workers']).toMatchObject([{ name: 'rig', rejected: 0 }])
  })

  test('of a job that is kept for a solved share and goes with its block', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    issue(log, 0, 100, 0)
    accept(log, 1_000, [{ connection: 1, difficulty: 1, solves: HASH(1) }])
    issue(log, 1, 500, 2_000)
    find(log, HASH(1), 100, 3_000)
    const tables = fed(log.events, AT_ONCE)
    expect(fed(log.events, { batches: [1], between: ['store'], passMs: 0 })).toEqual(tables)
    expect(tables['jobs']).toMatchObject([{ job: 1 }])
  })

  test('over two months, when most of what was counted is thrown away again', () => {
    const options: HistoryOptions = {
      seed: 9,
      shares: 3_000,
      workers: 3,
      sharesPerMinute: 0.01,
      sharesPerEvent: 2,
      secondsPerOwnBlock: 20_000,
      trouble: 2,
    }
    const events = [...eventHistory(options)].filter(({ type }) => type !== 'SharesRejected')
    const how: Feeding = { batches: [500, 3, 70], between: ['nothing', 'close', 'store'], passMs: 60 }
    expect(fed(events, how)).toEqual(fed(events, AT_ONCE))
  })
})

test('every answer is as its codec says', () => {
  fc.assert(
    fc.property(history, (options) => {
      const events = [...eventHistory(options)]
      const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
      right(models.apply(events))
      const now = models.status().eventAt ?? 0
      const miners = right(models.miners({ after: null, limit: 5 }, now))
      const blocks = right(models.blocks({}, { after: null, limit: 100 }))
      expect(PoolView.is(right(models.pool(now)))).toBe(true)
      expect(pageOf(MinerView).is(miners)).toBe(true)
      expect(pageOf(BlockSummary).is(blocks)).toBe(true)
      expect(ReadModelStatus.is(models.status())).toBe(true)
      for (const { hash } of blocks.items) expect(BlockView.is(right(models.block(hash)))).toBe(true)
      for (const { account } of miners.items) {
        expect(AccountView.is(right(models.account(account, now)))).toBe(true)
        const workers = right(models.workers(account, { after: null, limit: 100 }, now))
        expect(pageOf(WorkerView).is(workers)).toBe(true)
        const chart = models.hashrateHistory({ account, from: now - 3_600_000, to: now, stepSeconds: 60 })
        expect(HashrateHistory.is(right(chart))).toBe(true)
      }
    }),
    { numRuns: 15 },
  )
})

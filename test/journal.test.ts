import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { read } from '../adapters/event-store/catalogue.ts'
import type { EventStore, StoreError } from '../adapters/event-store/port.ts'
import { event, type PoolEvent, type ShareReference } from '../domain/events.ts'
import { epochOf } from '../domain/mining/epoch.ts'
import { type Journal, type JournalShare, openJournal } from '../src/journal.ts'
import { memoryEventStore } from './support/memory-event-store.ts'

const HOUR = Date.UTC(2026, 10, 23, 18)

interface Desk {
  readonly store: ReturnType<typeof memoryEventStore>
  readonly journal: Journal
  readonly committed: { readonly nonce: number; readonly reference: ShareReference }[]
  readonly commits: number[]
  readonly errors: (StoreError | null)[]
  readonly stopped: StoreError[]
  readonly log: () => Promise<readonly (PoolEvent & { readonly stream: string })[]>
  readonly share: (nonce: number, over?: Partial<JournalShare>) => void
  readonly clock: { now: number }
}

const open: Journal[] = []
afterEach(async () => {
  for (const journal of open.splice(0)) await journal.stop(50)
})

function desk(
  options: Partial<Parameters<typeof openJournal>[0]> = {},
  store: Desk['store'] = memoryEventStore(),
): Desk {
  const clock = { now: HOUR }
  const committed: Desk['committed'] = []
  const commits: number[] = []
  const errors: Desk['errors'] = []
  const stopped: StoreError[] = []
  const journal = openJournal({
    store,
    gateway: 3,
    nowMs: () => clock.now,
    lingerMsMax: 5,
    batchSharesTarget: 32,
    queueSharesMax: 1_000,
    onCommit: (shares) => commits.push(shares),
    onRejected: () => undefined,
    onStoreError: (error) => errors.push(error),
    onStopped: (error) => stopped.push(error),
    ...options,
  })
  open.push(journal)
  return {
    store,
    journal,
    committed,
    commits,
    errors,
    stopped,
    clock,
    share: (nonce, over = {}) =>
      journal.share({
        connection: 1,
        worker: 0,
        job: 7,
        difficulty: 2,
        extranonce2: '00000001',
        ntimeOffset: 1,
        nonce,
        atMs: clock.now,
        solved: null,
        committed: (reference) => committed.push({ nonce, reference }),
        ...over,
      }),
    log: async () => {
      const all = await store.readAll(null, 100_000)()
      if (E.isLeft(all)) throw new Error(all.left.message)
      return all.right.map((recorded) => {
        const decoded = read(recorded)
        if (E.isLeft(decoded)) throw new Error(decoded.left.message)
        return { ...decoded.right, stream: recorded.stream }
      })
    },
  }
}

const connected = event('MinerConnected', {
  v: 1,
  at: HOUR,
  extranonce1: '00000001',
  listener: 'l',
  resumes: null,
})
const left = event('MinerDisconnected', {
  v: 1,
  at: HOUR,
  reason: 'idle',
  accepted: 1,
  rejected: 0,
  difficulty: '2',
})

const issued = (job: number): PoolEvent =>
  event('WorkIssued', {
    ...{ v: 1, at: HOUR, job, header: '00'.repeat(180), powAlgorithm: 'blake3', height: 1, bits: 1 },
    ...{ subsidy: '0', reason: 'new-parent' },
  })

/** A store that takes unordered neighbours as it likes, by these ranks of their streams; each stream in order. */
const neighboursIn = (ranks: readonly number[], store: EventStore): EventStore => ({
  ...store,
  append: (appends) => async () => {
    let left = appends
    while (left.length > 0) {
      const end = left.findIndex(({ unordered }) => unordered !== true)
      const together = end === 0 ? 1 : end === -1 ? left.length : end
      const streams = [...new Set(left.slice(0, together).map(({ stream }) => stream))]
      const ranked = streams.map((stream, n) => ({ stream, rank: ranks[n % ranks.length] ?? 0 }))
      for (const { stream } of ranked.toSorted((one, other) => one.rank - other.rank)) {
        const of = left.slice(0, together).filter((each) => each.stream === stream)
        const appended = await store.append(of)()
        if (E.isLeft(appended)) return appended
      }
      left = left.slice(together)
    }
    return E.right(undefined)
  },
})

describe('the journal', () => {
  test('answers a share only once it is in the log, and says where', async () => {
    const { journal, share, committed, log, store } = desk()
    store.goAway()
    share(11)
    await vi.waitFor(() => expect(journal.state().kind).toBe('store-away'))
    expect(committed).toEqual([])
    store.comeBack()
    await vi.waitFor(() =>
      expect(committed).toEqual([
        { nonce: 11, reference: { stream: 'shares-3-2026112318', revision: 0, index: 0 } },
      ]),
    )
    expect(journal.state()).toMatchObject({ kind: 'ok', queuedShares: 0 })
    expect((await log()).map(({ type }) => type)).toEqual(['SharesAccepted'])
  })

  test('writes what shares refer to before them and what ends a connection after them, in one commit', async () => {
    const { journal, share, commits, log } = desk()
    const stream = journal.stream('connection-3.1')
    share(1)
    journal.record(stream, 'before', [connected])
    share(2)
    journal.record(stream, 'after', [left])
    await vi.waitFor(() => expect(commits).toEqual([2]))
    expect((await log()).map(({ type }) => type)).toEqual([
      'MinerConnected',
      'SharesAccepted',
      'MinerDisconnected',
    ])
  })

  test('writes long records in several commits, and the share that follows them in the last', async () => {
    const sizes: string[] = []
    const store = memoryEventStore()
    const { journal, share, commits } = desk({
      store: {
        ...store,
        append: (appends) => {
          sizes.push(`${appends.flatMap(({ events }) => events).length}`)
          return store.append(appends)
        },
      },
    })
    for (let n = 0; n < 10; n++)
      journal.record(journal.stream(`connection-3.${n}`), 'before', Array(1_000).fill(connected))
    share(1)
    await vi.waitFor(() => expect(commits.at(-1)).toBe(1))
    expect(sizes).toEqual(['5000', '5001'])
  })

  test('gathers shares until there are enough of them, a block at once', async () => {
    const { share, commits, journal } = desk({ lingerMsMax: 60_000, batchSharesTarget: 4 })
    for (const nonce of [1, 2, 3]) share(nonce)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(commits).toEqual([])
    share(4)
    await vi.waitFor(() => expect(commits).toEqual([4]))
    share(5, { solved: 'ab'.repeat(32) })
    await vi.waitFor(() => expect(commits).toEqual([4, 1]))
    expect(journal.state().queuedShares).toBe(0)
  })

  test('with no linger commits each turn of the loop', async () => {
    const { share, commits } = desk({ lingerMsMax: 0 })
    share(1)
    share(2)
    await vi.waitFor(() => expect(commits).toEqual([2]))
  })

  test('columns say what was shared, the block hash with its share', async () => {
    const bench = desk()
    bench.share(9, { atMs: HOUR + 40 })
    bench.share(8, { atMs: HOUR, connection: 2, worker: 1, difficulty: 5, solved: 'cd'.repeat(32) })
    await vi.waitFor(() => expect(bench.commits).toEqual([2]))
    expect((await bench.log())[0]?.data).toEqual({
      v: 1,
      at: HOUR,
      connection: [1, 2],
      worker: [0, 1],
      job: [7, 7],
      difficulty: [2, 5],
      extranonce2: ['00000001', '00000001'],
      ntime: [1, 1],
      nonce: [9, 8],
      elapsed: [40, 0],
      solved: [{ share: 1, hash: 'cd'.repeat(32) }],
    })
  })

  test('a lost answer and a store that comes and goes: everything once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('share', 'lose', 'away', 'back', 'wait', 'fail'), {
          minLength: 1,
          maxLength: 40,
        }),
        async (steps) => {
          const { store, share, journal, log, committed } = desk({ lingerMsMax: 0 })
          let shares = 0
          for (const step of steps) {
            if (step === 'share') share(++shares)
            else if (step === 'lose') store.loseNextAnswer()
            else if (step === 'away') store.goAway()
            else if (step === 'back') store.comeBack()
            else if (step === 'fail') store.failNextAppend({ kind: 'unavailable', message: 'full' })
            else await new Promise((resolve) => setImmediate(resolve))
          }
          store.comeBack()
          expect(await journal.stop(10_000)).toBe(true)
          const nonces = (await log()).flatMap((each) =>
            each.type === 'SharesAccepted' ? each.data.nonce : [],
          )
          expect(nonces).toEqual(Array.from({ length: shares }, (_, i) => i + 1))
          expect(committed.map(({ nonce }) => nonce)).toEqual(nonces)
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)

  test('a queue that is full says so, and takes shares again when the store is back', async () => {
    const { store, share, journal } = desk({ queueSharesMax: 10, lingerMsMax: 0 })
    store.goAway()
    for (let nonce = 0; nonce < 10; nonce++) {
      expect(journal.hasRoom()).toBe(true)
      share(nonce)
    }
    expect(journal.hasRoom()).toBe(false)
    await vi.waitFor(() => expect(journal.state().kind).toBe('full'))
    store.comeBack()
    await vi.waitFor(() => expect(journal.hasRoom()).toBe(true))
  })

  test('stops for good when another writer is in its stream, and answers nothing more', async () => {
    const { store, share, journal, committed, stopped } = desk({ lingerMsMax: 0 })
    await store.append([
      {
        stream: 'shares-3-2026112318',
        expected: -1,
        events: [{ id: '11111111-1111-5111-8111-111111111111', type: 'Foreign', data: '{}' }],
      },
    ])()
    share(1)
    await vi.waitFor(() => expect(stopped).toHaveLength(1))
    expect(journal.state().kind).toBe('stopped')
    expect(journal.hasRoom()).toBe(false)
    expect(committed).toEqual([])
    await expect(journal.commit(journal.stream('block-x'), [left])).rejects.toThrow()
  })

  test('an account that is in the log already is no conflict', async () => {
    const { journal, commits, log, share } = desk({ lingerMsMax: 0 })
    const opened = event('AccountOpened', { v: 1, at: HOUR, address: 'Ss1' })
    journal.recordFirst('account-a', opened)
    await vi.waitFor(() => expect(commits).toHaveLength(1))
    journal.recordFirst('account-a', event('AccountOpened', { v: 1, at: HOUR + 5, address: 'Ss1' }))
    share(1)
    await vi.waitFor(() => expect(commits).toEqual([0, 1]))
    expect((await log()).filter(({ type }) => type === 'AccountOpened')).toHaveLength(1)
  })

  test('many shares become events within the limit and each knows its place', async () => {
    const { share, journal, committed, log } = desk({ queueSharesMax: 100_000 })
    const long = {
      extranonce2: 'ff'.repeat(12),
      connection: 9_999_999,
      worker: 31,
      job: 99_999_999,
      difficulty: 2 ** 53 - 1,
      nonce: 0xffffffff,
    }
    for (let nonce = 0; nonce < 5_000; nonce++)
      share(nonce, { ...long, nonce: 0xffffffff - nonce, atMs: HOUR + nonce })
    expect(await journal.stop(5_000)).toBe(true)
    const events = (await log()).filter((each) => each.type === 'SharesAccepted')
    expect(Math.max(...events.map(({ data }) => JSON.stringify(data).length))).toBeLessThan(60_000)
    for (const { nonce, reference } of [committed[0], committed[2_500], committed[4_999]].flatMap(
      (c) => c ?? [],
    )) {
      const data = events[reference.revision]?.data
      expect(data?.nonce[reference.index]).toBe(0xffffffff - nonce)
    }
  })

  test('an hour ends with its sums, and the next begins in a stream of its own', async () => {
    const bench = desk({ lingerMsMax: 0 })
    bench.share(1)
    await vi.waitFor(() => expect(bench.commits).toEqual([1]))
    bench.clock.now = HOUR + 3_600_000
    bench.share(2, { difficulty: 2 ** 53 - 1 })
    await vi.waitFor(() => expect(bench.commits).toEqual([1, 1]))
    await bench.journal.stop(1_000)
    expect(
      (await bench.log()).map(({ stream, type, data }) => [
        stream,
        type,
        type === 'EpochClosed' ? data : null,
      ]),
    ).toEqual([
      ['shares-3-2026112318', 'SharesAccepted', null],
      [
        'shares-3-2026112318',
        'EpochClosed',
        { v: 1, at: HOUR + 3_600_000, shares: 1, events: 1, difficulty: '2' },
      ],
      ['shares-3-2026112319', 'SharesAccepted', null],
      [
        'shares-3-2026112319',
        'EpochClosed',
        { v: 1, at: HOUR + 3_600_000, shares: 1, events: 1, difficulty: '9007199254740991' },
      ],
    ])
  })

  test('where the clock is set back over the hour, the new hour goes on', async () => {
    const { clock, share, commits, journal, log, stopped } = desk({ lingerMsMax: 0 })
    clock.now = HOUR + 3_600_000 - 500
    for (const [nonce, stepMs] of [1_000, -900, 2_000, -7_200_000].entries()) {
      share(nonce)
      await vi.waitFor(() => expect(commits).toHaveLength(nonce + 1))
      clock.now += stepMs
    }
    expect(await journal.stop(1_000)).toBe(true)
    expect(stopped).toEqual([])
    const written = (await log()).map(({ stream, type }) => `${stream.slice(9)} ${type}`)
    expect(written).toEqual([
      '2026112318 SharesAccepted',
      '2026112318 EpochClosed',
      '2026112319 SharesAccepted',
      '2026112319 SharesAccepted',
      '2026112319 SharesAccepted',
      '2026112319 EpochClosed',
    ])
  })

  test('a share that waited while the clock was set back stands in its own hour, and so does its work', async () => {
    const { clock, share, journal, log } = desk()
    clock.now = HOUR + 3_600_000
    expect(journal.epochAt(clock.now)).toBe('2026112319')
    share(1)
    clock.now -= 1_000
    expect(journal.epochAt(clock.now)).toBe('2026112319')
    await journal.stop(1_000)
    expect((await log()).map(({ stream, type }) => `${stream} ${type}`)).toEqual([
      'shares-3-2026112319 SharesAccepted',
      'shares-3-2026112319 EpochClosed',
    ])
  })

  test('however the clock is set about the hour: hours go up, one at a time, and hold nothing of later ones', async () => {
    const step = fc.oneof(
      fc.constant('share' as const),
      fc.constant('wait' as const),
      fc.integer({ min: -3_000, max: 3_000 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const { clock, share, journal, log, stopped } = desk({ lingerMsMax: 0 })
        clock.now = HOUR + 3_600_000
        let shares = 0
        for (const each of steps) {
          if (each === 'share') share(shares++)
          else if (each === 'wait') await new Promise((resolve) => setTimeout(resolve, 1))
          else clock.now += each
        }
        expect(await journal.stop(10_000)).toBe(true)
        expect(stopped).toEqual([])
        const written = await log()
        expect(
          written.flatMap((each) => (each.type === 'SharesAccepted' ? each.data.nonce : [])),
        ).toHaveLength(shares)
        const hours = written.map(({ stream }) => stream.slice(9))
        expect(hours).toEqual(hours.toSorted())
        for (const { stream, type, data } of written)
          if (type === 'SharesAccepted') expect(epochOf(data.at) <= stream.slice(9)).toBe(true)
        const closed = written
          .filter(({ type }) => type === 'EpochClosed')
          .map(({ stream }) => stream.slice(9))
        expect(closed).toEqual([...new Set(hours)])
        for (const [i, { type }] of written.entries())
          expect(type === 'EpochClosed').toBe(hours[i] !== hours[i + 1])
      }),
      { numRuns: 100 },
    )
  }, 60_000)

  test('work stands in the log in its order, and what shares refer to before them, in whatever order a store takes neighbours', async () => {
    const record = fc.constantFrom('work', 'work of the next hour', 'connection', 'share')
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 2, maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
        async (records, ranks) => {
          const store = memoryEventStore()
          const { journal, share, clock, log } = desk(
            { store: neighboursIn(ranks, store), lingerMsMax: 0 },
            store,
          )
          store.goAway()
          let job = -1
          let connections = 0
          let hours = 0
          let work = journal.stream('work-3-0')
          for (const each of records) {
            if (each === 'work of the next hour') work = journal.stream(`work-3-${++hours}`)
            if (each === 'connection')
              journal.record(journal.stream(`connection-3.${connections++}`), 'before', [connected])
            else if (each !== 'share') void journal.commit(work, [issued(++job)])
            else if (job >= 0 && connections > 0) share(0, { job, connection: connections - 1 })
          }
          await new Promise((resolve) => setTimeout(resolve, 2))
          store.comeBack()
          clock.now += 1
          expect(await journal.stop(10_000)).toBe(true)
          const jobs: number[] = []
          const begun = new Set<string>()
          for (const { stream, type, data } of await log()) {
            if (type === 'WorkIssued') jobs.push(data.job)
            if (type === 'MinerConnected') begun.add(stream)
            if (type !== 'SharesAccepted') continue
            for (const each of data.job) expect(jobs).toContain(each)
            for (const each of data.connection) expect(begun).toContain(`connection-3.${each}`)
          }
          expect(jobs).toEqual(Array.from({ length: job + 1 }, (_, n) => n))
          expect(begun.size).toBe(connections)
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)

  test('a flood of refused shares is one small event', async () => {
    const { journal, log } = desk()
    for (let number = 0; number < 2_000; number++) {
      const connection = { number, isOver: false }
      for (let best = 10; best < 60; best++) journal.rejected(connection, 0, 'low-difficulty', 64, best)
    }
    await journal.stop(1_000)
    const [summary] = await log()
    expect(summary?.type).toBe('SharesRejected')
    if (summary?.type !== 'SharesRejected') return
    expect(summary.data.connection).toHaveLength(500)
    expect(summary.data.count.reduce((a, b) => a + b, 0) + summary.data.others).toBe(100_000)
    expect(Math.max(...summary.data.best)).toBe(59)
    expect(JSON.stringify(summary.data).length).toBeLessThan(60_000)
  })

  test('stop says when the store did not take everything', async () => {
    const { store, share, journal, committed } = desk({ lingerMsMax: 0 })
    store.goAway()
    share(1)
    expect(await journal.stop(30)).toBe(false)
    expect(committed).toEqual([])
  })
})

test('an epoch is a UTC hour', () => {
  expect(epochOf(Date.UTC(2026, 0, 2, 3, 59, 59, 999))).toBe('2026010203')
})

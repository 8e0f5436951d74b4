import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventStore, RecordedEvent, StreamEvent } from '../../adapters/event-store/port.ts'
import { PROBLEMS_MAX, type VerifyReport } from '../../src/store/findings.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { type VerifyProgress, verifyStore } from '../../src/store/verify.ts'
import { scratchDirectory } from '../adapters/event-store/scratch.ts'
import { type ConformanceServer, startConformanceServer } from '../support/eventstoredb/server.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { eventAt, fill, history, sha256Of, storeOf } from './logs.ts'

const EVENTS = history()

async function opened(url: string): Promise<EventStore> {
  const store = await openEventStore(url)()
  if (E.isLeft(store)) throw new Error(store.left.message)
  onTestFinished(() => store.right.close())
  return store.right
}

async function verified(store: EventStore): Promise<VerifyReport> {
  const report = await verifyStore(store, () => {})()
  if (E.isLeft(report)) throw new Error(report.left.message)
  return report.right
}

const placed = (events: readonly StreamEvent[]): readonly RecordedEvent[] =>
  events.map((event, n) => ({ ...event, position: n + 1 }))

/** What is wrong with a log of a few events that is otherwise whole. */
const problemsOf = async (events: readonly RecordedEvent[]): Promise<readonly string[]> =>
  (await verified(storeOf(events))).problems

describe('a whole store', () => {
  test.each(['SQLite', 'EventStoreDB'])('in %s: what is in it', async (engine) => {
    const server = await startConformanceServer()
    onTestFinished(() => server.kill())
    const store = await opened(
      engine === 'SQLite' ? `sqlite:${join(scratchDirectory(), 'lodebook.db')}` : server.url,
    )
    await fill(store, EVENTS)
    server.write('somebody-else', [{ type: 'T', data: '{}' }])
    const unknown = EVENTS.filter(({ type }) => type === 'SomethingOfTomorrow').length
    const report = await verified(store)
    expect(report).toMatchObject({
      events: EVENTS.length,
      streams: new Set(EVENTS.map(({ stream }) => stream)).size,
      sha256: sha256Of(EVENTS),
      firstAt: JSON.parse(EVENTS[0]?.data ?? '').at,
      unknownTypes: new Map([['SomethingOfTomorrow', unknown]]),
      problems: [],
      problemsFound: 0,
    })
    expect(unknown).toBeGreaterThan(0)
    expect(report.lastAt).toBeGreaterThan(report.firstAt ?? 0)
  })

  test('bytes are those of the entries, with a newline each', async () => {
    const store = memoryEventStore()
    await fill(store, [eventAt('pool', 0, 'Ü', '{"at":1,"v":1}')])
    const line = '{"at":1,"data":{"at":1,"v":1},"revision":0,"stream":"pool","type":"Ü","v":1}\n'
    expect((await verified(store)).bytes).toBe(Buffer.byteLength(line))
  })

  test('progress: first the log, then the streams', async () => {
    const store = memoryEventStore()
    await fill(store, EVENTS)
    const told: VerifyProgress[] = []
    await verifyStore(store, (progress) => told.push(progress))()
    expect(told.findLast(({ doing }) => doing === 'reading events')).toMatchObject({
      count: EVENTS.length,
      fraction: 1,
    })
    expect(told.at(-1)).toMatchObject({ doing: 'reading streams', fraction: 1 })
  })

  test('that grows meanwhile: what was there at the beginning', async () => {
    const store = memoryEventStore()
    await fill(store, EVENTS)
    const growing: EventStore = {
      ...store,
      readAll: (after, limit) => async () => {
        const read = await store.readAll(after, limit)()
        await fill(store, [eventAt(`new-${after}`, 0, 'T', '{}')])
        return read
      },
    }
    expect(await verified(growing)).toMatchObject({ events: EVENTS.length, problems: [] })
  })
})

describe('what is wrong is named', () => {
  const [a, b, c] = [0, 1, 2].map((revision) => eventAt('s', revision, 'T', `{"at":${revision},"v":1}`))
  if (a === undefined || b === undefined || c === undefined) throw new Error('three events')

  test('an event that is missing', async () => {
    expect(await problemsOf(placed([a, c]))).toEqual([
      's@2 T (position 2) stands where revision 1 belongs: 1 event is missing, truncated or deleted by somebody',
    ])
  })

  test('a beginning that is missing', async () => {
    expect(await problemsOf(placed([c]))).toEqual([
      's@2 T (position 1) stands where revision 0 belongs: 2 events are missing, truncated or deleted by somebody',
      "stream s is in the log, but can't be read from its beginning",
    ])
  })

  test('an event that is there twice', async () => {
    expect(await problemsOf(placed([a, b, b]))).toEqual([
      's@1 T (position 3) stands where revision 2 belongs: the stream was begun anew, or an event is there twice',
    ])
  })

  test('positions that go back', async () => {
    const events = [a, b, c].map((event, n) => ({ ...event, position: 10 - n }))
    const report = await verified({ ...storeOf(events), head: storeOf(placed(EVENTS)).head })
    expect(report.problems).toEqual([
      's@1 T (position 9) comes after position 10',
      's@2 T (position 8) comes after position 9',
    ])
  })

  test("an event that is not ours, or was changed: its id is not its content's", async () => {
    expect(await problemsOf(placed([{ ...a, data: '{"at":9,"v":1}' }]))).toEqual([
      expect.stringMatching(
        /^s@0 T \(position 1\) has the id [0-9a-f-]{36}, not [0-9a-f-]{36}: Lodebook did not write it there, or it was changed$/,
      ),
    ])
  })

  test.each([
    ['T', 'text', 'is no event of Lodebook: its data is no JSON object'],
    ['T', '{"b":1,"a":1}', 'is no event of Lodebook: its data is not canonical JSON'],
    ['EpochClosed', '{"at":1,"v":1}', "can't be read: EpochClosed.shares: not as its codec says"],
    ['EpochClosed', '{"at":1,"v":2}', "can't be read: EpochClosed v2 is newer than this program"],
    ['EpochClosed', '{"at":1}', "can't be read: EpochClosed has no version"],
  ])('%s with %s', async (type, data, problem) => {
    expect(await problemsOf(placed([eventAt('s', 0, type, data)]))).toEqual([
      `s@0 ${type} (position 1) ${problem}`,
    ])
  })

  test('without an entry for each event there is no hash', async () => {
    const report = await verified(storeOf(placed([a, eventAt('t', 0, 'T', 'text')])))
    expect(report).toMatchObject({ events: 2, sha256: null, bytes: null })
  })

  test('the first of many, and how many there are', async () => {
    const many = Array.from({ length: 50 }, (_, n) => ({ ...eventAt('s', n, 'T', '{}'), id: a.id }))
    const report = await verified(storeOf(placed(many)))
    expect(report.problems).toHaveLength(PROBLEMS_MAX)
    expect(report.problemsFound).toBe(50)
  })

  test('names that would do something to a terminal do nothing', async () => {
    const [problem] = await problemsOf(placed([eventAt('s\u001b[2J\u202e', 1, 'T\n', '{}')]))
    expect(problem).toMatch(/^s\?\[2J\?@1 T\? \(position 1\) stands where revision 0 belongs/)
  })

  test('a store without any event', async () => {
    expect(await verified(memoryEventStore())).toMatchObject({
      events: 0,
      problems: ['there are no events: is its address right, its streamPrefix?'],
    })
  })

  test('a damaged row of a file: as far as it could be read', async () => {
    const file = join(scratchDirectory(), 'lodebook.db')
    const store = await opened(`sqlite:${file}`)
    await fill(store, EVENTS)
    const db = new DatabaseSync(file)
    db.exec(`UPDATE event SET data = '{}' WHERE position = 600`)
    db.close()
    const report = await verified(store)
    expect(report).toMatchObject({ events: 500, sha256: null, problemsFound: 1 })
    expect(report.problems[0]).toContain('the event at position 600 fails its checksum')
  })

  test('a store that is away is no finding', async () => {
    const store = memoryEventStore()
    await fill(store, EVENTS)
    const failing: EventStore = {
      ...store,
      readStream: () => async () => E.left({ kind: 'unavailable', message: 'away' }),
    }
    expect(await verifyStore(failing, () => {})()).toEqual(E.left({ kind: 'unavailable', message: 'away' }))
  })
})

describe('what others did to our streams in EventStoreDB is found before a scavenge takes it', () => {
  const STREAM = 'lodebook:pool'

  async function problemsAfter(deed: (server: ConformanceServer) => void): Promise<readonly string[]> {
    const server = await startConformanceServer()
    onTestFinished(() => server.kill())
    const store = await opened(server.url)
    await fill(store, EVENTS)
    deed(server)
    return (await verified(store)).problems
  }

  test.each<[string, (server: ConformanceServer) => void, string]>([
    ['$tb', (server) => server.writeMetadata(STREAM, { $tb: 1 }), 'events of stream pool before revision 1'],
    ['$maxCount', (server) => server.writeMetadata(STREAM, { $maxCount: 1 }), 'events of stream pool before'],
    ['a deleted stream', (server) => server.deleteStream(STREAM), 'events of stream pool before revision'],
    ['a tombstone', (server) => server.tombstone(STREAM), 'stream pool was deleted for good by somebody'],
    [
      "another application's event",
      (server) => server.write(STREAM, [{ type: 'T', data: '{"at":1,"v":1}' }]),
      'Lodebook did not write it there',
    ],
  ])('%s', async (_, deed, problem) => {
    expect((await problemsAfter(deed)).join('\n')).toContain(problem)
  })
})

import { join } from 'node:path'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  APPEND_BYTES_MAX,
  type EventStore,
  type StreamAppend,
  type StreamEvent,
} from '../../adapters/event-store/port.ts'
import { type CopyError, type CopyProgress, type CopyReport, copyStore } from '../../src/store/copy.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { scratchDirectory } from '../adapters/event-store/scratch.ts'
import { startConformanceServer } from '../support/eventstoredb/server.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { eventAt, eventsIn, fill, history, sha256Of, storeOf, withoutPosition } from './logs.ts'

const EVENTS = history()

const copy = (source: EventStore, target: EventStore): Promise<E.Either<CopyError, CopyReport>> =>
  copyStore(source, target, () => {})()

async function opened(url: string): Promise<EventStore> {
  const store = await openEventStore(url)()
  if (E.isLeft(store)) throw new Error(store.left.message)
  onTestFinished(() => store.right.close())
  return store.right
}

async function memoryOf(events: readonly StreamEvent[]): Promise<EventStore> {
  const store = memoryEventStore()
  await fill(store, events)
  return store
}

const report = (written: number, events = EVENTS): Partial<CopyReport> => ({
  events: events.length,
  written,
  sha256: sha256Of(events),
  sourceGrew: false,
})

describe('a copy holds the same events in the same order', () => {
  test('from file to file, to EventStoreDB, and back to a file', async () => {
    const directory = scratchDirectory()
    const server = await startConformanceServer()
    onTestFinished(() => server.kill())
    const first = await opened(`sqlite:${join(directory, 'first.db')}`)
    await fill(first, EVENTS)
    // Others write to the server too.
    server.write('lodebook-of-somebody-else', [{ type: 'T', data: '{}' }])
    const stations = [
      await opened(`sqlite:${join(directory, 'new', 'second.db')}`),
      await opened(server.url),
      await opened(`sqlite:${join(directory, 'third.db')}`),
    ]
    let source = first
    for (const target of stations) {
      expect(await copy(source, target)).toEqual(E.right(expect.objectContaining(report(EVENTS.length))))
      server.writeStatistics()
      expect(await eventsIn(target)).toEqual(EVENTS.map(withoutPosition))
      source = target
    }
  })

  test('also what somebody has deleted or truncated in EventStoreDB, until a scavenge takes it', async () => {
    const server = await startConformanceServer()
    onTestFinished(() => server.kill())
    const source = await opened(server.url)
    await fill(source, EVENTS)
    server.writeMetadata('lodebook:pool', { $tb: 2 })
    server.deleteStream(`lodebook:${EVENTS.at(-1)?.stream}`)
    const target = memoryEventStore()
    expect(await copy(source, target)).toMatchObject(E.right(report(EVENTS.length)))
    expect(await eventsIn(target)).toEqual(EVENTS.map(withoutPosition))
  })

  test('again: nothing is written, everything compared', async () => {
    const source = await memoryOf(EVENTS)
    const target = await memoryOf(EVENTS)
    expect(await copy(source, target)).toMatchObject(E.right(report(0)))
  })

  test('events of a stream that follow each other go into one append, as far as it holds them', async () => {
    const large = JSON.stringify({ pad: 'x'.repeat(59_000) })
    const events = [
      ...Array.from({ length: 20 }, (_, n) => eventAt('a', n, 'T', large)),
      eventAt('b', 0, 'T', '{}'),
      eventAt('a', 20, 'T', '{}'),
      eventAt('a', 21, 'T', '{}'),
    ]
    const target = memoryEventStore()
    const appends: StreamAppend[] = []
    const watched: EventStore = {
      ...target,
      append: (some) => {
        appends.push(...some)
        return target.append(some)
      },
    }
    expect(E.isRight(await copy(await memoryOf(events), watched))).toBe(true)
    expect(appends.map((append) => [append.stream, append.expected, append.events.length])).toEqual([
      ['a', -1, 8],
      ['a', 7, 8],
      ['a', 15, 4],
      ['b', -1, 1],
      ['a', 19, 2],
    ])
    for (const append of appends)
      expect(Buffer.byteLength(append.events.map(({ data }) => data).join(''))).toBeLessThanOrEqual(
        APPEND_BYTES_MAX,
      )
    expect(await eventsIn(target)).toEqual(events)
  })

  test('progress goes from nothing to all in each of its three parts', async () => {
    const source = await memoryOf(EVENTS)
    const target = await memoryOf(EVENTS.slice(0, 700))
    const told: CopyProgress[] = []
    await copyStore(source, target, (progress) => told.push(progress))()
    expect([...new Set(told.map(({ doing }) => doing))]).toEqual(['comparing', 'copying', 'verifying'])
    expect(told.findLast(({ doing }) => doing === 'comparing')?.events).toBe(700)
    for (const doing of ['copying', 'verifying'] as const)
      expect(told.findLast((each) => each.doing === doing)).toEqual({
        doing,
        events: EVENTS.length,
        fraction: 1,
      })
  })
})

describe('a copy that was cut off goes on where it was', () => {
  test('wherever that was, as often as it was', async () => {
    const events = EVENTS.slice(0, 60)
    const source = await memoryOf(events)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 30 }), { maxLength: 5 }), async (cuts) => {
        const target = memoryEventStore()
        for (const cut of cuts) {
          const before = (await eventsIn(target)).length
          const dying = endingAfter(target, cut)
          const done = await copy(source, dying)
          expect(E.isRight(done)).toBe(before + cut >= events.length)
          expect(await eventsIn(target)).toEqual(events.slice(0, before + cut).map(withoutPosition))
        }
        expect(await copy(source, target)).toMatchObject(E.right({ events: events.length }))
        expect(await eventsIn(target)).toEqual(events.map(withoutPosition))
      }),
      { numRuns: 40 },
    )
  })
})

/** A store that takes so many events, even if that is in the middle of a call, and is gone then. */
function endingAfter(store: EventStore, count: number): EventStore {
  let left = count
  return {
    ...store,
    append: (appends) => async () => {
      for (const { stream, expected, events } of appends) {
        const some = events.slice(0, left)
        left -= some.length
        if (some.length > 0) await store.append([{ stream, expected, events: some }])()
        if (some.length < events.length) return E.left({ kind: 'closed', message: 'killed' })
      }
      return E.right(undefined)
    },
  }
}

describe('what is refused before anything is written', () => {
  const other = eventAt('pool', 0, 'PoolOpened', '{"at":1,"v":1}')

  test.each([
    ['at the beginning', [other]],
    ['in the middle', [...EVENTS.slice(0, 620), other]],
    ['with other data', [...EVENTS.slice(0, 2), changed(2)]],
  ])('a target with other events, %s', async (_, held) => {
    const target = storeOf(held.map((event, n) => ({ ...event, position: n + 1 })))
    const failed = await copy(await memoryOf(EVENTS), target)
    expect(failed).toMatchObject(E.left({ kind: 'other-events' }))
    if (E.isLeft(failed)) expect(failed.left.message).toContain(`from event ${held.length} on`)
  })

  function changed(n: number): StreamEvent {
    const { stream, revision, type } = EVENTS[n] ?? other
    return eventAt(stream, revision, type, '{"at":1,"v":1}')
  }

  test('two that say different things in the same place are named', async () => {
    const failed = await copy(await memoryOf(EVENTS), storeOf([{ ...changed(0), position: 1 }]))
    expect(failed).toEqual(
      E.left({
        kind: 'other-events',
        message:
          'made up holds other events than memory, from event 1 on (pool@0 PoolOpened says something else in each): name a target that is empty, or an unfinished copy of this source',
      }),
    )
  })

  test('a target that goes on where the source ends', async () => {
    const target = await memoryOf(EVENTS)
    const failed = await copy(await memoryOf(EVENTS.slice(0, -1)), target)
    expect(failed).toMatchObject(E.left({ kind: 'target-longer' }))
    expect((await eventsIn(target)).length).toBe(EVENTS.length)
  })

  test('a source without events', async () => {
    const failed = await copy(memoryEventStore(), memoryEventStore())
    expect(failed).toMatchObject(E.left({ kind: 'nothing-to-copy' }))
  })
})

describe('a source that is not whole is refused at that place', () => {
  const whole = EVENTS.slice(0, 10).map((event, n) => ({ ...event, position: n + 1 }))
  const torn = whole.find(
    ({ stream, revision }) =>
      revision === 1 && whole.some((later) => later.stream === stream && later.revision === 2),
  )

  test('an event is missing', async () => {
    const target = memoryEventStore()
    const failed = await copy(storeOf(whole.filter((event) => event !== torn)), target)
    expect(failed).toMatchObject(E.left({ kind: 'unsound-source' }))
    if (E.isLeft(failed)) expect(failed.left.message).toContain(`${torn?.stream} has no revision 1`)
  })

  test('a stream without its beginning', async () => {
    const failed = await copy(storeOf(whole.slice(1)), memoryEventStore())
    if (E.isLeft(failed)) expect(failed.left.message).toContain('pool has no revision 0')
    expect(failed).toMatchObject(E.left({ kind: 'unsound-source' }))
  })

  test('two events of one stream in one append, with a gap between them', async () => {
    const events = [0, 1, 3, 4].map((revision) => ({
      ...eventAt('a', revision, 'T', '{}'),
      position: revision + 1,
    }))
    const target = memoryEventStore()
    const failed = await copy(storeOf(events), target)
    expect(failed).toMatchObject(E.left({ kind: 'unsound-source' }))
    expect((await eventsIn(target)).map(({ id }) => id)).not.toContain(events[2]?.id)
  })

  test("data that is no event's", async () => {
    const target = memoryEventStore()
    const failed = await copy(storeOf([{ ...eventAt('a', 0, 'T', '{"b":1,"a":1}'), position: 1 }]), target)
    expect(failed).toMatchObject(E.left({ kind: 'unsound-source' }))
    expect(await eventsIn(target)).toEqual([])
  })
})

describe('other programs', () => {
  test('a source that grows: copied is what was there, and the rest is told', async () => {
    const source = await memoryOf(EVENTS)
    const next = eventAt('x', 0, 'T', '{}')
    const target = memoryEventStore()
    const growing: EventStore = {
      ...target,
      append: (appends) => async () => {
        await source.append([{ stream: 'x', expected: -1, events: [next] }])()
        return target.append(appends)()
      },
    }
    expect(await copy(source, growing)).toMatchObject(E.right({ ...report(EVENTS.length), sourceGrew: true }))
    expect(await copy(source, target)).toMatchObject(E.right({ written: 1, sourceGrew: false }))
  })

  test.each(['before', 'after'] as const)('a target that somebody writes to, %s an append', async (when) => {
    const target = memoryEventStore()
    const foreign = eventAt('pool', 0, 'PoolOpened', '{"at":1,"v":1}')
    const stream = when === 'before' ? 'pool' : 'somewhere'
    const intrude = () => target.append([{ stream, expected: -1, events: [foreign] }])()
    const shared: EventStore = {
      ...target,
      append: (appends) => async () => {
        if (when === 'before') await intrude()
        const done = await target.append(appends)()
        if (when === 'after') await intrude()
        return done
      },
    }
    expect(await copy(await memoryOf(EVENTS), shared)).toMatchObject(E.left({ kind: 'other-events' }))
  })

  test('a target that does not give back what it took', async () => {
    const forgetful: EventStore = { ...memoryEventStore(), append: () => async () => E.right(undefined) }
    const failed = await copy(await memoryOf(EVENTS), forgetful)
    expect(failed).toMatchObject(E.left({ kind: 'not-copied' }))
  })

  test('a store that fails ends the copy with its own sentence', async () => {
    const target = memoryEventStore()
    target.failNextAppend({ kind: 'unavailable', message: 'no room left' })
    expect(await copy(await memoryOf(EVENTS), target)).toEqual(
      E.left({ kind: 'unavailable', message: 'no room left' }),
    )
  })
})

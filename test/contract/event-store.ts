import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { lastValueFrom, type Observable } from 'rxjs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  APPEND_BYTES_MAX,
  EVENT_BYTES_MAX,
  type EventStore,
  NO_STREAM,
  type ProposedEvent,
  type RecordedEvent,
  type StoreError,
  type StreamAppend,
  type StreamEvent,
} from '../../adapters/event-store/port.ts'
import { eventId } from '../../domain/event-id.ts'
import { heapAfterCollection } from '../support/heap.ts'

/** An empty store, and the power to hurt it. */
export interface StoreUnderTest {
  readonly store: EventStore
  /** From now on the store can't append, as when its disk or server is gone. */
  readonly goAway: () => Promise<void>
  readonly comeBack: () => Promise<void>
  /** The appends reach the log; their answer does not reach the caller. */
  readonly appendLosingAnswer: (appends: readonly StreamAppend[]) => Promise<void>
  /** An append, by the fastest way there is. */
  readonly fill: (append: StreamAppend) => Promise<unknown>
  /** Frees what the factory took; the store may be closed already. */
  readonly dispose: () => Promise<void>
}

/** What an engine may do otherwise, each with the reason. */
export interface Differences {
  /** The engine compares ids alone, so an id again with other content counts as a repetition. */
  readonly comparesIdsOnly?: string
}

/**
 * What an event store is: every adapter's test file calls this and nothing else is needed to be one.
 * `create` makes an empty store for each test.
 */
export function eventStoreContract(
  name: string,
  create: () => Promise<StoreUnderTest>,
  differences: Differences = {},
): void {
  describe(`event store contract: ${name}`, () => {
    let world: StoreUnderTest
    let store: EventStore
    beforeEach(async () => {
      world = await create()
      store = world.store
    })
    afterEach(() => world.dispose())

    const append = (...appends: readonly StreamAppend[]): Promise<void> =>
      store.append(appends)().then(succeeded)
    const refused = (...appends: readonly StreamAppend[]): Promise<StoreError> =>
      store.append(appends)().then(failed)
    const all = (): Promise<readonly RecordedEvent[]> => readEverything(store)

    describe('append', () => {
      test('gives revisions from 0 and growing positions', async () => {
        await append(to('a', NO_STREAM, 'one', 'two'))
        await append(to('a', 1, 'three'))
        const log = await all()
        expect(log.map((event) => event.revision)).toEqual([0, 1, 2])
        expect(isIncreasing(log.map((event) => event.position))).toBe(true)
      })

      test('keeps every field, and any text', async () => {
        const text = '{"text":"Übergang 矿池 ⛏️ 𝔻 \\u0000 \\" \\\\ ‮"}'
        const events = [{ id: eventId('block-ab', 0, '', ''), type: 'BlockFound', data: text }]
        await append({ stream: 'block-ab', expected: NO_STREAM, events })
        expect(await all()).toEqual([
          { ...events[0], stream: 'block-ab', revision: 0, position: expect.any(Number) },
        ])
      })

      test('takes several streams, and one stream twice, in order', async () => {
        await append(to('a', NO_STREAM, 'one'), to('b', NO_STREAM, 'two', 'three'), to('a', 0, 'four'))
        const log = await all()
        expect(log.map((event) => [event.stream, event.revision, event.data])).toEqual([
          ['a', 0, '"one"'],
          ['b', 0, '"two"'],
          ['b', 1, '"three"'],
          ['a', 1, '"four"'],
        ])
        expect(isIncreasing(log.map((event) => event.position))).toBe(true)
      })

      test('takes unordered neighbours: each stream in order, all of them before what follows', async () => {
        const streams = Array.from({ length: 70 }, (_, i) => `s${i}`)
        const unordered = (append: StreamAppend): StreamAppend => ({ ...append, unordered: true })
        const call = [
          to('first', NO_STREAM, 'first'),
          ...streams.map((stream) => unordered(to(stream, NO_STREAM, 'one'))),
          ...streams.map((stream) => unordered(to(stream, 0, 'two', 'three'))),
          to('middle', NO_STREAM, 'middle'),
          unordered(to('a', NO_STREAM, 'one')),
          unordered(to('b', NO_STREAM, 'one')),
        ]
        await append(...call)
        const log = await all()
        for (const stream of streams)
          expect(log.filter((event) => event.stream === stream).map(({ data }) => data)).toEqual([
            '"one"',
            '"two"',
            '"three"',
          ])
        expect(log).toHaveLength(1 + 3 * streams.length + 1 + 2)
        expect(log[0]?.stream).toBe('first')
        expect(log[1 + 3 * streams.length]?.stream).toBe('middle')
        await append(...call)
        expect(await all()).toEqual(log)
      })

      test('one of unordered neighbours fails: what follows is left alone, and the call can be repeated', async () => {
        await append(to('b', NO_STREAM, 'there'))
        const unordered = (stream: string, expected: number): StreamAppend => ({
          ...to(stream, expected, 'new'),
          unordered: true,
        })
        const call = [unordered('a', NO_STREAM), unordered('b', NO_STREAM), to('c', NO_STREAM, 'after')]
        expect(await refused(...call)).toMatchObject({ kind: 'wrong-expected-revision', stream: 'b' })
        expect(await readStream(store, 'c')).toEqual([])
        await append(...call.map((one) => (one.stream === 'b' ? unordered('b', 0) : one)))
        expect((await all()).map(({ data }) => data).sort()).toEqual(['"after"', '"new"', '"new"', '"there"'])
      })

      test('only where no stream is: one that is there is left as it is, and the rest goes on', async () => {
        const first = (stream: string, text: string): StreamAppend => ({
          ...to(stream, NO_STREAM, text),
          ifAbsent: true,
        })
        await append(first('a', 'one'), first('a', 'other'), to('b', NO_STREAM, 'x'))
        await append(first('a', 'other'), to('a', 0, 'two'), first('c', 'new'), to('b', 0, 'y'))
        expect((await readStream(store, 'a')).map(({ data }) => data)).toEqual(['"one"', '"two"'])
        expect((await readStream(store, 'b')).map(({ data }) => data)).toEqual(['"x"', '"y"'])
        expect(await readStream(store, 'c')).toHaveLength(1)
      })

      test('of nothing is nothing', async () => {
        await append()
        expect(await all()).toEqual([])
      })
    })

    describe('expected revision', () => {
      beforeEach(() => append(to('a', NO_STREAM, 'one', 'two', 'three')))

      test.each([
        ['too low', to('a', 0, 'other'), { expected: 0, actual: 2 }],
        ['too high', to('a', 3, 'other'), { expected: 3, actual: 2 }],
        ['no stream, but it is there', to('a', NO_STREAM, 'other'), { expected: NO_STREAM, actual: 2 }],
        ['a stream, but it is not there', to('b', 0, 'other'), { expected: 0, actual: NO_STREAM }],
      ])('%s: refused, nothing written', async (_, wrong, revisions) => {
        const error = await refused(wrong)
        expect(error).toMatchObject({
          kind: 'wrong-expected-revision',
          stream: wrong.stream,
          ...revisions,
        })
        expect(error.message).toContain(wrong.stream)
        expect(await all()).toHaveLength(3)
      })

      test('the same events again: appended already, nothing written', async () => {
        const before = await all()
        await append(to('a', 0, 'two', 'three'))
        await append(to('a', 0, 'two'))
        await append(to('a', NO_STREAM, 'one', 'two'))
        expect(await all()).toEqual(before)
      })

      test('the same events at another revision are other events', async () => {
        const again = { ...to('a', 0, 'two', 'three'), expected: NO_STREAM }
        expect(await refused(again)).toMatchObject({ kind: 'wrong-expected-revision', actual: 2 })
        expect(await all()).toHaveLength(3)
      })

      test('the first the same, then another: conflicting events', async () => {
        const error = await refused(to('a', 0, 'two', 'other'))
        expect(error).toMatchObject({ kind: 'conflicting-events', stream: 'a' })
        expect(error.message).toContain('a')
        expect(await all()).toHaveLength(3)
      })

      test('the first the same, then more than there is: conflicting events', async () => {
        expect(await refused(to('a', 1, 'three', 'four'))).toMatchObject({ kind: 'conflicting-events' })
        expect(await all()).toHaveLength(3)
      })

      test(`an id again with other content: ${differences.comparesIdsOnly ?? 'refused, nothing written'}`, async () => {
        const [second] = to('a', 0, 'two').events
        const other: StreamAppend = {
          stream: 'a',
          expected: 0,
          events: [{ id: second?.id ?? '', type: 'T', data: '"other"' }],
        }
        const result = await store.append([other])()
        expect(E.isRight(result) ? 'appended' : result.left.kind).toBe(
          differences.comparesIdsOnly === undefined ? 'wrong-expected-revision' : 'appended',
        )
        expect((await all()).map((event) => event.data)).toEqual(['"one"', '"two"', '"three"'])
      })

      test('the same content under another id is another event', async () => {
        const [second] = to('a', 0, 'two').events
        const other = {
          stream: 'a',
          expected: 0,
          events: [{ id: eventId('b', 0, '', ''), type: 'T', data: second?.data ?? '' }],
        }
        expect(await refused(other)).toMatchObject({ kind: 'wrong-expected-revision', actual: 2 })
        expect(await all()).toHaveLength(3)
      })

      test('some of a call there already, some new: each once', async () => {
        await append(to('b', NO_STREAM, 'x'), to('a', 0, 'two'), to('a', 2, 'four'), to('b', 0, 'y'))
        const log = await all()
        expect(log.map((event) => event.data)).toEqual(['"one"', '"two"', '"three"', '"x"', '"four"', '"y"'])
      })

      test('of two writers at one revision one wins, and the other is told', async () => {
        const results = await Promise.all([
          store.append([to('a', 2, 'mine')])(),
          store.append([to('a', 2, 'yours')])(),
        ])
        expect(results.filter(E.isRight)).toHaveLength(1)
        expect(results.filter(E.isLeft).map((result) => result.left.kind)).toEqual([
          'wrong-expected-revision',
        ])
        expect(await all()).toHaveLength(4)
      })

      test('of many writers each of one event exactly one wins each revision', async () => {
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, writer) => store.append([to('c', NO_STREAM, `of ${writer}`)])()),
        )
        expect(results.filter(E.isRight)).toHaveLength(1)
        expect(await readStream(store, 'c')).toHaveLength(1)
      })
    })

    describe('sizes', () => {
      test('an event of exactly the limit is taken, one byte more is not', async () => {
        await append(sized('a', EVENT_BYTES_MAX))
        const error = await refused(sized('b', EVENT_BYTES_MAX + 1))
        expect(error).toMatchObject({ kind: 'too-large' })
        expect(error.message).toContain(String(EVENT_BYTES_MAX))
        expect(await readStream(store, 'b')).toEqual([])
      })

      test('bytes count, not characters', async () => {
        const data = JSON.stringify('é'.repeat(EVENT_BYTES_MAX / 2))
        expect(data.length).toBeLessThan(EVENT_BYTES_MAX)
        const events = [{ id: eventId('a', 0, '', ''), type: 'T', data }]
        expect(await refused({ stream: 'a', expected: NO_STREAM, events })).toMatchObject({
          kind: 'too-large',
        })
      })

      test('an append of exactly the limit is taken, one byte more is not', async () => {
        const whole = Array<number>(8).fill(EVENT_BYTES_MAX)
        const rest = APPEND_BYTES_MAX - 8 * EVENT_BYTES_MAX
        await append(sized('a', ...whole, rest))
        expect(await refused(sized('b', ...whole, rest + 1))).toMatchObject({ kind: 'too-large' })
        expect(await readStream(store, 'b')).toEqual([])
        expect((await readStream(store, 'a')).map((event) => event.data.length)).toEqual([...whole, rest])
      })

      test('the limit is of each append, not of the call', async () => {
        const whole = Array<number>(8).fill(EVENT_BYTES_MAX)
        await append(sized('a', ...whole), sized('b', ...whole))
        expect(await all()).toHaveLength(16)
      })
    })

    describe('trouble', () => {
      test('an append that fails in the middle leaves the rest alone, and the call can be repeated', async () => {
        await append(to('b', NO_STREAM, 'there'))
        const call = [to('a', NO_STREAM, 'one'), to('b', NO_STREAM, 'two'), to('c', NO_STREAM, 'three')]
        expect(await refused(...call)).toMatchObject({ kind: 'wrong-expected-revision', stream: 'b' })
        expect(await readStream(store, 'c')).toEqual([])
        const corrected = call.map((one) => (one.stream === 'b' ? to('b', 0, 'two') : one))
        await append(...corrected)
        expect((await all()).map((event) => event.data).sort()).toEqual([
          '"one"',
          '"there"',
          '"three"',
          '"two"',
        ])
      })

      test('away: unavailable, nothing written; back: goes on by itself', async () => {
        await append(to('a', NO_STREAM, 'one'))
        await world.goAway()
        const error = await refused(to('a', 0, 'two'))
        expect(error.kind).toBe('unavailable')
        expect(error.message).not.toBe('')
        await world.comeBack()
        await append(to('a', 0, 'two'))
        expect((await all()).map((event) => event.data)).toEqual(['"one"', '"two"'])
      })

      test('a lost answer: the same call again succeeds, and writes nothing twice', async () => {
        const call = [to('a', NO_STREAM, 'one', 'two'), to('b', NO_STREAM, 'three')]
        await world.appendLosingAnswer(call)
        await append(...call)
        expect((await all()).map((event) => event.data)).toEqual(['"one"', '"two"', '"three"'])
      })

      test('a lost answer, then others have written: still appended already', async () => {
        const call = to('a', NO_STREAM, 'one')
        await world.appendLosingAnswer([call])
        await append(to('b', NO_STREAM, 'x'), to('a', 0, 'two'))
        await append(call)
        expect((await all()).map((event) => event.data)).toEqual(['"one"', '"x"', '"two"'])
      })
    })

    describe('reading', () => {
      const texts = (events: readonly StreamEvent[]): readonly string[] => events.map((event) => event.data)
      const slice = (from: number | 'start' | 'end', direction: 'forwards' | 'backwards', limit: number) =>
        store.readStream('a', { from, direction, limit })().then(succeeded).then(texts)

      test('nothing there', async () => {
        expect(await readStream(store, 'none')).toEqual([])
        for (const direction of ['forwards', 'backwards'] as const)
          for (const from of ['start', 'end', 3] as const) expect(await slice(from, direction, 2)).toEqual([])
        expect(await all()).toEqual([])
        expect(await store.head()()).toEqual(E.right(O.none))
        expect(await store.newest()()).toEqual(E.right(O.none))
      })

      test('a stream, from anywhere, both ways, some of it', async () => {
        await append(
          to('b', NO_STREAM, 'x'),
          to('a', NO_STREAM, '0', '1', '2'),
          to('b', 0, 'y'),
          to('a', 2, '3'),
        )
        expect(await slice('start', 'forwards', 100)).toEqual(['"0"', '"1"', '"2"', '"3"'])
        expect(await slice(1, 'forwards', 2)).toEqual(['"1"', '"2"'])
        expect(await slice(3, 'forwards', 2)).toEqual(['"3"'])
        expect(await slice(4, 'forwards', 2)).toEqual([])
        expect(await slice('end', 'forwards', 2)).toEqual([])
        expect(await slice('end', 'backwards', 100)).toEqual(['"3"', '"2"', '"1"', '"0"'])
        expect(await slice('end', 'backwards', 1)).toEqual(['"3"'])
        expect(await slice(2, 'backwards', 2)).toEqual(['"2"', '"1"'])
        expect(await slice('start', 'backwards', 2)).toEqual(['"0"'])
      })

      test('all events, after any position, in one order', async () => {
        await append(to('a', NO_STREAM, '0', '1'), to('b', NO_STREAM, '2'))
        await append(to('a', 1, '3'))
        const log = await all()
        expect(texts(log)).toEqual(['"0"', '"1"', '"2"', '"3"'])
        expect(isIncreasing(log.map((event) => event.position))).toBe(true)
        for (const [index, event] of log.entries()) {
          expect(await store.readAll(event.position, 2)()).toEqual(E.right(log.slice(index + 1, index + 3)))
        }
        expect(await store.readAll(null, 3)()).toEqual(E.right(log.slice(0, 3)))
        expect(await store.head()()).toEqual(E.right(O.some(log[3]?.position)))
        expect(await store.newest()()).toEqual(E.right(O.some(log[3])))
      })

      test('all events of some types, after any position, whether they are rare or frequent', async () => {
        const types = [
          'SharesAccepted',
          'BlockFound',
          'SharesAccepted',
          'PayoutPlanned',
          'WorkIssued',
          'BlockFound',
        ]
        const events = types.map((type, i) => ({ id: eventId('a', i, type, ''), type, data: `"${i}"` }))
        await append({ stream: 'a', expected: NO_STREAM, events })
        const log = await all()
        for (const wanted of [
          ['BlockFound'],
          ['BlockFound', 'PayoutPlanned'],
          ['SharesAccepted', 'BlockFound'],
          ['WorkIssued'],
          ['Nothing'],
          [],
        ])
          for (const after of [null, ...log.map(({ position }) => position)])
            for (const limit of [1, 2, 10])
              expect(await store.readAll(after, limit, wanted)()).toEqual(
                E.right(
                  log
                    .filter(({ type, position }) => wanted.includes(type) && position > (after ?? -1))
                    .slice(0, limit),
                ),
              )
      })

      test('any appends: what a plain list of lists would hold', async () => {
        const command = fc.record({
          stream: fc.constantFrom('a', 'b', 'c'),
          off: fc.constantFrom(0, 0, 0, -1, -2, 1),
          texts: fc.array(fc.constantFrom('x', 'y'), { minLength: 1, maxLength: 3 }),
        })
        let run = 0
        await fc.assert(
          fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
            const prefix = `run${run++}-`
            const model = new Map<string, readonly string[]>()
            for (const { stream, off, texts } of commands) {
              const held = model.get(stream) ?? []
              const expected = Math.max(NO_STREAM, held.length - 1 + off)
              const result = await store.append([to(`${prefix}${stream}`, expected, ...texts)])()
              const outcome = modelOutcome(held, expected, texts)
              expect(E.isRight(result) ? 'appended' : result.left.kind).toBe(outcome)
              if (expected === held.length - 1) model.set(stream, [...held, ...texts])
            }
            for (const [stream, held] of model)
              expect(
                (await readStream(store, `${prefix}${stream}`)).map((event) => JSON.parse(event.data)),
              ).toEqual(held)
          }),
          { numRuns: 50 },
        )
        expect(isIncreasing((await all()).map((event) => event.position))).toBe(true)
      })
    })

    describe('follow', () => {
      const EVENTS = 12

      beforeEach(async () => {
        for (let i = 0; i < EVENTS; i += 2) await append(to('a', i - 1, String(i), String(i + 1)))
      })

      test('from the beginning, then live, in batches of the size asked for', async () => {
        const reader = follow(store, null, 5)
        await reader.has(EVENTS)
        await append(to('b', NO_STREAM, 'x'))
        await append(to('b', 0, 'y', 'z'))
        await reader.has(EVENTS + 3)
        expect(reader.events).toEqual(await all())
        expect(Math.max(...reader.batchSizes)).toBe(5)
        expect(reader.positions.at(-1)).toBe(reader.events.at(-1)?.position)
        reader.stop()
      })

      test('from a position: what comes after it', async () => {
        const log = await all()
        const reader = follow(store, log[4]?.position ?? null, 100)
        await reader.has(EVENTS - 5)
        expect(reader.events).toEqual(log.slice(5))
        reader.stop()
      })

      test('from the newest: only what is new', async () => {
        const newest = (await all()).at(-1)?.position ?? null
        const reader = follow(store, newest, 100)
        await turns()
        expect(reader.events).toEqual([])
        await append(to('b', NO_STREAM, 'x'))
        await reader.has(1)
        expect(reader.events.map((event) => event.stream)).toEqual(['b'])
        reader.stop()
      })

      test('an empty log: waits for the first', async () => {
        const empty = await create()
        const reader = follow(empty.store, null, 100)
        await turns()
        await empty.store.append([to('a', NO_STREAM, 'one')])()
        await reader.has(1)
        reader.stop()
        await empty.dispose()
      })

      test('dropped after any event and followed again from there: each event once', async () => {
        const log = await all()
        for (let drop = 1; drop <= EVENTS; drop++) {
          for (const batchMax of [1, 3]) {
            const before = follow(store, null, batchMax)
            await before.has(drop)
            before.stop()
            const handled = before.events.length
            const after = follow(store, before.positions.at(-1) ?? null, batchMax)
            await after.has(EVENTS - handled)
            after.stop()
            expect([...before.events, ...after.events]).toEqual(log)
          }
        }
      })

      test('a batch whose handler failed comes again', async () => {
        const log = await all()
        const seen: RecordedEvent[] = []
        let checkpoint: number | null = null
        let failures = 0
        const readOnce = () =>
          lastPosition(
            store.follow(checkpoint, 5, async (events) => {
              if (failures < 3 && events.some((event) => event.revision === 7)) {
                failures++
                throw new Error('disk full')
              }
              seen.push(...events)
              checkpoint = events.at(-1)?.position ?? checkpoint
              if (seen.length === EVENTS) throw new Error('done')
            }),
          )
        for (let attempt = 0; attempt < 3; attempt++) await expect(readOnce()).rejects.toThrow('disk full')
        await expect(readOnce()).rejects.toThrow('done')
        expect(seen).toEqual(log)
      })

      test('two followers do not disturb each other', async () => {
        const fast = follow(store, null, 1)
        const slow = follow(store, null, 4, setImmediate)
        await append(to('b', NO_STREAM, 'x'))
        await Promise.all([fast.has(EVENTS + 1), slow.has(EVENTS + 1)])
        expect(fast.events).toEqual(slow.events)
        fast.stop()
        slow.stop()
      })

      test('one batch at a time, however many appends come meanwhile', async () => {
        let running = 0
        let runningMax = 0
        const reader = follow(store, null, 3, async () => {
          runningMax = Math.max(runningMax, ++running)
          await append(to(`s${reader.batchSizes.length}`, NO_STREAM, 'x')).catch(() => undefined)
          await setImmediate()
          running--
          if (reader.events.length > 60) reader.stop()
        })
        await reader.has(60)
        reader.stop()
        expect(runningMax).toBe(1)
      })

      test('a handler that rejects, or throws, ends it with that error', async () => {
        await expect(
          lastPosition(store.follow(null, 5, () => Promise.reject(new Error('no room')))),
        ).rejects.toThrow('no room')
        const throwing = store.follow(null, 5, () => {
          throw new Error('at once')
        })
        await expect(lastPosition(throwing)).rejects.toThrow('at once')
      })

      test('unsubscribed: handles nothing more', async () => {
        const reader = follow(store, null, 2)
        await reader.has(4)
        reader.stop()
        const handled = reader.events.length
        await append(to('b', NO_STREAM, 'x'))
        await turns()
        expect(reader.events.length).toBe(handled)
      })

      test('close ends it, and a new one fails', async () => {
        const ended = lastPosition(store.follow(null, 100, async () => {}))
        await turns()
        await store.close()
        await ended
        await expect(lastPosition(store.follow(null, 100, async () => {}))).rejects.toMatchObject({
          kind: 'closed',
        })
      })

      test('from a position that the log has not reached: an error, since it went back', async () => {
        const newest = (await all()).at(-1)?.position ?? 0
        await expect(lastPosition(store.follow(newest + 1, 100, async () => {}))).rejects.toMatchObject({
          kind: 'damaged',
        })
      })

      test('batches of none are a mistake', () => {
        expect(() => store.follow(null, 0, async () => {})).toThrow(RangeError)
      })
    })

    test('a slow reader a hundred thousand events behind costs no memory', async () => {
      const count = 100_000
      const data = JSON.stringify('x'.repeat(100))
      for (let first = 0; first < count; first += 4_000) {
        const events = Array.from({ length: 4_000 }, () => ({ id: randomUUID(), type: 'T', data }))
        await world.fill({ stream: 'a', expected: first - 1, events })
      }
      const heapBefore = heapAfterCollection()
      let heapGrowthMax = 0
      let handled = 0
      let batches = 0
      let last: number | undefined
      const done = lastPosition(
        store.follow(null, 1_000, async (events) => {
          handled += events.length
          last = events.at(-1)?.position
          await setImmediate()
          if (++batches % 20 === 1) {
            await turns()
            heapGrowthMax = Math.max(heapGrowthMax, heapAfterCollection() - heapBefore)
          }
          if (handled === count) throw new Error('all handled')
        }),
      )
      await expect(done).rejects.toThrow('all handled')
      expect(E.right(O.some(last))).toEqual(await store.head()())
      // A hundred thousand of these events are at least 20 MB; a batch is 0.3 MB.
      expect(heapGrowthMax).toBeLessThan(5_000_000)
    })

    describe('closed', () => {
      test('every call says so, and closing again is nothing', async () => {
        await append(to('a', NO_STREAM, 'one'))
        await store.close()
        await store.close()
        for (const result of [
          await store.append([to('a', 0, 'two')])(),
          await store.readStream('a', { from: 'start', direction: 'forwards', limit: 1 })(),
          await store.readAll(null, 1)(),
          await store.head()(),
        ]) {
          const error = failed(result)
          expect(error.kind).toBe('closed')
          expect(error.message).not.toBe('')
        }
      })

      test('an append of no events is a mistake', async () => {
        await expect(store.append([{ stream: 'a', expected: NO_STREAM, events: [] }])()).rejects.toThrow(
          RangeError,
        )
      })
    })
  })
}

/** The append of one event for each text; an id depends on stream, revision and text. */
const to = (stream: string, expected: number, ...texts: readonly string[]): StreamAppend => ({
  stream,
  expected,
  events: texts.map((text, i): ProposedEvent => {
    return {
      id: eventId(`${stream} ${text}`, expected + 1 + i, '', ''),
      type: 'T',
      data: JSON.stringify(text),
    }
  }),
})

/** The append that creates a stream of events with so many bytes of data. */
const sized = (stream: string, ...bytes: readonly number[]): StreamAppend => ({
  stream,
  expected: NO_STREAM,
  events: bytes.map((count, i) => ({
    id: eventId(stream, i, '', ''),
    type: 'T',
    data: JSON.stringify('x'.repeat(count - 2)),
  })),
})

/** `appended`, or the kind of an append's error, by the rules written out plainly. */
function modelOutcome(held: readonly string[], expected: number, texts: readonly string[]): string {
  if (expected === held.length - 1) return 'appended'
  const there = held.slice(expected + 1, expected + 1 + texts.length)
  if (expected >= held.length || there[0] !== texts[0]) return 'wrong-expected-revision'
  return texts.every((text, i) => text === there[i]) ? 'appended' : 'conflicting-events'
}

interface Reader {
  readonly events: readonly RecordedEvent[]
  readonly batchSizes: readonly number[]
  readonly positions: readonly number[]
  /** Resolves when so many events were handled and their position was emitted. */
  readonly has: (count: number) => Promise<void>
  readonly stop: () => void
}

function follow(
  store: EventStore,
  after: number | null,
  batchMax: number,
  work: () => Promise<unknown> = async () => {},
): Reader {
  const events: RecordedEvent[] = []
  const batchSizes: number[] = []
  const positions: number[] = []
  const waiting = new Set<() => void>()
  let error: unknown
  const subscription = store
    .follow(after, batchMax, async (batch) => {
      events.push(...batch)
      batchSizes.push(batch.length)
      await work()
    })
    .subscribe({
      next: (position) => {
        positions.push(position)
        for (const wake of waiting) wake()
      },
      error: (thrown) => {
        error = thrown
        for (const wake of waiting) wake()
      },
    })
  const handled = (): number => events.findIndex((event) => event.position === positions.at(-1)) + 1
  return {
    events,
    batchSizes,
    positions,
    has: (count) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (error !== undefined) reject(error)
          else if (handled() >= count) resolve()
          else return
          waiting.delete(look)
        }
        waiting.add(look)
        look()
      }),
    stop: () => subscription.unsubscribe(),
  }
}

/** Some turns of the event loop: what was going to happen by itself has. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await setImmediate()
}

const lastPosition = (followed: Observable<number>): Promise<number | undefined> =>
  lastValueFrom(followed, { defaultValue: undefined })

const isIncreasing = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? Number.POSITIVE_INFINITY))

const readStream = (store: EventStore, stream: string): Promise<readonly StreamEvent[]> =>
  store.readStream(stream, { from: 'start', direction: 'forwards', limit: 1_000_000 })().then(succeeded)

async function readEverything(store: EventStore): Promise<readonly RecordedEvent[]> {
  return succeeded(await store.readAll(null, 1_000_000)())
}

function succeeded<A>(result: E.Either<StoreError, A>): A {
  if (E.isLeft(result)) throw new Error(`${result.left.kind}: ${result.left.message}`)
  return result.right
}

function failed(result: E.Either<StoreError, unknown>): StoreError {
  if (E.isRight(result)) throw new Error(`succeeded with ${JSON.stringify(result.right)}`)
  return result.left
}

import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { BehaviorSubject, ReplaySubject } from 'rxjs'
import { answerMismatch, checkSizes } from '../../adapters/event-store/append-rules.ts'
import { EMBEDDED_LOG, followLog } from '../../adapters/event-store/follow.ts'
import {
  type EventStore,
  NO_STREAM,
  type RecordedEvent,
  type StoreError,
  type StreamAppend,
  type StreamRange,
} from '../../adapters/event-store/port.ts'

/** An event store for tests and the simulator: nothing is kept, and it fails when it is told to. */
export interface MemoryEventStore extends EventStore {
  /** The next append fails with this error and writes nothing. */
  readonly failNextAppend: (error: StoreError) => void
  /** The next append is written, and answered `unavailable`. */
  readonly loseNextAnswer: () => void
  /** From now on every call is answered `unavailable`, until `comeBack`. */
  readonly goAway: () => void
  readonly comeBack: () => void
}

/** Opens an empty store. Events live as long as the returned object is used. */
export function memoryEventStore(): MemoryEventStore {
  const log: RecordedEvent[] = []
  const streams = new Map<string, RecordedEvent[]>()
  const newest$ = new BehaviorSubject<number | null>(null)
  const closed$ = new ReplaySubject<void>(1)
  let closed = false
  let away = false
  let nextError: StoreError | undefined
  let losesNextAnswer = false

  const answer =
    <A>(work: () => E.Either<StoreError, A>) =>
    async (): Promise<E.Either<StoreError, A>> => {
      if (closed) return E.left(CLOSED)
      return away ? E.left(AWAY) : work()
    }

  /** Like a transaction: all appends are judged on a draft, which is kept only when each one passes. */
  function write(appends: readonly StreamAppend[]): E.Either<StoreError, void> {
    const draft: RecordedEvent[] = []
    for (const append of appends) {
      const { stream, expected } = append
      const kept = streams.get(stream) ?? []
      const drafted = draft.filter((event) => event.stream === stream)
      const actual = kept.length + drafted.length - 1
      if (append.ifAbsent === true && actual !== NO_STREAM) continue
      if (expected !== actual) {
        const repeated = answerMismatch(append, actual, [...kept, ...drafted].slice(expected + 1))
        if (E.isLeft(repeated)) return repeated
        continue
      }
      for (const [index, { id, type, data }] of append.events.entries()) {
        const position = log.length + draft.length + 1
        draft.push({ id, type, data, stream, revision: expected + 1 + index, position })
      }
    }
    keep(draft)
    return E.right(undefined)
  }

  function keep(draft: readonly RecordedEvent[]): void {
    for (const event of draft) {
      log.push(event)
      const held = streams.get(event.stream)
      if (held === undefined) streams.set(event.stream, [event])
      else held.push(event)
    }
    if (draft.length > 0) newest$.next(log.length)
  }

  function append(appends: readonly StreamAppend[]): E.Either<StoreError, void> {
    const error = nextError
    nextError = undefined
    if (error !== undefined) return E.left(error)
    const sizes = checkSizes(appends)
    if (E.isLeft(sizes)) return sizes
    const written = write(appends)
    const lost = losesNextAnswer
    losesNextAnswer = false
    return lost ? E.left(AWAY) : written
  }

  const head: EventStore['head'] = () => answer(() => E.right(O.fromNullable(newest$.value)))
  const readAll: EventStore['readAll'] = (after, limit, types) =>
    answer(() => {
      const from = after ?? 0
      return E.right(
        types === undefined
          ? log.slice(from, from + limit)
          : log
              .slice(from)
              .filter(({ type }) => types.includes(type))
              .slice(0, limit),
      )
    })

  return {
    name: 'memory',
    log: EMBEDDED_LOG,
    append: (appends) => answer(() => append(appends)),
    readStream: (stream, range) => answer(() => E.right(slice(streams.get(stream) ?? [], range))),
    readAll,
    head,
    newest: () => answer(() => E.right(O.fromNullable(log.at(-1)))),
    follow: (after, batchMax, handle) =>
      followLog({ head, readAll, newest$, closed$ }, after, batchMax, handle),
    close: async () => {
      closed = true
      closed$.next()
    },
    failNextAppend: (error) => {
      nextError = error
    },
    loseNextAnswer: () => {
      losesNextAnswer = true
    },
    goAway: () => {
      away = true
    },
    comeBack: () => {
      away = false
    },
  }
}

const AWAY: StoreError = { kind: 'unavailable', message: 'the memory store was told to be away' }
const CLOSED: StoreError = { kind: 'closed', message: 'the event store is closed' }

function slice(
  events: readonly RecordedEvent[],
  { from, direction, limit }: StreamRange,
): readonly RecordedEvent[] {
  if (direction === 'forwards') {
    const first = from === 'start' ? 0 : from === 'end' ? events.length : from
    return events.slice(first, first + limit)
  }
  const last = from === 'start' ? 0 : from === 'end' ? events.length - 1 : from
  return events.slice(Math.max(0, last + 1 - limit), last + 1).reverse()
}

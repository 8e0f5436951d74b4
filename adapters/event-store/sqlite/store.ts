import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { BehaviorSubject, ReplaySubject } from 'rxjs'
import { answerMismatch, checkSizes } from '../append-rules.ts'
import { EMBEDDED_LOG, followLog } from '../follow.ts'
import {
  type EventStore,
  NO_STREAM,
  type RecordedEvent,
  type StoreError,
  type StreamAppend,
  type StreamRange,
} from '../port.ts'
import { checksum } from './checksum.ts'
import { damaged, storeError } from './errors.ts'
import { areRare } from './rare-types.ts'
import { readRows } from './rows.ts'
import { prepareStatements } from './statements.ts'

type Events = E.Either<StoreError, readonly RecordedEvent[]>

/** What the store stands on. */
export interface OpenFile {
  readonly path: string
  readonly db: DatabaseSync
  /** Gives the file free for other processes. */
  readonly release: () => void
}

/**
 * The event store on an open file. Work is synchronous: one transaction and one sync of the disk for each call of
 * `append`, which costs less than a trip to another thread.
 *
 * @throws what `node:sqlite` throws when the tables are not as they should be.
 */
export function sqliteEventStore({ path, db, release }: OpenFile): EventStore {
  const statements = prepareStatements(db)
  const newest$ = new BehaviorSubject<number | null>(column(statements.newest.get(), 0) ?? null)
  const closed$ = new ReplaySubject<void>(1)
  let closed = false

  const answer =
    <A>(work: () => E.Either<StoreError, A>): TaskEither<StoreError, A> =>
    async () => {
      if (closed) return E.left({ kind: 'closed', message: `${path} was closed: open it again` })
      try {
        return work()
      } catch (thrown) {
        return E.left(storeError(thrown, path))
      }
    }

  function transact<A>(work: () => E.Either<StoreError, A>): E.Either<StoreError, A> {
    statements.begin.run()
    try {
      const done = work()
      if (E.isRight(done)) statements.commit.run()
      return done
    } finally {
      // SQLite has rolled back by itself after some errors, not after all.
      if (db.isTransaction) statements.rollback.run()
    }
  }

  function append(appends: readonly StreamAppend[]): E.Either<StoreError, void> {
    const sizes = checkSizes(appends)
    if (E.isLeft(sizes)) return sizes
    const before = newest$.value ?? 0
    const newest = transact(() => {
      let position = before
      for (const each of appends) {
        const appended = appendToStream(each, position)
        if (E.isLeft(appended)) return appended
        position = appended.right
      }
      return E.right(position)
    })
    if (E.isLeft(newest)) return newest
    if (newest.right > before) newest$.next(newest.right)
    return E.right(undefined)
  }

  /** Writes after `newest`, the log's last position, and gives what is the last one then. */
  function appendToStream(append: StreamAppend, newest: number): E.Either<StoreError, number> {
    const { stream, expected, events } = append
    const found = statements.findStream.get(stream)
    const actual = column(found, 1) ?? NO_STREAM
    if (append.ifAbsent === true && actual !== NO_STREAM) return E.right(newest)
    if (expected !== actual) {
      const stored = readForwards(stream, expected + 1, Math.min(events.length, actual - expected))
      if (E.isLeft(stored)) return stored
      return E.map(() => newest)(answerMismatch(append, actual, stored.right))
    }
    const number = column(found, 0) ?? column(statements.addStream.get(stream), 0) ?? null
    let position = newest
    let revision = expected
    for (const { id, type, data } of events) {
      position++
      revision++
      const sum = checksum({ position, stream, revision, id, type, data })
      statements.addEvent.run(position, number, revision, id, type, data, sum)
    }
    return E.right(position)
  }

  function readStream(stream: string, { from, direction, limit }: StreamRange): Events {
    const newest = column(statements.findStream.get(stream), 1) ?? NO_STREAM
    if (direction === 'forwards') {
      const first = from === 'start' ? 0 : from === 'end' ? newest + 1 : from
      return readForwards(stream, first, Math.min(limit, newest - first + 1))
    }
    const first = from === 'start' ? 0 : from === 'end' ? newest : from
    return readBackwards(stream, Math.min(first, newest), limit)
  }

  // A negative LIMIT is none, for SQLite.
  function readForwards(stream: string, first: number, limit: number): Events {
    const count = Math.max(0, limit)
    const rows = statements.readForwards.all(stream, first, count)
    return orDamaged(readRows(rows, count, (event, index) => event.revision === first + index))
  }

  function readBackwards(stream: string, first: number, limit: number): Events {
    const count = Math.min(limit, first + 1)
    const rows = statements.readBackwards.all(stream, first, count)
    return orDamaged(readRows(rows, count, (event, index) => event.revision === first - index))
  }

  function readAll(after: number, limit: number): Events {
    const count = Math.max(0, Math.min(limit, (newest$.value ?? 0) - after))
    const rows = statements.readAll.all(after, count)
    return orDamaged(readRows(rows, count, (event, index) => event.position === after + 1 + index))
  }

  function readTypes(after: number, limit: number, types: readonly string[]): Events {
    const statement = areRare(types) ? statements.readRareTypes : statements.readTypes
    const rows = statement.all(JSON.stringify(types), after, Math.max(0, limit))
    return orDamaged(readRows(rows, rows.length, ({ type }) => types.includes(type)))
  }

  const orDamaged = E.mapLeft((what: string) => damaged(path, what))

  const store: EventStore = {
    name: `sqlite:${path}`,
    log: EMBEDDED_LOG,
    append: (appends) => answer(() => append(appends)),
    readStream: (stream, range) => answer(() => readStream(stream, range)),
    readAll: (after, limit, types) =>
      answer(() => (types === undefined ? readAll(after ?? 0, limit) : readTypes(after ?? 0, limit, types))),
    head: () => answer(() => E.right(O.fromNullable(newest$.value))),
    follow: (after, batchMax, handle) =>
      followLog({ head: store.head, readAll: store.readAll, newest$, closed$ }, after, batchMax, handle),
    close: async () => {
      if (closed) return
      closed = true
      closed$.next()
      db.close()
      release()
    },
  }
  return store
}

/** A column of a row read as an array, when it is a number. */
function column(row: unknown, index: number): number | undefined {
  const value: unknown = Array.isArray(row) ? row[index] : undefined
  return typeof value === 'number' ? value : undefined
}

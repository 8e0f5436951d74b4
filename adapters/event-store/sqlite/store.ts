import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { BehaviorSubject, ReplaySubject } from 'rxjs'
import { answerMismatch, checkSizes } from '../append-rules.ts'
import { EMBEDDED_LOG, followLog } from '../follow.ts'
import { type EventStore, NO_STREAM, type StoreError, type StreamAppend } from '../port.ts'
import { checksum } from './checksum.ts'
import { attempt, closedError } from './errors.ts'
import { column, readsOf } from './reads.ts'
import { prepareReading, prepareWriting } from './statements.ts'

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
  const reading = prepareReading(db)
  const writing = prepareWriting(db)
  const newest$ = new BehaviorSubject<number | null>(column(reading.newest.get(), 0) ?? null)
  const reads = readsOf(path, reading, () => newest$.value ?? 0)
  const closed$ = new ReplaySubject<void>(1)
  let closed = false

  const answer =
    <A>(work: () => E.Either<StoreError, A>): TaskEither<StoreError, A> =>
    async () =>
      closed ? E.left(closedError(path)) : attempt(path, work)

  function transact<A>(work: () => E.Either<StoreError, A>): E.Either<StoreError, A> {
    writing.begin.run()
    try {
      const done = work()
      if (E.isRight(done)) writing.commit.run()
      return done
    } finally {
      // SQLite has rolled back by itself after some errors, not after all.
      if (db.isTransaction) writing.rollback.run()
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
    const found = writing.findStream.get(stream)
    const actual = column(found, 1) ?? NO_STREAM
    if (append.ifAbsent === true && actual !== NO_STREAM) return E.right(newest)
    if (expected !== actual) {
      const stored = reads.readForwards(stream, expected + 1, Math.min(events.length, actual - expected))
      if (E.isLeft(stored)) return stored
      return E.map(() => newest)(answerMismatch(append, actual, stored.right))
    }
    const number = column(found, 0) ?? column(writing.addStream.get(stream), 0) ?? null
    let position = newest
    let revision = expected
    for (const { id, type, data } of events) {
      position++
      revision++
      const sum = checksum({ position, stream, revision, id, type, data })
      writing.addEvent.run(position, number, revision, id, type, data, sum)
    }
    return E.right(position)
  }

  const store: EventStore = {
    name: `sqlite:${path}`,
    log: EMBEDDED_LOG,
    append: (appends) => answer(() => append(appends)),
    readStream: (stream, range) => answer(() => reads.readStream(stream, range)),
    readAll: (after, limit, types) => answer(() => reads.readAll(after, limit, types)),
    newest: () => answer(reads.newest),
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

import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { NO_STREAM, type RecordedEvent, type StoreError, type StreamRange } from '../port.ts'
import { damaged } from './errors.ts'
import { areRare } from './rare-types.ts'
import { readRows } from './rows.ts'
import type { ReadStatements } from './statements.ts'

type Events = E.Either<StoreError, readonly RecordedEvent[]>

/** Reads events of a file, each proven to be what was written and in its place. All throw as `node:sqlite` does. */
export interface Reads {
  readonly readStream: (stream: string, range: StreamRange) => Events
  /** `limit` events of a stream, all of which must be there, from revision `first` on. */
  readonly readForwards: (stream: string, first: number, limit: number) => Events
  readonly readAll: (after: number | null, limit: number, types?: readonly string[]) => Events
  readonly newest: () => E.Either<StoreError, O.Option<RecordedEvent>>
}

/** Reads with prepared statements. `newest` tells the position of the newest event, 0 for none: what is there up to it must be whole. */
export function readsOf(path: string, statements: ReadStatements, newest: () => number): Reads {
  function readStream(stream: string, { from, direction, limit }: StreamRange): Events {
    const last = column(statements.lastRevision.get(stream), 0) ?? NO_STREAM
    if (direction === 'forwards') {
      const first = from === 'start' ? 0 : from === 'end' ? last + 1 : from
      return readForwards(stream, first, Math.min(limit, last - first + 1))
    }
    const first = from === 'start' ? 0 : from === 'end' ? last : from
    return readBackwards(stream, Math.min(first, last), limit)
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

  function readAllTypes(after: number, limit: number): Events {
    const count = Math.max(0, Math.min(limit, newest() - after))
    const rows = statements.readAll.all(after, count)
    return orDamaged(readRows(rows, count, (event, index) => event.position === after + 1 + index))
  }

  function readTypes(after: number, limit: number, types: readonly string[]): Events {
    const statement = areRare(types) ? statements.readRareTypes : statements.readTypes
    const rows = statement.all(JSON.stringify(types), after, Math.max(0, limit))
    return orDamaged(readRows(rows, rows.length, ({ type }) => types.includes(type)))
  }

  const orDamaged = E.mapLeft((what: string) => damaged(path, what))

  return {
    readStream,
    readForwards,
    readAll: (after, limit, types) =>
      types === undefined ? readAllTypes(after ?? 0, limit) : readTypes(after ?? 0, limit, types),
    newest: () =>
      newest() === 0
        ? E.right(O.none)
        : E.map(([event]: readonly RecordedEvent[]) => O.fromNullable(event))(readAllTypes(newest() - 1, 1)),
  }
}

/** A column of a row read as an array, when it is a number. */
export function column(row: unknown, index: number): number | undefined {
  const value: unknown = Array.isArray(row) ? row[index] : undefined
  return typeof value === 'number' ? value : undefined
}

import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { concatMap, defer, ReplaySubject, takeUntil, throwError } from 'rxjs'
import { cannotFollow } from '../follow.ts'
import type { EventStore, RecordedEvent, StoreError } from '../port.ts'
import type { Server } from './client.ts'
import { openReader } from './reader.ts'
import { subscribe } from './subscription.ts'
import { appender } from './writer.ts'

/** The event store on a server, with one client for all. */
export function eventStoreDb(server: Server): EventStore {
  const { name, prefix, newClient } = server
  const client = newClient()
  const reader = openReader(client, server)
  const append = appender(client, server, reader)
  const closed$ = new ReplaySubject<void>(1)
  let closing: Promise<void> | undefined

  const answer =
    <A>(work: () => Promise<E.Either<StoreError, A>>): TE.TaskEither<StoreError, A> =>
    async () =>
      closing === undefined
        ? work()
        : E.left({ kind: 'closed', message: `${name} was closed: open it again` })

  const newest = answer(reader.newest)
  const head = TE.map(O.map(({ position }: RecordedEvent) => position))(newest)

  return {
    name,
    log: `${name} ${prefix}`,
    append: (appends) => answer(() => append(appends)),
    readStream: (stream, range) => answer(() => reader.readStream(stream, range)),
    readAll: (after, limit, types) => answer(() => reader.readAll(after, limit, types)),
    head: () => head,
    newest: () => newest,
    follow: (after, batchMax, handle) => {
      if (!(batchMax >= 1)) throw new RangeError(`batches of ${batchMax} events never end`)
      // From the beginning the head does not matter, and on a server full of others' events it would be far to look for.
      return defer(after === null ? answer(async () => E.right(O.none)) : head).pipe(
        concatMap((newest) => {
          const refusal = cannotFollow(newest, after)
          if (refusal !== undefined) return throwError(() => refusal)
          return subscribe(client, server, after, batchMax, handle).pipe(takeUntil(closed$))
        }),
      )
    },
    close: async () => {
      closing ??= client.end()
      closed$.next()
      await closing
    },
  }
}

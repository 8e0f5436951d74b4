import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { concatMap, defer, ReplaySubject, takeUntil, throwError } from 'rxjs'
import { cannotFollow } from '../follow.ts'
import type { EventStore, StoreError } from '../port.ts'
import type { ClientFactory } from './client.ts'
import { openReader } from './reader.ts'
import { subscribe } from './subscription.ts'
import { openWriter } from './writer.ts'

/** What the store stands on. `prefix` is what our streams' names begin with, the colon included. */
export interface Server {
  readonly name: string
  readonly prefix: string
  readonly newClient: ClientFactory
}

/** The event store on a server: one client that appends, one that reads and follows. */
export function eventStoreDb({ name, prefix, newClient }: Server): EventStore {
  const client = newClient()
  const reader = openReader(client, name, prefix)
  const writer = openWriter({
    store: name,
    prefix,
    newClient,
    readAfter: (stream, revision, count) =>
      reader.readStream(stream, { from: revision + 1, direction: 'forwards', limit: count }),
  })
  const closed$ = new ReplaySubject<void>(1)
  let closing: Promise<void> | undefined

  const answer =
    <A>(work: () => Promise<E.Either<StoreError, A>>): TaskEither<StoreError, A> =>
    async () =>
      closing === undefined
        ? work()
        : E.left({ kind: 'closed', message: `${name} was closed: open it again` })

  const head = answer(reader.head)

  return {
    name,
    append: (appends) => answer(() => writer.append(appends)),
    readStream: (stream, range) => answer(() => reader.readStream(stream, range)),
    readAll: (after, limit) => answer(() => reader.readAll(after, limit)),
    head: () => head,
    follow: (after, batchMax, handle) => {
      if (!(batchMax >= 1)) throw new RangeError(`batches of ${batchMax} events never end`)
      // From the beginning the head does not matter, and on a server full of others' events it would be far to look for.
      return defer(after === null ? answer(async () => E.right(O.none)) : head).pipe(
        concatMap((newest) => {
          const refusal = cannotFollow(newest, after)
          if (refusal !== undefined) return throwError(() => refusal)
          return subscribe({ client, store: name, prefix }, after, batchMax, handle).pipe(takeUntil(closed$))
        }),
      )
    },
    close: async () => {
      closing ??= Promise.all([writer.close(), client.end()]).then(() => undefined)
      closed$.next()
      await closing
    },
  }
}

import { setImmediate } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  concatMap,
  defer,
  filter,
  from,
  map,
  type Observable,
  repeat,
  take,
  takeUntil,
  tap,
  throwError,
} from 'rxjs'
import type { EventStore, RecordedEvent, StoreError } from './port.ts'

/** Logs that are written in this process count their events from 1. */
export const EMBEDDED_LOG = 'embedded'

/** What following needs of a log that is written in this process. */
export interface FollowedLog extends Pick<EventStore, 'head' | 'readAll'> {
  /** Position of the newest event, `null` for an empty log: at once, then whenever it moves. */
  readonly newest$: Observable<number | null>
  /** Emits when the store closes, also to those who come later. */
  readonly closed$: Observable<void>
}

type Handler = Parameters<EventStore['follow']>[2]

/**
 * `EventStore.follow` for a store whose only writer is this process, so that every append can wake its readers.
 *
 * @throws RangeError when `batchMax` is not at least 1.
 */
export function followLog(
  log: FollowedLog,
  after: number | null,
  batchMax: number,
  handle: Handler,
): Observable<number> {
  if (!(batchMax >= 1)) throw new RangeError(`batches of ${batchMax} events never end`)
  const batches = defer(() => {
    let position = after
    const nextBatch = log.newest$.pipe(
      filter((newest) => newest !== null && (position === null || newest > position)),
      take(1),
      // A turn of the event loop for each batch: sockets are served while a reader catches up, and an append is
      // answered before its readers read.
      concatMap(() => setImmediate()),
      concatMap(() => log.readAll(position, batchMax)()),
      concatMap(handleWith(handle)),
      tap((handled) => {
        position = handled
      }),
    )
    return nextBatch.pipe(repeat(), takeUntil(log.closed$))
  })
  return defer(() => log.head()()).pipe(
    concatMap((head) => {
      const refusal = cannotFollow(head, after)
      return refusal === undefined ? batches : throwError(() => refusal)
    }),
  )
}

/** Why a log with this newest event can't be followed from a position: not read, or ended before it. */
export function cannotFollow(
  head: E.Either<StoreError, O.Option<number>>,
  after: number | null,
): StoreError | undefined {
  if (E.isLeft(head)) return head.left
  const newest = O.getOrElse(() => 0)(head.right)
  if (after === null || after <= newest) return undefined
  // Waiting there would skip every event up to that position in silence.
  return {
    kind: 'damaged',
    message:
      `the log ends at position ${newest}, its reader has already seen ${after}: events were lost, perhaps by ` +
      'going back to an older backup. Rebuild what was read, and compare the log with the published ledger',
  }
}

const handleWith =
  (handle: Handler) =>
  (read: E.Either<StoreError, readonly RecordedEvent[]>): Observable<number> => {
    if (E.isLeft(read)) return throwError(() => read.left)
    const last = read.right.at(-1)
    if (last === undefined) throw new RangeError('a log that has moved on holds no newer events')
    return from(handle(read.right)).pipe(map(() => last.position))
  }

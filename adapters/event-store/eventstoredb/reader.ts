import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  FORWARDS,
  type ResolvedEvent,
  START,
  type StreamingRead,
  StreamNotFoundError,
} from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { RecordedEvent, StoreError, StreamEvent, StreamRange } from '../port.ts'
import { askingLeader, type DatabaseClient, type Server } from './client.ts'
import { damaged, NoAnswer, storeError } from './errors.ts'
import { ofLog, ofStream } from './recorded.ts'

/** Reads a server, always asking the leader: a follower may not know yet what was just written. */
export interface Reader {
  readonly readStream: (
    stream: string,
    range: StreamRange,
  ) => Promise<E.Either<StoreError, readonly StreamEvent[]>>
  readonly readAll: (
    after: number | null,
    limit: number,
    types?: readonly string[],
  ) => Promise<E.Either<StoreError, readonly RecordedEvent[]>>
  readonly newest: () => Promise<E.Either<StoreError, O.Option<RecordedEvent>>>
}

/** Events in one read of the whole log: two at least, since one may be known, and few enough to be held in memory. */
const PAGE_MIN = 2
const PAGE_MAX = 4_096
/** When few of them are wanted: 60,000 bytes each at most. */
const CHOOSING_PAGE = 256

/** Reads with one client. */
export function openReader(client: DatabaseClient, { name: store, prefix, answerMsMax }: Server): Reader {
  async function readStream(
    stream: string,
    range: StreamRange,
  ): Promise<E.Either<StoreError, readonly StreamEvent[]>> {
    const { from, direction, limit } = range
    if (limit < 1 || (direction === 'forwards' && from === 'end')) return E.right([])
    try {
      const read = (): StreamingRead<ResolvedEvent> =>
        client.readStream(prefix + stream, {
          fromRevision: from === 'start' ? START : from === 'end' ? END : BigInt(from),
          direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
          maxCount: limit,
          requiresLeader: true,
        })
      const events = await collect(read, answerMsMax, ({ event }) => event && ofStream(event, prefix))
      const gap = missing(events, range)
      return gap === undefined ? E.right(events) : E.left(damaged(store, truncated(stream, gap)))
    } catch (thrown) {
      if (thrown instanceof StreamNotFoundError) return noStream(stream)
      return E.left(storeError(thrown, store, stream))
    }
  }

  /** A deleted stream is not found either, but its metadata keeps a mark: it must not pass for a new one. */
  async function noStream(stream: string): Promise<E.Either<StoreError, readonly never[]>> {
    try {
      const { metadata } = await askingLeader(() =>
        client.getStreamMetadata(prefix + stream, { requiresLeader: true }),
      )
      return metadata?.truncateBefore === undefined
        ? E.right([])
        : E.left(damaged(store, truncated(stream, metadata.truncateBefore)))
    } catch (thrown) {
      return E.left(storeError(thrown, store, stream))
    }
  }

  /** The client can't have the server choose by type when it reads, only when it subscribes: all of it comes, and is looked through. */
  async function readAll(
    after: number | null,
    limit: number,
    types?: readonly string[],
  ): Promise<E.Either<StoreError, readonly RecordedEvent[]>> {
    const events: RecordedEvent[] = []
    let from = after
    try {
      while (events.length < limit) {
        const count =
          types === undefined ? Math.min(Math.max(limit - events.length, PAGE_MIN), PAGE_MAX) : CHOOSING_PAGE
        const page = await readPage(FORWARDS, from, count)
        const wanted = types === undefined ? page.ours : page.ours.filter(({ type }) => types.includes(type))
        events.push(...wanted.slice(0, limit - events.length))
        if (page.last === null) break
        from = page.last
      }
      return E.right(events)
    } catch (thrown) {
      return E.left(storeError(thrown, store, null))
    }
  }

  /** The end of the log may hold other applications' events and the server's own. */
  async function newest(): Promise<E.Either<StoreError, O.Option<RecordedEvent>>> {
    let before: number | null = null
    try {
      for (let count = PAGE_MIN; ; count = Math.min(count * 4, PAGE_MAX)) {
        const page: Page = await readPage(BACKWARDS, before, count)
        const [event] = page.ours
        if (event !== undefined || page.last === null) return E.right(O.fromNullable(event))
        before = page.last
      }
    } catch (thrown) {
      return E.left(storeError(thrown, store, null))
    }
  }

  /** Events of the whole log on one side of a position, `count` at most. Each read is one that the server ends. */
  async function readPage(
    direction: typeof FORWARDS | typeof BACKWARDS,
    from: number | null,
    count: number,
  ): Promise<Page> {
    const whole = direction === FORWARDS ? START : END
    const read = (): StreamingRead<AllStreamResolvedEvent> =>
      client.readAll({
        fromPosition: from === null ? whole : { commit: BigInt(from), prepare: BigInt(from) },
        direction,
        maxCount: count,
        requiresLeader: true,
      })
    const all = await collect(read, answerMsMax, ({ event }) => event)
    // Going forwards, the position read from is included.
    const isNew = ({ position }: RecordedEvent): boolean => position !== from
    const last = all.length < count ? undefined : all.at(-1)?.position
    return {
      ours: all.flatMap((event) => ofLog(event, prefix) ?? []).filter(isNew),
      last: last === undefined ? null : Number(last.commit),
    }
  }

  return { readStream, readAll, newest }
}

/** Part of the log: our events in it, and where its last event of whatever origin is; null when the log ends with it. */
interface Page {
  readonly ours: readonly RecordedEvent[]
  readonly last: number | null
}

/**
 * The events that a read brings, as far as they are wanted. One that brings nothing for a while is given up. All others are read to
 * their end: the client never lets go of what is not.
 */
const collect = <R extends ResolvedEvent, A>(
  read: () => StreamingRead<R>,
  silenceMsMax: number,
  wanted: (resolved: R) => A | undefined,
): Promise<readonly A[]> =>
  askingLeader(
    () =>
      new Promise((resolve, reject) => {
        const events: A[] = []
        const reading = read()
        const timer = setTimeout(() => {
          reject(new NoAnswer())
          reading.cancel().catch(() => undefined)
        }, silenceMsMax)
        const settled = (settle: () => void): void => {
          clearTimeout(timer)
          settle()
        }
        reading
          .on('data', (resolved: R) => {
            timer.refresh()
            const event = wanted(resolved)
            if (event !== undefined) events.push(event)
          })
          .on('error', (error: Error) => settled(() => reject(error)))
          .on('end', () => settled(() => resolve(events)))
      }),
  )

/** The revision up to which a stream's events are gone, as far as a read shows it. */
function missing(events: readonly StreamEvent[], { from, direction }: StreamRange): number | undefined {
  const [first] = events
  if (first === undefined) return undefined
  const forwards = direction === 'forwards'
  const start = forwards && from !== 'end' ? (from === 'start' ? 0 : from) : first.revision
  const step = forwards ? 1 : -1
  return events.find(({ revision }, i) => revision !== start + i * step)?.revision
}

const truncated = (stream: string, revision: number | string): string =>
  `events of stream ${stream} before revision ${revision} were deleted or truncated by somebody (delete, $maxCount, $maxAge, $tb). Undo it in the stream's metadata before the next scavenge, else restore the newest backup of the database`

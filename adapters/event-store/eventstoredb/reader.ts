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
import type { DatabaseClient } from './client.ts'
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
  ) => Promise<E.Either<StoreError, readonly RecordedEvent[]>>
  readonly head: () => Promise<E.Either<StoreError, O.Option<number>>>
}

/** A read that brings nothing for so long is given up. */
const SILENCE_MS_MAX = 10_000

/** The reads of one client. `store` is its name for people, `prefix` what our streams' names begin with. */
export function openReader(client: DatabaseClient, store: string, prefix: string): Reader {
  async function readStream(
    stream: string,
    range: StreamRange,
  ): Promise<E.Either<StoreError, readonly StreamEvent[]>> {
    const { from, direction, limit } = range
    if (limit < 1 || (direction === 'forwards' && from === 'end')) return E.right([])
    try {
      const read = client.readStream(prefix + stream, {
        fromRevision: from === 'start' ? START : from === 'end' ? END : BigInt(from),
        direction: direction === 'forwards' ? FORWARDS : BACKWARDS,
        maxCount: limit,
        requiresLeader: true,
      })
      const events = await collect(read, limit, ({ event }) => event && ofStream(event, prefix))
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
      const { metadata } = await client.getStreamMetadata(prefix + stream, { requiresLeader: true })
      return metadata?.truncateBefore === undefined
        ? E.right([])
        : E.left(damaged(store, truncated(stream, metadata.truncateBefore)))
    } catch (thrown) {
      return E.left(storeError(thrown, store, stream))
    }
  }

  async function readAll(
    after: number | null,
    limit: number,
  ): Promise<E.Either<StoreError, readonly RecordedEvent[]>> {
    if (limit < 1) return E.right([])
    // The position read from is included.
    const wanted = ({ event }: AllStreamResolvedEvent): RecordedEvent | undefined => {
      const ours = ofLog(event, prefix)
      return ours !== undefined && ours.position > (after ?? -1) ? ours : undefined
    }
    try {
      const read = client.readAll({
        fromPosition: after === null ? START : { commit: BigInt(after), prepare: BigInt(after) },
        direction: FORWARDS,
        requiresLeader: true,
      })
      return E.right(await collect(read, limit, wanted))
    } catch (thrown) {
      return E.left(storeError(thrown, store, null))
    }
  }

  /** The end of the log may hold other applications' events and the server's own. */
  async function head(): Promise<E.Either<StoreError, O.Option<number>>> {
    try {
      const read = client.readAll({ fromPosition: END, direction: BACKWARDS, requiresLeader: true })
      const [newest] = await collect(read, 1, ({ event }) => ofLog(event, prefix))
      return E.right(O.fromNullable(newest?.position))
    } catch (thrown) {
      return E.left(storeError(thrown, store, null))
    }
  }

  return { readStream, readAll, head }
}

/** The first `limit` of the events that a read brings, as far as they are wanted; the read is then cancelled. */
async function collect<R extends ResolvedEvent, A>(
  read: StreamingRead<R>,
  limit: number,
  wanted: (resolved: R) => A | undefined,
): Promise<readonly A[]> {
  const events: A[] = []
  const timer = setTimeout(() => read.destroy(new NoAnswer()), SILENCE_MS_MAX)
  try {
    for await (const resolved of read) {
      timer.refresh()
      const event = wanted(resolved)
      if (event !== undefined && events.push(event) === limit) break
    }
    return events
  } finally {
    clearTimeout(timer)
    read.cancel().catch(() => undefined)
  }
}

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

import type { Option } from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Observable } from 'rxjs'

/** An event on its way into the log. `id` is a UUID, the same each time the same event is tried again. */
export interface ProposedEvent {
  readonly id: string
  readonly type: string
  /** Canonical JSON text. */
  readonly data: string
}

/** An event as its stream holds it. */
export interface StreamEvent extends ProposedEvent {
  readonly stream: string
  /** 0 for the first event of a stream, then one more each. */
  readonly revision: number
}

/** An event as the log holds it. */
export interface RecordedEvent extends StreamEvent {
  /** Place in the whole log: strictly increasing, not dense. */
  readonly position: number
}

/** Revision of a stream that does not exist: what the first writer of a stream expects. */
export const NO_STREAM = -1

/** One atomic append to one stream. `expected` is the revision of its last event, or {@link NO_STREAM}. */
export interface StreamAppend {
  readonly stream: string
  readonly expected: number
  readonly events: readonly ProposedEvent[]
  /**
   * It does not matter in which order this one and its neighbours in the call that say the same come into the log, but for those of one
   * stream: a server that is far away writes them at the same time.
   */
  readonly unordered?: true
  /** With {@link NO_STREAM} expected: where the stream is there already, whatever it holds, nothing is written and nothing is wrong. */
  readonly ifAbsent?: true
}

/** Why the store could not do it. `message` is a sentence for the operator. */
export type StoreError =
  /** The stream has moved on (or is behind) and holds other events than these. Nothing of this append was written. */
  | {
      readonly kind: 'wrong-expected-revision'
      readonly stream: string
      readonly expected: number
      readonly actual: number
      readonly message: string
    }
  /** The stream holds the first of these events after `expected` but then others. */
  | { readonly kind: 'conflicting-events'; readonly stream: string; readonly message: string }
  /** An event is over `EVENT_BYTES_MAX` or an append over `APPEND_BYTES_MAX`. Nothing was written. */
  | { readonly kind: 'too-large'; readonly message: string }
  /** Gone, full or locked for now, outcome perhaps unknown: the same call again is safe. */
  | { readonly kind: 'unavailable'; readonly message: string }
  /** Another process has the store. */
  | { readonly kind: 'in-use'; readonly message: string }
  /** What is stored is not what was written. */
  | { readonly kind: 'damaged'; readonly message: string }
  | { readonly kind: 'closed'; readonly message: string }

/** Bytes of canonical JSON in one event at most: a ledger entry holds 65,535 with its envelope. */
export const EVENT_BYTES_MAX = 60_000

/** Bytes of data in one append at most: half of EventStoreDB's default limit of 1 MiB, which counts envelopes too. */
export const APPEND_BYTES_MAX = 512 * 1024

/**
 * A slice of a stream, `limit` events at most, starting with revision `from`. `'end'` is the last event going backwards, and the
 * place after it going forwards, where nothing is yet.
 */
export interface StreamRange {
  readonly from: number | 'start' | 'end'
  readonly direction: 'forwards' | 'backwards'
  readonly limit: number
}

/** What can be read of a log, by a program that may not write it as well. */
export interface EventReader {
  /** For logs and pages: `sqlite:/var/lib/lodebook/lodebook.db`. */
  readonly name: string
  /**
   * Which log the positions count in: a position taken from a log of another name says nothing here. One name for all embedded logs, since the same
   * events have the same positions in each.
   */
  readonly log: string
  /** Empty when there is no such stream. Without positions: not every server tells them here. */
  readonly readStream: (stream: string, range: StreamRange) => TaskEither<StoreError, readonly StreamEvent[]>
  /**
   * Events after a position (exclusive; `null` for all), in order, `limit` at most. With `types` those of these types alone: fewer than
   * `limit` mean that the log has no more of them. The embedded store finds rare types without looking at the others.
   */
  readonly readAll: (
    after: number | null,
    limit: number,
    types?: readonly string[],
  ) => TaskEither<StoreError, readonly RecordedEvent[]>
  /** Position of the newest event. No position may be made of it: in a log of others' events too, not every number is one. */
  readonly head: () => TaskEither<StoreError, Option<number>>
  readonly newest: () => TaskEither<StoreError, Option<RecordedEvent>>
  /** Ends every subscription and gives the store free. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * The log of all events, with EventStoreDB's semantics and one guarantee of its own: an answered append is on disk.
 * `test/contract/event-store.ts` is the definition; every adapter passes it.
 */
export interface EventStore extends EventReader {
  /**
   * Appends in order, each one atomic. At the first that fails the rest is left alone; those before it, and unordered ones beside it,
   * may have been kept or not. Events that are already there, right after `expected`, are not written again and count as
   * appended, so the same call can always be repeated. They are the same when id, type and data are; EventStoreDB
   * looks at ids alone.
   *
   * @throws RangeError for an append without events.
   */
  readonly append: (appends: readonly StreamAppend[]) => TaskEither<StoreError, void>
  /**
   * Every event after `after`, then each new one, in batches of `batchMax` at most. The next batch is read when
   * `handle` has resolved, so a slow reader costs no memory. Emits the position of each handled batch.
   * Errors when the store does or `handle` rejects; the subscriber decides whether to follow again. `damaged` when
   * the log ends before `after`: it is older than what its reader has seen. Completes when the store is closed.
   *
   * @throws RangeError when `batchMax` is not at least 1.
   */
  readonly follow: (
    after: number | null,
    batchMax: number,
    handle: (events: readonly RecordedEvent[]) => Promise<void>,
  ) => Observable<number>
}

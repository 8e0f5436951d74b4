import { randomUUID } from 'node:crypto'
import {
  DELETED_STREAM,
  decodeRecord,
  endOf,
  idOf,
  type LogRecord,
  type NewEvent,
  recordWriter,
} from './log-record.ts'

/** What a writer expects of a stream: the revision of its last event, or less than that. */
export type Expected = number | 'no-stream' | 'any' | 'stream-exists'

/** What an append or a deletion came to. */
export type WriteOutcome =
  /** `position` is null when the events were there before and have been truncated since. */
  | { readonly kind: 'written'; readonly revision: number; readonly position: number | null }
  /** `current` is null when there is no such stream. */
  | { readonly kind: 'wrong-expected-version'; readonly current: number | null }
  | { readonly kind: 'stream-deleted' }

/** What a reader of a stream may see. */
export type StreamView =
  | { readonly kind: 'no-stream' }
  | { readonly kind: 'deleted' }
  /** Revisions `first` to `last`, none when `first` is greater. */
  | {
      readonly kind: 'records'
      readonly records: readonly LogRecord[]
      readonly first: number
      readonly last: number
    }

/**
 * All records in order, the streams they make, and EventStoreDB's rules of writing to them (`IndexWriter.CheckCommit`).
 * Knows no clock but the one it is given, no disk and no network. Records count as committed, and are read, up to `commit`.
 */
export interface EventLog {
  /** Every record, committed or not. */
  readonly records: readonly LogRecord[]
  readonly committedCount: () => number
  /** Readers may see so many records. Calls all that watch. */
  readonly commit: (count: number) => void
  /** Calls `notice` after each commit until the returned function is called. */
  readonly watch: (notice: () => void) => () => void
  readonly append: (stream: string, expected: Expected, events: readonly NewEvent[]) => WriteOutcome
  /** Sets `$tb` to the end of all revisions: the stream can be opened again by writing to it. */
  readonly softDelete: (stream: string, expected: Expected) => WriteOutcome
  /** Writes a tombstone, after which there is nothing. */
  readonly tombstone: (stream: string, expected: Expected) => WriteOutcome
  readonly view: (stream: string) => StreamView
  /** All that was ever written to a stream, committed or not, truncated or not. */
  readonly held: (stream: string) => readonly LogRecord[]
  /** The record that a link's text (`7@stream`) points at; undefined when it is not there for readers. */
  readonly linkTarget: (link: string) => LogRecord | undefined
  /** Index of the first record at `position` or after it among all; -1 when no record begins there, though later ones exist. */
  readonly indexAt: (position: number) => number
  /** Takes back records from a journal. */
  readonly restore: (records: readonly LogRecord[]) => void
  /** What a restart does: ids for the deduplication of `any` are held in memory alone. */
  readonly forgetRecentIds: () => void
}

/** Where the first event lies: after the records in which a node writes down its epoch. */
export const FIRST_POSITION = 1024

/** Type of the events in metadata streams, whose name is `$$` and that of their stream. */
export const METADATA_TYPE = '$metadata'
/** Type of a tombstone. */
export const STREAM_DELETED_TYPE = '$streamDeleted'
/** Type of an event that points to another, `7@stream`. */
export const LINK_TYPE = '$>'

/** Makes an empty log. */
export function eventLog(nowMs: () => number): EventLog {
  const records: LogRecord[] = []
  const streams = new Map<string, LogRecord[]>()
  const recentIds = recentIdCache()
  const watchers = new Set<() => void>()
  const writer = recordWriter()
  let committed = 0

  const keep = (record: LogRecord): void => {
    records.push(record)
    const held = streams.get(record.stream)
    if (held === undefined) streams.set(record.stream, [record])
    else held.push(record)
  }
  const write = (stream: string, revision: number, event: NewEvent): LogRecord => {
    const last = records.at(-1)
    const position = last === undefined ? FIRST_POSITION : endOf(last)
    const record = writer.write(event, { stream, revision, position, index: records.length }, nowMs())
    keep(record)
    recentIds.add(event.id, record)
    return record
  }
  const lastRevision = (stream: string): number | null => streams.get(stream)?.at(-1)?.revision ?? null
  const isTombstoned = (stream: string): boolean => lastRevision(stream) === DELETED_STREAM

  const metadataOf = (stream: string, below: number): StreamMetadata => {
    const held = streams.get(`$$${stream}`)
    const newest = held?.findLast((record) => record.index < below)
    return newest === undefined ? {} : parseMetadata(newest)
  }
  const isSoftDeleted = (stream: string): boolean => metadataOf(stream, records.length).$tb === DELETED_STREAM

  const writeMetadata = (stream: string, metadata: string): LogRecord =>
    write(`$$${stream}`, (lastRevision(`$$${stream}`) ?? -1) + 1, {
      id: randomUUID(),
      type: METADATA_TYPE,
      isJson: true,
      data: Buffer.from(metadata),
      metadata: EMPTY,
    })

  /** Written over by the first event after a soft deletion, and by new metadata of a deleted stream: numbering goes on. */
  const reopen = (stream: string, firstRevision: number): void => {
    const metadata = { ...metadataOf(stream, records.length), $tb: firstRevision }
    writeMetadata(stream, JSON.stringify(metadata))
  }

  /** The stream may be written to, or what the answer is otherwise. */
  const check = (stream: string, expected: Expected, ids: readonly string[]): WriteOutcome | 'write' => {
    if (isTombstoned(stream) || (stream.startsWith('$$') && isTombstoned(stream.slice(2))))
      return { kind: 'stream-deleted' }
    const current = lastRevision(stream)
    const wrong: WriteOutcome = { kind: 'wrong-expected-version', current }
    if (expected === 'stream-exists') {
      if (isSoftDeleted(stream)) return { kind: 'stream-deleted' }
      if (current === null && lastRevision(`$$${stream}`) === null) return wrong
    }
    if (expected === 'any' || expected === 'stream-exists') {
      const known = ids.findIndex((id) => recentIds.get(id)?.stream !== stream)
      if (known === 0) return 'write'
      if (known > 0) return wrong
      const last = recentIds.get(ids.at(-1) ?? '')
      return last === undefined ? 'write' : answerAgain(last)
    }
    const expectedRevision = expected === 'no-stream' ? -1 : expected
    const currentRevision = current ?? -1
    if (expectedRevision === currentRevision) return 'write'
    if (expectedRevision > currentRevision) return wrong
    const held = streams.get(stream) ?? []
    const different = ids.findIndex((id, i) => {
      const there = held[expectedRevision + 1 + i]
      return there === undefined || idOf(there) !== id
    })
    if (different === 0 && expected === 'no-stream' && isSoftDeleted(stream)) return 'write'
    const last = held[expectedRevision + ids.length]
    return different !== -1 || last === undefined || ids.length === 0 ? wrong : answerAgain(last)
  }
  const answerAgain = (last: LogRecord): WriteOutcome => {
    const { $tb = 0 } = metadataOf(last.stream, records.length)
    return {
      kind: 'written',
      revision: last.revision,
      position: last.revision < $tb ? null : last.position,
    }
  }

  const append: EventLog['append'] = (stream, expected, events) => {
    const ids = events.map((event) => event.id)
    const checked = check(stream, expected, ids)
    if (checked !== 'write') return checked
    const wasDeleted = isSoftDeleted(stream)
    const described = stream.startsWith('$$') ? stream.slice(2) : undefined
    const describesDeleted = described !== undefined && isSoftDeleted(described)
    const first = (lastRevision(stream) ?? -1) + 1
    let last: LogRecord | undefined
    for (const [i, event] of events.entries()) last = write(stream, first + i, event)
    if (wasDeleted) reopen(stream, first)
    if (describesDeleted) reopen(described, (lastRevision(described) ?? -1) + 1)
    return { kind: 'written', revision: last?.revision ?? first - 1, position: last?.position ?? null }
  }

  const softDelete: EventLog['softDelete'] = (stream, expected) => {
    const checked = check(stream, expected, [randomUUID()])
    if (checked !== 'write') return checked
    if (lastRevision(stream) === null && lastRevision(`$$${stream}`) === null)
      return { kind: 'wrong-expected-version', current: null }
    const { revision, position } = writeMetadata(stream, SOFT_DELETED)
    return { kind: 'written', revision, position }
  }

  const tombstone: EventLog['tombstone'] = (stream, expected) => {
    const id = randomUUID()
    const checked = check(stream, expected, [id])
    if (checked !== 'write') return checked
    const event = { id, type: STREAM_DELETED_TYPE, isJson: false, data: EMPTY, metadata: EMPTY }
    const { revision, position } = write(stream, DELETED_STREAM, event)
    return { kind: 'written', revision, position }
  }

  const view: EventLog['view'] = (stream) => {
    const held = streams.get(stream)
    const newest = held?.findLast((record) => record.index < committed)
    if (held === undefined || newest === undefined) return { kind: 'no-stream' }
    const last = newest.revision
    if (last === DELETED_STREAM) return { kind: 'deleted' }
    const { $maxCount = Number.POSITIVE_INFINITY, $tb = 0 } = metadataOf(stream, committed)
    if ($tb === DELETED_STREAM) return { kind: 'no-stream' }
    return { kind: 'records', records: held, first: Math.max(0, $tb, last - $maxCount + 1), last }
  }

  return {
    records,
    committedCount: () => committed,
    commit: (count) => {
      committed = count
      for (const notice of watchers) notice()
    },
    watch: (notice) => {
      watchers.add(notice)
      return () => watchers.delete(notice)
    },
    append,
    softDelete,
    tombstone,
    view,
    held: (stream) => streams.get(stream) ?? [],
    linkTarget: (link) => {
      const [revision = '', stream = ''] = link.split(/@(.*)/s)
      const target = view(stream)
      if (target.kind !== 'records' || Number(revision) < target.first || Number(revision) > target.last)
        return undefined
      return target.records[Number(revision)]
    },
    indexAt: (position) => {
      if (position <= FIRST_POSITION) return 0
      let low = 0
      let high = records.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((records[middle]?.position ?? 0) < position) low = middle + 1
        else high = middle
      }
      const found = records[low]
      return found === undefined || found.position === position ? low : -1
    },
    restore: (restored) => {
      for (const record of restored) keep(record)
      committed = records.length
    },
    forgetRecentIds: recentIds.clear,
  }
}

interface StreamMetadata {
  readonly $maxCount?: number
  readonly $tb?: number
}

const EMPTY = Buffer.alloc(0)
const SOFT_DELETED = '{"$tb":9223372036854775807}'

/** Metadata that is not JSON, or not an object, says nothing. */
function parseMetadata(record: LogRecord): StreamMetadata {
  try {
    const parsed: unknown = JSON.parse(decodeRecord(record).data.toString())
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    return {}
  }
}

interface RecentIds {
  readonly add: (id: string, record: LogRecord) => void
  readonly get: (id: string) => LogRecord | undefined
  readonly clear: () => void
}

/** EventStoreDB's `CommitedEventsMemCacheLimit`, and what it counts for an entry beside the stream's name. */
const RECENT_IDS_BYTES_MAX = 8 * 1024 * 1024
const RECENT_ID_BYTES = 16 + 4 + 8

/** The newest ids, oldest forgotten first. */
function recentIdCache(): RecentIds {
  const byId = new Map<string, LogRecord>()
  // Not the order of the map: to find the first entry of one that loses them there is slow.
  let queue: LogRecord[] = []
  let oldest = 0
  let bytes = 0
  const sizeOf = (record: LogRecord): number => RECENT_ID_BYTES + 2 * record.stream.length
  return {
    add: (id, record) => {
      byId.set(id, record)
      queue.push(record)
      bytes += sizeOf(record)
      while (bytes > RECENT_IDS_BYTES_MAX) {
        const forgotten = queue[oldest++]
        if (forgotten === undefined) return
        bytes -= sizeOf(forgotten)
        const forgottenId = idOf(forgotten)
        if (byId.get(forgottenId) === forgotten) byId.delete(forgottenId)
      }
      if (oldest < queue.length / 2) return
      queue = queue.slice(oldest)
      oldest = 0
    },
    get: (id) => byId.get(id),
    clear: () => {
      byId.clear()
      queue = []
      oldest = 0
      bytes = 0
    },
  }
}

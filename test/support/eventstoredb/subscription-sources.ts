import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { filterOf, PAGE_RECORDS_MAX } from './event-filter.ts'
import type { GrpcStatus } from './grpc.ts'
import { type EventLog, STREAM_DELETED_TYPE } from './log.ts'
import { endOf, type LogRecord } from './log-record.ts'
import { grpcFrame } from './protobuf.ts'
import { isBefore, type Position } from './read-frames.ts'
import { grpcStatusOf } from './refusals.ts'

/** What a subscription does next. */
export interface Step {
  /** Events, and checkpoints ready to send. */
  readonly items: readonly (LogRecord | Buffer)[]
  /** There is no more for now. */
  readonly isAtEnd: boolean
  /** There never will be. */
  readonly status?: GrpcStatus
}

/** What a subscription is to: it remembers how far it is. */
export interface Source {
  /** The reader has seen the newest event, or claims to. */
  readonly startsLive: boolean
  /** Committed records that it has not looked at. */
  readonly pending: () => number
  /** A page of what there was before. */
  readonly page: () => Step
  /** The next record that was committed since. */
  readonly live: () => Step
  /** Leaves live events for pages; what is to be said before. */
  readonly fallBehind: () => readonly Buffer[]
}

const NOTHING: Step = { items: [], isAtEnd: true }

/** `$all`, filtered or not; a sentence when the request is wrong. */
export function allSource(log: EventLog, options: ReadReq.Options): Source | string {
  const requested = options.getFilter()
  const filter = requested === undefined ? undefined : filterOf(requested)
  if (typeof filter === 'string') return filter
  const newest = log.records[log.committedCount() - 1]?.position ?? -1
  const lastLive = { commit: newest, prepare: newest }
  const start = startOf(options, lastLive)

  /** What the reader has been sent, event or checkpoint. */
  let seen = start
  let next = 0
  let isInvalid = false
  const startsLive = !isBefore(start, lastLive)
  if (startsLive) next = log.committedCount()
  else if (start.commit >= 0) {
    next = log.indexAt(start.commit)
    isInvalid = next === -1
    if (log.records[next]?.position === start.commit && start.prepare >= start.commit) next++
  }
  let pageStart = start.commit < 0 ? ORIGIN : start
  let sinceCheckpoint = 0
  let lastCheckpoint: Position | undefined

  /** A checkpoint for where the reader is, unless it has it. */
  const checkpoint = (): readonly Buffer[] => {
    if (seen.commit < 0 || (lastCheckpoint !== undefined && !isBefore(lastCheckpoint, seen))) return []
    lastCheckpoint = seen
    return [checkpointFrame(seen)]
  }
  const take = (): LogRecord | undefined => {
    const record = next < log.committedCount() ? log.records[next] : undefined
    if (record !== undefined) next++
    return record
  }

  const page = (): Step => {
    if (isInvalid) return { ...NOTHING, status: INVALID_POSITION }
    const items: (LogRecord | Buffer)[] = []
    const windowMax = filter?.windowMax ?? PAGE_RECORDS_MAX
    let considered = 0
    let isAtEnd = false
    let after = pageStart
    while (items.length < PAGE_RECORDS_MAX && considered < windowMax) {
      const record = take()
      if (record === undefined) {
        isAtEnd = true
        break
      }
      considered++
      after = { commit: endOf(record), prepare: 0 }
      if (filter?.allows(record) === false) continue
      items.push(record)
      seen = at(record)
    }
    sinceCheckpoint += considered
    if (filter !== undefined && (isAtEnd || sinceCheckpoint >= filter.checkpointInterval)) {
      sinceCheckpoint %= filter.checkpointInterval
      if (isBefore(seen, pageStart)) seen = pageStart
      items.push(...checkpoint())
    }
    if (isAtEnd) sinceCheckpoint = 0
    pageStart = after
    return { items, isAtEnd }
  }

  const live = (): Step => {
    const record = take()
    if (record === undefined) return NOTHING
    const items: (LogRecord | Buffer)[] = []
    sinceCheckpoint++
    if (filter?.allows(record) !== false && isBefore(seen, at(record))) {
      items.push(record)
      seen = at(record)
    }
    if (filter !== undefined && sinceCheckpoint >= filter.checkpointInterval) {
      sinceCheckpoint = 0
      if (isBefore(seen, at(record))) seen = at(record)
      items.push(...checkpoint())
    }
    return { items, isAtEnd: false }
  }

  return {
    startsLive,
    pending: () => log.committedCount() - next,
    page,
    live,
    fallBehind: () => {
      sinceCheckpoint = 0
      pageStart = seen
      return filter === undefined ? [] : checkpoint()
    },
  }
}

/** One stream. */
export function streamSource(log: EventLog, options: ReadReq.Options): Source {
  const streamOptions = options.getStream()
  const stream = Buffer.from(streamOptions?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()
  const deleted = grpcStatusOf({ kind: 'stream-deleted', stream })
  const committed = (): number =>
    log.held(stream).findLastIndex(({ index }) => index < log.committedCount()) + 1
  const newest = log.held(stream)[committed() - 1]?.revision ?? -1
  let seen = streamOptions?.hasRevision()
    ? Number(streamOptions.getRevision())
    : streamOptions?.hasEnd()
      ? newest
      : -1
  const startsLive = seen >= newest
  let next = startsLive ? committed() : seen + 1

  return {
    startsLive,
    pending: () => committed() - next,
    page: () => {
      const view = log.view(stream)
      if (view.kind === 'deleted') return { ...NOTHING, status: deleted }
      if (view.kind === 'no-stream') {
        next = committed()
        return NOTHING
      }
      const first = Math.max(next, view.first)
      const items = view.records.slice(first, Math.min(first + PAGE_RECORDS_MAX, view.last + 1))
      next = first + items.length
      seen = items.at(-1)?.revision ?? seen
      return { items, isAtEnd: next > view.last }
    },
    live: () => {
      const record = next < committed() ? log.held(stream)[next] : undefined
      if (record === undefined) return NOTHING
      next++
      if (record.revision <= seen) return { items: [], isAtEnd: false }
      seen = record.revision
      const items = [record]
      return record.type === STREAM_DELETED_TYPE
        ? { items, isAtEnd: true, status: deleted }
        : { items, isAtEnd: false }
    },
    fallBehind: () => [],
  }
}

const ORIGIN: Position = { commit: 0, prepare: 0 }

const at = ({ position }: LogRecord): Position => ({ commit: position, prepare: position })

function startOf(options: ReadReq.Options, lastLive: Position): Position {
  const all = options.getAll()
  const position = all?.getPosition()
  if (position !== undefined)
    return { commit: Number(position.getCommitPosition()), prepare: Number(position.getPreparePosition()) }
  return all?.hasEnd() === true ? lastLive : { commit: -1, prepare: -1 }
}

const INVALID_POSITION = grpcStatusOf({
  kind: 'bad-request',
  message: 'Trying to read from an invalid position.',
})

const checkpointFrame = ({ commit, prepare }: Position): Buffer =>
  grpcFrame(
    new streamsPb.ReadResp()
      .setCheckpoint(
        new streamsPb.ReadResp.Checkpoint()
          .setCommitPosition(String(commit))
          .setPreparePosition(String(prepare)),
      )
      .serializeBinary(),
  )

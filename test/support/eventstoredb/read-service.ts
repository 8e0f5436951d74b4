import grpcPb from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { type EventFilter, filterOf } from './event-filter.ts'
import { type GrpcCall, type Method, OK } from './grpc.ts'
import type { EventLog } from './log.ts'
import type { LogRecord } from './log-record.ts'
import { refusalOf, type ServerNode } from './node.ts'
import { grpcFrame } from './protobuf.ts'
import { frameMaker, invalid, type Reader, sender } from './read-frames.ts'
import { grpcStatusOf, type Refusal, streamIdentifier } from './refusals.ts'
import { subscribe } from './subscription.ts'

/** Read: slices of a stream or of `$all`, and subscriptions to them. */
export const readMethod =
  (node: ServerNode): Method =>
  (call) => {
    let reader: Reader | undefined
    return {
      message: (bytes) => {
        if (call.isOver()) return
        const refusal = refusalOf(node, call, 'read')
        const options = grpcPb.StreamsService.read.requestDeserialize(bytes).getOptions()
        if (refusal !== undefined) call.end(grpcStatusOf(refusal))
        else if (options?.getUuidOption() === undefined)
          call.end(invalid(' `uuidOption` is a required argument of type UUIDOption'))
        else {
          reader = options.hasSubscription() ? subscribe(node, call, options) : readSlice(node, call, options)
          reader?.go()
        }
      },
      drained: () => reader?.go(),
      closed: () => reader?.stop(),
    }
  }

/** Undefined when the call has been ended already. */
function readSlice(node: ServerNode, call: GrpcCall, options: ReadReq.Options): Reader | undefined {
  const { log } = node.store
  const found = options.hasStream() ? streamSlice(log, options) : allSlice(log, options)
  if ('kind' in found) {
    call.end(grpcStatusOf(found))
    return undefined
  }
  const frameOf = frameMaker(log, node.generation, options)
  const frames = framesOf(found, frameOf)
  return { go: sender(call, frames, () => call.end(OK)), stop: () => {} }
}

function* framesOf(items: Slice, frameOf: (record: LogRecord) => Buffer): Generator<Buffer> {
  for (const item of items) yield Buffer.isBuffer(item) ? item : frameOf(item)
}

type Slice = Iterable<LogRecord | Buffer>

function streamSlice(log: EventLog, options: ReadReq.Options): Slice | Refusal {
  const streamOptions = options.getStream()
  const stream = Buffer.from(streamOptions?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()
  const view = log.view(stream)
  if (view.kind === 'deleted') return { kind: 'stream-deleted', stream }
  if (view.kind === 'no-stream') return [streamNotFound(stream)]
  const count = Number(options.getCount())
  const isBackwards = options.getReadDirection() === BACKWARDS
  // The server's readers refuse revision -1 and pages of no events, which nobody asks for twice.
  if (count === 0 || (!isBackwards && streamOptions?.hasEnd() === true))
    return { kind: 'unknown', message: 'Unexpected ReadStreamResult: Error' }
  const { records, first, last } = view
  const given = streamOptions?.hasRevision() === true ? Number(streamOptions.getRevision()) : undefined
  if (isBackwards) {
    const from = Math.min(given ?? (streamOptions?.hasEnd() === true ? last : 0), last)
    return downwards(records, from, Math.max(first, from - count + 1))
  }
  const from = Math.max(first, given ?? 0)
  return upwards(records, from, Math.min(last, from + count - 1))
}

function allSlice(log: EventLog, options: ReadReq.Options): Slice | Refusal {
  const all = options.getAll()
  const position = all?.getPosition()
  const committed = log.committedCount()
  const index =
    position === undefined
      ? all?.hasEnd() === true
        ? committed
        : 0
      : Math.min(log.indexAt(Number(position.getCommitPosition())), committed)
  if (index === -1) return { kind: 'unknown', message: 'Unexpected ReadAllResult: InvalidPosition' }
  const filter = options.getFilter()
  const allows = filter === undefined ? undefined : filterOf(filter)
  if (typeof allows === 'string') return { kind: 'bad-request', message: allows }
  const found =
    options.getReadDirection() === BACKWARDS
      ? downwards(log.records, index - 1, 0)
      : upwards(log.records, index, committed - 1)
  return first(found, Number(options.getCount()), allows?.allows ?? (() => true))
}

const BACKWARDS = streamsPb.ReadReq.Options.ReadDirection.BACKWARDS

/** Records from one index up to another, both included. */
function* upwards(records: readonly LogRecord[], from: number, to: number): Generator<LogRecord> {
  for (let i = from; i <= to; i++) {
    const record = records[i]
    if (record !== undefined) yield record
  }
}

/** Records from one index down to another, both included. */
function* downwards(records: readonly LogRecord[], from: number, to: number): Generator<LogRecord> {
  for (let i = from; i >= to; i--) {
    const record = records[i]
    if (record !== undefined) yield record
  }
}

/** The first so many that a filter allows. */
function* first(records: Iterable<LogRecord>, count: number, allows: EventFilter): Generator<LogRecord> {
  let left = count
  for (const record of records) {
    if (left <= 0) return
    if (!allows(record)) continue
    left--
    yield record
  }
}

const streamNotFound = (stream: string): Buffer =>
  grpcFrame(
    new streamsPb.ReadResp()
      .setStreamNotFound(
        new streamsPb.ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(stream)),
      )
      .serializeBinary(),
  )

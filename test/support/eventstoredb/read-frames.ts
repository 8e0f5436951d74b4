import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import { Code, type GrpcCall, type GrpcStatus } from './grpc.ts'
import { type EventLog, LINK_TYPE } from './log.ts'
import {
  decodeRecord,
  frameOf,
  joinFrames,
  type LogRecord,
  readEventIn,
  resolvedLinkFrame,
} from './log-record.ts'
import type { Generation } from './node.ts'
import { grpcFrame } from './protobuf.ts'

/** What a call of Read does from now on. */
export interface Reader {
  /** Sends as much as the client takes. */
  readonly go: () => void
  readonly stop: () => void
}

/** A place in `$all`. Both are the offset of a record, but for checkpoints, which may lie just before one: prepare 0. */
export interface Position {
  readonly commit: number
  readonly prepare: number
}

/** Whether `a` lies before `b`. */
export const isBefore = (a: Position, b: Position): boolean =>
  a.commit < b.commit || (a.commit === b.commit && a.prepare < b.prepare)

/** The message for a record as this reader wants it: links resolved or not, ids as text or as two numbers. */
export function frameMaker(
  log: EventLog,
  generation: Generation,
  options: ReadReq.Options,
): (record: LogRecord) => Buffer {
  const resolves = options.getResolveLinks()
  const asIs = (record: LogRecord): Buffer =>
    resolves && record.type === LINK_TYPE
      ? resolvedLinkFrame(record, log.linkTarget(decodeRecord(record).data.toString()))
      : frameOf(record)
  const withoutPosition = generation !== 'current' && options.hasStream()
  const structured = options.getUuidOption()?.hasStructured() ?? false
  if (!withoutPosition && !structured) return asIs
  return (record) => {
    const event = readEventIn(asIs(record))
    if (withoutPosition) event.setNoPosition(new sharedPb.Empty())
    for (const recorded of [event.getEvent(), event.getLink()]) {
      if (withoutPosition) recorded?.setCommitPosition(NO_POSITION).setPreparePosition(NO_POSITION)
      if (structured) recorded?.setId(structuredUuid(recorded.getId()?.getString() ?? ''))
    }
    return grpcFrame(new streamsPb.ReadResp().setEvent(event).serializeBinary())
  }
}

/** Bytes gathered before they are sent. */
export const SENT_AT_ONCE_BYTES = 64 * 1024

/** Sends the frames that an iterator gives, as fast as the client takes them, then calls `done`. */
export function sender(call: GrpcCall, frames: Iterator<Buffer>, done: () => void): () => void {
  let isDone = false
  return () => {
    while (!isDone && !call.isOver()) {
      const gathered: Buffer[] = []
      for (let bytes = 0; bytes < SENT_AT_ONCE_BYTES; ) {
        const next = frames.next()
        if (next.done === true) {
          isDone = true
          break
        }
        gathered.push(next.value)
        bytes += next.value.length
      }
      const goesOn = call.writeAll(joinFrames(gathered))
      if (isDone) done()
      else if (!goesOn) return
    }
  }
}

/** A request that says something impossible. */
export const invalid = (message: string): GrpcStatus => ({ code: Code.invalidArgument, message })

/** `ulong.MaxValue`, which stands for none. */
const NO_POSITION = '18446744073709551615'

function structuredUuid(text: string): InstanceType<typeof sharedPb.UUID> {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex')
  const structured = new sharedPb.UUID.Structured()
    .setMostSignificantBits(String(bytes.readBigInt64BE(0)))
    .setLeastSignificantBits(String(bytes.readBigInt64BE(8)))
  return new sharedPb.UUID().setStructured(structured)
}

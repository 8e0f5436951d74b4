import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import {
  bytesField,
  bytesTag,
  GRPC_PREFIX_BYTES,
  grpcFrame,
  varintSize,
  varintTag,
  writeVarint,
} from './protobuf.ts'

/** An event on its way into the log. */
export interface NewEvent {
  /** UUID in lower case. */
  readonly id: string
  readonly type: string
  readonly isJson: boolean
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

/** An event in the log. It is kept as the message that readers get: most of what this server does is to send it. */
export interface LogRecord {
  readonly id: string
  readonly stream: string
  readonly type: string
  /** {@link DELETED_STREAM} for a tombstone. */
  readonly revision: number
  /** Byte offset in the log; both commit and prepare position. */
  readonly position: number
  /** Offset after it, where the next record begins. */
  readonly end: number
  /** Place among all records: 0, 1, 2… */
  readonly index: number
  /** `ReadResp` with its gRPC prefix. */
  readonly frame: Buffer
}

/** Revision of a tombstone and `$tb` of a soft deleted stream: 2^63 - 1, which is this as a JavaScript number. */
export const DELETED_STREAM = 2 ** 63

/** Writes records into big buffers, one after the other, so that a run of them is sent without copying. */
export interface RecordWriter {
  readonly write: (
    event: NewEvent,
    place: {
      readonly stream: string
      readonly revision: number
      readonly position: number
      readonly index: number
    },
    nowMs: number,
  ) => LogRecord
}

/** Makes a {@link RecordWriter}. */
export function recordWriter(): RecordWriter {
  let slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  let used = 0
  const streamFields = new Map<string, Buffer>()
  const typeFields = new Map<string, Buffer>()
  let created: { readonly ms: number; readonly field: Uint8Array } = { ms: -1, field: Buffer.alloc(0) }

  const reserve = (size: number): Buffer => {
    if (used + size > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, size))
      used = 0
    }
    used += size
    return slab.subarray(used - size, used)
  }

  const streamField = (stream: string): Buffer =>
    remembered(streamFields, stream, () => bytesField(2, bytesField(3, stream)))
  const typeField = (type: string, isJson: boolean): Buffer =>
    remembered(typeFields, `${isJson}${type}`, () =>
      Buffer.concat([entry('content-type', isJson ? JSON_TYPE : BINARY_TYPE), entry('type', type)]),
    )

  return {
    write: (event, { stream, revision, position, index }, nowMs) => {
      if (created.ms !== nowMs)
        created = { ms: nowMs, field: entry('created', `${BigInt(nowMs) * TICKS_PER_MS}`) }
      const streamBytes = streamField(stream)
      const typeBytes = typeField(event.type, event.isJson)
      const { data, metadata } = event
      const revisionSize =
        revision === 0 ? 0 : 1 + (revision === DELETED_STREAM ? DELETED_VARINT.length : varintSize(revision))
      const positionSize = 1 + varintSize(position)
      const recordedSize =
        ID_BYTES +
        streamBytes.length +
        revisionSize +
        2 * positionSize +
        typeBytes.length +
        created.field.length +
        bytesSize(metadata) +
        bytesSize(data)
      const eventSize = 1 + varintSize(recordedSize) + recordedSize + positionSize
      const messageSize = 1 + varintSize(eventSize) + eventSize
      const frame = reserve(GRPC_PREFIX_BYTES + messageSize)

      frame[0] = 0
      frame.writeUInt32BE(messageSize, 1)
      let at = GRPC_PREFIX_BYTES
      frame[at++] = bytesTag(1)
      at = writeVarint(frame, at, eventSize)
      frame[at++] = bytesTag(1)
      at = writeVarint(frame, at, recordedSize)
      frame[at++] = bytesTag(1)
      frame[at++] = ID_BYTES - 2
      frame[at++] = bytesTag(2)
      frame[at++] = UUID_CHARS
      at += frame.write(event.id, at, 'latin1')
      at += streamBytes.copy(frame, at)
      if (revision > 0) {
        frame[at++] = varintTag(3)
        if (revision === DELETED_STREAM) at += DELETED_VARINT.copy(frame, at)
        else at = writeVarint(frame, at, revision)
      }
      frame[at++] = varintTag(4)
      at = writeVarint(frame, at, position)
      frame[at++] = varintTag(5)
      at = writeVarint(frame, at, position)
      at += typeBytes.copy(frame, at, 0, CONTENT_TYPE_BYTES[event.isJson ? 'json' : 'binary'])
      frame.set(created.field, at)
      at += created.field.length
      at += typeBytes.copy(frame, at, CONTENT_TYPE_BYTES[event.isJson ? 'json' : 'binary'])
      at = writeBytes(frame, at, 7, metadata)
      at = writeBytes(frame, at, 8, data)
      frame[at++] = varintTag(3)
      writeVarint(frame, at, position)
      return {
        id: event.id,
        stream,
        type: event.type,
        revision,
        position,
        end: position + frame.length,
        index,
        frame,
      }
    },
  }
}

/** What a record says, by the generated stubs. */
export function decodeRecord(record: Pick<LogRecord, 'frame'>): {
  readonly isJson: boolean
  readonly data: Buffer
  readonly metadata: Buffer
} {
  const recorded = readEventOf(record).getEvent()
  return {
    isJson: recorded?.getMetadataMap().get('content-type') === JSON_TYPE,
    data: Buffer.from(recorded?.getData_asU8() ?? []),
    metadata: Buffer.from(recorded?.getCustomMetadata_asU8() ?? []),
  }
}

/** A record from its frame, as it is found in a journal. */
export function recordFrom(frame: Buffer, index: number): LogRecord {
  const recorded = readEventOf({ frame }).getEvent()
  const position = Number(recorded?.getPreparePosition())
  return {
    id: recorded?.getId()?.getString() ?? '',
    stream: Buffer.from(recorded?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    type: recorded?.getMetadataMap().get('type') ?? '',
    revision: Number(recorded?.getStreamRevision()),
    position,
    end: position + frame.length,
    index,
    frame,
  }
}

/** The message of a link resolved: both records, at the link's position. `target` is undefined when it is gone. */
export function resolvedLinkFrame(link: LogRecord, target: LogRecord | undefined): Buffer {
  const event = readEventOf(link)
  event.setLink(event.getEvent())
  event.setEvent(target === undefined ? undefined : readEventOf(target).getEvent())
  return grpcFrame(new streamsPb.ReadResp().setEvent(event).serializeBinary())
}

/** The event in a frame. */
export function readEventOf({ frame }: Pick<LogRecord, 'frame'>): ReadResp.ReadEvent {
  const event = streamsPb.ReadResp.deserializeBinary(frame.subarray(GRPC_PREFIX_BYTES)).getEvent()
  if (event === undefined) throw new Error('a frame of the log holds no event')
  return event
}

/** Splits frames that lie one after the other. */
export function splitFrames(frames: Buffer): readonly Buffer[] {
  const all: Buffer[] = []
  for (let at = 0; at < frames.length; ) {
    const end = at + GRPC_PREFIX_BYTES + frames.readUInt32BE(at + 1)
    all.push(frames.subarray(at, end))
    at = end
  }
  return all
}

/** Joins neighbours in a slab to one view, others by copying when they are many. */
export function joinFrames(frames: readonly Buffer[]): readonly Buffer[] {
  const joined: Buffer[] = []
  for (const frame of frames) {
    const last = joined.at(-1)
    if (
      last !== undefined &&
      last.buffer === frame.buffer &&
      last.byteOffset + last.length === frame.byteOffset
    )
      joined[joined.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + frame.length)
    else joined.push(frame)
  }
  return joined
}

const SLAB_BYTES = 1024 * 1024
const UUID_CHARS = 36
/** Field 1 with the UUID message that holds the text. */
const ID_BYTES = 4 + UUID_CHARS
const JSON_TYPE = 'application/json'
const BINARY_TYPE = 'application/octet-stream'
/** .NET ticks of 100 ns. */
const TICKS_PER_MS = 10_000n
const DELETED_VARINT = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])

/** An entry of the metadata map, which is field 6. */
const entry = (key: string, value: string): Buffer =>
  bytesField(6, Buffer.concat([bytesField(1, key), bytesField(2, value)]))

const CONTENT_TYPE_BYTES = {
  json: entry('content-type', JSON_TYPE).length,
  binary: entry('content-type', BINARY_TYPE).length,
}

const bytesSize = (value: Uint8Array): number =>
  value.length === 0 ? 0 : 1 + varintSize(value.length) + value.length

function writeBytes(target: Buffer, offset: number, field: number, value: Uint8Array): number {
  if (value.length === 0) return offset
  target[offset] = bytesTag(field)
  const at = writeVarint(target, offset + 1, value.length)
  target.set(value, at)
  return at + value.length
}

/** Streams and types are few; a flood of them starts over. */
const REMEMBERED_MAX = 10_000

function remembered(known: Map<string, Buffer>, key: string, make: () => Buffer): Buffer {
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= REMEMBERED_MAX) known.clear()
  const made = make()
  known.set(key, made)
  return made
}

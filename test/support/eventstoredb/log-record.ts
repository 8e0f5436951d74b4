import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import {
  bytesField,
  bytesTag,
  eachField,
  GRPC_PREFIX_BYTES,
  grpcFrame,
  readVarint,
  skipVarint,
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

/**
 * An event in the log. It is kept as the message that readers get, since most of what this server does is to send it, and among
 * others in a big buffer: a million buffers of their own would cost more than the events.
 */
export interface LogRecord {
  readonly stream: string
  readonly type: string
  /** {@link DELETED_STREAM} for a tombstone. */
  readonly revision: number
  /** Byte offset in the log; both commit and prepare position. */
  readonly position: number
  /** Place among all records: 0, 1, 2… */
  readonly index: number
  readonly slab: Buffer
  /** Where its {@link frameOf frame} lies in the slab. */
  readonly start: number
  readonly bytes: number
}

/** `ReadResp` with its gRPC prefix. */
export const frameOf = ({ slab, start, bytes }: LogRecord): Buffer => slab.subarray(start, start + bytes)

/** Offset after a record, where the next one begins. */
export const endOf = ({ position, bytes }: LogRecord): number => position + bytes

/** A record's UUID in lower case. */
export function idOf({ slab, start }: LogRecord): string {
  const recorded = skipVarint(slab, skipVarint(slab, start + GRPC_PREFIX_BYTES + 1) + 1)
  const from = recorded + ID_BYTES - UUID_CHARS
  return slab.toString('latin1', from, from + UUID_CHARS)
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
  const streams = new Map<string, NamedField>()
  const types = new Map<string, NamedField>()
  let created: { readonly ms: number; readonly field: Uint8Array } = { ms: -1, field: EMPTY }

  const reserve = (size: number): number => {
    if (used + size > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, size))
      used = 0
    }
    used += size
    return used - size
  }

  return {
    write: (event, place, nowMs) => {
      const { revision, position, index } = place
      const { data, metadata, isJson } = event
      const stream = remembered(streams, place.stream, (name) => bytesField(2, bytesField(3, name)))
      const type = remembered(types, event.type, (name) => entry('type', name))
      const contentType = isJson ? JSON_ENTRY : BINARY_ENTRY
      if (created.ms !== nowMs)
        created = { ms: nowMs, field: entry('created', `${BigInt(nowMs) * TICKS_PER_MS}`) }
      const revisionSize =
        revision === 0 ? 0 : 1 + (revision === DELETED_STREAM ? DELETED_VARINT.length : varintSize(revision))
      const positionSize = 1 + varintSize(position)
      const recordedSize =
        ID_BYTES +
        stream.field.length +
        revisionSize +
        2 * positionSize +
        contentType.length +
        created.field.length +
        type.field.length +
        bytesSize(metadata) +
        bytesSize(data)
      const eventSize = 1 + varintSize(recordedSize) + recordedSize + positionSize
      const messageSize = 1 + varintSize(eventSize) + eventSize
      const bytes = GRPC_PREFIX_BYTES + messageSize
      const start = reserve(bytes)

      slab[start] = 0
      let at = slab.writeUInt32BE(messageSize, start + 1)
      slab[at++] = bytesTag(1)
      at = writeVarint(slab, at, eventSize)
      slab[at++] = bytesTag(1)
      at = writeVarint(slab, at, recordedSize)
      slab[at++] = bytesTag(1)
      slab[at++] = ID_BYTES - 2
      slab[at++] = bytesTag(2)
      slab[at++] = UUID_CHARS
      at += slab.write(event.id, at, 'latin1')
      at = copy(stream.field, slab, at)
      if (revision > 0) {
        slab[at++] = varintTag(3)
        at = revision === DELETED_STREAM ? copy(DELETED_VARINT, slab, at) : writeVarint(slab, at, revision)
      }
      slab[at++] = varintTag(4)
      at = writeVarint(slab, at, position)
      slab[at++] = varintTag(5)
      at = writeVarint(slab, at, position)
      at = copy(contentType, slab, at)
      at = copy(created.field, slab, at)
      at = copy(type.field, slab, at)
      at = writeBytes(slab, at, 7, metadata)
      at = writeBytes(slab, at, 8, data)
      slab[at++] = varintTag(3)
      writeVarint(slab, at, position)
      return { stream: stream.name, type: type.name, revision, position, index, slab, start, bytes }
    },
  }
}

/** What a record says, by the generated stubs. */
export function decodeRecord(record: LogRecord): {
  readonly isJson: boolean
  readonly data: Buffer
  readonly metadata: Buffer
} {
  const recorded = readEventIn(frameOf(record)).getEvent()
  return {
    isJson: recorded?.getMetadataMap().get('content-type') === JSON_TYPE,
    data: Buffer.from(recorded?.getData_asU8() ?? []),
    metadata: Buffer.from(recorded?.getCustomMetadata_asU8() ?? []),
  }
}

/** The record whose frame begins at a place of a slab, as it is found in a file. By hand as well: a restart reads all of them. */
export function recordAt(slab: Buffer, start: number, index: number): LogRecord {
  const message = start + GRPC_PREFIX_BYTES
  const end = message + slab.readUInt32BE(start + 1)
  const event = skipVarint(slab, message + 1)
  const recorded = skipVarint(slab, event + 1)
  let [stream, type] = ['', '']
  let [revision, position] = [0, 0]
  eachField(slab, recorded, recorded + readVarint(slab, event + 1), (field, from, to) => {
    // The stream's name is the only field of its message; the type is the last entry of the metadata.
    if (field === 2) stream = slab.toString('utf8', skipVarint(slab, from + 1), to)
    else if (field === 3) revision = readVarint(slab, from)
    else if (field === 4) position = readVarint(slab, from)
    else if (field === 6)
      eachField(slab, from, to, (part, valueFrom) => {
        if (part === 2) type = slab.toString('utf8', valueFrom, to)
      })
  })
  return { stream, type, revision, position, index, slab, start, bytes: end - start }
}

/** The message of a link resolved: both records, at the link's position. `target` is undefined when it is gone. */
export function resolvedLinkFrame(link: LogRecord, target: LogRecord | undefined): Buffer {
  const event = readEventIn(frameOf(link))
  event.setLink(event.getEvent())
  event.setEvent(target === undefined ? undefined : readEventIn(frameOf(target)).getEvent())
  return grpcFrame(new streamsPb.ReadResp().setEvent(event).serializeBinary())
}

/** The event in a frame. */
export function readEventIn(frame: Buffer): ReadResp.ReadEvent {
  const event = streamsPb.ReadResp.deserializeBinary(frame.subarray(GRPC_PREFIX_BYTES)).getEvent()
  if (event === undefined) throw new Error('a frame of the log holds no event')
  return event
}

/** Joins frames that lie one after the other in a slab to one. */
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

const EMPTY = Buffer.alloc(0)
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

const JSON_ENTRY = entry('content-type', JSON_TYPE)
const BINARY_ENTRY = entry('content-type', BINARY_TYPE)

const bytesSize = (value: Uint8Array): number =>
  value.length === 0 ? 0 : 1 + varintSize(value.length) + value.length

function writeBytes(target: Buffer, offset: number, field: number, value: Uint8Array): number {
  if (value.length === 0) return offset
  target[offset] = bytesTag(field)
  const at = writeVarint(target, offset + 1, value.length)
  target.set(value, at)
  return at + value.length
}

function copy(bytes: Uint8Array, target: Buffer, offset: number): number {
  target.set(bytes, offset)
  return offset + bytes.length
}

/** A name and the field that says it. All records share the one text. */
interface NamedField {
  readonly name: string
  readonly field: Uint8Array
}

/** Streams and types are few; a flood of them starts over. */
const REMEMBERED_MAX = 10_000

function remembered(
  known: Map<string, NamedField>,
  name: string,
  make: (name: string) => Uint8Array,
): NamedField {
  const found = known.get(name)
  if (found !== undefined) return found
  if (known.size >= REMEMBERED_MAX) known.clear()
  const made = { name, field: make(name) }
  known.set(name, made)
  return made
}

import sharedPb from '@eventstore/db-client/generated/shared_pb.js'
import type { AppendReq, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js'
import streamsPb from '@eventstore/db-client/generated/streams_pb.js'
import type { NewEvent } from './log-record.ts'
import { bytesTag, eachField } from './protobuf.ts'
import type { Refusal } from './refusals.ts'

/**
 * The messages that events come in. Events are read by hand, since the stubs make a dozen objects for each; what is in a
 * message once, its options, is left to the stubs.
 */

/** A message of an Append: where to, or an event. */
export interface AppendMessage {
  readonly options: AppendReq.Options | undefined
  readonly event: NewEvent | Refusal | undefined
}

/** A message of a BatchAppend: a part of one append. */
export interface BatchAppendMessage {
  /** As it came, to be sent back. */
  readonly correlation: Buffer
  readonly options: BatchAppendReq.Options | undefined
  /** The first wrong one is the last. */
  readonly events: readonly (NewEvent | Refusal)[]
  readonly isFinal: boolean
}

/** Reads a message of an Append. */
export function readAppend(message: Buffer): AppendMessage {
  let options: AppendReq.Options | undefined
  let event: NewEvent | Refusal | undefined
  eachField(message, 0, message.length, (field, from, to) => {
    if (field === 1) options = streamsPb.AppendReq.Options.deserializeBinary(message.subarray(from, to))
    else if (field === 2) event = readEvent(message, from, to)
  })
  return { options, event }
}

/** Reads a message of a BatchAppend. */
export function readBatchAppend(message: Buffer): BatchAppendMessage {
  let correlation: Buffer = NO_BYTES
  let options: BatchAppendReq.Options | undefined
  let isFinal = false
  const events: (NewEvent | Refusal)[] = []
  eachField(message, 0, message.length, (field, from, to) => {
    if (field === 1) correlation = message.subarray(from, to)
    else if (field === 2)
      options = streamsPb.BatchAppendReq.Options.deserializeBinary(message.subarray(from, to))
    else if (field === 3) events.push(readEvent(message, from, to))
    else if (field === 4) isFinal = message[from] !== 0
  })
  return { correlation, options, events, isFinal }
}

/** Tells an event from what is wrong with it. */
export const isEvent = (made: NewEvent | Refusal): made is NewEvent => 'data' in made

function readEvent(message: Buffer, start: number, end: number): NewEvent | Refusal {
  let id: string | undefined
  let type: string | undefined
  let contentType: string | undefined
  let data: Buffer = NO_BYTES
  let metadata: Buffer = NO_BYTES
  eachField(message, start, end, (field, from, to) => {
    if (field === 1) id = readUuid(message, from, to)
    else if (field === 3) metadata = message.subarray(from, to)
    else if (field === 4) data = message.subarray(from, to)
    else if (field === 2) {
      let key = ''
      let value = ''
      eachField(message, from, to, (part, textFrom, textTo) => {
        const text = message.toString('utf8', textFrom, textTo)
        if (part === 1) key = text
        else value = text
      })
      if (key === 'type') type = value
      else if (key === 'content-type') contentType = value
    }
  })
  if (id === undefined) return { kind: 'bad-request', message: 'Unrecognized Guid format.' }
  if (id === NIL) return { kind: 'bad-request', message: 'Empty eventId provided.' }
  if (type === undefined) return { kind: 'missing-metadata', property: 'type' }
  if (type === '') return { kind: 'bad-request', message: 'Empty eventType provided.' }
  if (contentType === undefined) return { kind: 'missing-metadata', property: 'content-type' }
  return { id, type, isJson: contentType === 'application/json', data, metadata }
}

const NO_BYTES: Buffer = Buffer.alloc(0)
const NIL = '00000000-0000-0000-0000-000000000000'
const UUID_CHARS = 36
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UUID as text in lower case; undefined when it is none. */
function readUuid(message: Buffer, start: number, end: number): string | undefined {
  // Field 2, and 36 bytes: every client that is not .NET or Java.
  if (message[start] === bytesTag(2) && message[start + 1] === UUID_CHARS && end === start + 2 + UUID_CHARS) {
    const text = message.toString('latin1', start + 2, end).toLowerCase()
    return UUID_TEXT.test(text) ? text : undefined
  }
  const structured = sharedPb.UUID.deserializeBinary(message.subarray(start, end)).getStructured()
  if (structured === undefined) return undefined
  const bytes = Buffer.alloc(16)
  bytes.writeBigInt64BE(BigInt(structured.getMostSignificantBits()), 0)
  bytes.writeBigInt64BE(BigInt(structured.getLeastSignificantBits()), 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

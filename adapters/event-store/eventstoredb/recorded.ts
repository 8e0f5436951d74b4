import {
  type RecordedEvent as DatabaseEvent,
  type EventData,
  type JSONType,
  jsonEvent,
} from '@eventstore/db-client'
import type { ProposedEvent, RecordedEvent, StreamEvent } from '../port.ts'

/** Between events as the database's client has them and as the port does. */

/**
 * An event for the client, which writes `JSON.stringify` of its data: for canonical JSON the very text.
 *
 * @throws RangeError when the text is not the canonical JSON of an object, an array or a string.
 */
export function toDatabase({ id, type, data }: ProposedEvent): EventData {
  const value: unknown = JSON.parse(data)
  if (!isJson(value) || JSON.stringify(value) !== data)
    throw new RangeError(`${type} ${id} is not canonical JSON`)
  return jsonEvent({ id, type, data: value })
}

const isJson = (value: unknown): value is JSONType =>
  typeof value === 'string' || (typeof value === 'object' && value !== null)

/**
 * An event of the log, when it is one of ours: their streams' names begin with `prefix`. The server's own, such as the mark of a deletion in the
 * deleted stream, have types that begin with a dollar.
 */
export function ofLog(event: DatabaseEvent | undefined, prefix: string): RecordedEvent | undefined {
  if (event?.position === undefined || !event.streamId.startsWith(prefix) || event.type.startsWith('$'))
    return undefined
  return { ...ofStream(event, prefix), position: Number(event.position.commit) }
}

/** An event of one of our streams. */
export function ofStream({ streamId, revision, id, type, data }: DatabaseEvent, prefix: string): StreamEvent {
  return {
    stream: streamId.slice(prefix.length),
    revision: Number(revision),
    id,
    type,
    // Bytes are never ours: whoever reads them finds a text that is no event of the catalogue.
    data: JSON.stringify(data instanceof Uint8Array ? Buffer.from(data).toString('base64') : data),
  }
}

import type { Either } from 'fp-ts/lib/Either.js'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { eventId } from '../../domain/event-id.ts'
import { type DecodeError, decodeEvent, type PoolEvent } from '../../domain/events.ts'
import type { ProposedEvent, StreamAppend, StreamEvent } from './port.ts'

/** Between the catalogue of events and the log: what a writer proposes and what a reader gets back. */

/** The event as the log will hold it at this revision of this stream. */
export function propose(stream: string, revision: number, event: PoolEvent): ProposedEvent {
  const data = canonicalJson(event.data)
  return { id: eventId(stream, revision, event.type, data), type: event.type, data }
}

/** The append that puts these events, in order, after revision `expected` of a stream. */
export const proposeAppend = (
  stream: string,
  expected: number,
  events: readonly PoolEvent[],
): StreamAppend => ({
  stream,
  expected,
  events: events.map((event, index) => propose(stream, expected + 1 + index, event)),
})

/** An event of the log in its current version. Errors: {@link DecodeError}. */
export const read = (recorded: StreamEvent): Either<DecodeError, PoolEvent> =>
  decodeEvent(recorded.type, recorded.data)

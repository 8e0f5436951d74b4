import * as E from 'fp-ts/lib/Either.js'
import {
  APPEND_BYTES_MAX,
  EVENT_BYTES_MAX,
  NO_STREAM,
  type ProposedEvent,
  type StoreError,
  type StreamAppend,
  type StreamEvent,
} from './port.ts'

/**
 * The rules of an append that every store shares: size limits, and what is answered when the stream is not where the
 * writer expects it. EventStoreDB's order: first the revision, then whether these very events are there already.
 */

/**
 * Measures appends against `EVENT_BYTES_MAX` and `APPEND_BYTES_MAX`, UTF-8 bytes of data. The first that is too
 * large is the answer.
 *
 * @throws RangeError for an append without events: whoever makes one has lost something.
 */
export function checkSizes(appends: readonly StreamAppend[]): E.Either<StoreError, void> {
  for (const { stream, events } of appends) {
    if (events.length === 0) throw new RangeError(`an append to ${stream} holds no events`)
    let appendBytes = 0
    for (const event of events) {
      const eventBytes = Buffer.byteLength(event.data)
      if (eventBytes > EVENT_BYTES_MAX)
        return tooLarge(`${event.type} for ${stream} has ${eventBytes} bytes`, `an event ${EVENT_BYTES_MAX}`)
      appendBytes += eventBytes
    }
    if (appendBytes > APPEND_BYTES_MAX)
      return tooLarge(`an append to ${stream} has ${appendBytes} bytes`, `an append ${APPEND_BYTES_MAX}`)
  }
  return E.right(undefined)
}

const tooLarge = (found: string, allowed: string): E.Either<StoreError, never> =>
  E.left({ kind: 'too-large', message: `${found}, ${allowed} at most: split it into several` })

/**
 * Answers an append whose `expected` is not `actual`, the revision of the stream's last event. `stored` is what the stream holds
 * after `expected`, as many events as are proposed when there are as many. The same events count as appended.
 */
export function answerMismatch(
  append: StreamAppend,
  actual: number,
  stored: readonly StreamEvent[],
): E.Either<StoreError, void> {
  for (const [index, event] of append.events.entries()) {
    const there = stored[index]
    if (there === undefined || !isSameEvent(there, event))
      return E.left(index === 0 ? wrongExpectedRevision(append, actual) : conflictingEvents(append, index))
  }
  return E.right(undefined)
}

/** An id alone does not make two events the same: a writer that derived it from stream and revision alone would be told a lie. */
const isSameEvent = (a: ProposedEvent, b: ProposedEvent): boolean =>
  a.id === b.id && a.type === b.type && a.data === b.data

const wrongExpectedRevision = ({ stream, expected }: StreamAppend, actual: number): StoreError => ({
  kind: 'wrong-expected-revision',
  stream,
  expected,
  actual,
  message: `${stream} ${ends(actual)}, the writer expected that it ${ends(expected)}: read it again and decide anew`,
})

const ends = (revision: number): string =>
  revision === NO_STREAM ? 'does not exist' : `ends at revision ${revision}`

const conflictingEvents = ({ stream, expected }: StreamAppend, index: number): StoreError => ({
  kind: 'conflicting-events',
  stream,
  message:
    `${stream} holds the first ${index} of these events after revision ${expected}, then something else: ` +
    'two writers believed they owned it. Find out which one is wrong before you go on',
})

import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { eventId } from '../../domain/event-id.ts'
import { decodeEvent } from '../../domain/events.ts'
import { type Entry, entryOf } from '../../domain/transparency/entry.ts'

/** What one event is found to be, whatever stands before it. */
export interface Soundness {
  /** Null when there is none to publish. */
  readonly entry: Entry | null
  /** Of no type of the catalogue: a later version may have written it. */
  readonly isUnknown: boolean
  /** What is wrong with it, each completing "this event …". */
  readonly problems: readonly string[]
}

/** Looks at an event by itself: its id, its data, its type. */
export function soundnessOf(event: RecordedEvent): Soundness {
  const { stream, revision, id, type, data } = event
  const problems: string[] = []
  const right = eventId(stream, revision, type, data)
  if (id !== right)
    problems.push(`has the id ${id}, not ${right}: Lodebook did not write it there, or it was changed`)
  const entry = entryOf(event)
  if (E.isLeft(entry)) problems.push(`is no event of Lodebook: its data ${entry.left}`)
  const decoded = decodeEvent(type, data)
  const isUnknown = E.isLeft(decoded) && decoded.left.kind === 'unknown-type'
  if (E.isLeft(decoded) && !isUnknown) problems.push(`can't be read: ${decoded.left.message}`)
  return { entry: E.isRight(entry) ? entry.right : null, isUnknown, problems }
}

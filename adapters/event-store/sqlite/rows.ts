import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../port.ts'
import { checksum } from './checksum.ts'

/** Columns of an event as `statements.ts` selects them. */
type Row = readonly [
  position: number,
  stream: string,
  revision: number,
  id: string,
  type: string,
  data: string,
  checksum: number,
]

const isRow = (row: unknown): row is Row =>
  Array.isArray(row) &&
  typeof row[0] === 'number' &&
  typeof row[1] === 'string' &&
  typeof row[2] === 'number' &&
  typeof row[3] === 'string' &&
  typeof row[4] === 'string' &&
  typeof row[5] === 'string' &&
  typeof row[6] === 'number'

/**
 * Rows as events: `count` of them, each in the place where it belongs and proven by its checksum.
 * The error completes "the file is damaged: …".
 */
export function readRows(
  rows: readonly unknown[],
  count: number,
  isInPlace: (event: RecordedEvent, index: number) => boolean,
): E.Either<string, readonly RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for (const row of rows) {
    if (!isRow(row)) return E.left('a row holds values of the wrong kind')
    const [position, stream, revision, id, type, data, sum] = row
    const event = { position, stream, revision, id, type, data }
    if (checksum(event) !== sum) return E.left(`the event at position ${position} fails its checksum`)
    if (!isInPlace(event, events.length)) return E.left(`events before position ${position} are missing`)
    events.push(event)
  }
  return events.length === count ? E.right(events) : E.left(`${count - events.length} events are missing`)
}

import type { DatabaseSync } from 'node:sqlite'
import type { Tally } from '../../projections/tally.ts'
import { number } from './values.ts'

/** Prepares the question where an event is in the ledger; undefined when it is not there. Throws what SQLite throws. */
export function openEntryQuery(
  db: DatabaseSync,
  tally: Tally,
): (stream: string, revision: number) => number | undefined {
  const run = db.prepare(
    'SELECT entry, revision FROM runs WHERE stream = ? AND revision <= ? ORDER BY revision DESC LIMIT 1',
  )
  const next = db.prepare('SELECT min(entry) AS entry FROM runs WHERE entry > ?')
  return (stream, revision) => {
    const row = run.get(stream, revision)
    if (row === undefined) return undefined
    const first = number(row, 'entry')
    const following = next.get(first)
    const end =
      following === undefined || following['entry'] === null ? tally.entries : number(following, 'entry')
    const entry = first + revision - number(row, 'revision')
    return entry < end ? entry : undefined
  }
}

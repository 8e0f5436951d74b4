import { createHash } from 'node:crypto'
import type { Entry } from '../../domain/transparency/entry.ts'

/** Sums up ledger entries: how many, how long, and one SHA-256 over all of them, a newline after each. */
export interface EntryHash {
  readonly add: (entry: Entry) => void
  readonly events: () => number
  /** With the newlines, in UTF-8: what a file of these entries would have. */
  readonly bytes: () => number
  /** Lower-case hex. Nothing can be added afterwards. */
  readonly finish: () => string
}

/** An empty sum. */
export function entryHash(): EntryHash {
  const hash = createHash('sha256')
  let events = 0
  let bytes = 0
  return {
    add: ({ text }) => {
      const line = `${text}\n`
      hash.update(line)
      events++
      bytes += Buffer.byteLength(line)
    },
    events: () => events,
    bytes: () => bytes,
    finish: () => hash.digest('hex'),
  }
}

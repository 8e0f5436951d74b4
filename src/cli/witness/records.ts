import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { whyNot } from '../read-config.ts'

/** The last checkpoint of a log that the witness has signed. */
export interface WitnessRecord {
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
  /** The checkpoint with the log's signatures and the witness's own. */
  readonly note: string
}

/** What a witness remembers: one checkpoint of each log. */
export interface WitnessRecords {
  readonly latest: (origin: string) => WitnessRecord | undefined
  /**
   * Looks at the last checkpoint of a log and puts another in its place, as one durable step: nobody else comes between, and when it
   * returns a record it is on disk. `decide` gives the record to write, or what it answers without writing.
   *
   * @throws what `node:sqlite` throws when the disk fails: nothing was decided then.
   */
  readonly replace: <A>(
    origin: string,
    decide: (latest: WitnessRecord | undefined) => E.Either<A, WitnessRecord>,
  ) => E.Either<A, WitnessRecord>
  readonly close: () => void
}

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS checkpoints (
  origin TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  note TEXT NOT NULL
) STRICT;
`

/** How long another process may be in the middle of its step. */
const WAIT_MS = 2_000

/** Opens the records in a directory, which is made when it is not there. Left: why not, completing "the directory …". */
export function openWitnessRecords(directory: string): E.Either<string, WitnessRecords> {
  try {
    mkdirSync(directory, { recursive: true })
    const db = new DatabaseSync(join(directory, 'witness.db'), { timeout: WAIT_MS })
    db.exec(SCHEMA)
    return E.right(recordsIn(db))
  } catch (error) {
    return E.left(`can't be used: ${whyNot(error)}`)
  }
}

function recordsIn(db: DatabaseSync): WitnessRecords {
  const select = db.prepare('SELECT size, root, note FROM checkpoints WHERE origin = ?')
  const upsert = db.prepare(
    'INSERT OR REPLACE INTO checkpoints (origin, size, root, note) VALUES (?, ?, ?, ?)',
  )

  function latest(origin: string): WitnessRecord | undefined {
    const row = select.get(origin)
    if (row === undefined) return undefined
    const { size, root, note } = row
    if (typeof size !== 'number' || !(root instanceof Uint8Array) || typeof note !== 'string')
      throw new TypeError(`the record of ${origin} is damaged`)
    return { size, root, note }
  }

  return {
    latest,
    replace: (origin, decide) => {
      db.exec('BEGIN IMMEDIATE')
      try {
        const decided = decide(latest(origin))
        if (E.isRight(decided)) {
          const { size, root, note } = decided.right
          upsert.run(origin, size, root, note)
          db.exec('COMMIT')
        }
        return decided
      } finally {
        if (db.isTransaction) db.exec('ROLLBACK')
      }
    },
    close: () => db.close(),
  }
}

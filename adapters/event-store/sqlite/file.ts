import { existsSync, realpathSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import type { StoreError } from '../port.ts'
import { attempt, damaged } from './errors.ts'
import { IS_RARE } from './rare-types.ts'

/** `LODE`: what tells this file from other SQLite databases. */
const APPLICATION_ID = 0x4c4f4445

/** Version of the tables below. */
const FORMAT = 1

/**
 * `event_log` is for people and auditors: the log as plain SQL. `event` is how it is kept: streams by number, and a
 * checksum, CRC-32 of what the other columns say (`checksum.ts`). Positions count from 1 without a gap.
 */
const TABLES = `
  CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
  CREATE VIEW event_log AS
    SELECT event.position, stream.name AS stream, event.revision, event.id, event.type, event.data
    FROM event JOIN stream ON stream.id = event.stream;
`

/** A file of an earlier version gets it when it is opened, once: 50 ms for ten million shares. */
const RARE_INDEX = `CREATE INDEX IF NOT EXISTS rare_event ON event (position) WHERE ${IS_RARE};`

const MARKS = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT};`

/** How long a lock of another program is waited for; the process does nothing else meanwhile. */
const WAIT_MS = 50

/** The same for a process that only reads: nobody else waits for it. */
const READ_WAIT_MS = 5_000

/**
 * Settings of a connection, none left to a default. FULL: a commit returns when it is on disk. A checkpoint copies up to
 * 1000 pages (4 MiB) from the write-ahead log into the file inside some commit, every few hundred: more would
 * stall it longer, fewer would sync more often. After a long reader let it grow, the log shrinks to 64 MiB again.
 */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA wal_autocheckpoint = 1000;
  PRAGMA journal_size_limit = ${64 * 1024 * 1024};
  PRAGMA cache_size = -16000;
`

/**
 * Opens the database at `path`, made new where there is none, or nothing in it. Only what can be seen without reading
 * all of it is checked: whose it is, which format, and that nothing is cut off.
 */
export const openFile = (path: string): E.Either<StoreError, DatabaseSync> =>
  attempt(path, () =>
    orClosed(new DatabaseSync(path, { timeout: WAIT_MS, enableForeignKeyConstraints: false }), (db) =>
      prepareFile(db, path),
    ),
  )

/** A database that is only read. */
export interface ReadFile {
  readonly db: DatabaseSync
  /** Whether everything that was read so far is of one state of the file. */
  readonly isAsItWas: () => boolean
}

/**
 * Opens the database at `path` for reading, whether a pool writes it or not, and checks the same. SQLite would make a write-ahead log and
 * its index beside a file that has none, and leave them there: such a file is read as one that nobody changes, and looked at after
 * each reading whether somebody has.
 */
export const openFileForReading = (path: string): E.Either<StoreError, ReadFile> =>
  attempt(path, () => {
    // Before the log is looked for: whoever empties it into the file after that is noticed.
    const state = stateOf(path)
    const isAtRest = sizeOf(`${realPath(path)}-wal`) === 0
    const db = new DatabaseSync(isAtRest ? unchanging(path) : path, { readOnly: true, timeout: READ_WAIT_MS })
    return orClosed(db, () =>
      E.map(() => ({ db, isAsItWas: () => !isAtRest || stateOf(path) === state }))(checkMarks(db, path)),
    )
  })

/** SQLite keeps the log beside the file itself, not beside a link to it. */
const realPath = (path: string): string => (existsSync(path) ? realpathSync(path) : path)

function stateOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return `${found?.ino} ${found?.size} ${found?.mtimeNs}`
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** SQLite's own word for it, which only an address can say. */
function unchanging(path: string): URL {
  const address = pathToFileURL(path)
  address.searchParams.set('immutable', '1')
  return address
}

/** Closes the database when it turns out not to be ready. */
function orClosed<A>(
  db: DatabaseSync,
  prepare: (db: DatabaseSync) => E.Either<StoreError, A>,
): E.Either<StoreError, A> {
  let ready: E.Either<StoreError, A> | undefined
  try {
    ready = prepare(db)
    return ready
  } finally {
    if (ready === undefined || E.isLeft(ready)) db.close()
  }
}

function prepareFile(db: DatabaseSync, path: string): E.Either<StoreError, DatabaseSync> {
  const isNew = number(db, 'SELECT count(*) FROM sqlite_schema') === 0
  const ours = isNew ? E.right(undefined) : checkMarks(db, path)
  if (E.isLeft(ours)) return ours
  db.exec(SETTINGS)
  // The marks are written each time, so that a file that can't be written is refused now, not at the first share.
  db.exec(`BEGIN IMMEDIATE; ${isNew ? TABLES : ''} ${RARE_INDEX} ${MARKS} COMMIT`)
  return E.right(db)
}

/** Whose file it is, and which format. */
function checkMarks(db: DatabaseSync, path: string): E.Either<StoreError, void> {
  if (number(db, 'PRAGMA application_id') !== APPLICATION_ID)
    return E.left(damaged(path, 'it is not an event store of Lodebook'))
  const format = number(db, 'PRAGMA user_version')
  if (format !== undefined && format > FORMAT)
    return E.left({
      kind: 'damaged',
      message: `${path} was written by a newer Lodebook (format ${format}, this one reads ${FORMAT}): install that one`,
    })
  return E.right(undefined)
}

function number(db: DatabaseSync, query: string): number | undefined {
  const value = Object.values(db.prepare(query).get() ?? {})[0]
  return typeof value === 'number' ? value : undefined
}

import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type { Answer, ReadModelError } from './port.ts'
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts'
import { number } from './values.ts'

/**
 * Opens a file of read models, and makes it when there is none. One of another version, or of another log, is thrown away: all of it
 * can be folded again. `:memory:` for none at all.
 *
 * WAL with synchronous=NORMAL: a crash of the process loses nothing, a power cut perhaps the last transactions, checkpoint and
 * all, and the log has those events still. Waiting for the disk each time would buy nothing.
 */
export function openFile(file: string, log: string): Answer<DatabaseSync> {
  try {
    const db = openOrRenew(file, log)
    return db === undefined
      ? E.left({
          kind: 'damaged',
          message: `${file} is not a file of read models of Lodebook. Give another path for them.`,
        })
      : E.right(db)
  } catch (thrown) {
    return E.left(sqliteError(file, thrown))
  }
}

/** Undefined when the file belongs to something else. */
function openOrRenew(file: string, log: string): DatabaseSync | undefined {
  const db = new DatabaseSync(file, { timeout: BUSY_MS_MAX })
  const content = contentOf(db, log)
  if (content === 'ours') return prepared(db)
  if (content === 'empty') return create(db, log)
  db.close()
  if (content === 'foreign') return undefined
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  return create(new DatabaseSync(file, { timeout: BUSY_MS_MAX }), log)
}

/** Another writer's lock is waited for this long, with every miner on this thread waiting, too; then it is tried again later. */
const BUSY_MS_MAX = 20

function contentOf(db: DatabaseSync, log: string): 'empty' | 'ours' | 'outdated' | 'foreign' {
  if (readNumber(db, 'SELECT count(*) AS tables FROM sqlite_schema', 'tables') === 0) return 'empty'
  if (!isOurs(db)) return 'foreign'
  if (!isOfThisVersion(db)) return 'outdated'
  return db.prepare('SELECT log FROM pool').get()?.['log'] === log ? 'ours' : 'outdated'
}

const readNumber = (db: DatabaseSync, sql: string, column: string): number =>
  number(db.prepare(sql).get() ?? {}, column)

const isOurs = (db: DatabaseSync): boolean =>
  readNumber(db, 'PRAGMA application_id', 'application_id') === APPLICATION_ID

/** Says whether a file holds read models as this program writes them. */
export const isOfThisVersion = (db: DatabaseSync): boolean =>
  isOurs(db) && readNumber(db, 'PRAGMA user_version', 'user_version') === SCHEMA_VERSION

function create(db: DatabaseSync, log: string): DatabaseSync {
  prepared(db)
  db.exec(`BEGIN IMMEDIATE;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${SCHEMA_VERSION};
    ${SCHEMA}`)
  db.prepare('UPDATE pool SET log = ?').run(log)
  db.exec('COMMIT')
  return db
}

/** Pages in memory: what 10 000 workers change all the time are 3 MB, and what does not fit is written twice. */
const CACHE_KIB = 16_000

function prepared(db: DatabaseSync): DatabaseSync {
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -${CACHE_KIB}`)
  return db
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/**
 * What went wrong in SQLite, for the operator.
 *
 * @throws what was thrown when it does not come from SQLite or from reading its rows.
 */
export function sqliteError(file: string, thrown: unknown): ReadModelError {
  if (thrown instanceof TypeError) return damaged(file, thrown.message)
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') throw thrown
  const primary = thrown.errcode & 0xff
  if (primary === SQLITE_CORRUPT || primary === SQLITE_NOTADB) return damaged(file, thrown.message)
  return {
    kind: 'unavailable',
    message: `The read models in ${file} can't be used now (${thrown.message}). Look at the disk: its space and its rights.`,
  }
}

const damaged = (file: string, why: string): ReadModelError => ({
  kind: 'damaged',
  message: `The read models in ${file} are damaged (${why}). Stop the pool, delete the file and start again: they are made anew from the log.`,
})

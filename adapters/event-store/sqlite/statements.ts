import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { IS_RARE } from './rare-types.ts'

/** The statements that write, prepared once. Rows come as arrays. */
export interface WriteStatements {
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly rollback: StatementSync
  /** name -> number, revision of its last event */
  readonly findStream: StatementSync
  /** name -> number */
  readonly addStream: StatementSync
  /** position, stream number, revision, id, type, data, checksum */
  readonly addEvent: StatementSync
}

/** The statements that read. */
export interface ReadStatements {
  /** name -> revision of its last event */
  readonly lastRevision: StatementSync
  /** -> position of the newest event */
  readonly newest: StatementSync
  /** after, limit -> columns of an event */
  readonly readAll: StatementSync
  /** JSON list of types, after, limit -> columns of an event. The second one is for types that are all rare. */
  readonly readTypes: StatementSync
  readonly readRareTypes: StatementSync
  /** stream name, from, limit -> columns of an event */
  readonly readForwards: StatementSync
  readonly readBackwards: StatementSync
}

/** Columns of an event in the order of `Row` in `rows.ts`. */
const EVENT = `
  SELECT event.position, stream.name, event.revision, event.id, event.type, event.data, event.checksum
  FROM event JOIN stream ON stream.id = event.stream`

const OF_TYPES = 'WHERE event.type IN (SELECT value FROM json_each(?)) AND event.position > ?'

/** Prepares them. Throws as `node:sqlite` does. */
export const prepareWriting = (db: DatabaseSync): WriteStatements => ({
  begin: prepare(db, 'BEGIN IMMEDIATE'),
  commit: prepare(db, 'COMMIT'),
  rollback: prepare(db, 'ROLLBACK'),
  findStream: prepare(
    db,
    'SELECT id, (SELECT max(revision) FROM event WHERE stream = stream.id) FROM stream WHERE name = ?',
  ),
  addStream: prepare(db, 'INSERT INTO stream (name) VALUES (?) RETURNING id'),
  addEvent: prepare(db, 'INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)'),
})

/** Prepares them. Throws as `node:sqlite` does. */
export const prepareReading = (db: DatabaseSync): ReadStatements => ({
  lastRevision: prepare(
    db,
    'SELECT max(revision) FROM event WHERE stream = (SELECT id FROM stream WHERE name = ?)',
  ),
  newest: prepare(db, 'SELECT max(position) FROM event'),
  readAll: prepare(db, `${EVENT} WHERE event.position > ? ORDER BY event.position LIMIT ?`),
  readTypes: prepare(db, `${EVENT} ${OF_TYPES} ORDER BY event.position LIMIT ?`),
  readRareTypes: prepare(
    db,
    `${EVENT.replace('FROM event', 'FROM event INDEXED BY rare_event')} ${OF_TYPES} AND ${IS_RARE} ORDER BY event.position LIMIT ?`,
  ),
  readForwards: prepare(
    db,
    `${EVENT} WHERE stream.name = ? AND event.revision >= ? ORDER BY event.revision LIMIT ?`,
  ),
  readBackwards: prepare(
    db,
    `${EVENT} WHERE stream.name = ? AND event.revision <= ? ORDER BY event.revision DESC LIMIT ?`,
  ),
})

function prepare(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

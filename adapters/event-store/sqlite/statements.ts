import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { IS_RARE } from './rare-types.ts'

/** Every statement of the store, prepared once. Rows come as arrays. */
export interface Statements {
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly rollback: StatementSync
  /** name -> number, revision of its last event */
  readonly findStream: StatementSync
  /** name -> number */
  readonly addStream: StatementSync
  /** position, stream number, revision, id, type, data, checksum */
  readonly addEvent: StatementSync
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
export function prepareStatements(db: DatabaseSync): Statements {
  const prepare = (sql: string): StatementSync => {
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),
    findStream: prepare(
      'SELECT id, (SELECT max(revision) FROM event WHERE stream = stream.id) FROM stream WHERE name = ?',
    ),
    addStream: prepare('INSERT INTO stream (name) VALUES (?) RETURNING id'),
    addEvent: prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)'),
    newest: prepare('SELECT max(position) FROM event'),
    readAll: prepare(`${EVENT} WHERE event.position > ? ORDER BY event.position LIMIT ?`),
    readTypes: prepare(`${EVENT} ${OF_TYPES} ORDER BY event.position LIMIT ?`),
    readRareTypes: prepare(
      `${EVENT.replace('FROM event', 'FROM event INDEXED BY rare_event')} ${OF_TYPES} AND ${IS_RARE} ORDER BY event.position LIMIT ?`,
    ),
    readForwards: prepare(
      `${EVENT} WHERE stream.name = ? AND event.revision >= ? ORDER BY event.revision LIMIT ?`,
    ),
    readBackwards: prepare(
      `${EVENT} WHERE stream.name = ? AND event.revision <= ? ORDER BY event.revision DESC LIMIT ?`,
    ),
  }
}

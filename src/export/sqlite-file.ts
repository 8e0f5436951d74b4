import { DatabaseSync } from 'node:sqlite'
import type { ColumnType, Table, TableName } from './tables.ts'
import type { TableWriter } from './writer.ts'

/** A database of tables for SQL. */
export interface SqliteFile {
  readonly table: (table: Table) => TableWriter
  /** Adds indexes and views as far as their tables are there, and completes the file. */
  readonly finish: () => void
  readonly abandon: () => void
}

const TYPES: Readonly<Record<ColumnType, string>> = {
  integer: 'INTEGER',
  time: 'INTEGER',
  decimal: 'TEXT',
  text: 'TEXT',
}

/** Makes a database in a file that is not there yet. */
export function sqliteFile(path: string): SqliteFile {
  const db = new DatabaseSync(path)
  const made = new Set<TableName>()
  // Nobody reads the file before it is whole, and after a crash it is thrown away.
  db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE')
  return {
    table: ({ name, columns }) => {
      made.add(name)
      db.exec(
        `CREATE TABLE ${name} (${columns.map((column) => `"${column.name}" ${TYPES[column.type]}`).join(', ')}) STRICT`,
      )
      const insert = db.prepare(`INSERT INTO ${name} VALUES (${columns.map(() => '?').join(', ')})`)
      return {
        write: (rows) => {
          db.exec('BEGIN')
          for (const row of rows) insert.run(...row)
          db.exec('COMMIT')
        },
        finish: () => undefined,
        abandon: () => undefined,
      }
    },
    finish: () => {
      for (const { needs, sql } of [...INDEXES, ...VIEWS])
        if (needs.every((table) => made.has(table))) db.exec(sql)
      db.close()
    },
    abandon: () => db.close(),
  }
}

interface Statement {
  readonly needs: readonly TableName[]
  readonly sql: string
}

const INDEXES: readonly Statement[] = [
  { needs: ['shares'], sql: 'CREATE INDEX shares_by_account ON shares (account, at)' },
  { needs: ['shares'], sql: 'CREATE INDEX shares_by_entry ON shares (entry, position)' },
  { needs: ['events'], sql: 'CREATE INDEX events_by_stream ON events (stream, revision)' },
  { needs: ['allocations'], sql: 'CREATE INDEX allocations_by_account ON allocations (account, entry)' },
  { needs: ['payments'], sql: 'CREATE INDEX payments_by_account ON payments (account, entry)' },
]

/** A view of the database, for the manual too. */
export interface View extends Statement {
  readonly name: string
  /** A row is this. */
  readonly row: string
}

const view = (name: string, row: string, needs: readonly TableName[], select: string): View => ({
  ...{ name, row, needs },
  sql: `CREATE VIEW ${name} AS ${select}`,
})

const utc = (column: string): string => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`

/** Views for the questions that are asked most. */
export const VIEWS: readonly View[] = [
  view(
    'daily_shares',
    'shares of an account on a UTC day: how many, and their units as a part of the work that finds a block',
    ['shares', 'accounts'],
    `SELECT date(s.at / 1000, 'unixepoch') AS day, s.account, a.address, count(*) AS shares,
       sum(s.difficulty) AS difficulty, sum(CAST(s.units AS REAL)) / 18446744073709551616.0 AS blocks_of_work
     FROM shares s LEFT JOIN accounts a ON a.account = s.account
     GROUP BY day, s.account`,
  ),
  view(
    'window_shares',
    'a share in the window of a reward; of the oldest one only as much counts as fits',
    ['shares', 'rewards', 'accounts', 'events'],
    `SELECT r.settlement, r.block, r.height, a.address, s.entry, s.position, s.at, s.account, s.worker, s.difficulty, s.units
     FROM rewards r
       JOIN events f ON f.stream = r.window_from_stream AND f.revision = r.window_from_revision
       JOIN events t ON t.stream = r.window_to_stream AND t.revision = r.window_to_revision
       JOIN shares s ON s.entry BETWEEN f.entry AND t.entry
         AND (s.entry, s.position) >= (f.entry, r.window_from_position)
         AND (s.entry, s.position) <= (t.entry, r.window_to_position)
       LEFT JOIN accounts a ON a.account = s.account`,
  ),
  view(
    'earnings',
    "an account's part of a reward, in DCR, and whether it stands",
    ['allocations', 'reversals', 'blocks'],
    `SELECT l.entry, ${utc('l.at')} AS shared_at, l.height, l.block, l.account, l.address,
       l.atoms / 1e8 AS dcr, CAST(l.units AS REAL) / CAST(l.window_units AS REAL) AS part,
       CASE WHEN r.settlement IS NOT NULL THEN 'reversed' WHEN b.phase = 'matured' THEN 'available' ELSE 'immature' END AS state
     FROM allocations l
       LEFT JOIN reversals r ON r.settlement = l.settlement
       LEFT JOIN blocks b ON b.hash = l.block`,
  ),
  view(
    'account_totals',
    'what an account got of rewards that stand, and what was paid, in atoms; work under pps is not in it',
    ['accounts', 'allocations', 'reversals', 'payments'],
    `SELECT a.account, a.address,
       (SELECT coalesce(sum(l.atoms), 0) FROM allocations l WHERE l.account = a.account
          AND l.settlement NOT IN (SELECT settlement FROM reversals)) AS allocated_atoms,
       (SELECT coalesce(sum(p.deducted_atoms), 0) FROM payments p WHERE p.account = a.account
          AND p.phase = 'confirmed') AS deducted_atoms,
       (SELECT coalesce(sum(p.atoms), 0) FROM payments p WHERE p.account = a.account
          AND p.phase = 'confirmed') AS paid_atoms
     FROM accounts a`,
  ),
]

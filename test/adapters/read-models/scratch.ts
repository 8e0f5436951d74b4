import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Runs with a directory of its own, which is gone afterwards. */
export function inScratch<T>(run: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-read-models-'))
  try {
    return run(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Rows by table. */
export type Dump = Record<string, readonly Record<string, unknown>[]>

/** Every row of every table of a file, in the order of the keys: equal dumps are equal tables. */
export function dump(file: string): Dump {
  const db = new DatabaseSync(file, { readOnly: true })
  const tables: Dump = {}
  for (const { name } of db
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .all()) {
    const columns = db.prepare(`PRAGMA table_info(${name})`).all()
    const keys = columns.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a['pk']) - Number(b['pk']))
    const order = keys.map((column) => column['name']).join(', ')
    tables[String(name)] = db.prepare(`SELECT * FROM ${name} ORDER BY ${order}`).all()
  }
  db.close()
  return tables
}

/** A dump without what depends on the store the log was in: its name, and the position of the last event contained. */
export const withoutCheckpoint = ({ pool = [], ...tables }: Dump): Dump => ({
  ...tables,
  pool: pool.map((row) => ({ ...row, log: null, position: null })),
})

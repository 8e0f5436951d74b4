import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import type { Cell, Row, Table } from '../../src/export/tables.ts'
import type { Format } from '../../src/export/writer.ts'

/** Reads an exported table back, by other means than those that wrote it: times as Unix ms, larger integers as text. */
export async function readBack(format: Format, file: string, table: Table): Promise<readonly Row[]> {
  switch (format) {
    case 'csv':
      return readCsv(file, table)
    case 'jsonl':
      return readJsonl(file, table)
    case 'sqlite':
      return readSqlite(file, table)
    case 'parquet':
      return readParquet(file, table)
  }
}

function readCsv(file: string, { columns }: Table): readonly Row[] {
  const [heading, ...rows] = parseCsv(readFileSync(file, 'utf8'))
  if (heading?.join() !== columns.map(({ name }) => name).join()) throw new Error(`${file}: ${heading}`)
  return rows.map((cells) =>
    columns.map(({ type }, i) => {
      const cell = cells[i] ?? ''
      if (cell === '' && type !== 'text') return null
      if (type === 'integer') return Number(cell)
      if (type === 'time') return timeOf(cell)
      return cell
    }),
  )
}

/** RFC 4180. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}

const timeOf = (text: string): number => {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) throw new Error(`${text} is no time`)
  return Date.parse(text)
}

const readJsonl = (file: string, { columns }: Table): readonly Row[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const object: Record<string, Cell> = JSON.parse(line)
      return columns.map(({ name, type }) => {
        const cell = object[name] ?? null
        return type === 'time' && cell !== null ? timeOf(String(cell)) : cell
      })
    })

function readSqlite(file: string, { name, columns }: Table): readonly Row[] {
  const db = new DatabaseSync(file, { readOnly: true })
  const rows = db.prepare(`SELECT * FROM ${name} ORDER BY rowid`).all()
  db.close()
  return rows.map((row) => columns.map((column) => row[column.name] as Cell))
}

async function readParquet(file: string, { columns }: Table): Promise<readonly Row[]> {
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) })
  return rows.map((row) =>
    columns.map(({ name }) => {
      const cell: unknown = row[name]
      if (cell === null || cell === undefined) return null
      if (cell instanceof Date) return cell.getTime()
      return typeof cell === 'bigint' ? Number(cell) : String(cell)
    }),
  )
}

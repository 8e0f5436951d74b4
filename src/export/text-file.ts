import { closeSync, openSync, writeFileSync } from 'node:fs'
import { csvLine } from '../../adapters/csv.ts'
import type { Row, Table, TableColumn } from './tables.ts'
import type { TableWriter } from './writer.ts'

/** A table as a file of CSV: RFC 4180, a heading, times as ISO text, and nothing that a spreadsheet takes for a formula. */
export const csvFile = (path: string, { columns }: Table): TableWriter =>
  textFile(path, csvLine(columns.map(({ name }) => name)), (row) =>
    csvLine(
      row.map((cell, i) => (columns[i]?.type === 'decimal' ? decimalCell(cell) : readable(cell, columns[i]))),
    ),
  )

const decimalCell = (cell: Row[number]): bigint | null => (cell === null ? null : BigInt(cell))

/** A table as a file of JSON lines: an object for each row, times as ISO text, larger integers as text. */
export const jsonlFile = (path: string, { columns }: Table): TableWriter =>
  textFile(path, '', (row) => {
    const object = Object.fromEntries(
      columns.map((column, i) => [column.name, readable(row[i] ?? null, column)]),
    )
    return `${JSON.stringify(object)}\n`
  })

/** A time as people and programs read it. */
const readable = (cell: Row[number], column: TableColumn | undefined): Row[number] =>
  column?.type === 'time' && typeof cell === 'number' ? new Date(cell).toISOString() : cell

function textFile(path: string, heading: string, lineOf: (row: Row) => string): TableWriter {
  const file = openSync(path, 'wx')
  writeFileSync(file, heading)
  return {
    write: (rows) => writeFileSync(file, rows.map(lineOf).join('')),
    finish: () => closeSync(file),
    abandon: () => closeSync(file),
  }
}

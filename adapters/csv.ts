/** What a cell may hold. Text may come from a miner; numbers and hashes are the pool's own. */
export type Cell = string | number | bigint | boolean | null

/** Columns of a table for {@link toCsv}: the heading, and the cell of a row. */
export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => Cell
}

/** RFC 4180 text: a heading line, one line for each row, CRLF, UTF-8. Null is the empty cell. */
export function toCsv<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map((column) => column.name),
    ...rows.map((row) => columns.map((column) => column.cell(row))),
  ]
  return lines.map(csvLine).join('')
}

/** One line of such a text. */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(field).join(',')}\r\n`

function field(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  // A spreadsheet runs text that begins like this as a formula, and miners choose their own names.
  const harmless = /^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** What a cell may hold. Text may come from a miner; numbers, hashes and what is `exact` are the pool's own. */
export type Cell = string | number | bigint | boolean | null | { readonly exact: string }

/** Columns of a table for {@link toCsv}: the heading, and the cell of a row. */
export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => Cell
}

/** RFC 4180 text: a heading line, one line for each row, CRLF, UTF-8. Null is the empty cell. */
export const toCsv = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string =>
  csvLine(columns.map((column) => column.name)) + csvRows(columns, rows)

/** The lines of the rows alone, for what comes after the heading. */
export const csvRows = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string =>
  rows.map((row) => csvLine(columns.map((column) => column.cell(row)))).join('')

/** One line of such a text. */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(field).join(',')}\r\n`

function field(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'object') return cell.exact
  if (typeof cell !== 'string') return String(cell)
  // A spreadsheet runs text that begins like this as a formula, and miners choose their own names.
  const harmless = /^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

import { formatDcr } from '../../../domain/decred/amount.ts'
import { paint, print } from '../terminal.ts'

/** A column of a printed table: amounts and numbers are set to the right. */
export interface Column {
  readonly name: string
  readonly isFigure: boolean
}

/** Prints a table with a heading, columns as wide as what is in them. */
export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  const widths = columns.map(({ name }, i) =>
    Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ isFigure }, i) => {
        const cell = cells[i] ?? ''
        return isFigure ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
      })
      .join('  ')
      .trimEnd()
  print(paint('bold', line(columns.map(({ name }) => name))))
  for (const row of rows) print(line(row))
}

/** Atoms, given as decimal text, in DCR with all decimals. */
export const dcr = (atoms: string): string => formatDcr(BigInt(atoms))

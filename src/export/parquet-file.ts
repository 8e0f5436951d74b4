import { fileWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import type { ColumnType, Row, Table, TableColumn } from './tables.ts'
import type { TableWriter } from './writer.ts'

/** Rows in one row group: some ten megabytes of shares before they are packed. */
const GROUP_ROWS = 65_536

/** A table as a Parquet file: integers of 64 bits, times as UTC timestamps in milliseconds, larger integers as text. */
export function parquetFile(path: string, { columns }: Table): TableWriter {
  const output = fileWriter(path)
  const writer = new ParquetWriter({
    writer: output,
    schema: [{ name: 'root', num_children: columns.length }, ...columns.map(elementOf)],
    createdBy: 'lodebook',
  })
  let waiting: Row[] = []
  const flush = (): void => {
    if (waiting.length === 0) return
    writer.write({
      columnData: columns.map((column, i) => ({
        name: column.name,
        data: waiting.map((row) => parquetValue(column.type, row[i] ?? null)),
      })),
      rowGroupSize: GROUP_ROWS,
    })
    waiting = []
  }
  return {
    write: (rows) => {
      for (const row of rows) waiting.push(row)
      if (waiting.length >= GROUP_ROWS) flush()
    },
    finish: () => {
      flush()
      writer.finish()
    },
    abandon: () => undefined,
  }
}

const TYPES: Readonly<Record<ColumnType, Omit<SchemaElement, 'name'>>> = {
  integer: { type: 'INT64' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  decimal: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
}

const elementOf = ({ name, type }: TableColumn): SchemaElement => ({
  name,
  repetition_type: 'OPTIONAL',
  ...TYPES[type],
})

const parquetValue = (type: ColumnType, cell: Row[number]): bigint | string | null =>
  typeof cell === 'number' || (cell !== null && type === 'integer') ? BigInt(cell) : cell

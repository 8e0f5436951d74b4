import type { SQLOutputValue } from 'node:sqlite'
import type * as t from 'io-ts'

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>

/**
 * Readers of one column. The tables are STRICT and written by this program alone, so a wrong type means a damaged file.
 *
 * @throws TypeError for a value of another type.
 */
export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw wrong(column, 'a number')
  return value
}

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw wrong(column, 'text')
  return value
}

export const numberOrNull = (row: Row, column: string): number | null =>
  row[column] === null ? null : number(row, column)

export const textOrNull = (row: Row, column: string): string | null =>
  row[column] === null ? null : text(row, column)

/** Decimal text as a bigint. */
export const decimal = (row: Row, column: string): bigint => BigInt(text(row, column))

/** One of a codec's values. */
export function member<T>(codec: t.Type<T>, row: Row, column: string): T {
  const value = row[column]
  if (!codec.is(value)) throw wrong(column, codec.name)
  return value
}

const wrong = (column: string, kind: string): TypeError =>
  new TypeError(`column ${column} of the read models does not hold ${kind}`)

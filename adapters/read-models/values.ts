import type { SQLOutputValue } from 'node:sqlite'
import type * as t from 'io-ts'

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>

/**
 * Reads a number from a column. The tables are STRICT and written by this program alone, so another type means a damaged
 * file; the same goes for the readers below.
 *
 * @throws TypeError for a value of another type.
 */
export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw wrong(column, 'a number')
  return value
}

/** Reads text. */
export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw wrong(column, 'text')
  return value
}

/** Reads a number that may be missing. */
export const numberOrNull = (row: Row, column: string): number | null =>
  row[column] === null ? null : number(row, column)

/** Reads text that may be missing. */
export const textOrNull = (row: Row, column: string): string | null =>
  row[column] === null ? null : text(row, column)

/** Reads decimal text. */
export function decimal(row: Row, column: string): bigint {
  const digits = text(row, column)
  if (!/^\d+$/.test(digits)) throw wrong(column, 'decimal text')
  return BigInt(digits)
}

/** Reads atoms, of either sign, from an INTEGER column: see `storable`. */
export const atoms = (row: Row, column: string): bigint => BigInt(number(row, column))

/**
 * Atoms for an INTEGER column: numbers up to 2^53 come back as they were.
 *
 * @throws TypeError for more, which is more than there can ever be.
 */
export function storable(amount: bigint): bigint {
  if (!Number.isSafeInteger(Number(amount))) throw new TypeError(`${amount} atoms are more than there can be`)
  return amount
}

/** Reads one of a codec's values. */
export function member<T>(codec: t.Type<T>, row: Row, column: string): T {
  const value = row[column]
  if (!codec.is(value)) throw wrong(column, codec.name)
  return value
}

const wrong = (column: string, kind: string): TypeError =>
  new TypeError(`column ${column} of the read models does not hold ${kind}`)

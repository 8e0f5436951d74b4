import type { Row } from './tables.ts'

/** Formats of an export. */
export const FORMATS = ['csv', 'jsonl', 'sqlite', 'parquet'] as const

/** One of the formats. */
export type Format = (typeof FORMATS)[number]

/** Writes one table. Everything here throws when the disk does. */
export interface TableWriter {
  readonly write: (rows: readonly Row[]) => void
  /** Completes what was written. Nothing is whole before this. */
  readonly finish: () => void
  /** Gives it free without completing it. */
  readonly abandon: () => void
}

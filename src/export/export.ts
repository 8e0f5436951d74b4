import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../adapters/error-text.ts'
import { decodeEvent } from '../../domain/events.ts'
import { readStreamName, streamOfType } from '../../domain/stream-name.ts'
import type { History, HistoryError, HistoryEvent } from '../replay/history.ts'
import { parquetFile } from './parquet-file.ts'
import { Rows } from './rows.ts'
import { type SqliteFile, sqliteFile } from './sqlite-file.ts'
import { type Row, type Table, type TableName, tables } from './tables.ts'
import { csvFile, jsonlFile } from './text-file.ts'
import type { Format, TableWriter } from './writer.ts'

/** What is to be exported, and where to. */
export interface ExportOptions {
  readonly history: History
  readonly format: Format
  /** A file for `sqlite` and for a single table, else a directory. Nothing is overwritten. */
  readonly output: string
  readonly tables: readonly TableName[]
  readonly onProgress: (progress: { readonly rows: number; readonly fraction: number }) => void
}

/** What was written. */
export interface Exported {
  readonly files: readonly string[]
  /** Rows by table. */
  readonly rows: ReadonlyMap<TableName, number>
}

/** Why nothing was exported. `message` is a sentence for people. */
export interface ExportError {
  readonly kind: HistoryError['kind'] | 'undecodable' | 'exists' | 'disk'
  readonly message: string
}

/** Rows of a table that are written at once. */
const BUFFER_ROWS = 4_096

/** Writes tables of a history, whole or not at all. Memory does not grow with the history but by the blocks of the pool. */
export async function exportHistory(options: ExportOptions): Promise<E.Either<ExportError, Exported>> {
  const { history, onProgress } = options
  const output = openOutput(options)
  if (E.isLeft(output)) return output
  const { put, finish, abandon, rowsWritten } = output.right
  const rows = new Rows(put)
  try {
    for await (const batch of history.batches()) {
      const taken = E.isLeft(batch) ? batch : takeAll(rows, batch.right.events)
      if (E.isLeft(taken)) {
        abandon()
        return taken
      }
      if (E.isRight(batch)) onProgress({ rows: rowsWritten(), fraction: batch.right.fraction })
    }
    rows.end()
    return E.right(finish())
  } catch (thrown) {
    abandon()
    if (!isOfDisk(thrown)) throw thrown
    return disk(options.output, thrown)
  }
}

function takeAll(rows: Rows, events: readonly HistoryEvent[]): E.Either<ExportError, void> {
  for (const recorded of events) {
    const { entry, stream, type, data } = recorded
    const name = readStreamName(stream)
    const decoded = decodeEvent(type, data)
    if (E.isLeft(decoded) && decoded.left.kind !== 'unknown-type')
      return E.left({
        kind: 'undecodable',
        message: `Entry ${entry} can't be read: ${decoded.left.message}.`,
      })
    if (E.isRight(decoded) && name.kind !== streamOfType[decoded.right.type])
      return E.left({
        kind: 'undecodable',
        message: `Entry ${entry} is a ${type} in stream "${stream}", where none belongs.`,
      })
    rows.take(recorded, name, E.isRight(decoded) ? decoded.right : undefined)
  }
  return E.right(undefined)
}

interface Output {
  readonly put: (table: TableName, row: Row) => void
  readonly rowsWritten: () => number
  readonly finish: () => Exported
  readonly abandon: () => void
}

function openOutput({ format, output, tables: names }: ExportOptions): E.Either<ExportError, Output> {
  const isOneFile = format === 'sqlite' || names.length === 1
  const fileOf = (name: TableName): string => (isOneFile ? output : join(output, `${name}.${format}`))
  const files = [...new Set(names.map(fileOf))]
  const there = files.find((file) => existsSync(file))
  if (there !== undefined)
    return E.left({
      kind: 'exists',
      message: `${there} is there already, and nothing is overwritten; name another --output.`,
    })
  const writers: Buffered[] = []
  let database: SqliteFile | null = null
  const abandon = (): void => {
    for (const { writer } of writers) writer.abandon()
    database?.abandon()
    for (const file of files) if (existsSync(partOf(file))) rmSync(partOf(file))
  }
  try {
    mkdirSync(isOneFile ? dirname(output) : output, { recursive: true })
    // What a killed export has left.
    for (const file of files) rmSync(partOf(file), { force: true })
    if (format === 'sqlite') database = sqliteFile(partOf(output))
    for (const name of names)
      writers.push({
        name,
        writer: database?.table(tables[name]) ?? openFile(format, partOf(fileOf(name)), tables[name]),
        waiting: [],
        rows: 0,
      })
  } catch (thrown) {
    abandon()
    if (!isOfDisk(thrown)) throw thrown
    return disk(output, thrown)
  }
  const byName = new Map(writers.map((each) => [each.name, each]))
  return E.right({
    abandon,
    put: (table, row) => {
      const each = byName.get(table)
      if (each === undefined) return
      each.rows++
      if (each.waiting.push(row) >= BUFFER_ROWS) flush(each)
    },
    rowsWritten: () => writers.reduce((sum, { rows }) => sum + rows, 0),
    finish: () => {
      for (const each of writers) {
        flush(each)
        each.writer.finish()
      }
      database?.finish()
      for (const file of files) renameSync(partOf(file), file)
      return { files, rows: new Map(writers.map(({ name, rows }) => [name, rows])) }
    },
  })
}

interface Buffered {
  readonly name: TableName
  readonly writer: TableWriter
  waiting: Row[]
  rows: number
}

function flush(each: Buffered): void {
  if (each.waiting.length > 0) each.writer.write(each.waiting)
  each.waiting = []
}

/** A file that is not whole yet. */
const partOf = (file: string): string => `${file}.part`

function openFile(format: Format, path: string, table: Table): TableWriter {
  if (format === 'csv') return csvFile(path, table)
  return format === 'parquet' ? parquetFile(path, table) : jsonlFile(path, table)
}

/** Errors of the file system and of SQLite have a code; faults of this program have none. */
const isOfDisk = (thrown: unknown): thrown is Error => thrown instanceof Error && 'code' in thrown

const disk = (output: string, thrown: unknown): E.Either<ExportError, never> =>
  E.left({
    kind: 'disk',
    message: `${output} can't be written: ${errorText(thrown)}.`,
  })

import { setTimeout } from 'node:timers/promises'
import type { HttpBindings } from '@hono/node-server'
import * as E from 'fp-ts/lib/Either.js'
import type { Context, MiddlewareHandler } from 'hono'
import type * as t from 'io-ts'
import type { PageOf } from '../../../projections/views.ts'
import { type Column, csvLine, csvRows, toCsv } from '../../csv.ts'
import { PAGE_LIMIT_MAX, type PageRequest } from '../../read-models/port.ts'
import { type Problem, problem } from '../problem.ts'
import { takeTurns } from '../turns.ts'
import { pageRequest } from './parameters.ts'
import type { Table } from './tables.ts'

/**
 * Rows of one CSV at most. A miner with a hundred blocks a day has 75,000 lines in the statement of a year; at 300 bytes a line and 2 ms
 * a page this many are 30 MB, and two seconds of the pool's thread in a thousand slices.
 */
export const CSV_ROWS_MAX = 100_000

/** Those that wait for their next page: as many as there are sockets. */
const WAITING_MAX = 4000

/** Reads a page of a list, for a request. */
export type ReadPage<Row> = (c: Context, page: PageRequest) => E.Either<Problem, PageOf<Row>>

/** Turns lists into CSV where `?format=csv` asks for it. */
export type CsvOfPages = <Row>(table: Table<Row>, read: ReadPage<Row>) => MiddlewareHandler

/**
 * All of a list from `cursor` on, up to {@link CSV_ROWS_MAX} rows, after which the last line says where the rest is; with `limit` that one
 * page. A page at a time is read, whoever asks, and the thread has as long a rest after each: miners come first. What can't be read to its
 * end is cut, so that nobody takes it for whole.
 */
export function csvOfPages(now: () => number): CsvOfPages {
  const inTurn = takeTurns(1, WAITING_MAX)

  async function restful<T>(read: () => T): Promise<T> {
    const beganAt = performance.now()
    const value = read()
    await setTimeout(performance.now() - beganAt)
    return value
  }

  async function* slices<Row>(
    c: Context<{ Bindings: HttpBindings }>,
    columns: readonly Column<Row>[],
    read: ReadPage<Row>,
    first: PageOf<Row>,
  ) {
    yield toCsv(columns, first.items)
    let count = first.items.length
    for (let { next } = first; next !== null; ) {
      if (count >= CSV_ROWS_MAX) {
        yield csvLine([`# These are the first ${count} rows. The rest: ${onwards(c, next)}`])
        return
      }
      const after = next
      const page = await inTurn(() => restful(() => read(c, { after, limit: PAGE_LIMIT_MAX })))
      if (page === undefined || E.isLeft(page)) {
        c.env.outgoing.destroy()
        return
      }
      yield csvRows(columns, page.right.items)
      count += page.right.items.length
      next = page.right.next
    }
  }

  return (table, read) => async (c, next) => {
    if (c.req.query('format') !== 'csv') return next()
    const asked = pageRequest(c.req.query())
    if (E.isLeft(asked)) return problem(c, asked.left)
    const isWhole = c.req.query('limit') === undefined
    const first = read(c, isWhole ? { ...asked.right, limit: PAGE_LIMIT_MAX } : asked.right)
    if (E.isLeft(first)) return problem(c, first.left)
    const miner = c.req.param('address')
    const columns = [...(miner === undefined ? [] : [{ name: 'miner', cell: () => miner }]), ...table.columns]
    setHeaders(c, table.name, now())
    if (isWhole)
      return c.body(
        ReadableStream.from(slices(c, columns, read, first.right)).pipeThrough(new TextEncoderStream()),
      )
    if (first.right.next !== null) c.header('Link', `<${onwards(c, first.right.next)}>; rel="next"`)
    return c.body(toCsv(columns, first.right.items))
  }
}

/** Turns an answer that has all rows into CSV when `?format=csv` asks for it. Problems stay as they are. */
export const csvOfAnswer =
  <Row>(
    table: Table<Row>,
    now: () => number,
    rows: (answer: unknown) => E.Either<t.Errors, readonly Row[]>,
  ): MiddlewareHandler =>
  async (c, next) => {
    await next()
    if (c.req.query('format') !== 'csv' || c.res.status !== 200) return
    const read = rows(await c.res.json())
    if (E.isLeft(read)) throw new Error(`the answer of ${c.req.path} is not as its own codec says`)
    c.res = new Response(toCsv(table.columns, read.right), c.res)
    setHeaders(c, table.name, now())
  }

/** A file says by its name what it is of, and when it was made. */
function setHeaders(c: Context, name: string, now: number): void {
  const of = c.req.param('address') ?? c.req.param('hash') ?? c.req.param('number') ?? c.req.query('account')
  const day = new Date(now).toISOString().slice(0, 10)
  const file = [name, ...(of === undefined ? [] : [of]), day].join('-')
  c.header('Cache-Control', 'no-cache')
  c.header('Content-Type', 'text/csv; charset=utf-8')
  c.header('Content-Disposition', `attachment; filename="${file}.csv"`)
}

/** The address of the request from a cursor on. */
export function onwards(c: Context, cursor: string): string {
  const url = new URL(c.req.url)
  url.searchParams.set('cursor', cursor)
  return `${url.pathname}${url.search}`
}

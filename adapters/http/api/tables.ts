import * as E from 'fp-ts/lib/Either.js'
import type { MiddlewareHandler } from 'hono'
import type * as t from 'io-ts'
import {
  BlockSummary,
  HashrateHistory,
  type HashratePoint,
  type Hashrates,
  MinerView,
  pageOf,
  WorkerView,
} from '../../../projections/views.ts'
import { type Column, toCsv } from './csv.ts'

/** A list that can be had as CSV: how to find its rows in the JSON answer, and its columns. */
export interface Table<Row> {
  /** Name of the downloaded file, without `.csv`. */
  readonly name: string
  readonly rows: (answer: unknown) => E.Either<t.Errors, readonly Row[]>
  readonly columns: readonly Column<Row>[]
}

/** Turns the JSON answer of a list into CSV when `?format=csv` asks for it. Problems stay as they are. */
export const csvOnRequest =
  <Row>(table: Table<Row>): MiddlewareHandler =>
  async (c, next) => {
    await next()
    if (c.req.query('format') !== 'csv' || c.res.status !== 200) return
    const rows = table.rows(await c.res.json())
    if (E.isLeft(rows)) throw new Error(`the answer of ${c.req.path} is not as its own codec says`)
    c.res = new Response(toCsv(table.columns, rows.right), c.res)
    c.res.headers.set('Content-Type', 'text/csv; charset=utf-8')
    c.res.headers.set('Content-Disposition', `attachment; filename="${table.name}.csv"`)
  }

const items =
  <C extends t.Mixed>(item: C) =>
  (answer: unknown): E.Either<t.Errors, readonly t.TypeOf<C>[]> => {
    const page = pageOf(item).decode(answer)
    return E.isLeft(page) ? page : E.right(page.right.items)
  }

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

const hashrateColumns: readonly Column<{ readonly hashrate: Hashrates }>[] = (
  ['minute', 'tenMinutes', 'hour', 'day'] as const
).flatMap((window) => {
  const name = { minute: '1m', tenMinutes: '10m', hour: '1h', day: '24h' }[window]
  return [
    { name: `hashes_per_second_${name}`, cell: (row) => row.hashrate[window].hashesPerSecond },
    { name: `standard_error_${name}`, cell: (row) => row.hashrate[window].standardError },
  ]
})

/** Columns of the list of miners. */
export const minerTable: Table<MinerView> = {
  name: 'miners',
  rows: items(MinerView),
  columns: [
    { name: 'address', cell: (row) => row.address },
    { name: 'account', cell: (row) => row.account },
    ...hashrateColumns,
    { name: 'workers_online', cell: (row) => row.workersOnline },
    { name: 'last_share_at', cell: (row) => iso(row.lastShareAt) },
  ],
}

/** Columns of the list of an address's workers. */
export const workerTable: Table<WorkerView> = {
  name: 'workers',
  rows: items(WorkerView),
  columns: [
    { name: 'worker', cell: (row) => row.name },
    ...hashrateColumns,
    { name: 'accepted', cell: (row) => row.shares.accepted },
    { name: 'difficulty', cell: (row) => row.shares.difficulty },
    { name: 'rejected', cell: (row) => row.shares.rejected },
    { name: 'last_share_at', cell: (row) => iso(row.lastShareAt) },
    { name: 'connections', cell: (row) => row.connectionCount },
  ],
}

/** Columns of the list of blocks. */
export const blockTable: Table<BlockSummary> = {
  name: 'blocks',
  rows: items(BlockSummary),
  columns: [
    { name: 'height', cell: (row) => row.height },
    { name: 'hash', cell: (row) => row.hash },
    { name: 'state', cell: (row) => row.state },
    { name: 'found_at', cell: (row) => iso(row.foundAt) },
    { name: 'effort', cell: (row) => row.effort },
    { name: 'finder_address', cell: (row) => row.finder?.address ?? null },
    { name: 'finder_account', cell: (row) => row.finder?.account ?? null },
    { name: 'finder_worker', cell: (row) => row.finder?.worker ?? null },
    { name: 'reward_atoms', cell: (row) => row.reward?.atoms ?? null },
    { name: 'reward_transaction', cell: (row) => row.reward?.transaction ?? null },
    { name: 'confirmations', cell: (row) => row.confirmations },
    { name: 'maturity', cell: (row) => row.maturity },
  ],
}

/** Columns of a chart's points. */
export const hashrateTable: Table<HashratePoint> = {
  name: 'hashrate',
  rows: (answer) => {
    const history = HashrateHistory.decode(answer)
    return E.isLeft(history) ? history : E.right(history.right.points)
  },
  columns: [
    { name: 'at', cell: (row) => iso(row.at) },
    { name: 'seconds', cell: (row) => row.seconds },
    { name: 'hashes_per_second', cell: (row) => row.hashesPerSecond },
    { name: 'standard_error', cell: (row) => row.standardError },
    { name: 'shares', cell: (row) => row.shares },
    { name: 'rejected', cell: (row) => row.rejected },
  ],
}

import * as E from 'fp-ts/lib/Either.js'
import type { MiddlewareHandler } from 'hono'
import type * as t from 'io-ts'
import {
  AllocationPage,
  type CreditView,
  EarningView,
  MinerPayment,
  type PaymentOutput,
  PaymentSummary,
  PaymentView,
  StatementLineView,
} from '../../../projections/money/views.ts'
import {
  BlockSummary,
  HashrateHistory,
  type HashratePoint,
  type Hashrates,
  MinerView,
  pageOf,
  WorkerView,
} from '../../../projections/views.ts'
import { type Column, toCsv } from '../../csv.ts'

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

/** Columns of what a miner has of each block. */
export const earningTable: Table<EarningView> = {
  name: 'earnings',
  rows: items(EarningView),
  columns: [
    { name: 'height', cell: (row) => row.height },
    { name: 'block', cell: (row) => row.block },
    { name: 'shared_at', cell: (row) => iso(row.at) },
    { name: 'state', cell: (row) => row.state },
    { name: 'units', cell: (row) => row.units },
    { name: 'window_units', cell: (row) => row.windowUnits },
    { name: 'share', cell: (row) => row.share },
    { name: 'atoms', cell: (row) => row.atoms },
    { name: 'settlement', cell: (row) => row.settlement },
    { name: 'entry', cell: (row) => row.entry },
  ],
}

/** Columns of what was paid to a miner. */
export const minerPaymentTable: Table<MinerPayment> = {
  name: 'payments',
  rows: items(MinerPayment),
  columns: [
    { name: 'payout', cell: (row) => row.number },
    { name: 'phase', cell: (row) => row.phase },
    { name: 'planned_at', cell: (row) => iso(row.plannedAt) },
    { name: 'ended_at', cell: (row) => iso(row.endedAt) },
    { name: 'transaction', cell: (row) => row.transaction },
    { name: 'address', cell: (row) => row.address },
    { name: 'deducted_atoms', cell: (row) => row.deducted },
    { name: 'paid_atoms', cell: (row) => row.atoms },
  ],
}

/** Columns of a miner's statement. */
export const statementTable: Table<StatementLineView> = {
  name: 'statement',
  rows: items(StatementLineView),
  columns: [
    { name: 'date', cell: (row) => iso(row.at) },
    { name: 'kind', cell: (row) => row.kind },
    { name: 'block', cell: (row) => row.block },
    { name: 'payout', cell: (row) => row.payout },
    { name: 'transaction', cell: (row) => row.transaction },
    { name: 'immature_atoms', cell: (row) => BigInt(row.immature) },
    { name: 'available_atoms', cell: (row) => BigInt(row.available) },
    { name: 'in_payout_atoms', cell: (row) => BigInt(row.inPayout) },
    { name: 'chain_fee_atoms', cell: (row) => row.chainFee },
    { name: 'amount_atoms', cell: (row) => BigInt(row.amount) },
    { name: 'balance_atoms', cell: (row) => row.balance },
    { name: 'entry', cell: (row) => row.entry },
  ],
}

/** Columns of who gets what of a block. */
export const allocationTable: Table<CreditView> = {
  name: 'allocation',
  rows: (answer) => {
    const page = AllocationPage.decode(answer)
    return E.isLeft(page) ? page : E.right(page.right.items)
  },
  columns: [
    { name: 'address', cell: (row) => row.address },
    { name: 'account', cell: (row) => row.account },
    { name: 'units', cell: (row) => row.units },
    { name: 'share', cell: (row) => row.share },
    { name: 'atoms', cell: (row) => row.atoms },
  ],
}

/** Columns of the list of payouts. */
export const paymentTable: Table<PaymentSummary> = {
  name: 'payments',
  rows: items(PaymentSummary),
  columns: [
    { name: 'payout', cell: (row) => row.number },
    { name: 'phase', cell: (row) => row.phase },
    { name: 'mode', cell: (row) => row.mode },
    { name: 'planned_at', cell: (row) => iso(row.plannedAt) },
    { name: 'ended_at', cell: (row) => iso(row.endedAt) },
    { name: 'transaction', cell: (row) => row.transaction },
    { name: 'block', cell: (row) => row.block },
    { name: 'outputs', cell: (row) => row.outputs },
    { name: 'paid_atoms', cell: (row) => row.paid },
    { name: 'fee_atoms', cell: (row) => row.fee },
    { name: 'why_returned', cell: (row) => row.why },
  ],
}

/** Columns of a payout's outputs. */
export const paymentOutputTable: Table<PaymentOutput> = {
  name: 'payment',
  rows: (answer) => {
    const payment = PaymentView.decode(answer)
    return E.isLeft(payment) ? payment : E.right(payment.right.items)
  },
  columns: [
    { name: 'address', cell: (row) => row.address },
    { name: 'account', cell: (row) => row.account },
    { name: 'deducted_atoms', cell: (row) => row.deducted },
    { name: 'paid_atoms', cell: (row) => row.atoms },
  ],
}

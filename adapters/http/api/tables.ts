import { formatDcr } from '../../../domain/decred/amount.ts'
import type {
  CreditView,
  EarningView,
  MinerPayment,
  PaymentOutput,
  PaymentSummary,
  StatementLineView,
} from '../../../projections/money/views.ts'
import type {
  BlockSummary,
  HashratePoint,
  Hashrates,
  MinerView,
  WorkerView,
} from '../../../projections/views.ts'
import type { Column } from '../../csv.ts'

/** A list that can be had as CSV. */
export interface Table<Row> {
  /** Begin of the downloaded file's name. */
  readonly name: string
  readonly columns: readonly Column<Row>[]
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** An amount twice: in atoms, for programs, and in DCR, for people and what they reckon with. */
const amount = <Row>(name: string, atoms: (row: Row) => string | null): readonly Column<Row>[] => {
  const of = (row: Row): bigint | null => {
    const text = atoms(row)
    return text === null ? null : BigInt(text)
  }
  return [
    { name: `${name}_atoms`, cell: of },
    {
      name: `${name}_dcr`,
      cell: (row) => {
        const value = of(row)
        return value === null ? null : { exact: formatDcr(value) }
      },
    },
  ]
}

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
  columns: [
    { name: 'height', cell: (row) => row.height },
    { name: 'hash', cell: (row) => row.hash },
    { name: 'state', cell: (row) => row.state },
    { name: 'found_at', cell: (row) => iso(row.foundAt) },
    { name: 'effort', cell: (row) => row.effort },
    { name: 'finder_address', cell: (row) => row.finder?.address ?? null },
    { name: 'finder_account', cell: (row) => row.finder?.account ?? null },
    { name: 'finder_worker', cell: (row) => row.finder?.worker ?? null },
    ...amount('reward', (row: BlockSummary) => row.reward?.atoms ?? null),
    { name: 'reward_transaction', cell: (row) => row.reward?.transaction ?? null },
    { name: 'confirmations', cell: (row) => row.confirmations },
    { name: 'maturity', cell: (row) => row.maturity },
  ],
}

/** Columns of a chart's points. */
export const hashrateTable: Table<HashratePoint> = {
  name: 'hashrate',
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
  columns: [
    { name: 'height', cell: (row) => row.height },
    { name: 'block', cell: (row) => row.block },
    { name: 'shared_at', cell: (row) => iso(row.at) },
    { name: 'state', cell: (row) => row.state },
    { name: 'units', cell: (row) => row.units },
    { name: 'window_units', cell: (row) => row.windowUnits },
    { name: 'share', cell: (row) => row.share },
    ...amount('earned', (row: EarningView) => row.atoms),
    { name: 'settlement', cell: (row) => row.settlement },
    { name: 'entry', cell: (row) => row.entry },
  ],
}

/** Columns of what was paid to a miner. */
export const minerPaymentTable: Table<MinerPayment> = {
  name: 'payments',
  columns: [
    { name: 'payout', cell: (row) => row.number },
    { name: 'phase', cell: (row) => row.phase },
    { name: 'planned_at', cell: (row) => iso(row.plannedAt) },
    { name: 'ended_at', cell: (row) => iso(row.endedAt) },
    { name: 'transaction', cell: (row) => row.transaction },
    { name: 'address', cell: (row) => row.address },
    ...amount('deducted', (row: MinerPayment) => row.deducted),
    ...amount('paid', (row: MinerPayment) => row.atoms),
  ],
}

/** Columns of a miner's statement. */
export const statementTable: Table<StatementLineView> = {
  name: 'statement',
  columns: [
    { name: 'date', cell: (row) => iso(row.at) },
    { name: 'kind', cell: (row) => row.kind },
    { name: 'block', cell: (row) => row.block },
    { name: 'payout', cell: (row) => row.payout },
    { name: 'transaction', cell: (row) => row.transaction },
    ...amount('immature', (row: StatementLineView) => row.immature),
    ...amount('available', (row: StatementLineView) => row.available),
    ...amount('in_payout', (row: StatementLineView) => row.inPayout),
    ...amount('chain_fee', (row: StatementLineView) => row.chainFee),
    ...amount('amount', (row: StatementLineView) => row.amount),
    ...amount('balance', (row: StatementLineView) => row.balance),
    { name: 'entry', cell: (row) => row.entry },
  ],
}

/** Columns of who gets what of a block. */
export const allocationTable: Table<CreditView> = {
  name: 'allocation',
  columns: [
    { name: 'address', cell: (row) => row.address },
    { name: 'account', cell: (row) => row.account },
    { name: 'units', cell: (row) => row.units },
    { name: 'share', cell: (row) => row.share },
    ...amount('earned', (row: CreditView) => row.atoms),
  ],
}

/** Columns of the list of payouts. */
export const paymentTable: Table<PaymentSummary> = {
  name: 'payments',
  columns: [
    { name: 'payout', cell: (row) => row.number },
    { name: 'phase', cell: (row) => row.phase },
    { name: 'mode', cell: (row) => row.mode },
    { name: 'planned_at', cell: (row) => iso(row.plannedAt) },
    { name: 'ended_at', cell: (row) => iso(row.endedAt) },
    { name: 'transaction', cell: (row) => row.transaction },
    { name: 'block', cell: (row) => row.block },
    { name: 'outputs', cell: (row) => row.outputs },
    ...amount('paid', (row: PaymentSummary) => row.paid),
    ...amount('fee', (row: PaymentSummary) => row.fee),
    { name: 'why_returned', cell: (row) => row.why },
  ],
}

/** Columns of a payout's outputs. */
export const paymentOutputTable: Table<PaymentOutput> = {
  name: 'payment',
  columns: [
    { name: 'address', cell: (row) => row.address },
    { name: 'account', cell: (row) => row.account },
    ...amount('deducted', (row: PaymentOutput) => row.deducted),
    ...amount('paid', (row: PaymentOutput) => row.atoms),
  ],
}

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { accountId } from '../../domain/decred/address.ts'
import { PayoutMode, ReturnReason } from '../../domain/events.ts'
import {
  type MinerPayment,
  type NextPayout,
  type PaymentSummary,
  type PaymentView,
  PayoutPhase,
} from '../../projections/money/views.ts'
import type { Tally } from '../../projections/tally.ts'
import type { PageOf } from '../../projections/views.ts'
import { beginOf, type Page, perOrder } from './cursor.ts'
import { paged } from './money-queries.ts'
import type { PaymentOrder } from './port.ts'
import { readData } from './stored-money.ts'
import { atoms, member, number, numberOrNull, type Row, text, textOrNull } from './values.ts'

/** Questions about payouts. Each throws what SQLite throws. */
export interface PayoutQueries {
  readonly payments: (page: Page, order: PaymentOrder) => PageOf<PaymentSummary>
  readonly payment: (number: number) => PaymentView | undefined
  /** Atoms. */
  readonly onTheWay: () => bigint
  /** By account id, newest first. */
  readonly ofMiner: (account: string, page: Page) => PageOf<MinerPayment>
  /** Null without a policy, and under `solo`. `nowMs` is where a day's next run is counted from. */
  readonly next: (nowMs: number) => NextPayout | null
}

/** Above any payout: where the first page begins. */
const TOP = { key: Number.MAX_SAFE_INTEGER, id: 0 }

/** Prepares them. `tally` is the live one. */
export function openPayoutQueries(db: DatabaseSync, tally: Tally): PayoutQueries {
  const all = perOrder<PaymentOrder['by'], StatementSync>(({ by, descending }) => {
    const [is, way] = descending ? ['<', 'DESC'] : ['>', 'ASC']
    return db.prepare(`SELECT *, ${by} AS rank FROM payouts WHERE (${by}, number) ${is} (:key, :id)
      ORDER BY ${by} ${way}, number ${way} LIMIT :limit`)
  })
  const one = db.prepare('SELECT * FROM payouts WHERE number = ?')
  const ofMiner = db.prepare(`
    SELECT o.address, o.deducted, o.atoms, o.place, p.* FROM payout_outputs o JOIN payouts p ON p.number = o.payout
    WHERE o.account = :account AND (o.payout < :key OR (o.payout = :key AND o.place > :id))
    ORDER BY o.payout DESC, o.place LIMIT :limit`)
  const onTheWay = db.prepare(`
    SELECT ifnull(sum(o.deducted), 0) AS atoms FROM payouts p JOIN payout_outputs o ON o.payout = p.number
    WHERE p.ended_at IS NULL AND p.phase = 'published'`)
  const coinbase = db.prepare('SELECT hash FROM blocks WHERE reward_transaction = ? AND reward_output = ?')
  const last = db.prepare('SELECT height FROM payouts ORDER BY entry DESC LIMIT 1')
  const due = db.prepare(
    'SELECT count(*) AS miners, ifnull(sum(available), 0) AS atoms FROM holders WHERE available > 0 AND available >= ?',
  )

  /** A run that is due already is planned with the next block. */
  function nextHeight(every: number): number | null {
    const run = last.get()
    const before = run === undefined ? (tally.firstHeight ?? 0) - 1 : number(run, 'height')
    return tally.firstHeight === null ? null : Math.max(before + every, tally.height)
  }

  return {
    payments: ({ after, limit }, order) =>
      paged(all(order).all({ ...(after ?? beginOf(order)), limit: limit + 1 }), limit, summaryOf, (row) => ({
        key: number(row, 'rank'),
        id: number(row, 'number'),
      })),
    payment: (number) => {
      const row = one.get(number)
      if (row === undefined) return undefined
      return viewOf(row, (transaction, output) => {
        const block = coinbase.get(transaction, output)
        return block === undefined ? null : text(block, 'hash')
      })
    },
    onTheWay: () => atoms(onTheWay.get() ?? {}, 'atoms'),
    ofMiner: (account, { after, limit }) =>
      paged(
        ofMiner.all({ ...(after ?? TOP), account, limit: limit + 1 }),
        limit,
        (row) => ({
          ...paymentFields(row),
          address: text(row, 'address'),
          deducted: amount(row, 'deducted'),
          atoms: amount(row, 'atoms'),
        }),
        (row) => ({ key: number(row, 'number'), id: number(row, 'place') }),
      ),
    next: (nowMs) => {
      const { policy } = tally.money
      if (policy === null || policy.scheme.kind === 'solo') return null
      const { payoutSchedule: schedule, minimumPayout } = policy
      const row = due.get(Number(minimumPayout)) ?? {}
      return {
        atHeight: schedule.kind === 'blocks' ? nextHeight(schedule.every) : null,
        at: schedule.kind === 'daily' ? nextAt(schedule.minute, nowMs) : null,
        miners: number(row, 'miners'),
        atoms: amount(row, 'atoms'),
      }
    },
  }
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** The next time that it is this minute of the UTC day. */
function nextAt(minute: number, nowMs: number): number {
  const today = nowMs - (nowMs % DAY_MS) + minute * MINUTE_MS
  return today > nowMs ? today : today + DAY_MS
}

const amount = (row: Row, column: string): string => String(atoms(row, column))

const paymentFields = (row: Row) => ({
  number: number(row, 'number'),
  entry: number(row, 'entry'),
  phase: member(PayoutPhase, row, 'phase'),
  plannedAt: number(row, 'at'),
  endedAt: numberOrNull(row, 'ended_at'),
  transaction: textOrNull(row, 'transaction_id'),
  block: textOrNull(row, 'block'),
  why: row['why'] === null ? null : member(ReturnReason, row, 'why'),
})

const summaryOf = (row: Row): PaymentSummary => ({
  ...paymentFields(row),
  mode: member(PayoutMode, row, 'mode'),
  outputs: number(row, 'outputs'),
  paid: amount(row, 'paid'),
  fee: amount(row, 'fee'),
})

function viewOf(row: Row, blockOf: (transaction: string, output: number) => string | null): PaymentView {
  const plan = readData('PayoutPlanned', text(row, 'plan'))
  const { address, deducted, atoms, poolFee, change, funding, policy, height, bearer } = plan
  const transaction = textOrNull(row, 'conflict_transaction')
  return {
    ...summaryOf(row),
    policy,
    height,
    feeBearer: bearer,
    feeFromPoolFee: plan.feeFromPoolFee,
    feeFromReserve: plan.feeFromReserve,
    approvedAt: numberOrNull(row, 'approved_at'),
    signedAt: numberOrNull(row, 'signed_at'),
    publishedAt: numberOrNull(row, 'published_at'),
    confirmations: numberOrNull(row, 'confirmations'),
    conflict: transaction === null ? null : { transaction, block: text(row, 'conflict_block') },
    items: address.map((each, i) => ({
      account: accountId(each),
      address: each,
      deducted: deducted[i] ?? '0',
      atoms: atoms[i] ?? '0',
    })),
    poolOutput: poolFee,
    change,
    funding: funding.transaction.map((id, i) => ({
      transaction: id,
      output: funding.output[i] ?? 0,
      atoms: funding.atoms[i] ?? '0',
      block: blockOf(id, funding.output[i] ?? 0),
    })),
  }
}

import type { DatabaseSync } from 'node:sqlite'
import { ReversalReason, type ShareReference } from '../../domain/events.ts'
import type {
  AllocationPage,
  BalanceView,
  CreditView,
  EarningState,
  EarningView,
  MinerBalances,
  StatementLineView,
} from '../../projections/money/views.ts'
import type { PageOf } from '../../projections/views.ts'
import { type Cursor, type Page, writeCursor } from './cursor.ts'
import { settlementRow, statementLine } from './stored-money.ts'
import { atoms, decimal, member, number, type Row, text, textOrNull } from './values.ts'

/** Questions about what miners earned and are owed. Each throws what SQLite throws. */
export interface MoneyQueries {
  /** By account id; nothing but zeros for one whom the ledger does not know. */
  readonly balances: (account: string) => MinerBalances
  /** Miners whom the ledger knows, by what they are owed, largest first. */
  readonly holders: (page: Page) => PageOf<BalanceView>
  /** The newest allocation of a block. */
  readonly allocation: (block: string, page: Page) => AllocationPage | undefined
  /** By account id, newest first, like those below. */
  readonly earnings: (account: string, page: Page) => PageOf<EarningView>
  readonly statement: (account: string, page: Page) => PageOf<StatementLineView>
}

/** Above any entry: where the first page begins. */
const TOP: Cursor = { key: Number.MAX_SAFE_INTEGER, id: 0 }

/** Prepares them. */
export function openMoneyQueries(db: DatabaseSync): MoneyQueries {
  const holder = db.prepare('SELECT * FROM holders WHERE account = ?')
  const holders = db.prepare(`
    SELECT * FROM (
      SELECT h.*, a.address, h.immature + h.available + h.in_payout AS owed
      FROM holders h LEFT JOIN accounts a ON a.account = h.account
    ) WHERE owed < :key OR (owed = :key AND id > :id) ORDER BY owed DESC, id LIMIT :limit`)
  const settlement =
    db.prepare(`SELECT s.*, (SELECT count(*) FROM credits WHERE settlement = s.entry) AS accounts
    FROM settlements s WHERE s.block = ? ORDER BY s.entry DESC LIMIT 1`)
  const credits = db.prepare(`
    SELECT c.*, h.account, a.address FROM credits c JOIN holders h ON h.id = c.holder
    LEFT JOIN accounts a ON a.account = h.account
    WHERE c.settlement = :settlement AND (c.atoms < :key OR (c.atoms = :key AND c.holder > :id))
    ORDER BY c.atoms DESC, c.holder LIMIT :limit`)
  const earnings = db.prepare(`
    SELECT s.*, c.units AS credit_units, c.atoms AS credit_atoms
    FROM credits c JOIN settlements s ON s.entry = c.settlement
    WHERE c.holder = :holder AND c.settlement < :key ORDER BY c.settlement DESC LIMIT :limit`)
  const lines = db.prepare(`
    SELECT l.*, p.transaction_id FROM statement_lines l LEFT JOIN payouts p ON p.number = l.payout
    WHERE l.holder = :holder AND l.entry < :key ORDER BY l.entry DESC LIMIT :limit`)
  const idOf = (account: string): number | undefined => {
    const row = holder.get(account)
    return row === undefined ? undefined : number(row, 'id')
  }

  return {
    balances: (account) => {
      const row = holder.get(account)
      return row === undefined ? NOTHING_OWED : balancesOf(row)
    },
    holders: ({ after, limit }) => {
      const rows = holders.all({ ...(after ?? TOP), limit: limit + 1 })
      return paged(rows, limit, balanceView, (row) => ({ key: number(row, 'owed'), id: number(row, 'id') }))
    },
    allocation: (block, { after, limit }) => {
      const row = settlement.get(block)
      if (row === undefined) return undefined
      const rows = credits.all({
        ...(after ?? TOP),
        settlement: number(row, 'entry'),
        limit: limit + 1,
      })
      const all = unitsOf(row)
      const page = paged(
        rows,
        limit,
        (credit) => creditView(credit, all),
        (credit) => ({ key: number(credit, 'atoms'), id: number(credit, 'holder') }),
      )
      return { ...allocationView(row), ...page }
    },
    earnings: (account, { after, limit }) => {
      const holder = idOf(account)
      if (holder === undefined) return NOTHING
      const { key } = after ?? TOP
      return paged(earnings.all({ holder, key, limit: limit + 1 }), limit, earningView, byEntry)
    },
    statement: (account, { after, limit }) => {
      const holder = idOf(account)
      if (holder === undefined) return NOTHING
      const { key } = after ?? TOP
      return paged(lines.all({ holder, key, limit: limit + 1 }), limit, lineView, byEntry)
    },
  }
}

const NOTHING: PageOf<never> = { items: [], next: null }
const NOTHING_OWED: MinerBalances = {
  immature: '0',
  available: '0',
  inPayout: '0',
  paid: '0',
  chainFees: '0',
}

const byEntry = (row: Row): Cursor => ({ key: number(row, 'entry'), id: 0 })

/** A page of what was read, which is one row more than the page when there is another. */
export function paged<T>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => T,
  cursor: (row: Row) => Cursor,
): PageOf<T> {
  const last = rows[limit - 1]
  return {
    items: rows.slice(0, limit).map(view),
    next: rows.length <= limit || last === undefined ? null : writeCursor(cursor(last)),
  }
}

const amount = (row: Row, column: string): string => String(atoms(row, column))

const balancesOf = (row: Row): MinerBalances => ({
  immature: amount(row, 'immature'),
  available: amount(row, 'available'),
  inPayout: amount(row, 'in_payout'),
  paid: amount(row, 'paid'),
  chainFees: amount(row, 'chain_fees'),
})

const balanceView = (row: Row): BalanceView => ({
  account: text(row, 'account'),
  address: textOrNull(row, 'address'),
  ...balancesOf(row),
})

/** Units of a settlement's window; 0n where no shares were looked at. */
const unitsOf = (row: Row): bigint => (row['units'] === null ? 0n : decimal(row, 'units'))

/** A part of a whole, six decimals. */
const ratio = (part: bigint, whole: bigint): number =>
  whole === 0n ? 0 : Number((part * 1_000_000n) / whole) / 1_000_000

const stateOf = (row: Row): EarningState =>
  row['reversed_at'] === null ? settlementRow(row).stage : 'reversed'

function allocationFields(row: Row) {
  const { number: settlement, block, height, policy } = settlementRow(row)
  const entry = number(row, 'entry')
  return { block, height, settlement, entry, at: number(row, 'at'), state: stateOf(row), policy }
}

function allocationView(row: Row): Omit<AllocationPage, 'items' | 'next'> {
  const { reward, fee, reserve } = settlementRow(row)
  return {
    ...allocationFields(row),
    reward: String(reward),
    fee: String(fee),
    reserve: String(reserve),
    repaid: amount(row, 'repaid'),
    window:
      row['from_stream'] === null
        ? null
        : {
            from: shareReference(row, 'from'),
            to: shareReference(row, 'to'),
            shares: number(row, 'shares'),
            units: String(unitsOf(row)),
          },
    reversal:
      row['reversed_at'] === null
        ? null
        : {
            at: number(row, 'reversed_at'),
            why: member(ReversalReason, row, 'why'),
            fromReserve: amount(row, 'from_reserve'),
          },
    accounts: number(row, 'accounts'),
  }
}

const shareReference = (row: Row, end: 'from' | 'to'): ShareReference => ({
  stream: text(row, `${end}_stream`),
  revision: number(row, `${end}_revision`),
  index: number(row, `${end}_place`),
})

const creditView = (row: Row, all: bigint): CreditView => ({
  account: text(row, 'account'),
  address: textOrNull(row, 'address'),
  units: String(decimal(row, 'units')),
  share: ratio(decimal(row, 'units'), all),
  atoms: amount(row, 'atoms'),
})

function earningView(row: Row): EarningView {
  const units = decimal(row, 'credit_units')
  const windowUnits = unitsOf(row)
  return {
    ...allocationFields(row),
    units: String(units),
    windowUnits: String(windowUnits),
    share: ratio(units, windowUnits),
    atoms: amount(row, 'credit_atoms'),
  }
}

function lineView(row: Row): StatementLineView {
  const { entry, at, kind, block, payout, immature, available, inPayout, chainFee, balance } =
    statementLine(row)
  return {
    entry,
    at,
    kind,
    block,
    payout,
    transaction: textOrNull(row, 'transaction_id'),
    immature: String(immature),
    available: String(available),
    inPayout: String(inPayout),
    chainFee: String(chainFee),
    amount: String(immature + available + inPayout),
    balance: String(balance),
  }
}

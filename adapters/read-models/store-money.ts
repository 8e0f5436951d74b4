import type { DatabaseSync } from 'node:sqlite'
import type { Advance } from '../../domain/bookkeeping/advances.ts'
import { balanceOf, feeAccount, type LedgerAccount, type Stage } from '../../domain/bookkeeping/ledger.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import type {
  Holder,
  MoneyTally,
  PayoutChange,
  SettlementChange,
  StatementLine,
} from '../../projections/money/tally.ts'
import { storable } from './values.ts'

/** Writes what has changed of the money, inside the caller's transaction, and yields between slices. Throws what SQLite throws. */
export type StoreMoney = (money: MoneyTally) => Generator<void, void>

/** Rows between two yields: some three milliseconds. */
const SLICE_ROWS = 1_000

/** Prepares the statements that write. */
export function openMoneyStore(db: DatabaseSync): StoreMoney {
  const sql = prepareAll(db)
  return function* (money) {
    const { books, changes } = money
    sql.marks.run(money.nextHolder, books.feePayouts, books.reversals)
    for (const { revision, entry, data } of changes.policies)
      sql.policy.run(revision, entry, data.at, canonicalJson(data))
    for (const account of changes.ledger)
      sql.ledger.run(account, storable(balanceOf(books.balances, account)))
    yield* inSlices(changes.holders, (holder) => storeHolder(sql, money, holder))
    if (books.reversals > 0) yield* storeAdvances(sql, money)
    yield* inSlices(changes.lines.values(), (line) => storeLine(sql, line))
    for (const change of changes.settlements) yield* storeSettlement(sql, change)
    for (const [hash, from] of changes.pending) storePending(sql, money, hash, from)
    for (const { entry, number, data } of changes.workSettlements)
      sql.workSettlement.run(entry, number, canonicalJson(data))
    storeOpenWork(sql, money)
    for (const change of changes.payouts) storePayout(sql, change)
    for (const [outpoint, payout] of changes.funding)
      if (payout === null) sql.dropFunding.run(outpoint)
      else sql.funding.run(outpoint, payout)
    for (const { entry, at, stream, revision, type, kind, message } of changes.refused)
      sql.refused.run(entry, at, stream, revision, type, kind, message)
  }
}

function* inSlices<A>(rows: Iterable<A>, write: (row: A) => void): Generator<void, void> {
  let written = 0
  for (const row of rows) {
    write(row)
    if (++written % SLICE_ROWS === 0) yield
  }
}

type Statements = ReturnType<typeof prepareAll>

const prepareAll = (db: DatabaseSync) => ({
  marks: db.prepare('UPDATE pool SET next_holder = ?, fee_payouts = ?, reversals = ?'),
  policy: db.prepare('INSERT INTO policies VALUES (?, ?, ?, ?)'),
  ledger: db.prepare('INSERT OR REPLACE INTO ledger VALUES (?, ?)'),
  holder: db.prepare(`INSERT INTO holders VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    immature = excluded.immature, available = excluded.available, in_payout = excluded.in_payout, paid = excluded.paid,
    chain_fees = excluded.chain_fees, carried = excluded.carried`),
  line: db.prepare('INSERT OR REPLACE INTO statement_lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  settlement: db.prepare(
    'INSERT INTO settlements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL)',
  ),
  matured: db.prepare(`UPDATE settlements SET stage = 'available' WHERE block = ? AND reversed_at IS NULL`),
  reversed: db.prepare(
    'UPDATE settlements SET reversed_at = ?, why = ?, from_reserve = ?, taken_back = ? WHERE block = ? AND reversed_at IS NULL',
  ),
  dropAdvances: db.prepare('DELETE FROM advances WHERE account = ?'),
  advance: db.prepare('INSERT INTO advances VALUES (?, ?, ?, ?)'),
  credit: db.prepare('INSERT INTO credits VALUES (?, ?, ?, ?)'),
  dropPending: db.prepare('DELETE FROM pending_parts WHERE block = ? AND part >= ?'),
  pending: db.prepare('INSERT INTO pending_parts VALUES (?, ?, ?, ?)'),
  workSettlement: db.prepare('INSERT INTO work_settlements VALUES (?, ?, ?)'),
  openWork: db.prepare('INSERT INTO open_work VALUES (?, ?, ?, ?, ?, ?)'),
  dropOpenWork: db.prepare('DELETE FROM open_work WHERE entry <= ?'),
  payout: db.prepare(`INSERT INTO payouts (number, entry, at, mode, phase, height, outputs, paid, fee, plan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
  output: db.prepare('INSERT INTO payout_outputs VALUES (?, ?, ?, ?, ?, ?)'),
  approved: db.prepare('UPDATE payouts SET phase = ?, approved_at = ? WHERE number = ?'),
  signed: db.prepare('UPDATE payouts SET phase = ?, signed_at = ?, transaction_id = ? WHERE number = ?'),
  published: db.prepare('UPDATE payouts SET phase = ?, published_at = ? WHERE number = ?'),
  confirmed: db.prepare(
    'UPDATE payouts SET phase = ?, ended_at = ?, block = ?, confirmations = ? WHERE number = ?',
  ),
  returned: db.prepare(`UPDATE payouts SET phase = ?, ended_at = ?, why = ?, conflict_transaction = ?,
    conflict_block = ? WHERE number = ?`),
  funding: db.prepare('INSERT OR REPLACE INTO funding VALUES (?, ?)'),
  dropFunding: db.prepare('DELETE FROM funding WHERE outpoint = ?'),
  refused: db.prepare('INSERT INTO refused VALUES (?, ?, ?, ?, ?, ?, ?)'),
})

function storeHolder(sql: Statements, { books }: MoneyTally, holder: Holder): void {
  const held = (stage: Stage): bigint => storable(balanceOf(books.balances, holder.balances[stage]))
  sql.holder.run(
    holder.id,
    holder.account,
    held('immature'),
    held('available'),
    held('in-payout'),
    storable(holder.paid),
    storable(holder.chainFees),
    String(holder.carried),
  )
}

/** Of the miners in memory and of the pool's fees: the others' are as they were. */
function* storeAdvances(sql: Statements, { books, holders }: MoneyTally): Generator<void, void> {
  const store = (account: LedgerAccount, all: readonly Advance[]): void => {
    sql.dropAdvances.run(account)
    for (const { reversal, repaidBy, atoms } of all)
      sql.advance.run(account, reversal, repaidBy ?? '', storable(atoms))
  }
  store(feeAccount('available'), books.advances.get(feeAccount('available')) ?? [])
  yield* inSlices(holders.values(), ({ balances, advances: stored }) => {
    const advances = books.advances.get(balances.available) ?? []
    if (advances.length > 0 || stored.length > 0) store(balances.available, advances)
  })
}

function storeLine(sql: Statements, line: StatementLine): void {
  sql.line.run(
    line.holder,
    line.entry,
    line.at,
    line.kind,
    line.block,
    line.payout,
    storable(line.immature),
    storable(line.available),
    storable(line.inPayout),
    storable(line.chainFee),
    storable(line.balance),
  )
}

function* storeSettlement(sql: Statements, change: SettlementChange): Generator<void, void> {
  switch (change.kind) {
    case 'allocated': {
      const { entry, number, at, block, height, policy, reward, fee, reserve, repaid, window, stage } =
        change.settlement
      const { from, to } = window ?? { from: null, to: null }
      sql.settlement.run(
        ...[entry, number, at, block, height, policy],
        ...[storable(reward), storable(fee), storable(reserve), storable(repaid)],
        ...[from?.stream ?? null, from?.revision ?? null, from?.index ?? null],
        ...[to?.stream ?? null, to?.revision ?? null, to?.index ?? null],
        ...[window?.shares ?? null, window?.units ?? null, stage],
      )
      yield* inSlices(change.credits, ({ holder, units, atoms }) =>
        sql.credit.run(entry, holder, units, storable(atoms)),
      )
      return
    }
    case 'matured':
      sql.matured.run(change.block)
      return
    case 'reversed':
      sql.reversed.run(
        ...[change.at, change.why, storable(change.fromReserve)],
        ...[change.takenBack, change.block],
      )
  }
}

/** Parts before `from` are stored already. */
function storePending(sql: Statements, { books }: MoneyTally, hash: string, from: number): void {
  const pending = books.blocks.get(hash)?.pending ?? null
  sql.dropPending.run(hash, pending === null ? 0 : from)
  for (const part of pending?.parts.slice(from - 1) ?? [])
    sql.pending.run(hash, part.part, pending?.settlement ?? 0, canonicalJson(part))
}

function storeOpenWork(sql: Statements, { changes }: MoneyTally): void {
  const { openWork, settledUpTo } = changes
  if (settledUpTo !== null) sql.dropOpenWork.run(settledUpTo)
  for (const { entry, stream, revision, shares, units, worth } of openWork) {
    if (entry <= (settledUpTo ?? -1)) continue
    const parts = Object.fromEntries([...worth].map(([account, each]) => [account, String(each)]))
    sql.openWork.run(entry, stream, revision, shares, String(units), canonicalJson(parts))
  }
}

function storePayout(sql: Statements, change: PayoutChange): void {
  const { number, phase } = change
  if (change.kind === 'planned') {
    const { entry, data, accounts } = change
    const { at, mode, height, address, atoms, deducted, poolFee, fee } = data
    const paid = atoms.reduce((sum, each) => sum + BigInt(each), BigInt(poolFee?.atoms ?? '0'))
    sql.payout.run(
      ...[number, entry, at, mode, phase, height, address.length],
      ...[storable(paid), storable(BigInt(fee)), canonicalJson(data)],
    )
    for (const [place, each] of address.entries())
      sql.output.run(
        ...[number, place, accounts[place] ?? '', each],
        ...[storable(BigInt(deducted[place] ?? '0')), storable(BigInt(atoms[place] ?? '0'))],
      )
    return
  }
  const { event } = change
  const { at } = event.data
  switch (event.type) {
    case 'PayoutApproved':
      sql.approved.run(phase, at, number)
      return
    case 'PayoutSigned':
      sql.signed.run(phase, at, event.data.transaction, number)
      return
    case 'PayoutPublished':
      sql.published.run(phase, at, number)
      return
    case 'PayoutConfirmed':
      sql.confirmed.run(phase, at, event.data.block, event.data.confirmations, number)
      return
    case 'PayoutReturned': {
      const { why, conflict } = event.data
      sql.returned.run(phase, at, why, conflict?.transaction ?? null, conflict?.block ?? null, number)
    }
  }
}

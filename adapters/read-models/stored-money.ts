import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Advance } from '../../domain/bookkeeping/advances.ts'
import type { BlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { feeAccount, type LedgerAccount } from '../../domain/bookkeeping/ledger.ts'
import { decodeEvent, type EventData, type EventType, type PoolEvent } from '../../domain/events.ts'
import { streamOfType } from '../../domain/stream-name.ts'
import { Decimal } from '../../projections/codecs.ts'
import type {
  MoneyTally,
  OpenWork,
  StatementLine,
  StoredAllocation,
  StoredMoney,
} from '../../projections/money/tally.ts'
import { LineKind, PayoutPhase, SettlementStage } from '../../projections/money/views.ts'
import { atoms, decimal, member, number, numberOrNull, type Row, text, textOrNull } from './values.ts'

/** Answers the fold's questions about the money that is stored. Throws what SQLite throws. */
export function openStoredMoney(db: DatabaseSync): StoredMoney {
  const holder = db.prepare('SELECT * FROM holders WHERE account = ?')
  const lastLine = db.prepare('SELECT * FROM statement_lines WHERE holder = ? ORDER BY entry DESC LIMIT 1')
  const blockEvents = db.prepare('SELECT type, data FROM block_events WHERE hash = ? ORDER BY revision')
  const settlement = db.prepare('SELECT * FROM settlements WHERE block = ? AND reversed_at IS NULL')
  const takenBack = db.prepare('SELECT max(taken_back) AS taken_back FROM settlements WHERE block = ?')
  const advances = openAdvances(db)
  const credits = db.prepare(`SELECT h.account, c.atoms FROM credits c JOIN holders h ON h.id = c.holder
    WHERE c.settlement = ? AND c.atoms > 0 ORDER BY h.account`)
  const parts = db.prepare('SELECT number, data FROM pending_parts WHERE block = ? ORDER BY part')
  const payout = db.prepare('SELECT phase, plan FROM payouts WHERE number = ?')
  const funding = db.prepare('SELECT payout FROM funding WHERE outpoint = ?')

  const allocation = (hash: string): StoredAllocation | null => {
    const row = settlement.get(hash)
    if (row === undefined) return null
    return {
      ...settlementRow(row),
      credits: credits.all(number(row, 'entry')).map((credit) => ({
        account: text(credit, 'account'),
        atoms: atoms(credit, 'atoms'),
      })),
    }
  }

  return {
    holder: (account) => {
      const row = holder.get(account)
      if (row === undefined) return undefined
      return {
        id: number(row, 'id'),
        account,
        paid: atoms(row, 'paid'),
        chainFees: atoms(row, 'chain_fees'),
        carried: decimal(row, 'carried'),
        atoms: {
          immature: atoms(row, 'immature'),
          available: atoms(row, 'available'),
          'in-payout': atoms(row, 'in_payout'),
        },
      }
    },
    advances,
    lastLine: (id) => {
      const row = lastLine.get(id)
      return row === undefined ? null : statementLine(row)
    },
    block: (hash) => {
      const rows = blockEvents.all(hash)
      if (rows.length === 0) return undefined
      const pending = parts.all(hash)
      const [first] = pending
      return {
        events: rows.map(readEvent).filter(isBlockEvent),
        allocation: allocation(hash),
        parts: pending.map((row) => readData('RewardAllocated', text(row, 'data'))),
        partsOf: first === undefined ? 0 : number(first, 'number'),
        takenBack: numberOrNull(takenBack.get(hash) ?? {}, 'taken_back'),
      }
    },
    payout: (n) => {
      const row = payout.get(n)
      return row === undefined
        ? undefined
        : { phase: member(PayoutPhase, row, 'phase'), plan: readData('PayoutPlanned', text(row, 'plan')) }
    },
    funding: (outpoint) => {
      const row = funding.get(outpoint)
      return row === undefined ? undefined : number(row, 'payout')
    },
  }
}

/** What the reserve advanced for a ledger account. */
function openAdvances(db: DatabaseSync): (account: LedgerAccount) => readonly Advance[] {
  const advances = db.prepare('SELECT * FROM advances WHERE account = ? ORDER BY reversal, repaid_by')
  return (account) =>
    advances.all(account).map((row) => ({
      reversal: number(row, 'reversal'),
      atoms: atoms(row, 'atoms'),
      repaidBy: text(row, 'repaid_by') || null,
    }))
}

/** Loads what is live of the money. */
export function loadMoney(db: DatabaseSync, money: MoneyTally): void {
  const marks = db.prepare('SELECT next_holder, fee_payouts, reversals FROM pool').get() ?? {}
  money.nextHolder = number(marks, 'next_holder')
  money.books.feePayouts = number(marks, 'fee_payouts')
  money.books.reversals = number(marks, 'reversals')
  const fees = openAdvances(db)(feeAccount('available'))
  if (fees.length > 0) money.books.advances.set(feeAccount('available'), fees)
  for (const row of db.prepare('SELECT * FROM ledger WHERE atoms <> 0').iterate())
    money.books.balances.set(ledgerAccount(row), atoms(row, 'atoms'))
  const policy = db.prepare('SELECT data FROM policies ORDER BY revision DESC LIMIT 1').get()
  money.policy = policy === undefined ? null : readData('PolicyAdopted', text(policy, 'data'))
  money.openWork = db.prepare('SELECT * FROM open_work ORDER BY entry').all().map(openWork)
}

const LEDGER: readonly LedgerAccount[] = [
  'pool:fee:immature',
  'pool:fee:available',
  'pool:fee:in-payout',
  'pool:reserve',
  'chain:coinbase',
  'chain:paid',
  'chain:fees',
]

function ledgerAccount(row: Row): LedgerAccount {
  const found = LEDGER.find((account) => account === row['account'])
  if (found === undefined) throw new TypeError('the ledger of the read models has an unknown account')
  return found
}

const Worth = t.record(t.string, Decimal, 'Worth')

function openWork(row: Row): OpenWork {
  const worth = Worth.decode(JSON.parse(text(row, 'worth')))
  if (E.isLeft(worth)) throw new TypeError('work that waits in the read models is damaged')
  return {
    entry: number(row, 'entry'),
    stream: text(row, 'stream'),
    revision: number(row, 'revision'),
    shares: number(row, 'shares'),
    units: decimal(row, 'units'),
    worth: new Map(Object.entries(worth.right).map(([account, parts]) => [account, BigInt(parts)])),
  }
}

/** Reads an event that is kept as it is. The log was decoded when it was folded, so what was kept of it decodes. */
export function readEvent(row: Row): PoolEvent {
  const decoded = decodeEvent(text(row, 'type'), text(row, 'data'))
  if (E.isLeft(decoded))
    throw new TypeError(`an event in the read models is damaged: ${decoded.left.message}`)
  return decoded.right
}

/** Reads the data of an event whose type is known. */
export function readData<T extends EventType>(type: T, data: string): EventData<T> {
  const event = readEvent({ type, data })
  if (!isOf(type, event)) throw new TypeError(`an event in the read models is no ${type}`)
  return event.data
}

const isOf = <T extends EventType>(
  type: T,
  event: PoolEvent,
): event is PoolEvent & { readonly type: T; readonly data: EventData<T> } => event.type === type

const isBlockEvent = (event: PoolEvent): event is BlockEvent => streamOfType[event.type] === 'block'

/** Reads a row of `settlements` as far as money goes by it. */
export const settlementRow = (row: Row): Omit<StoredAllocation, 'credits'> => ({
  number: number(row, 'number'),
  block: text(row, 'block'),
  height: number(row, 'height'),
  policy: number(row, 'policy'),
  reward: atoms(row, 'reward'),
  fee: atoms(row, 'fee'),
  reserve: atoms(row, 'reserve'),
  stage: member(SettlementStage, row, 'stage'),
})

/** Reads a row of `statement_lines`. */
export const statementLine = (row: Row): StatementLine => ({
  holder: number(row, 'holder'),
  entry: number(row, 'entry'),
  at: number(row, 'at'),
  kind: member(LineKind, row, 'kind'),
  block: textOrNull(row, 'block'),
  payout: numberOrNull(row, 'payout'),
  immature: atoms(row, 'immature'),
  available: atoms(row, 'available'),
  inPayout: atoms(row, 'in_payout'),
  chainFee: atoms(row, 'chain_fee'),
  balance: atoms(row, 'balance'),
})

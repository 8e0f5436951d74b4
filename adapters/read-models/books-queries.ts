import type { DatabaseSync } from 'node:sqlite'
import { balanceOf, feeAccount } from '../../domain/bookkeeping/ledger.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { ruinProbability } from '../../domain/reward/ruin.ts'
import {
  type BooksCheck,
  type BooksView,
  type PolicyHistory,
  type PolicyView,
  REFUSED_SHOWN_MAX,
  type RefusedEvent,
  type RuinView,
} from '../../projections/money/views.ts'
import type { Tally } from '../../projections/tally.ts'
import { readData } from './stored-money.ts'
import { atoms, decimal, number, type Row, text } from './values.ts'

/** Questions about the pool's rules and books. Each throws what SQLite throws. */
export interface BooksQueries {
  readonly policies: () => PolicyHistory
  readonly inForce: () => PolicyView | null
  readonly books: () => BooksView
}

/** Prepares them. `tally` is the live one, which has the pool's own accounts. */
export function openBooksQueries(db: DatabaseSync, tally: Tally): BooksQueries {
  const policies = db.prepare('SELECT * FROM policies ORDER BY revision DESC')
  const newest = db.prepare('SELECT * FROM policies ORDER BY revision DESC LIMIT 1')
  const owed =
    db.prepare(`SELECT ifnull(sum(immature), 0) AS immature, ifnull(sum(available), 0) AS available,
    ifnull(sum(in_payout), 0) AS in_payout, ifnull(sum(immature < 0 OR available < 0 OR in_payout < 0), 0) AS negative
    FROM holders`)
  const shared = db.prepare(`SELECT ifnull(sum(reward), 0) AS coinbases,
    ifnull(sum(CASE WHEN stage = 'immature' THEN reward - reserve - repaid ELSE 0 END), 0) AS immature
    FROM settlements WHERE reversed_at IS NULL`)
  const open = db.prepare('SELECT ifnull(sum(paid + fee), 0) AS atoms FROM payouts WHERE ended_at IS NULL')
  const over = db.prepare(`SELECT ifnull(sum(paid + fee), 0) AS atoms FROM payouts WHERE phase = 'confirmed'`)
  const newestWork = db.prepare('SELECT subsidy FROM jobs ORDER BY entry DESC LIMIT 1')
  const refusals = db.prepare('SELECT count(*) AS count FROM refused')
  const refused = db.prepare(`SELECT * FROM refused ORDER BY entry DESC LIMIT ${REFUSED_SHOWN_MAX}`)

  function ruin(reserve: bigint): RuinView | null {
    const { policy } = tally.money
    const work = newestWork.get()
    if (policy?.scheme.kind !== 'pps' || work === undefined) return null
    const promised = policy.scheme.reserve
    const probability = ruinProbability(
      BigInt(promised) + reserve,
      toAtoms(decimal(work, 'subsidy')),
      policy.feePpm,
    )
    return { promised, probability: Math.round(probability * 1e6) / 1e6 }
  }

  function books(): BooksView {
    const { balances } = tally.money.books
    const miners = owed.get() ?? {}
    const blocks = shared.get() ?? {}
    const owedTo = stagesOf((column) => atoms(miners, column))
    const fees = {
      immature: balanceOf(balances, feeAccount('immature')),
      available: balanceOf(balances, feeAccount('available')),
      inPayout: balanceOf(balances, feeAccount('in-payout')),
    }
    const reserve = balanceOf(balances, 'pool:reserve')
    const coinbases = -balanceOf(balances, 'chain:coinbase')
    const paid = balanceOf(balances, 'chain:paid')
    const chainFees = balanceOf(balances, 'chain:fees')
    const negative = Object.values(fees).filter((fee) => fee < 0n).length + number(miners, 'negative')
    const checks = [
      check('zero-sum', total(owedTo) + total(fees) + reserve + paid + chainFees, coinbases),
      check('immature', owedTo.immature + fees.immature, atoms(blocks, 'immature')),
      check('in-payout', owedTo.inPayout + fees.inPayout, atoms(open.get() ?? {}, 'atoms')),
      check('coinbases', coinbases, atoms(blocks, 'coinbases')),
      check('paid-out', paid + chainFees, atoms(over.get() ?? {}, 'atoms')),
      check('nothing-negative', BigInt(negative), 0n),
      check('nothing-refused', atoms(refusals.get() ?? {}, 'count'), 0n),
    ]
    return {
      entries: tally.entries,
      liabilities: printed(owedTo),
      fees: printed(fees),
      reserve: String(reserve),
      coinbases: String(coinbases),
      paid: String(paid),
      chainFees: String(chainFees),
      ruin: ruin(reserve),
      agrees: checks.every(({ holds }) => holds),
      checks,
      refused: refused.all().map(refusedEvent),
    }
  }

  return {
    books,
    inForce: () => {
      const row = newest.get()
      return row === undefined ? null : policyView(row)
    },
    policies: () => {
      const history = policies.all().map(policyView)
      return { inForce: history[0] ?? null, history }
    },
  }
}

interface Stages {
  readonly immature: bigint
  readonly available: bigint
  readonly inPayout: bigint
}

const stagesOf = (of: (column: string) => bigint): Stages => ({
  immature: of('immature'),
  available: of('available'),
  inPayout: of('in_payout'),
})

const total = ({ immature, available, inPayout }: Stages): bigint => immature + available + inPayout

const printed = ({ immature, available, inPayout }: Stages) => ({
  immature: String(immature),
  available: String(available),
  inPayout: String(inPayout),
})

/** What each check compares: the balances of the double entry with what blocks and payouts come to by themselves. */
const SAYS: { readonly [N in BooksCheck['name']]: string } = {
  'zero-sum': 'What is owed, earned, kept and paid is what came in.',
  immature: 'Immature money is that of shared blocks that are not mature.',
  'in-payout': 'Money in payouts is that of the plans that are not over.',
  coinbases: 'What came in is the coinbases of the shared blocks.',
  'paid-out': 'What was paid is the confirmed payouts with their fees.',
  'nothing-negative': 'Accounts below zero, the reserve aside.',
  'nothing-refused': 'Events of the log that contradict the books.',
}

const check = (name: BooksCheck['name'], books: bigint, expected: bigint): BooksCheck => ({
  name,
  says: SAYS[name],
  books: String(books),
  expected: String(expected),
  holds: books === expected,
})

function policyView(row: Row): PolicyView {
  const { v: _, at: adoptedAt, ...rules } = readData('PolicyAdopted', text(row, 'data'))
  return { revision: number(row, 'revision'), entry: number(row, 'entry'), adoptedAt, ...rules }
}

const refusedEvent = (row: Row): RefusedEvent => ({
  entry: number(row, 'entry'),
  at: number(row, 'at'),
  stream: text(row, 'stream'),
  revision: number(row, 'revision'),
  kind: text(row, 'kind'),
  message: text(row, 'message'),
})

import { balanceOf, minerOf, type Posting, type Stage } from '../../domain/bookkeeping/ledger.ts'
import type { Tally } from '../tally.ts'
import { balanceNames, STAGES } from './recall.ts'
import type { Holder, StatementLine, StoredMoney } from './tally.ts'
import type { LineKind } from './views.ts'

/** What moved money. */
export interface Cause {
  readonly kind: LineKind
  readonly at: number
  readonly block: string | null
  readonly payout: number | null
}

/** The holder of an account; one whom the ledger did not know gets the next id. Its row is to be stored. */
export function holderOf({ money }: Tally, account: string): Holder {
  const known = money.holders.get(account)
  const holder = known ?? {
    id: money.nextHolder++,
    account,
    paid: 0n,
    chainFees: 0n,
    carried: 0n,
    last: null,
    advances: [],
    balances: balanceNames(account),
  }
  if (known === undefined) money.holders.set(account, holder)
  money.changes.holders.add(holder)
  return holder
}

/**
 * Enters what one event posted: a line in the statement of each miner that it touches. `chainFees` is, by account, what of the
 * money was the chain's.
 */
export function enter(
  tally: Tally,
  postings: readonly Posting[],
  cause: Cause,
  chainFees: ReadonlyMap<string, bigint> = NO_FEES,
): void {
  const moves = new Map<string, Record<Stage, bigint>>()
  for (const { account: ledgerAccount, atoms } of postings) {
    const miner = minerOf(ledgerAccount)
    if (miner === undefined) {
      tally.money.changes.ledger.add(ledgerAccount)
      continue
    }
    const move = moves.get(miner.account) ?? { immature: 0n, available: 0n, 'in-payout': 0n }
    move[miner.stage] += atoms
    moves.set(miner.account, move)
  }
  for (const [account, move] of moves)
    enterLine(tally, holderOf(tally, account), move, cause, chainFees.get(account) ?? 0n)
}

const NO_FEES: ReadonlyMap<string, bigint> = new Map()

function enterLine(
  { money, entries, stored }: Tally,
  holder: Holder,
  move: Readonly<Record<Stage, bigint>>,
  { kind, at, block, payout }: Cause,
  chainFee: bigint,
): void {
  const { balances } = money.books
  const balance = STAGES.reduce((sum, stage) => sum + balanceOf(balances, holder.balances[stage]), 0n)
  // The line before is only gone on with by credits: of ten thousand miners it is not read for nothing.
  const last = kind === 'credited' ? (holder.last ?? lastStored(holder, stored.money)) : null
  const goesOn = last?.kind === kind && dayOf(last.at) === dayOf(at)
  const line: StatementLine = {
    holder: holder.id,
    entry: goesOn ? last.entry : entries,
    at,
    kind,
    block,
    payout,
    immature: move.immature,
    available: move.available + (goesOn ? last.available : 0n),
    inPayout: move['in-payout'],
    chainFee,
    balance,
  }
  holder.last = line
  money.changes.lines.set(`${line.holder} ${line.entry}`, line)
}

const lastStored = ({ id, last }: Holder, stored: StoredMoney): StatementLine | null =>
  last === undefined ? stored.lastLine(id) : last

const DAY_MS = 86_400_000

/** Work is credited at every height; one line a day, or more when something comes in between, says as much. */
const dayOf = (at: number): number => Math.floor(at / DAY_MS)

import { eachCredit } from '../../domain/bookkeeping/allocated.ts'
import { bookBlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import {
  type BookedAllocation,
  type BookedBlock,
  type Books,
  openBooks,
  ordinalOf,
} from '../../domain/bookkeeping/books.ts'
import { minerAccount } from '../../domain/bookkeeping/ledger.ts'
import { outpointOf, plannedMoney } from '../../domain/bookkeeping/payout-entries.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import type { EventData } from '../../domain/events.ts'
import { isOver } from '../../domain/payout/lifecycle.ts'
import type { Tally } from '../tally.ts'
import type { Holder, StoredAllocation } from './tally.ts'

/** Brings what is stored of miners into the books. One whom the ledger does not know yet has nothing. */
export function recallHolders({ money, stored }: Tally, accounts: Iterable<string>): void {
  for (const account of accounts) {
    if (money.holders.has(account)) continue
    const known = stored.money.holder(account)
    if (known === undefined) continue
    const { atoms, ...holder } = known
    const balances = balanceNames(account)
    // Hardly ever has the reserve advanced anything: then it is not asked for each of ten thousand.
    const advances = money.books.reversals === 0 ? [] : stored.money.advances(balances.available)
    money.holders.set(account, { ...holder, balances, advances, last: undefined })
    if (advances.length > 0) money.books.advances.set(balances.available, advances)
    for (const stage of STAGES)
      if (atoms[stage] !== 0n) money.books.balances.set(balances[stage], atoms[stage])
  }
}

/** Stages of a miner's money, in the order of the tables. */
export const STAGES = ['immature', 'available', 'in-payout'] as const

/** Names of a miner's balances in the books. */
export const balanceNames = (account: string): Holder['balances'] => ({
  immature: minerAccount(account, 'immature'),
  available: minerAccount(account, 'available'),
  'in-payout': minerAccount(account, 'in-payout'),
})

/** Brings what is stored of a block's money into the books: its own events tell its phase. */
export function recallBlock({ money, stored }: Tally, hash: string): void {
  if (money.books.blocks.has(hash)) return
  const known = stored.money.block(hash)
  if (known === undefined) return
  const replayed = openBooks()
  for (const event of known.events) bookBlockEvent(replayed, hash, event)
  const block = replayed.blocks.get(hash)
  if (block === undefined) return
  money.books.blocks.set(hash, block)
  block.takenBack = known.takenBack
  if (known.allocation !== null) block.allocation = bookedAllocation(money.books, known.allocation)
  if (known.parts.length > 0) block.pending = { settlement: known.partsOf, parts: known.parts }
}

/** Accounts that have money of a block. */
export const sharersOf = ({ money }: Tally, block: BookedBlock | undefined): readonly string[] =>
  block === undefined || block.allocation === null
    ? []
    : [...eachCredit(money.books.names, block.allocation)].map(({ account }) => account)

function bookedAllocation(books: Books, stored: StoredAllocation): BookedAllocation {
  const { number: settlement, reward, fee, reserve, stage, credits } = stored
  return {
    settlement,
    reward: toAtoms(reward),
    fee,
    reserve,
    stage,
    accounts: Uint32Array.from(credits, ({ account }) => ordinalOf(books.names, account)),
    atoms: BigUint64Array.from(credits, ({ atoms }) => atoms),
  }
}

/** Brings what is stored of a payout into the books. */
export function recallPayout({ money, stored }: Tally, number: number): void {
  if (money.books.payouts.has(number)) return
  const known = stored.money.payout(number)
  if (known === undefined) return
  const { phase, plan } = known
  money.books.payouts.set(number, { phase, plan: isOver(phase) ? null : plannedMoney(plan) })
  if (!isOver(phase)) money.plans.set(number, plan)
}

/** Brings in who spends the outpoints of a plan. */
export function recallFunding({ money, stored }: Tally, { funding }: EventData<'PayoutPlanned'>): void {
  for (const [i, transaction] of funding.transaction.entries()) {
    const outpoint = outpointOf(transaction, funding.output[i] ?? 0)
    const payout = money.changes.funding.has(outpoint) ? undefined : stored.money.funding(outpoint)
    if (payout !== undefined) money.books.funding.set(outpoint, payout)
  }
}

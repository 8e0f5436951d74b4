import type { BookedAllocation, Books } from './books.ts'
import { balanceOf, minerOf, type Stage } from './ledger.ts'

/** What must hold at every moment, and does not. Whoever finds one writes nothing more, and says why. */
export interface Violation {
  readonly kind: /** Atoms appeared or vanished. */
    | 'not-zero-sum'
    /** Something other than the reserve owes money. */
    | 'negative'
    /** Immature money that is not that of blocks which are shared and not mature. */
    | 'immature-differs'
    /** Money in payouts that is not that of the open ones. */
    | 'in-payout-differs'
    /** What came in is not the coinbases of the blocks that are shared. */
    | 'coinbase-differs'
    /** An allocation whose parts are not its reward. */
    | 'allocation-not-whole'
  readonly message: string
}

/** Every invariant of the books that is violated; empty as long as all is well. Takes time in proportion to all that they hold. */
export function violations(books: Books): readonly Violation[] {
  const found: Violation[] = []
  const expect = (holds: boolean, kind: Violation['kind'], message: () => string): void => {
    if (!holds) found.push({ kind, message: message() })
  }
  const all = sum(books.balances.values())
  expect(all === 0n, 'not-zero-sum', () => `All ledger accounts sum to ${all} atoms, not to zero.`)
  for (const [account, atoms] of books.balances) {
    const isRight = account === 'pool:reserve' || (account === 'chain:coinbase' ? atoms <= 0n : atoms >= 0n)
    expect(isRight, 'negative', () => `${account} holds ${atoms} atoms.`)
  }
  const shared = [...books.blocks.values()].flatMap(({ allocation }) =>
    allocation === null ? [] : [allocation],
  )
  for (const each of shared) {
    const parts = each.fee + each.reserve + sum(each.atoms)
    expect(
      parts === each.reward,
      'allocation-not-whole',
      () => `Settlement ${each.settlement} gives ${parts} of ${each.reward} atoms.`,
    )
  }
  const expected = {
    immature: sum(shared.filter(({ stage }) => stage === 'immature').map(withoutReserve)),
    'in-payout': sum(
      [...books.payouts.values()].map(({ plan }) => (plan === null ? 0n : plan.paid + plan.fee)),
    ),
  }
  for (const [stage, kind] of [
    ['immature', 'immature-differs'],
    ['in-payout', 'in-payout-differs'],
  ] as const) {
    const held = inStage(books, stage)
    expect(held === expected[stage], kind, () => `${held} atoms are ${stage}, not ${expected[stage]}.`)
  }
  const coinbases = sum(shared.map(({ reward }) => reward))
  const came = -balanceOf(books.balances, 'chain:coinbase')
  expect(
    came === coinbases,
    'coinbase-differs',
    () => `${came} atoms came from coinbases, those of the shared blocks are ${coinbases}.`,
  )
  return found
}

const withoutReserve = ({ reward, reserve }: BookedAllocation): bigint => reward - reserve

function inStage(books: Books, wanted: Stage): bigint {
  let held = balanceOf(books.balances, `pool:fee:${wanted}`)
  for (const [account, atoms] of books.balances) if (minerOf(account)?.stage === wanted) held += atoms
  return held
}

function sum(atoms: Iterable<bigint>): bigint {
  let total = 0n
  for (const each of atoms) total += each
  return total
}

/**
 * Stops at the first violated invariant.
 *
 * @throws RangeError that names it.
 */
export function assertBooks(books: Books): void {
  const [first] = violations(books)
  if (first !== undefined) throw new RangeError(`The books are wrong: ${first.message}`)
}

/** What the pool owes and has earned, in atoms. */
export interface Liabilities {
  readonly immature: bigint
  readonly available: bigint
  readonly inPayout: bigint
  readonly fees: bigint
  /** Negative: the operator owes it. */
  readonly reserve: bigint
}

/** What there is to pay, by stage; for the proof of reserves. */
export function liabilities(books: Books): Liabilities {
  const owed = { immature: 0n, available: 0n, 'in-payout': 0n }
  let fees = 0n
  for (const [account, atoms] of books.balances) {
    const miner = minerOf(account)
    if (miner !== undefined) owed[miner.stage] += atoms
    else if (account.startsWith('pool:fee:')) fees += atoms
  }
  return {
    immature: owed.immature,
    available: owed.available,
    inPayout: owed['in-payout'],
    fees,
    reserve: balanceOf(books.balances, 'pool:reserve'),
  }
}

import type { Books } from './books.ts'
import { balanceOf, type LedgerAccount, minerOf, type Stage } from './ledger.ts'

/** What must hold at every moment, and does not. Whoever finds one writes nothing more, and says why. */
export interface Violation {
  readonly kind: /** Atoms appeared or vanished. */
    | 'not-zero-sum'
    /** Something other than the reserve owes money. */
    | 'negative'
    /** Immature money that is not that of blocks which are shared and not mature, less what has repaid the reserve. */
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
  const looking = inspection(books)
  for (;;) {
    const step = looking.next()
    if (step.done === true) return step.value
  }
}

/** {@link violations}, in slices of a fraction of a millisecond. The books must stay as they are meanwhile: a copy does. */
export function* inspection(books: Books): Generator<void, readonly Violation[]> {
  const found: Violation[] = []
  const expect = (holds: boolean, kind: Violation['kind'], message: () => string): void => {
    if (!holds) found.push({ kind, message: message() })
  }
  const all = yield* sumOf(books.balances.values())
  expect(all === 0n, 'not-zero-sum', () => `All ledger accounts sum to ${all} atoms, not to zero.`)
  const held = yield* heldIn(books, (account, atoms) => {
    const isRight = account === 'pool:reserve' || (account === 'chain:coinbase' ? atoms <= 0n : atoms >= 0n)
    expect(isRight, 'negative', () => `${account} holds ${atoms} atoms.`)
  })
  let immature = 0n
  let coinbases = 0n
  for (const { allocation } of books.blocks.values()) {
    if (allocation === null) continue
    const { reward, reserve, fee, atoms, settlement, stage } = allocation
    const parts = fee + reserve + (yield* sumOf(atoms))
    expect(
      parts === reward,
      'allocation-not-whole',
      () => `Settlement ${settlement} gives ${parts} of ${reward} atoms.`,
    )
    coinbases += reward
    if (stage === 'immature') immature += reward - reserve
    yield
  }
  for (const advances of books.advances.values())
    immature -= yield* sumOf(advances.flatMap(({ repaidBy, atoms }) => (repaidBy === null ? [] : [atoms])))
  const inPayouts = yield* sumOf(
    [...books.payouts.values()].map(({ plan }) => (plan === null ? 0n : plan.paid + plan.fee)),
  )
  for (const [stage, kind, expected] of [
    ['immature', 'immature-differs', immature],
    ['in-payout', 'in-payout-differs', inPayouts],
  ] as const)
    expect(held[stage] === expected, kind, () => `${held[stage]} atoms are ${stage}, not ${expected}.`)
  const came = -balanceOf(books.balances, 'chain:coinbase')
  expect(
    came === coinbases,
    'coinbase-differs',
    () => `${came} atoms came from coinbases, those of the shared blocks are ${coinbases}.`,
  )
  return found
}

/** Amounts that are looked at between two yields. */
const SLICE = 1_024

/** What miners and the pool's fees have in each stage. Shows each ledger account on the way. */
function* heldIn(
  { balances }: Books,
  look: (account: LedgerAccount, atoms: bigint) => void,
): Generator<void, Readonly<Record<Stage, bigint>>> {
  const held: Record<Stage, bigint> = {
    immature: balanceOf(balances, 'pool:fee:immature'),
    available: balanceOf(balances, 'pool:fee:available'),
    'in-payout': balanceOf(balances, 'pool:fee:in-payout'),
  }
  let looked = 0
  for (const [account, atoms] of balances) {
    look(account, atoms)
    const miner = minerOf(account)
    if (miner !== undefined) held[miner.stage] += atoms
    if (++looked % SLICE === 0) yield
  }
  return held
}

function* sumOf(amounts: Iterable<bigint>): Generator<void, bigint> {
  let total = 0n
  let added = 0
  for (const atoms of amounts) {
    total += atoms
    if (++added % SLICE === 0) yield
  }
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

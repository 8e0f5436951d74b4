import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BlockPhase } from '../../../domain/block/lifecycle.ts'
import { eachCredit } from '../../../domain/bookkeeping/allocated.ts'
import { liabilities } from '../../../domain/bookkeeping/invariants.ts'
import { minerAccount, minerOf } from '../../../domain/bookkeeping/ledger.ts'
import { bookPayoutEvent } from '../../../domain/bookkeeping/payout-entries.ts'
import { bookAllocationEvent } from '../../../domain/bookkeeping/settlement-entries.ts'
import { settlementsDue } from '../../../domain/bookkeeping/settlements-due.ts'
import type { PoolEvent } from '../../../domain/events.ts'
import { isOver, type PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import { blockHash, miner, TestPool } from './test-pool.ts'

/** Something that happens to a pool, as far as it can at that moment. `pick` chooses among what there is. */
interface Happening {
  readonly what: 'find' | 'block' | 'lose' | 'settle' | 'plan' | 'payout' | 'nonsense'
  readonly pick: number
  readonly atoms: bigint
  readonly units: Readonly<Record<string, bigint>>
}

const happening: fc.Arbitrary<Happening> = fc.record({
  what: fc.constantFrom(
    'find',
    'block',
    'block',
    'lose',
    'settle',
    'settle',
    'plan',
    'payout',
    'payout',
    'nonsense',
  ),
  pick: fc.nat(1_000),
  atoms: fc.bigInt({ min: 1_000_000n, max: 500_000_000n }),
  units: fc
    .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.bigInt({ min: 1n, max: 1n << 66n }), {
      minKeys: 1,
    })
    .map((units) => ({ ...units })),
})

const pickOf = <T>(all: readonly T[], pick: number): T | undefined => all[pick % Math.max(1, all.length)]

class History {
  readonly pool = new TestPool()
  readonly #atoms = new Map<number, bigint>()
  #blocks = 0

  happen({ what, pick, atoms, units }: Happening): void {
    switch (what) {
      case 'find':
        this.#atoms.set(this.#blocks, atoms)
        this.pool.block(this.#blocks++, atoms)
        return
      case 'block':
        this.#advance(pick)
        return
      case 'lose':
        this.#lose(pick)
        return
      case 'settle':
        this.#settle(units)
        return
      case 'plan':
        this.pool.bearer = pick % 2 === 0 ? 'miners' : 'pool'
        this.pool.plan(pick % 3 === 0 ? 'manual' : 'automatic')
        return
      case 'payout':
        this.#pay(pick)
        return
      case 'nonsense':
        this.#nonsense(pick)
        return
    }
  }

  /** Everything that is under way comes to its good end. */
  finish(): void {
    this.#settle({ a: 1n })
    for (const [n, block] of [...this.pool.books.blocks.values()].entries())
      if (block.phase === 'approved') this.pool.mature(n, this.#atoms.get(n) ?? 0n)
    for (const [number, { phase }] of this.pool.books.payouts) {
      if (phase === 'planned') this.pool.step(number, 'approve', 'sign', 'publish', 'confirm')
      if (phase === 'approved') this.pool.step(number, 'sign', 'publish', 'confirm')
      if (phase === 'signed') this.pool.step(number, 'publish', 'confirm')
      if (phase === 'published') this.pool.step(number, 'confirm')
    }
  }

  #among(...phases: readonly BlockPhase[]): readonly number[] {
    return [...this.pool.books.blocks.values()].flatMap(({ phase }, n) => (phases.includes(phase) ? [n] : []))
  }

  #advance(pick: number): void {
    const n = pickOf(this.#among('found', 'disconnected', 'connected', 'approved'), pick)
    if (n === undefined) return
    const phase = this.pool.books.blocks.get(blockHash(n))?.phase
    const atoms = this.#atoms.get(n) ?? 0n
    if (phase === 'found' || phase === 'disconnected') this.pool.connect(n, atoms)
    if (phase === 'connected') this.pool.approve(n)
    if (phase === 'approved') this.pool.mature(n, atoms)
  }

  #lose(pick: number): void {
    const n = pickOf(this.#among('connected', 'approved', 'matured'), pick)
    if (n === undefined) return
    if (pick % 3 === 0) this.pool.disapprove(n)
    else this.pool.disconnect(n)
  }

  #settle(units: Readonly<Record<string, bigint>>): void {
    for (const due of settlementsDue(this.pool.books)) {
      const n = Number.parseInt(due.block, 16)
      if (due.kind === 'allocate') this.pool.allocate(n, units)
      else expect(this.pool.reverse(n, due.settlement, due.why)).toMatchObject({ _tag: 'Right' })
    }
    expect(settlementsDue(this.pool.books)).toEqual([])
  }

  #pay(pick: number): void {
    const open = [...this.pool.books.payouts].filter(([, { phase }]) => !isOver(phase))
    const [number, payout] = pickOf(open, pick) ?? []
    if (number === undefined || payout === undefined) return
    switch (payout.phase) {
      case 'planned':
        this.pool.step(number, pick % 4 === 0 ? 'reject' : 'approve')
        return
      case 'approved':
        this.pool.step(number, pick % 4 === 0 ? 'reject' : 'sign')
        return
      case 'signed':
        this.pool.step(number, pick % 5 === 0 ? 'conflict' : 'publish')
        return
      case 'published':
        this.pool.step(number, pick % 5 === 0 ? 'conflict' : 'confirm')
        return
      case 'confirmed':
      case 'returned':
        return
    }
  }

  /** Whatever is written twice or out of turn is refused and changes nothing. */
  #nonsense(pick: number): void {
    const { books } = this.pool
    const before = snapshot(this.pool)
    for (const [number, plan] of this.pool.plans) {
      expect(bookPayoutEvent(books, number, this.pool.planned(plan))).toMatchObject({ _tag: 'Left' })
      const { phase } = books.payouts.get(number) ?? { phase: 'returned' }
      if (phase !== 'published')
        expect(bookPayoutEvent(books, number, CONFIRMED)).toMatchObject({ _tag: 'Left' })
      if (phase !== 'returned')
        expect(bookPayoutEvent(books, number + 1_000, this.pool.planned(plan))).toMatchObject({
          left: { kind: 'funded-twice' },
        })
    }
    for (const [n, { allocation, reward, wasApproved }] of [...books.blocks.values()].entries()) {
      if (reward === null) continue
      const [event] = this.pool.allocation(n, { a: 1n })
      if (event !== undefined && (allocation !== null || !wasApproved))
        expect(bookAllocationEvent(books, pick, event)).toMatchObject({ _tag: 'Left' })
    }
    expect(snapshot(this.pool)).toEqual(before)
  }
}

const CONFIRMED: PayoutEvent = {
  type: 'PayoutConfirmed',
  data: { v: 1, at: 1, block: 'bb'.repeat(32), confirmations: 2 },
}

const snapshot = ({ books }: TestPool) => structuredClone({ ...books, names: null })

const sumOf = (atoms: Iterable<bigint>): bigint => [...atoms].reduce((sum, each) => sum + each, 0n)

/** Paid + owed + fees + reserve = coinbases of the shared blocks, for the pool; for each miner what it earned is what it has and was paid. */
function expectNothingLost(pool: TestPool): void {
  const { books } = pool
  const owed = liabilities(books)
  const coinbases = sumOf([...books.blocks.values()].map(({ allocation }) => allocation?.reward ?? 0n))
  const paid = pool.balance('chain:paid') + pool.balance('chain:fees')
  expect(paid + owed.immature + owed.available + owed.inPayout + owed.fees + owed.reserve).toBe(coinbases)
  const confirmed = [...pool.plans].filter(([number]) => books.payouts.get(number)?.phase === 'confirmed')
  const outputs = sumOf(
    confirmed.flatMap(([, plan]) =>
      [...plan.outputs, ...(plan.poolFee ? [plan.poolFee] : [])].map(({ atoms }) => atoms),
    ),
  )
  expect(pool.balance('chain:paid')).toBe(outputs)
  const standing = standingOf(pool)
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    const account = miner(name)
    const posted = pool.posted.filter((each) => minerOf(each.account)?.account === account)
    const by = (...types: readonly PoolEvent['type'][]): bigint =>
      sumOf(posted.filter((each) => types.includes(each.by)).map(({ atoms }) => atoms))
    const given = sumOf(
      confirmed.flatMap(([, { outputs: all }]) =>
        all.filter((output) => output.account === account).map(({ deducted }) => deducted),
      ),
    )
    const has = pool.of(name, 'immature') + pool.of(name, 'available') + pool.of(name, 'in-payout')
    expect(has + given).toBe(by('RewardAllocated') + by('RewardReversed'))
    expect(has + given - advancedFor(pool, account)).toBe(standing.get(account) ?? 0n)
    expect(by('BlockMatured', 'PayoutPlanned', 'PayoutReturned')).toBe(0n)
    expect(by('PayoutConfirmed')).toBe(-given)
  }
}

/** What the reserve has given for a miner, for rewards that nobody has. */
const advancedFor = ({ books }: TestPool, account: string): bigint =>
  sumOf(
    (books.advances.get(minerAccount(account, 'available')) ?? []).flatMap(({ repaidBy, atoms }) =>
      repaidBy === null ? [atoms] : [],
    ),
  )

/** Each miner's parts of all rewards that are shared now: a reward counts once, however often it was lost. */
function standingOf({ books }: TestPool): ReadonlyMap<string, bigint> {
  const standing = new Map<string, bigint>()
  for (const { allocation } of books.blocks.values())
    if (allocation !== null)
      for (const { account, atoms } of eachCredit(books.names, allocation))
        standing.set(account, (standing.get(account) ?? 0n) + atoms)
  return standing
}

/** Plays random histories; gives where they went. */
function play(parameters: fc.Parameters<[readonly Happening[]]>): ReadonlySet<string> {
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60, size: 'max' }), (happenings) => {
      const history = new History()
      for (const each of happenings) {
        history.happen(each)
        expectNothingLost(history.pool)
      }
      for (const { phase } of history.pool.books.payouts.values()) seen.add(phase)
      if (history.pool.balance('pool:reserve') < 0n) seen.add('reserve below zero')
      history.finish()
      expectNothingLost(history.pool)
      expect(liabilities(history.pool.books).inPayout).toBe(0n)
    }),
    parameters,
  )
  return seen
}

test('no atom is lost, none is paid twice, every posting sums to zero, whatever happens in whatever order', () => {
  play({ numRuns: 150 })
})

test('such histories go everywhere that they should', () => {
  expect([...play({ seed: 1, numRuns: 300 })].sort()).toEqual(
    ['approved', 'confirmed', 'planned', 'published', 'reserve below zero', 'returned', 'signed'].sort(),
  )
})

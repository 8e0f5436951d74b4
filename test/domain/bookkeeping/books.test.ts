import { describe, expect, test } from 'vitest'
import { openBooks } from '../../../domain/bookkeeping/books.ts'
import { assertBooks, liabilities, violations } from '../../../domain/bookkeeping/invariants.ts'
import { bookWorkSettled } from '../../../domain/bookkeeping/settlement-entries.ts'
import { settlementsDue } from '../../../domain/bookkeeping/settlements-due.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import type { EventData } from '../../../domain/events.ts'
import { creditsDigest } from '../../../domain/reward/pay-per-share.ts'
import { blockHash, miner, TestPool } from './test-pool.ts'

const REWARD = 100_000_000n
/** 1 % of it is the pool's. */
const NET = 99_000_000n

describe('the way of a reward', () => {
  test('immature at approval, available at maturity, in payout when planned, paid when confirmed', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'approved')
    pool.allocate(1, { a: 2n, b: 1n })
    expect([pool.of('a', 'immature'), pool.of('b', 'immature')]).toEqual([66_000_000n, 33_000_000n])
    expect(pool.balance('pool:fee:immature')).toBe(1_000_000n)
    expect(pool.balance('chain:coinbase')).toBe(-REWARD)
    pool.mature(1, REWARD)
    expect([pool.of('a', 'immature'), pool.of('a', 'available')]).toEqual([0n, 66_000_000n])
    expect(pool.balance('pool:fee:available')).toBe(1_000_000n)
    const [payout = -1] = pool.plan()
    expect([pool.of('a', 'available'), pool.of('a', 'in-payout')]).toEqual([0n, 66_000_000n])
    expect(pool.balance('pool:fee:in-payout')).toBe(1_000_000n)
    pool.step(payout, 'sign', 'publish', 'confirm')
    expect(pool.of('a', 'in-payout')).toBe(0n)
    expect(pool.balance('chain:paid') + pool.balance('chain:fees')).toBe(REWARD)
    expect([...pool.books.balances.keys()].sort()).toEqual(['chain:coinbase', 'chain:fees', 'chain:paid'])
  })

  test('allocated only after it matured: available at once', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.allocate(1, { a: 1n })
    expect([pool.of('a', 'immature'), pool.of('a', 'available')]).toEqual([0n, NET])
  })

  test('a returned payout is available again, its money and its turn free', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.allocate(1, { a: 1n })
    const before = new Map(pool.books.balances)
    const [payout = -1] = pool.plan()
    expect(pool.books.feePayouts).toBe(1)
    pool.step(payout, 'sign', 'publish', 'conflict')
    expect(pool.books.balances).toEqual(before)
    expect(pool.books.funding.size).toBe(0)
    expect(pool.books.feePayouts).toBe(0)
    expect(pool.plan()).toEqual([1])
  })
})

describe('a block that is lost', () => {
  test('before maturity: everything goes back, and can be earned again', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'approved')
    const first = pool.allocate(1, { a: 2n, b: 1n })
    pool.disconnect(1)
    expect(settlementsDue(pool.books)).toEqual([
      { kind: 'reverse', block: blockHash(1), settlement: first, why: 'disconnected' },
    ])
    expect(pool.reverse(1, first)).toMatchObject({ _tag: 'Right' })
    expect(pool.books.balances.size).toBe(0)
    expect(settlementsDue(pool.books)).toEqual([])
    pool.connect(1, REWARD)
    pool.approve(1)
    expect(settlementsDue(pool.books)).toEqual([{ kind: 'allocate', block: blockHash(1), begun: null }])
    pool.allocate(1, { a: 2n, b: 1n })
    expect(pool.of('a', 'immature')).toBe(66_000_000n)
  })

  test('disapproved: the same', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'approved')
    const settlement = pool.allocate(1, { a: 1n })
    pool.disapprove(1)
    expect(settlementsDue(pool.books)).toMatchObject([{ kind: 'reverse', why: 'disapproved' }])
    pool.reverse(1, settlement, 'disapproved')
    expect(pool.books.balances.size).toBe(0)
  })

  test('after maturity, nothing planned: taken from what is available', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    const settlement = pool.allocate(1, { a: 1n })
    pool.disconnect(1)
    pool.reverse(1, settlement)
    expect(pool.books.balances.size).toBe(0)
  })

  test('after maturity, when it was planned or paid: the reserve carries it, visibly', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.block(2, REWARD, 'matured')
    const settlement = pool.allocate(1, { a: 2n, b: 1n })
    pool.allocate(2, { b: 1n })
    const [payout = -1] = pool.plan()
    pool.step(payout, 'sign', 'publish', 'confirm')
    const before = pool.balance('chain:paid')
    pool.disconnect(1)
    pool.reverse(1, settlement)
    expect(pool.balance('pool:reserve')).toBe(-REWARD)
    expect(pool.balance('chain:paid')).toBe(before)
    expect(liabilities(pool.books)).toEqual({
      immature: 0n,
      available: 0n,
      inPayout: 0n,
      fees: 0n,
      reserve: -REWARD,
    })
  })

  test('what is left of it is taken first, nobody goes below zero', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    const settlement = pool.allocate(1, { a: 1n })
    const [payout = -1] = pool.plan()
    pool.block(2, 10_000_000n, 'matured')
    pool.allocate(2, { a: 1n })
    pool.disconnect(1)
    pool.reverse(1, settlement)
    expect(pool.of('a', 'available')).toBe(0n)
    expect(pool.of('a', 'in-payout')).toBe(NET)
    // 9,900,000 of the second block's were there, and its fee of 100,000.
    expect(pool.balance('pool:reserve')).toBe(-(REWARD - 10_000_000n))
    pool.step(payout, 'sign', 'publish', 'confirm')
    expect(pool.balance('pool:reserve')).toBe(-(REWARD - 10_000_000n))
  })

  test('the reorganisation came back in time: nothing is due', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'approved')
    pool.allocate(1, { a: 1n })
    pool.disconnect(1)
    pool.connect(1, REWARD)
    expect(settlementsDue(pool.books)).toMatchObject([{ kind: 'reverse' }])
    pool.approve(1)
    expect(settlementsDue(pool.books)).toEqual([])
  })

  test('losses are taken back before anything is allocated', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'approved')
    pool.block(2, REWARD, 'approved')
    pool.allocate(2, { a: 1n })
    pool.disconnect(2)
    expect(settlementsDue(pool.books).map(({ kind }) => kind)).toEqual(['reverse', 'allocate'])
  })
})

describe('an allocation in parts', () => {
  const parts = (pool: TestPool) => {
    const [event] = pool.allocation(1, { a: 2n, b: 1n, c: 1n })
    if (event?.type !== 'RewardAllocated') throw new Error('no allocation')
    const { data } = event
    return [0, 1, 2].map((i) => ({
      type: event.type,
      data: {
        ...data,
        part: i + 1,
        parts: 3,
        account: data.account.slice(i, i + 1),
        units: data.units.slice(i, i + 1),
        atoms: data.atoms.slice(i, i + 1),
      },
    }))
  }

  const approved = (): TestPool => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'approved')
    return pool
  }

  test('counts when all parts are there, and is continued by whoever finds some', () => {
    const pool = approved()
    const [one, two, three] = parts(pool)
    if (one === undefined || two === undefined || three === undefined) throw new Error('no parts')
    pool.settlementEvent(4, one)
    expect(pool.books.balances.size).toBe(0)
    expect(settlementsDue(pool.books)).toEqual([{ kind: 'allocate', block: blockHash(1), begun: 4 }])
    pool.settlementEvent(4, two)
    expect(pool.settlementEvent(4, three)).toMatchObject({ _tag: 'Right' })
    expect(pool.of('a', 'immature')).toBe(NET / 2n)
    expect(settlementsDue(pool.books)).toEqual([])
  })

  test('one that was given up does not stand in the way of the next', () => {
    const pool = approved()
    const [one] = parts(pool)
    if (one === undefined) throw new Error('no parts')
    pool.settlementEvent(4, one)
    pool.disconnect(1)
    expect(settlementsDue(pool.books)).toEqual([])
    pool.connect(1, REWARD)
    pool.approve(1)
    pool.allocate(1, { a: 1n })
    expect(pool.of('a', 'immature')).toBe(NET)
  })

  test.each<[string, (all: ReturnType<typeof parts>) => ReturnType<typeof parts>]>([
    ['out of order', ([one, two, three]) => [two, one, three].flatMap((each) => each ?? [])],
    ['one missing', ([one, , three]) => [one, three].flatMap((each) => each ?? [])],
    ['one twice', ([one, , three]) => [one, one, three].flatMap((each) => each ?? [])],
    [
      'of two allocations',
      ([one, two, three]) =>
        [one, two && { ...two, data: { ...two.data, policy: 9 } }, three].flatMap((each) => each ?? []),
    ],
    [
      'an account twice',
      ([one, two, three]) =>
        [one, two && one && { ...two, data: { ...two.data, account: one.data.account } }, three].flatMap(
          (each) => each ?? [],
        ),
    ],
  ])('refused: %s', (_, change) => {
    const pool = approved()
    const answers = change(parts(pool)).map((part) => pool.settlementEvent(4, part))
    expect(answers).toContainEqual({
      _tag: 'Left',
      left: { kind: 'parts-disagree', message: expect.any(String) },
    })
    expect(pool.books.balances.size).toBe(0)
  })
})

describe('the books refuse', () => {
  const kindOf = (answer: unknown): unknown => (answer as { left?: { kind: string } }).left?.kind
  const altered = (pool: TestPool, change: Partial<EventData<'RewardAllocated'>>) => {
    const [event] = pool.allocation(1, { a: 2n, b: 1n })
    if (event?.type !== 'RewardAllocated') throw new Error('no allocation')
    return pool.settlementEvent(0, { ...event, data: { ...event.data, ...change } })
  }

  test.each<[string, Partial<EventData<'RewardAllocated'>>, string]>([
    ['another reward than the coinbase pays', { reward: '100000001' }, 'other-reward'],
    ['an atom too many', { atoms: ['66000001', '33000000'] }, 'wrong-split'],
    ['an atom moved', { atoms: ['66000001', '32999999'] }, 'wrong-split'],
    ['a fee that is not in the sum', { fee: '2000000' }, 'wrong-split'],
    ['units moved', { units: ['1', '2'] }, 'wrong-split'],
    ['units that are not those of the window', { units: ['4', '2'] }, 'wrong-split'],
    ['a reserve that nobody gives', { reserve: '5' }, 'wrong-split'],
    ['no window', { window: null }, 'wrong-split'],
    ['an unknown block', { block: blockHash(9) }, 'unknown-block'],
  ])('%s', (_, change, kind) => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'approved')
    // a and b may be in either order of their ids.
    const swap = miner('a') > miner('b')
    const order = <T>(values: readonly T[] | undefined) => (swap ? values && [...values].reverse() : values)
    const { atoms, units, ...rest } = change
    const whole = {
      ...rest,
      ...(atoms && { atoms: order(atoms) ?? [] }),
      ...(units && { units: order(units) ?? [] }),
    }
    expect(kindOf(altered(pool, whole))).toBe(kind)
    expect(pool.books.balances.size).toBe(0)
  })

  test('a block that was never approved, one that is shared already, taking back what is not given', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'connected')
    expect(kindOf(altered(pool, {}))).toBe('not-approved')
    pool.approve(1)
    const settlement = pool.allocate(1, { a: 1n })
    expect(kindOf(altered(pool, {}))).toBe('allocated-twice')
    expect(kindOf(pool.reverse(1, settlement + 1))).toBe('not-allocated')
    pool.disconnect(1)
    pool.reverse(1, settlement)
    expect(kindOf(pool.reverse(1, settlement))).toBe('not-allocated')
  })

  test('an event of a block without a beginning', () => {
    const pool = new TestPool()
    expect(kindOf(pool.blockEvent(5, { type: 'BlockDisconnected', data: { v: 1, at: 1 } }))).toBe(
      'unknown-block',
    )
  })
})

describe('payouts that the books refuse', () => {
  const kindOf = (answer: unknown): unknown => (answer as { left?: { kind: string } }).left?.kind
  const funded = (): { pool: TestPool; number: number } => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.block(2, REWARD, 'matured')
    pool.allocate(1, { a: 2n, b: 1n })
    const [number = -1] = pool.plan()
    return { pool, number }
  }

  test('more than is available, money that is spent already, a second plan of the same number', () => {
    const { pool, number } = funded()
    const plan = pool.plans.get(number)
    if (plan === undefined) throw new Error('no plan')
    expect(kindOf(pool.payoutEvent(number, pool.planned(plan)))).toBe('payout-exists')
    expect(kindOf(pool.payoutEvent(7, pool.planned(plan)))).toBe('funded-twice')
    const funding = plan.funding.map((each) => ({ ...each, output: 5 }))
    expect(kindOf(pool.payoutEvent(7, pool.planned({ ...plan, funding })))).toBe('overdrawn')
    const [first] = funding
    const twice =
      first === undefined
        ? []
        : [
            { ...first, atoms: toAtoms(first.atoms / 2n) },
            { ...first, atoms: toAtoms(first.atoms / 2n) },
          ]
    expect(kindOf(pool.payoutEvent(7, pool.planned({ ...plan, funding: twice })))).toBe('funded-twice')
  })

  test('sums that are not equal', () => {
    const { pool, number } = funded()
    const plan = pool.plans.get(number)
    if (plan === undefined) throw new Error('no plan')
    for (const change of [
      { fee: toAtoms(plan.fee + 1n) },
      { feeFromReserve: toAtoms(1n) },
      { change: { address: plan.change?.address ?? '', atoms: toAtoms(5n) } },
      { outputs: plan.outputs.slice(1) },
    ])
      expect(kindOf(pool.payoutEvent(7, pool.planned({ ...plan, ...change })))).toBe('unbalanced-plan')
  })

  test('steps that can not follow, and any without a plan', () => {
    const { pool, number } = funded()
    expect(kindOf(pool.payoutEvent(9, { type: 'PayoutPublished', data: { v: 1, at: 1 } }))).toBe(
      'unknown-payout',
    )
    expect(kindOf(pool.payoutEvent(number, { type: 'PayoutPublished', data: { v: 1, at: 1 } }))).toBe(
      'out-of-order',
    )
    pool.step(number, 'sign', 'publish')
    const rejected = {
      type: 'PayoutReturned',
      data: { v: 1, at: 1, why: 'rejected', conflict: null },
    } as const
    expect(kindOf(pool.payoutEvent(number, rejected))).toBe('out-of-order')
    pool.step(number, 'confirm')
    const again = {
      type: 'PayoutConfirmed',
      data: { v: 1, at: 1, block: blockHash(3), confirmations: 2 },
    } as const
    expect(kindOf(pool.payoutEvent(number, again))).toBe('out-of-order')
  })

  test('a manual plan is not signed before it is approved', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.allocate(1, { a: 1n })
    const [number = -1] = pool.plan('manual')
    const signed = {
      type: 'PayoutSigned',
      data: { v: 1, at: 1, transaction: blockHash(1), bytes: '00' },
    } as const
    expect(kindOf(pool.payoutEvent(number, signed))).toBe('out-of-order')
    pool.step(number, 'approve', 'sign')
    const other = new TestPool()
    other.block(1, REWARD, 'matured')
    other.allocate(1, { a: 1n })
    const [rejected = -1] = other.plan('manual')
    other.step(rejected, 'reject')
    expect(other.of('a', 'available')).toBe(NET)
  })
})

describe('pay per share', () => {
  const settled = (credits: readonly { account: string; atoms: bigint }[]) => {
    const whole = credits.map(({ account, atoms }) => ({ account, atoms: toAtoms(atoms) }))
    const data: EventData<'WorkSettled'> = {
      v: 1,
      at: 1,
      policy: 1,
      height: 7,
      from: { stream: 's', revision: 0, index: 0 },
      to: { stream: 's', revision: 1, index: 0 },
      shares: 2,
      units: '5',
      accounts: whole.length,
      atoms: String(whole.reduce((sum, { atoms }) => sum + atoms, 0n)),
      credits: creditsDigest(whole),
    }
    return { data, whole }
  }

  test('work is available at once, from the reserve, which blocks fill', () => {
    const pool = new TestPool()
    const { data, whole } = settled(
      [
        { account: miner('a'), atoms: 70n },
        { account: miner('b'), atoms: 30n },
      ].sort((x, y) => (x.account < y.account ? -1 : 1)),
    )
    expect(bookWorkSettled(pool.books, data, whole)).toMatchObject({ _tag: 'Right' })
    expect(pool.of('a', 'available')).toBe(70n)
    expect(pool.balance('pool:reserve')).toBe(-100n)
    expect(violations(pool.books)).toEqual([])
    pool.block(1, REWARD, 'approved')
    pool.settlementEvent(0, {
      type: 'RewardAllocated',
      data: {
        v: 1,
        at: 1,
        block: blockHash(1),
        height: 1,
        policy: 1,
        reward: String(REWARD),
        fee: '0',
        reserve: String(REWARD),
        window: null,
        part: 1,
        parts: 1,
        account: [],
        units: [],
        atoms: [],
      },
    })
    expect(pool.balance('pool:reserve')).toBe(REWARD - 100n)
    pool.disconnect(1)
    pool.reverse(1, 0)
    expect(pool.balance('pool:reserve')).toBe(-100n)
  })

  test('credits that are not those of the digest are refused', () => {
    const books = openBooks()
    const { data, whole } = settled([{ account: miner('a'), atoms: 70n }])
    for (const credits of [
      [],
      [{ account: miner('b'), atoms: toAtoms(70n) }],
      [{ account: miner('a'), atoms: toAtoms(71n) }],
    ])
      expect(bookWorkSettled(books, data, credits)).toMatchObject({ left: { kind: 'other-credits' } })
    expect(bookWorkSettled(books, { ...data, accounts: 2 }, whole)).toMatchObject({
      left: { kind: 'other-credits' },
    })
    expect(books.balances.size).toBe(0)
  })
})

describe('each invariant is found when it is violated', () => {
  const sound = (): TestPool => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.block(2, REWARD, 'approved')
    pool.allocate(1, { a: 2n, b: 1n })
    pool.allocate(2, { a: 1n })
    pool.plan()
    return pool
  }

  test.each<[string, (pool: TestPool) => void]>([
    ['not-zero-sum', ({ books }) => books.balances.set('chain:paid', 1n)],
    ['negative', ({ books }) => books.balances.set('pool:fee:available', -1n)],
    ['immature-differs', ({ books }) => books.balances.set(`miner:${miner('a')}:immature`, 1n)],
    ['in-payout-differs', ({ books }) => books.balances.set(`miner:${miner('a')}:in-payout`, 1n)],
    ['coinbase-differs', ({ books }) => books.balances.set('chain:coinbase', -1n)],
    [
      'allocation-not-whole',
      ({ books }) => {
        const allocation = books.blocks.get(blockHash(1))?.allocation
        if (allocation) allocation.atoms[0] = 1n
      },
    ],
  ])('%s', (kind, spoil) => {
    const pool = sound()
    expect(violations(pool.books)).toEqual([])
    expect(() => assertBooks(pool.books)).not.toThrow()
    spoil(pool)
    expect(violations(pool.books).map((each) => each.kind)).toContain(kind)
    expect(() => assertBooks(pool.books)).toThrow(RangeError)
  })
})

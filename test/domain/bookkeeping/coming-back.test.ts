import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { minerAccount } from '../../../domain/bookkeeping/ledger.ts'
import { settlementsDue } from '../../../domain/bookkeeping/settlements-due.ts'
import type { EventData } from '../../../domain/events.ts'
import { addressOf, miner, TestPool } from './test-pool.ts'

const REWARD = 100_000_000n
/** 1 % of it is the pool's. */
const NET = 99_000_000n

/** A pool of which any part of what a miner has available can be paid. */
class PayingPool extends TestPool {
  #coins = 0

  /** Plans a payout without a fee, or more than that. */
  pay(name: string, atoms: bigint, ...steps: Parameters<TestPool['step']>[1][]): number {
    const number = this.books.payouts.size
    const data: EventData<'PayoutPlanned'> = {
      ...({ v: 1, at: 1, policy: 1, height: 100, mode: 'automatic', bearer: 'miners' } as const),
      ...{ address: [addressOf(name.charCodeAt(0))], deducted: [String(atoms)], atoms: [String(atoms)] },
      ...{ poolFee: null, fee: '0', feeFromPoolFee: '0', feeFromReserve: '0', change: null },
      funding: {
        transaction: [`e${(this.#coins++).toString(16).padStart(63, '0')}`],
        ...{ output: [0], tree: [0], atoms: [String(atoms)] },
      },
    }
    expect(this.payoutEvent(number, { type: 'PayoutPlanned', data })).toMatchObject({ _tag: 'Right' })
    this.step(number, ...steps)
    return number
  }

  /** All that a miner has available is paid. */
  payAll(name: string): bigint {
    const atoms = this.of(name, 'available')
    if (atoms > 0n) this.pay(name, atoms, 'sign', 'publish', 'confirm')
    return atoms
  }

  /** A block is found, shared and mature. */
  earn(n: number, atoms: bigint, units: Readonly<Record<string, bigint>>): void {
    this.block(n, atoms, 'approved')
    this.allocate(n, units)
    this.mature(n, atoms)
  }

  lose(n: number): void {
    this.disconnect(n)
    this.settleLosses()
  }

  settleLosses(): void {
    for (const due of settlementsDue(this.books))
      if (due.kind === 'reverse') this.reverse(Number.parseInt(due.block, 16), due.settlement)
  }

  comeBack(n: number, atoms: bigint, units: Readonly<Record<string, bigint>>): void {
    this.connect(n, atoms)
    this.approve(n)
    this.allocate(n, units)
  }
}

describe('a block that was paid, is lost and comes back', () => {
  const paidAndLost = (): PayingPool => {
    const pool = new PayingPool()
    pool.earn(1, REWARD, { a: 2n, b: 1n })
    pool.payAll('a')
    pool.lose(1)
    return pool
  }

  test('pays nobody a second time: the reserve gets back what it advanced, at once', () => {
    const pool = paidAndLost()
    expect(pool.balance('pool:reserve')).toBe(-66_000_000n)
    pool.comeBack(1, REWARD, { a: 2n, b: 1n })
    expect(pool.balance('pool:reserve')).toBe(0n)
    expect([pool.of('a', 'immature'), pool.of('b', 'immature')]).toEqual([0n, 33_000_000n])
    pool.mature(1, REWARD)
    expect([pool.of('a', 'available'), pool.of('b', 'available')]).toEqual([0n, 33_000_000n])
    expect(pool.books.advances.size).toBe(0)
  })

  test('is available at once when it is mature by then', () => {
    const pool = paidAndLost()
    pool.connect(1, REWARD)
    pool.approve(1)
    pool.mature(1, REWARD)
    pool.allocate(1, { a: 2n, b: 1n })
    expect([pool.of('a', 'available'), pool.of('b', 'available')]).toEqual([0n, 33_000_000n])
    expect([pool.balance('pool:reserve'), pool.books.advances.size]).toEqual([0n, 0])
  })

  test('and is lost again before it matures: the reserve carries it again, until it comes back for good', () => {
    const pool = paidAndLost()
    const before = structuredClone([pool.books.balances, pool.books.advances])
    for (let i = 0; i < 3; i++) {
      pool.comeBack(1, REWARD, { a: 2n, b: 1n })
      pool.lose(1)
      expect([pool.books.balances, pool.books.advances]).toEqual(before)
    }
    pool.comeBack(1, REWARD, { a: 2n, b: 1n })
    pool.mature(1, REWARD)
    expect([pool.of('a', 'available'), pool.balance('pool:reserve')]).toEqual([0n, 0n])
  })

  test('and is lost again after it matured: what the miner has by then is taken, as when it is lost for the first time', () => {
    const pool = paidAndLost()
    pool.comeBack(1, REWARD, { a: 2n, b: 1n })
    pool.mature(1, REWARD)
    pool.earn(2, 10_000_000n, { a: 1n })
    pool.lose(1)
    expect([pool.of('a', 'available'), pool.balance('pool:reserve')]).toEqual([0n, -56_100_000n])
  })

  test('while its money was in a payout that returned: the miner keeps that, and gets nothing more', () => {
    const pool = new PayingPool()
    pool.earn(1, REWARD, { a: 1n })
    const payout = pool.pay('a', NET)
    pool.lose(1)
    pool.step(payout, 'sign', 'conflict')
    expect([pool.of('a', 'available'), pool.balance('pool:reserve')]).toEqual([NET, -NET])
    pool.comeBack(1, REWARD, { a: 1n })
    expect([pool.of('a', 'available'), pool.of('a', 'immature')]).toEqual([NET, 0n])
    expect(pool.balance('pool:reserve')).toBe(0n)
  })

  test('the fee that the pool was paid is not the pool’s a second time', () => {
    const pool = new PayingPool()
    pool.earn(1, REWARD, { a: 1n })
    const [payout = -1] = pool.plan()
    pool.step(payout, 'sign', 'publish', 'confirm')
    const before = new Map(pool.books.balances)
    pool.lose(1)
    expect(pool.balance('pool:reserve')).toBe(-REWARD)
    pool.comeBack(1, REWARD, { a: 1n })
    pool.mature(1, REWARD)
    expect(pool.books.balances).toEqual(before)
  })

  test('is shared otherwise than before: each repays what was advanced for it, and no more than it gets', () => {
    const pool = new PayingPool()
    pool.earn(1, REWARD, { a: 2n, b: 1n })
    pool.payAll('a')
    pool.payAll('b')
    pool.lose(1)
    pool.comeBack(1, REWARD, { a: 1n, b: 1n, c: 1n })
    // a was paid 66,000,000 and would have got 33,000,000: the rest stays the loss of the reserve, nobody else's.
    expect(['a', 'b', 'c'].map((name) => pool.of(name, 'immature'))).toEqual([0n, 0n, 33_000_000n])
    // The fee was not paid, so it was taken back, and is the pool's again.
    expect([pool.balance('pool:fee:immature'), pool.balance('pool:reserve')]).toEqual([
      1_000_000n,
      -33_000_000n,
    ])
  })

  test('other blocks repay nothing: what is lost for good is the loss of the reserve', () => {
    const pool = paidAndLost()
    pool.earn(2, REWARD, { a: 1n })
    expect([pool.of('a', 'available'), pool.balance('pool:reserve')]).toEqual([NET, -66_000_000n])
    // Nor does one that was found later, is lost for a while and comes back.
    pool.lose(2)
    pool.comeBack(2, REWARD, { a: 1n })
    expect([pool.of('a', 'immature'), pool.balance('pool:reserve')]).toEqual([NET, -66_000_000n])
  })
})

describe('two blocks are lost, one of them paid, and one comes back', () => {
  test.each([1, 2])('block %i: nobody has more than one reward', (n) => {
    const pool = new PayingPool()
    pool.earn(1, REWARD, { a: 1n })
    pool.payAll('a')
    pool.earn(2, REWARD, { a: 1n })
    pool.lose(1)
    pool.lose(2)
    expect([pool.of('a', 'available'), pool.balance('pool:reserve')]).toEqual([0n, -NET])
    pool.comeBack(n, REWARD, { a: 1n })
    pool.mature(n, REWARD)
    expect([pool.of('a', 'available'), pool.balance('pool:reserve')]).toEqual([0n, 0n])
  })
})

/** Something that happens to both of two pools, or to the one whose blocks are lost for a while alone. */
type Happening =
  | { readonly what: 'earn'; readonly atoms: bigint; readonly units: Readonly<Record<string, bigint>> }
  | { readonly what: 'plan'; readonly name: string; readonly millionths: bigint }
  | { readonly what: 'end-payout'; readonly pick: number; readonly end: 'confirm' | 'conflict' }
  | { readonly what: 'lose'; readonly pick: number }
  | { readonly what: 'lose-for-a-while'; readonly pick: number }
  | { readonly what: 'come-back'; readonly pick: number; readonly isMature: boolean }

const NAMES = ['a', 'b', 'c'] as const
const units = fc
  .dictionary(fc.constantFrom(...NAMES), fc.bigInt({ min: 1n, max: 1_000n }), { minKeys: 1 })
  .map((each) => ({ ...each }))
const pick = fc.nat(1_000)

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ what: fc.constant('earn'), atoms: fc.bigInt({ min: 1_000n, max: 1_000_000n }), units }),
  fc.record({
    what: fc.constant('plan'),
    name: fc.constantFrom(...NAMES),
    millionths: fc.oneof(fc.constant(1_000_000n), fc.bigInt({ min: 1n, max: 1_000_000n })),
  }),
  fc.record({
    what: fc.constant('end-payout'),
    pick,
    end: fc.constantFrom('confirm', 'confirm', 'confirm', 'conflict'),
  }),
  fc.record({ what: fc.constant('lose'), pick }),
  fc.record({ what: fc.constant('lose-for-a-while'), pick }),
  fc.record({ what: fc.constant('come-back'), pick, isMature: fc.boolean() }),
)

interface Block {
  readonly n: number
  readonly atoms: bigint
  readonly units: Readonly<Record<string, bigint>>
}

const pickOf = <T>(all: readonly T[], at: number): T | undefined => all[at % Math.max(1, all.length)]

/** Two pools with one history; in `tried` some blocks are lost for a while, in `calm` these stay. */
class Pair {
  readonly tried = new PayingPool()
  readonly calm = new PayingPool()
  standing: readonly Block[] = []
  away: readonly Block[] = []
  /** Shared again, and not mature yet. */
  young: readonly Block[] = []
  seen = new Set<string>()
  #found = 0

  happen(happening: Happening): void {
    switch (happening.what) {
      case 'earn': {
        const block = { n: this.#found++, atoms: happening.atoms, units: happening.units }
        for (const pool of [this.tried, this.calm]) pool.earn(block.n, block.atoms, block.units)
        this.standing = [...this.standing, block]
        return
      }
      case 'plan': {
        const atoms = (this.tried.of(happening.name, 'available') * happening.millionths) / 1_000_000n
        if (atoms === 0n) return
        for (const pool of [this.tried, this.calm]) pool.pay(happening.name, atoms, 'sign', 'publish')
        return
      }
      case 'end-payout': {
        const { payouts } = this.calm.books
        const open = [...payouts.keys()].filter((number) => payouts.get(number)?.phase === 'published')
        const number = pickOf(open, happening.pick)
        if (number === undefined) return
        for (const pool of [this.tried, this.calm]) pool.step(number, happening.end)
        return
      }
      case 'lose':
      case 'lose-for-a-while': {
        this.ripen()
        const block = pickOf(this.standing, happening.pick)
        if (block === undefined) return
        this.standing = this.standing.filter((each) => each !== block)
        this.tried.lose(block.n)
        if (happening.what === 'lose') this.calm.lose(block.n)
        else this.away = [...this.away, block]
        if (this.tried.balance('pool:reserve') < 0n) this.seen.add('advanced')
        return
      }
      case 'come-back':
        this.#comeBack(pickOf(this.away, happening.pick), happening.isMature)
    }
  }

  #comeBack(block: Block | undefined, isMature: boolean): void {
    if (block === undefined) return
    this.away = this.away.filter((each) => each !== block)
    if (isMature) {
      this.tried.connect(block.n, block.atoms)
      this.tried.approve(block.n)
      this.tried.mature(block.n, block.atoms)
      this.tried.allocate(block.n, block.units)
      this.standing = [...this.standing, block]
    } else {
      this.tried.comeBack(block.n, block.atoms, block.units)
      this.young = [...this.young, block]
    }
  }

  ripen(): void {
    for (const block of this.young) this.tried.mature(block.n, block.atoms)
    this.standing = [...this.standing, ...this.young]
    this.young = []
  }

  finish(): void {
    for (const block of this.away) this.#comeBack(block, false)
    this.ripen()
  }
}

/** What was advanced for each and not repaid, by the account; when is another matter. */
const open = ({ books }: TestPool) =>
  new Map(
    [...books.advances].map(([account, all]) => [account, all.reduce((sum, { atoms }) => sum + atoms, 0n)]),
  )

test('blocks that were lost for a while count as though they had never been lost, whatever else happens', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40, size: 'max' }), (happenings) => {
      const pair = new Pair()
      for (const each of happenings) pair.happen(each)
      pair.finish()
      expect(pair.tried.books.balances).toEqual(pair.calm.books.balances)
      expect(open(pair.tried)).toEqual(open(pair.calm))
      for (const each of pair.seen) seen.add(each)
      for (const [account] of open(pair.calm))
        if (account === minerAccount(miner('a'), 'available')) seen.add('lost')
    }),
    { seed: 1, numRuns: 300 },
  )
  expect([...seen].sort()).toEqual(['advanced', 'lost'])
})

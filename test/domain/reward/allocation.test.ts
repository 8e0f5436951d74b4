import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../domain/canonical-json.ts'
import { accountId } from '../../../domain/decred/address.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { networks } from '../../../domain/decred/network.ts'
import type { Scheme, ShareReference } from '../../../domain/events.ts'
import {
  type Allocation,
  allocate,
  allocationEvents,
  PART_ACCOUNTS_MAX,
  poolFee,
} from '../../../domain/reward/allocation.ts'
import type { WindowSums } from '../../../domain/reward/share-window.ts'
import { BLOCK_UNITS } from '../../../domain/reward/units.ts'
import { windowLimit } from '../../../domain/reward/window-limit.ts'
import { rewardVectors } from './vectors.ts'
import { bitsOf, newest, sumsOf, type TestShare, windowOf } from './windows.ts'

const { mainnet } = networks
const REWARD = toAtoms(5_254_973n)
const BITS = bitsOf(mainnet, 1_000)
const at = (event: number, index = 0): ShareReference => ({ stream: 'shares-0-0', revision: event, index })

/** Four events, a second apart. `b` finds a block with the first, `a` with the last. Difficulties are thousandths of a block. */
const SHARES: readonly TestShare[] = [
  { account: 'b', difficulty: 400, bits: BITS, event: 1 },
  { account: 'a', difficulty: 300, bits: BITS, event: 2 },
  { account: 'c', difficulty: 300, bits: BITS, event: 3 },
  { account: 'b', difficulty: 100, bits: BITS, event: 3 },
  { account: 'a', difficulty: 200, bits: BITS, event: 4 },
]

function shared(scheme: Scheme, feePpm = 10_000, find = at(4), previous: ShareReference | null = at(1)) {
  const window = windowOf(mainnet, SHARES)
  const limit = windowLimit(scheme, find.revision * 1_000, null, previous)
  return allocate(scheme, REWARD, feePpm, limit === undefined ? null : sumsOf(window, find, limit))
}

const atomsOf = (allocation: Allocation | undefined): Readonly<Record<string, bigint>> =>
  Object.fromEntries((allocation?.credits ?? []).map(({ account, atoms }) => [account, atoms]))

describe('each scheme, of 5,254,973 atoms with 1 % fee: 52,549 for the pool, 5,202,424 for the miners', () => {
  // A share's part of a block is hardly rounded: 300 of 1,000 is 0.3 and a little.
  test.each<[string, Scheme, Readonly<Record<string, bigint>>]>([
    [
      'pplns, X = 2: all 1.3 blocks of work',
      { kind: 'pplns', windowPpm: 2_000_000 },
      { a: 2_000_932n, b: 2_000_932n, c: 1_200_560n },
    ],
    [
      'pplns, X = 1: 0.1 of the first share',
      { kind: 'pplns', windowPpm: 1_000_000 },
      { a: 2_601_212n, b: 1_040_485n, c: 1_560_727n },
    ],
    [
      'pplns, X = 0.4: only the last three',
      { kind: 'pplns', windowPpm: 400_000 },
      { a: 2_601_212n, b: 1_300_606n, c: 1_300_606n },
    ],
    [
      'pplns-time: the last two seconds',
      { kind: 'pplns-time', periodMs: 2_000 },
      { a: 1_734_141n, b: 867_071n, c: 2_601_212n },
    ],
    ['prop: since the block before', { kind: 'prop' }, { a: 2_890_236n, b: 578_047n, c: 1_734_141n }],
  ])('%s', (_, scheme, atoms) => {
    const allocation = shared(scheme)
    expect(atomsOf(allocation)).toEqual(atoms)
    expect(allocation).toMatchObject({ fee: 52_549n, reserve: 0n })
    expect(Object.values(atoms).reduce((sum, each) => sum + each, 52_549n)).toBe(REWARD)
  })

  test('prop: the first round begins with the first share', () => {
    expect(atomsOf(shared({ kind: 'prop' }, 0, at(1), null))).toEqual({ b: REWARD })
  })

  test('pps: the reserve has it all, the fee was taken from the shares', () => {
    expect(shared({ kind: 'pps', reserve: '0' })).toEqual({
      reward: REWARD,
      fee: 0n,
      reserve: REWARD,
      credits: [],
    })
  })

  test('solo: nothing is shared', () => {
    expect(shared({ kind: 'solo' })).toBeUndefined()
  })

  test('nobody has a share in the log: the reserve has what is not fee', () => {
    expect(allocate({ kind: 'pplns', windowPpm: 1 }, REWARD, 10_000, null)).toEqual({
      reward: REWARD,
      fee: 52_549n,
      reserve: 5_202_424n,
      credits: [],
    })
  })
})

test.each([
  [0, 0n],
  [1, 5n],
  [10_000, 52_549n],
  [33_333, 175_164n],
  [1_000_000, 5_254_973n],
])('a fee of %i ppm is %i atoms, rounded down', (ppm, fee) => {
  expect(poolFee(REWARD, ppm)).toBe(fee)
})

test('a fee of all leaves accounts with nothing, by name', () => {
  expect(atomsOf(shared({ kind: 'prop' }, 1_000_000))).toEqual({ a: 0n, b: 0n, c: 0n })
})

const sums: fc.Arbitrary<WindowSums> = fc
  .uniqueArray(fc.bigInt({ min: 1n, max: 1n << 66n }), { minLength: 1, maxLength: 40 })
  .map((units) => ({
    from: at(1),
    to: at(2),
    shares: units.length,
    units: units.reduce((total, each) => total + each, 0n),
    accounts: units.map((each, i) => ({ account: `account ${String(i).padStart(3, '0')}`, units: each })),
  }))

describe('for any window, reward and fee', () => {
  const reward = fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }).map(toAtoms)
  const ppm = fc.integer({ min: 0, max: 1_000_000 })

  test('fee and credits are the reward', () => {
    fc.assert(
      fc.property(sums, reward, ppm, (window, atoms, feePpm) => {
        const allocation = allocate({ kind: 'prop' }, atoms, feePpm, window)
        const given = (allocation?.credits ?? []).reduce((total, credit) => total + credit.atoms, 0n)
        expect(given + (allocation?.fee ?? 0n)).toBe(atoms)
      }),
    )
  })

  test('scaling all difficulties changes nothing', () => {
    const shares = fc.array(
      fc.record({
        account: fc.constantFrom('a', 'b', 'c'),
        difficulty: fc.integer({ min: 1, max: 1_000 }),
        event: fc.constant(1),
      }),
      { minLength: 1, maxLength: 30 },
    )
    fc.assert(
      fc.property(shares, fc.integer({ min: 2, max: 1_000 }), (given, scale) => {
        const scaled = (by: number) => {
          const bits = bitsOf(mainnet, 10 ** 9)
          const window = windowOf(
            mainnet,
            given.map((share) => ({ ...share, bits, difficulty: share.difficulty * by })),
          )
          const limit = { unitsMax: null, afterMs: null, after: null }
          return atomsOf(allocate({ kind: 'prop' }, REWARD, 10_000, sumsOf(window, newest(window), limit)))
        }
        // A share's units are rounded down by less than 1 in 2^34 here: an atom may fall the other way.
        const [before, after] = [scaled(1), scaled(scale)]
        for (const account of Object.keys(before)) {
          const difference = (before[account] ?? 0n) - (after[account] ?? 0n)
          expect(difference >= -1n && difference <= 1n).toBe(true)
        }
      }),
    )
  })
})

describe('the events that record it', () => {
  const block = { block: '00'.repeat(32), height: 1_100_000, policy: 4 }

  test('one for few accounts', () => {
    const window = sumsOf(windowOf(mainnet, SHARES), at(4), {
      unitsMax: 2n * BLOCK_UNITS,
      afterMs: null,
      after: null,
    })
    const allocation = allocate({ kind: 'pplns', windowPpm: 2_000_000 }, REWARD, 10_000, window)
    if (allocation === undefined) throw new Error('nothing allocated')
    const [recorded, ...more] = allocationEvents(7, block, allocation, window)
    expect(more).toEqual([])
    expect(recorded).toMatchObject({
      type: 'RewardAllocated',
      data: {
        at: 7,
        ...block,
        reward: '5254973',
        fee: '52549',
        reserve: '0',
        part: 1,
        parts: 1,
        account: ['a', 'b', 'c'],
        atoms: ['2000932', '2000932', '1200560'],
        window: { from: at(1), to: at(4), shares: 5, units: String(window.units) },
      },
    })
  })

  test('parts of 500 accounts, each within 60,000 bytes however large the figures', () => {
    const accounts = Array.from({ length: 2 * PART_ACCOUNTS_MAX + 1 }, (_, i) => ({
      account: accountId(String(i)),
      units: 100n * BLOCK_UNITS,
      atoms: toAtoms(2_100_000_000_000_000n),
    }))
    const window = { from: at(1), to: at(2), shares: 2 ** 40, units: 100n * BLOCK_UNITS, accounts }
    const allocation = {
      reward: toAtoms(2_100_000_000_000_000n),
      fee: toAtoms(2_100_000_000_000_000n),
      reserve: toAtoms(2_100_000_000_000_000n),
      credits: accounts,
    }
    const events = allocationEvents(Number.MAX_SAFE_INTEGER, block, allocation, window)
    expect(
      events.map(({ data }) => ('part' in data ? [data.part, data.parts, data.account.length] : [])),
    ).toEqual([
      [1, 3, 500],
      [2, 3, 500],
      [3, 3, 1],
    ])
    for (const { data } of events) expect(canonicalJson(data).length).toBeLessThanOrEqual(60_000)
  })

  test('one part when there is nobody', () => {
    const allocation = allocate({ kind: 'pps', reserve: '0' }, REWARD, 10_000, null)
    if (allocation === undefined) throw new Error('nothing allocated')
    expect(allocationEvents(1, block, allocation, null)).toMatchObject([
      { data: { part: 1, parts: 1, window: null, account: [], reserve: '5254973', fee: '0' } },
    ])
  })
})

test('a block reward of each published height is shared to the atom', () => {
  for (const atoms of Object.values(rewardVectors.decred_dust_facts.powSubsidyAtomsFullVotesDCP0012)) {
    const window = sumsOf(windowOf(mainnet, SHARES), at(4), { unitsMax: null, afterMs: null, after: null })
    const allocation = allocate({ kind: 'prop' }, toAtoms(BigInt(atoms)), 12_345, window)
    const given = (allocation?.credits ?? []).reduce((sum, credit) => sum + credit.atoms, 0n)
    expect(given + (allocation?.fee ?? 0n)).toBe(BigInt(atoms))
  }
})

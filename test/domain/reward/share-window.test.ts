import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { networks } from '../../../domain/decred/network.ts'
import type { ShareReference } from '../../../domain/events.ts'
import { CHUNK_SHARES } from '../../../domain/reward/share-chunk.ts'
import { type ShareBatch, ShareWindow } from '../../../domain/reward/share-window.ts'
import { BLOCK_UNITS, shareUnits } from '../../../domain/reward/units.ts'
import type { WindowLimit } from '../../../domain/reward/window-limit.ts'
import { batchesOf, bitsOf, newest, sumsOf, type TestShare, UNLIMITED, walked, windowOf } from './windows.ts'

const { mainnet } = networks
const BITS = bitsOf(mainnet, 1_000)

interface FlatShare {
  readonly at: ShareReference
  readonly atMs: number
  readonly account: string
  readonly units: bigint
}

const flat = (batches: readonly ShareBatch[]): readonly FlatShare[] =>
  batches.flatMap(({ stream, revision, atMs, account, bits, difficulty }) =>
    account.map((who, index) => ({
      at: { stream, revision, index },
      atMs,
      account: who,
      units: shareUnits(mainnet, bits[index] ?? 0, difficulty[index] ?? 0),
    })),
  )

const same = (a: ShareReference, b: ShareReference | null): boolean =>
  b !== null && a.stream === b.stream && a.revision === b.revision && a.index === b.index

/** The rule in its simplest form: share by share, in integers. */
function oracle(shares: readonly FlatShare[], to: ShareReference, limit: WindowLimit) {
  const end = shares.findIndex(({ at }) => same(at, to))
  const accounts = new Map<string, bigint>()
  let rest = limit.unitsMax
  let units = 0n
  let first = end
  for (let i = end; i >= 0; i--) {
    const share = shares[i]
    if (share === undefined || same(share.at, limit.after)) break
    if (limit.afterMs !== null && share.atMs <= limit.afterMs) break
    const counted = rest !== null && share.units > rest ? rest : share.units
    accounts.set(share.account, (accounts.get(share.account) ?? 0n) + counted)
    units += counted
    first = i
    if (rest !== null) rest -= counted
    if (rest === 0n) break
  }
  return {
    from: shares[first]?.at,
    to,
    shares: end - first + 1,
    units,
    accounts: [...accounts]
      .filter(([, sum]) => sum > 0n)
      .map(([account, sum]) => ({ account, units: sum }))
      .sort((a, b) => (a.account < b.account ? -1 : 1)),
  }
}

const share: fc.Arbitrary<Omit<TestShare, 'event'>> = fc.record({
  account: fc.constantFrom('a', 'b', 'c', 'd'),
  difficulty: fc.integer({ min: 1, max: 900 }),
  bits: fc.constantFrom(BITS, bitsOf(mainnet, 2_000), bitsOf(mainnet, 950)),
})

/** A log of shares, with events of one to five of them. */
const log: fc.Arbitrary<readonly TestShare[]> = fc
  .array(fc.array(share, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 })
  .map((events) => events.flatMap((shares, event) => shares.map((each) => ({ ...each, event: 2 * event }))))

const times = fc.option(fc.integer({ min: -1, max: 26 }).map((n) => n * 1_000 - 1_000))
const unitLimits = fc.option(fc.bigInt({ min: 1n, max: 6n * BLOCK_UNITS }))

describe('against the rule in its simplest form', () => {
  test('any log, find and limits', () => {
    fc.assert(
      fc.property(
        log,
        fc.nat(),
        fc.option(fc.nat()),
        unitLimits,
        times,
        (shares, find, after, unitsMax, afterMs) => {
          const all = flat(batchesOf(shares))
          const end = find % all.length
          const to = all[end]?.at
          if (to === undefined) throw new Error('no find')
          const barrier = after === null || end === 0 ? null : (all[after % end]?.at ?? null)
          const limit = {
            unitsMax,
            afterMs: afterMs !== null && afterMs >= (all[end]?.atMs ?? 0) ? null : afterMs,
            after: barrier,
          }
          expect(sumsOf(windowOf(mainnet, shares), to, limit)).toEqual(oracle(all, to, limit))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('a log of several chunks, streams and gateways, walked while it grows', () => {
    let seed = 7
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    const window = new ShareWindow(mainnet, true)
    const batches: ShareBatch[] = []
    const revisions = [0, 0]
    const add = (atMs: number): void => {
      const gateway = random(2)
      const size = 1 + random(40)
      const revision = revisions[gateway] ?? 0
      revisions[gateway] = revision + 1 + (random(20) === 0 ? 1 : 0)
      const batch = {
        stream: `shares-${gateway}-${Math.floor(batches.length / 3_000)}`,
        revision,
        atMs,
        account: Array.from({ length: size }, () => `account ${random(300)}`),
        bits: Array.from({ length: size }, () => bitsOf(mainnet, 1_000_000 + 1_000 * random(3))),
        difficulty: Array.from({ length: size }, () => 1 + random(100)),
      }
      batches.push(batch)
      window.append(batch)
    }
    while (window.shares < 3.5 * CHUNK_SHARES) add(batches.length * 50)
    // An hour of silence, too long for a chunk's clock, and more.
    for (let i = 0; i < 200; i++) add(2 ** 32 + i * 50)
    const all = flat(batches)
    expect(window.shares).toBe(all.length)
    expect(window.last).toEqual(all.at(-1)?.at)
    const total = all.reduce((sum, { units }) => sum + units, 0n)
    for (const part of [1n, 30n, 60n, 99n])
      for (const back of [0, 10_000, 70_000]) {
        const to = all[all.length - 1 - back]?.at
        const after = all[Math.floor(all.length / 3)]?.at ?? null
        if (to === undefined) throw new Error('no find')
        const limit = { unitsMax: (total * part) / 100n, afterMs: null, after: part === 99n ? after : null }
        const sums = walked(window, to, limit, () => undefined)
        expect(E.isRight(sums) && sums.right).toEqual(oracle(all, to, limit))
      }
    const to = newest(window)
    const byTime = { unitsMax: null, afterMs: 100_000, after: null }
    const expected = oracle(all, to, byTime)
    const grown = walked(window, to, byTime, () => add(2 ** 32 + 60_000))
    expect(E.isRight(grown) && grown.right).toEqual(expected)
  })
})

describe('how far it reaches', () => {
  const shares: readonly TestShare[] = [
    { account: 'a', difficulty: 500, bits: BITS, event: 1 },
    { account: 'b', difficulty: 500, bits: BITS, event: 2 },
    { account: 'a', difficulty: 100, bits: BITS, event: 2 },
    { account: 'c', difficulty: 900, bits: BITS, event: 3 },
  ]
  const units = (difficulty: number): bigint => shareUnits(mainnet, BITS, difficulty)
  const find = { stream: 'shares-0-0', revision: 3, index: 0 }

  test('not further than its units: the last share counts as far as it fits', () => {
    const unitsMax = units(900) + units(100) + 7n
    expect(sumsOf(windowOf(mainnet, shares), find, { ...UNLIMITED, unitsMax })).toEqual({
      from: { stream: 'shares-0-0', revision: 2, index: 0 },
      to: find,
      shares: 3,
      units: unitsMax,
      accounts: [
        { account: 'a', units: units(100) },
        { account: 'b', units: 7n },
        { account: 'c', units: units(900) },
      ],
    })
  })

  test('a share that fits exactly ends it', () => {
    const sums = sumsOf(windowOf(mainnet, shares), find, { ...UNLIMITED, unitsMax: units(900) + units(100) })
    expect(sums.from).toEqual({ stream: 'shares-0-0', revision: 2, index: 1 })
    expect(sums.shares).toBe(2)
  })

  test('a find larger than the window has it all', () => {
    expect(sumsOf(windowOf(mainnet, shares), find, { ...UNLIMITED, unitsMax: 5n })).toMatchObject({
      from: find,
      accounts: [{ account: 'c', units: 5n }],
    })
  })

  test('a window that is not full is what there is', () => {
    const sums = sumsOf(windowOf(mainnet, shares), find, { ...UNLIMITED, unitsMax: 100n * BLOCK_UNITS })
    expect(sums.shares).toBe(4)
    expect(sums.units).toBe(units(500) * 2n + units(100) + units(900))
  })

  test('by time it holds whole events', () => {
    const from = (afterMs: number) =>
      sumsOf(windowOf(mainnet, shares), find, { ...UNLIMITED, afterMs }).shares
    expect(from(0)).toBe(4)
    expect(from(999)).toBe(4)
    expect(from(1_000)).toBe(3)
    expect(from(1_999)).toBe(3)
    expect(from(2_000)).toBe(1)
  })

  test('shares after the find are not looked at', () => {
    const window = windowOf(mainnet, shares)
    const middle = { stream: 'shares-0-0', revision: 2, index: 0 }
    expect(sumsOf(window, middle, UNLIMITED)).toMatchObject({
      shares: 2,
      accounts: [{ account: 'a' }, { account: 'b' }],
    })
  })

  test('the order of equal shares is irrelevant but for the one that is cut', () => {
    const swapped = [shares[0], shares[2], shares[1], shares[3]].flatMap((each) => each ?? [])
    for (const unitsMax of [null, 10n * BLOCK_UNITS])
      expect(sumsOf(windowOf(mainnet, swapped), find, { ...UNLIMITED, unitsMax }).accounts).toEqual(
        sumsOf(windowOf(mainnet, shares), find, { ...UNLIMITED, unitsMax }).accounts,
      )
  })
})

describe('what it does not know', () => {
  const shares = Array.from({ length: 5 }, (_, event) => ({
    account: 'a',
    difficulty: 10,
    bits: BITS,
    event,
  }))
  const later = (): ShareWindow => {
    const window = new ShareWindow(mainnet, false)
    for (const batch of batchesOf(shares)) window.append(batch)
    return window
  }

  test.each([
    { stream: 'shares-0-0', revision: 9, index: 0 },
    { stream: 'shares-0-0', revision: 4, index: 1 },
    { stream: 'shares-1-0', revision: 4, index: 0 },
  ])('a find that is not there: %j', (to) => {
    expect(walked(later(), to, UNLIMITED)).toMatchObject({ left: { kind: 'unknown-find' } })
  })

  test('a window that begins before the shares in memory', () => {
    const window = later()
    const to = newest(window)
    const missing = { left: { kind: 'history-missing' } }
    const gone = { stream: 'shares-0-0', revision: 77, index: 0 }
    expect(walked(window, to, UNLIMITED)).toMatchObject(missing)
    expect(walked(window, to, { ...UNLIMITED, unitsMax: BLOCK_UNITS })).toMatchObject(missing)
    expect(walked(window, to, { ...UNLIMITED, afterMs: -1 })).toMatchObject(missing)
    expect(walked(window, to, { ...UNLIMITED, after: gone })).toMatchObject(missing)
    expect(walked(window, to, { ...UNLIMITED, unitsMax: 10n, after: gone })).toMatchObject({ _tag: 'Right' })
    expect(walked(window, to, { ...UNLIMITED, afterMs: 0 })).toMatchObject({ right: { shares: 4 } })
    const after = { stream: 'shares-0-0', revision: 1, index: 0 }
    expect(walked(window, to, { ...UNLIMITED, after })).toMatchObject({ right: { shares: 3 } })
  })

  test('columns of unequal length, a window before its find', () => {
    const window = later()
    const batch = { stream: 's', revision: 0, atMs: 0, account: ['a'], bits: [BITS], difficulty: [] }
    expect(() => window.append(batch)).toThrow(RangeError)
    const to = newest(window)
    expect(() => walked(window, to, { ...UNLIMITED, after: to })).toThrow(RangeError)
  })

  test('an empty event changes nothing', () => {
    const window = new ShareWindow(mainnet, true)
    window.append({ stream: 's', revision: 0, atMs: 0, account: [], bits: [], difficulty: [] })
    expect(window.last).toBeNull()
    expect(window.shares).toBe(0)
  })
})

describe('letting go', () => {
  const CHUNKS = 5
  const grown = (): ShareWindow => {
    const window = new ShareWindow(mainnet, true)
    for (let event = 0; event < CHUNKS * 128; event++)
      window.append({
        stream: 'shares-0-0',
        revision: event,
        atMs: event * 1_000,
        account: new Array<string>(512).fill(`account ${event % 7}`),
        bits: new Array<number>(512).fill(bitsOf(mainnet, 10 ** 6)),
        difficulty: new Array<number>(512).fill(8),
      })
    return window
  }
  const one = shareUnits(mainnet, bitsOf(mainnet, 10 ** 6), 8)

  test.each<[string, WindowLimit, number]>([
    ['by units', { ...UNLIMITED, unitsMax: one * BigInt(CHUNK_SHARES) }, 1],
    ['by units and a share', { ...UNLIMITED, unitsMax: one * BigInt(CHUNK_SHARES) + 1n }, 2],
    ['by time', { ...UNLIMITED, afterMs: (CHUNKS * 128 - 200) * 1_000 }, 2],
    ['after a share', { ...UNLIMITED, after: { stream: 'shares-0-0', revision: 300, index: 0 } }, 3],
    ['nothing', UNLIMITED, CHUNKS],
  ])('%s: what is left is enough for every later find', (_, limit, chunks) => {
    const window = grown()
    const before = sumsOf(window, newest(window), limit)
    window.trim(null, limit)
    expect(window.shares).toBe(chunks * CHUNK_SHARES)
    expect(sumsOf(window, newest(window), limit)).toEqual(before)
    window.append({
      ...batchesOf([{ account: 'z', difficulty: 8, bits: BITS, event: 5_000 }])[0],
    } as ShareBatch)
    expect(E.isRight(walked(window, newest(window), limit))).toBe(true)
  })

  test('a find that waits keeps its window', () => {
    const window = grown()
    const find = { stream: 'shares-0-0', revision: 300, index: 5 }
    const limit = { ...UNLIMITED, unitsMax: one * 1_000n }
    const before = sumsOf(window, find, limit)
    window.trim(find, limit)
    expect(window.shares).toBeLessThan(CHUNKS * CHUNK_SHARES)
    expect(sumsOf(window, find, limit)).toEqual(before)
    expect(walked(window, newest(window), UNLIMITED)).toMatchObject({ left: { kind: 'history-missing' } })
    window.trim(null, limit)
    expect(walked(window, find, limit)).toMatchObject({ left: { kind: 'unknown-find' } })
  })
})

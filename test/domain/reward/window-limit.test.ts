import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networks } from '../../../domain/decred/network.ts'
import { BLOCK_UNITS, shareUnits } from '../../../domain/reward/units.ts'
import {
  type Stretch,
  stretchesNeeded,
  windowLimit,
  windowUnits,
} from '../../../domain/reward/window-limit.ts'
import { bitsOf, UNLIMITED } from './windows.ts'

const { mainnet } = networks
const since = { stream: 'shares-0-0', revision: 1, index: 0 }
const find = { stream: 'shares-0-0', revision: 8, index: 3 }

test.each([
  [
    { kind: 'pplns', windowPpm: 2_000_000 },
    { unitsMax: 2n * BLOCK_UNITS, afterMs: null, after: since },
  ],
  [
    { kind: 'pplns-time', periodMs: 86_400_000 },
    { unitsMax: null, afterMs: 913_600_000, after: since },
  ],
  [{ kind: 'prop' }, { unitsMax: null, afterMs: null, after: find }],
  [{ kind: 'pps', reserve: '0' }, undefined],
  [{ kind: 'solo' }, undefined],
] as const)('%j', (scheme, limit) => {
  expect(windowLimit(scheme, 1_000_000_000, since, find)).toEqual(limit)
})

test('the first round of prop begins with the scheme', () => {
  expect(windowLimit({ kind: 'prop' }, 5, since, null)?.after).toEqual(since)
  expect(windowLimit({ kind: 'prop' }, 5, null, null)?.after).toBeNull()
})

test('units of a window', () => {
  expect(windowUnits(1_000_000)).toBe(BLOCK_UNITS)
  expect(windowUnits(500_000)).toBe(BLOCK_UNITS / 2n)
  expect(windowUnits(1)).toBe(BLOCK_UNITS / 1_000_000n)
})

describe('what a start has to read', () => {
  const hour = (difficulty: bigint, hardestBits: number, fromMs: number): Stretch => ({
    shares: 100,
    difficulty,
    hardestBits,
    fromMs,
  })
  const bits = bitsOf(mainnet, 1_000_000)
  const hours = [7, 6, 5, 4, 3, 2, 1].map((n) => hour(400_000n, bits, n * 3_600_000))

  test('as many hours as hold the units, and not one more', () => {
    expect(stretchesNeeded(mainnet, { ...UNLIMITED, unitsMax: BLOCK_UNITS }, hours)).toBe(3)
    expect(stretchesNeeded(mainnet, { ...UNLIMITED, unitsMax: 2n * BLOCK_UNITS }, hours)).toBe(6)
    expect(stretchesNeeded(mainnet, { ...UNLIMITED, unitsMax: 9n * BLOCK_UNITS }, hours)).toBe(7)
  })

  test('as many as reach back in time', () => {
    expect(stretchesNeeded(mainnet, { ...UNLIMITED, afterMs: 5.5 * 3_600_000 }, hours)).toBe(3)
    expect(stretchesNeeded(mainnet, { ...UNLIMITED, afterMs: 7 * 3_600_000 }, hours)).toBe(1)
    expect(stretchesNeeded(mainnet, UNLIMITED, hours)).toBe(7)
    expect(stretchesNeeded(mainnet, UNLIMITED, [])).toBe(0)
  })

  test('never too few, whatever bits and difficulties the hours hold', () => {
    const shares = fc.array(
      fc.record({
        difficulty: fc.integer({ min: 1, max: 50_000 }),
        network: fc.integer({ min: 60_000, max: 90_000 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    fc.assert(
      fc.property(
        fc.array(shares, { minLength: 1, maxLength: 20 }),
        fc.bigInt({ min: 1n, max: 3n }),
        (epochs, x) => {
          const unitsMax = (x * BLOCK_UNITS) / 2n
          const stretches = epochs.map((epoch) => ({
            shares: epoch.length,
            difficulty: epoch.reduce((sum, { difficulty }) => sum + BigInt(difficulty), 0n),
            hardestBits: bitsOf(mainnet, Math.max(...epoch.map(({ network }) => network))),
            fromMs: 0,
          }))
          const needed = stretchesNeeded(mainnet, { ...UNLIMITED, unitsMax }, stretches)
          const units = epochs
            .slice(0, needed)
            .flat()
            .reduce(
              (sum, { difficulty, network }) =>
                sum + shareUnits(mainnet, bitsOf(mainnet, network), difficulty),
              0n,
            )
          if (needed < epochs.length) expect(units).toBeGreaterThanOrEqual(unitsMax)
        },
      ),
    )
  })
})

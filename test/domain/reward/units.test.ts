import fc from 'fast-check'
import { expect, test } from 'vitest'
import { networks } from '../../../domain/decred/network.ts'
import { compactToTarget, difficultyTarget, networkDifficulty } from '../../../domain/decred/target.ts'
import { BLOCK_UNITS, cachedShareUnits, shareUnits, unitsAtLeast } from '../../../domain/reward/units.ts'
import { bitsOf } from './windows.ts'

const { mainnet, simnet } = networks

test('a share as hard as a block has 2^64 units, whatever the network', () => {
  for (const network of Object.values(networks)) {
    const bits = bitsOf(network, 1)
    const atNetwork = shareUnits(network, bits, networkDifficulty(network, bits))
    expect(atNetwork).toBeLessThanOrEqual(BLOCK_UNITS)
    expect(atNetwork).toBeGreaterThan((BLOCK_UNITS * 99n) / 100n)
  }
})

test('by hand: a 1000th of the work of a block of difficulty 2^20 at difficulty 2^10', () => {
  const bits = bitsOf(mainnet, 2 ** 20)
  expect(shareUnits(mainnet, bits, 2 ** 10)).toBe(
    (compactToTarget(bits) << 64n) / difficultyTarget(mainnet, 2 ** 10),
  )
  expect(Number(shareUnits(mainnet, bits, 2 ** 10)) / 2 ** 64).toBeCloseTo(1 / 1024, 6)
})

test('weight in proportion to difficulty, and to nothing else of the miner', () => {
  const bits = bitsOf(mainnet, 10 ** 10)
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 ** 6 }),
      fc.integer({ min: 1, max: 1000 }),
      (difficulty, times) => {
        const one = shareUnits(mainnet, bits, difficulty)
        const many = shareUnits(mainnet, bits, difficulty * times)
        const expected = one * BigInt(times)
        const error = many > expected ? many - expected : expected - many
        expect(error * 1_000_000_000n).toBeLessThanOrEqual(expected)
      },
    ),
  )
})

test('no share is harder than the network, and one that is stops everything', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (difficulty) => {
      const bits = bitsOf(mainnet, difficulty)
      expect(shareUnits(mainnet, bits, networkDifficulty(mainnet, bits))).toBeLessThanOrEqual(BLOCK_UNITS)
    }),
  )
  expect(() => shareUnits(simnet, 0x207fffff, 3)).toThrow(RangeError)
  expect(() => shareUnits(simnet, 0x207fffff, 0)).toThrow(RangeError)
})

test('remembered units are the same', () => {
  const units = cachedShareUnits(mainnet)
  for (let round = 0; round < 2; round++)
    for (let difficulty = 1; difficulty < 70_000; difficulty += 13)
      for (const bits of [bitsOf(mainnet, 10 ** 9), bitsOf(mainnet, 10 ** 10)])
        expect(units(bits, difficulty)).toBe(shareUnits(mainnet, bits, difficulty))
})

test('what shares are worth at least is never more than what they are worth', () => {
  const difficulties = fc.array(fc.integer({ min: 1, max: 10 ** 7 }), { minLength: 1, maxLength: 50 })
  fc.assert(
    fc.property(difficulties, fc.integer({ min: 10 ** 8, max: 10 ** 11 }), (shares, network) => {
      const hardest = bitsOf(mainnet, network)
      const easier = bitsOf(mainnet, Math.floor(network * 0.9))
      const sum = shares.reduce(
        (units, difficulty, i) => units + shareUnits(mainnet, i % 2 === 0 ? hardest : easier, difficulty),
        0n,
      )
      const least = unitsAtLeast(
        mainnet,
        hardest,
        shares.length,
        shares.reduce((total, difficulty) => total + BigInt(difficulty), 0n),
      )
      expect(least).toBeLessThanOrEqual(sum)
      expect(least * 10n).toBeGreaterThan(sum * 8n)
    }),
  )
  expect(unitsAtLeast(mainnet, bitsOf(mainnet, 10 ** 9), 5, 0n)).toBe(0n)
})

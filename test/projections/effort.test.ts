import { describe, expect, test } from 'vitest'
import { networks } from '../../domain/decred/network.ts'
import { effortPerDifficulty, effortRatio, luckRatio } from '../../projections/effort.ts'

const ONE = 1n << 96n

describe('effort', () => {
  test('of one difficulty at the easiest target is one block, up to the bits that compact form has no room for', () => {
    const { mainnet } = networks
    expect(effortRatio(effortPerDifficulty(mainnet, mainnet.powLimitBits))).toBeCloseTo(1, 4)
  })

  test('of a difficulty is difficulty / network difficulty', () => {
    // 0x1b00ffff is the limit 0x1d00ffff made 2^16 times harder.
    const perDifficulty = effortPerDifficulty(networks.mainnet, 0x1b00ffff)
    expect(effortRatio(perDifficulty * 65_536n)).toBeCloseTo(1, 4)
    expect(effortRatio(perDifficulty * 32_768n)).toBeCloseTo(0.5, 4)
  })

  test('keeps its digits against a target a million times harder than the main network has', () => {
    const perDifficulty = effortPerDifficulty(networks.mainnet, 0x13_00ffff)
    expect(perDifficulty).toBeGreaterThan(10n ** 4n)
  })

  test('is printed with six decimals, never below zero', () => {
    expect(effortRatio(ONE / 3n)).toBe(0.333333)
    expect(effortRatio(5n * ONE)).toBe(5)
    expect(effortRatio(-ONE)).toBe(0)
  })
})

test('luck is blocks found for each that was to be expected', () => {
  expect(luckRatio(3, 2n * ONE)).toBe(1.5)
  expect(luckRatio(1, 4n * ONE)).toBe(0.25)
  expect(luckRatio(1, 0n)).toBeNull()
})

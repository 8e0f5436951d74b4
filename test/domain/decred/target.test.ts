import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networks } from '../../../domain/decred/network.ts'
import { meetsTarget } from '../../../domain/decred/proof-of-work.ts'
import {
  compactToTarget,
  difficultyTarget,
  expectedHashes,
  hashDifficulty,
  hashesPerDifficulty,
  networkDifficulty,
  targetBytes,
  targetToCompact,
} from '../../../domain/decred/target.ts'
import { vectors } from './vectors.ts'

const { mainnet, simnet } = networks
const network = fc.constantFrom(...Object.values(networks))
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const difficulty = fc.oneof(
  fc.integer({ min: 1, max: 1000 }),
  fc.maxSafeNat().map((n) => Math.max(1, n)),
)

const compact = vectors<{
  bigToCompact: [string, string][]
  calcWork: [string, string][]
  rangeCheckMainnet: [string, boolean][]
}>('compact-bits')
const bitsOf = (text: string): number => Number.parseInt(text, 16)
const integerOf = (text: string): bigint => (text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text))

describe('compact bits', () => {
  test.each(compact.bigToCompact)('%s packs to %s', (integer, bits) => {
    expect(targetToCompact(integerOf(integer))).toBe(bitsOf(bits))
  })

  test.each(compact.bigToCompact)('to %s unpacks %s, or to 0 when negative', (integer, bits) => {
    const target = integerOf(integer)
    expect(compactToTarget(bitsOf(bits))).toBe(target < 0n ? 0n : target)
  })

  test.each(compact.rangeCheckMainnet)('%s is a target of mainnet: %s', (bits, inRange) => {
    const target = compactToTarget(bitsOf(bits))
    expect(target > 0n && target <= mainnet.powLimit).toBe(inRange)
  })

  test.each(compact.calcWork)('%s takes %s hashes', (bits, work) => {
    expect(expectedHashes(compactToTarget(bitsOf(bits)))).toBe(BigInt(work))
  })

  test('packing loses less than one part in 2^15, upwards never, and unpacks to what packs the same', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (target) => {
        const bits = targetToCompact(target)
        const kept = compactToTarget(bits)
        expect(kept <= target).toBe(true)
        expect((target - kept) << 15n <= target).toBe(true)
        expect(targetToCompact(kept)).toBe(bits)
      }),
    )
  })

  test('unpacks any 32 bits to a number that is not negative', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (bits) => compactToTarget(bits) >= 0n))
  })
})

describe('difficulty', () => {
  test.each(Object.values(networks))('1 on $name is the limit, which its bits round down', (net) => {
    expect(difficultyTarget(net, 1)).toBe(net.powLimit)
    expect(targetToCompact(net.powLimit)).toBe(net.powLimitBits)
    expect(networkDifficulty(net, net.powLimitBits)).toBe(1)
    expect(hashesPerDifficulty(net)).toBe(Number((1n << 256n) / (net.powLimit + 1n)))
  })

  test('takes 2^32, 2^24, 2 and 2 hashes', () => {
    expect(Object.values(networks).map(hashesPerDifficulty)).toEqual([2 ** 32, 2 ** 24, 2, 2])
  })

  const whole = vectors<
    { net: 'mainnet' | 'testnet3' | 'simnet'; difficulty: string; poolTargetFloorHex: string }[]
  >('pool-difficulty-table').filter((row) => row.difficulty.endsWith('/1'))

  test.each(whole)('$difficulty on $net has the target that dcrpool computes', (row) => {
    const target = difficultyTarget(networks[row.net], Number.parseInt(row.difficulty, 10))
    expect(target).toBe(BigInt(`0x${row.poolTargetFloorHex}`))
  })

  test('of a hash is the highest whose target it meets', () => {
    fc.assert(
      fc.property(network, hash, difficulty, (net, digest, d) => {
        const meets = meetsTarget(digest, targetBytes(difficultyTarget(net, d)))
        expect(meets).toBe(hashDifficulty(net, digest) >= d)
      }),
      { numRuns: 1000 },
    )
  })

  test('of a target just met is at least the difficulty it was made for', () => {
    fc.assert(
      fc.property(network, difficulty, (net, d) => {
        expect(hashDifficulty(net, targetBytes(difficultyTarget(net, d)))).toBeGreaterThanOrEqual(d)
        expect(hashDifficulty(net, targetBytes(difficultyTarget(net, d) + 1n))).toBeLessThan(d)
      }),
    )
  })

  test('of the network is that of its target', () => {
    expect(networkDifficulty(mainnet, 0x1b01ffff)).toBe(32768)
    expect(networkDifficulty(mainnet, 0x1a1194b4)).toBe(954288)
    expect(networkDifficulty(simnet, 0x2026ad64)).toBe(3)
    expect(networkDifficulty(simnet, 0x207fffff)).toBe(1)
  })

  test('of the network is at least 1 and at most 2^53 - 1, whatever the bits say', () => {
    fc.assert(
      fc.property(network, fc.integer({ min: 0, max: 0xffff_ffff }), (net, bits) => {
        const d = networkDifficulty(net, bits)
        expect(Number.isSafeInteger(d) && d >= 1).toBe(true)
      }),
    )
    expect(networkDifficulty(mainnet, 0)).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('of the lowest hashes is capped', () => {
    expect(hashDifficulty(mainnet, new Uint8Array(32))).toBe(Number.MAX_SAFE_INTEGER)
    expect(hashDifficulty(mainnet, targetBytes(1n))).toBe(Number.MAX_SAFE_INTEGER)
    expect(hashDifficulty(mainnet, new Uint8Array(32).fill(0xff))).toBe(0)
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%d is none', (d) => {
    expect(() => difficultyTarget(mainnet, d)).toThrow(RangeError)
  })
})

describe('target bytes', () => {
  test('are the integer, lowest byte first', () => {
    expect(targetBytes(0x010203n).slice(0, 4)).toEqual(Uint8Array.of(3, 2, 1, 0))
    fc.assert(
      fc.property(hash, (bytes) => {
        const integer = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
        expect(targetBytes(integer)).toEqual(bytes)
      }),
    )
  })

  test('of a target beyond 256 bits let every hash pass', () => {
    expect(targetBytes(compactToTarget(0xff7fffff))).toEqual(new Uint8Array(32).fill(0xff))
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blockHash, headerBits } from '../../../domain/decred/header.ts'
import { displayHash, fromDisplayHash } from '../../../domain/decred/hex.ts'
import { powHash } from '../../../domain/decred/pow-hash.ts'
import { meetsTarget, type PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { compactToTarget, targetBytes } from '../../../domain/decred/target.ts'
import { bytes, vectors } from './vectors.ts'

interface Submission {
  origin: string
  powAlgorithm: PowAlgorithm
  solvedHeader180: string
  powHashDisplay: string
  blockHashDisplay: string
  meetsNetworkTarget: boolean
}

const meetsBits = (hash: Uint8Array, bits: number): boolean =>
  meetsTarget(hash, targetBytes(compactToTarget(bits)))

describe.each(vectors<{ submissions: Submission[] }>('cpu-submissions').submissions)(
  'share of $origin',
  (share) => {
    const raw = bytes(share.solvedHeader180)
    const hash = powHash(share.powAlgorithm, raw)

    test('hashes', () => {
      expect(displayHash(hash)).toBe(share.powHashDisplay)
      expect(blockHash(raw)).toBe(share.blockHashDisplay)
    })

    test('meets the network’s target', () => {
      expect(meetsBits(hash, headerBits(raw))).toBe(share.meetsNetworkTarget)
    })
  },
)

test('gominer’s BLAKE-256 solution hashes to what gominer logged, and meets its bits', () => {
  const found = vectors<{ data192: string; powHashBlake256Display: string; bits: string }>(
    'gominer-v1-submission',
  )
  const raw = bytes(found.data192).subarray(0, 180)
  const hash = powHash('blake256', raw)
  expect(displayHash(hash)).toBe(found.powHashBlake256Display)
  expect(headerBits(raw)).toBe(Number.parseInt(found.bits, 16))
  expect(meetsBits(hash, headerBits(raw))).toBe(true)
})

test.each(
  vectors<{ net: string; header180: string; powHashV1Display: string; powHashV2Display: string }[]>(
    'genesis',
  ),
)('genesis of $net has both proofs of work', (genesis) => {
  expect(displayHash(powHash('blake256', bytes(genesis.header180)))).toBe(genesis.powHashV1Display)
  expect(displayHash(powHash('blake3', bytes(genesis.header180)))).toBe(genesis.powHashV2Display)
})

const checks = vectors<{ hashCheck: [string, string, boolean][] }>('compact-bits').hashCheck
test.each(checks)('hash %s against bits %s: %s', (hash, bits, meets) => {
  const natural = fromDisplayHash(hash) ?? new Uint8Array()
  expect(meetsBits(natural, Number.parseInt(bits, 16))).toBe(meets)
})

const integer = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n })

test('compares as integers of 256 bits', () => {
  fc.assert(
    fc.property(integer, integer, (hash, target) => {
      expect(meetsTarget(targetBytes(hash), targetBytes(target))).toBe(hash <= target)
    }),
  )
})

test('tells neighbours apart at every byte, and equality passes', () => {
  fc.assert(
    fc.property(integer, fc.integer({ min: 0, max: 255 }), (target, bit) => {
      const step = 1n << BigInt(bit)
      expect(meetsTarget(targetBytes(target), targetBytes(target))).toBe(true)
      if (target >= step) expect(meetsTarget(targetBytes(target - step), targetBytes(target))).toBe(true)
      if (target + step < 1n << 256n)
        expect(meetsTarget(targetBytes(target + step), targetBytes(target))).toBe(false)
    }),
  )
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compactToTarget, networkDifficulty, targetToCompact } from '../../domain/decred/target.ts'
import { nextBits, type TimedBlock } from '../../src/devnet/difficulty.ts'
import { chainParameters } from '../../src/devnet/parameters.ts'

const parameters = chainParameters({ blockTimeSeconds: 20, startDifficulty: 1000 })
const limit = parameters.network.powLimitBits
const harder = targetToCompact(compactToTarget(limit) / 1000n)

const block = (height: number, timestamp: number, bits = harder): TimedBlock => ({ height, timestamp, bits })

/** Target of a block on one that took so many seconds, as a multiple of that one's. */
const factor = (seconds: number): number => {
  const bits = nextBits(parameters, block(9, 1000 + seconds), block(8, 1000))
  return Number((compactToTarget(bits) * 10_000n) / compactToTarget(harder)) / 10_000
}

describe('the target of the next block', () => {
  test('block 1 is for anybody, block 2 has the difficulty to start with', () => {
    expect(nextBits(parameters, block(0, 5, limit), undefined)).toBe(limit)
    const second = nextBits(parameters, block(1, 6, limit), block(0, 5, limit))
    expect(networkDifficulty(parameters.network, second)).toBe(1000)
  })

  test('stays when a block took the block time', () => expect(factor(20)).toBeCloseTo(1, 3))

  test('shrinks to 5/6 after a block that took no time, or came from the past', () => {
    expect(factor(0)).toBeCloseTo(5 / 6, 3)
    expect(factor(-300)).toBeCloseTo(5 / 6, 3)
  })

  test('grows to 13/6 after eight block times and not more after a night', () => {
    expect(factor(160)).toBeCloseTo(13 / 6, 3)
    expect(factor(40_000)).toBeCloseTo(13 / 6, 3)
  })

  test('is never beyond the limit', () =>
    expect(nextBits(parameters, block(9, 9_000, limit), block(8, 1000, limit))).toBe(limit))

  test('is always the same without retargeting', () => {
    const fixed = chainParameters({ retarget: false, startDifficulty: 7 })
    for (const seconds of [0, 20, 9000])
      expect(nextBits(fixed, block(9, 1000 + seconds), block(8, 1000))).toBe(fixed.startBits)
  })

  test('follows the hash rate to the block time, from either side', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300, max: 30_000 }),
        fc.infiniteStream(fc.double({ min: 0.001, max: 0.999, noNaN: true })),
        (hashesPerSecond, chances) => {
          let grandparent = block(1, 0, parameters.startBits)
          let parent = block(2, 0, parameters.startBits)
          let took = 0
          for (let height = 3; height < 600; height++) {
            const bits = nextBits(parameters, parent, grandparent)
            const expectedSeconds = (2 * networkDifficulty(parameters.network, bits)) / hashesPerSecond
            const chance: number = chances.next().value
            const seconds = Math.round(-Math.log(chance) * expectedSeconds)
            grandparent = parent
            parent = block(height, parent.timestamp + seconds, bits)
            if (height >= 100) took += seconds
          }
          expect(took / 500).toBeGreaterThan(19)
          expect(took / 500).toBeLessThan(25)
        },
      ),
      { numRuns: 30, seed: 1 },
    )
  })
})

test.each([
  ['blockTimeSeconds', { blockTimeSeconds: 0 }],
  ['coinbaseMaturity', { coinbaseMaturity: 1.5 }],
  ['stakeValidationHeight', { stakeValidationHeight: 2 }],
  ['difficulty', { startDifficulty: 0 }],
])('a chain is not made with a bad %s', (name, options) =>
  expect(() => chainParameters(options)).toThrow(name),
)

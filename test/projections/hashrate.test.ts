import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bucketStart,
  estimateHashrate,
  keptFrom,
  LEVELS,
  levelAt,
  NO_WORK,
  WINDOWS,
  windowSpan,
} from '../../projections/hashrate.ts'

const MAINNET = 2 ** 32

describe('an estimate', () => {
  test('is sum(d) * H / T, and its error sqrt(sum(d^2)) * H / T', () => {
    // 100 + 200 + 200 = 500; 500 * 2^32 / 60 = 35791394133.3; sqrt(10^4 + 2 * 4 * 10^4) = 300; 300 * 2^32 / 60 = 21474836480
    const sums = { difficulty: 500, squares: 90_000, shares: 3, rejected: 7 }
    expect(estimateHashrate(sums, 60, MAINNET)).toEqual({
      seconds: 60,
      hashesPerSecond: '35791394133',
      standardError: '21474836480',
      shares: 3,
      rejected: 7,
    })
  })

  test('of n equal shares is known to one part in sqrt(n)', () => {
    const sums = { difficulty: 400 * 1_000, squares: 400 * 1_000 ** 2, shares: 400, rejected: 0 }
    const { hashesPerSecond, standardError } = estimateHashrate(sums, 3_600, MAINNET)
    expect(Number(hashesPerSecond) / Number(standardError)).toBeCloseTo(20, 6)
  })

  test('stays exact where a double would not', () => {
    const sums = { difficulty: 2 ** 53 - 1, squares: 0, shares: 1, rejected: 0 }
    expect(estimateHashrate(sums, 1, MAINNET).hashesPerSecond).toBe(String((2n ** 53n - 1n) * 2n ** 32n))
  })

  test('of nothing is nothing', () => {
    expect(estimateHashrate(NO_WORK, 60, MAINNET)).toMatchObject({ hashesPerSecond: '0', standardError: '0' })
  })
})

describe('a window', () => {
  const now = 1_790_000_007_500

  test('begins with the bucket that it begins in, and its time is counted from there', () => {
    // 1790000007 - 60 = 1789999947, whose ten seconds begin at ...940.
    expect(windowSpan(WINDOWS.minute, now, 0)).toEqual({ fromBucket: 1_789_999_940, seconds: 67 })
    expect(windowSpan(WINDOWS.day, now, 0)).toEqual({ fromBucket: 1_789_913_400, seconds: 86_607 })
  })

  test('does not count the time before its meter began', () => {
    expect(windowSpan(WINDOWS.hour, now, now - 90_000).seconds).toBe(90)
    expect(windowSpan(WINDOWS.hour, now, now + 5_000).seconds).toBe(1)
  })

  test('is within what its level keeps, with time to spare for two clocks that differ', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2 ** 32, max: 2 ** 42 }),
        fc.integer({ min: 0, max: 10_000 }),
        (clockMs, late) => {
          for (const window of Object.values(WINDOWS)) {
            const { fromBucket } = windowSpan(window, clockMs - late, 0)
            expect(fromBucket).toBeGreaterThanOrEqual(keptFrom(window.level, clockMs))
          }
        },
      ),
    )
  })
})

test('each level divides the next, so that a bucket lies in one bucket of every coarser level', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), (seconds) => {
      for (let level = 1; level < LEVELS.length; level++) {
        const finer = bucketStart(seconds, levelAt(level - 1).seconds)
        expect(bucketStart(finer, levelAt(level).seconds)).toBe(bucketStart(seconds, levelAt(level).seconds))
      }
    }),
  )
  expect(() => levelAt(LEVELS.length)).toThrow(RangeError)
})

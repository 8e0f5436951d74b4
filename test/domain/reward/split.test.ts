import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitExactly, type Weighted } from '../../../domain/reward/split.ts'
import { rewardVectors } from './vectors.ts'

const weighted = (weights: readonly (number | bigint)[]): readonly Weighted[] =>
  weights.map((weight, i) => ({ account: String.fromCharCode(97 + i), weight: BigInt(weight) }))

const whole = fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n })
const weights = fc
  .array(fc.bigInt({ min: 0n, max: 1n << 80n }), { minLength: 1, maxLength: 60 })
  .filter((all) => all.some((weight) => weight > 0n))

describe('published vectors', () => {
  const { dcrpool_share_percentages: percentages, p2poolv2_proportional: p2pool } =
    rewardVectors.payout_arithmetic

  test.each([
    ['equalWeights5x5', [5, 5, 5, 5, 5]],
    ['weights5_10_15_20_25', [5, 10, 15, 20, 25]],
  ] as const)('dcrpool %s', (name, given) => {
    const sum = given.reduce((total: number, weight) => total + weight, 0)
    expect(percentages[name]).toEqual(
      Object.fromEntries(weighted(given).map(({ account, weight }) => [account, `${weight}/${sum}`])),
    )
    // A whole that all the fractions divide: each gets its percentage exactly.
    const atoms = BigInt(sum) * 1_000_000n
    expect(splitExactly(atoms, weighted(given))).toEqual(given.map((weight) => BigInt(weight) * 1_000_000n))
  })

  // p2poolv2 gives the remainder to the last; here ties go to the smaller id. The floors and the sum are the same.
  test.each(p2pool.cases)('p2poolv2 $total over $weights', ({ total, weights: given, expect: parts }) => {
    const split = splitExactly(BigInt(total), weighted(given))
    expect([...split].sort()).toEqual(parts.map(BigInt).sort())
  })

  test('dcrpool: nobody has any weight', () => {
    expect(() => splitExactly(1n, weighted([0, 0, 0, 0, 0]))).toThrow(RangeError)
    expect(() => splitExactly(1n, [])).toThrow(RangeError)
    expect(splitExactly(0n, weighted([0, 0]))).toEqual([0n, 0n])
    expect(splitExactly(0n, [])).toEqual([])
  })
})

test.each<[string, bigint, readonly (number | bigint)[], readonly bigint[]]>([
  ['one takes all', 100n, [7], [100n]],
  ['the atom left over to the largest remainder', 10n, [1, 1, 2], [3n, 2n, 5n]],
  ['ties by account id', 100n, [1, 1, 1], [34n, 33n, 33n]],
  ['two atoms left over', 11n, [1, 1, 1], [4n, 4n, 3n]],
  ['weight of none', 5n, [0, 1], [0n, 5n]],
  ['less than one each', 2n, [1, 1, 1], [1n, 1n, 0n]],
  ['weights beyond 2^64', 3n, [1n << 80n, 1n << 81n], [1n, 2n]],
  ['nothing to split', 0n, [1, 2], [0n, 0n]],
])('%s', (_, atoms, given, parts) => {
  expect(splitExactly(atoms, weighted(given))).toEqual(parts)
})

describe('for any whole and weights', () => {
  test('parts sum to the whole, and none is an atom away from its exact part', () => {
    fc.assert(
      fc.property(whole, weights, (atoms, given) => {
        const parts = splitExactly(atoms, weighted(given))
        const sum = given.reduce((total, weight) => total + weight, 0n)
        expect(parts.reduce((total, part) => total + part, 0n)).toBe(atoms)
        for (const [i, part] of parts.entries()) {
          const floor = (atoms * (given[i] ?? 0n)) / sum
          expect(part === floor || part === floor + 1n).toBe(true)
        }
      }),
    )
  })

  test('scaling all weights changes nothing', () => {
    fc.assert(
      fc.property(whole, weights, fc.bigInt({ min: 1n, max: 1n << 40n }), (atoms, given, scale) => {
        expect(splitExactly(atoms, weighted(given.map((weight) => weight * scale)))).toEqual(
          splitExactly(atoms, weighted(given)),
        )
      }),
    )
  })

  test('the order in which accounts come changes nothing', () => {
    fc.assert(
      fc.property(whole, weights, fc.integer(), (atoms, given, rotation) => {
        const accounts = weighted(given)
        const by = Math.abs(rotation) % accounts.length
        const rotated = [...accounts.slice(by), ...accounts.slice(0, by)]
        const parts = splitExactly(atoms, rotated)
        const byAccount = new Map(rotated.map(({ account }, i) => [account, parts[i]]))
        expect(accounts.map(({ account }) => byAccount.get(account))).toEqual(splitExactly(atoms, accounts))
      }),
    )
  })

  test('more weight is never fewer atoms', () => {
    fc.assert(
      fc.property(whole, weights, (atoms, given) => {
        const parts = splitExactly(atoms, weighted(given))
        for (const [i, a] of given.entries())
          for (const [j, b] of given.entries())
            if (a > b) expect(parts[i]).toBeGreaterThanOrEqual(parts[j] ?? 0n)
      }),
      { numRuns: 50 },
    )
  })
})

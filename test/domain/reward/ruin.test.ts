import { describe, expect, test } from 'vitest'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { ruinProbability } from '../../../domain/reward/ruin.ts'
import { rewardVectors } from './vectors.ts'

const REWARD = toAtoms(5_254_973n)

describe('the published table', () => {
  test.each(rewardVectors.reward_system_tables.pps_reserve.table)(
    'fee $fee, ruin $ruin: $reserveInBlockRewards blocks',
    ({ fee, ruin, reserveInBlockRewards }) => {
      const reserve = BigInt(Math.round(reserveInBlockRewards * Number(REWARD)))
      expect(ruinProbability(reserve, REWARD, Math.round(fee * 1e6)) / ruin).toBeCloseTo(1, 3)
    },
  )

  test('50 coins a block, 5 % fee, one in a thousand: 3,453.88 coins', () => {
    expect(ruinProbability(3_453_88000000n, toAtoms(50_00000000n), 50_000)).toBeCloseTo(0.001, 8)
  })
})

test('without a reserve or without a fee ruin is certain', () => {
  expect(ruinProbability(0n, REWARD, 50_000)).toBe(1)
  expect(ruinProbability(-5n, REWARD, 50_000)).toBe(1)
  expect(ruinProbability(1_000_000_000n, REWARD, 0)).toBe(1)
})

test('emulated: a reserve of a tenth of what is safe is ruined about as often as said', () => {
  let seed = 5
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return (seed + 0.5) / 2 ** 32
  }
  const fee = 0.05
  // e^(-2 * 0.05 * 12) = 0.30 of those with twelve blocks of reserve. Blocks come at the end of exponential times.
  const RESERVE = 12
  let ruined = 0
  const RUNS = 4_000
  for (let run = 0; run < RUNS; run++) {
    let reserve = RESERVE
    for (let block = 0; block < 1_500 && reserve > 0 && reserve < 120; block++) {
      reserve += (1 - fee) * Math.log(random())
      if (reserve > 0) reserve += 1
    }
    if (reserve <= 0) ruined++
  }
  const said = ruinProbability(BigInt(RESERVE) * 1_000n, toAtoms(1_000n), fee * 1e6)
  expect(said).toBeCloseTo(0.3012, 3)
  // The formula is for small steps; one step here is a twelfth of the reserve.
  expect(ruined / RUNS / said).toBeGreaterThan(0.85)
  expect(ruined / RUNS / said).toBeLessThan(1.1)
})

import type { Atoms } from '../decred/amount.ts'

/**
 * How long a pay-per-share pool lasts. Its reserve is a random walk: up by a block's reward now and then, down by what shares are
 * paid. Estimates for people, in floating point: nothing is booked by them. Source: Rosenfeld, arXiv:1112.4980, on PPS.
 */

/**
 * Probability that a reserve ever runs out: e^(-2 f R / B), 1 when there is none left. `reserve` is what the operator has put
 * aside and the balance of `pool:reserve` together; it may be negative.
 */
export const ruinProbability = (reserve: bigint, blockReward: Atoms, feePpm: number): number =>
  reserve <= 0n ? 1 : Math.exp((-2 * (feePpm / 1e6) * Number(reserve)) / Number(blockReward))

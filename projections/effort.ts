import type { Network } from '../domain/decred/network.ts'
import { compactToTarget } from '../domain/decred/target.ts'

/**
 * Work relative to a network: 1 is what finds one block on average. Kept as an integer of 2^-96 parts, so that sums are exact
 * and one unit of difficulty against the hardest target still counts with nine digits.
 */
const EFFORT_BITS = 96n

/** Effort, in 2^-96, of one unit of difficulty under these bits: the chance that its hashes hold a block. */
export const effortPerDifficulty = (network: Network, bits: number): bigint =>
  ((compactToTarget(bits) + 1n) << EFFORT_BITS) / (network.powLimit + 1n)

/** Effort as a number with six decimals; 0 for a negative one, which only blocks recorded out of order can have. */
export const effortRatio = (effort: bigint): number =>
  effort <= 0n ? 0 : Number((effort * 1_000_000n) >> EFFORT_BITS) / 1_000_000

/** Blocks found for each block that the effort made likely, six decimals; null when there was no effort. */
export const luckRatio = (blocks: number, effort: bigint): number | null =>
  effort <= 0n ? null : Number(((BigInt(blocks) * 1_000_000n) << EFFORT_BITS) / effort) / 1_000_000

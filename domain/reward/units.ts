import type { Network } from '../decred/network.ts'
import { compactToTarget, difficultyTarget } from '../decred/target.ts'

/** Units of a share that is as hard as a block: 2^64. Units are work relative to the network at the share's own job. */
export const BLOCK_UNITS = 1n << 64n

/**
 * Units that a share proves: floor(T_net * 2^64 / T_share), with T_net the target of its job's bits and T_share that of its
 * difficulty. A later change of either difficulty changes nothing of it. Source: Rosenfeld, arXiv:1112.4980, unit-PPLNS.
 *
 * @throws RangeError unless the difficulty is an integer of at least 1, or when the share is harder than a block, which
 * no pool of this program has accepted.
 */
export function shareUnits(network: Network, bits: number, difficulty: number): bigint {
  const units = (compactToTarget(bits) * BLOCK_UNITS) / difficultyTarget(network, difficulty)
  if (units > BLOCK_UNITS)
    throw new RangeError(`a share of difficulty ${difficulty} is harder than the network at bits ${bits}`)
  return units
}

/** Difficulties remembered for each bits: connections have one each, and 10,000 of them are many. */
const CACHED_MAX = 65_536

/** {@link shareUnits} on one network, remembered: dividing 288 bits for each share would cost more than all the rest. */
export function cachedShareUnits(network: Network): (bits: number, difficulty: number) => bigint {
  const known = new Map<number, Map<number, bigint>>()
  let size = 0
  return (bits, difficulty) => {
    const cached = known.get(bits)?.get(difficulty)
    if (cached !== undefined) return cached
    if (size++ >= CACHED_MAX) {
      known.clear()
      size = 1
    }
    const units = shareUnits(network, bits, difficulty)
    const ofBits = known.get(bits) ?? new Map<number, bigint>()
    known.set(bits, ofBits.set(difficulty, units))
    return units
  }
}

/**
 * Units that shares of a total difficulty prove at least, when no job among them was harder than these bits. Each share
 * loses less than one unit to rounding.
 */
export function unitsAtLeast(network: Network, bits: number, shares: number, difficulty: bigint): bigint {
  const units = (compactToTarget(bits) * BLOCK_UNITS * difficulty) / network.powLimit - BigInt(shares)
  return units > 0n ? units : 0n
}

import { compactToTarget, targetToCompact } from '../../domain/decred/target.ts'
import type { ChainParameters } from './parameters.ts'

/** Blocks over which one block's time is averaged. Six follow a change of hash rate within a dozen blocks. */
const WINDOW_BLOCKS = 6n

/** A block that took longer counts as this many block times: a night without miners must not make the next day a race. */
const LONGEST_BLOCK_TIMES = 8n

/** What the rule needs to know of a block. */
export interface TimedBlock {
  readonly height: number
  /** Compact target. */
  readonly bits: number
  /** Unix seconds. */
  readonly timestamp: number
}

/**
 * Compact target that a block on `parent` must have. An exponential moving average in integers: the target grows or
 * shrinks by (time of the parent - block time) / (6 block times), between 5/6 and 13/6, and never beyond simnet's limit.
 * Not dcrd's rule (ASERT from a fixed start), which would answer a pause with hours of instant blocks.
 */
export function nextBits(
  parameters: ChainParameters,
  parent: TimedBlock,
  grandparent: TimedBlock | undefined,
): number {
  const { network, startBits, retarget } = parameters
  if (parent.height === 0) return network.powLimitBits
  if (parent.height === 1 || grandparent === undefined || !retarget) return startBits
  const blockTime = BigInt(network.blockTimeSeconds)
  const took = clamp(BigInt(parent.timestamp - grandparent.timestamp), 0n, LONGEST_BLOCK_TIMES * blockTime)
  const window = WINDOW_BLOCKS * blockTime
  const target = (compactToTarget(parent.bits) * (window + took - blockTime)) / window
  const limit = compactToTarget(network.powLimitBits)
  return targetToCompact(target > limit ? limit : target)
}

function clamp(value: bigint, min: bigint, max: bigint): bigint {
  if (value < min) return min
  return value > max ? max : value
}

import { type Network, networks } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { difficultyTarget, targetToCompact } from '../../domain/decred/target.ts'

/**
 * Difficulty of block 2, in simnet's unit of two hashes: half a million hashes. Four slow miners (100 kH/s in all) then
 * find a first block in 5 s on average, and a machine ten times faster is slowed down within a few blocks.
 */
const START_DIFFICULTY = 250_000

/** Seconds between blocks of the demo: often enough to watch, slow enough for a hundred shares in between. */
const BLOCK_TIME_SECONDS = 20

/**
 * Votes from block 3 on, so that blocks are approved and disapproved from the start. simnet's own rule: 144. Not sooner:
 * votes earn a part of what the block they are about creates, and block 1 creates all the initial coins.
 */
const STAKE_VALIDATION_HEIGHT = 3

/** What an operator of a devnet may choose about its chain. */
export interface ChainOptions {
  /** `blake3` (dcrd 2.1) when not given, or `blake256` (dcrd 1.7, the time of the ASICs). */
  readonly powAlgorithm?: PowAlgorithm
  readonly blockTimeSeconds?: number
  /** Blocks on a coinbase before it may be spent: 16, simnet's, when not given; mainnet's is 256. */
  readonly coinbaseMaturity?: number
  /** First height whose blocks carry votes: 3 when not given, and at least. */
  readonly stakeValidationHeight?: number
  /** Difficulty of block 2, where the chain has none yet; 1 is the least, and solved by every second hash. */
  readonly startDifficulty?: number
  /** False keeps every block of a new chain at the starting difficulty, however fast they come. */
  readonly retarget?: boolean
}

/** The rules of one devnet. */
export interface ChainParameters {
  /** simnet, with this chain's block time, maturity and first votes. */
  readonly network: Network
  readonly powAlgorithm: PowAlgorithm
  /** Compact target of block 2. */
  readonly startBits: number
  readonly retarget: boolean
}

/**
 * Completes the choices of an operator to the rules of a chain.
 *
 * @throws RangeError when a choice makes no chain.
 */
export function chainParameters(options: ChainOptions): ChainParameters {
  const { simnet } = networks
  return {
    network: {
      ...simnet,
      blockTimeSeconds: atLeast(1, 'blockTimeSeconds', options.blockTimeSeconds ?? BLOCK_TIME_SECONDS),
      coinbaseMaturity: atLeast(1, 'coinbaseMaturity', options.coinbaseMaturity ?? simnet.coinbaseMaturity),
      stakeValidationHeight: atLeast(
        STAKE_VALIDATION_HEIGHT,
        'stakeValidationHeight',
        options.stakeValidationHeight ?? STAKE_VALIDATION_HEIGHT,
      ),
    },
    powAlgorithm: options.powAlgorithm ?? 'blake3',
    startBits: targetToCompact(difficultyTarget(simnet, options.startDifficulty ?? START_DIFFICULTY)),
    retarget: options.retarget ?? true,
  }
}

function atLeast(min: number, name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < min)
    throw new RangeError(`${name} of a devnet must be a whole number from ${min} on, not ${value}.`)
  return value
}

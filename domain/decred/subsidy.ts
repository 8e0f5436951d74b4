import * as t from 'io-ts'
import type { Network } from './network.ts'

/**
 * How new coins are shared between miner, voters and treasury: 60/30/10 at the start, 10/80/10 since DCP0010, 1/89/10
 * since DCP0012. Each network's voters decide when.
 */
export const SubsidySplit = t.keyof({ original: null, dcp0010: null, dcp0012: null })
export type SubsidySplit = t.TypeOf<typeof SubsidySplit>

/** Percent of a block's subsidy by split. */
const PERCENT: { readonly [S in SubsidySplit]: { readonly work: bigint; readonly votes: bigint } } = {
  original: { work: 60n, votes: 30n },
  dcp0010: { work: 10n, votes: 80n },
  dcp0012: { work: 1n, votes: 89n },
}
const TREASURY_PERCENT = 10n

/** All the coins that a block of this height may create, in atoms. 0n for the genesis block. */
export function fullSubsidy(network: Network, height: number): bigint {
  const { baseAtoms, intervalBlocks, blockOneAtoms } = network.subsidy
  if (height <= 0) return 0n
  if (height === 1) return blockOneAtoms
  let atoms = baseAtoms
  // Rounded down at each step, as consensus does; it reaches zero after some 2 000 steps, whatever the height.
  for (let n = Math.floor(height / intervalBlocks); n > 0 && atoms > 0n; n--) atoms = (atoms * 100n) / 101n
  return atoms
}

/**
 * The miner's part of a block's subsidy, in atoms, without fees. Fewer votes earn less; without a majority of votes,
 * where votes are needed, nothing: such a block is invalid.
 */
export function workSubsidy(network: Network, height: number, voters: number, split: SubsidySplit): bigint {
  if (height === 1) return network.subsidy.blockOneAtoms
  if (!hasVotes(network, height, voters)) return 0n
  return lessenByVotes(network, height, voters, percent(fullSubsidy(network, height), PERCENT[split].work))
}

/**
 * What each vote for the block at a height earns, in atoms; the vote itself is in the next block. Not lessened when
 * fewer than all vote.
 */
export function voteSubsidy(network: Network, height: number, split: SubsidySplit): bigint {
  if (height < network.stakeValidationHeight - 1) return 0n
  return (fullSubsidy(network, height) * PERCENT[split].votes) / (100n * BigInt(network.votesPerBlock))
}

/** How the treasury is paid: by an output of the coinbase, or since DCP0006 by a transaction of its own. */
export type TreasuryRule = 'coinbase-output' | 'own-transaction'

/** The treasury's part of a block's subsidy, in atoms. Since DCP0006 it is not lessened by missing votes. */
export function treasurySubsidy(
  network: Network,
  height: number,
  voters: number,
  rule: TreasuryRule,
): bigint {
  if (height <= 1 || !hasVotes(network, height, voters)) return 0n
  const whole = percent(fullSubsidy(network, height), TREASURY_PERCENT)
  return rule === 'own-transaction' ? whole : lessenByVotes(network, height, voters, whole)
}

const percent = (atoms: bigint, part: bigint): bigint => (atoms * part) / 100n

/** Says whether a block has the majority of votes that makes it valid, or needs none yet. */
const hasVotes = (network: Network, height: number, voters: number): boolean =>
  height < network.stakeValidationHeight || voters > network.votesPerBlock / 2

const lessenByVotes = (network: Network, height: number, voters: number, atoms: bigint): bigint =>
  height < network.stakeValidationHeight ? atoms : (atoms * BigInt(voters)) / BigInt(network.votesPerBlock)

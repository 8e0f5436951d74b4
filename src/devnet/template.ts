import { encodeBlock } from '../../domain/decred/block.ts'
import { encodeHeader, HEADER_BYTES, type Header } from '../../domain/decred/header.ts'
import { displayHash, fromDisplayHash } from '../../domain/decred/hex.ts'
import { combinedRoot, transactionsRoot } from '../../domain/decred/merkle.ts'
import type { Transaction } from '../../domain/decred/transaction.ts'
import type { ChainParameters } from './parameters.ts'
import { releases } from './release.ts'
import type { Spending } from './spending.ts'
import { APPROVE, coinbase, initialCoinbase, TICKET_ATOMS, treasurybase, vote } from './transactions.ts'

/** What a new block is built from. */
export interface TemplateSource {
  readonly parent: { readonly hash: string; readonly height: number }
  readonly bits: number
  /** Unix seconds. */
  readonly timestamp: number
  /** Votes on the parent; without effect below the height where voting begins. */
  readonly voters: number
  /** False when the voters disapprove the parent's regular transactions. */
  readonly approves: boolean
  /** Transactions that are valid on the parent, each after those whose outputs it spends. */
  readonly payments: readonly Spending[]
  /** Where the reward and the fees go. */
  readonly script: Uint8Array
  /** 8 random bytes for the coinbase and 8 for the treasurybase. */
  readonly random16: Uint8Array
}

/** A block that lacks its proof of work. */
export interface Template {
  /** 180 bytes with nonce and extra data 0. */
  readonly header: Uint8Array
  /** Everything of the block behind its header. */
  readonly body: Uint8Array
}

/** Builds the next block on a parent. */
export function buildTemplate(parameters: ChainParameters, source: TemplateSource): Template {
  const height = source.parent.height + 1
  const voting = height >= parameters.network.stakeValidationHeight
  const voters = voting ? source.voters : 0
  const payments = source.payments.map(({ transaction }) => transaction)
  const transactions = [firstTransaction(parameters, source, voters), ...payments]
  const stakeTransactions = height === 1 ? [] : stakeTree(parameters, source, voters)
  const header: Header = {
    version: releases[parameters.powAlgorithm].blockVersion,
    previousBlock: source.parent.hash,
    merkleRoot: displayHash(combinedRoot(transactions, stakeTransactions)),
    // dcrd commits to a filter of the block's scripts here, which nobody asks of a devnet.
    stakeRoot: displayHash(transactionsRoot(stakeTransactions)),
    voteBits: voting && !source.approves ? 0 : APPROVE,
    finalState: '0'.repeat(12),
    voters,
    freshStake: 0,
    revocations: 0,
    poolSize: 0,
    bits: source.bits,
    stakeDifficulty: TICKET_ATOMS,
    height,
    size: 0,
    timestamp: source.timestamp,
    nonce: 0,
    extraData: '0'.repeat(64),
    stakeVersion: 0,
  }
  const block = encodeBlock({ header, transactions, stakeTransactions })
  return { header: encodeHeader({ ...header, size: block.length }), body: block.slice(HEADER_BYTES) }
}

function firstTransaction(parameters: ChainParameters, source: TemplateSource, voters: number): Transaction {
  const height = source.parent.height + 1
  if (height === 1) return initialCoinbase(parameters)
  const { stakeValidationHeight, votesPerBlock } = parameters.network
  const fees = source.payments.reduce((sum, { fee }) => sum + fee, 0n)
  // Missing votes lessen the fees as they lessen the subsidy.
  const earned = height < stakeValidationHeight ? fees : (fees * BigInt(voters)) / BigInt(votesPerBlock)
  return coinbase(parameters, height, voters, earned, source.script, source.random16.subarray(0, 8))
}

function stakeTree(
  parameters: ChainParameters,
  source: TemplateSource,
  voters: number,
): readonly Transaction[] {
  const { parent, approves, random16 } = source
  const hash = fromDisplayHash(parent.hash)
  if (hash === undefined) throw new RangeError(`${parent.hash} is not the hash of a block`)
  const votes = Array.from({ length: voters }, (_, index) =>
    vote(parameters, { hash, height: parent.height }, index, approves),
  )
  return [treasurybase(parameters, parent.height + 1, voters, random16.subarray(8, 16)), ...votes]
}

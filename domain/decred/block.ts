import * as E from 'fp-ts/lib/Either.js'
import { decodeHeader, encodeHeader, HEADER_BYTES, type Header } from './header.ts'
import { type DecodeError, Reader } from './reader.ts'
import {
  encodeTransaction,
  isCoinbase,
  readTransaction,
  TRANSACTION_BYTES_MIN,
  type Transaction,
  transactionId,
} from './transaction.ts'
import { Writer } from './writer.ts'

/** A whole block: its header and its two trees of transactions, in order. */
export interface Block {
  readonly header: Header
  readonly transactions: readonly Transaction[]
  /** Votes, tickets, revocations and the treasury's. */
  readonly stakeTransactions: readonly Transaction[]
}

/** Reads one serialized block, all of the bytes. Says nothing of whether the block is valid, nor of its Merkle root. */
export function decodeBlock(bytes: Uint8Array): E.Either<DecodeError, Block> {
  const reader = new Reader(bytes)
  const header = decodeHeader(reader.bytes(HEADER_BYTES, 'the header'))
  const transactions = readTransactions(reader, 'transactions')
  const stakeTransactions = readTransactions(reader, 'stake transactions')
  reader.end()
  if (reader.error !== undefined) return E.left(reader.error)
  return E.map((h: Header): Block => ({ header: h, transactions, stakeTransactions }))(header)
}

function readTransactions(reader: Reader, what: string): readonly Transaction[] {
  const count = reader.count(what, TRANSACTION_BYTES_MIN)
  const transactions: Transaction[] = []
  // A refused message ends the loop: nothing behind the fault means anything.
  while (transactions.length < count && reader.error === undefined) transactions.push(readTransaction(reader))
  return transactions
}

/** Writes a block as nodes send it. */
export function encodeBlock(block: Block): Uint8Array {
  const writer = new Writer()
  writer.bytes(encodeHeader(block.header))
  for (const transactions of [block.transactions, block.stakeTransactions]) {
    writer.count(transactions.length)
    for (const transaction of transactions) writer.bytes(encodeTransaction(transaction))
  }
  return writer.result()
}

/** What a block pays its miner: one output of its coinbase. */
export interface WorkReward {
  /** Transaction id of the coinbase, display hex. */
  readonly transaction: string
  readonly output: number
  readonly atoms: bigint
}

/** Why a block pays no miner. */
export interface RewardError {
  readonly kind: 'no-coinbase' | 'too-early' | 'no-reward-output'
  readonly message: string
}

/** Coinbases from this version on leave the treasury's part to a transaction of its own (DCP0006). */
const TREASURY_VERSION = 3

/**
 * Finds what a block pays its miner: output 1 of the coinbase since the treasury has a transaction of its own, output 2
 * before. Subsidy and fees together.
 */
export function workReward(block: Block): E.Either<RewardError, WorkReward> {
  const { height } = block.header
  const [coinbase] = block.transactions
  if (coinbase === undefined || !isCoinbase(coinbase))
    return E.left({ kind: 'no-coinbase', message: `Block ${height} does not begin with a coinbase.` })
  if (height <= 1)
    return E.left({
      kind: 'too-early',
      message: `Block ${height} pays no miner: the chain pays them from block 2 on.`,
    })
  const output = coinbase.version >= TREASURY_VERSION ? 1 : 2
  const reward = coinbase.outputs[output]
  if (reward === undefined)
    return E.left({
      kind: 'no-reward-output',
      message: `The coinbase of block ${height} has no output ${output}.`,
    })
  return E.right({ transaction: transactionId(coinbase), output, atoms: reward.atoms })
}

import * as E from 'fp-ts/lib/Either.js'
import { decodeHeader, type Header } from '../../domain/decred/header.ts'
import { displayHash, toHex } from '../../domain/decred/hex.ts'
import type { Network } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { compactToTarget } from '../../domain/decred/target.ts'
import {
  encodeTransaction,
  type Input,
  isCoinbase,
  type Transaction,
  transactionId,
} from '../../domain/decred/transaction.ts'
import type { ChainBlock } from './block-tree.ts'
import { type Chain, decoded, type FoundTransaction } from './chain.ts'
import { releases } from './release.ts'
import type { Json } from './rpc-json.ts'
import { describeScript, disassemble } from './rpc-script.ts'

/** An amount as dcrd's JSON carries it: a float of DCR. */
export const dcr = (atoms: bigint): number => Number(atoms) / 1e8

/** Difficulty as dcrd prints it: the limit's compact target over this one, to eight decimals. */
export function difficultyRatio(network: Network, bits: number): number {
  const limit = compactToTarget(network.powLimitBits)
  const target = compactToTarget(bits)
  return Number((2n * limit * 100_000_000n + target) / (2n * target)) / 1e8
}

/** A number of hashes as 64 hex digits. */
export const workHex = (work: bigint): string => work.toString(16).padStart(64, '0')

/** Result of `getblockheader`, verbose. `name` is the hash as it was asked for. */
export function describeHeader(chain: Chain, block: ChainBlock, name: string): Json {
  const header = headerOf(block)
  return {
    ...identity(chain, block, name),
    version: header.version,
    merkleroot: header.merkleRoot,
    stakeroot: header.stakeRoot,
    ...ballot(header),
    bits: header.bits.toString(16),
    sbits: dcr(header.stakeDifficulty),
    height: header.height,
    size: header.size,
    ...times(chain, block, header),
    extradata: header.extraData,
    ...place(chain, block, header),
  }
}

/** Result of `getblock`, verbose, with the ids of its transactions or, on request, all of them. */
export function describeBlock(
  chain: Chain,
  block: ChainBlock,
  name: string,
  withTransactions: boolean,
): Json {
  const { header, transactions, stakeTransactions } = decoded(block)
  const whole = (tree: 0 | 1) => (transaction: Transaction, index: number) =>
    describeTransaction(chain, { transaction, block, tree, index })
  const stake = stakeTransactions.length > 0
  return {
    ...identity(chain, block, name),
    size: header.size,
    height: header.height,
    version: header.version,
    merkleroot: header.merkleRoot,
    stakeroot: header.stakeRoot,
    ...(withTransactions
      ? { rawtx: transactions.map(whole(0)), rawstx: stake ? stakeTransactions.map(whole(1)) : undefined }
      : {
          tx: transactions.map(transactionId),
          stx: stake ? stakeTransactions.map(transactionId) : undefined,
        }),
    ...times(chain, block, header),
    ...ballot(header),
    bits: header.bits.toString(16),
    sbits: dcr(header.stakeDifficulty),
    extradata: header.extraData,
    ...place(chain, block, header),
  }
}

/** A transaction of a block, or one that waits for its block. */
type AnyTransaction =
  | FoundTransaction
  | (Pick<FoundTransaction, 'transaction' | 'tree'> & { readonly block?: undefined })

/** Result of `getrawtransaction`, verbose. */
export function describeTransaction(chain: Chain, found: AnyTransaction): Json {
  const { transaction, tree } = found
  return {
    hex: toHex(encodeTransaction(transaction)),
    txid: transactionId(transaction),
    version: transaction.version,
    locktime: transaction.lockTime,
    expiry: transaction.expiry,
    vin: transaction.inputs.map((input, at) => describeInput(transaction, tree, input, at)),
    vout: transaction.outputs.map((output, n) => ({
      value: dcr(output.atoms),
      n,
      version: output.scriptVersion,
      scriptPubKey: describeScript(output.script, output.scriptVersion, chain.parameters.network),
    })),
    ...(found.block === undefined ? {} : whereFound(chain, found)),
  }
}

const whereFound = (
  chain: Chain,
  { block, index }: FoundTransaction,
): { readonly [key: string]: Json | undefined } => ({
  blockhash: block.hash,
  blockheight: block.height === 0 ? undefined : block.height,
  blockindex: index === 0 ? undefined : index,
  confirmations: chain.confirmations(block),
  time: block.timestamp,
  blocktime: block.timestamp,
})

function describeInput(transaction: Transaction, tree: 0 | 1, input: Input, at: number): Json {
  const { previous, sequence, signatureScript } = input
  const rest = {
    sequence,
    amountin: dcr(input.atoms),
    blockheight: input.blockHeight,
    blockindex: input.blockIndex,
  }
  if (isCoinbase(transaction))
    return tree === 1 ? { treasurybase: true, ...rest } : { coinbase: toHex(signatureScript), ...rest }
  if (tree === 1 && at === 0 && previous.output === 0xffff_ffff)
    return { stakebase: toHex(signatureScript), ...rest }
  return {
    txid: previous.transaction,
    vout: previous.output,
    tree: previous.tree,
    ...rest,
    scriptSig: { asm: disassemble(signatureScript), hex: toHex(signatureScript) },
  }
}

function identity(
  chain: Chain,
  block: ChainBlock,
  name: string,
): { readonly [key: string]: Json | undefined } {
  const { powAlgorithm } = chain.parameters
  // The genesis block was there before any vote on the proof of work.
  const algorithm = block.parent === undefined ? 'blake256' : powAlgorithm
  return {
    hash: name,
    powhash: releases[powAlgorithm].showsPowHash ? displayHash(powHash(algorithm, block.header)) : undefined,
    confirmations: chain.confirmations(block),
  }
}

const ballot = (header: Header): { readonly [key: string]: Json } => ({
  votebits: header.voteBits,
  finalstate: header.finalState,
  voters: header.voters,
  freshstake: header.freshStake,
  revocations: header.revocations,
  poolsize: header.poolSize,
})

const times = (chain: Chain, block: ChainBlock, header: Header): { readonly [key: string]: Json } => ({
  time: header.timestamp,
  mediantime: chain.medianTime(block),
  nonce: header.nonce,
})

const place = (
  chain: Chain,
  block: ChainBlock,
  header: Header,
): { readonly [key: string]: Json | undefined } => ({
  stakeversion: header.stakeVersion,
  difficulty: difficultyRatio(chain.parameters.network, header.bits),
  chainwork: workHex(block.work),
  previousblockhash: header.previousBlock,
  nextblockhash: chain.next(block)?.hash,
})

function headerOf(block: ChainBlock): Header {
  const header = decodeHeader(block.header)
  if (E.isLeft(header)) throw new Error(`the header of ${block.hash} does not decode: ${header.left.message}`)
  return header.right
}

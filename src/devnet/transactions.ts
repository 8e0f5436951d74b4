import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { blake256 } from '../../domain/decred/hash.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { treasurySubsidy, voteSubsidy, workSubsidy } from '../../domain/decred/subsidy.ts'
import type { Input, Output, Transaction } from '../../domain/decred/transaction.ts'
import { Writer } from '../../domain/decred/writer.ts'
import type { ChainParameters } from './parameters.ts'
import { releases } from './release.ts'
import { payToKeyHash } from './signature.ts'

/** Price of a ticket, the lowest there is on simnet, in atoms. */
export const TICKET_ATOMS = 20_000n

/** Coinbases and treasurybases since DCP0006. */
const TREASURY_VERSION = 3

/** Version of the rules that a vote knows; a uint32. */
const VOTE_VERSION = [0, 0, 0, 0]

const OP_RETURN = 0x6a
const OP_SSGEN = 0xbb
/** Script of the treasury's income. */
export const OP_TADD = 0xc1

/** Bit 0 of a vote, and of a header's vote bits: the regular transactions of the block before are approved. */
export const APPROVE = 1

/** dcrd's mark in a coinbase: an empty push twice, and its name. */
const COINBASE_SIGNATURE = concatBytes(Uint8Array.of(0, 0), utf8ToBytes('/dcrd/'))
const STAKEBASE_SIGNATURE = Uint8Array.of(0, 0)
const NO_SIGNATURE = new Uint8Array(0)

/** Who is given simnet's initial coins by block 1, 100 000 DCR each: hashes of three public keys. */
const INITIAL_COINS = [
  '94ff37a0ee4d48abc45f70474f9b86f9da69a709',
  'a6753ebbc08e2553e7dd6d64bdead4bcbff4fcf1',
  '7aa3211c2ead810bbf5911c275c69cc196202bd8',
]

/** The coinbase of block 1: simnet's initial coins and no reward. */
export function initialCoinbase(parameters: ChainParameters): Transaction {
  const atoms = parameters.network.subsidy.blockOneAtoms
  const share = atoms / BigInt(INITIAL_COINS.length)
  return {
    ...plain,
    version: 1,
    inputs: [nothingSpent(atoms, COINBASE_SIGNATURE)],
    outputs: INITIAL_COINS.map((hash) => output(share, payToKeyHash(fromHex(hash) ?? NO_SIGNATURE))),
  }
}

/**
 * The coinbase of a later block: output 0 holds the height and 8 random bytes, which make it unique; output 1 pays the
 * miner's subsidy, and fees of so many atoms, to `script`.
 */
export function coinbase(
  parameters: ChainParameters,
  height: number,
  voters: number,
  fees: bigint,
  script: Uint8Array,
  random8: Uint8Array,
): Transaction {
  const { network, powAlgorithm } = parameters
  const atoms = workSubsidy(network, height, voters, releases[powAlgorithm].subsidySplit)
  return {
    ...plain,
    version: TREASURY_VERSION,
    inputs: [nothingSpent(atoms, COINBASE_SIGNATURE)],
    outputs: [output(0n, heightData(height, random8)), output(atoms + fees, script)],
  }
}

/** The treasury's subsidy: first of a block's stake transactions. */
export function treasurybase(
  parameters: ChainParameters,
  height: number,
  voters: number,
  random8: Uint8Array,
): Transaction {
  const atoms = treasurySubsidy(parameters.network, height, voters, 'own-transaction')
  return {
    ...plain,
    version: TREASURY_VERSION,
    inputs: [nothingSpent(atoms, NO_SIGNATURE)],
    outputs: [output(atoms, Uint8Array.of(OP_TADD)), output(0n, heightData(height, random8))],
  }
}

/** The block that a vote is about. `hash` is 32 bytes in the order of the chain. */
export interface VotedBlock {
  readonly hash: Uint8Array
  readonly height: number
}

/**
 * One of the votes on a block, of the form of a real one. Its ticket is made up: this chain has no ticket pool, and
 * nobody can spend what the vote earns.
 */
export function vote(
  parameters: ChainParameters,
  block: VotedBlock,
  index: number,
  approves: boolean,
): Transaction {
  const { network, powAlgorithm } = parameters
  const ticket = blake256(concatBytes(utf8ToBytes('ticket'), block.hash, Uint8Array.of(index)))
  const earned = voteSubsidy(network, block.height, releases[powAlgorithm].subsidySplit)
  return {
    ...plain,
    version: 1,
    inputs: [
      nothingSpent(earned, STAKEBASE_SIGNATURE),
      {
        previous: { transaction: toHex(ticket), output: 0, tree: 1 },
        sequence: 0xffff_ffff,
        atoms: TICKET_ATOMS,
        blockHeight: 0,
        blockIndex: 0,
        signatureScript: NO_SIGNATURE,
      },
    ],
    outputs: [
      output(0n, data(concatBytes(block.hash, uint32(block.height)))),
      output(0n, data(Uint8Array.of(approves ? APPROVE : 0, 0, ...VOTE_VERSION))),
      output(
        TICKET_ATOMS + earned,
        concatBytes(Uint8Array.of(OP_SSGEN), payToKeyHash(ticket.subarray(0, 20))),
      ),
    ],
  }
}

const plain = { lockTime: 0, expiry: 0 }

const nothingSpent = (atoms: bigint, signatureScript: Uint8Array): Input => ({
  previous: { transaction: '0'.repeat(64), output: 0xffff_ffff, tree: 0 },
  sequence: 0xffff_ffff,
  atoms,
  blockHeight: 0,
  blockIndex: 0xffff_ffff,
  signatureScript,
})

const output = (atoms: bigint, script: Uint8Array): Output => ({ atoms, scriptVersion: 0, script })

const heightData = (height: number, random8: Uint8Array): Uint8Array =>
  data(concatBytes(uint32(height), random8))

/** A script that only carries data, up to 75 bytes. */
const data = (bytes: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(OP_RETURN, bytes.length), bytes)

function uint32(value: number): Uint8Array {
  const writer = new Writer()
  writer.uint32(value)
  return writer.result()
}

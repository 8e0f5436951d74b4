import * as E from 'fp-ts/lib/Either.js'
import { blake256 } from './blake256.ts'
import { uint16At, uint32At } from './bytes.ts'
import { displayHash, fromDisplayHash, fromHex, toHex } from './hex.ts'
import type { DecodeError } from './reader.ts'

/** Length of a block header. */
export const HEADER_BYTES = 180

/** Offset of the version: int32. */
export const VERSION_OFFSET = 0
/** Offset of the previous block: hash of the parent, 32 bytes in the order of the chain. */
export const PREVIOUS_BLOCK_OFFSET = 4
/** Offset of the Merkle root: root of the transactions, 32 bytes. */
export const MERKLE_ROOT_OFFSET = 36
/** Offset of the stake root: root of the commitments, 32 bytes. */
export const STAKE_ROOT_OFFSET = 68
/** Offset of the vote bits: uint16. */
export const VOTE_BITS_OFFSET = 100
/** Offset of the final state: 6 bytes. */
export const FINAL_STATE_OFFSET = 102
/** Offset of the number of voters: uint16. */
export const VOTERS_OFFSET = 108
/** Offset of the number of tickets bought: uint8. */
export const FRESH_STAKE_OFFSET = 110
/** Offset of the number of revocations: uint8. */
export const REVOCATIONS_OFFSET = 111
/** Offset of the number of live tickets: uint32. */
export const POOL_SIZE_OFFSET = 112
/** Offset of the bits: compact target, uint32. */
export const BITS_OFFSET = 116
/** Offset of the ticket price: atoms, int64. */
export const STAKE_DIFFICULTY_OFFSET = 120
/** Offset of the height: uint32. */
export const HEIGHT_OFFSET = 128
/** Offset of the size: uint32. */
export const SIZE_OFFSET = 132
/** Offset of the timestamp: Unix seconds, uint32. From here to the extra data is what a miner may change. */
export const TIMESTAMP_OFFSET = 136
/** Offset of the nonce: uint32. */
export const NONCE_OFFSET = 140
/** Offset of the extra data: 32 bytes that are the miner's: the extranonces live here. */
export const EXTRA_DATA_OFFSET = 144
/** Offset of the stake version: uint32. */
export const STAKE_VERSION_OFFSET = 176

/** A block header by its fields. Hashes are display hex; `finalState` (6 bytes) and `extraData` (32) hex as serialized. */
export interface Header {
  /** int32 */
  readonly version: number
  readonly previousBlock: string
  /** Root over both trees of transactions since DCP0005, over the regular tree before. */
  readonly merkleRoot: string
  /** Root of the block's commitments since DCP0005, of the stake tree before. */
  readonly stakeRoot: string
  /** Bit 0: the voters approve the regular transactions of the block before. */
  readonly voteBits: number
  readonly finalState: string
  readonly voters: number
  /** Tickets bought. */
  readonly freshStake: number
  /** Tickets revoked. */
  readonly revocations: number
  /** Live tickets. */
  readonly poolSize: number
  /** Target of the proof of work in compact form. */
  readonly bits: number
  /** Price of a ticket in atoms, int64. */
  readonly stakeDifficulty: bigint
  readonly height: number
  /** Bytes of the whole block. */
  readonly size: number
  /** Unix seconds. */
  readonly timestamp: number
  readonly nonce: number
  readonly extraData: string
  readonly stakeVersion: number
}

/** Reads the 180 bytes of a header; any 180 bytes are one. */
export function decodeHeader(bytes: Uint8Array): E.Either<DecodeError, Header> {
  if (bytes.length !== HEADER_BYTES)
    return E.left({
      kind: bytes.length < HEADER_BYTES ? 'truncated' : 'too-long',
      message: `a header is ${HEADER_BYTES} bytes, these are ${bytes.length}`,
    })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const hash = (offset: number): string => displayHash(bytes.subarray(offset, offset + 32))
  return E.right({
    version: view.getInt32(VERSION_OFFSET, true),
    previousBlock: hash(PREVIOUS_BLOCK_OFFSET),
    merkleRoot: hash(MERKLE_ROOT_OFFSET),
    stakeRoot: hash(STAKE_ROOT_OFFSET),
    voteBits: view.getUint16(VOTE_BITS_OFFSET, true),
    finalState: toHex(bytes.subarray(FINAL_STATE_OFFSET, VOTERS_OFFSET)),
    voters: view.getUint16(VOTERS_OFFSET, true),
    freshStake: view.getUint8(FRESH_STAKE_OFFSET),
    revocations: view.getUint8(REVOCATIONS_OFFSET),
    poolSize: view.getUint32(POOL_SIZE_OFFSET, true),
    bits: view.getUint32(BITS_OFFSET, true),
    stakeDifficulty: view.getBigInt64(STAKE_DIFFICULTY_OFFSET, true),
    height: view.getUint32(HEIGHT_OFFSET, true),
    size: view.getUint32(SIZE_OFFSET, true),
    timestamp: view.getUint32(TIMESTAMP_OFFSET, true),
    nonce: view.getUint32(NONCE_OFFSET, true),
    extraData: toHex(bytes.subarray(EXTRA_DATA_OFFSET, STAKE_VERSION_OFFSET)),
    stakeVersion: view.getUint32(STAKE_VERSION_OFFSET, true),
  })
}

/**
 * Writes a header as its 180 bytes. Numbers keep as many low bits as their field has.
 *
 * @throws RangeError when a hash, the final state or the extra data is not hex of its length.
 */
export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setInt32(VERSION_OFFSET, header.version, true)
  bytes.set(required('previousBlock', fromDisplayHash(header.previousBlock), 32), PREVIOUS_BLOCK_OFFSET)
  bytes.set(required('merkleRoot', fromDisplayHash(header.merkleRoot), 32), MERKLE_ROOT_OFFSET)
  bytes.set(required('stakeRoot', fromDisplayHash(header.stakeRoot), 32), STAKE_ROOT_OFFSET)
  view.setUint16(VOTE_BITS_OFFSET, header.voteBits, true)
  bytes.set(required('finalState', fromHex(header.finalState), 6), FINAL_STATE_OFFSET)
  view.setUint16(VOTERS_OFFSET, header.voters, true)
  view.setUint8(FRESH_STAKE_OFFSET, header.freshStake)
  view.setUint8(REVOCATIONS_OFFSET, header.revocations)
  view.setUint32(POOL_SIZE_OFFSET, header.poolSize, true)
  view.setUint32(BITS_OFFSET, header.bits, true)
  view.setBigInt64(STAKE_DIFFICULTY_OFFSET, header.stakeDifficulty, true)
  view.setUint32(HEIGHT_OFFSET, header.height, true)
  view.setUint32(SIZE_OFFSET, header.size, true)
  view.setUint32(TIMESTAMP_OFFSET, header.timestamp, true)
  view.setUint32(NONCE_OFFSET, header.nonce, true)
  bytes.set(required('extraData', fromHex(header.extraData), 32), EXTRA_DATA_OFFSET)
  view.setUint32(STAKE_VERSION_OFFSET, header.stakeVersion, true)
  return bytes
}

function required(field: string, bytes: Uint8Array | undefined, length: number): Uint8Array {
  if (bytes?.length !== length) throw new RangeError(`${field} of a header is ${length} bytes in hex`)
  return bytes
}

/** Names a block: BLAKE-256 of its header in every era, as explorers print it. */
export const blockHash = (header180: Uint8Array): string => displayHash(blake256(header180))

// Readers of one field of the raw 180 bytes, without decoding the rest; the caller has checked the length.

/** Height of a block. */
export const headerHeight = (bytes: Uint8Array): number => uint32At(bytes, HEIGHT_OFFSET)
/** Compact target of a block. */
export const headerBits = (bytes: Uint8Array): number => uint32At(bytes, BITS_OFFSET)
/** Timestamp of a block, Unix seconds. */
export const headerTimestamp = (bytes: Uint8Array): number => uint32At(bytes, TIMESTAMP_OFFSET)
/** How many votes a block holds. */
export const headerVoters = (bytes: Uint8Array): number => uint16At(bytes, VOTERS_OFFSET)
/** Vote bits of a block; bit 0 approves the block before. */
export const headerVoteBits = (bytes: Uint8Array): number => uint16At(bytes, VOTE_BITS_OFFSET)
/** Hash of the block before, display hex. */
export const previousBlock = (bytes: Uint8Array): string =>
  displayHash(bytes.subarray(PREVIOUS_BLOCK_OFFSET, MERKLE_ROOT_OFFSET))
/** Root of a block's transactions, display hex. */
export const merkleRoot = (bytes: Uint8Array): string =>
  displayHash(bytes.subarray(MERKLE_ROOT_OFFSET, STAKE_ROOT_OFFSET))

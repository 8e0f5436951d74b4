import { Buffer } from 'node:buffer'
import {
  blockHash,
  HEADER_BYTES,
  HEIGHT_OFFSET,
  PREVIOUS_BLOCK_OFFSET,
  TIMESTAMP_OFFSET,
} from '../../../domain/decred/header.ts'
import { fromDisplayHash, toHex } from '../../../domain/decred/hex.ts'

/** A header that only has a parent, a height and something that tells it from its siblings. */
export function makeHeader(parent: string, height: number, salt = 0): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES)
  header.set(fromDisplayHash(parent) ?? [], PREVIOUS_BLOCK_OFFSET)
  header.writeUInt32LE(height, HEIGHT_OFFSET)
  header.writeUInt32LE(salt, TIMESTAMP_OFFSET)
  return new Uint8Array(header)
}

/** A block at a height: its header and hash. */
export interface TestBlock {
  readonly header: Uint8Array
  readonly hash: string
  readonly height: number
}

/** A block on top of another, or the first of a chain. */
export function mine(parent: TestBlock | undefined, salt = 0): TestBlock {
  const height = parent === undefined ? 100 : parent.height + 1
  const header = makeHeader(parent?.hash ?? '11'.repeat(32), height, salt)
  return { header, hash: blockHash(header), height }
}

/** `getwork` data for the block after a parent, padded for BLAKE3. */
export const workOn = (parent: TestBlock, salt = 0): string =>
  toHex(makeHeader(parent.hash, parent.height + 1, salt)) + '00'.repeat(12)

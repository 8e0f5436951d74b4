import * as E from 'fp-ts/lib/Either.js'
import { HEADER_BYTES, NONCE_OFFSET, STAKE_VERSION_OFFSET } from '../../../domain/decred/header.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import type { Work, WorkReason } from '../port.ts'

/** Bytes of `getwork` data: a header, padded to whole 64-byte blocks of the hash. */
export const WORK_BYTES = 192

/**
 * What follows the header, by proof of work: BLAKE-256's own end of message (a 1 bit, a 1 bit, the length of 1440
 * bits), or zeros for BLAKE3.
 */
const PADDING: { readonly [A in PowAlgorithm]: Uint8Array } = {
  blake256: Uint8Array.of(0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x05, 0xa0),
  blake3: new Uint8Array(WORK_BYTES - HEADER_BYTES),
}

/**
 * Reads 192 bytes of `getwork` data. Which proof of work the node wants is taken from the padding, since dcrd chooses
 * it for this very template; the state of the agenda in `getblockchaininfo` is the tip's, one block behind when the
 * rule changes.
 */
export function readWork(data: Uint8Array, reason: WorkReason): E.Either<string, Work> {
  const powAlgorithm = paddedFor(data.subarray(HEADER_BYTES))
  if (powAlgorithm === undefined)
    return E.left('gave work for a proof of work that this pool does not know. Update the pool')
  const header = data.slice(0, HEADER_BYTES)
  header.fill(0, NONCE_OFFSET, STAKE_VERSION_OFFSET)
  return E.right({ header, powAlgorithm, reason })
}

function paddedFor(padding: Uint8Array): PowAlgorithm | undefined {
  if (Buffer.compare(padding, PADDING.blake3) === 0) return 'blake3'
  return Buffer.compare(padding, PADDING.blake256) === 0 ? 'blake256' : undefined
}

/** Writes a solved header as `getwork` wants it back: 384 hex digits. */
export const solvedWork = (header: Uint8Array, powAlgorithm: PowAlgorithm): string =>
  toHex(header) + toHex(PADDING[powAlgorithm])

import {
  BITS_OFFSET,
  HEADER_BYTES,
  MERKLE_ROOT_OFFSET,
  PREVIOUS_BLOCK_OFFSET,
  STAKE_VERSION_OFFSET,
  TIMESTAMP_OFFSET,
} from '../decred/header.ts'
import { toHex } from '../decred/hex.ts'
import type { Job } from '../mining/job.ts'
import type { Wire } from './profile.ts'

/** End of genTx1 in the split form: after the nonce. */
const SPLIT_END = 144

/**
 * Parameters of `mining.notify` for a job on a wire: job id, previous block, genTx1, genTx2, no merkle branches (Decred's
 * extranonce is in the header), version, bits, time, clean. Hex of header bytes, in the device's byte orders.
 */
export function notifyParams(job: Job, wire: Wire, clean: boolean): readonly unknown[] {
  const slice = (from: number, to: number): Uint8Array => job.header.subarray(from, to)
  const number = (at: number): string => {
    const bytes = slice(at, at + 4)
    return toHex(wire.bigEndianNotify ? bytes.slice().reverse() : bytes)
  }
  const previous = slice(PREVIOUS_BLOCK_OFFSET, MERKLE_ROOT_OFFSET)
  return [
    job.id,
    toHex(wire.wordSwappedPrevious ? swapWords(previous) : previous),
    toHex(slice(MERKLE_ROOT_OFFSET, wire.split ? SPLIT_END : HEADER_BYTES)),
    wire.split ? toHex(slice(STAKE_VERSION_OFFSET, HEADER_BYTES)) : '',
    [],
    toHex(slice(0, PREVIOUS_BLOCK_OFFSET)),
    number(BITS_OFFSET),
    number(TIMESTAMP_OFFSET),
    clean,
  ]
}

/** Reverses the bytes of each 4-byte word. */
function swapWords(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) swapped[i ^ 3] = bytes[i] ?? 0
  return swapped
}

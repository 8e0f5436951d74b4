import { NONCE_OFFSET } from '../../domain/decred/header.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { meetsTarget, type PowAlgorithm } from '../../domain/decred/proof-of-work.ts'

/** Hashes between two pauses in which the process does its other work: some 10 ms. */
const SLICE_HASHES = 4096

/**
 * Solves a 180-byte header by trying its nonces, in this thread but with pauses.
 *
 * @returns the solved header; undefined when `isWanted` said no, or no nonce solves it.
 */
export async function solve(
  algorithm: PowAlgorithm,
  header: Uint8Array,
  target: Uint8Array,
  isWanted: () => boolean,
): Promise<Uint8Array | undefined> {
  const attempt = header.slice()
  const view = new DataView(attempt.buffer)
  for (let nonce = 0; nonce <= 0xffff_ffff; nonce += SLICE_HASHES) {
    // Also before the first hash, so that a run of easy blocks leaves room for others.
    await new Promise((resolve) => setImmediate(resolve))
    if (!isWanted()) break
    for (let i = 0; i < SLICE_HASHES; i++) {
      view.setUint32(NONCE_OFFSET, nonce + i, true)
      if (meetsTarget(powHash(algorithm, attempt), target)) return attempt
    }
  }
  return undefined
}

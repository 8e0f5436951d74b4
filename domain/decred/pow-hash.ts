import { blake3, blake256 } from './hash.ts'
import type { PowAlgorithm } from './proof-of-work.ts'

/** Hashes the 180 bytes of a header as its proof of work: 32 bytes in natural order. */
export const powHash = (algorithm: PowAlgorithm, header180: Uint8Array): Uint8Array =>
  algorithm === 'blake3' ? blake3(header180) : blake256(header180)

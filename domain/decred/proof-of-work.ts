import * as t from 'io-ts'

/** Proof of work of a chain: `blake256` until DCP0011 is active there, `blake3` after. */
export const PowAlgorithm = t.keyof({ blake256: null, blake3: null })
export type PowAlgorithm = t.TypeOf<typeof PowAlgorithm>

/** Says whether a hash is at most the target. Both are 32 bytes, little-endian integers; equality passes. */
export function meetsTarget(hash: Uint8Array, target: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (hash[i] ?? 0) - (target[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return true
}

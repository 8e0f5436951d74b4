import * as t from 'io-ts'

/** Proof of work of a chain: `blake256` until DCP0011 is active there, `blake3` after. */
export const PowAlgorithm = t.keyof({ blake256: null, blake3: null })
export type PowAlgorithm = t.TypeOf<typeof PowAlgorithm>

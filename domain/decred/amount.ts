import * as t from 'io-ts'

/** Atoms of 21 million DCR: no amount on the chain may exceed them. Source: dcrd, dcrutil.MaxAmount. */
const ATOMS_MAX = 21_000_000n * 100_000_000n

interface AtomsBrand {
  readonly Atoms: unique symbol
}

/** An amount of money that can be on the chain, in atoms (1 DCR is 10^8): 0 to 21 million DCR. */
export type Atoms = t.Branded<bigint, AtomsBrand>
export const Atoms = t.brand(t.bigint, (atoms): atoms is Atoms => atoms >= 0n && atoms <= ATOMS_MAX, 'Atoms')

/**
 * Takes a number of atoms that must be an amount.
 *
 * @throws RangeError when it is none: whoever computed it has lost count, and nothing may be written.
 */
export function toAtoms(atoms: bigint): Atoms {
  if (!Atoms.is(atoms)) throw new RangeError(`${atoms} atoms are not between 0 and 21 million DCR`)
  return atoms
}

/** What inputs, outputs or coins are worth together. */
export const sumOf = (parts: readonly { readonly atoms: bigint }[]): bigint =>
  parts.reduce((total, { atoms }) => total + atoms, 0n)

/** Prints atoms as DCR with all eight decimals: `0.08388322`. Negative for what is owed. */
export function formatDcr(atoms: bigint): string {
  const digits = (atoms < 0n ? -atoms : atoms).toString().padStart(9, '0')
  return `${atoms < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`
}

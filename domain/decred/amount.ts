import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

const ATOMS_PER_DCR = 100_000_000

/** Atoms of 21 million DCR: no amount on the chain may exceed them. Source: dcrd, dcrutil.MaxAmount. */
const ATOMS_MAX = 21_000_000n * BigInt(ATOMS_PER_DCR)

interface AtomsBrand {
  readonly Atoms: unique symbol
}

/** An amount of money that can be on the chain, in atoms (1 DCR is 10^8): 0 to 21 million DCR. */
export type Atoms = t.Branded<bigint, AtomsBrand>
export const Atoms = t.brand(t.bigint, (atoms): atoms is Atoms => atoms >= 0n && atoms <= ATOMS_MAX, 'Atoms')

/** Why a number is no amount. */
export interface AmountError {
  readonly kind: 'not-an-amount'
  readonly message: string
}

/**
 * Takes an amount as dcrd's JSON carries it, a float of DCR, to the nearest atom. Exact for what dcrd sends: up to 21
 * million DCR a double is precise to less than half an atom.
 */
export function atomsFromDcr(dcr: number): E.Either<AmountError, Atoms> {
  const rounded = Math.round(dcr * ATOMS_PER_DCR)
  const atoms = Number.isSafeInteger(rounded) ? BigInt(rounded) : undefined
  return atoms !== undefined && Atoms.is(atoms)
    ? E.right(atoms)
    : E.left({ kind: 'not-an-amount', message: `${dcr} DCR is not an amount between 0 and 21 million DCR` })
}

/**
 * Takes a number of atoms that must be an amount.
 *
 * @throws RangeError when it is none: whoever computed it has lost count, and nothing may be written.
 */
export function toAtoms(atoms: bigint): Atoms {
  if (!Atoms.is(atoms)) throw new RangeError(`${atoms} atoms are not between 0 and 21 million DCR`)
  return atoms
}

/** Prints atoms as DCR with all eight decimals: `0.08388322`. Negative for what is owed. */
export function formatDcr(atoms: bigint): string {
  const digits = (atoms < 0n ? -atoms : atoms).toString().padStart(9, '0')
  return `${atoms < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`
}

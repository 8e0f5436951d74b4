/** A claim on a part of a whole, in proportion to its weight. */
export interface Weighted {
  /** Decides ties: the smaller gets the atom. Different for each. */
  readonly account: string
  /** Not negative. */
  readonly weight: bigint
}

/**
 * Splits a whole number of atoms in proportion to weights: floor(whole * weight / sum) each, and the atoms left over go one each to
 * the largest remainders, ties by account id. Parts in the order of the weights; they sum to the whole, always.
 *
 * @throws RangeError when there is something to split and nobody has any weight: only the caller knows who gets it then.
 */
export function splitExactly(whole: bigint, weights: readonly Weighted[]): readonly bigint[] {
  const sum = weights.reduce((total, { weight }) => total + weight, 0n)
  if (sum === 0n) {
    if (whole === 0n) return weights.map(() => 0n)
    throw new RangeError(`${whole} atoms are to be split, and nobody has any weight`)
  }
  const parts = weights.map(({ weight }) => (whole * weight) / sum)
  const left = Number(whole - total(parts))
  const remainders = weights.map(({ account, weight }, index) => ({
    account,
    index,
    remainder: (whole * weight) % sum,
  }))
  if (left > 0) remainders.sort(byRemainder)
  for (const { index } of remainders.slice(0, left)) parts[index] = (parts[index] ?? 0n) + 1n
  if (total(parts) !== whole) throw new RangeError(`${whole} atoms were split into ${total(parts)}`)
  return parts
}

interface Remainder {
  readonly account: string
  readonly index: number
  readonly remainder: bigint
}

function byRemainder(a: Remainder, b: Remainder): number {
  if (a.remainder !== b.remainder) return a.remainder > b.remainder ? -1 : 1
  return compareIds(a.account, b.account)
}

/** Orders ids by their characters' codes, the same on every machine. */
export const compareIds = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const total = (parts: readonly bigint[]): bigint => parts.reduce((sum, part) => sum + part, 0n)

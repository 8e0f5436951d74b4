/**
 * The candidate that `given` is most likely a slip of, or undefined when none is near. Near is 40 % of the longer name
 * at most, counted in inserted, dropped, changed and swapped letters (optimal string alignment).
 */
export function nearest(given: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestSlips = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const slips = distance(given.toLowerCase(), candidate.toLowerCase())
    const allowed = Math.floor(Math.max(given.length, candidate.length) * 0.4)
    if (slips <= allowed && slips < bestSlips) {
      best = candidate
      bestSlips = slips
    }
  }
  return best
}

function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min(changed, at(last, j) + 1, at(row, j - 1) + 1, swapped))
    }
    beforeLast = last
    last = row
  }
  return at(last, b.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY

/** One figure of a benchmark, beside the budget it is to keep and a baseline of the same run. */
export interface Measure {
  /** The budget's name: `P1`, or of the figure when it has none. */
  readonly id: string
  readonly measure: string
  readonly value: number
  readonly unit: string
  /** The same work without what is measured, on the same machine a moment before or after; null where there is none. */
  readonly baseline: number | null
  readonly budget: string | null
  /** Null where there is no budget. */
  readonly met: boolean | null
}

/** Value over baseline. */
export const ratio = ({ value, baseline }: Measure): number | null =>
  baseline === null || baseline === 0 ? null : value / baseline

/** A line of JSON for programs. */
export const lineOf = (measure: Measure): string => {
  const { id, value, unit, baseline, budget, met } = measure
  const over = ratio(measure)
  return JSON.stringify({
    id,
    measure: measure.measure,
    value: rounded(value),
    unit,
    baseline: baseline === null ? null : rounded(baseline),
    ratio: over === null ? null : rounded(over),
    budget,
    met,
  })
}

/** Four significant digits: more is noise. */
export const rounded = (value: number): number => Number(value.toPrecision(4))

/** Value below which this part of the sorted values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

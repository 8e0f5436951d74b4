interface Column<C> {
  readonly length: number
  readonly subarray: (from: number, to: number) => C
  readonly set: (values: C) => void
}

/** Copies a column into a larger or smaller one, as far as it fits, and answers that. */
export function resized<C extends Column<C>>(before: C, after: C): C {
  after.set(before.subarray(0, after.length))
  return after
}

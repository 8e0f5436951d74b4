/** Half of what a double counts exactly. */
const FULL = 2 ** 52

/** Adds up many integers within 2^53, exactly: in a double as long as it holds, and then as one large integer. */
export class ExactSum {
  #open = 0
  #full = 0n

  add(value: number): void {
    if (value >= FULL) this.#full += BigInt(value)
    else this.#open += value
    if (this.#open < FULL) return
    this.#full += BigInt(this.#open)
    this.#open = 0
  }

  /** Adds the first of a column. */
  addAll(column: Float64Array, count: number): void {
    let open = this.#open
    for (let i = 0; i < count; i++) {
      const value = column[i] ?? 0
      if (value < FULL) open += value
      else this.#full += BigInt(value)
      if (open < FULL) continue
      this.#full += BigInt(open)
      open = 0
    }
    this.#open = open
  }

  get total(): bigint {
    return this.#full + BigInt(this.#open)
  }
}

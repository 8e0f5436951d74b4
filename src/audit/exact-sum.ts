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

  get total(): bigint {
    return this.#full + BigInt(this.#open)
  }
}

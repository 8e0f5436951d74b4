import { wholeUnits } from './lot-table.ts'
import type { ShareChunk } from './share-chunk.ts'

/** Shares after which halves are put together: 2^20 of at most 2^32 each are below 2^53. */
const PENDING_MAX = 1 << 20

/** Sums up units by account, exactly: as two halves in doubles for a million shares at a time, then as one integer. */
export class UnitSums {
  readonly #high: Float64Array
  readonly #low: Float64Array
  readonly #units: bigint[]
  #pending = 0

  /** For accounts with ordinals below `accounts`. */
  constructor(accounts: number) {
    this.#high = new Float64Array(accounts)
    this.#low = new Float64Array(accounts)
    this.#units = new Array<bigint>(accounts).fill(0n)
  }

  /** Adds the shares of a chunk from one index up to another, exclusive. */
  add(chunk: ShareChunk, from: number, to: number): void {
    if (this.#pending + to - from > PENDING_MAX) this.#settle()
    this.#pending += to - from
    const { account, lot, lots } = chunk
    const highs = this.#high
    const lows = this.#low
    for (let i = from; i < to; i++) {
      const who = account[i] ?? 0
      const kind = lot[i] ?? 0
      highs[who] = (highs[who] ?? 0) + (lots.high[kind] ?? 0)
      lows[who] = (lows[who] ?? 0) + (lots.low[kind] ?? 0)
    }
  }

  /** Adds to one account. */
  addUnits(account: number, units: bigint): void {
    this.#units[account] = (this.#units[account] ?? 0n) + units
  }

  /** Units by ordinal of the account. */
  result(): readonly bigint[] {
    this.#settle()
    return this.#units
  }

  #settle(): void {
    for (let i = 0; i < this.#units.length; i++) {
      const high = this.#high[i] ?? 0
      const low = this.#low[i] ?? 0
      if (high === 0 && low === 0) continue
      this.addUnits(i, wholeUnits(high, low))
      this.#high[i] = 0
      this.#low[i] = 0
    }
    this.#pending = 0
  }
}

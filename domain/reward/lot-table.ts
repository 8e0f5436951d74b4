import type { Network } from '../decred/network.ts'
import { resized } from './resized.ts'
import { shareUnits } from './units.ts'

/** Lots in a table at most: their ordinals fit 16 bits. */
export const LOTS_MAX = 65_536
const LOW = 1n << 32n

/**
 * What shares are worth: a lot is a pair of bits and difficulty, whose shares all have the same units. Several chunks share a
 * table, and it goes when the last of them does: bits come and go with each block. Lots are added, never changed.
 */
export class LotTable {
  readonly #network: Network
  #byBits = new Map<number, Map<number, number>>()
  #bits = -1
  #lots = new Map<number, number>()
  #count = 0
  /** Units of each lot in two halves, multiples of 2^32 and the rest: sums of 2^20 shares of them are exact in doubles. */
  high = new Float64Array(64)
  low = new Float64Array(64)

  constructor(network: Network) {
    this.#network = network
  }

  /** Says whether so many lots more still fit. */
  hasRoom(lots: number): boolean {
    return this.#count + lots <= LOTS_MAX
  }

  /**
   * Ordinal of a lot, a new one if need be.
   *
   * @throws RangeError as `shareUnits` does.
   */
  lotOf(bits: number, difficulty: number): number {
    if (bits !== this.#bits) {
      this.#lots = this.#byBits.get(bits) ?? new Map<number, number>()
      this.#byBits.set(bits, this.#lots)
      this.#bits = bits
    }
    return this.#lots.get(difficulty) ?? this.#add(bits, difficulty)
  }

  /** Units of a share of a lot. */
  unitsOf(lot: number): bigint {
    return wholeUnits(this.high[lot] ?? 0, this.low[lot] ?? 0)
  }

  /** No lot is asked for by bits and difficulty from now on: lets go of what was needed for that. */
  seal(): void {
    this.#byBits = new Map()
    this.#lots = new Map()
    this.high = resized(this.high, new Float64Array(this.#count))
    this.low = resized(this.low, new Float64Array(this.#count))
  }

  #add(bits: number, difficulty: number): number {
    const units = shareUnits(this.#network, bits, difficulty)
    if (this.#count === this.high.length) {
      this.high = resized(this.high, new Float64Array(2 * this.#count))
      this.low = resized(this.low, new Float64Array(2 * this.#count))
    }
    const lot = this.#count++
    this.high[lot] = Number(units / LOW)
    this.low[lot] = Number(units % LOW)
    this.#lots.set(difficulty, lot)
    return lot
  }
}

/** Puts two halves together. */
export const wholeUnits = (high: number, low: number): bigint => BigInt(high) * LOW + BigInt(low)

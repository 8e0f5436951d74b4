/** Bytes got at a time: columns of some 25,000 shares. */
const SLAB_BYTES = 1 << 20
/** Columns begin at whole doubles. */
const ALIGNMENT = 8

/**
 * Room for the columns of a bundle, in memory that threads share: what one of them reads another one sees without a copy. It is used for one
 * bundle after another, since new memory costs as much as what is written into it.
 */
export class ColumnBuffers {
  readonly #slabs: SharedArrayBuffer[] = []
  /** The piece that is being filled, and up to where. */
  #slab = 0
  #used = 0

  words(count: number): Uint32Array {
    return new Uint32Array(...this.#take(count, Uint32Array.BYTES_PER_ELEMENT))
  }

  doubles(count: number): Float64Array {
    return new Float64Array(...this.#take(count, Float64Array.BYTES_PER_ELEMENT))
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(...this.#take(count, 1))
  }

  /** Makes room for another bundle: nobody looks at the columns of this one any more. */
  clear(): void {
    this.#slab = 0
    this.#used = 0
  }

  #take(count: number, each: number): readonly [SharedArrayBuffer, number, number] {
    const bytes = Math.ceil((count * each) / ALIGNMENT) * ALIGNMENT
    for (;;) {
      const slab = this.#slabs[this.#slab] ?? new SharedArrayBuffer(Math.max(SLAB_BYTES, bytes))
      this.#slabs[this.#slab] = slab
      const from = this.#used
      if (from + bytes <= slab.byteLength) {
        this.#used = from + bytes
        return [slab, from, count]
      }
      this.#slab++
      this.#used = 0
    }
  }
}

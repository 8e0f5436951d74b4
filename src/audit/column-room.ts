/** Bytes got at a time: columns of some 25,000 shares. */
const SLAB_BYTES = 1 << 20
/** Columns begin at whole doubles. */
const ALIGNMENT = 8

/**
 * Room for columns in memory that threads share, so that what one of them reads another one sees without a copy. It is got in large
 * pieces, and given back when nobody looks at any of a piece any more.
 */
export class ColumnRoom {
  #slab = new SharedArrayBuffer(0)
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

  #take(count: number, each: number): readonly [SharedArrayBuffer, number, number] {
    const from = this.#used
    const bytes = Math.ceil((count * each) / ALIGNMENT) * ALIGNMENT
    if (from + bytes <= this.#slab.byteLength) {
      this.#used += bytes
      return [this.#slab, from, count]
    }
    this.#slab = new SharedArrayBuffer(Math.max(SLAB_BYTES, bytes))
    this.#used = bytes
    return [this.#slab, 0, count]
  }
}

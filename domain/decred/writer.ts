/** Builds one message, little-endian, as Decred serializes. Numbers keep as many low bits as they are written with. */
export class Writer {
  #bytes = new Uint8Array(256)
  #length = 0

  uint8(value: number): void {
    this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  uint16(value: number): void {
    this.uint8(value)
    this.uint8(value >>> 8)
  }

  uint32(value: number): void {
    this.uint16(value)
    this.uint16(value >>> 16)
  }

  int64(value: bigint): void {
    this.uint32(Number(BigInt.asUintN(32, value)))
    this.uint32(Number(BigInt.asUintN(32, value >> 32n)))
  }

  /** A count, in the fewest bytes that hold it; below 2^32. */
  count(value: number): void {
    if (value < 0xfd) {
      this.uint8(value)
    } else if (value < 0x1_0000) {
      this.uint8(0xfd)
      this.uint16(value)
    } else {
      this.uint8(0xfe)
      this.uint32(value)
    }
  }

  bytes(value: Uint8Array): void {
    this.#grow(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  /** What was written so far, as a copy. */
  result(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #grow(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + more))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

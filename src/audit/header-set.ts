/** Slots of an empty set. */
const SLOTS_MIN = 1 << 12

/** A set of 64-bit fingerprints, the second word never 0, with open addressing: 8 bytes a slot, and at most two thirds of them full. */
class FingerprintSet {
  #slots = new Uint32Array(2 * SLOTS_MIN)
  #size = 0

  get isEmpty(): boolean {
    return this.#size === 0
  }

  has(a: number, b: number): boolean {
    return this.#slots[2 * this.#slotOf(a, b) + 1] !== 0
  }

  /** False when it was there. */
  add(a: number, b: number): boolean {
    if (3 * this.#size > this.#slots.length) this.#grow()
    const slot = this.#slotOf(a, b)
    if (this.#slots[2 * slot + 1] !== 0) return false
    this.#slots[2 * slot] = a
    this.#slots[2 * slot + 1] = b
    this.#size++
    return true
  }

  #slotOf(a: number, b: number): number {
    const slots = this.#slots
    const mask = slots.length / 2 - 1
    let slot = a & mask
    while (slots[2 * slot + 1] !== 0 && (slots[2 * slot] !== a || slots[2 * slot + 1] !== b))
      slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Uint32Array(2 * before.length)
    for (let i = 0; i < before.length; i += 2) {
      const b = before[i + 1] ?? 0
      if (b === 0) continue
      const a = before[i] ?? 0
      const slot = this.#slotOf(a, b)
      this.#slots[2 * slot] = a
      this.#slots[2 * slot + 1] = b
    }
  }
}

/** Heights of work after which the older half of what is remembered goes. */
const GENERATION_HEIGHTS = 16

/**
 * The headers that shares were credited for, so that none counts twice. Remembers those of the last {@link GENERATION_HEIGHTS} blocks at
 * least: a share is only ever of the tip or of the one before, and so is its copy.
 */
export class HeaderSet {
  #newer = new FingerprintSet()
  #older = new FingerprintSet()
  #since = 0

  /** Adds a header that was found at a height of work; false when it was there. */
  add(a: number, b: number, height: number): boolean {
    if (height >= this.#since + GENERATION_HEIGHTS) {
      this.#older = this.#newer
      this.#newer = new FingerprintSet()
      this.#since = height
    }
    return (this.#older.isEmpty || !this.#older.has(a, b)) && this.#newer.add(a, b)
  }
}

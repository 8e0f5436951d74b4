/** Slots of an empty set. */
const SLOTS_MIN = 1 << 12

/**
 * A set of 64-bit fingerprints, the second word never 0, with open addressing: 8 bytes a slot, and at most two thirds of them full. Words are
 * signed, and so take no memory outside it.
 */
class FingerprintSet {
  #slots: Int32Array
  #size = 0

  /** With slots for so many; it grows when more come. */
  constructor(expected: number) {
    let slots = SLOTS_MIN
    while (3 * expected > 2 * slots) slots *= 2
    this.#slots = new Int32Array(2 * slots)
  }

  get size(): number {
    return this.#size
  }

  /** False when it was there. Both are signed. */
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
    this.#slots = new Int32Array(2 * before.length)
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

/** Heights for which headers are remembered. */
const HEIGHTS_KEPT = 16

/**
 * The headers that shares were credited for, so that none counts twice. Equal headers are of one height, so there is a set for each of
 * the last {@link HEIGHTS_KEPT}, which is small enough to be fast: a share is only ever of the tip or of the block before, and so is its
 * copy.
 */
export class HeaderSet {
  readonly #byHeight = new Map<number, FingerprintSet>()
  #height = -1
  #set = new FingerprintSet(0)

  /** Adds a header of a block at a height; false when it was there. */
  add(a: number, b: number, height: number): boolean {
    if (height !== this.#height) {
      this.#height = height
      // As large as for the height before, since growing it step by step takes as long as filling it.
      this.#set = this.#byHeight.get(height) ?? new FingerprintSet(this.#set.size)
      this.#byHeight.set(height, this.#set)
      for (const oldest of this.#byHeight.keys()) {
        if (this.#byHeight.size <= HEIGHTS_KEPT) break
        this.#byHeight.delete(oldest)
      }
    }
    return this.#set.add(a | 0, b | 0)
  }
}

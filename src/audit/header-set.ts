/** Slots of an empty set. */
const SLOTS_MIN = 1 << 12
/** Words of a slot: those of a fingerprint. */
const SLOT_WORDS = 2

/** What is told of headers that are added, by their index. */
export interface HeaderWords {
  /** There is none: it has zeros in its place. */
  readonly missing: (index: number) => void
  /** It was there. */
  readonly repeated: (index: number) => void
}

/** Headers of one height, one after another. */
export interface HeaderRun {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly height: number
}

/**
 * A set of 64-bit fingerprints, the second word never 0, with open addressing: 8 bytes a slot, and at most two thirds of them full. Words are
 * signed, and so take no memory outside it.
 */
class FingerprintSet {
  #slots: Int32Array
  #size = 0

  /** With so many slots, a power of two; it grows when they don't do. */
  constructor(slots: number) {
    this.#slots = new Int32Array(SLOT_WORDS * slots)
  }

  get slots(): number {
    return this.#slots.length / SLOT_WORDS
  }

  add(fingerprints: Uint32Array, { from, to }: HeaderRun, { missing, repeated }: HeaderWords): void {
    this.#makeRoom(to - from)
    const slots = this.#slots
    const mask = this.slots - 1
    for (let i = from; i < to; i++) {
      const a = (fingerprints[SLOT_WORDS * i] ?? 0) | 0
      const b = (fingerprints[SLOT_WORDS * i + 1] ?? 0) | 0
      if (b === 0) {
        missing(i)
        continue
      }
      const at = SLOT_WORDS * slotOf(slots, mask, a, b)
      if (slots[at + 1] !== 0) {
        repeated(i)
        continue
      }
      slots[at] = a
      slots[at + 1] = b
      this.#size++
    }
  }

  #makeRoom(more: number): void {
    let { slots } = this
    while (3 * (this.#size + more) > 2 * slots) slots *= 2
    if (slots === this.slots) return
    const before = this.#slots
    this.#slots = new Int32Array(SLOT_WORDS * slots)
    for (let i = 0; i < before.length; i += SLOT_WORDS) {
      const a = before[i] ?? 0
      const b = before[i + 1] ?? 0
      if (b === 0) continue
      const at = SLOT_WORDS * slotOf(this.#slots, slots - 1, a, b)
      this.#slots[at] = a
      this.#slots[at + 1] = b
    }
  }

  clear(): void {
    this.#slots.fill(0)
    this.#size = 0
  }
}

/** Where a fingerprint stands, or the free slot where it will. */
function slotOf(slots: Int32Array, mask: number, a: number, b: number): number {
  let slot = a & mask
  for (;;) {
    const there = slots[SLOT_WORDS * slot + 1]
    if (there === 0 || (there === b && slots[SLOT_WORDS * slot] === a)) return slot
    slot = (slot + 1) & mask
  }
}

/** Heights for which headers are remembered. What is of another one by then, and not of new work, is named by `ForgottenHeights`. */
export const HEIGHTS_KEPT = 16

/**
 * The headers that shares were credited for, so that none counts twice. Equal headers are of one height, so there is a set for each of
 * the last {@link HEIGHTS_KEPT}, which is small enough to be fast: a share is only ever of the tip or of the block before, and so is its
 * copy.
 */
export class HeaderSet {
  readonly #byHeight = new Map<number, FingerprintSet>()
  #height = -1
  #set = new FingerprintSet(SLOTS_MIN)

  /** Adds headers by their fingerprints, two words each, and tells of those that can't be added. */
  add(fingerprints: Uint32Array, run: HeaderRun, words: HeaderWords): void {
    if (run.height !== this.#height) this.#turnTo(run.height)
    this.#set.add(fingerprints, run, words)
  }

  #turnTo(height: number): void {
    this.#height = height
    // As large as for the height before, since growing it step by step takes as long as filling it.
    this.#set = this.#byHeight.get(height) ?? this.#oldest() ?? new FingerprintSet(this.#set.slots)
    this.#byHeight.set(height, this.#set)
  }

  /** The set of the height that came first, for another one: new memory takes longer than clearing it. */
  #oldest(): FingerprintSet | undefined {
    if (this.#byHeight.size < HEIGHTS_KEPT) return undefined
    const [oldest] = this.#byHeight
    if (oldest === undefined) return undefined
    const [height, set] = oldest
    this.#byHeight.delete(height)
    set.clear()
    return set
  }
}

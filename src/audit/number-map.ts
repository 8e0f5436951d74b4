/** Numbers remembered beside the map: more connections than send shares at a time on most pools. */
const SLOTS = 1 << 10

/**
 * A map by small whole numbers that is asked for the same ones again and again, once for each share: what was asked last is found without
 * hashing.
 */
export class NumberMap<V> {
  readonly #map = new Map<number, V>()
  readonly #numbers = new Float64Array(SLOTS).fill(-1)
  readonly #values: (V | undefined)[] = new Array<undefined>(SLOTS)

  get(number: number): V | undefined {
    const slot = number & (SLOTS - 1)
    if (this.#numbers[slot] === number) return this.#values[slot]
    const value = this.#map.get(number)
    this.#numbers[slot] = number
    this.#values[slot] = value
    return value
  }

  set(number: number, value: V): void {
    this.#map.set(number, value)
    this.#forget(number)
  }

  delete(number: number): void {
    this.#map.delete(number)
    this.#forget(number)
  }

  keys(): MapIterator<number> {
    return this.#map.keys()
  }

  values(): MapIterator<V> {
    return this.#map.values()
  }

  #forget(number: number): void {
    const slot = number & (SLOTS - 1)
    this.#numbers[slot] = -1
    this.#values[slot] = undefined
  }
}

/** Width of a bucket. */
const BUCKET_US = 10
/** A second; what is slower is kept apart. */
const BUCKETS = 100_000

/** Latencies in buckets of ten microseconds, up to a second; beyond it only the worst is known. */
export class Histogram {
  readonly #buckets = new Uint32Array(BUCKETS + 1)
  #count = 0
  #maxMs = 0

  add(ms: number): void {
    const bucket = Math.min(BUCKETS, Math.max(0, Math.floor((ms * 1000) / BUCKET_US)))
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count += 1
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  /** Upper edge of the bucket that this part (0 to 1) of all latencies does not pass; 0 when there are none. */
  quantileMs(part: number): number {
    let left = Math.ceil(part * this.#count)
    if (left === 0) return 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#buckets[bucket] ?? 0
      if (left <= 0) return ((bucket + 1) * BUCKET_US) / 1000
    }
    return this.#maxMs
  }

  get maxMs(): number {
    return this.#maxMs
  }
}

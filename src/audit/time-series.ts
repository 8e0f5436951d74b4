/** A moment and what was then. */
export interface Point {
  readonly at: number
  readonly values: readonly number[]
}

/** Points kept at most: twice what a chart shows. */
const POINTS_MAX = 1_024

/** Figures over time, of whatever length: as it grows, points that lie closest together are let go. */
export class TimeSeries {
  readonly #width: number
  #points: Point[] = []
  #spacingMs = 1
  #last: Point | undefined

  constructor(width: number) {
    this.#width = width
  }

  /** Adds a point; one that is too close to the one before takes its place at the end only. */
  add(at: number, values: readonly number[]): void {
    if (values.length !== this.#width) throw new RangeError(`a point of ${values.length} values`)
    this.#last = { at, values }
    const before = this.#points.at(-1)
    if (before !== undefined && at - before.at < this.#spacingMs) return
    this.#points.push(this.#last)
    if (this.#points.length < POINTS_MAX) return
    const first = this.#points[0]?.at ?? at
    this.#spacingMs = Math.max(2 * this.#spacingMs, Math.ceil((2 * (at - first)) / POINTS_MAX))
    let keptAt = Number.NEGATIVE_INFINITY
    this.#points = this.#points.filter((point) => {
      if (point.at - keptAt < this.#spacingMs) return false
      keptAt = point.at
      return true
    })
  }

  /** The points in order, the newest among them. */
  points(): readonly Point[] {
    const last = this.#last
    return last === undefined || this.#points.at(-1) === last ? this.#points : [...this.#points, last]
  }
}

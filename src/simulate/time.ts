import type { Timers } from '../timers.ts'

/** Something that is to happen. */
interface Appointment {
  readonly atMs: number
  /** Of those at the same millisecond the one that was made first comes first. */
  readonly order: number
  readonly run: () => void | Promise<void>
  isOff: boolean
}

/** Simulated time: it stands still while something happens, and then goes to the next thing that does. */
export class SimulatedTime implements Timers {
  #nowMs: number
  #made = 0
  /** A binary heap, the next one first. */
  readonly #appointments: Appointment[] = []

  /** Unix milliseconds. */
  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  readonly nowMs = (): number => this.#nowMs

  readonly after = (ms: number, run: () => void | Promise<void>): (() => void) => {
    const appointment = { atMs: this.#nowMs + Math.round(ms), order: this.#made++, run, isOff: false }
    this.#push(appointment)
    return () => {
      appointment.isOff = true
    }
  }

  readonly every = (ms: number, run: () => void): (() => void) => {
    let callOff: () => void
    const again = (): void => {
      callOff = this.after(ms, () => {
        again()
        run()
      })
    }
    again()
    return () => callOff()
  }

  /** What happens takes time: what is due meanwhile comes late. */
  pass(ms: number): void {
    this.#nowMs += ms
  }

  /** Lets the next thing happen. Null: it was over at once. */
  next(): Promise<void> | null {
    for (;;) {
      const next = this.#pop()
      if (next === undefined) throw new RangeError('nothing is to happen any more')
      if (next.isOff) continue
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      return next.run() ?? null
    }
  }

  #push(appointment: Appointment): void {
    const heap = this.#appointments
    let at = heap.length
    heap.push(appointment)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(appointment, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = appointment
  }

  #pop(): Appointment | undefined {
    const heap = this.#appointments
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || last === first) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const left = heap[below]
      if (left === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, left)) below++
      const child = heap[below]
      if (child === undefined || !isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Appointment, b: Appointment): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

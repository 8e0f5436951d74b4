import { type After, realAfter } from '../adapters/timers.ts'

/**
 * How the parts of the pool wait: passed in, so that the same code runs live and in simulated time. Both return what calls it off.
 */
export interface Timers {
  /** Runs a function once after so many milliseconds. */
  readonly after: After
  /** Runs a function every so many milliseconds; that alone keeps no process from ending. */
  readonly every: (ms: number, run: () => void) => () => void
}

/** {@link Timers} by the clock of the machine. */
export const realTimers: Timers = {
  after: realAfter,
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}

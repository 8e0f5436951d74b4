/** Runs a function once after so many milliseconds, unless the returned function is called before. */
export type After = (ms: number, run: () => void) => () => void

/** {@link After} by the clock of the machine. */
export const realAfter: After = (ms, run) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

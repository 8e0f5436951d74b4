import { EXIT } from './exit-code.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Resolves when the process is asked to end; asked a second time, it ends at once. `untilStdinEnds`: the end of
 * standard input asks too, so that a process started by another never outlives it, however that one ends.
 */
export function stopRequest(untilStdinEnds = false): Promise<string> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of SIGNALS)
      process.on(signal, () => {
        if (asked) process.exit(EXIT.interrupted)
        asked = true
        resolve(signal)
      })
    if (untilStdinEnds)
      for (const end of ['end', 'close', 'error'])
        process.stdin.once(end, () => resolve('end of input')).resume()
  })
}

/** Milliseconds that a graceful stop may take: systemd and Docker wait longer before they kill. */
export const STOP_MS_MAX = 10_000

/** The result of `stopping`, or undefined when it is not there after {@link STOP_MS_MAX}. */
export function inTime<A>(stopping: Promise<A>): Promise<A | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), STOP_MS_MAX)
    stopping.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

import { EXIT } from './exit-code.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves when the process is asked to end; asked a second time, it ends at once. */
export function stopRequest(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false
    for (const signal of SIGNALS)
      process.on(signal, () => {
        if (asked) process.exit(EXIT.interrupted)
        asked = true
        resolve(signal)
      })
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

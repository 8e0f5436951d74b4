import type { After } from '../../../adapters/timers.ts'

/** A clock that stands still until it is moved. */
export interface ManualTimers {
  readonly after: After
  /** Moves the clock and runs what falls due on the way, in order. */
  readonly advance: (ms: number) => void
  /** Waits until a timer of exactly so many milliseconds is set. */
  readonly armed: (ms: number) => Promise<void>
}

export function manualTimers(): ManualTimers {
  const timers = new Set<{ readonly ms: number; readonly due: number; readonly run: () => void }>()
  let now = 0
  let wake = () => {}
  const soonest = (until: number) =>
    [...timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)[0]
  return {
    after: (ms, run) => {
      const timer = { ms, due: now + ms, run }
      timers.add(timer)
      wake()
      return () => timers.delete(timer)
    },
    advance: (ms) => {
      const until = now + ms
      for (let timer = soonest(until); timer !== undefined; timer = soonest(until)) {
        timers.delete(timer)
        now = timer.due
        timer.run()
      }
      now = until
    },
    armed: async (ms) => {
      while (![...timers].some((timer) => timer.ms === ms)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** Who has to be done with something in time. */
export interface Expiring {
  readonly expire: () => void
}

/** Deadlines that all have the same length, looked after by one timer instead of one for each connection. */
export interface Deadlines {
  /** Starts the time anew. */
  readonly set: (expiring: Expiring) => void
  readonly clear: (expiring: Expiring) => void
  readonly stop: () => void
}

/** Each deadline is kept up to a quarter late. The timer does not keep the process alive. */
export function deadlines(lengthMs: number): Deadlines {
  const dueAt = new Map<Expiring, number>()
  const sweep = setInterval(() => {
    const now = performance.now()
    for (const [expiring, at] of dueAt) {
      if (at > now) continue
      dueAt.delete(expiring)
      expiring.expire()
    }
  }, lengthMs / 4).unref()
  return {
    set: (expiring) => dueAt.set(expiring, performance.now() + lengthMs),
    clear: (expiring) => dueAt.delete(expiring),
    stop: () => clearInterval(sweep),
  }
}

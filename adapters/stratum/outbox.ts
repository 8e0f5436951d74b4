/** A connection that has something to hand over to its socket. */
export interface Flushable {
  readonly flush: () => void
}

/** The connections that were written to in this turn of the event loop. */
export interface Outbox {
  /** Flushed once when the turn ends. Not to be added again before that. */
  readonly add: (flushable: Flushable) => void
}

/**
 * Collects what a turn writes, so that eight answers to one miner are one system call and not eight. The turn ends after
 * its promises have settled: the answers of one commit to the journal go out together.
 */
export function outbox(): Outbox {
  let waiting: Flushable[] = []
  const flush = (): void => {
    const now = waiting
    waiting = []
    for (const flushable of now) flushable.flush()
  }
  return {
    add: (flushable) => {
      if (waiting.push(flushable) === 1) process.nextTick(flush)
    },
  }
}

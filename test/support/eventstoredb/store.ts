import type { EventLog, WriteOutcome } from './log.ts'

/** A log that is written to in order, and where a write is kept before it is answered. */
export interface Store {
  readonly log: EventLog
  /** Changes the log; `done` is called when the change is kept, and readers see it. */
  readonly write: (change: (log: EventLog) => WriteOutcome, done: (outcome: WriteOutcome) => void) => void
}

/** Keeps everything in memory: kept when written. */
export const memoryStore = (log: EventLog): Store => ({
  log,
  write: (change, done) => {
    const outcome = change(log)
    log.commit(log.records.length)
    done(outcome)
  },
})

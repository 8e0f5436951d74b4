import type { EventStore } from '../../adapters/event-store/port.ts'
import type { JournalStatus } from '../../adapters/http/port.ts'
import { type Journal, type JournalState, openJournal } from '../journal.ts'
import type { PoolContext } from './context.ts'
import type { PoolError } from './error.ts'

/** The journal of this process, counted and logged. `onStopped` is told when no share can be accepted any more. */
export const openMeteredJournal = (
  { config, metrics, nowMs, log }: PoolContext,
  store: EventStore,
  gateway: number,
  onStopped: (error: PoolError) => void,
): Journal =>
  openJournal({
    store,
    gateway,
    nowMs,
    ...config.journal,
    onCommit: (shares, difficulty, seconds) => {
      metrics.sharesAccepted.inc(shares)
      metrics.difficultyAccepted.inc(difficulty)
      if (shares > 0) metrics.commitSeconds.observe(seconds)
    },
    onRejected: (reason) => metrics.sharesRejected.inc({ reason }),
    onStoreError: (error) => {
      if (error === null) return log.info('the store is back: what waited is written')
      metrics.storeErrors.inc({ kind: error.kind })
      log.warn({ kind: error.kind }, error.message)
    },
    onStopped: (error) => {
      log.fatal(
        { kind: error.kind },
        `The journal has stopped, no share is accepted any more: ${error.message}`,
      )
      onStopped({ message: error.message })
    },
  })

/** What pages and API say of it. */
export const journalStatus = (state: JournalState): JournalStatus => ({
  state: state.kind === 'stopped' ? 'full' : state.kind,
  queued: state.queuedShares,
  queueMax: state.queueSharesMax,
})

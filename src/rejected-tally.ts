import { event, type PoolEvent, type RejectReason } from '../domain/events.ts'

/** Refused shares since the last summary, counted by connection, worker and reason: a flood of them is one small event. */
export interface RejectedTally {
  readonly note: (
    connection: number,
    worker: number | null,
    reason: RejectReason,
    needed: number,
    best: number,
  ) => void
  readonly isEmpty: () => boolean
  readonly isDue: (nowMs: number) => boolean
  /** The summary so far; counting begins anew. */
  readonly take: (nowMs: number) => PoolEvent
}

/** How often refused shares are summed up, and into how many rows at most (about 60 bytes each). */
const SUMMARY_MS = 60_000
const ROWS_MAX = 500

interface Row {
  readonly connection: number
  readonly worker: number | null
  readonly reason: RejectReason
  count: number
  needed: number
  best: number
}

/** Begins to count. */
export function rejectedTally(nowMs: number): RejectedTally {
  let rows = new Map<string, Row>()
  let others = 0
  let sinceMs = nowMs
  const isEmpty = (): boolean => rows.size + others === 0
  return {
    note: (connection, worker, reason, needed, best) => {
      const key = `${connection}.${worker}.${reason}`
      const row = rows.get(key)
      if (row !== undefined) {
        row.count += 1
        row.needed = needed
        row.best = Math.max(row.best, best)
      } else if (rows.size < ROWS_MAX) rows.set(key, { connection, worker, reason, count: 1, needed, best })
      else others += 1
    },
    isEmpty,
    isDue: (now) => !isEmpty() && now - sinceMs >= SUMMARY_MS,
    take: (now) => {
      const all = [...rows.values()]
      const summary = event('SharesRejected', {
        v: 1,
        at: now,
        since: sinceMs,
        connection: all.map((row) => row.connection),
        worker: all.map((row) => row.worker),
        reason: all.map((row) => row.reason),
        count: all.map((row) => row.count),
        needed: all.map((row) => row.needed),
        best: all.map((row) => row.best),
        others,
      })
      rows = new Map()
      others = 0
      sinceMs = now
      return summary
    },
  }
}

import { event, type PoolEvent, type RejectReason } from '../../domain/events.ts'

/** Refused shares since the last summary, counted by connection, worker and reason: a flood of them is one small event. */
export interface RejectedTally {
  readonly note: (
    on: RefusingConnection,
    worker: number | null,
    reason: RejectReason,
    needed: number,
    best: number,
  ) => void
  /** Nothing to say now: what was refused on connections that may yet come into the log waits for them. */
  readonly isEmpty: () => boolean
  readonly isDue: (nowMs: number) => boolean
  /** The summary so far; counting begins anew, but for what waits. */
  readonly take: (nowMs: number) => PoolEvent
}

/** A connection on which shares were refused, as the summary must know it. */
export interface RefusingConnection {
  /** In the log; null while it is not there, or for ever. */
  readonly number: number | null
  readonly isOver: boolean
}

/** How often refused shares are summed up, and into how many rows at most (about 60 bytes each). */
const SUMMARY_MS = 60_000
const ROWS_MAX = 500

interface Row {
  readonly worker: number | null
  readonly reason: RejectReason
  /** When counting had begun anew before its first share. */
  readonly sinceMs: number
  count: number
  needed: number
  best: number
}

const isWaiting = ({ number, isOver }: RefusingConnection): boolean => number === null && !isOver

/** Begins to count. */
export function rejectedTally(nowMs: number): RejectedTally {
  let rows = new Map<RefusingConnection, Row[]>()
  let rowCount = 0
  let others = 0
  let sinceMs = nowMs

  function isEmpty(): boolean {
    if (others > 0) return false
    for (const connection of rows.keys()) if (!isWaiting(connection)) return false
    return true
  }

  return {
    note: (on, worker, reason, needed, best) => {
      const own = rows.get(on) ?? []
      const row = own.find((each) => each.worker === worker && each.reason === reason)
      if (row !== undefined) {
        row.count += 1
        row.needed = needed
        row.best = Math.max(row.best, best)
      } else if (rowCount < ROWS_MAX) {
        rows.set(on, own)
        own.push({ worker, reason, sinceMs, count: 1, needed, best })
        rowCount += 1
      } else others += 1
    },
    isEmpty,
    isDue: (now) => now - sinceMs >= SUMMARY_MS && !isEmpty(),
    take: (now) => {
      const waiting = new Map<RefusingConnection, Row[]>()
      const named: (Row & { readonly connection: number })[] = []
      let since = sinceMs
      for (const [on, own] of rows) {
        if (isWaiting(on)) {
          waiting.set(on, own)
          continue
        }
        for (const row of own) {
          since = Math.min(since, row.sinceMs)
          if (on.number === null) others += row.count
          else named.push({ ...row, connection: on.number })
        }
        rowCount -= own.length
      }
      const summary = event('SharesRejected', {
        v: 1,
        at: now,
        since,
        connection: named.map((row) => row.connection),
        worker: named.map((row) => row.worker),
        reason: named.map((row) => row.reason),
        count: named.map((row) => row.count),
        needed: named.map((row) => row.needed),
        best: named.map((row) => row.best),
        others,
      })
      rows = waiting
      others = 0
      sinceMs = now
      return summary
    },
  }
}

import { type CheckReport, type Report, reportOf } from '../finding.ts'
import type { ResolvedShares } from '../references.ts'
import { SKEW_MS_MAX, timeText } from '../time.ts'

/** Milliseconds that the shares of one event may lie apart before it is told: shares wait so long only while the store is away. */
const SPAN_MS_MAX = 300_000

/**
 * A2: the times of accepted shares, over all gateways and hours. The shares stand in the order in which they were accepted, and a window of
 * `pplns-time` ends at the first event that is too old: one with a time long gone would end it for everybody.
 */
export class ShareTimes {
  readonly #report: CheckReport
  #latestMs = 0
  #latestStream = ''

  constructor(report: Report) {
    this.#report = reportOf('A2', report)
  }

  take({ entry, at, stream, columns: { count, elapsed } }: ResolvedShares): void {
    // Within one stream it is named already.
    if (at < this.#latestMs - SKEW_MS_MAX && stream !== this.#latestStream)
      this.#report.wrong(
        'time-backwards',
        entry,
        `Entry ${entry} holds shares from ${timeText(at)} on, and stream ${this.#latestStream} was at ${timeText(this.#latestMs)} before.`,
        `A time that goes back by ${SKEW_MS_MAX / 1000} s at most.`,
      )
    if (at >= this.#latestMs) {
      this.#latestMs = at
      this.#latestStream = stream
    }
    let span = 0
    for (let i = 0; i < count; i++) span = Math.max(span, elapsed[i] ?? 0)
    if (span > SPAN_MS_MAX)
      this.#report.notice(
        'late-shares',
        entry,
        `Entry ${entry} holds shares that were accepted ${Math.round(span / 1000)} s apart.`,
        'Shares of a moment. While the store of the pool is away they wait, and come in one event.',
      )
  }
}

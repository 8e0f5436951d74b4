import type { PayoutSchedule } from '../events.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 1440

/** A run of payouts: the height of the chain when it was planned, and when, Unix ms. */
export interface PayoutMoment {
  readonly height: number
  readonly at: number
}

/**
 * Says whether a run is due now. `last` is the run before, or the start of the pool. A run that was missed is due at once, and
 * then only once.
 */
export function isPayoutDue(schedule: PayoutSchedule, last: PayoutMoment, now: PayoutMoment): boolean {
  switch (schedule.kind) {
    case 'blocks':
      return now.height >= last.height + schedule.every
    case 'daily':
      return dayOf(schedule.minute, now.at) > dayOf(schedule.minute, last.at)
  }
}

/** Number of the day that begins at a minute of the UTC day. */
const dayOf = (minute: number, at: number): number =>
  Math.floor((Math.floor(at / MINUTE_MS) - minute) / DAY_MINUTES)

/**
 * How far the read models are behind the log, in time. Positions are not dense, so their difference says nothing;
 * instead the head is remembered with its time, until the read models have passed it.
 */
export interface LagMeter {
  readonly mark: number
  readonly markedAt: number
  readonly lagMs: number
}

/** Nothing seen yet: no lag. */
export const noLag: LagMeter = { mark: -1, markedAt: 0, lagMs: 0 }

/** The meter after one more look at both positions, at `now` (ms). */
export function observeLag(
  meter: LagMeter,
  position: number | null,
  head: number | null,
  now: number,
): LagMeter {
  const at = position ?? -1
  const end = head ?? -1
  if (at >= end) return { mark: end, markedAt: now, lagMs: 0 }
  if (at >= meter.mark) return { mark: end, markedAt: now, lagMs: 0 }
  return { ...meter, lagMs: now - meter.markedAt }
}

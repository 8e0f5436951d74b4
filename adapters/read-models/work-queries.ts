import type { DatabaseSync } from 'node:sqlite'
import type { Network } from '../../domain/decred/network.ts'
import { hashesPerDifficulty } from '../../domain/decred/target.ts'
import {
  addSums,
  bucketStart,
  estimateHashrate,
  levelAt,
  NO_WORK,
  WINDOWS,
  type WorkSums,
  windowSpan,
} from '../../projections/hashrate.ts'
import type { Scope } from '../../projections/tally.ts'
import type { HashratePoint, Hashrates } from '../../projections/views.ts'
import { number, type Row } from './values.ts'

/** A meter as far as its hashrate is asked for. */
export interface Measured {
  readonly id: number
  /** Unix ms. */
  readonly sinceMs: number
}

/** Questions about the work of meters over time. */
export interface WorkQueries {
  /** Hashrates of meters of one scope over every window that ends at `nowMs`, by meter id. */
  readonly hashrates: (
    network: Network,
    scope: Scope,
    meters: readonly Measured[],
    nowMs: number,
  ) => (meter: number) => Hashrates
  /** Points of `stepSeconds`, which is a multiple of the level's bucket, from `from` to `to` (Unix seconds). */
  readonly points: (
    network: Network,
    scope: Scope,
    meter: Measured,
    range: {
      readonly level: number
      readonly from: number
      readonly to: number
      readonly stepSeconds: number
    },
  ) => readonly HashratePoint[]
}

/** Prepares them. Every bucket is looked up by its whole key, so cost goes with what is asked and not with what is there. */
export function openWorkQueries(db: DatabaseSync): WorkQueries {
  const sums = db.prepare(`
    WITH RECURSIVE bucket (start) AS (
      SELECT :from UNION ALL SELECT start + :length FROM bucket WHERE start + :length <= :to
    )
    SELECT w.meter, sum(w.difficulty) AS difficulty, sum(w.squares) AS squares, sum(w.shares) AS shares,
      sum(w.rejected) AS rejected
    FROM json_each(:meters) m CROSS JOIN bucket b
    CROSS JOIN work w ON w.level = :level AND w.scope = :scope AND w.start = b.start AND w.meter = m.value
    GROUP BY w.meter`)
  const series = db.prepare(`
    WITH RECURSIVE bucket (start) AS (
      SELECT :from UNION ALL SELECT start + :length FROM bucket WHERE start + :length < :to
    )
    SELECT w.start, w.difficulty, w.squares, w.shares, w.rejected
    FROM bucket b CROSS JOIN work w ON w.level = :level AND w.scope = :scope AND w.start = b.start AND w.meter = :meter`)

  function windowSums(
    scope: Scope,
    meters: string,
    level: number,
    from: number,
    nowMs: number,
  ): ReadonlyMap<number, WorkSums> {
    const rows = sums.iterate({
      meters,
      level,
      scope,
      from,
      length: levelAt(level).seconds,
      to: Math.floor(nowMs / 1_000),
    })
    const byMeter = new Map<number, WorkSums>()
    for (const row of rows) byMeter.set(number(row, 'meter'), workSums(row))
    return byMeter
  }

  return {
    hashrates: (network, scope, meters, nowMs) => {
      const hashes = hashesPerDifficulty(network)
      const ids = JSON.stringify(meters.map(({ id }) => id))
      const since = new Map(meters.map(({ id, sinceMs }) => [id, sinceMs]))
      const estimator = (window: (typeof WINDOWS)[keyof typeof WINDOWS]) => {
        const { fromBucket } = windowSpan(window, nowMs, 0)
        const byMeter = windowSums(scope, ids, window.level, fromBucket, nowMs)
        return (meter: number) =>
          estimateHashrate(
            byMeter.get(meter) ?? NO_WORK,
            windowSpan(window, nowMs, since.get(meter) ?? 0).seconds,
            hashes,
          )
      }
      const minute = estimator(WINDOWS.minute)
      const tenMinutes = estimator(WINDOWS.tenMinutes)
      const hour = estimator(WINDOWS.hour)
      const day = estimator(WINDOWS.day)
      return (meter) => ({
        minute: minute(meter),
        tenMinutes: tenMinutes(meter),
        hour: hour(meter),
        day: day(meter),
      })
    },

    points: (network, scope, meter, { level, from, to, stepSeconds }) => {
      const hashes = hashesPerDifficulty(network)
      const since = Math.floor(meter.sinceMs / 1_000)
      const byStep = new Map<number, WorkSums>()
      const rows = series.iterate({ meter: meter.id, level, scope, from, length: levelAt(level).seconds, to })
      for (const row of rows) {
        const step = bucketStart(number(row, 'start'), stepSeconds)
        byStep.set(step, addSums(byStep.get(step) ?? NO_WORK, workSums(row)))
      }
      const points: HashratePoint[] = []
      for (let step = from; step < to; step += stepSeconds) {
        const seconds = Math.min(step + stepSeconds, to) - Math.max(step, since)
        const estimate = estimateHashrate(byStep.get(step) ?? NO_WORK, Math.max(1, seconds), hashes)
        points.push({ at: step * 1_000, ...estimate })
      }
      return points
    },
  }
}

const workSums = (row: Row): WorkSums => ({
  difficulty: number(row, 'difficulty'),
  squares: number(row, 'squares'),
  shares: number(row, 'shares'),
  rejected: number(row, 'rejected'),
})

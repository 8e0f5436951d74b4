import * as E from 'fp-ts/lib/Either.js'
import { bucketStart, COARSEST_LEVEL, keptFrom, levelAt } from '../../projections/hashrate.ts'
import { badRequest } from './cursor.ts'
import { type Answer, HISTORY_POINTS_MAX, type HistoryRequest } from './port.ts'

/** What a chart is read from: the level of its buckets, and its points in Unix seconds, from a multiple of the step. */
export interface HistoryPlan {
  readonly level: number
  readonly stepSeconds: number
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** Finest buckets that are kept long enough for a chart. */
const FINEST_LEVEL = 1

/**
 * Plans a chart: the coarsest buckets that make its step, or coarser ones when those are not kept that long. It begins when
 * the meter did (`sinceMs`) or as far back as anything is kept.
 */
export function planHistory(
  { from, to, stepSeconds }: Pick<HistoryRequest, 'from' | 'to' | 'stepSeconds'>,
  sinceMs: number,
  clockMs: number,
): Answer<HistoryPlan> {
  if (!Number.isInteger(stepSeconds) || stepSeconds < levelAt(FINEST_LEVEL).seconds)
    return badRequest(`A step of a chart is at least ${levelAt(FINEST_LEVEL).seconds} seconds.`)
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from < to))
    return badRequest('A chart goes from one time to a later one, in Unix milliseconds.')
  const oldest = keptFrom(COARSEST_LEVEL, clockMs)
  const begin = Math.max(Math.floor(from / 1_000), Math.floor(sinceMs / 1_000), oldest)
  const level = levelFor(stepSeconds, begin, clockMs)
  const { seconds } = levelAt(level)
  const step = Math.ceil(stepSeconds / seconds) * seconds
  const aligned = bucketStart(begin, step)
  const plan = {
    level,
    stepSeconds: step,
    from: aligned < oldest ? aligned + step : aligned,
    to: Math.ceil(to / 1_000),
  }
  if ((plan.to - plan.from) / step > HISTORY_POINTS_MAX)
    return badRequest(
      `A chart has at most ${HISTORY_POINTS_MAX} points: ask for a longer step or a shorter time.`,
    )
  return E.right(plan)
}

function levelFor(stepSeconds: number, begin: number, clockMs: number): number {
  let level = FINEST_LEVEL
  for (let i = FINEST_LEVEL; i <= COARSEST_LEVEL; i++) if (levelAt(i).seconds <= stepSeconds) level = i
  while (level < COARSEST_LEVEL && begin < keptFrom(level, clockMs)) level++
  return level
}

import * as E from 'fp-ts/lib/Either.js'
import type { PoolView } from '../../projections/views.ts'
import type { Answer, ReadModels } from '../read-models/port.ts'
import type { Health } from './health.ts'
import type { PoolStatus } from './port.ts'
import type { Problem } from './problem.ts'

/** What every route reads from. */
export interface Site {
  readonly readModels: ReadModels
  readonly status: () => PoolStatus
  readonly health: (status: PoolStatus) => Health
  readonly projectionLagMs: () => number
  readonly now: () => number
  /** Told of what should not have happened. */
  readonly report: (error: unknown) => void
}

/** An answer of the read models, or the problem that a visitor is told instead; the operator is told the cause. */
export function answered<T>(site: Site, answer: Answer<T>): E.Either<Problem, T> {
  if (E.isRight(answer)) return answer
  if (answer.left.kind === 'bad-request')
    return E.left({ kind: 'bad-parameter', detail: answer.left.message })
  site.report(answer.left)
  return E.left({
    kind: 'unavailable',
    detail: 'The figures cannot be read at the moment. Mining goes on; try again in a minute.',
  })
}

/** The pool as the log has it, to the second, so that what is asked twice in a second is answered alike. */
export function poolView(site: Site): E.Either<Problem, PoolView> {
  const answer = answered(site, site.readModels.pool(Math.floor(site.now() / 1000) * 1000))
  if (E.isLeft(answer)) return answer
  if (answer.right !== undefined) return E.right(answer.right)
  return E.left({ kind: 'unavailable', detail: 'The pool has not opened yet. Try again in a few seconds.' })
}

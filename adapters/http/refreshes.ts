import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, MiddlewareHandler } from 'hono'
import { LISTENERS_MAX } from './live-feed.ts'
import { type Problem, problem } from './problem.ts'
import { takeTurns } from './turns.ts'

/** Sent by pages that keep themselves fresh, `browser/live.js`. Browsers say by themselves that no person asks, but not over plain HTTP. */
const HEADER = 'Lodebook-Refresh'

/** Says whether a page asks for itself again, without a person. */
export const isRefresh = (c: Context): boolean => c.req.header(HEADER) !== undefined

/** So many are made at once, so that one that waits for a file keeps only few of the others. */
const AT_ONCE = 4
/** After each one its turn rests for so many times as long as it took: four turns that work a thirteenth of the time take a third of the loop. */
const REST = 12
/** What took longer than a twelfth of this has waited for something else than the loop. */
const REST_MS_MAX = 240

/**
 * Reads pages again a few at a time. All who look at the pool are told of a change in the same moment, and all their pages would be made in one
 * go, by the loop that serves the miners: 300 of a miner's page take more than a second. So a page follows the pool within a second for some fifty
 * readers, and more slowly for more of them. Who opens a page does not wait.
 */
export function refreshesInTurn(): MiddlewareHandler {
  const inTurn = takeTurns(AT_ONCE, LISTENERS_MAX)
  return async (c, next) => {
    if (!isRefresh(c)) return next()
    const page = await new Promise<'made' | 'refused'>((resolve, reject) => {
      const turn = inTurn(async () => {
        const begun = performance.now()
        await next().then(() => resolve('made'), reject)
        await sleep(Math.min(REST_MS_MAX, (performance.now() - begun) * REST))
        return 'rested'
      })
      void turn.then((outcome) => {
        if (outcome === undefined) resolve('refused')
      })
    })
    return page === 'made' ? undefined : problem(c, TOO_MANY)
  }
}

const TOO_MANY: Problem = {
  kind: 'unavailable',
  detail: 'Too many pages are read again. Try again later.',
}

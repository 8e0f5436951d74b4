import * as E from 'fp-ts/lib/Either.js'
import { Hono } from 'hono'
import { SOLO_ACCOUNT_ID } from '../../../domain/decred/address.ts'
import type { AccountView } from '../../../projections/views.ts'
import { PAGE_LIMIT_MAX } from '../../read-models/port.ts'
import type { Problem } from '../problem.ts'
import { answered, poolView, type Site } from '../site.ts'
import { connectPage } from './connect-page.ts'
import { type ConnectRequest, connectRequest } from './connect-request.ts'
import type { Html } from './format.ts'
import { chartRanges, chartSpan } from './hashrate-chart.ts'
import { poolPage } from './pool-page.ts'
import { remembered } from './remembered.ts'
import { CHART_SCRIPTS, type Show } from './show.ts'

const MONTH_MS = 2_592_000_000
const HOUR_SECONDS = 3_600

/** The pool at a glance, and how to join it. */
export function poolRoutes(site: Site, show: Show): Hono {
  const bodies = remembered<E.Either<Problem, Html>>()

  return new Hono()
    .get('/', (c) => {
      const now = site.now()
      const { work, connections, ledger } = site.status()
      const { entries } = site.readModels.status()
      const range = chartRanges.find(({ id }) => id === c.req.query('range'))?.id
      const mark = [Math.floor(now / 1000), entries, connections, work, ledger.checkpoint?.size]
      const body = bodies(range ?? '', mark, () => poolBody(site, range, now))
      if (E.isLeft(body)) return show.problem(c, body.left)
      return show.page(c, 'Pool', '/', CHART_SCRIPTS, body.right)
    })
    .get('/connect', (c) => {
      const status = site.status()
      const request = connectRequest(c.req.query(), status, new URL(c.req.url).hostname)
      const seen = seenAccount(site, request)
      if (E.isLeft(seen)) return show.problem(c, seen.left)
      const body = connectPage({ status, request, seen: seen.right, now: site.now() })
      return show.page(c, 'Connect a miner', '/connect', ['copy.js'], body)
    })
}

function poolBody(site: Site, rangeId: string | undefined, now: number): E.Either<Problem, Html> {
  const pool = poolView(site)
  if (E.isLeft(pool)) return pool
  const span = chartSpan(rangeId, pool.right.openedAt, now)
  const { from, to } = span
  const { stepSeconds } = span.range
  const history = answered(site, site.readModels.hashrateHistory({ from, to, stepSeconds }))
  if (E.isLeft(history)) return history
  const month = answered(
    site,
    site.readModels.hashrateHistory({ from: now - MONTH_MS, to: now, stepSeconds: HOUR_SECONDS }),
  )
  if (E.isLeft(month)) return month
  const blocks = answered(site, site.readModels.blocks({}, { after: null, limit: PAGE_LIMIT_MAX }))
  if (E.isLeft(blocks)) return blocks
  return E.right(
    poolPage({
      pool: pool.right,
      status: site.status(),
      blocks: blocks.right.items,
      span,
      history: history.right ?? { stepSeconds, points: [] },
      month: month.right ?? { stepSeconds: HOUR_SECONDS, points: [] },
      entries: site.readModels.status().entries,
      now,
    }),
  )
}

/** The account whose miner is looked for: null when none was asked for, undefined when it is not known. */
function seenAccount(
  site: Site,
  { address, worker }: ConnectRequest,
): E.Either<Problem, AccountView | undefined | null> {
  const solo = site.status().mode === 'solo'
  const asked = solo ? worker : address
  if (asked.value === '' || asked.error !== null) return E.right(null)
  return answered(site, site.readModels.account(solo ? SOLO_ACCOUNT_ID : address.value, site.now()))
}

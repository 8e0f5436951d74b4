import * as E from 'fp-ts/lib/Either.js'
import { type Context, Hono } from 'hono'
import { SOLO_ACCOUNT_ID } from '../../../domain/decred/address.ts'
import type { AccountView } from '../../../projections/views.ts'
import { PAGE_LIMIT_MAX } from '../../read-models/port.ts'
import { openApi } from '../api/openapi.ts'
import { blockHash, PAGE_LIMIT } from '../api/parameters.ts'
import { type Problem, problemKinds } from '../problem.ts'
import { answered, poolView, type Site } from '../site.ts'
import { apiPage } from './api-page.ts'
import { type Assets, assetResponse } from './assets.ts'
import { blockPage } from './block-page.ts'
import { chartRanges, chartSpan } from './chart.ts'
import { connectPage } from './connect-page.ts'
import { type ConnectRequest, connectRequest } from './connect-request.ts'
import type { Html } from './format.ts'
import { layout } from './layout.ts'
import { paymentsPage } from './payments-page.ts'
import { poolPage } from './pool-page.ts'
import { problemPage } from './problem-page.ts'

/** The dashboard's pages and their static files. */
export function dashboard(site: Site, assets: Assets): Hono {
  const document = openApi(site.status().software)
  const show = pageMaker(site, assets)
  const poolBody = poolBodies(site)

  return new Hono()
    .get(`${assets.root}/:name`, (c) => {
      const file = assetResponse(assets, c.req.param('name'), c.req.header('Accept-Encoding') ?? '')
      return file ?? c.notFound()
    })
    .get('/', (c) => {
      const body = poolBody(c.req.query('range'))
      if (E.isLeft(body)) return show.problem(c, body.left)
      return show.page(c, 'Pool', '/', ['uplot.js', 'chart.js'], body.right)
    })
    .get('/connect', (c) => {
      const status = site.status()
      const request = connectRequest(c.req.query(), status, new URL(c.req.url).hostname)
      const seen = seenAccount(site, request)
      if (E.isLeft(seen)) return show.problem(c, seen.left)
      const body = connectPage({ status, request, seen: seen.right, now: site.now() })
      return show.page(c, 'Connect a miner', '/connect', ['copy.js'], body)
    })
    .get('/blocks/:hash', (c) => {
      const hash = blockHash(c.req.param('hash'))
      if (E.isLeft(hash)) return show.problem(c, noBlock)
      const block = answered(site, site.readModels.block(hash.right))
      if (E.isLeft(block)) return show.problem(c, block.left)
      if (block.right === undefined) return show.problem(c, noBlock)
      const allocation = answered(site, site.readModels.allocation(hash.right, FIRST_PAGE))
      if (E.isLeft(allocation)) return show.problem(c, allocation.left)
      const body = blockPage({ block: block.right, allocation: allocation.right, now: site.now() })
      return show.page(c, `Block ${block.right.height}`, c.req.path, [], body)
    })
    .get('/payments', (c) => {
      const pool = poolView(site)
      if (E.isLeft(pool)) return show.problem(c, pool.left)
      const after = c.req.query('cursor') ?? null
      const payments = answered(site, site.readModels.payments({ after, limit: PAGE_LIMIT }))
      if (E.isLeft(payments)) return show.problem(c, payments.left)
      const { policy, nextPayout } = pool.right
      const { items, next } = payments.right
      const body = paymentsPage({ policy, nextPayout, payments: items, next, now: site.now() })
      return show.page(c, 'Payments', '/payments', [], body)
    })
    .get('/api', (c) => show.page(c, 'API', '/api', [], apiPage(document)))
}

const FIRST_PAGE = { after: null, limit: PAGE_LIMIT_MAX }

const noBlock: Problem = { kind: 'not-found', detail: 'This is not a block of this pool.' }

/**
 * Makes the Pool page's body, by the range of its chart. All who watch the page ask for it when something changes, so it is
 * made once for all of them, for a second at most.
 */
function poolBodies(site: Site): (rangeId: string | undefined) => E.Either<Problem, Html> {
  const made = new Map<string, { readonly mark: string; readonly body: E.Either<Problem, Html> }>()
  return (rangeId) => {
    const now = site.now()
    const { work, connections } = site.status()
    const { entries } = site.readModels.status()
    const mark = JSON.stringify([Math.floor(now / 1000), entries, connections, work])
    const range = chartRanges.find(({ id }) => id === rangeId)?.id
    const known = made.get(range ?? '')
    if (known?.mark === mark) return known.body
    const body = poolBody(site, range, now)
    made.set(range ?? '', { mark, body })
    return body
  }
}

function poolBody(site: Site, rangeId: string | undefined, now: number): E.Either<Problem, Html> {
  const pool = poolView(site)
  if (E.isLeft(pool)) return pool
  const span = chartSpan(rangeId, pool.right.openedAt, now)
  const { from, to } = span
  const { stepSeconds } = span.range
  const history = answered(site, site.readModels.hashrateHistory({ from, to, stepSeconds }))
  if (E.isLeft(history)) return history
  const blocks = answered(site, site.readModels.blocks({}, { after: null, limit: PAGE_LIMIT_MAX }))
  if (E.isLeft(blocks)) return blocks
  return E.right(
    poolPage({
      pool: pool.right,
      status: site.status(),
      blocks: blocks.right.items,
      span,
      history: history.right ?? { stepSeconds, points: [] },
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

/** Puts bodies into whole pages. */
export function pageMaker(site: Site, assets: Assets) {
  const page = (
    c: Context,
    title: string,
    path: string,
    scripts: readonly string[],
    body: Html,
    httpStatus: 200 | 400 | 404 | 500 | 503 = 200,
  ) => {
    const status = site.status()
    const whole = layout({
      title,
      path,
      assetRoot: assets.root,
      status,
      health: site.health(status),
      now: site.now(),
      scripts,
      body,
    })
    c.header('Cache-Control', 'no-cache')
    return c.html(whole, httpStatus)
  }
  return {
    page,
    problem: (c: Context, problem: Problem) => {
      const { status } = problemKinds[problem.kind]
      const httpStatus = status === 400 || status === 404 || status === 500 ? status : 503
      return page(c, problemPage.title(problem), c.req.path, [], problemPage.body(problem), httpStatus)
    },
  }
}

import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { routePath } from 'hono/route'
import { secureHeaders } from 'hono/secure-headers'
import type { LedgerSource } from '../ledger/port.ts'
import { anyOrigin, api } from './api/api.ts'
import { compressed } from './compression.ts'
import type { Assets } from './dashboard/assets.ts'
import { dashboard } from './dashboard/dashboard.ts'
import { pageMaker } from './dashboard/show.ts'
import { LEDGER_LIMIT, ledgerFiles } from './ledger/ledger.ts'
import type { LiveFeed } from './live-feed.ts'
import type { Metrics } from './metrics.ts'
import { probes } from './probes.ts'
import { type Problem, problem } from './problem.ts'
import { limitVisitors, type Refuse, rateLimiter, VISITOR_LIMIT, VISITORS_MAX } from './rate-limit.ts'
import { refreshesInTurn } from './refreshes.ts'
import type { Site } from './site.ts'
import type { VisitorOf } from './visitor.ts'

/** What the routes are made from. */
export interface AppParts {
  readonly site: Site
  readonly assets: Assets
  /** The administrator's pages below `/admin`; null where they are not here. */
  readonly admin: Hono | null
  readonly feed: LiveFeed
  readonly ledger: LedgerSource
  readonly metrics: Metrics
  readonly visitorOf: VisitorOf
  /** True where browsers reach the pool by HTTPS only. */
  readonly secure: boolean
}

/** All routes of the pool's HTTP side, with what every answer has in common. */
export function app({ site, assets, admin, feed, ledger, metrics, visitorOf, secure }: AppParts): Hono {
  const pages = pageMaker(site, assets)
  const refuse: Refuse = (c, what, headers) => {
    if (forPrograms(c.req.path) || !c.req.header('Accept')?.includes('text/html'))
      return problem(c, what, headers)
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    return pages.problem(c, what)
  }
  const limiter = limitVisitors(rateLimiter(VISITOR_LIMIT, VISITORS_MAX), visitorOf, site.now, refuse)
  const ledgerLimiter = limitVisitors(rateLimiter(LEDGER_LIMIT, VISITORS_MAX), visitorOf, site.now)
  const whole = new Hono()

  if (admin !== null)
    whole.use(async (c, next) =>
      c.req.path === '/admin' || c.req.path.startsWith('/admin/') ? admin.fetch(c.req.raw, c.env) : next(),
    )
  whole.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        // A visitor may have the browser look at a copy of the ledger elsewhere; a copy on the visitor's own machine too.
        connectSrc: ["'self'", 'https:', 'http://127.0.0.1:*', 'http://localhost:*'],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: 'no-referrer',
      xFrameOptions: 'DENY',
      strictTransportSecurity: secure,
      crossOriginResourcePolicy: 'same-origin',
    }),
  )
  whole.use(refreshesInTurn())
  whole.use(async (c, next) => {
    const done = metrics.httpSeconds.startTimer()
    await next()
    // Event streams last as long as their reader stays; their time says nothing.
    if (c.res.headers.get('Content-Type')?.startsWith('text/event-stream')) return
    done({ route: c.res.status === 404 ? 'none' : routePath(c, -1), status: String(c.res.status) })
  })
  whole.use(compressed)
  whole.use(
    methodNotAllowed({
      app: whole,
      onMethodNotAllowed: (c, methods) => problem(c, readOnly, { Allow: methods.join(', ') }),
    }),
  )
  // Before the limiter: a page elsewhere must be able to read that it asked too often.
  whole.use('/api/*', anyOrigin)
  const free = (path: string): boolean => path === '/healthz' || path.startsWith(`${assets.root}/`)
  whole.use(async (c, next) => {
    if (free(c.req.path)) return next()
    return c.req.path.startsWith('/ledger/') ? ledgerLimiter(c, next) : limiter(c, next)
  })

  whole.route('/', probes(site, metrics, feed.size))
  whole.route('/api/v1', api(site, feed, ledger, visitorOf))
  // The page of the ledger before its files, which are below it.
  whole.route('/', dashboard(site, assets, ledger))
  whole.route('/ledger', ledgerFiles(ledger))

  whole.notFound((c) => (forPrograms(c.req.path) ? problem(c, noRoute) : pages.problem(c, noPage)))
  whole.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse()
    site.report(error)
    return forPrograms(c.req.path) ? problem(c, ownFault) : pages.problem(c, ownFault)
  })
  return whole
}

const forPrograms = (path: string): boolean => path.startsWith('/api/') || path.startsWith('/ledger/')

const readOnly: Problem = { kind: 'method-not-allowed', detail: 'Use GET or HEAD.' }
const noRoute: Problem = {
  kind: 'not-found',
  detail: 'The API has no such route. /api lists those that there are.',
}
const noPage: Problem = {
  kind: 'not-found',
  detail: 'The dashboard has no such page. The links above lead to those that there are.',
}
const ownFault: Problem = {
  kind: 'internal-error',
  detail: 'This is the pool’s own mistake and has been written to its log. Mining goes on.',
}

import * as E from 'fp-ts/lib/Either.js'
import { type Context, Hono } from 'hono'
import { html } from 'hono/html'
import { HTTPException } from 'hono/http-exception'
import { secureHeaders } from 'hono/secure-headers'
import type { PaymentView } from '../../../projections/money/views.ts'
import { PAGE_LIMIT_MAX } from '../../read-models/port.ts'
import { type Assets, assetResponse } from '../dashboard/assets.ts'
import type { Html } from '../dashboard/format.ts'
import { EVENTS_PATH, eventStream } from '../event-stream.ts'
import type { LiveFeed } from '../live-feed.ts'
import { problemKinds } from '../problem.ts'
import { limitVisitors, rateLimiter, VISITOR_LIMIT, VISITORS_MAX } from '../rate-limit.ts'
import { answered, type Site } from '../site.ts'
import type { VisitorOf } from '../visitor.ts'
import { backupsPage } from './backups-page.ts'
import { bansPage } from './bans-page.ts'
import { connectionsPage } from './connections-page.ts'
import { type Fields, readForm } from './form.ts'
import type { Guard } from './guard.ts'
import { loginPage } from './login-page.ts'
import type { Logins } from './logins.ts'
import { type AdminOrder, orderOfForm } from './order.ts'
import { overviewPage } from './overview-page.ts'
import { type AdminPage, adminPages, type PageStatus } from './page.ts'
import { payoutsPage } from './payouts-page.ts'
import type { Administration, OpenBackup } from './port.ts'
import { payoutPreview } from './preview.ts'
import { isSameSecret, type Session } from './sessions.ts'
import { settingsPage } from './settings-page.ts'

/** What the administrator's pages are made from. */
export interface AdminParts {
  readonly site: Site
  readonly assets: Assets
  readonly administration: Administration
  readonly guard: Guard
  readonly logins: Logins
  readonly visitorOf: VisitorOf
  /** Live events for these pages where they have an address of their own; null where they are the dashboard's. */
  readonly feed: LiveFeed | null
  /** True where browsers reach them by HTTPS only. */
  readonly secure: boolean
}

/**
 * The administrator's pages: an application of their own, with headers and limits of their own, at `/admin` of the dashboard or at an
 * address of their own.
 */
export function adminApp(parts: AdminParts): Hono {
  const { site, assets, administration, guard, logins, visitorOf, feed, secure } = parts
  const show = adminPages(
    site,
    assets,
    feed === null
      ? { house: 'dashboard', events: EVENTS_PATH }
      : { house: 'administration', events: OWN_EVENTS_PATH },
  )
  const limiter = limitVisitors(rateLimiter(VISITOR_LIMIT, VISITORS_MAX), visitorOf, site.now)
  const whole = new Hono()

  whole.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
      // With none at all browsers would not say, either, which page a form comes from.
      referrerPolicy: 'same-origin',
      xFrameOptions: 'DENY',
      strictTransportSecurity: secure,
      crossOriginResourcePolicy: 'same-origin',
    }),
  )
  whole.get(`${assets.root}/:name`, (c) => {
    const file = assetResponse(assets, c.req.param('name'), c.req.header('Accept-Encoding') ?? '')
    return file ?? c.notFound()
  })
  whole.use(limiter)

  const stranger = (c: Context, message: string | null, status: PageStatus) => {
    const body = loginPage(guard.loginToken(c), message)
    return show(c, { title: 'Administrator', body, session: null, notice: null }, status)
  }

  const refuse = (c: Context, status: PageStatus, message: string) =>
    show(
      c,
      {
        title: status === 404 ? problemKinds['not-found'].title : 'This was not done',
        body: NOTHING,
        session: guard.session(c) ?? null,
        notice: { tone: 'bad', text: message },
      },
      status,
    )

  /** A page for whoever is logged in; strangers are sent to the door. */
  const page = (
    path: string,
    title: string,
    body: (session: Session, c: Context) => E.Either<string, Html>,
  ) =>
    whole.get(path, (c) => {
      const session = guard.session(c)
      if (session === undefined) return c.redirect('/admin/login', 303)
      const notice = guard.isNavigation(c) ? session.notice : null
      if (notice !== null) session.notice = null
      const made = body(session, c)
      const shown: AdminPage = E.isRight(made)
        ? { title, body: made.right, session, notice }
        : { title, body: NOTHING, session, notice: { tone: 'bad', text: made.left } }
      return show(c, shown, E.isRight(made) ? 200 : 503)
    })

  /** A form that a page of ours sent; everything else is refused before it is even read. */
  const form = (path: string, take: (c: Context, fields: Fields) => Response | Promise<Response>) =>
    whole.post(path, async (c) => {
      if (!guard.isFromHere(c)) return refuse(c, 403, OTHER_SITE)
      const fields = await readForm(c)
      if (E.isLeft(fields)) {
        // What is still to come of it is not read.
        c.header('Connection', 'close')
        return refuse(c, fields.left.status, fields.left.message)
      }
      return take(c, fields.right)
    })

  /** A form of somebody who is logged in. */
  const sessionForm = (
    path: string,
    take: (c: Context, session: Session, fields: Fields) => Response | Promise<Response>,
  ) =>
    form(path, (c, fields) => {
      const session = guard.session(c)
      if (session === undefined) return stranger(c, 'You are not logged in any more.', 401)
      if (!isSameSecret(session.formToken, fields.get('token') ?? '')) return refuse(c, 403, OTHER_SITE)
      return take(c, session, fields)
    })

  page('/admin', 'Administration', () =>
    E.right(
      overviewPage({
        administration,
        status: site.status(),
        waiting: waitingPayouts(site).length,
        projectionLagMs: site.projectionLagMs(),
        now: site.now(),
      }),
    ),
  )
  page('/admin/payouts', 'Payouts', (session) => payoutsBody(site, session, feed === null))
  page('/admin/connections', 'Connections', (session, c) =>
    E.right(
      connectionsPage({
        session,
        connections: administration.connections(),
        search: (c.req.query('q') ?? '').slice(0, SEARCH_CHARS_MAX),
        now: site.now(),
      }),
    ),
  )
  page('/admin/bans', 'Bans', (session) =>
    E.right(bansPage({ session, bans: administration.bans(), now: site.now() })),
  )
  page('/admin/backups', 'Backups', (session) =>
    E.right(backupsPage({ session, backups: administration.backups(), now: site.now() })),
  )
  page('/admin/settings', 'Settings', (session) =>
    E.right(settingsPage({ session, machine: administration.machine() })),
  )
  whole.get('/admin/backups/:name', (c) => {
    if (guard.session(c) === undefined) return c.redirect('/admin/login', 303)
    const backup = administration.openBackup(c.req.param('name'))
    return backup === undefined ? refuse(c, 404, 'There is no such backup.') : download(backup)
  })

  whole.get('/', (c) => c.redirect('/admin', 303))
  if (feed !== null)
    whole.get(OWN_EVENTS_PATH, (c) =>
      guard.session(c) === undefined ? c.redirect('/admin/login', 303) : eventStream(c, feed, visitorOf(c)),
    )
  whole.get('/admin/login', (c) =>
    guard.session(c) === undefined ? stranger(c, null, 200) : c.redirect('/admin', 303),
  )
  form('/admin/login', async (c, fields) => {
    if (!guard.isLoginToken(c, fields.get('token') ?? ''))
      return guard.session(c) === undefined
        ? stranger(c, 'This page was too old. Try again.', 403)
        : c.redirect('/admin', 303) // By another page of the same browser, since this one was opened.
    const verdict = await logins.attempt(visitorOf(c), fields.get('password') ?? '', site.now())
    if (verdict.kind === 'limited') {
      c.header('Retry-After', String(verdict.retryInSeconds))
      return stranger(c, `Too many tries. Wait ${verdict.retryInSeconds} seconds.`, 429)
    }
    if (verdict.kind === 'wrong') return stranger(c, 'This is not the password.', 401)
    const written = await administration.entered('log-in')
    if (E.isLeft(written)) return stranger(c, written.left.message, 503)
    guard.begin(c)
    return c.redirect('/admin', 303)
  })
  sessionForm('/admin/logout', async (c) => {
    guard.end(c)
    await administration.entered('log-out')
    return c.redirect('/admin/login', 303)
  })
  sessionForm('/admin/orders', async (c, session, fields) => {
    const order = orderOfForm(fields, site.now())
    if (E.isLeft(order)) return refuse(c, 400, order.left)
    const done = await administration.order(order.right, 'web')
    session.notice = E.isRight(done)
      ? { tone: 'good', text: done.right }
      : { tone: 'bad', text: done.left.message }
    return c.redirect(PAGE_OF[order.right.kind], 303)
  })

  whole.notFound((c) => refuse(c, 404, 'There is no such page.'))
  whole.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse()
    site.report(error)
    return refuse(c, 500, 'This is the pool’s own mistake and has been written to its log. Mining goes on.')
  })
  return whole
}

const NOTHING = html``

/** The API is not at this address. */
const OWN_EVENTS_PATH = '/admin/events'

const OTHER_SITE =
  'The form did not come from these pages, or from too old a one. Open the page again and send it from there.'

const SEARCH_CHARS_MAX = 200

/** Where each order is given, and its outcome shown. */
const PAGE_OF: { readonly [K in AdminOrder['kind']]: string } = {
  'plan-payouts': '/admin/payouts',
  'approve-payout': '/admin/payouts',
  'reject-payout': '/admin/payouts',
  retry: '/admin/payouts',
  'back-up': '/admin/backups',
  'ban-account': '/admin/bans',
  'unban-account': '/admin/bans',
  'ban-address': '/admin/bans',
  'unban-address': '/admin/bans',
  'set-log-level': '/admin/settings',
  'rebuild-read-models': '/admin/settings',
}

/** Payouts that wait for a decision: of mode manual, and not decided since the read models heard of them. */
function waitingPayouts(site: Site): readonly number[] {
  const planned = site.status().money?.payouts.filter(({ phase }) => phase === 'planned') ?? []
  const newest = answered(site, site.readModels.payments({ after: null, limit: PAGE_LIMIT_MAX }))
  const manual = E.isLeft(newest) ? [] : newest.right.items.filter(({ mode }) => mode === 'manual')
  const numbers = new Set(manual.map(({ number }) => number))
  return planned.map(({ payout }) => payout).filter((payout) => numbers.has(payout))
}

function payoutsBody(site: Site, session: Session, hasApi: boolean): E.Either<string, Html> {
  const { money } = site.status()
  if (money === null) return E.left('This pool pays nobody: it runs in mode solo.')
  const waiting: PaymentView[] = []
  for (const number of waitingPayouts(site)) {
    const payment = answered(site, site.readModels.payment(number))
    if (E.isLeft(payment)) return E.left(payment.left.detail)
    if (payment.right !== undefined) waiting.push(payment.right)
  }
  const preview = answered(site, payoutPreview(site.readModels, site.now()))
  return E.isLeft(preview)
    ? E.left(preview.left.detail)
    : E.right(payoutsPage({ session, money, waiting, preview: preview.right, hasApi, now: site.now() }))
}

/** Streamed: a backup may be larger than the memory. */
const download = ({ figures, bytes }: OpenBackup): Response =>
  new Response(ReadableStream.from(bytes), {
    headers: {
      'Content-Type': 'application/vnd.sqlite3',
      'Content-Length': String(figures.bytes),
      'Content-Disposition': `attachment; filename="${figures.name}"`,
      'Cache-Control': 'no-store',
    },
  })

import type { Context } from 'hono'
import { html } from 'hono/html'
import type { Assets } from '../dashboard/assets.ts'
import type { Html } from '../dashboard/format.ts'
import { layout, type Page } from '../dashboard/layout.ts'
import type { Site } from '../site.ts'
import type { Notice, Session } from './sessions.ts'

/** Pages for the administrator, in the order of their navigation. */
const pages = [
  { path: '/admin', name: 'Overview' },
  { path: '/admin/payouts', name: 'Payouts' },
  { path: '/admin/connections', name: 'Connections' },
  { path: '/admin/bans', name: 'Bans' },
  { path: '/admin/backups', name: 'Backups' },
  { path: '/admin/settings', name: 'Settings' },
] as const

/** Status of an answer of these pages. */
export type PageStatus = 200 | 400 | 401 | 403 | 404 | 408 | 413 | 429 | 500 | 503

/** What is shown between the frame and the foot. */
export interface AdminPage {
  readonly title: string
  readonly body: Html
  /** Null for strangers, who have no navigation. */
  readonly session: Session | null
  readonly notice: Notice | null
}

/** Puts a page for the administrator into a frame. Nothing of it is kept by browsers or proxies. */
export const adminPages =
  (site: Site, assets: Assets, { house, events }: Pick<Page, 'house' | 'events'>) =>
  (c: Context, { title, body, session, notice }: AdminPage, httpStatus: PageStatus = 200) => {
    const status = site.status()
    const { path } = c.req
    c.header('Cache-Control', 'no-store')
    return c.html(
      layout({
        house,
        events: session !== null && httpStatus === 200 ? events : null,
        title,
        path,
        assetRoot: assets.root,
        status,
        health: site.health(status),
        now: site.now(),
        scripts: [],
        body: html`<link rel="stylesheet" href="${assets.root}/admin.css">${session === null ? '' : navigation(path, session)}<h1>${title}</h1>
${notice === null ? '' : html`<p class="notice ${notice.tone}" role="status">${notice.text}</p>`}${body}`,
      }),
      httpStatus,
    )
  }

const navigation = (here: string, session: Session): Html =>
  html`<div class="rooms"><nav aria-label="Administration"><ul>${pages.map(
    ({ path, name }) =>
      html`<li><a href="${path}"${path === here ? html` aria-current="page"` : ''}>${name}</a></li>`,
  )}</ul></nav>
<form method="post" action="/admin/logout">${tokenField(session)}<button type="submit" class="quiet">Log out</button></form></div>
`

/** What every form carries. */
export const tokenField = ({ formToken }: Session): Html =>
  html`<input type="hidden" name="token" value="${formToken}">`

/** A form that orders one thing with one button. `fields` are its visible ones. */
export const orderForm = (
  session: Session,
  order: string,
  button: string,
  fields: Html | '' = '',
  style: 'strong' | 'quiet' = 'strong',
): Html =>
  html`<form method="post" action="/admin/orders" class="order">${tokenField(session)}<input type="hidden" name="order" value="${order}">${fields}<button type="submit"${style === 'quiet' ? html` class="quiet"` : ''}>${button}</button></form>`

/** A field of a form that is not shown. */
export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}">`

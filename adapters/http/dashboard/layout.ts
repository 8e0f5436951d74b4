import { html } from 'hono/html'
import type { Health } from '../health.ts'
import type { PoolStatus } from '../port.ts'
import { type Html, timeAgo } from './format.ts'

/** Pages of the dashboard, in the order of its navigation. */
const pages = [
  { path: '/', name: 'Pool' },
  { path: '/miners', name: 'Miners' },
  { path: '/blocks', name: 'Blocks' },
  { path: '/payments', name: 'Payments' },
  { path: '/ledger', name: 'Ledger' },
  { path: '/books', name: 'Books' },
  { path: '/connect', name: 'Connect' },
  { path: '/api', name: 'API' },
] as const

/** A feed that a reader of the page may want to follow. */
export interface FeedLink {
  readonly href: string
  readonly title: string
}

const poolFeeds = (name: string): readonly FeedLink[] => [
  { href: '/feeds/blocks.atom', title: `Blocks of ${name}` },
  { href: '/feeds/payments.atom', title: `Payments of ${name}` },
]

/**
 * What every page needs. `path` is the page's own, for the navigation; `scripts` are modules of `browser/`; `feeds` are named beside
 * those of the pool; `search` is what was looked for, where something was.
 */
export interface Page {
  /** What else is at this address: the whole dashboard, or the administrator's pages alone. */
  readonly house: 'dashboard' | 'administration'
  /**
   * Where it hears of changes, to keep itself true. Null for errors, which nothing changes, and for the door of the administration: a form
   * must stay as it is while somebody fills it in.
   */
  readonly events: string | null
  readonly title: string
  readonly path: string
  readonly assetRoot: string
  readonly status: PoolStatus
  readonly health: Health
  readonly now: number
  readonly scripts: readonly string[]
  readonly feeds?: readonly FeedLink[]
  readonly search?: string
  readonly body: Html | Promise<Html>
}

/** A whole page. What has an id and `data-live` is replaced by the browser when the pool changes. */
export const layout = (page: Page): Html => {
  const { status, assetRoot } = page
  const isDashboard = page.house === 'dashboard'
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${page.title} · ${status.name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="A mining pool for Decred whose books anyone can check">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="#f7f5f0">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#15171a">
${isDashboard ? [...(page.feeds ?? []), ...poolFeeds(status.name)].map(feedLink) : ''}
<link rel="icon" href="${assetRoot}/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="${assetRoot}/styles.css">
${page.events === null ? '' : html`<script type="module" src="${assetRoot}/live.js"></script>`}
${page.scripts.map((name) =>
  name === 'uplot.js'
    ? html`<link rel="stylesheet" href="${assetRoot}/uplot.css"><script defer src="${assetRoot}/uplot.js"></script>`
    : html`<script type="module" src="${assetRoot}/${name}"></script>`,
)}
</head>
<body${page.events === null ? '' : html` data-events="${page.events}"`}>
<a class="skip" href="#content">Skip to the content</a>
${status.devnet ? devnetBanner : ''}
<header class="top">
<a class="brand" href="${isDashboard ? '/' : '/admin'}">${mark}${status.name}</a>
${isDashboard ? waysThrough(page) : ''}
<p class="place"><span>${status.devnet ? 'devnet' : status.network}</span><span>${status.powAlgorithm === 'blake3' ? 'BLAKE3' : 'BLAKE-256'}</span>${status.mode === 'solo' ? html`<span>solo</span>` : ''}</p>
</header>
${healthLine(page.health, status, page.now)}
<main id="content">
${page.body}
</main>
<footer class="bottom">
<p>${status.software}, started ${timeAgo(status.startedAt, page.now)}</p>
<p id="freshness" hidden></p>
${isDashboard ? html`<p><a href="/ledger#audit-title">Check this pool yourself</a></p>` : ''}
</footer>
</body>
</html>`
}

const feedLink = ({ href, title }: FeedLink): Html =>
  html`<link rel="alternate" type="application/atom+xml" href="${href}" title="${title}">`

/** Navigation and search. */
const waysThrough = (page: Page): Html => html`<nav aria-label="Pages"><ul>${pages.map(
  ({ path, name }) => html`<li><a href="${path}"${currentOf(path, page.path)}>${name}</a></li>`,
)}</ul></nav>
<form class="search" role="search" action="/search" method="get"><label class="unseen" for="search">Address, worker, block, transaction or share</label><input type="search" id="search" name="q" value="${page.search ?? ''}" placeholder="Address, block …" autocomplete="off" spellcheck="false" maxlength="128"><button type="submit">Find</button></form>`

/** The page itself, or the part of the dashboard that it is in. */
function currentOf(path: string, shown: string): Html | '' {
  if (path === shown) return html` aria-current="page"`
  const isInside = path !== '/' && (shown.startsWith(`${path}/`) || shown.startsWith(`${path}-`))
  return isInside ? html` aria-current="true"` : ''
}

const mark = html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="M3 4.500 11 3v18l-8-1.500zM13 3l8 1.500v15L13 21z"/><path class="vein" d="M5 12.500 9 9.800v3L5 15.500zM15 8.800l4-3v3l-4 3z"/></svg>`

const devnetBanner = html`<section class="banner" aria-label="Devnet"><strong>This is a devnet:</strong> its coins are worth nothing.<span class="wide"> Its blocks exist only here. Everything else works as with real ones.</span></section>`

/** Health in plain words, on top of every page. The line itself stays and only its content changes, so that it is heard. */
function healthLine(health: Health, status: PoolStatus, now: number): Html {
  const { work } = status
  return html`<section class="health" aria-label="Health">
<p id="health" class="${health.level}" role="status" data-live><span class="dot" aria-hidden="true"></span><strong>${levelWords[health.level]}</strong> ${health.sentence}</p>
<p id="health-work" class="aside" data-live>${work === null ? '' : html`Work for block ${work.height} went out ${timeAgo(work.issuedAt, now)}.`}</p>
<ul id="health-more" data-live>${health.findings.slice(1).map((finding) => html`<li>${finding.message}</li>`)}</ul>
</section>`
}

const levelWords = { well: 'Well.', impaired: 'Impaired.', down: 'Down.' } as const

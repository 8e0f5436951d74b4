import { html } from 'hono/html'
import { networks } from '../../../domain/decred/network.ts'
import type { PolicyView } from '../../../projections/money/views.ts'
import type {
  BlockSummary,
  HashrateHistory,
  HashrateWindow,
  LuckView,
  PoolView,
  RoundView,
} from '../../../projections/views.ts'
import type { PoolStatus } from '../status.ts'
import { type ChartSpan, chart, chartRanges } from './chart.ts'
import {
  count,
  counted,
  duration,
  type Html,
  hashrate,
  integer,
  percent,
  shortened,
  standardError,
  timeAgo,
} from './format.ts'
import { dcr, nextPayoutWords, ppm, schemeWords } from './money-words.ts'
import { reasonWords, stateWords } from './words.ts'

/** What the Pool page shows. `blocks` are newest first: more than the table has, for the chart. */
export interface PoolPage {
  readonly pool: PoolView
  readonly status: PoolStatus
  readonly blocks: readonly BlockSummary[]
  readonly span: ChartSpan
  readonly history: HashrateHistory
  readonly now: number
}

/** Blocks in the table. */
const BLOCKS_SHOWN = 10

/** The Pool page: is it well, how fast is it, when does it find blocks, are shares taken. */
export const poolPage = (page: PoolPage): Html => {
  const { pool, now } = page
  return html`<h1 class="unseen">Pool</h1>
<div class="hero">
<section aria-labelledby="hashrate-title">
<h2 id="hashrate-title">Hashrate</h2>
<div id="hashrate" data-live>${hashrateNow(pool)}</div>
</section>
<section aria-labelledby="history-title">
<header><h2 id="history-title">${page.span.title}</h2>
<nav aria-label="Span of the chart"><ul class="switch">${chartRanges.map(
    ({ id }) =>
      html`<li><a href="/?range=${id}"${id === page.span.range.id ? html` aria-current="true"` : ''}>${spaced(id)}</a></li>`,
  )}</ul></nav></header>
${chart(
  page.span,
  page.history,
  page.blocks.map((block) => block.foundAt),
)}
</section>
</div>
<div class="figures">
<section aria-labelledby="miners-title"><h2 id="miners-title">Miners</h2><div id="miners" data-live>${minersNow(pool, page.status)}</div></section>
<section aria-labelledby="height-title"><h2 id="height-title">Working on block</h2><div id="height" data-live>${workNow(pool, page.status, now)}</div></section>
<section aria-labelledby="effort-title"><h2 id="effort-title">Effort of this round</h2><div id="effort" data-live>${roundNow(pool.round, now)}</div></section>
<section aria-labelledby="luck-title"><h2 id="luck-title">Luck</h2><div id="luck" data-live>${luckNow(pool)}</div></section>
</div>
${pool.policy === null ? '' : html`<div class="figures" id="money" data-live>${moneyNow(pool, pool.policy)}</div>`}
<div class="columns">
<section aria-labelledby="blocks-title">
<header><h2 id="blocks-title">Last blocks</h2><p class="aside"><a href="/api/v1/blocks">JSON</a> <a href="/api/v1/blocks?format=csv">CSV</a></p></header>
<div id="blocks" data-live>${blockTable(page.blocks.slice(0, BLOCKS_SHOWN), pool, now)}</div>
</section>
<section aria-labelledby="shares-title">
<header><h2 id="shares-title">Shares</h2></header>
<div id="shares" data-live>${sharesSoFar(pool, now)}</div>
</section>
</div>`
}

const spaced = (id: string): string => id.replace(/(\d)([a-z])/, '$1 $2')

function hashrateNow({ hashrate: rates, work, network }: PoolView): Html {
  const now = rates.tenMinutes
  const speed = Number(now.hashesPerSecond)
  const share = work === null ? 0 : speed / Number(work.networkHashesPerSecond)
  return html`<p class="big">${hashrate(now.hashesPerSecond)}</p>
<p class="error">± ${standardError(now.standardError, now.hashesPerSecond)} over ten minutes</p>
<table class="windows"><caption class="unseen">Hashrate over several windows, with its standard error</caption>
<thead class="unseen"><tr><th scope="col">Window</th><th scope="col">Hashrate</th><th scope="col">Standard error</th></tr></thead>
<tbody>${windowRow('1 min', rates.minute)}${windowRow('1 h', rates.hour)}${windowRow('24 h', rates.day)}</tbody></table>
${
  share > 0
    ? html`<p class="aside">${percent(share)} of the network; a block every ${duration((networks[network].blockTimeSeconds * 1000) / Math.min(1, share))} on average.</p>`
    : ''
}`
}

const windowRow = (name: string, window: HashrateWindow): Html =>
  html`<tr><th scope="row">${name}</th><td>${hashrate(window.hashesPerSecond)}</td><td class="error">± ${standardError(window.standardError, window.hashesPerSecond)}</td></tr>`

const minersNow = (pool: PoolView, status: PoolStatus): Html =>
  pool.connections === 0 && status.connections === 0
    ? html`<p class="value">0</p><p class="aside">Nobody is connected. <a href="/connect">Connect a miner</a></p>`
    : html`<p class="value">${count(pool.miners, 'accounts with an open connection')}</p>
<p class="aside">${counted(pool.workers, 'worker')} on ${counted(pool.connections, 'connection')}</p>`

function workNow(pool: PoolView, status: PoolStatus, now: number): Html {
  const { work } = status
  if (work === null) return html`<p class="value">none</p><p class="aside">The pool waits for its node.</p>`
  return html`<p class="value">${integer(work.height)}</p>
<p class="aside">Work from ${timeAgo(work.issuedAt, now)}${
    pool.work === null ? '' : html`; network difficulty ${count(pool.work.networkDifficulty, '')}`
  }</p>`
}

function roundNow(round: RoundView, now: number): Html {
  const longer = Math.exp(-round.effort)
  return html`<p class="value">${percent(round.effort)}</p>
<svg class="meter" viewBox="0 0 200 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="200" height="8"/><rect class="fill" width="${Math.min(200, round.effort * 100).toFixed(1)}" height="8"/><path class="mean" d="M100 0V8"/></svg>
<p class="aside">Began ${timeAgo(round.since, now)}; ${percent(longer)} of rounds take longer than this.</p>`
}

function luckNow({ luck }: PoolView): Html {
  if (luck.last10.luck === null)
    return html`<p class="value">–</p><p class="aside">Known after the first block.</p>`
  return html`<p class="value">${percent(luck.last10.luck)}</p>
<p class="aside">over the last ${counted(luck.last10.blocks, 'block')}${luckOver(luck.last10, luck.last100)}. Over 100 % is better than expected.</p>`
}

const luckOver = (short: LuckView, long: LuckView): string =>
  long.luck === null || long.blocks <= short.blocks
    ? ''
    : `; ${percent(long.luck)} over ${integer(long.blocks)}`

/** How work is paid. */
function moneyNow({ nextPayout }: PoolView, policy: PolicyView): Html {
  const scheme = schemeWords(policy.scheme)
  return html`<section aria-labelledby="scheme-title"><h2 id="scheme-title">Scheme</h2><p class="value">${scheme.name}</p><p class="aside">${scheme.says}</p></section>
<section aria-labelledby="fee-title"><h2 id="fee-title">Fee</h2><p class="value">${ppm(policy.feePpm)}</p><p class="aside">of every reward. The <a href="/api/v1/policy">rules</a> are in the ledger.</p></section>
${
  nextPayout === null
    ? ''
    : html`<section aria-labelledby="ready-title"><h2 id="ready-title">Ready to be paid</h2><p class="value amount">${dcr(nextPayout.atoms)}</p><p class="aside">to ${counted(nextPayout.miners, 'miner')}, ${nextPayoutWords(policy, nextPayout)}. <a href="/payments">Payments</a></p></section>
<section aria-labelledby="minimum-title"><h2 id="minimum-title">Least payout</h2><p class="value amount">${dcr(policy.minimumPayout)}</p><p class="aside">Smaller balances wait, and are never lost. <a href="/api/v1/books">Books</a></p></section>`
}`
}

function blockTable(blocks: readonly BlockSummary[], pool: PoolView, now: number): Html {
  if (blocks.length === 0)
    return html`<p class="empty">No block yet. The pool is ${percent(pool.round.effort)} of the way that one takes on average.</p>`
  return html`<table class="list" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Block</th><th scope="col" role="columnheader">State</th><th scope="col" role="columnheader">Found</th><th scope="col" role="columnheader">By</th><th scope="col" role="columnheader" class="figure">Effort</th><th scope="col" role="columnheader" class="figure">Reward</th></tr></thead>
<tbody role="rowgroup">${blocks.map((block) => blockRow(block, now))}</tbody></table>`
}

function blockRow(block: BlockSummary, now: number): Html {
  const state = stateWords[block.state]
  const waiting = (block.state === 'connected' || block.state === 'approved') && block.maturity > 0
  return html`<tr role="row"><th scope="row" role="rowheader"><a href="/blocks/${block.hash}" title="${block.hash}">${integer(block.height)}</a></th>
<td role="cell"><span class="state ${state.tone}">${state.words}</span>${waiting ? html` <span class="aside" title="${integer(block.confirmations)} of ${integer(block.maturity)} confirmations">${integer(block.confirmations)}/${integer(block.maturity)}</span>` : ''}</td>
<td role="cell">${timeAgo(block.foundAt, now)}</td>
<td role="cell" class="finder">${finderOf(block)}</td>
<td role="cell" class="figure effort">${percent(block.effort)}</td>
<td role="cell" class="figure">${block.reward === null ? '–' : dcr(block.reward.atoms)}</td></tr>`
}

function finderOf({ finder }: BlockSummary): Html {
  if (finder === null) return html`<span class="aside">unknown</span>`
  const name = finder.worker ?? ''
  const who = finder.address === null ? '' : shortened(finder.address, 4, 4)
  const dot = name === '' || finder.address === null ? '' : '.'
  return html`<span class="who">${who}${dot}<span class="hostile" title="${name}">${name}</span></span>`
}

function sharesSoFar({ shares, openedAt }: PoolView, now: number): Html {
  const all = shares.accepted + shares.rejected
  if (all === 0) return html`<p class="empty">No share yet.</p>`
  const told = shares.reasons.reduce((sum, reason) => sum + reason.count, 0)
  return html`<table class="reasons"><caption class="unseen">Shares accepted, and refused by reason</caption>
<thead class="unseen"><tr><th scope="col">Result</th><th scope="col">Shares</th><th scope="col">Of all</th></tr></thead>
<tbody>
<tr class="accepted"><th scope="row">Accepted</th><td>${count(shares.accepted, 'shares')}</td><td>${percent(shares.accepted / all)}</td></tr>
${shares.reasons.map(
  (reason) =>
    html`<tr><th scope="row"${reason.needed === 0 ? '' : html` title="Latest: difficulty ${integer(reason.needed)} was needed, ${integer(reason.best)} came"`}>${reasonWords[reason.reason]}</th><td>${count(reason.count, 'shares')}</td><td>${percent(reason.count / all)}</td></tr>`,
)}
${shares.rejected > told ? html`<tr><th scope="row">Refused in a flood</th><td>${count(shares.rejected - told, 'shares')}</td><td>${percent((shares.rejected - told) / all)}</td></tr>` : ''}
</tbody></table>
<p class="aside">Since the pool opened ${timeAgo(openedAt, now)}. A refused share says why, and by how much it missed.</p>`
}

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
import type { PoolStatus } from '../port.ts'
import { blockTable } from './block-table.ts'
import {
  count,
  counted,
  duration,
  type Html,
  hashrate,
  integer,
  percent,
  standardError,
  timeAgo,
} from './format.ts'
import { type ChartSpan, hashrateChart, isOffered, meanOf, rangeSwitch } from './hashrate-chart.ts'
import { dcr, nextPayoutWords, ppm, schemeWords } from './money-words.ts'
import { shareTable } from './share-table.ts'
import { figure } from './table.ts'

/** What the Pool page shows. `blocks` are newest first: more than the table has, for the chart; `month` is the last 30 days by the hour. */
export interface PoolPage {
  readonly pool: PoolView
  readonly status: PoolStatus
  readonly blocks: readonly BlockSummary[]
  readonly span: ChartSpan
  readonly history: HashrateHistory
  readonly month: HashrateHistory
  /** Entries in the figures. */
  readonly entries: number
  readonly now: number
}

/** Blocks in the table. */
const BLOCKS_SHOWN = 10

/** The Pool page: is it well, how fast is it, when does it find blocks, how does it pay, are shares taken. */
export const poolPage = (page: PoolPage): Html => {
  const { pool, status, blocks, span, history, now } = page
  return html`<h1 class="unseen">Pool</h1>
<div class="hero">
<section aria-labelledby="hashrate-title">
<h2 id="hashrate-title">Hashrate</h2>
<div id="hashrate" data-live>${hashrateNow(page)}</div>
<p><a class="button" href="/connect">Connect a miner</a></p>
</section>
<section aria-labelledby="history-title">
<header><h2 id="history-title">${span.title}</h2>${rangeSwitch('/', span, now)}</header>
${hashrateChart(
  'history',
  span,
  [{ name: 'hashrate', history }],
  blocks.map((block) => block.foundAt),
)}
</section>
</div>
<div class="figures">
${figure('miners', 'Miners', minersNow(pool, status))}
${figure('height', 'Working on block', workNow(pool, status, now))}
${figure('effort', 'Effort of this round', roundNow(pool.round, now))}
${figure('luck', 'Luck', luckNow(pool))}
</div>
<div class="figures">
${moneyNow(pool, pool.policy)}
${figure('ledger', 'Ledger', ledgerNow(page))}
</div>
<div class="columns">
<section aria-labelledby="blocks-title">
<header><h2 id="blocks-title">Last blocks</h2><p class="aside"><a href="/blocks">All blocks</a></p></header>
<div id="blocks" data-live>${blockTable({
    blocks: blocks.slice(0, BLOCKS_SHOWN),
    few: true,
    empty: html`No block yet. The pool is ${percent(pool.round.effort)} of the way that one takes on average.`,
    now,
  })}</div>
</section>
<section aria-labelledby="shares-title">
<header><h2 id="shares-title">Shares</h2></header>
<div id="shares" data-live>${shareTable(pool.shares, `Since the pool opened ${duration(now - pool.openedAt)} ago.`)}</div>
</section>
</div>`
}

const WEEK_MS = 604_800_000

function hashrateNow({ pool, month, now }: PoolPage): Html {
  const { hashrate: rates, work, network, openedAt: since } = pool
  const current = rates.tenMinutes
  const speed = Number(current.hashesPerSecond)
  const share = work === null ? 0 : speed / Number(work.networkHashesPerSecond)
  const week = month.points.filter(({ at }) => at >= now - WEEK_MS)
  return html`<p class="big">${hashrate(current.hashesPerSecond)}</p>
<p class="error">± ${standardError(current.standardError, current.hashesPerSecond)} over ten minutes</p>
<table class="windows"><caption class="unseen">Hashrate over several windows, with its standard error</caption>
<thead class="unseen"><tr><th scope="col">Window</th><th scope="col">Hashrate</th><th scope="col">Standard error</th></tr></thead>
<tbody>${windowRow('1 h', rates.hour)}${isOffered('24h', since, now) ? windowRow('24 h', rates.day) : ''}${isOffered('7d', since, now) ? meanRow('7 d', week) : ''}${isOffered('30d', since, now) ? meanRow('30 d', month.points) : ''}</tbody></table>
${
  share > 0
    ? html`<p class="aside">${percent(share)} of the network; a block every ${duration((networks[network].blockTimeSeconds * 1000) / Math.min(1, share))} on average.</p>`
    : ''
}`
}

const windowRow = (name: string, window: Pick<HashrateWindow, 'hashesPerSecond' | 'standardError'>): Html =>
  html`<tr><th scope="row">${name}</th><td>${hashrate(window.hashesPerSecond)}</td><td class="error">± ${standardError(window.standardError, window.hashesPerSecond)}</td></tr>`

function meanRow(name: string, points: HashrateHistory['points']): Html {
  const mean = meanOf(points) ?? { rate: 0, error: 0 }
  return windowRow(name, {
    hashesPerSecond: String(Math.round(mean.rate)),
    standardError: String(Math.round(mean.error)),
  })
}

const minersNow = (pool: PoolView, status: PoolStatus): Html =>
  pool.connections === 0 && status.connections === 0
    ? html`<p class="value">0</p><p class="aside">Nobody is connected.</p>`
    : html`<p class="value"><a href="/miners">${count(pool.miners, 'accounts with an open connection')}</a></p>
<p class="aside">${counted(pool.workers, 'worker')} on ${counted(pool.connections, 'connection')}</p>`

function workNow(pool: PoolView, status: PoolStatus, now: number): Html {
  const { work } = status
  if (work === null) return html`<p class="value">none</p><p class="aside">The pool waits for its node.</p>`
  return html`<p class="value">${work.height}</p>
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
  return html`<p class="value"><a href="/blocks#luck">${percent(luck.last10.luck)}</a></p>
<p class="aside">over the last ${counted(luck.last10.blocks, 'block')}${luckOver(luck.last10, luck.last100)}. Over 100 % is better than expected.</p>`
}

const luckOver = (short: LuckView, long: LuckView): string =>
  long.luck === null || long.blocks <= short.blocks
    ? ''
    : `; ${percent(long.luck)} over ${integer(long.blocks)}`

/** How work is paid. */
function moneyNow({ nextPayout }: PoolView, policy: PolicyView | null): Html {
  if (policy === null)
    return figure(
      'scheme',
      'Scheme',
      html`<p class="value">–</p><p class="aside">The pool has no rules yet.</p>`,
    )
  const scheme = schemeWords(policy.scheme)
  return html`${figure('scheme', 'Scheme and fee', html`<p class="value">${scheme.name} <span class="unit">${ppm(policy.feePpm)}</span></p><p class="aside">${scheme.says} The <a href="/ledger#rules">rules</a> are in the ledger.</p>`)}
${
  nextPayout === null
    ? ''
    : html`${figure('next-payout', 'Next payout', html`<p class="value amount">${dcr(nextPayout.atoms)}</p><p class="aside">${nextPayout.miners === 0 ? 'Nobody has the least amount yet; planned' : `to ${counted(nextPayout.miners, 'miner')},`} ${nextPayoutWords(policy, nextPayout)}. <a href="/payments">Payments</a></p>`)}
${figure('minimum', 'Least payout', html`<p class="value amount">${dcr(policy.minimumPayout)}</p><p class="aside">Smaller balances wait, and are never lost. <a href="/books">Books</a></p>`)}`
}`
}

/** What of this can be checked, and since when. */
function ledgerNow({ status: { ledger }, entries, now }: PoolPage): Html {
  const { checkpoint, witnesses } = ledger
  const signed = witnesses.filter(({ size }) => size !== null).length
  if (checkpoint === null)
    return html`<p class="value"><a href="/ledger">${count(entries, 'entries')}</a></p><p class="aside">entries; none is signed yet.</p>`
  return html`<p class="value"><a href="/ledger">${count(checkpoint.size, 'entries')}</a></p>
<p class="aside">entries, signed ${timeAgo(checkpoint.time, now)}${witnesses.length === 0 ? '' : `, seen by ${integer(signed)} of ${counted(witnesses.length, 'witness', 'witnesses')}`}. Anyone can check them.</p>`
}

import { html } from 'hono/html'
import type { EarningView, MinerPayment, NextPayout, PolicyView } from '../../../projections/money/views.ts'
import type { AccountView, BlockSummary } from '../../../projections/views.ts'
import type { PoolStatus } from '../port.ts'
import { blockTable } from './block-table.ts'
import { counted, type Html, hashrate, integer, percent, standardError, timeAgo } from './format.ts'
import { type ChartSpan, type HashrateLine, hashrateChart, rangeSwitch } from './hashrate-chart.ts'
import { blockLink, entryLink, paths, paymentLink, transactionWords } from './links.ts'
import { dcr, earningWords, nextPayoutWords, phaseWords } from './money-words.ts'
import { type RecentShares, recentShareTable } from './recent-shares.ts'
import { shareTable } from './share-table.ts'
import { type Column, dataLinks, facts, figure, listLinks, onPhone, part, table } from './table.ts'
import { workerTable } from './worker-table.ts'

/** What a miner's page shows. `lines` are the hash rates of its first workers; `recent` is null where the ledger can't be read. */
export interface AccountPage {
  readonly account: AccountView
  readonly status: PoolStatus
  readonly policy: PolicyView | null
  readonly nextPayout: NextPayout | null
  readonly span: ChartSpan
  readonly lines: readonly HashrateLine[]
  /** Newest first: more than the table has, for the chart. */
  readonly blocks: readonly BlockSummary[]
  readonly earnings: readonly EarningView[]
  readonly payments: readonly MinerPayment[]
  readonly recent: RecentShares | null
  readonly now: number
}

/** Blocks, earnings and payments of each list before it is asked for elsewhere. */
export const ACCOUNT_ROWS = 8

/** A miner's page: how its machines do, what it is owed and why, what it was paid. */
export const accountPage = (page: AccountPage): Html => {
  const { account, status, span, lines, blocks, earnings, payments, now } = page
  const key = account.address ?? account.account
  const found = blocks.slice(0, ACCOUNT_ROWS)
  const api = `/miners/${encodeURIComponent(key)}`
  return html`<h1>Miner</h1>
<p class="whole"><code>${key}</code></p>
<p class="aside">Since ${timeAgo(account.openedAt, now)}. Follow its <a href="${paths.account(key)}/blocks.atom">blocks</a> and <a href="${paths.account(key)}/payments.atom">payments</a> by feed; programs read ${dataLinks(api, false)}.</p>
<div class="figures">
${figure('rate', 'Hashrate', rateNow(account))}
${figure('quota', 'Of the next block', quotaNow(account, now))}
${figure('owed', 'Owed', owedNow(account))}
${figure('paid', 'Paid', paidNow(account))}
</div>
<section class="part" aria-labelledby="history-title">
<header><h2 id="history-title">Hashrate by worker</h2>${rangeSwitch(paths.account(key), span, now)}</header>
${
  lines.length === 0
    ? html`<p class="empty">No worker of this miner was seen lately.</p>`
    : hashrateChart(
        'history',
        span,
        lines,
        blocks.map(({ foundAt }) => foundAt),
      )
}
</section>
<div class="columns">
${part('balances', 'Where its money is', balancesNow(page))}
${part('shares', 'Shares', shareTable(account.shares, `Since ${new Date(account.openedAt).toISOString().slice(0, 10)}.`))}
</div>
${part(
  'payments',
  'Payments',
  html`${table({ caption: 'Payments', columns: paymentColumns(status, now), rows: payments, few: true, empty: 'Nothing has been paid to this address yet.' })}
<p class="list-foot">${listLinks(`${api}/payments`)}</p>`,
)}
${part(
  'earnings',
  'Earned by each block',
  html`${table({ caption: 'Earnings', columns: earningColumns, rows: earnings, few: true, empty: 'No block has been shared with this miner yet.' })}
<p class="list-foot">${listLinks(`${api}/earnings`)}</p>`,
)}
${part(
  'workers',
  'Workers',
  html`${workerTable({ account: key, workers: account.workers.items, now })}
<p class="list-foot">${account.workers.next === null ? '' : html`The ${integer(account.workers.items.length)} with most work. `}${listLinks(`${api}/workers`)}</p>`,
)}
${part(
  'blocks',
  'Blocks it found',
  html`${blockTable({ blocks: found, finder: false, few: true, now, empty: 'None yet. Who finds a block gets no more of it than the others.' })}
<p class="list-foot">${account.blocksFound > found.length ? html`The last ones of ${integer(account.blocksFound)}. ` : ''}${listLinks(`/blocks?account=${encodeURIComponent(key)}`)}</p>`,
)}
${part('recent', 'Newest shares', page.recent === null ? html`<p class="empty">The ledger cannot be read at the moment. Shares are counted all the same.</p>` : recentShareTable(page.recent, now))}`
}

function rateNow({ hashrate: { tenMinutes, day }, workersOnline }: AccountView): Html {
  return html`<p class="value">${hashrate(tenMinutes.hashesPerSecond)}</p>
<p class="aside">± ${standardError(tenMinutes.standardError, tenMinutes.hashesPerSecond)} over ten minutes; ${hashrate(day.hashesPerSecond)} over a day. ${counted(workersOnline, 'worker')} connected.</p>`
}

function quotaNow({ quota }: AccountView, now: number): Html {
  if (quota === null)
    return html`<p class="value">–</p><p class="aside">Under these rules the next block is not shared by past work.</p>`
  return html`<p class="value">${percent(quota.share)}</p>
<p class="aside">were it found now: its part of the pool’s work since ${timeAgo(quota.since, now)}, an estimate.</p>`
}

const total = ({ balances: { immature, available, inPayout } }: AccountView): bigint =>
  BigInt(immature) + BigInt(available) + BigInt(inPayout)

const owedNow = (account: AccountView): Html =>
  html`<p class="value amount">${dcr(String(total(account)))}</p>
<p class="aside">${account.balances.available === '0' ? 'None of it can be paid yet.' : html`Of this ${dcr(account.balances.available)} can be paid.`}</p>`

const paidNow = ({ balances: { paid } }: AccountView): Html =>
  html`<p class="value amount">${dcr(paid)}</p>
<p class="aside">has arrived at this address, on the chain.</p>`

function balancesNow({ account, policy, nextPayout }: AccountPage): Html {
  const { immature, available, inPayout, paid, chainFees } = account.balances
  return html`${facts([
    [
      'Immature',
      html`${dcr(immature)} <span class="aside below">of blocks that the chain does not let be spent yet</span>`,
    ],
    ['Available', html`${dcr(available)} <span class="aside below">waits for the next payout</span>`],
    ['In payout', html`${dcr(inPayout)} <span class="aside below">planned or on its way</span>`],
    ['Paid', html`${dcr(paid)} <span class="aside below">confirmed on the chain</span>`],
    [
      'Chain’s fees',
      html`${dcr(chainFees)} <span class="aside below">its part of what the payouts cost</span>`,
    ],
  ])}
<p class="aside">${payoutWords(policy, nextPayout, BigInt(available))}</p>
<p class="list-foot">Every change of it, in atoms and DCR, for whoever keeps your books. ${listLinks(`/miners/${encodeURIComponent(account.address ?? account.account)}/statement`)}</p>`
}

function payoutWords(policy: PolicyView | null, next: NextPayout | null, available: bigint): Html {
  if (policy === null || next === null) return html`This pool pays nobody.`
  const missing = BigInt(policy.minimumPayout) - available
  return missing <= 0n
    ? html`It is paid with the next payout, which is planned ${nextPayoutWords(policy, next)}.`
    : html`It is paid once ${dcr(policy.minimumPayout)} are available: ${dcr(String(missing))} more.`
}

const paymentColumns = (status: PoolStatus, now: number): readonly Column<MinerPayment>[] => [
  { head: 'Payout', cell: ({ number }) => html`${onPhone('Payout ')}${paymentLink(number)}` },
  {
    head: 'State',
    cell: ({ phase }) =>
      html`<span class="state ${phaseWords[phase].tone}">${phaseWords[phase].words}</span>`,
  },
  { head: 'Planned', cell: ({ plannedAt }) => timeAgo(plannedAt, now) },
  {
    head: 'Transaction',
    cell: ({ transaction }) =>
      transaction === null
        ? html`<span class="aside">not signed yet</span>`
        : transactionWords(transaction, status),
  },
  {
    ...{ head: 'Chain’s fee', figure: true, phone: 'none' },
    cell: ({ deducted, atoms }) => dcr(String(BigInt(deducted) - BigInt(atoms))),
  },
  { head: 'Amount', figure: true, phone: 'beside', cell: ({ atoms }) => dcr(atoms) },
]

const earningColumns: readonly Column<EarningView>[] = [
  { head: 'Block', cell: ({ block, height }) => html`${onPhone('Block ')}${blockLink(block, height)}` },
  {
    head: 'State',
    cell: ({ state }) =>
      html`<span class="state ${earningWords[state].tone}">${earningWords[state].words}</span>`,
  },
  {
    ...{ head: 'Units of work', figure: true, phone: 'none' },
    cell: ({ units }) => (units === '0' ? '0' : integer(units)),
  },
  {
    ...{ head: 'Of the window', figure: true },
    cell: ({ share }) => html`${percent(share)}${onPhone(' of the window')}`,
  },
  { head: 'Earned', figure: true, phone: 'beside', cell: ({ atoms }) => dcr(atoms) },
  {
    ...{ head: 'Ledger entry', figure: true },
    cell: ({ entry }) => html`${onPhone('entry ')}${entryLink(entry)}`,
  },
]

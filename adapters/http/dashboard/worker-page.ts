import { html } from 'hono/html'
import type { ConnectionView, WorkerView } from '../../../projections/views.ts'
import { type Html, hashrate, integer, standardError, timeAgo } from './format.ts'
import { type ChartSpan, type HashrateLine, hashrateChart, rangeSwitch } from './hashrate-chart.ts'
import { accountLink, paths } from './links.ts'
import { type RecentShares, recentShareTable } from './recent-shares.ts'
import { shareTable } from './share-table.ts'
import { type Column, figure, onPhone, part, table } from './table.ts'

/** What a worker's page shows. */
export interface WorkerPage {
  readonly account: { readonly account: string; readonly address: string | null }
  readonly worker: WorkerView
  readonly span: ChartSpan
  readonly line: HashrateLine
  readonly recent: RecentShares | null
  readonly now: number
}

/** A worker's page: one machine, or several that share a name. */
export const workerPage = ({ account, worker, span, line, recent, now }: WorkerPage): Html => {
  const key = account.address ?? account.account
  return html`<h1><span class="hostile-whole">${worker.name === '' ? '(no name)' : worker.name}</span></h1>
<p class="lead">A worker of ${accountLink(account)}, ${worker.connectionCount === 0 ? 'not connected now' : 'connected'}.</p>
<div class="figures">
${rateFigure('minute', 'One minute', worker)}
${rateFigure('tenMinutes', 'Ten minutes', worker)}
${rateFigure('hour', 'One hour', worker)}
${rateFigure('day', 'One day', worker)}
</div>
<section class="part" aria-labelledby="history-title">
<header><h2 id="history-title">${span.title}</h2>${rangeSwitch(paths.worker(key, worker.name), span, now)}</header>
${hashrateChart('history', span, [line], [])}
</section>
<div class="columns">
${part(
  'connections',
  'Connections',
  html`${table({ caption: 'Connections', columns: connectionColumns(now), rows: worker.connections, empty: 'None is open. They are in the ledger from their first share or minute on.' })}
${worker.connectionCount > worker.connections.length ? html`<p class="aside">The oldest ${integer(worker.connections.length)} of ${integer(worker.connectionCount)}.</p>` : ''}`,
)}
${part('shares', 'Shares', shareTable(worker.shares, worker.lastShareAt === null ? '' : `Since it was first seen.`))}
</div>
${part('recent', 'Newest shares', recent === null ? html`<p class="empty">The ledger cannot be read at the moment. Shares are counted all the same.</p>` : recentShareTable(recent, now))}`
}

const rateFigure = (window: keyof WorkerView['hashrate'], name: string, worker: WorkerView): Html => {
  const { hashesPerSecond, standardError: error, shares } = worker.hashrate[window]
  return figure(
    window,
    name,
    html`<p class="value">${hashrate(hashesPerSecond)}</p><p class="aside">± ${standardError(error, hashesPerSecond)}, from ${integer(shares)} shares</p>`,
  )
}

const connectionColumns = (now: number): readonly Column<ConnectionView>[] => [
  { head: 'Connection', cell: ({ gateway, connection }) => `${gateway}.${connection}` },
  {
    head: 'Program',
    cell: ({ agent }) => html`<span class="hostile" title="${agent ?? ''}">${agent ?? 'not said'}</span>`,
  },
  { head: 'Port', phone: 'none', cell: ({ listener }) => listener },
  {
    ...{ head: 'Difficulty', figure: true, phone: 'beside' },
    cell: ({ difficulty }) =>
      difficulty === null ? '–' : html`${onPhone('difficulty ')}${integer(difficulty)}`,
  },
  { head: 'Since', cell: ({ connectedAt }) => timeAgo(connectedAt, now) },
]

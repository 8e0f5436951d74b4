import { html } from 'hono/html'
import type { MinerView, PoolView } from '../../../projections/views.ts'
import { counted, type Html, hashrate, integer, percent, standardError, timeAgo } from './format.ts'
import { accountLink } from './links.ts'
import { type Column, listFoot, onPhone, part, type Sorting, table } from './table.ts'

/** What the list of miners shows. */
export interface MinersPage {
  readonly pool: PoolView
  readonly miners: readonly MinerView[]
  readonly sorting: Sorting
  /** Addresses of the pages around this one. */
  readonly next: string | null
  readonly first: string | null
  readonly now: number
}

/** The list of miners: who works here, and how much. */
export const minersPage = ({ pool, miners, sorting, next, first, now }: MinersPage): Html => {
  const all = Number(pool.hashrate.hour.hashesPerSecond)
  const columns: readonly Column<MinerView>[] = [
    { head: 'Miner', cell: accountLink },
    { ...rateColumn('10 min', 'tenMinutes'), phone: 'none' },
    { ...rateColumn('1 h', 'hour'), sort: 'work', phone: 'beside' },
    { ...rateColumn('24 h', 'day'), phone: 'none' },
    {
      head: 'Of the pool',
      figure: true,
      cell: ({ hashrate: { hour } }) =>
        html`${percent(all === 0 ? 0 : Number(hour.hashesPerSecond) / all)}${onPhone(' of the pool')}`,
    },
    {
      ...{ head: 'Workers', figure: true, sort: 'workers' },
      cell: ({ workersOnline }) =>
        html`${integer(workersOnline)}${onPhone(workersOnline === 1 ? ' worker' : ' workers')}`,
    },
    {
      head: 'Last share',
      sort: 'last-share',
      cell: ({ lastShareAt }) =>
        lastShareAt === null ? html`<span class="aside">no share yet</span>` : timeAgo(lastShareAt, now),
    },
  ]
  return html`<h1>Miners</h1>
<p class="lead" id="miners-lead" data-live>${counted(pool.miners, 'miner')} with ${counted(pool.workers, 'worker')} now. Each has a page of its own with everything that the pool knows of it.</p>
${part(
  'miners',
  'At work in the last hour',
  html`${table({
    caption: 'Miners',
    columns,
    rows: miners,
    sorting,
    empty: html`Nobody has mined in the last hour. <a href="/connect">Connect a miner</a>`,
  })}
${listFoot({ data: '/miners', next, first })}`,
)}`
}

const rateColumn = (head: string, window: 'tenMinutes' | 'hour' | 'day'): Column<MinerView> => ({
  head,
  figure: true,
  cell: ({ hashrate: rates }) => {
    const { hashesPerSecond, standardError: error } = rates[window]
    return html`${hashrate(hashesPerSecond)} <span class="error">± ${standardError(error, hashesPerSecond)}</span>`
  },
})

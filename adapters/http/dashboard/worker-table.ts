import { html } from 'hono/html'
import type { HashrateWindow, WorkerView } from '../../../projections/views.ts'
import { count, counted, type Html, hashrate, integer, standardError, timeAgo } from './format.ts'
import { workerLink } from './links.ts'
import { type Column, onPhone, table } from './table.ts'
import { reasonWords } from './words.ts'

/** Workers of one account. */
export interface WorkerTable {
  /** Address or account id. */
  readonly account: string
  readonly workers: readonly WorkerView[]
  /** The one that was asked for, by its name. */
  readonly chosen?: string
  /** Without the longer windows. */
  readonly short?: true
  readonly now: number
}

/** The workers, each with its hash rate over the windows, its shares and its machine. */
export const workerTable = ({ account, workers, chosen, short, now }: WorkerTable): Html => {
  const columns: readonly Column<WorkerView>[] = [
    {
      head: 'Worker',
      cell: (worker) => html`${workerLink(account, worker.name)}${machineOf(worker)}`,
    },
    {
      ...rateColumn('10 min', ({ hashrate: rates }) => rates.tenMinutes),
      phone: short === true ? 'beside' : 'none',
    },
    ...(short === true
      ? []
      : [
          { ...rateColumn('1 h', ({ hashrate: rates }) => rates.hour), phone: 'beside' as const },
          { ...rateColumn('24 h', ({ hashrate: rates }) => rates.day), phone: 'none' as const },
        ]),
    {
      head: 'Shares',
      figure: true,
      cell: (worker) =>
        html`${count(worker.shares.accepted, 'shares accepted')}${onPhone(' shares')}${refusedOf(worker)}`,
    },
    {
      head: 'Last share',
      cell: ({ lastShareAt }) =>
        lastShareAt === null ? html`<span class="aside">no share yet</span>` : timeAgo(lastShareAt, now),
    },
  ]
  return table({
    ...{ caption: 'Workers', columns, rows: workers, empty: 'No worker of this miner was seen lately.' },
    mark: ({ name }) => (name === chosen && name !== '' ? 'chosen' : ''),
  })
}

const rateColumn = (head: string, windowOf: (worker: WorkerView) => HashrateWindow): Column<WorkerView> => ({
  head,
  figure: true,
  cell: (worker) => {
    const { hashesPerSecond, standardError: error } = windowOf(worker)
    return html`${hashrate(hashesPerSecond)} <span class="error">± ${standardError(error, hashesPerSecond)}</span>`
  },
})

/** The machine behind a worker: its agent, which is the miner's own text, and how it is connected. */
function machineOf({ connections, connectionCount }: WorkerView): Html {
  const first = connections[0]
  if (first === undefined) return html`<span class="aside below">offline</span>`
  const facts = [
    first.difficulty === null ? '' : `difficulty ${integer(first.difficulty)}`,
    connectionCount > 1 ? counted(connectionCount, 'connection') : '',
  ].filter((fact) => fact !== '')
  return html`<span class="aside below"><span class="hostile" title="${first.agent ?? ''}">${first.agent ?? 'unknown miner'}</span></span>${facts.length === 0 ? '' : html`<span class="aside below">${facts.join(', ')}</span>`}`
}

function refusedOf({ shares }: WorkerView): Html {
  if (shares.rejected === 0) return html``
  const most = shares.reasons[0]
  if (most === undefined) return html`<span class="aside below">${integer(shares.rejected)} refused</span>`
  const missed = most.needed === 0 ? '' : ` (${integer(most.needed)} was needed, ${integer(most.best)} came)`
  return html`<span class="aside below">${integer(shares.rejected)} refused, most: ${reasonWords[most.reason].toLowerCase()}${missed}</span>`
}

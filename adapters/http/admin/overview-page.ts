import { html } from 'hono/html'
import { duration, type Html, integer, timeAgo } from '../dashboard/format.ts'
import { dcr } from '../dashboard/money-words.ts'
import { facts, part, table } from '../dashboard/table.ts'
import type { MoneyProblem, PoolStatus } from '../port.ts'
import type { Administration, BackupStatus, MachineStatus } from './port.ts'

/** What the overview shows. */
export interface OverviewPage {
  readonly administration: Administration
  readonly status: PoolStatus
  /** Payouts that wait for a decision. */
  readonly waiting: number
  readonly projectionLagMs: number
  readonly now: number
}

/** Whether anything waits for the operator, and how each part of the pool is. */
export function overviewPage(page: OverviewPage): Html {
  const { administration, status, waiting, projectionLagMs, now } = page
  const { money, reserves, ledger, journal, projections } = status
  const machine = administration.machine()
  const backups = administration.backups()
  return html`<div id="waiting" data-live>${
    waiting === 0
      ? ''
      : html`<p class="notice open"><a href="/admin/payouts">${waiting === 1 ? 'A payout waits' : `${waiting} payouts wait`}</a> for your decision.</p>`
  }</div>
${part(
  'money',
  'Money',
  html`${
    money === null
      ? html`<p>This pool pays nobody.</p>`
      : facts([
          ['Books', moneyWords[money.state]],
          ['Open payouts', integer(money.payouts.length)],
          [
            'Reserves',
            reserves === null
              ? 'the wallet was not asked yet'
              : html`${reserves.isCovered ? 'cover what is owed' : html`<strong class="wrong">are less than what is owed</strong>`}: the wallet has ${dcr(reserves.wallet.total)}, miners are owed ${dcr(reserves.owed)}${reserves.onTheWay === '0' ? '' : html`, of which ${dcr(reserves.onTheWay)} are on the way`}; asked ${timeAgo(reserves.at, now)}`,
          ],
        ])
  }
${money === null || money.message === '' ? '' : html`<p class="wrong">${money.message}</p>`}
${money === null ? '' : problems(money.problems, now)}`,
)}
${part(
  'log',
  'Log, read models and ledger',
  facts([
    ['Store', html`<code>${machine.store}</code>`],
    [
      'Journal',
      `${journalWords[journal.state]}; ${integer(journal.queued)} of ${integer(journal.queueMax)} shares wait`,
    ],
    ['Newest event', projections.head === null ? 'not seen yet' : `at position ${integer(projections.head)}`],
    [
      'Read models',
      `${machine.rebuilding ? 'being made anew; the old ones are ' : ''}${projectionLagMs < 1000 ? 'up to date' : `${duration(projectionLagMs)} behind`}${projections.position === null ? '' : `, at position ${integer(projections.position)}`}`,
    ],
    [
      'Treasury',
      money === null
        ? 'none'
        : `${integer(money.shares)} shares read${money.state === 'reading' ? ' so far' : ''}`,
    ],
    [
      'Public ledger',
      html`${ledgerWords[ledger.state]}${ledger.checkpoint === null ? '' : html`; ${integer(ledger.checkpoint.size)} entries are signed, ${timeAgo(ledger.checkpoint.time, now)}`}${ledger.message === '' ? '' : html`. ${ledger.message}`}`,
    ],
    ['Backups', backupWords(backups, now)],
  ]),
)}
${part(
  'program',
  'Program',
  facts([
    ['Version', status.software],
    ['Started', timeAgo(status.startedAt, now)],
    ['Connections', integer(status.connections)],
    ['Log level', machine.logLevel],
    ['Logins', loginWords(machine)],
  ]),
)}`
}

const moneyWords = {
  reading: 'being read from the log',
  ready: 'kept up with the log',
  stopped: 'stopped: nothing is booked or paid any more',
} as const
const journalWords = {
  ok: 'shares are stored',
  'store-away': 'the store is away',
  full: 'the store is away and shares are refused',
} as const
const ledgerWords = {
  checking: 'held against what was signed before',
  publishing: 'published',
  stopped: 'stopped: nothing is signed any more',
} as const

function backupWords({ backups: [newest], failure, doing }: BackupStatus, now: number): Html | string {
  if (doing !== null) return `one is being made: ${doing}`
  if (failure !== null) return html`<span class="wrong">the latest failed ${timeAgo(failure.at, now)}</span>`
  return newest === undefined ? 'none yet' : html`the newest was made ${timeAgo(newest.madeAt, now)}`
}

const loginWords = ({ logins: { right, wrong, limited } }: MachineStatus): string =>
  `${integer(right)} right, ${integer(wrong)} wrong, ${integer(limited)} refused for being too many, since the start`

/** What keeps money from going its way. */
export const problems = (all: readonly MoneyProblem[], now: number): Html | '' =>
  all.length === 0
    ? ''
    : table({
        caption: 'What keeps money from going its way',
        empty: '',
        rows: all,
        columns: [
          { head: 'About', cell: ({ about }) => about },
          { head: 'What is in the way', cell: ({ message }) => message },
          { head: 'Since', cell: ({ since }) => timeAgo(since, now) },
        ],
      })

import { html } from 'hono/html'
import type { BooksCheck, BooksView, RefusedEvent } from '../../../projections/money/views.ts'
import type { BooksPoint } from '../../read-models/port.ts'
import type { ReservesStatus } from '../port.ts'
import { chart } from './chart.ts'
import { absoluteTime, type Html, integer, moment, percent, timeAgo } from './format.ts'
import { entryLink } from './links.ts'
import { dcr } from './money-words.ts'
import { type Column, dataLinks, facts, figure, part, table } from './table.ts'

/** What the Books page shows. `points` are steps of the books, oldest first, from `from` (Unix ms). */
export interface BooksPage {
  readonly books: BooksView
  /** Null where the pool has no wallet, or has not asked it yet. */
  readonly reserves: ReservesStatus | null
  readonly points: readonly BooksPoint[]
  readonly from: number
  readonly now: number
}

/** The Books page: what is owed, what there is, and that every atom is in one place. */
export const booksPage = ({ books, reserves, points, from, now }: BooksPage): Html => {
  const owed = sum(books.liabilities)
  const fees = sum(books.fees)
  return html`<h1>Books</h1>
<p class="lead" id="agree" data-live>${
    books.agrees
      ? html`<span class="state done">The books agree to the atom.</span> Every atom that came in is owed to a miner, earned by the pool, in the reserve, or paid.`
      : html`<span class="state lost">The books do not agree.</span> The sums below say where; nothing is paid by books that do not agree.`
  }</p>
<div class="figures">
${figure('owed', 'Owed to miners', html`<p class="value amount">${dcr(String(owed))}</p><p class="aside">immature, available and in payouts</p>`)}
${figure('fees', 'Fees of the pool', html`<p class="value amount">${dcr(String(fees))}</p><p class="aside">earned, and not paid out to it yet</p>`)}
${figure('reserve', 'Reserve', html`<p class="value amount">${dcr(books.reserve)}</p><p class="aside">${books.reserve.startsWith('-') ? 'The operator owes this.' : 'for what the chain or luck takes back'}</p>`)}
${figure('paid', 'Paid so far', html`<p class="value amount">${dcr(books.paid)}</p><p class="aside">and ${dcr(books.chainFees)} to the chain for it</p>`)}
</div>
<section class="part" aria-labelledby="history-title"><h2 id="history-title">What is owed, and the reserve, over time</h2>${booksChart(points, from, now)}</section>
<div class="columns even">
${part('liabilities', 'By stage', stages(books))}
${part('conservation', 'Where every atom is', conservation(books, owed, fees))}
</div>
${part(
  'checks',
  'Sums that must agree',
  html`${table({ caption: 'Checks', columns: checkColumns, rows: books.checks, empty: '' })}
<p class="list-foot">${dataLinks('/books', false)} After ledger entry ${books.entries === 0 ? '–' : entryLink(books.entries - 1)}.</p>`,
)}
${books.refused.length === 0 ? '' : part('refused', 'Events that contradict the books', table({ caption: 'Refused events', columns: refusedColumns, rows: books.refused, empty: '' }))}
${part('reserves', 'Reserves', reservesNow(reserves, now))}
${ruinWords(books)}`
}

function reservesNow(reserves: ReservesStatus | null, now: number): Html {
  const check = html`<div class="prose"><p class="aside">What needs nobody’s word: the immature money is in coinbases that the chain shows, and the rest in outputs that the ledger names. Whoever audits the ledger with a node of theirs sees them unspent.</p></div>`
  if (reserves === null) return html`<p>The pool has not asked its wallet yet, or has none here.</p>${check}`
  const { wallet, owed, onTheWay, isCovered, at } = reserves
  return html`<p>${isCovered ? html`<span class="state done">The wallet held what the miners were owed.</span>` : html`<span class="state lost">The wallet held less than the miners were owed.</span>`} It was asked ${timeAgo(at, now)}, and all of this is as of then; what is owed above is as of now. It is the wallet’s word, and proves nothing by itself.</p>
${facts([
  ['Asked at', moment(at)],
  ['Wallet held', html`<b>${dcr(wallet.total)}</b>`],
  ['Could be spent', dcr(wallet.spendable)],
  ['Immature', dcr(wallet.immature)],
  ['Unconfirmed', dcr(wallet.unconfirmed)],
  ['Owed to miners then', html`<b>${dcr(owed)}</b>`],
  [
    'Of that on its way',
    html`${dcr(onTheWay)} <span class="aside below">in published payouts: it has left the wallet</span>`,
  ],
])}${check}`
}

interface Stages {
  readonly immature: string
  readonly available: string
  readonly inPayout: string
}

const sum = ({ immature, available, inPayout }: Stages): bigint =>
  BigInt(immature) + BigInt(available) + BigInt(inPayout)

const stages = ({ liabilities, fees }: BooksView): Html =>
  table({
    caption: 'By stage',
    columns: [
      { head: 'Stage', cell: ({ name }) => name },
      { head: 'Miners', figure: true, cell: ({ miners }) => dcr(miners) },
      { head: 'Fees', figure: true, cell: ({ fee }) => dcr(fee) },
    ],
    rows: [
      { name: 'Immature', miners: liabilities.immature, fee: fees.immature },
      { name: 'Available', miners: liabilities.available, fee: fees.available },
      { name: 'In payouts', miners: liabilities.inPayout, fee: fees.inPayout },
    ],
    empty: '',
  })

const conservation = ({ coinbases, reserve, paid, chainFees }: BooksView, owed: bigint, fees: bigint): Html =>
  facts([
    ['Came in', html`<b>${dcr(coinbases)}</b>`],
    ['Owed to miners', dcr(String(owed))],
    ['Fees of the pool', dcr(String(fees))],
    ['Reserve', dcr(reserve)],
    ['Paid', dcr(paid)],
    ['Chain’s fees', dcr(chainFees)],
    [
      'Difference',
      html`<b>${dcr(String(BigInt(coinbases) - owed - fees - BigInt(reserve) - BigInt(paid) - BigInt(chainFees)))}</b>`,
    ],
  ])

/** Most are sums of money; the others count what there must be none of. */
const checked = ({ name }: BooksCheck, value: string): Html | string =>
  name === 'nothing-negative' || name === 'nothing-refused' ? integer(value) : dcr(value)

const checkColumns: readonly Column<BooksCheck>[] = [
  { head: 'What must be', cell: ({ says }) => says },
  { head: 'By the books', figure: true, cell: (check) => checked(check, check.books) },
  { head: 'By itself', figure: true, cell: (check) => checked(check, check.expected) },
  {
    ...{ head: 'Result', phone: 'beside' },
    cell: ({ holds }) =>
      holds ? html`<span class="state done">holds</span>` : html`<span class="state lost">fails</span>`,
  },
]

const refusedColumns: readonly Column<RefusedEvent>[] = [
  { head: 'Entry', cell: ({ entry }) => entryLink(entry) },
  { head: 'When', cell: ({ at }) => moment(at) },
  { head: 'Why', cell: ({ message }) => message },
]

function booksChart(points: readonly BooksPoint[], from: number, now: number): Html {
  const last = points.at(-1)
  if (last === undefined) return html`<p class="empty">Nothing was booked yet.</p>`
  const most = points.reduce(
    (max, { liabilities }) => (BigInt(liabilities) > max ? BigInt(liabilities) : max),
    0n,
  )
  return chart({
    id: 'books-chart',
    title: 'Liabilities and reserve over time',
    says: html`Miners and pool are owed ${dcr(last.liabilities)} now, at most ${dcr(String(most))} at a time; the reserve is ${dcr(last.reserve)}.`,
    x: {
      ...{ kind: 'time', head: 'At', from, to: now },
      at: points.map(({ at }) => at),
      marks: [absoluteTime(from).slice(0, 10), 'now'],
    },
    unit: 'atoms',
    series: [
      {
        name: 'owed to miners and pool',
        mark: 'steps',
        values: points.map(({ liabilities }) => Number(liabilities)),
      },
      { name: 'reserve', mark: 'steps', values: points.map(({ reserve }) => Number(reserve)) },
    ],
  })
}

const ruinWords = ({ ruin }: BooksView): Html | '' =>
  ruin === null
    ? ''
    : html`<section class="part prose" aria-labelledby="ruin-title"><h2 id="ruin-title">How long the reserve lasts</h2>
<p>This pool pays for every share at once, so bad luck is its operator’s. ${dcr(ruin.promised)} are put aside for that; with the reserve they ever run out with a probability of ${percent(ruin.probability)} (Rosenfeld, arXiv:1112.4980).</p></section>`

import { createHash } from 'node:crypto'
import { html } from 'hono/html'
import { bundlePath, TILE_WIDTH, widthIn } from '../../../domain/transparency/tile.ts'
import type { LedgerShare } from '../../ledger/find-shares.ts'
import { entryWords } from './entry-words.ts'
import { counted, type Html, integer, moment } from './format.ts'
import type { LedgerEntry } from './ledger-entries.ts'
import { entryTable } from './ledger-page.ts'
import { paths, shareLink } from './links.ts'
import { eachShare, nonceText } from './recent-shares.ts'
import { type Column, facts, onPhone, table } from './table.ts'

/** Entries of the ledger in pages, newest first. `from` is the oldest of them. */
export interface EntriesPage {
  readonly entries: readonly LedgerEntry[]
  readonly from: number
  readonly size: number
  readonly now: number
}

/** The list of entries. */
export const entriesPage = ({ entries, from, size, now }: EntriesPage): Html => html`<h1>Ledger entries</h1>
<p class="lead">${counted(size, 'entry', 'entries')}, the newest first. Each is one event of the pool, as it stands in the <a href="/ledger">ledger</a>.</p>
<section class="part" aria-label="Entries">${entryTable(entries, now)}
<p class="list-foot">${from + entries.length >= size ? '' : html`<a href="/ledger-entries" rel="first">Newest entries</a> `}${from === 0 ? '' : html`<a href="/ledger-entries?before=${from}" rel="next">Earlier entries</a> <a href="/ledger-entries?before=50">The first entries</a>`}</p></section>`

/** One entry of a ledger of a size. */
export interface EntryPage {
  readonly entry: LedgerEntry
  readonly size: number
}

/** An entry's page: what it says, in words and byte by byte. */
export const entryPage = ({ entry, size }: EntryPage): Html => {
  const { index, text, at, stream, revision, type, data } = entry
  const bundle = Math.floor(index / TILE_WIDTH)
  const path = bundlePath(bundle, widthIn(size, 0, bundle))
  const shares = eachShare(entry)
  return html`<h1>Ledger entry ${index}</h1>
<p class="lead"><span class="hostile-line">${entryWords(entry)}</span></p>
<nav class="list-foot" aria-label="Entries around it">${index === 0 ? '' : html`<a href="${paths.entry(index - 1)}" rel="prev">Entry ${index - 1}</a> `}${index + 1 >= size ? '' : html`<a href="${paths.entry(index + 1)}" rel="next">Entry ${index + 1}</a>`}</nav>
<section class="part" aria-labelledby="place-title"><h2 id="place-title">Its place</h2>
${facts([
  ['Kind', html`<code>${type}</code>`],
  ['Written', at === null ? '–' : moment(at)],
  ['Stream', html`<code class="whole">${stream}</code>, event ${revision} of it`],
  [
    'Leaf hash',
    html`<code class="whole">${leafHash(text)}</code> <span class="aside below">SHA-256 of a zero byte and its bytes: with it the signed root can be reached</span>`,
  ],
  ['File', html`<a href="/ledger/${path}"><code>${path}</code></a>, entry ${index % TILE_WIDTH} of it`],
])}</section>
${
  shares.length === 0
    ? ''
    : html`<section class="part" aria-labelledby="shares-title"><h2 id="shares-title">Its shares</h2>${table({ caption: 'Shares', columns: shareColumns, rows: shares, empty: '' })}</section>`
}
<section class="part" aria-labelledby="data-title"><h2 id="data-title">What it says</h2>
<pre class="json" tabindex="0"><code>${readable(data)}</code></pre>
<details class="values"><summary>Its bytes as they are signed</summary><pre class="json wrapped" tabindex="0"><code>${text}</code></pre></details></section>`
}

/** JSON with its columns of numbers and names each on a line. */
const readable = (data: unknown): string =>
  JSON.stringify(data, null, 2).replace(
    /\[\s+([^[\]{}]*?)\s+\]/g,
    (_, items: string) => `[${items.replace(/\s*\n\s*/g, ' ')}]`,
  )

/** RFC 6962: a leaf is hashed behind a zero byte. */
const leafHash = (text: string): string =>
  createHash('sha256').update(new Uint8Array(1)).update(text).digest('hex')

const shareColumns: readonly Column<LedgerShare>[] = [
  {
    head: 'Share',
    cell: ({ entry, position }) => shareLink(entry, position),
  },
  {
    head: 'Connection',
    figure: true,
    cell: ({ connection }) => html`${onPhone('connection ')}${connection}`,
  },
  { head: 'Job', figure: true, phone: 'none', cell: ({ job }) => job.toString() },
  {
    head: 'Difficulty',
    figure: true,
    phone: 'beside',
    cell: ({ difficulty }) => html`${onPhone('difficulty ')}${integer(difficulty)}`,
  },
  { head: 'Nonce', figure: true, phone: 'none', cell: ({ nonce }) => html`<code>${nonceText(nonce)}</code>` },
  {
    head: 'Found',
    cell: ({ block }) => (block === null ? '' : html`<a href="${paths.block(block)}">a block</a>`),
  },
]

import * as E from 'fp-ts/lib/Either.js'
import { html } from 'hono/html'
import * as t from 'io-ts'
import { type LedgerShare, sharesIn } from '../../ledger/find-shares.ts'
import type { ShareSource } from '../../read-models/port.ts'
import type { Problem } from '../problem.ts'
import { type Html, integer, timeAgo } from './format.ts'
import { eventOf, type LedgerEntries, type LedgerEntry } from './ledger-entries.ts'
import { paths, shareLink } from './links.ts'
import { type Column, onPhone, table } from './table.ts'

/** Every share of an entry. */
export function eachShare(entry: LedgerEntry): readonly LedgerShare[] {
  const event = eventOf(entry)
  return event === undefined ? [] : sharesIn({ ...entry, event })
}

/** A share with the worker that sent it. */
export interface OwnShare extends LedgerShare {
  readonly worker: string
}

/** The newest shares of an account, and how far back they were looked for. */
export interface RecentShares {
  readonly shares: readonly OwnShare[]
  /** Entries that were looked at. */
  readonly looked: number
}

/** Shares that a page shows. */
const SHARES_SHOWN = 20

/** Entries looked through for them: two bundles, a minute of a busy pool. */
const ENTRIES_LOOKED = 512

/** Entries read before it is looked whether that was enough. */
const ENTRIES_AT_A_TIME = 32

/** Finds the newest shares that came from `sources`, newest first. */
export async function recentShares(
  entries: LedgerEntries,
  size: number,
  sources: readonly ShareSource[],
): Promise<E.Either<Problem, RecentShares>> {
  const lowest = Math.max(0, size - ENTRIES_LOOKED)
  const names = new Map(sources.map((each) => [sourceName(each), each.worker]))
  const connections = new Set(sources.map(({ connection }) => connection))
  const shares: OwnShare[] = []
  for (let end = size; end > lowest; end -= ENTRIES_AT_A_TIME) {
    const from = Math.max(lowest, end - ENTRIES_AT_A_TIME)
    const read = await entries.some(size, from, end)
    if (E.isLeft(read)) return read
    for (const entry of read.right.toReversed()) {
      if (!namesAny(entry, connections)) continue
      for (const share of eachShare(entry).toReversed()) {
        const worker = names.get(sourceName(share))
        if (worker !== undefined) shares.push({ ...share, worker })
        if (shares.length >= SHARES_SHOWN) return E.right({ shares, looked: size - entry.index })
      }
    }
  }
  return E.right({ shares, looked: size - lowest })
}

const Connections = t.type({ connection: t.readonlyArray(t.number) })

/** Whether an entry has shares of any of these connections, of whichever gateway: most have none, and need not be read further. */
const namesAny = ({ type, data }: LedgerEntry, connections: ReadonlySet<number>): boolean =>
  type === 'SharesAccepted' &&
  Connections.is(data) &&
  data.connection.some((connection) => connections.has(connection))

const sourceName = ({
  gateway,
  connection,
  ordinal,
}: Pick<ShareSource, 'gateway' | 'connection' | 'ordinal'>): string => `${gateway}.${connection}.${ordinal}`

/** The shares as a table, each with the way to its place in the ledger. */
export function recentShareTable(recent: RecentShares, now: number): Html {
  const columns: readonly Column<OwnShare>[] = [
    {
      head: 'Share',
      cell: ({ entry, position }) => shareLink(entry, position),
    },
    {
      head: 'Worker',
      cell: ({ worker }) =>
        html`<span class="hostile" title="${worker}">${worker === '' ? '(no name)' : worker}</span>`,
    },
    { head: 'When', cell: ({ at }) => timeAgo(at, now) },
    {
      ...{ head: 'Difficulty', figure: true, phone: 'beside' },
      cell: ({ difficulty }) => html`${onPhone('difficulty ')}${integer(difficulty)}`,
    },
    { head: 'Job', figure: true, phone: 'none', cell: ({ job }) => job.toString() },
    {
      ...{ head: 'Nonce', figure: true, phone: 'none' },
      cell: ({ nonce }) => html`<code>${nonceText(nonce)}</code>`,
    },
    {
      head: 'Receipt',
      phone: 'none',
      cell: ({ entry, position }) =>
        html`<a href="/api/v1/shares/${entry}/${position}/receipt" download>receipt</a>`,
    },
    {
      head: 'Found',
      cell: ({ block }) => (block === null ? '' : html`<a href="${paths.block(block)}">a block</a>`),
    },
  ]
  return html`${table({
    ...{ caption: 'Newest shares', columns, rows: recent.shares, few: true },
    empty: html`None among the last ${integer(recent.looked)} entries of the ledger.`,
  })}
<p class="aside">The newest in the last ${integer(recent.looked)} entries. A share’s name is its entry in the ledger and its place there: with its receipt anyone can prove that it is there, and recompute it.</p>`
}

/** A nonce as explorers of work print it: eight hex digits. */
export const nonceText = (nonce: number): string => nonce.toString(16).padStart(8, '0')

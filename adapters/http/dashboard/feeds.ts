import { html, raw } from 'hono/html'
import { formatDcr } from '../../../domain/decred/amount.ts'
import type { MinerPayment, PaymentSummary } from '../../../projections/money/views.ts'
import type { BlockSummary } from '../../../projections/views.ts'
import { counted, type Html, percent } from './format.ts'
import { paths } from './links.ts'
import { phaseWords } from './money-words.ts'
import { stateWords } from './words.ts'

/**
 * An Atom feed (RFC 4287). Addresses are whole: readers have no page that they could be relative to. Ids are tags (RFC 4151), so they stay
 * when the pool moves from HTTP to HTTPS.
 */
export interface Feed {
  /** The pool's name, which is the author's. */
  readonly pool: string
  /** This pool's address without a path: `https://pool.example`. */
  readonly site: string
  /** Of the feed itself, and of the page that it is about. */
  readonly self: string
  readonly about: string
  readonly title: string
  readonly entries: readonly FeedEntry[]
  /** Of a feed without entries, Unix ms. */
  readonly begun: number
}

/** An entry of a feed: what happened, when (Unix ms), and where it is to be seen. Its id stays while the thing changes. */
export interface FeedEntry {
  readonly id: string
  readonly page: string
  readonly title: string
  readonly summary: string
  readonly published: number
  readonly updated: number
}

/** The feed as XML. */
export const feedText = ({ pool, site, self, about, title, entries, begun }: Feed): Html => {
  const updated = Math.max(begun, ...entries.map((entry) => entry.updated))
  const tag = (path: string): string => `tag:${new URL(site).hostname},2026:${path}`
  return html`${raw('<?xml version="1.0" encoding="utf-8"?>')}
<feed xmlns="http://www.w3.org/2005/Atom">
<title>${title}</title>
<id>${tag(self)}</id>
<link rel="self" type="application/atom+xml" href="${site}${self}"/>
<link rel="alternate" type="text/html" href="${site}${about}"/>
<updated>${iso(updated)}</updated>
<author><name>${pool}</name></author>
${entries.map(
  (entry) => html`<entry>
<title>${entry.title}</title>
<id>${tag(entry.id)}</id>
<link rel="alternate" type="text/html" href="${site}${entry.page}"/>
<published>${iso(entry.published)}</published>
<updated>${iso(entry.updated)}</updated>
<summary>${entry.summary}</summary>
</entry>
`,
)}</feed>
`
}

const iso = (at: number): string => new Date(at).toISOString()

const dcr = (atoms: string): string => `${formatDcr(BigInt(atoms))} DCR`

/** A block as an entry. `changedAt` is when its state last changed, Unix ms. */
export function blockEntry(block: BlockSummary, changedAt: number): FeedEntry {
  const { hash, height, state, foundAt, effort, finder, reward } = block
  const who = finder?.address ?? finder?.account ?? null
  return {
    id: paths.block(hash),
    page: paths.block(hash),
    title: `Block ${height}: ${stateWords[state].words.toLowerCase()}`,
    summary: [
      `Found with ${percent(effort)} of the work that one takes on average`,
      who === null ? '' : ` by ${who}`,
      reward === null ? '' : `; its reward is ${dcr(reward.atoms)}`,
      `. Hash ${hash}.`,
    ].join(''),
    ...{ published: foundAt, updated: changedAt },
  }
}

/** A payout as an entry. */
export const paymentEntry = (payment: PaymentSummary): FeedEntry => ({
  ...entryOf(payment),
  summary: `${dcr(payment.paid)} to ${counted(payment.outputs, 'miner')}, for a fee of ${dcr(payment.fee)}.${transactionOf(payment)}`,
})

/** What a payout pays one miner, as an entry. */
export const minerPaymentEntry = (payment: MinerPayment): FeedEntry => ({
  ...entryOf(payment),
  summary: `${dcr(payment.atoms)} to ${payment.address}.${transactionOf(payment)}`,
})

type Payment = Pick<PaymentSummary, 'number' | 'phase' | 'plannedAt' | 'endedAt' | 'transaction'>

const entryOf = ({ number, phase, plannedAt, endedAt }: Payment): Omit<FeedEntry, 'summary'> => ({
  id: paths.payment(number),
  page: paths.payment(number),
  title: `Payout ${number}: ${phaseWords[phase].words.toLowerCase()}`,
  published: plannedAt,
  updated: endedAt ?? plannedAt,
})

const transactionOf = ({ transaction }: Payment): string =>
  transaction === null ? '' : ` Transaction ${transaction}.`

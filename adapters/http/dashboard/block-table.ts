import { html } from 'hono/html'
import type { BlockSummary } from '../../../projections/views.ts'
import { type Html, integer, percent, shortened, timeAgo } from './format.ts'
import { blockLink, paths } from './links.ts'
import { dcr } from './money-words.ts'
import { type Column, onPhone, type Sorting, table } from './table.ts'
import { stateWords } from './words.ts'

/** A list of blocks. */
export interface BlockTable {
  readonly blocks: readonly BlockSummary[]
  readonly empty: string | Html
  readonly sorting?: Sorting
  /** False where all are of one finder. */
  readonly finder?: boolean
  /** Only a part of its page. */
  readonly few?: true
  readonly now: number
}

/** The list as a table. */
export const blockTable = ({ blocks, empty, sorting, finder = true, few, now }: BlockTable): Html => {
  const columns: readonly Column<BlockSummary>[] = [
    {
      ...{ head: 'Block', sort: 'height' },
      cell: ({ hash, height }) => html`${onPhone('Block ')}${blockLink(hash, height)}`,
    },
    { head: 'State', cell: stateOf },
    { head: 'Found', cell: ({ foundAt }) => timeAgo(foundAt, now) },
    ...(finder ? [{ head: 'By', phone: 'none' as const, cell: finderOf }] : []),
    {
      ...{ head: 'Effort', figure: true, sort: 'effort' },
      cell: ({ effort }) => html`${percent(effort)}${onPhone(' effort')}`,
    },
    {
      ...{ head: 'Reward', figure: true, phone: 'beside' },
      cell: ({ reward }) => (reward === null ? '–' : dcr(reward.atoms)),
    },
  ]
  return table({
    ...{ caption: 'Blocks', columns, rows: blocks, empty },
    ...(sorting === undefined ? {} : { sorting }),
    ...(few === undefined ? {} : { few }),
  })
}

function stateOf({ state, confirmations, maturity }: BlockSummary): Html {
  const { words, tone } = stateWords[state]
  const waiting = (state === 'connected' || state === 'approved') && maturity > 0
  return html`<span class="state ${tone}">${words}</span>${waiting ? html` <span class="aside" title="${integer(confirmations)} of ${integer(maturity)} confirmations">${integer(confirmations)}/${integer(maturity)}</span>` : ''}`
}

/** Who found a block: a miner, and which of its machines. */
export function finderOf({ finder }: Pick<BlockSummary, 'finder'>): Html {
  if (finder === null) return html`<span class="aside">unknown</span>`
  const { account, address, worker } = finder
  const key = address ?? account
  if (key === null) return html`<span class="hostile" title="${worker}">${worker}</span>`
  const name = worker ?? ''
  return html`<span class="who"><a href="${paths.account(key)}">${shortened(key, 5, 4)}</a>${name === '' ? '' : html`.<a class="hostile" href="${paths.worker(key, name)}" title="${name}">${name}</a>`}</span>`
}

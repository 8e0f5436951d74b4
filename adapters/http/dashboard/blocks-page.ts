import { html } from 'hono/html'
import type { BlockCounts, BlockSummary, PoolView } from '../../../projections/views.ts'
import { BLOCKS_RANKED_MAX } from '../../read-models/port.ts'
import { blockTable } from './block-table.ts'
import { counted, type Html, integer, percent } from './format.ts'
import { effortChart, luckChart, roundsOf } from './luck-charts.ts'
import { listFoot, part, type Sorting } from './table.ts'

/** What the list of blocks shows. `newest` are as many of the newest as there are rounds in the charts. */
export interface BlocksPage {
  readonly pool: PoolView
  readonly blocks: readonly BlockSummary[]
  readonly newest: readonly BlockSummary[]
  readonly sorting: Sorting
  readonly next: string | null
  readonly first: string | null
  readonly now: number
}

/** The list of blocks: what was found, what became of it, and whether that is more than luck. */
export const blocksPage = (page: BlocksPage): Html => {
  const { pool, blocks, newest, sorting, next, first, now } = page
  const rounds = roundsOf(newest)
  return html`<h1>Blocks</h1>
<p class="lead" id="blocks-lead" data-live>${countWords(pool.blocks)} The running round is ${percent(pool.round.effort)} of the work that one takes on average.</p>
${part(
  'blocks',
  'Found by the pool',
  html`${blockTable({ blocks, sorting, empty: 'No block yet.', now })}
${sorting.by === 'effort' ? html`<p class="aside">Of the newest ${integer(BLOCKS_RANKED_MAX)} blocks.</p>` : ''}
${listFoot({ data: '/blocks', next, first })}`,
)}
${
  rounds.length < 2
    ? ''
    : html`<div class="columns even">
<section class="part" aria-labelledby="efforts-title"><h2 id="efforts-title">How long are rounds, against chance?</h2>${effortChart(rounds)}</section>
<section class="part" aria-labelledby="luck-title"><h2 id="luck-title">Does the pool find what its work is worth?</h2><div id="luck">${luckChart(rounds)}</div></section>
</div>`
}`
}

function countWords(counts: BlockCounts): string {
  const ours = counts.matured + counts.approved + counts.connected
  const open = counts.found + counts.submitted
  const lost = counts.orphaned + counts.rejected + counts.disconnected
  const parts = [
    `${counted(ours, 'block')} on the chain, ${integer(counts.matured)} of them matured`,
    open === 0 ? '' : `${integer(open)} on the way`,
    counts.disapproved === 0 ? '' : `${integer(counts.disapproved)} disapproved by the voters`,
    lost === 0 ? '' : `${integer(lost)} lost to another block`,
  ]
  return `${parts.filter((words) => words !== '').join('; ')}.`
}

import { html } from 'hono/html'
import type { AllocationPage, CreditView } from '../../../projections/money/views.ts'
import type { BlockView } from '../../../projections/views.ts'
import { absoluteTime, counted, type Html, integer, percent, shortened, timeAgo } from './format.ts'
import { dcr, earningWords } from './money-words.ts'
import { stateWords } from './words.ts'

/** What a block's page shows. `allocation` is undefined as long as its reward is not shared. */
export interface BlockPage {
  readonly block: BlockView
  readonly allocation: AllocationPage | undefined
  readonly now: number
}

/** A block's page: what became of it, and who gets what of it and why. */
export const blockPage = ({ block, allocation, now }: BlockPage): Html => {
  const state = stateWords[block.state]
  return html`<h1>Block ${integer(block.height)}</h1>
<p class="lead"><span class="state ${state.tone}">${state.words}</span>, found ${timeAgo(block.foundAt, now)} with ${percent(block.effort)} of the work that one takes on average.</p>
<p class="aside"><code>${block.hash}</code></p>
<section aria-labelledby="sharing-title">
<h2 id="sharing-title">Who gets what</h2>
${allocation === undefined ? html`<p class="empty">Its reward is not shared: it is once the next block has approved it.</p>` : sharing(allocation)}
</section>
<section aria-labelledby="life-title">
<h2 id="life-title">Its life</h2>
<table class="list" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">When</th><th scope="col" role="columnheader">What</th></tr></thead>
<tbody role="rowgroup">${block.life.map(
    ({ at, step, detail }) =>
      html`<tr role="row"><th scope="row" role="rowheader"><time datetime="${new Date(at).toISOString()}">${absoluteTime(at)}</time></th><td role="cell">${detail === '' ? stateWords[step].words : detail}</td></tr>`,
  )}</tbody></table>
</section>`
}

function sharing(allocation: AllocationPage): Html {
  const { block, reward, fee, reserve, reversal, state, at, accounts, next } = allocation
  const link = `/api/v1/blocks/${block}/allocation`
  const { words, tone } = earningWords[state]
  return html`<div class="prose"><p>The coinbase pays ${dcr(reward)}: ${dcr(fee)} are the pool’s fee${reserve === '0' ? '' : html`, ${dcr(reserve)} its reserve’s`}, the rest is shared. <span class="state ${tone}">${words}</span></p>
${reversal === null ? '' : html`<p>It was taken back ${absoluteTime(reversal.at)}, since the block was ${reversal.why}${reversal.fromReserve === '0' ? '' : html`; ${dcr(reversal.fromReserve)} were paid already, and are the reserve’s loss`}.</p>`}
${why(allocation)}</div>
${
  accounts === 0
    ? ''
    : html`<table class="list" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Miner</th><th scope="col" role="columnheader" class="figure">Units of work</th><th scope="col" role="columnheader" class="figure">Of the window</th><th scope="col" role="columnheader" class="figure">Gets</th></tr></thead>
<tbody role="rowgroup">${allocation.items.map(creditRow)}</tbody></table>`
}
<p class="aside">${next === null ? '' : html`The ${integer(allocation.items.length)} largest of ${counted(accounts, 'miner')}; all of them: `}<a href="${link}">JSON</a> <a href="${link}?format=csv">CSV</a>, shared ${absoluteTime(at)} by ledger entry ${integer(allocation.entry)}</p>`
}

/** The window that was shared over, and the rule. */
function why({ window, accounts }: AllocationPage): Html {
  if (window === null) return html`<p class="aside">No shares were looked at: all of it is the reserve’s.</p>`
  const { from, to, shares, units } = window
  return html`<p>It is shared by ${integer(shares)} shares of ${counted(accounts, 'miner')}, from share ${from.index} of <code>${from.stream}@${from.revision}</code> to the find, share ${to.index} of <code>${to.stream}@${to.revision}</code>: ${integer(units)} units, 2<sup>64</sup> of which find a block on average. Each miner gets its part in whole atoms; the atoms left over go one each to the largest remainders.</p>`
}

const creditRow = ({ account, address, units, share, atoms }: CreditView): Html =>
  html`<tr role="row"><th scope="row" role="rowheader">${shortened(address ?? account, 8, 6)}</th>
<td role="cell" class="figure">${integer(units)}</td>
<td role="cell" class="figure">${percent(share)}</td>
<td role="cell" class="figure">${dcr(atoms)}</td></tr>`

import { html } from 'hono/html'
import type { ShareReference } from '../../../domain/events.ts'
import type { AllocationPage, CreditView } from '../../../projections/money/views.ts'
import type { BlockView } from '../../../projections/views.ts'
import type { PoolStatus } from '../port.ts'
import { finderOf } from './block-table.ts'
import { counted, type Html, integer, moment, percent, timeAgo } from './format.ts'
import { accountLink, entryLink, explorerLink, hashesLinked, shareLink, transactionWords } from './links.ts'
import { dcr, earningWords } from './money-words.ts'
import { type Column, dataLinks, facts, figure, listLinks, onPhone, part, table } from './table.ts'
import { stateWords } from './words.ts'

/**
 * What a block's page shows. `allocation` is undefined as long as its reward is not shared; `next` leads to more of it. `entries` are the
 * indexes of the entries that it names: of the share that found it, of the window's first and last; null where one is not known.
 */
export interface BlockPage {
  readonly block: BlockView
  readonly entries: {
    readonly share: number | null
    readonly from: number | null
    readonly to: number | null
  }
  readonly allocation: AllocationPage | undefined
  readonly status: PoolStatus
  readonly next: string | null
  readonly now: number
}

/** A block's page: what became of it, and who gets what of it and why. */
export const blockPage = (page: BlockPage): Html => {
  const { block, allocation, status, now } = page
  const state = stateWords[block.state]
  return html`<h1>Block ${block.height}</h1>
<p class="whole"><code>${block.hash}</code>${explorerLink(status, 'block', block.hash)}</p>
<div class="figures">
${figure(
  'state',
  'State',
  html`<p class="value amount"><span class="state ${state.tone}">${state.words}</span></p><p class="aside">${confirmationWords(block)}</p>`,
)}
${figure(
  'found',
  'Found',
  html`<p class="value amount">${timeAgo(block.foundAt, now)}</p><p class="aside">by ${finderOf(block)}${shareWords(page)}</p>`,
)}
${figure(
  'effort',
  'Effort',
  html`<p class="value">${percent(block.effort)}</p><p class="aside">of the work that a block takes on average; ${percent(Math.exp(-block.effort))} of rounds take longer.</p>`,
)}
${figure(
  'reward',
  'Reward',
  block.reward === null
    ? html`<p class="value">–</p><p class="aside">It was never on the main chain, so its coinbase pays nobody.</p>`
    : html`<p class="value amount">${dcr(block.reward.atoms)}</p><p class="aside">of its coinbase: output ${block.reward.output} of ${transactionWords(block.reward.transaction, status)}</p>`,
)}
</div>
${part('sharing', 'Who gets what, and why', allocation === undefined ? html`<p class="empty">${notShared(block)}</p>` : sharing(allocation, page))}
<div class="columns even">
${part(
  'life',
  'Its life',
  table({
    caption: 'Its life',
    columns: [
      { head: 'When', cell: ({ at }) => moment(at) },
      {
        ...{ head: 'What', phone: 'below' },
        cell: ({ step, detail }) =>
          html`<span class="hostile-line">${detail === '' ? stateWords[step].words : hashesLinked(detail, status)}</span>`,
      },
    ],
    rows: block.life,
    empty: '',
  }),
)}
${part('facts', 'What it is made of', blockFacts(block, status))}
</div>
<p class="list-foot">${dataLinks(`/blocks/${block.hash}`, false)}</p>`
}

function confirmationWords({ state, confirmations, maturity }: BlockView): string {
  if (confirmations === 0) return 'It is not on the main chain.'
  return state === 'matured' || confirmations >= maturity
    ? `Its reward can be spent: it has ${counted(confirmations, 'confirmation')}, and that takes ${integer(maturity)}.`
    : `${integer(confirmations)} of the ${integer(maturity)} confirmations after which its reward can be spent.`
}

function shareWords({ block: { share }, entries }: BlockPage): Html {
  if (share === null) return html`. Its share was lost in a crash; the chain had the block.`
  return html`, with share ${foundShare(share, entries.share)}`
}

/** A share by its name in the ledger, or by its stream where the entry is not known. */
const foundShare = ({ stream, revision, index }: ShareReference, entry: number | null): Html =>
  entry === null
    ? html`${index} of <code>${stream}@${revision}</code>`
    : html`<span title="${stream}@${revision}">${shareLink(entry, index)}</span>`

function notShared({ state }: BlockView): string {
  switch (state) {
    case 'disapproved':
      return 'Its reward is not shared: the votes of the next block disapproved it, so its coinbase pays nobody.'
    case 'orphaned':
    case 'rejected':
      return 'Its reward is not shared: it is not on the chain.'
    default:
      return 'Its reward is not shared: it is once the next block has approved it.'
  }
}

function blockFacts(block: BlockView, status: PoolStatus): Html {
  return facts([
    ['Proof of work', block.powAlgorithm === 'blake3' ? 'BLAKE3' : 'BLAKE-256'],
    ['Job', html`${block.job} of gateway ${integer(block.gateway)}`],
    [
      'Votes',
      block.decidedBy === null
        ? 'The next block’s votes decide about it; none is there yet.'
        : html`${block.state === 'disapproved' ? 'Disapproved' : 'Approved'} by those in block <code class="whole">${block.decidedBy}</code>${explorerLink(status, 'block', block.decidedBy)}. How many they were the pool does not record: that block says.`,
    ],
    ['Header', html`<code class="whole">${block.header}</code>`],
  ])
}

function sharing(allocation: AllocationPage, { next, entries }: BlockPage): Html {
  const { block, reward, fee, reserve, repaid, reversal, state, accounts, items, policy } = allocation
  const { words, tone } = earningWords[state]
  const shared = BigInt(reward) - BigInt(fee) - BigInt(reserve)
  return html`<p><span class="state ${tone}">${words}</span></p>
<div class="prose"><p>The coinbase pays ${dcr(reward)}: ${dcr(fee)} are the pool’s fee${reserve === '0' ? '' : html`, ${dcr(reserve)} its reserve’s`}, and ${dcr(String(shared))} are shared by the <a href="/ledger#rules">rules</a> in force when it was found (policy ${policy}).</p>
${repaid === '0' ? '' : html`<p>The block had been lost before, when ${dcr(repaid)} of its reward were paid already: the reserve had advanced them, and gets them back out of what is shared here. Nobody is paid twice.</p>`}
${reversal === null ? '' : html`<p>It was taken back ${moment(reversal.at)}, since the block was ${reversal.why}${reversal.fromReserve === '0' ? '' : html`; ${dcr(reversal.fromReserve)} were paid already: the reserve bears them, and gets them back if the block returns`}.</p>`}
${why(allocation, entries)}</div>
${accounts === 0 ? '' : table({ caption: 'Who gets what', columns: creditColumns(allocation, shared), rows: items, empty: '' })}
<p class="list-foot">${next === null ? '' : html`<a href="${next}" rel="next">Next page</a> `}It is ledger entry ${entryLink(allocation.entry)}, written ${moment(allocation.at)}. ${listLinks(`/blocks/${block}/allocation`)}</p>`
}

/** The window that was shared over, and the rule. */
function why({ window, accounts }: AllocationPage, entries: BlockPage['entries']): Html {
  if (window === null) return html`<p class="aside">No shares were looked at: all of it is the reserve’s.</p>`
  const { from, to, shares, units } = window
  return html`<p>It is shared by the work of ${integer(shares)} shares of ${counted(accounts, 'miner')}, from share ${foundShare(from, entries.from)} of the ledger to the find, share ${foundShare(to, entries.to)}. They come to ${integer(units)} units, 2<sup>64</sup> of which find a block on average. Each miner gets its part in whole atoms, rounded down; the atoms left over go one each to the largest remainders.</p>`
}

const creditColumns = ({ window }: AllocationPage, shared: bigint): readonly Column<CreditView>[] => {
  const all = BigInt(window?.units ?? '0')
  return [
    { head: 'Miner', cell: accountLink },
    { head: 'Units of work', figure: true, phone: 'none', cell: ({ units }) => integer(units) },
    {
      ...{ head: 'Of the window', figure: true },
      cell: ({ share }) => html`${percent(share)}${onPhone(' of the window')}`,
    },
    {
      ...{ head: 'Rounded down', figure: true, phone: 'none' },
      cell: ({ units }) =>
        html`${integer(String(all === 0n ? 0n : (shared * BigInt(units)) / all))} <span class="unit">atoms</span>`,
    },
    {
      ...{ head: 'Left over', figure: true, phone: 'none' },
      cell: ({ units, atoms }) => {
        const extra = all === 0n ? 0n : BigInt(atoms) - (shared * BigInt(units)) / all
        return extra === 0n
          ? '–'
          : html`+ ${integer(String(extra))} <span class="unit">${extra === 1n ? 'atom' : 'atoms'}</span>`
      },
    },
    { head: 'Gets', figure: true, phone: 'beside', cell: ({ atoms }) => dcr(atoms) },
  ]
}

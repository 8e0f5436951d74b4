import { html } from 'hono/html'
import type { PaymentFunding, PaymentOutput, PaymentView } from '../../../projections/money/views.ts'
import type { PoolStatus } from '../port.ts'
import { counted, type Html, integer, moment, timeAgo } from './format.ts'
import { accountLink, blockLink, entryLink, explorerLink, transactionWords } from './links.ts'
import { dcr, phaseWords, returnWords } from './money-words.ts'
import { type Column, dataLinks, facts, figure, part, table } from './table.ts'

/** What a payout's page shows. `heights` are those of the pool's blocks that fund it, by hash. */
export interface PaymentPage {
  readonly payment: PaymentView
  readonly heights: ReadonlyMap<string, number>
  readonly status: PoolStatus
  readonly now: number
}

/** A payout's page: what it pays to whom, from which blocks the money came, and how far it is. */
export const paymentPage = ({ payment, heights, status, now }: PaymentPage): Html => {
  const { words, tone } = phaseWords[payment.phase]
  return html`<h1>Payout ${payment.number}</h1>
<div class="figures">
${figure('state', 'State', html`<p class="value amount"><span class="state ${tone}">${words}</span></p><p class="aside">${stateSays(payment, now)}</p>`)}
${figure('paid', 'Pays', html`<p class="value amount">${dcr(payment.paid)}</p><p class="aside">to ${counted(payment.outputs, 'miner')}${payment.poolOutput === null ? '' : ' and the pool'}</p>`)}
${figure('fee', 'Chain’s fee', html`<p class="value amount">${dcr(payment.fee)}</p><p class="aside">${payment.feeBearer === 'miners' ? 'borne by its miners, each by its part' : 'borne by the pool'}</p>`)}
${figure('transaction', 'Transaction', html`<p class="whole">${payment.transaction === null ? html`<span class="aside">not signed yet</span>` : html`<code>${payment.transaction}</code>${explorerLink(status, 'tx', payment.transaction)}`}</p>`)}
</div>
${part(
  'outputs',
  'Who is paid',
  html`${table({ caption: 'Outputs', columns: outputColumns, rows: payment.items, empty: 'Nobody but the pool.' })}
<p class="list-foot">${dataLinks(`/payments/${payment.number}`, true)}</p>`,
)}
<div class="columns even">
${part(
  'funding',
  'Where the money came from',
  html`${table({ caption: 'Funding', columns: fundingColumns(heights, status), rows: payment.funding, empty: '' })}
${payment.change === null ? '' : html`<p class="aside">${dcr(payment.change.atoms)} go back to the pool’s wallet as change, and fund a later payout.</p>`}`,
)}
${part('steps', 'Its way', facts(steps(payment, status)))}
</div>`
}

function stateSays({ phase, why, endedAt, confirmations, plannedAt }: PaymentView, now: number): Html {
  if (why !== null) return html`${returnWords[why]}`
  if (phase === 'confirmed' && endedAt !== null)
    return html`${integer(confirmations ?? 0)} confirmations ${timeAgo(endedAt, now)}.`
  return html`Planned ${timeAgo(plannedAt, now)}.`
}

const outputColumns: readonly Column<PaymentOutput>[] = [
  { head: 'Miner', cell: accountLink },
  { head: 'From its balance', figure: true, phone: 'none', cell: ({ deducted }) => dcr(deducted) },
  {
    ...{ head: 'Its part of the fee', figure: true, phone: 'none' },
    cell: ({ deducted, atoms }) => dcr(String(BigInt(deducted) - BigInt(atoms))),
  },
  { head: 'Amount', figure: true, phone: 'beside', cell: ({ atoms }) => dcr(atoms) },
]

const fundingColumns = (
  heights: ReadonlyMap<string, number>,
  status: PoolStatus,
): readonly Column<PaymentFunding>[] => [
  {
    head: 'From',
    cell: ({ block }) =>
      block === null
        ? html`change of an earlier payout`
        : html`block ${blockLink(block, heights.get(block) ?? 0)}`,
  },
  {
    head: 'Output',
    cell: ({ transaction, output }) => html`${output} of ${transactionWords(transaction, status)}`,
  },
  { head: 'Holds', figure: true, phone: 'beside', cell: ({ atoms }) => dcr(atoms) },
]

/** What happened to it so far, in order. */
function steps(payment: PaymentView, status: PoolStatus): readonly (readonly [string, Html])[] {
  const { entry, height, mode, plannedAt, approvedAt, signedAt, publishedAt, endedAt, block, conflict } =
    payment
  const step = (name: string, at: number | null): readonly (readonly [string, Html])[] =>
    at === null ? [] : [[name, moment(at)]]
  return [
    [
      'Planned',
      html`${moment(plannedAt)} at block ${height}, ${mode === 'automatic' ? 'by itself' : 'for the operator to approve'}; ledger entry ${entryLink(entry)}`,
    ],
    ...step('Approved', approvedAt),
    ...step('Signed', signedAt),
    ...step('Sent', publishedAt),
    ...step(payment.why === null ? 'Confirmed' : 'Taken back', endedAt),
    ...(block === null
      ? []
      : [
          [
            'In block',
            html`<code class="whole">${block}</code>${explorerLink(status, 'block', block)}`,
          ] as const,
        ]),
    ...(conflict === null
      ? []
      : [['Spent by', html`${transactionWords(conflict.transaction, status)}`] as const]),
  ]
}

import { html } from 'hono/html'
import type { NextPayout, PaymentSummary, PolicyView } from '../../../projections/money/views.ts'
import { counted, type Html, integer, shortened, timeAgo } from './format.ts'
import { dcr, nextPayoutWords, phaseWords } from './money-words.ts'

/** What the Payments page shows: the newest payouts, and how to go on. */
export interface PaymentsPage {
  readonly policy: PolicyView | null
  readonly nextPayout: NextPayout | null
  readonly payments: readonly PaymentSummary[]
  readonly next: string | null
  readonly now: number
}

/** The Payments page: what is due, and what was paid. */
export const paymentsPage = ({ policy, nextPayout, payments, next, now }: PaymentsPage): Html =>
  html`<h1>Payments</h1>
<p class="lead">${
    policy === null || nextPayout === null
      ? 'This pool pays nobody: rewards stay with its operator.'
      : html`The next payout is planned ${nextPayoutWords(policy, nextPayout)}: ${dcr(nextPayout.atoms)} are ready for ${counted(nextPayout.miners, 'miner')} with ${dcr(policy.minimumPayout)} or more. Smaller balances wait, for ever if need be.`
  }</p>
<section aria-labelledby="payments-title">
<h2 id="payments-title">Payouts</h2>
<div id="payments" data-live>${
    payments.length === 0
      ? html`<p class="empty">Nothing has been paid yet.</p>`
      : html`<table class="list" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Payout</th><th scope="col" role="columnheader">State</th><th scope="col" role="columnheader">Planned</th><th scope="col" role="columnheader">Transaction</th><th scope="col" role="columnheader" class="figure">Miners</th><th scope="col" role="columnheader" class="figure">Chain’s fee</th><th scope="col" role="columnheader" class="figure">Paid</th></tr></thead>
<tbody role="rowgroup">${payments.map((payment) => paymentRow(payment, now))}</tbody></table>`
  }</div>
<p class="aside">${next === null ? '' : html`<a href="/payments?cursor=${next}">Earlier payouts</a> `}<a href="/api/v1/payments">JSON</a> <a href="/api/v1/payments?format=csv">CSV</a></p>
</section>`

function paymentRow(payment: PaymentSummary, now: number): Html {
  const { words, tone } = phaseWords[payment.phase]
  return html`<tr role="row"><th scope="row" role="rowheader"><a href="/api/v1/payments/${payment.number}">${integer(payment.number)}</a></th>
<td role="cell"><span class="state ${tone}">${words}</span></td>
<td role="cell">${timeAgo(payment.plannedAt, now)}</td>
<td role="cell">${payment.transaction === null ? html`<span class="aside">not signed yet</span>` : shortened(payment.transaction, 8, 8)}</td>
<td role="cell" class="figure payees">${integer(payment.outputs)}</td>
<td role="cell" class="figure chain-fee">${dcr(payment.fee)}</td>
<td role="cell" class="figure paid">${dcr(payment.paid)}</td></tr>`
}

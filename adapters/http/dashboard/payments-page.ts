import { html } from 'hono/html'
import type { NextPayout, PaymentSummary, PolicyView } from '../../../projections/money/views.ts'
import type { PoolStatus } from '../port.ts'
import { counted, type Html, integer, timeAgo } from './format.ts'
import { paymentLink, transactionWords } from './links.ts'
import { dcr, nextPayoutWords, phaseWords } from './money-words.ts'
import { type Column, listFoot, onPhone, part, type Sorting, table } from './table.ts'

/** What the Payments page shows: payouts, and how to go on. */
export interface PaymentsPage {
  readonly status: PoolStatus
  readonly policy: PolicyView | null
  readonly nextPayout: NextPayout | null
  readonly payments: readonly PaymentSummary[]
  readonly sorting: Sorting
  readonly next: string | null
  readonly first: string | null
  readonly now: number
}

/** The Payments page: what is due, and what was paid. */
export const paymentsPage = (page: PaymentsPage): Html => {
  const { status, policy, nextPayout, payments, sorting, next, first, now } = page
  return html`<h1>Payments</h1>
<p class="lead" id="due" data-live>${
    policy === null || nextPayout === null
      ? 'This pool pays nobody: rewards stay with its operator.'
      : html`The next payout is planned ${nextPayoutWords(policy, nextPayout)}. ${
          nextPayout.miners === 0
            ? html`Nobody has the least amount of ${dcr(policy.minimumPayout)} yet.`
            : html`${dcr(nextPayout.atoms)} are ready for ${counted(nextPayout.miners, 'miner')} with ${dcr(policy.minimumPayout)} or more.`
        } Smaller balances wait, for ever if need be.`
  }</p>
${part(
  'payments',
  'Payouts',
  html`${table({ caption: 'Payouts', columns: columns(status, now), rows: payments, sorting, empty: 'Nothing has been paid yet.' })}
${listFoot({ data: '/payments', next, first })}`,
)}`
}

const columns = (status: PoolStatus, now: number): readonly Column<PaymentSummary>[] => [
  {
    head: 'Payout',
    sort: 'number',
    cell: ({ number }) => html`${onPhone('Payout ')}${paymentLink(number)}`,
  },
  {
    head: 'State',
    cell: ({ phase }) =>
      html`<span class="state ${phaseWords[phase].tone}">${phaseWords[phase].words}</span>`,
  },
  { head: 'Planned', cell: ({ plannedAt }) => timeAgo(plannedAt, now) },
  {
    head: 'Transaction',
    cell: ({ transaction }) =>
      transaction === null
        ? html`<span class="aside">not signed yet</span>`
        : transactionWords(transaction, status),
  },
  {
    head: 'Miners',
    figure: true,
    cell: ({ outputs }) => html`${integer(outputs)}${onPhone(outputs === 1 ? ' miner' : ' miners')}`,
  },
  { head: 'Chain’s fee', figure: true, phone: 'none', cell: ({ fee }) => dcr(fee) },
  { head: 'Amount', figure: true, sort: 'paid', phone: 'beside', cell: ({ paid }) => dcr(paid) },
]

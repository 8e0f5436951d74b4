import { html } from 'hono/html'
import type { PaymentView } from '../../../projections/money/views.ts'
import { counted, type Html, integer, shortened, timeAgo } from '../dashboard/format.ts'
import { dcr, nextPayoutWords, phaseWords } from '../dashboard/money-words.ts'
import { part, table } from '../dashboard/table.ts'
import type { MoneyStatus } from '../port.ts'
import { problems } from './overview-page.ts'
import { hidden, orderForm } from './page.ts'
import type { PayoutPreview } from './preview.ts'
import type { Session } from './sessions.ts'

/** What the page of payouts shows. */
export interface PayoutsPage {
  readonly session: Session
  readonly money: MoneyStatus
  /** Those that wait for a decision, whole. */
  readonly waiting: readonly PaymentView[]
  /** Null where nobody is paid. */
  readonly preview: PayoutPreview | null
  /** The API is at the same address. */
  readonly hasApi: boolean
  readonly now: number
}

/** Outputs of a plan, and miners of the next run, that are shown; all of them are in the API. */
const OUTPUTS_SHOWN_MAX = 200

/** Payouts that wait for a decision, what is under way, and what a run would pay. */
export function payoutsPage({ session, money, waiting, preview, hasApi, now }: PayoutsPage): Html {
  const undecided = new Set(waiting.map(({ number }) => number))
  return html`<p class="lead">${waitingWords(waiting)}</p>
${waiting.map((payment) => plan(payment, session, hasApi, now))}
${part(
  'way',
  'Under way',
  html`${table({
    caption: 'Payouts that are decided and not over',
    empty: 'No payout is under way.',
    rows: money.payouts.filter(({ payout }) => !undecided.has(payout)),
    columns: [
      { head: 'Payout', cell: ({ payout }) => integer(payout) },
      {
        head: 'State',
        cell: ({ phase }) =>
          html`<span class="state ${phaseWords[phase].tone}">${phaseWords[phase].words}</span>`,
      },
      { head: 'To miners', figure: true, cell: ({ atoms }) => dcr(atoms) },
    ],
  })}
${problems(money.problems, now)}
${money.problems.length === 0 ? '' : orderForm(session, 'retry', 'Try again what is in the way')}`,
)}
<section class="part" aria-labelledby="next-title"><h2 id="next-title">Next run</h2>
${preview === null ? html`<p>This pool pays nobody.</p>` : nextRun(preview, session, money.wallet)}</section>`
}

const waitingWords = (waiting: readonly PaymentView[]): Html =>
  waiting.length === 0
    ? html`No payout waits for a decision.`
    : html`${waiting.length === 1 ? 'A payout waits' : `${waiting.length} payouts wait`} for your decision: ${dcr(String(waiting.reduce((sum, { paid }) => sum + BigInt(paid), 0n)))} for miners in all. A rejected one gives its money back to the same miners; the next run plans it again.`

function plan(payment: PaymentView, session: Session, hasApi: boolean, now: number): Html {
  const { number, items, poolOutput, change, funding, fee, paid, plannedAt, height } = payment
  const id = hidden('payout', String(number))
  return html`<section class="part" aria-labelledby="payout-${number}"><h2 id="payout-${number}">Payout ${integer(number)} waits</h2>
<p>Planned ${timeAgo(plannedAt, now)} at height ${integer(height)}: ${dcr(paid)} in ${counted(items.length + (poolOutput === null ? 0 : 1), 'output')}, and ${dcr(fee)} for the chain, from ${counted(funding.length, 'coin')} of the wallet${change === null ? '' : html`; ${dcr(change.atoms)} come back`}. One transaction, whole or not at all.</p>
<details class="values"><summary>${dcr(paid)} to ${counted(items.length, 'miner')}: who gets what</summary>
${table({
  caption: `Outputs of payout ${number}`,
  empty: 'It has no outputs to miners.',
  rows: items.slice(0, OUTPUTS_SHOWN_MAX),
  columns: [
    { head: 'Address', cell: ({ address }) => shortened(address, 8, 8) },
    { head: 'Owed', figure: true, cell: ({ deducted }) => dcr(deducted) },
    { head: 'Gets', figure: true, cell: ({ atoms }) => dcr(atoms) },
  ],
})}
<p class="aside">${items.length > OUTPUTS_SHOWN_MAX ? html`${integer(OUTPUTS_SHOWN_MAX)} of ${integer(items.length)} outputs are shown. ` : ''}${poolOutput === null ? '' : html`The pool’s fees go to ${shortened(poolOutput.address, 8, 8)}: ${dcr(poolOutput.atoms)}. `}${hasApi ? html`<a href="/api/v1/payments/${number}">All of it, in JSON</a>` : ''}</p></details>
<div class="orders">${orderForm(session, 'approve-payout', `Approve payout ${number}`, id)}${orderForm(session, 'reject-payout', 'Reject it', id, 'quiet')}</div></section>`
}

const nextRun = (
  { policy, next, paid, atoms, below }: PayoutPreview,
  session: Session,
  hasWallet: boolean,
): Html => html`<p>${next === null ? '' : html`Planned ${nextPayoutWords(policy, next)}. `}A run planned now would pay ${dcr(atoms)} to ${counted(paid.length, 'miner')}, less the chain’s fee, if the wallet has it.${below.miners === 0 ? '' : html` ${counted(below.miners, 'miner')} with ${dcr(below.atoms)} in all ${below.miners === 1 ? 'is' : 'are'} below the minimum of ${dcr(policy.minimumPayout)} and ${below.miners === 1 ? 'waits' : 'wait'}.`}</p>
${table({
  caption: 'Whom a run would pay',
  empty: 'Nobody has the minimum available.',
  rows: paid.slice(0, OUTPUTS_SHOWN_MAX),
  columns: [
    { head: 'Miner', cell: ({ address, account }) => shortened(address ?? account, 8, 8) },
    { head: 'Available', figure: true, cell: ({ available }) => dcr(available) },
  ],
})}
${hasWallet ? orderForm(session, 'plan-payouts', 'Plan a run now') : html`<p>The pool has no wallet, so nothing is planned.</p>`}`

import { html } from 'hono/html'
import { absoluteTime, type Html, shortened, timeAgo } from '../dashboard/format.ts'
import { table } from '../dashboard/table.ts'
import { hidden, orderForm } from './page.ts'
import type { Ban } from './port.ts'
import type { Session } from './sessions.ts'

/** What the page of bans shows. */
export interface BansPage {
  readonly session: Session
  readonly bans: readonly Ban[]
  readonly now: number
}

/** Who may not mine here, and forms to ban and to lift. */
export const bansPage = ({
  session,
  bans,
  now,
}: BansPage): Html => html`<div class="prose"><p class="lead">Whoever is banned is disconnected, and told so when he comes back. What he has earned is paid like everybody’s.</p></div>
${table({
  caption: 'Bans in force',
  empty: 'Nobody is banned.',
  rows: bans,
  columns: [
    {
      head: 'Who',
      cell: (ban) =>
        ban.kind === 'account'
          ? shortened(ban.address ?? ban.account, 12, 12)
          : html`<span class="mono">${ban.range}</span>`,
    },
    { head: 'Since', cell: ({ since }) => timeAgo(since, now) },
    { head: 'Until', cell: ({ until }) => (until === null ? 'for good' : absoluteTime(until)) },
    { head: 'Lift', cell: (ban) => lift(ban, session) },
  ],
})}
<div class="pair">
<section class="part" aria-labelledby="account-title"><h2 id="account-title">Ban a miner</h2>
${orderForm(
  session,
  'ban-account',
  'Ban the miner',
  html`<p class="field"><label for="miner">Address <span class="hint">of the miner, or account id</span></label><input type="text" id="miner" name="miner" required maxlength="100" autocomplete="off" spellcheck="false"></p>${hours('miner-hours')}`,
)}
<p class="aside">This is an event of the public log: everybody can see that the account is banned, and until when.</p></section>
<section class="part" aria-labelledby="range-title"><h2 id="range-title">Ban an IP address</h2>
${orderForm(
  session,
  'ban-address',
  'Ban the address',
  html`<p class="field"><label for="range">Address or range <span class="hint">203.0.113.7 or 203.0.113.0/24</span></label><input type="text" id="range" name="range" required maxlength="50" autocomplete="off" spellcheck="false"></p>${hours('range-hours')}`,
)}
<p class="aside">The log says that an address was banned, not which.</p></section>
</div>`

const hours = (id: string): Html =>
  html`<p class="field"><label for="${id}">Hours <span class="hint">empty: for good</span></label><input type="text" id="${id}" name="hours" inputmode="numeric" maxlength="6" autocomplete="off"></p>`

const lift = (ban: Ban, session: Session): Html =>
  ban.kind === 'account'
    ? orderForm(session, 'unban-account', 'Lift', hidden('miner', ban.account), 'quiet')
    : orderForm(session, 'unban-address', 'Lift', hidden('range', ban.range), 'quiet')

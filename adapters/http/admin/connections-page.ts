import { html } from 'hono/html'
import { type Html, integer, timeAgo } from '../dashboard/format.ts'
import { table } from '../dashboard/table.ts'
import { reasonWords } from '../dashboard/words.ts'
import { hidden, orderForm } from './page.ts'
import type { LiveConnection } from './port.ts'
import type { Session } from './sessions.ts'

/** What the page of connections shows. */
export interface ConnectionsPage {
  readonly session: Session
  readonly connections: readonly LiveConnection[]
  /** Part of an address, user name, agent or listener that was looked for; empty for all. */
  readonly search: string
  readonly now: number
}

/** Connections on the page at most, those that were refused most. */
const SHOWN_MAX = 200

const refusedOn = ({ rejected }: LiveConnection): number =>
  rejected.reduce((sum, { count }) => sum + count, 0)

/** Who is connected, and what was refused. */
export function connectionsPage({ session, connections, search, now }: ConnectionsPage): Html {
  const wanted = search.toLowerCase()
  const found = connections
    .filter(({ address, agent, listener, workers }) =>
      [address, agent, listener, ...workers.map(({ user }) => user)].some((text) =>
        text.toLowerCase().includes(wanted),
      ),
    )
    .sort((a, b) => refusedOn(b) - refusedOn(a) || a.connectedAt - b.connectedAt)
  return html`<form method="get" action="/admin/connections" class="order"><p class="field"><label for="q">Find <span class="hint">address, user name, agent or port’s name</span></label><input type="text" id="q" name="q" value="${search}" maxlength="200"></p><button type="submit">Find</button></form>
<p class="aside">${integer(found.length)} of ${integer(connections.length)} connections${found.length > SHOWN_MAX ? `; those ${SHOWN_MAX} are shown on which most was refused` : ''}. IP addresses are shown here alone, and are in no log and no event. A ban that is given here is for good, until it is lifted under <a href="/admin/bans">Bans</a>, where one for some hours can be given too; that of a miner is an event of the public log.</p>
${table({
  caption: 'Connections',
  empty: 'Nobody is connected.',
  rows: found.slice(0, SHOWN_MAX),
  columns: [
    { head: 'Miner', cell: miner },
    {
      head: 'From',
      cell: ({ address, listener }) =>
        html`<span class="mono">${address}</span> <span class="aside">${listener}</span>`,
    },
    {
      head: 'Agent',
      cell: ({ agent }) => (agent === '' ? html`<span class="aside">none given</span>` : agent),
    },
    { head: 'Connected', cell: ({ connectedAt }) => timeAgo(connectedAt, now) },
    {
      head: 'Difficulty',
      figure: true,
      cell: ({ difficulty }) => (difficulty === null ? '' : integer(difficulty)),
    },
    { head: 'Accepted', figure: true, cell: ({ accepted }) => integer(accepted) },
    { head: 'Refused', cell: refusals },
    { head: 'Ban', cell: (connection) => bans(connection, session) },
  ],
})}`
}

function miner({ workers, isMining, number }: LiveConnection): Html {
  if (workers.length === 0) return html`<span class="aside">not logged in</span>`
  return html`${workers.map(({ user }) => html`<span class="mono hostile-whole">${user}</span> `)}${isMining ? '' : html`<span class="aside">not mining</span> `}${number === null ? '' : html`<span class="aside">connection ${integer(number)}</span>`}`
}

const refusals = ({ rejected, refusal }: LiveConnection): Html =>
  rejected.length === 0 && refusal === null
    ? html`<span class="aside">nothing</span>`
    : html`${rejected.map(({ reason, count }) => html`${reasonWords[reason]} ${integer(count)} `)}${refusal === null ? '' : html`<span class="aside">last: ${refusal}</span>`}`

/** Folded, so that it takes two clicks: the first one shows who would be banned. */
function bans({ workers, address }: LiveConnection, session: Session): Html {
  const users = new Map(workers.map(({ account, user }) => [account, user]))
  const miners = [...users].map(([account, user]) =>
    orderForm(
      session,
      'ban-account',
      users.size === 1 ? 'Ban the miner' : `Ban the miner ${user}`,
      hidden('miner', account),
      'quiet',
    ),
  )
  return html`<details class="values"><summary>Ban …</summary>${miners}${orderForm(session, 'ban-address', `Ban ${address}`, hidden('range', address), 'quiet')}</details>`
}

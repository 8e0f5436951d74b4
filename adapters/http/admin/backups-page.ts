import { html } from 'hono/html'
import { absoluteTime, duration, type Html, integer, timeAgo } from '../dashboard/format.ts'
import { table } from '../dashboard/table.ts'
import { orderForm } from './page.ts'
import type { BackupStatus } from './port.ts'
import type { Session } from './sessions.ts'

/** What the page of backups shows. */
export interface BackupsPage {
  readonly session: Session
  readonly backups: BackupStatus
  readonly now: number
}

/** Backups that there are, to download, and a button for one more. */
export const backupsPage = ({
  session,
  backups,
  now,
}: BackupsPage): Html => html`<div class="prose"><p class="lead">A backup is the whole log of events in one SQLite file, made while the pool runs. Each is opened and read to its end before it is listed here.</p>
<p>${backups.everyMs === null ? 'None is made by itself; backup.every_ms sets how often.' : `One is made every ${duration(backups.everyMs)}.`} They are kept in <code>${backups.directory}</code>. No key and no password is in them: keep <code>ledger.key</code>, the wallet’s files and the configuration apart.</p></div>
<div id="doing" data-live>${backups.failure === null ? '' : html`<p class="notice bad">The latest one failed ${timeAgo(backups.failure.at, now)}: ${backups.failure.message}</p>`}
${backups.doing === null ? orderForm(session, 'back-up', 'Make a backup now') : html`<p class="notice open">One is being made: ${backups.doing}.<noscript> Look again in a while.</noscript></p>`}</div>
<div id="backups" data-live>${table({
  caption: 'Backups, newest first',
  empty: 'There is no backup yet.',
  rows: backups.backups,
  columns: [
    { head: 'Made', cell: ({ madeAt }) => timeAgo(madeAt, now) },
    { head: 'File', cell: ({ name }) => html`<a href="/admin/backups/${name}" download>${name}</a>` },
    { head: 'Events', figure: true, cell: ({ events }) => integer(events) },
    { head: 'Up to', cell: ({ lastAt }) => (lastAt === null ? '' : absoluteTime(lastAt)) },
    { head: 'Bytes', figure: true, cell: ({ bytes }) => integer(bytes) },
    { head: 'SHA-256', cell: ({ sha256 }) => html`<code class="hash">${sha256}</code>` },
  ],
})}</div>`

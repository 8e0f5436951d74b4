import { html } from 'hono/html'
import { LogLevel } from '../../../domain/events.ts'
import type { Html } from '../dashboard/format.ts'
import { table } from '../dashboard/table.ts'
import { orderForm } from './page.ts'
import type { MachineStatus } from './port.ts'
import type { Session } from './sessions.ts'

/** What the page of settings shows. */
export interface SettingsPage {
  readonly session: Session
  readonly machine: MachineStatus
}

/** The configuration in force, and what can be changed while the pool runs. */
export const settingsPage = ({ session, machine }: SettingsPage): Html => html`<div class="pair">
<section class="part" aria-labelledby="level-title"><h2 id="level-title">Log level</h2>
${orderForm(
  session,
  'set-log-level',
  'Set the level',
  html`<p class="field"><label for="level">Lowest level written <span class="hint">until the next restart</span></label><select id="level" name="level">${Object.keys(
    LogLevel.keys,
  ).map(
    (level) =>
      html`<option value="${level}"${level === machine.logLevel ? html` selected` : ''}>${level}</option>`,
  )}</select></p>`,
)}</section>
<section class="part" aria-labelledby="models-title"><h2 id="models-title">Read models</h2>
<p>All that pages and API show is folded from the log, and can be folded again: into a second file, while the first is shown.</p>
<div id="rebuilding" data-live>${machine.rebuilding ? html`<p class="notice open">They are being made anew.</p>` : orderForm(session, 'rebuild-read-models', 'Make them anew')}</div></section>
</div>
<section class="part" aria-labelledby="config-title"><h2 id="config-title">Configuration in force</h2>
<p class="aside">Secrets are not shown. Changes take a restart.</p>
${table({
  caption: 'Every key of the configuration',
  empty: 'The configuration was not given to these pages.',
  rows: machine.settings,
  columns: [
    { head: 'Key', cell: ({ key }) => html`<code>${key}</code>` },
    { head: 'Value', cell: ({ value }) => html`<code>${value}</code>` },
    { head: 'From', cell: ({ from }) => from },
  ],
})}</section>`

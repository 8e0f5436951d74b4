import { html } from 'hono/html'
import type { ShareTotals } from '../../../projections/views.ts'
import { count, type Html, integer, percent } from './format.ts'
import { reasonWords } from './words.ts'

/** Shares accepted, and refused by reason. `since` says from when they are counted. */
export function shareTable(shares: ShareTotals, since: string): Html {
  const all = shares.accepted + shares.rejected
  if (all === 0) return html`<p class="empty">No share yet.</p>`
  const told = shares.reasons.reduce((sum, reason) => sum + reason.count, 0)
  return html`<table class="reasons"><caption class="unseen">Shares accepted, and refused by reason</caption>
<thead class="unseen"><tr><th scope="col">Result</th><th scope="col">Shares</th><th scope="col">Of all</th></tr></thead>
<tbody>
<tr class="accepted"><th scope="row">Accepted</th><td>${count(shares.accepted, 'shares')}</td><td>${percent(shares.accepted / all)}</td></tr>
${shares.reasons.map(
  (reason) =>
    html`<tr><th scope="row"${reason.needed === 0 ? '' : html` title="Latest: difficulty ${integer(reason.needed)} was needed, ${integer(reason.best)} came"`}>${reasonWords[reason.reason]}</th><td>${count(reason.count, 'shares')}</td><td>${percent(reason.count / all)}</td></tr>`,
)}
${shares.rejected > told ? html`<tr><th scope="row">Refused in a flood</th><td>${count(shares.rejected - told, 'shares')}</td><td>${percent((shares.rejected - told) / all)}</td></tr>` : ''}
</tbody></table>
<p class="aside">${since} A refused share says why, and by how much it missed.</p>`
}

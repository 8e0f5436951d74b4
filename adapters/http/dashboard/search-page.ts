import { html } from 'hono/html'
import type { Found } from '../../read-models/port.ts'
import { type Html, shortened } from './format.ts'
import { paths } from './links.ts'

/** Where something that was found is to be seen. */
export function placeOf(found: Found): string {
  switch (found.kind) {
    case 'account':
      return paths.account(found.address ?? found.account)
    case 'worker':
      return paths.worker(found.address ?? found.account, found.name)
    case 'block':
      return paths.block(found.hash)
    case 'payment':
      return paths.payment(found.number)
  }
}

/** What the results page shows. `isShare`: a share was looked for, by job and nonce. */
export interface SearchPage {
  readonly text: string
  readonly found: readonly Found[]
  readonly isShare: boolean
}

const whatCanBeFound = html`an address or its first six characters, a worker’s whole name, a block by its height or hash, a payout by its transaction, or a share by its name, <code>entry:place</code>, or by <code>job/nonce</code> in the miner’s own hex digits`

/** The results of a search with more than one, or none. */
export const searchPage = ({ text, found, isShare }: SearchPage): Html =>
  html`<h1>Search</h1>${
    text === ''
      ? html`<p class="lead">You can look for ${whatCanBeFound}.</p>`
      : found.length === 0
        ? html`<p class="lead">Nothing here is called <span class="hostile-line">“${text}”</span>.</p>
<div class="prose"><p>${isShare ? 'The signed ledger has no accepted share of this job and nonce. A share that was refused is counted with its reason, and is no entry.' : 'An address is known from its first good share on, or once it has been connected for a minute; a worker for 31 days after it was last seen; a block or a transaction when it is the pool’s own.'}</p>
<p>You can look for ${whatCanBeFound}.</p></div>`
        : html`<p class="lead"><span class="hostile-line">“${text}”</span> may be one of these:</p>
<ul class="found-list">${found.map((each) => html`<li><a href="${placeOf(each)}">${foundWords(each)}</a></li>`)}</ul>`
  }`

function foundWords(found: Found): Html {
  switch (found.kind) {
    case 'account':
      return html`Miner ${shortened(found.address ?? found.account, 10, 8)}`
    case 'worker':
      return html`Worker <span class="hostile" title="${found.name}">${found.name === '' ? '(no name)' : found.name}</span> of ${shortened(found.address ?? found.account, 10, 8)}`
    case 'block':
      return html`Block ${found.height}, ${shortened(found.hash, 14, 8)}`
    case 'payment':
      return html`Payout ${found.number}`
  }
}

import { html } from 'hono/html'
import type { FoundShare } from '../../ledger/find-shares.ts'
import { type Html, integer, moment } from './format.ts'
import { accountLink, entryLink, paths, workerLink } from './links.ts'
import { nonceText } from './recent-shares.ts'
import { facts } from './table.ts'
import { verifyForm } from './verify-form.ts'

/** A share's page. */
export interface SharePage {
  readonly share: FoundShare
  /** Address of whom it belongs to; null where that is not known. */
  readonly address: string | null
  /** The entry in which its connection begins; null where that is not known. */
  readonly connected: number | null
  /** Verifier key of the ledger; null before there is one. */
  readonly key: string | null
}

/** A share's page: all that the ledger says of it. */
export const sharePage = ({
  share,
  address,
  connected,
  key,
}: SharePage): Html => html`<h1>Share ${share.entry}:${share.position}</h1>
<p class="lead">It is accepted, and counts with difficulty ${integer(share.difficulty)}${share.block === null ? '' : html`. It found <a href="${paths.block(share.block)}">a block</a>`}.</p>
<section class="part" aria-labelledby="share-title"><h2 id="share-title">What the ledger says of it</h2>
${facts([
  ['Where', html`share ${share.position} of entry ${entryLink(share.entry)}`],
  ['Accepted', moment(share.at)],
  ...(share.owner === null
    ? []
    : [
        ['Miner', accountLink({ account: share.owner.account, address })] as const,
        ['Worker', workerLink(address ?? share.owner.account, share.owner.worker)] as const,
      ]),
  ['Difficulty', integer(share.difficulty)],
  ['Job', html`${share.job} of gateway ${share.gateway}`],
  [
    'Connection',
    html`${share.gateway}.${share.connection}${connected === null ? '' : html`, which begins in entry ${entryLink(connected)}`}`,
  ],
  ['Extranonce2', html`<code class="whole">${share.extranonce2}</code>`],
  ['Nonce', html`<code>${nonceText(share.nonce)}</code>`],
  ['Time', html`${integer(share.ntime)} s after the job’s own`],
])}
<p class="aside">From the job’s header and these figures anyone rebuilds the 180 bytes that were hashed, and sees that they meet the target.</p></section>
${verifyForm({ share, key })}`

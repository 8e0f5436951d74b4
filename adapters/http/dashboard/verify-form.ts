import { html } from 'hono/html'
import type { Html } from './format.ts'

/** Where a receipt comes from: the address of one at this pool, or a file that the reader has. */
export interface VerifyForm {
  readonly receipt: string | null
  /** Verifier key that the pool says is its ledger's; null before there is one. */
  readonly key: string | null
}

/** Name of the module of `browser/` that brings the form to life. */
export const VERIFY_SCRIPT = 'verify.js'

/** Checks a receipt on the reader's own machine. Without JavaScript it says how to do that. */
export const verifyForm = ({
  receipt,
  key,
}: VerifyForm): Html => html`<section class="part" aria-labelledby="verify-title"><h2 id="verify-title">Verify</h2>
<p>Your browser can check the receipt by itself: it rebuilds the header that was hashed, hashes it, and follows the proof up to the signature.${receipt === null ? '' : html` Or take <a href="${receipt}" download>the receipt</a> and check it where you trust the program.`}</p>
<noscript><p>This needs JavaScript. Without it: <code>lodebook verify receipt.tlog-proof --key …</code></p></noscript>
<form class="verify" hidden${receipt === null ? '' : html` data-receipt="${receipt}"`}>
${receipt === null ? html`<p><label>Receipt <input type="file" name="file" accept=".tlog-proof,text/plain" required></label></p>` : ''}
<p><label>Verifier key of the ledger <input name="key" value="${key ?? ''}" required size="60" spellcheck="false" autocomplete="off"></label></p>
<p class="aside">This is the key that the pool names. Compare it with the one that you have from somewhere else: a pool that cheats would name another.</p>
<p><label>Another copy of the ledger, if you have one <input type="url" name="mirror" placeholder="https://mirror.example/ledger" size="40" autocomplete="off"></label></p>
<p><button type="submit">Verify</button></p>
</form>
<ol id="verify-steps" class="verify-steps"></ol>
<p id="verify-verdict" class="verdict" role="status"></p></section>`

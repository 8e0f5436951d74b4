import { html } from 'hono/html'
import type { Html } from './format.ts'

/** What a form checks. */
export interface VerifyForm {
  /** The share whose receipt it asks the pool for; null for a file that the reader has. */
  readonly share: { readonly entry: number; readonly position: number } | null
  /** Verifier key that the pool says is its ledger's; null before there is one. */
  readonly key: string | null
}

/** Name of the module of `browser/` that brings the form to life. */
export const VERIFY_SCRIPT = 'verify.js'

/** Checks a receipt on the reader's own machine. Without JavaScript it says how to do that. */
export const verifyForm = ({ share, key }: VerifyForm): Html => {
  const place = share === null ? '' : `${share.entry}:${share.position}`
  const receipt = share === null ? '' : `/api/v1/shares/${share.entry}/${share.position}/receipt`
  return html`<section class="part prose" aria-labelledby="verify-title"><h2 id="verify-title">Verify</h2>
<p>${
    share === null
      ? html`The receipt of a share proves that it was accepted. Choose the file of one: your browser checks it by itself, and sends it nowhere.`
      : html`Don’t take the pool’s word for it. Your browser fetches the receipt of this share and checks it by itself: it rebuilds the header that was hashed, hashes it, and follows the proof up to the pool’s signature. Or take <a href="${receipt}" download>the receipt</a> and check it with a program that you trust more.`
  }</p>
<noscript><p>This needs JavaScript. Without it: <code>lodebook verify receipt.tlog-proof --key …</code></p></noscript>
<form class="verify" hidden${share === null ? '' : html` data-receipt="${receipt}" data-share="${place}"`}>
${share === null ? html`<p><label>Receipt <input type="file" name="file" accept=".tlog-proof,text/plain" required></label></p>` : ''}
<p><label>Verifier key of the ledger <input name="key" value="${key ?? ''}" required size="60" spellcheck="false" autocomplete="off"></label></p>
<p class="aside">Filled in is the key that the pool names today. Compare it with one that you kept from before or have from somebody else: with a key of its own making a pool could sign anything.</p>
<p><label>Another copy of the ledger, if you know one <input type="url" name="mirror" placeholder="https://mirror.example/ledger" size="40" autocomplete="off"></label></p>
<p class="aside">Then your browser also asks there whether others are shown the same entry.</p>
<p><button type="submit">Verify</button></p>
</form>
<p id="verify-verdict" class="verdict" role="status" hidden></p>
<ol id="verify-steps" class="verify-steps"></ol></section>`
}

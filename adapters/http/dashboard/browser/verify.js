/**
 * Checks the receipt of a share in the browser, with the same code as `lodebook verify`, and shows each step. Nothing is asked of the
 * pool but the receipt itself; a copy of the ledger elsewhere may be asked too whether it has the same entries.
 *
 * @import { Receipt } from '../../../../domain/transparency/receipt.ts'
 * @import { VerifierKey } from '../../../../domain/transparency/key.ts'
 */

import { blake3 } from '@noble/hashes/blake3.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { blake256 } from '../../../../domain/decred/blake256.ts'
import { checkReceipt } from '../../../../domain/transparency/check-receipt.ts'
import { openCheckpoint, trustIn } from '../../../../domain/transparency/checkpoint.ts'
import { parseVerifierKey } from '../../../../domain/transparency/key.ts'
import {
  inclusionParts,
  inclusionProof,
  nodesOfTiles,
  tilesForParts,
  verifyInclusion,
} from '../../../../domain/transparency/proof.ts'
import { parseReceipt } from '../../../../domain/transparency/receipt.ts'
import { tilePath } from '../../../../domain/transparency/tile.ts'
import { leafHash } from '../../../../domain/transparency/tree.ts'

/** @type {import('../../../../domain/transparency/check-receipt.ts').Hashes} */
const hashes = {
  sha256,
  powHash: (algorithm, header) => (algorithm === 'blake3' ? blake3(header) : blake256(header)),
}

/** A step of the check. @typedef {import('../../../../domain/transparency/check-receipt.ts').StepName | 'asked' | 'mirror'} Name */

/**
 * What each step asks, what it means that it holds, and what when it does not, for people.
 *
 * @type {Readonly<Record<Name, readonly [title: string, holds: string, fails: string]>>}
 */
const WORDS = {
  asked: [
    'The receipt of this share',
    'It is of the share that this page is about.',
    'The pool gave the receipt of another share.',
  ],
  signature: [
    'Signed with the ledger’s key',
    'The pool has put its name under this ledger and can’t take it back.',
    'Either this is not the key of the ledger, or the receipt was changed on its way to you.',
  ],
  cosignatures: [
    'Signed by witnesses too',
    'Others have seen the same ledger.',
    'Nobody outside of the pool has seen this ledger.',
  ],
  inclusion: [
    'In the signed ledger',
    'The share, its job and its miner stand in what was signed. Not a digit of them can change now.',
    'What the receipt says of the share, of its job or of its miner is not what was signed.',
  ],
  share: [
    'A share is at this place',
    'The entry holds a share there.',
    'The pool has signed an entry in which there is no such share.',
  ],
  context: [
    'Job and miner came before it',
    'The job, and the connection that sent the share, were written down before the share: they were not made up afterwards.',
    'The pool has signed a share without the job or the miner that belongs to it.',
  ],
  header: [
    'The header can be rebuilt',
    'Your browser has put together the same 180 bytes that the mining machine hashed.',
    'From what the pool has signed no header can be made.',
  ],
  'proof-of-work': [
    'The work was done',
    'Your browser hashed the header once: the result is as small as the credited difficulty asks for.',
    'The pool has signed a share whose work nobody did, or not as much of it.',
  ],
  account: [
    'Whose it is',
    'The account is named by the hash of its address, so the share is that address’s and nobody else’s.',
    'The pool has signed the share to an account that is not that of the address.',
  ],
  mirror: [
    'The same in the other copy',
    'Others are shown the same ledger as you.',
    'You are shown another ledger than others. Keep this receipt: it is signed, and proves that.',
  ],
}

const form = document.querySelector('form.verify')
if (form instanceof HTMLFormElement) {
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void verify(form)
  })
}

/** @param {HTMLFormElement} form */
async function verify(form) {
  const list = document.getElementById('verify-steps')
  const verdict = document.getElementById('verify-verdict')
  if (list === null || verdict === null) return
  list.replaceChildren()
  verdict.className = 'verdict'
  verdict.hidden = false
  verdict.textContent = 'Checking …'
  try {
    const { steps, proven, unasked } = await stepsOf(form)
    list.append(...steps.map(lineOf))
    const failed = steps.find((step) => !step.holds)
    verdict.classList.add(
      failed === undefined && unasked === null ? 'good' : failed === undefined ? 'doubt' : 'bad',
    )
    verdict.textContent =
      failed === undefined
        ? `It holds: ${proven}${unasked === null ? '' : ` ${unasked}`}`
        : `It does not hold, at “${WORDS[failed.name][0]}”. ${WORDS[failed.name][2]} Do not rely on this share, and keep the receipt.`
  } catch (error) {
    verdict.classList.add('bad')
    verdict.textContent = error instanceof Error ? error.message : String(error)
  }
}

/** @typedef {{ name: Name, holds: boolean, says: string }} Step */

/** A step as a line: what it asks, what came out, what that means, and what it was seen by. @param {Step} step */
function lineOf({ name, holds, says }) {
  const [asks, means] = WORDS[name]
  const line = document.createElement('li')
  line.className = holds ? 'holds' : 'fails'
  const title = document.createElement('strong')
  title.textContent = `${asks}: ${holds ? 'yes' : 'no'}`
  const meaning = document.createElement('span')
  meaning.textContent = holds ? means : WORDS[name][2]
  const seen = document.createElement('span')
  seen.className = 'aside below'
  seen.textContent = says
  line.append(title, ' ', meaning, ' ', seen)
  return line
}

/**
 * `unasked` says why the other copy could not be asked; null where it was, or none was named.
 *
 * @param {HTMLFormElement} form
 * @returns {Promise<{ steps: Step[], proven: string, unasked: string | null }>}
 */
async function stepsOf(form) {
  const data = new FormData(form)
  const key = parseVerifierKey(String(data.get('key') ?? '').trim())
  if (key._tag === 'Left') throw new Error(key.left.message)
  const receipt = parseReceipt(await receiptText(form, data))
  if (receipt._tag === 'Left') throw new Error(receipt.left)
  const asked = askedFor(form, receipt.right)
  if (asked !== null && !asked.holds) return { steps: [asked], proven: '', unasked: null }
  const { steps, share } = checkReceipt(receipt.right, trustIn(key.right), hashes)
  const all = asked === null ? [...steps] : [asked, ...steps]
  const proven = provenText(share)
  const mirror = String(data.get('mirror') ?? '').trim()
  if (share === null || mirror === '') return { steps: all, proven, unasked: null }
  const same = await inMirror(mirror, receipt.right, key.right).catch((error) =>
    String(error.message ?? error),
  )
  return typeof same === 'string'
    ? { steps: all, proven, unasked: `The other copy could not be asked: ${same}` }
    : { steps: [...all, same], proven, unasked: null }
}

/**
 * Says whether a receipt is of the share that the page is about: a good one of another share would prove nothing of it. Null on a page
 * that is about none.
 *
 * @param {HTMLFormElement} form
 * @param {Receipt} receipt
 * @returns {Step | null}
 */
function askedFor(form, { evidence, position }) {
  const wanted = form.dataset['share']
  if (wanted === undefined) return null
  const place = `${evidence.index}:${position}`
  const holds = place === wanted
  const says = holds
    ? `It says that it is of share ${place}.`
    : `This page is about share ${wanted}, and the receipt of share ${place}.`
  return { name: 'asked', holds, says }
}

/** @param {import('../../../../domain/transparency/check-receipt.ts').ProvenShare | null} share */
const provenText = (share) =>
  share === null
    ? ''
    : `a share of difficulty ${share.difficulty.toLocaleString('en')} by worker “${share.worker}” of ${share.address ?? 'the pool'}, accepted ${new Date(share.at).toUTCString()}. Whoever holds this receipt can show it for ever, and the pool can’t take the share out of its ledger any more.`

/** From a chosen file, or from the pool. @param {HTMLFormElement} form @param {FormData} data */
async function receiptText(form, data) {
  const file = data.get('file')
  if (file instanceof File && file.size > 0) return file.text()
  const address = form.dataset['receipt']
  if (address === undefined) throw new Error('Choose the file of a receipt first.')
  return new TextDecoder().decode(await fetched(address))
}

/** @param {string} address */
async function fetched(address) {
  const response = await fetch(address, { cache: 'no-store' }).catch(() => undefined)
  if (response === undefined)
    throw new Error(
      `Nothing can be read at ${address}: look whether the address is right, and whether it is up.`,
    )
  if (!response.ok)
    throw new Error(`${address} answered ${response.status}: look whether the address is right.`)
  return new Uint8Array(await response.arrayBuffer())
}

/**
 * Asks a copy of the ledger whether the entry stands at its place under a checkpoint of the same key.
 *
 * @param {string} address
 * @param {Receipt} receipt
 * @param {VerifierKey} key
 * @returns {Promise<Step>}
 */
async function inMirror(address, { evidence }, key) {
  const base = address.replace(/\/+$/, '')
  /** @param {boolean} holds @param {string} says @returns {Step} */
  const step = (holds, says) => ({ name: 'mirror', holds, says })
  const note = new TextDecoder().decode(await fetched(`${base}/checkpoint`))
  const opened = openCheckpoint(note, trustIn(key))
  if (opened._tag === 'Left') return step(false, opened.left.message)
  const { size, root } = opened.right
  // Behind, not forked: a copy takes a while.
  if (evidence.index >= size)
    throw new Error(`it has the first ${size} entries only, and not yet ${evidence.index}. Try again later.`)
  /** @type {Map<string, Uint8Array>} */
  const tiles = new Map()
  for (const { level, index, width } of tilesForParts(inclusionParts(evidence.index, size), size))
    tiles.set(`${level}/${index}`, await fetched(`${base}/${tilePath(level, index, width)}`))
  const nodeAt = nodesOfTiles(sha256, (level, index) => tiles.get(`${level}/${index}`))
  const proof = inclusionProof(sha256, nodeAt, evidence.index, size)
  const leaf = leafHash(sha256, new TextEncoder().encode(evidence.entry))
  const holds =
    proof._tag === 'Right' &&
    verifyInclusion(sha256, { leaf, index: evidence.index, size, proof: proof.right, root })
  return step(
    holds,
    holds
      ? `The copy at ${base} has the same entry ${evidence.index} among its ${size}.`
      : `The copy at ${base} has another entry ${evidence.index}: the ledger was changed, or the copy is damaged.`,
  )
}

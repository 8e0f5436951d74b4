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

/** What each step is, for people. */
const NAMES = {
  signature: 'Signed by the ledger’s key',
  cosignatures: 'Cosigned by witnesses',
  inclusion: 'In the signed ledger',
  share: 'A share in that entry',
  context: 'Its work and its miner were there before',
  header: 'The bytes that were hashed',
  'proof-of-work': 'The work was done',
  account: 'Whose it is',
  mirror: 'The same in the other copy',
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
  verdict.textContent = 'Checking …'
  try {
    const { steps, proven } = await stepsOf(form)
    for (const { name, holds, says } of steps) list.append(lineOf(NAMES[name], holds, says))
    const holds = steps.every((step) => step.holds)
    verdict.classList.add(holds ? 'good' : 'bad')
    verdict.textContent = holds
      ? `It holds: ${proven}`
      : 'It does not hold: the step above says why. Do not rely on this share.'
  } catch (error) {
    verdict.classList.add('bad')
    verdict.textContent = error instanceof Error ? error.message : String(error)
  }
}

/** @param {string} name @param {boolean} holds @param {string} says */
function lineOf(name, holds, says) {
  const line = document.createElement('li')
  line.className = holds ? 'holds' : 'fails'
  const title = document.createElement('strong')
  title.textContent = `${name}: ${holds ? 'yes' : 'no'}`
  const text = document.createElement('span')
  text.textContent = says
  line.append(title, ' ', text)
  return line
}

/**
 * @param {HTMLFormElement} form
 * @returns {Promise<{ steps: { name: keyof typeof NAMES, holds: boolean, says: string }[], proven: string }>}
 */
async function stepsOf(form) {
  const data = new FormData(form)
  const key = parseVerifierKey(String(data.get('key') ?? '').trim())
  if (key._tag === 'Left') throw new Error(key.left.message)
  const receipt = parseReceipt(await receiptText(form, data))
  if (receipt._tag === 'Left') throw new Error(receipt.left)
  const { steps, share } = checkReceipt(receipt.right, trustIn(key.right), hashes)
  const mirror = String(data.get('mirror') ?? '').trim()
  const all = [...steps]
  if (share === null || mirror === '') return { steps: all, proven: provenText(share) }
  return { steps: [...all, await inMirror(mirror, receipt.right, key.right)], proven: provenText(share) }
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
  const response = await fetch(address, { cache: 'no-store' })
  if (!response.ok) throw new Error(`${address} answered ${response.status}.`)
  return new Uint8Array(await response.arrayBuffer())
}

/**
 * Asks a copy of the ledger whether the entry stands at its place under a checkpoint of the same key.
 *
 * @param {string} address
 * @param {Receipt} receipt
 * @param {VerifierKey} key
 * @returns {Promise<{ name: 'mirror', holds: boolean, says: string }>}
 */
async function inMirror(address, { evidence }, key) {
  const base = address.replace(/\/+$/, '')
  /** @param {boolean} holds @param {string} says */
  const step = (holds, says) => ({ name: /** @type {const} */ ('mirror'), holds, says })
  const note = new TextDecoder().decode(await fetched(`${base}/checkpoint`))
  const opened = openCheckpoint(note, trustIn(key))
  if (opened._tag === 'Left') return step(false, opened.left.message)
  const { size, root } = opened.right
  if (evidence.index >= size) return step(false, `The copy has ${size} entries only.`)
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

import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { canonicalJson } from '../canonical-json.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { parseTlogProof, type TlogProof, tlogProofText } from './tlog-proof.ts'

/**
 * Shows that one share was accepted: a tlog-proof of the entry that holds it, whose `extra` carries that entry, the place of the
 * share in it, and the entries that its header is rebuilt from, each with its own proof. `checkReceipt` checks one.
 */
export interface Receipt {
  /** Of the entry that holds the share. */
  readonly evidence: ProvenEntry
  /** Place of the share in the columns, from 0. */
  readonly position: number
  /**
   * `PoolOpened`, the share's `WorkIssued`, its connection's events from the first up to those that say the profile and the
   * worker, and the worker's `AccountOpened`.
   */
  readonly context: readonly ProvenEntry[]
  /** The signed note that all of the proofs lead to. */
  readonly checkpoint: string
}

/** An entry and its proof in the ledger. */
export interface ProvenEntry {
  readonly index: number
  /** Canonical JSON: what was hashed. */
  readonly entry: string
  /** 32 bytes each, from the leaf's sibling up. */
  readonly proof: readonly Uint8Array[]
}

/** Entries of context at most: a worker that joined a connection late has that connection's events before it. */
export const CONTEXT_MAX = 256

/** Bytes of a receipt at most: the largest entry in base64, as much of context again, and the proofs. */
export const RECEIPT_BYTES_MAX = 1024 * 1024

const FORMAT = 'lodebook-receipt@v1'

const Count = t.refinement(t.number, (n) => Number.isSafeInteger(n) && n >= 0, 'Count')
const Extra = t.type({
  format: t.literal(FORMAT),
  position: Count,
  entry: t.string,
  context: t.readonlyArray(t.type({ index: Count, entry: t.string, proof: t.readonlyArray(t.string) })),
})

/** Writes a receipt: the text of a `.tlog-proof` file, which any reader of those checks as far as it goes. */
export function receiptText({ evidence, position, context, checkpoint }: Receipt): string {
  const extra = canonicalJson({
    format: FORMAT,
    position,
    entry: evidence.entry,
    context: context.map(({ index, entry, proof }) => ({ index, entry, proof: proof.map(toBase64) })),
  })
  return tlogProofText({
    index: evidence.index,
    proof: evidence.proof,
    checkpoint,
    extra: new TextEncoder().encode(extra),
  })
}

/** Reads a receipt and checks nothing but its form. Left: what is wrong with it, a sentence. */
export function parseReceipt(text: string): E.Either<string, Receipt> {
  if (text.length > RECEIPT_BYTES_MAX)
    return E.left(`This is no receipt: it is longer than ${RECEIPT_BYTES_MAX} bytes.`)
  const parsed = parseTlogProof(text)
  return E.isLeft(parsed) ? parsed : receiptOf(parsed.right)
}

function receiptOf({ index, proof, checkpoint, extra }: TlogProof): E.Either<string, Receipt> {
  if (extra === undefined)
    return E.left('This is the proof of an entry, not the receipt of a share: it has no line "extra".')
  const decoded = parseJson(extra)
  if (!Extra.is(decoded))
    return E.left(`The line "extra" of this receipt is not of the form ${FORMAT}: it is of another program.`)
  if (decoded.context.length > CONTEXT_MAX)
    return E.left(`This receipt has more than ${CONTEXT_MAX} entries of context.`)
  const context: ProvenEntry[] = []
  for (const each of decoded.context) {
    const hashes = each.proof.map(fromBase64)
    const proven = hashes.flatMap((hash) => (hash === undefined ? [] : [hash]))
    if (proven.length < hashes.length)
      return E.left(`The proof of entry ${each.index} in this receipt is not base64.`)
    context.push({ index: each.index, entry: each.entry, proof: proven })
  }
  const { position, entry } = decoded
  return E.right({ evidence: { index, entry, proof }, position, context, checkpoint })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

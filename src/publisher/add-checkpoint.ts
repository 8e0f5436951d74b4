import * as E from 'fp-ts/lib/Either.js'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import { checkpointText } from '../../domain/transparency/checkpoint.ts'
import { decodeCosignature } from '../../domain/transparency/cosignature.ts'
import { parseDecimal } from '../../domain/transparency/decimal.ts'
import type { VerifierKey } from '../../domain/transparency/key.ts'
import { isOf, isSignature, parseSignatureLine } from '../../domain/transparency/note.ts'
import type { WrittenCheckpoint } from './ledger-writer.ts'

/** The log's half of `add-checkpoint`: C2SP tlog-witness. */

/** What is shown to whom. */
export interface Showing {
  /** Submission prefix of the witness. */
  readonly url: string
  readonly verifier: VerifierKey
  readonly source: LedgerSource
  /** Size that the witness is thought to have signed last. */
  readonly known: number
  readonly checkpoint: WrittenCheckpoint
  readonly stopping: AbortSignal
}

/** A signature of the witness. */
export interface ShownCosignature {
  /** As it stands in the note, without the newline. */
  readonly line: string
  /** Unix seconds. */
  readonly time: number
}

/**
 * Why a witness has not signed. `refused`: it does not answer, or something is wrong with it, with us or on the way. `contradicted`: it
 * says that it has signed what this ledger does not continue. Nobody has signed that word: a witness may lie.
 */
export interface NotSigned {
  readonly kind: 'refused' | 'contradicted'
  readonly message: string
}

const ANSWER_MS_MAX = 10_000
const ANSWER_BYTES_MAX = 64 * 1024

/** Shows a witness a checkpoint, with the proof that it has grown from what the witness signed. */
export async function showCheckpoint(showing: Showing): Promise<E.Either<NotSigned, ShownCosignature>> {
  const { known, checkpoint } = showing
  const first = await ask(showing, known)
  if (E.isLeft(first)) return first
  const size = sizeIn(first.right)
  if (size === undefined || size === known || size > checkpoint.size)
    return outcomeOf(first.right, known, showing)
  const second = await ask(showing, size)
  return E.isLeft(second) ? second : outcomeOf(second.right, size, showing)
}

interface WitnessReply {
  readonly status: number
  readonly text: string
}

async function ask(
  { url, source, checkpoint, stopping }: Showing,
  old: number,
): Promise<E.Either<NotSigned, WitnessReply>> {
  const proof = await ledgerReader(source, checkpoint).consistencyProof(Math.min(old, checkpoint.size))()
  if (E.isLeft(proof)) return refused(`No proof can be made for it: ${proof.left.message}`)
  const body = `old ${old}\n${proof.right.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint.note}`
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
      method: 'POST',
      body,
      signal: AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_MS_MAX)]),
    })
    return E.right({ status: response.status, text: await shortText(response) })
  } catch (error) {
    return refused(`It can't be reached at ${url}: ${reason(error)}.`)
  }
}

async function shortText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > ANSWER_BYTES_MAX) break
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** The size that a witness says it has signed, where it answers that another was asked for. */
const sizeIn = ({ status, text }: WitnessReply): number | undefined =>
  status === 409 ? parseDecimal(text.trim()) : undefined

/** What an answer says, when the witness was shown a proof from `old` on, which it was thought to have signed. */
function outcomeOf(
  reply: WitnessReply,
  old: number,
  showing: Showing,
): E.Either<NotSigned, ShownCosignature> {
  const { size } = showing.checkpoint
  const said = sizeIn(reply)
  if (said !== undefined && said > size) return contradicted(hasMore(said, size))
  // A witness whose size was right answers 422 to a proof that does not hold, and 409 to another root at the same size.
  const isMisfit = reply.status === 422 || (reply.status === 409 && old === size)
  if (old > 0 && isMisfit) return contradicted(hasOther(old))
  return cosignatureIn(reply, showing)
}

function cosignatureIn(
  { status, text }: WitnessReply,
  { verifier, checkpoint }: Showing,
): E.Either<NotSigned, ShownCosignature> {
  if (status !== 200) return refused(`It answered ${status}: ${text.split('\n', 1)[0]?.slice(0, 200)}`)
  for (const line of text.split('\n')) {
    const signature = parseSignatureLine(line)
    if (signature === undefined || !isOf(signature, verifier)) continue
    const time = decodeCosignature(signature.signature)?.time
    if (time === undefined || !isSignature(signature.signature, checkpointText(checkpoint), verifier))
      return refused('Its signature is false. Look whether its key is still the one of the configuration.')
    return E.right({ line, time })
  }
  return refused('It signed with another key than that of the configuration.')
}

const refused = (message: string): E.Either<NotSigned, never> => E.left({ kind: 'refused', message })

const contradicted = (message: string): E.Either<NotSigned, never> =>
  E.left({ kind: 'contradicted', message })

const hasMore = (size: number, ours: number): string =>
  `It has signed ${size} entries of this ledger, and there are only ${ours}: the log and the ledger were put back to an older state, or ` +
  'somebody else signs with this key. Put the newest copy back before anything else is signed.'

const hasOther = (size: number): string =>
  `It has signed other ${size} entries of this ledger than these: the log was put back to an older state and went on from there, or ` +
  'somebody else signs with this key. Put the newest copy back before anything else is signed.'

/** The innermost cause: fetch wraps it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message
}

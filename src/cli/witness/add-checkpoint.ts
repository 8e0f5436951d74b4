import * as E from 'fp-ts/lib/Either.js'
import { sha256 } from '../../../adapters/ledger/sha256.ts'
import { fromBase64 } from '../../../domain/transparency/base64.ts'
import {
  openCheckpoint,
  parseCheckpoint,
  type SignedCheckpoint,
} from '../../../domain/transparency/checkpoint.ts'
import { parseDecimal } from '../../../domain/transparency/decimal.ts'
import type { SigningKey, VerifierKey } from '../../../domain/transparency/key.ts'
import {
  cosigner,
  isOf,
  NOTE_BYTES_MAX,
  noteText,
  parseNote,
  signaturesOf,
} from '../../../domain/transparency/note.ts'
import { verifyConsistency } from '../../../domain/transparency/proof.ts'
import { EMPTY_ROOT, HASH_BYTES } from '../../../domain/transparency/tree.ts'
import type { WitnessRecord, WitnessRecords } from './records.ts'

/** The rules of `add-checkpoint`: C2SP tlog-witness. */

/** Keys of the logs that are witnessed, by the logs' origins. */
export type WitnessedLogs = ReadonlyMap<string, readonly VerifierKey[]>

/** What the witness answers. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422
  readonly contentType: 'text/plain; charset=utf-8' | 'text/x.tlog.size'
  readonly body: string
}

const PROOF_LINES_MAX = 63

/** Longest request: size, a proof of the most lines, and a note. */
export const REQUEST_BYTES_MAX: number = 32 + PROOF_LINES_MAX * 45 + NOTE_BYTES_MAX

/** What the witness is made of. `key` is of the use `cosignature`; `nowMs` Unix milliseconds. */
export interface Witness {
  readonly key: SigningKey
  readonly logs: WitnessedLogs
  readonly records: WitnessRecords
  readonly nowMs: () => number
}

/** Looks at a checkpoint and signs it when the log has only grown since the last one, which it then takes the place of. */
export function addCheckpoint({ key, logs, records, nowMs }: Witness, request: string): WitnessAnswer {
  const read = readRequest(request, logs)
  if (E.isLeft(read)) return read.left
  const { old, proof, checkpoint } = read.right
  const replaced = records.replace(checkpoint.origin, (latest) => {
    const { size, root } = latest ?? { size: 0, root: EMPTY_ROOT }
    if (old !== size)
      return E.left<WitnessAnswer>({ status: 409, contentType: 'text/x.tlog.size', body: `${size}\n` })
    const grown = { from: old, to: checkpoint.size, proof, fromRoot: root, toRoot: checkpoint.root }
    if (!verifyConsistency(sha256, grown))
      return refused(
        422,
        `The proof does not show that this log of ${checkpoint.size} begins with that of ${old}.`,
      )
    return E.right(cosigned(checkpoint, key, nowMs()))
  })
  return E.isLeft(replaced)
    ? replaced.left
    : { status: 200, contentType: PLAIN, body: lastLine(replaced.right.note) }
}

interface AddRequest {
  readonly old: number
  readonly proof: readonly Uint8Array[]
  readonly checkpoint: SignedCheckpoint
}

function readRequest(request: string, logs: WitnessedLogs): E.Either<WitnessAnswer, AddRequest> {
  const end = request.indexOf('\n\n')
  const [oldLine = '', ...proofLines] = request.slice(0, Math.max(0, end)).split('\n')
  const old = oldLine.startsWith('old ') ? parseDecimal(oldLine.slice(4)) : undefined
  if (old === undefined)
    return refused(400, 'The first line is "old" and a size, and an empty line follows the proof.')
  const proof: Uint8Array[] = []
  for (const line of proofLines) {
    const hash = fromBase64(line)
    if (hash?.length !== HASH_BYTES)
      return refused(400, 'A line of the proof is no hash: 32 bytes in base64.')
    proof.push(hash)
  }
  if (proof.length > PROOF_LINES_MAX) return refused(400, `A proof has at most ${PROOF_LINES_MAX} lines.`)
  const checkpoint = readCheckpoint(request.slice(end + 2), logs)
  if (E.isLeft(checkpoint)) return checkpoint
  if (old > checkpoint.right.size) return refused(400, 'The old size is larger than that of the checkpoint.')
  return E.right({ old, proof, checkpoint: checkpoint.right })
}

function readCheckpoint(note: string, logs: WitnessedLogs): E.Either<WitnessAnswer, SignedCheckpoint> {
  const parsed = parseNote(note)
  if (E.isLeft(parsed)) return refused(400, parsed.left.message)
  const claimed = parseCheckpoint(parsed.right.text)
  if (E.isLeft(claimed)) return refused(400, claimed.left.message)
  const { origin } = claimed.right
  const keys = logs.get(origin)
  if (keys === undefined) return refused(404, 'This witness does not know the log.')
  const opened = openCheckpoint(note, { origin, keys, witnesses: [] })
  return E.isLeft(opened) ? refused(403, opened.left.message) : opened
}

const PLAIN = 'text/plain; charset=utf-8'

const refused = (status: 400 | 403 | 404 | 422, why: string): E.Either<WitnessAnswer, never> =>
  E.left({ status, contentType: PLAIN, body: `${why}\n` })

/** The checkpoint with the signatures of its log that were checked, and the witness's last. */
function cosigned(checkpoint: SignedCheckpoint, key: SigningKey, nowMs: number): WitnessRecord {
  const { size, root, note, signedBy } = checkpoint
  const parsed = parseNote(note)
  if (E.isLeft(parsed)) throw new RangeError(parsed.left.message)
  const { text, signatures } = parsed.right
  const checked = signatures.filter((signature) => signedBy.some((by) => isOf(signature, by)))
  const own = signaturesOf(text, [cosigner(key, Math.floor(nowMs / 1000))])
  return { size, root, note: noteText({ text, signatures: [...checked, ...own] }) }
}

const lastLine = (note: string): string => note.slice(note.lastIndexOf('\n', note.length - 2) + 1)

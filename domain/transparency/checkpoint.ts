import * as E from 'fp-ts/lib/Either.js'
import { fromBase64, toBase64 } from './base64.ts'
import { type Cosignature, decodeCosignature } from './cosignature.ts'
import { parseDecimal } from './decimal.ts'
import type { VerifierKey } from './key.ts'
import { isOf, openNote, type Signer, signNote } from './note.ts'
import { HASH_BYTES } from './tree.ts'

/** What a log says of itself: so many leaves, under this root. C2SP tlog-checkpoint. */
export interface Checkpoint {
  /** Name of the log. */
  readonly origin: string
  /** Number of entries. */
  readonly size: number
  /** 32 bytes: root of the tree over them. */
  readonly root: Uint8Array
}

/**
 * The text of a checkpoint, which is signed: origin, size and root, a line each.
 *
 * @throws RangeError for an origin or a root that no checkpoint may have.
 */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  if (!isOrigin(origin) || !Number.isSafeInteger(size) || size < 0 || root.length !== HASH_BYTES) {
    throw new RangeError(`a checkpoint of "${origin}" at ${size}`)
  }
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** Says whether a log may have this name: not empty, one line. */
const isOrigin = (origin: string): boolean => origin !== '' && !/\p{Cc}/u.test(origin)

/**
 * Why a checkpoint is not accepted. `form`: it is none. `origin`: it is of another log. `unsigned` and `signature` are those of
 * `NoteError`.
 */
export interface CheckpointError {
  readonly kind: 'form' | 'origin' | 'unsigned' | 'signature'
  readonly message: string
}

/** Reads the text of a checkpoint. Lines after the third are left to the log that wrote them. */
export function parseCheckpoint(text: string): E.Either<CheckpointError, Checkpoint> {
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.slice(0, -1).split('\n')
  const size = parseDecimal(sizeText)
  const root = fromBase64(rootText)
  if (!text.endsWith('\n') || !isOrigin(origin) || extensions.includes('')) return notACheckpoint
  if (size === undefined || root?.length !== HASH_BYTES) return notACheckpoint
  return E.right({ origin, size, root })
}

const notACheckpoint: E.Either<CheckpointError, never> = E.left({
  kind: 'form',
  message:
    'This is no checkpoint: its first three lines must be the name of a log, its size and its root in base64. Look whether the address is that of a ledger.',
})

/** Writes a checkpoint signed by each of the signers. */
export const signCheckpoint = (checkpoint: Checkpoint, signers: readonly Signer[]): string =>
  signNote(checkpointText(checkpoint), signers)

/** Whom to believe about a log. */
export interface CheckpointTrust {
  readonly origin: string
  /** Keys of the log: more than one while it changes from one to the next. One signature is enough. */
  readonly keys: readonly VerifierKey[]
  /** Keys of witnesses whose cosignatures are checked where they are there. */
  readonly witnesses: readonly VerifierKey[]
}

/** Trusts one key alone, whose name is that of the log. */
export const trustIn = (key: VerifierKey): CheckpointTrust => ({
  origin: key.name,
  keys: [key],
  witnesses: [],
})

/** A checkpoint whose signatures were checked. */
export interface SignedCheckpoint extends Checkpoint {
  /** The note as it came: what to keep and to show to others. */
  readonly note: string
  /** Keys of the log that signed it. */
  readonly signedBy: readonly VerifierKey[]
  /** Witnesses that cosigned it, and when. */
  readonly cosignedBy: readonly { readonly key: VerifierKey; readonly cosignature: Cosignature }[]
}

/** Reads a checkpoint and checks its signatures: the log's must be there, and none may be false. */
export function openCheckpoint(
  note: string,
  { origin, keys, witnesses }: CheckpointTrust,
): E.Either<CheckpointError, SignedCheckpoint> {
  const opened = openNote(note, [...keys, ...witnesses])
  if (E.isLeft(opened)) return opened
  const { text, signatures, signedBy } = opened.right
  const checkpoint = parseCheckpoint(text)
  if (E.isLeft(checkpoint)) return checkpoint
  if (checkpoint.right.origin !== origin) {
    return E.left({
      kind: 'origin',
      message: `This checkpoint is of "${checkpoint.right.origin}" and not of "${origin}". Look whether the address is that of this ledger.`,
    })
  }
  const signing = signedBy.filter((key) => keys.includes(key))
  if (signing.length === 0) {
    return E.left({ kind: 'unsigned', message: `Witnesses signed this checkpoint, but "${origin}" did not.` })
  }
  const cosignedBy = signedBy.flatMap((key) => {
    const signature = signatures.find((candidate) => isOf(candidate, key))
    const cosignature = signature && witnesses.includes(key) && decodeCosignature(signature.signature)
    return cosignature ? [{ key, cosignature }] : []
  })
  return E.right({ ...checkpoint.right, note, signedBy: signing, cosignedBy })
}

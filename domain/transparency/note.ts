import { ed25519 } from '@noble/curves/ed25519.js'
import * as E from 'fp-ts/lib/Either.js'
import { toHex } from '../decred/hex.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { cosignatureMessage, decodeCosignature, encodeCosignature, isCosignature } from './cosignature.ts'
import { ID_BYTES, isKeyName, type SigningKey, type VerifierKey } from './key.ts'

/** A signature of a note. */
export interface NoteSignature {
  /** Name of the key. */
  readonly name: string
  /** 4 bytes: id of the key. */
  readonly id: Uint8Array
  /** What the key made of the text: 64 bytes of a note's key, 72 with the time of a witness's. */
  readonly signature: Uint8Array
}

/** A note in its two parts. C2SP signed-note. */
export interface Note {
  /** With its last newline, without the blank line after it. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Whoever can sign a text: a key in memory (`noteSigner`, `cosigner`) or one that is kept elsewhere. */
export interface Signer {
  readonly name: string
  readonly id: Uint8Array
  /** Returns what stands in the note after the key's id. */
  readonly sign: (text: string) => Uint8Array
}

/** Signs the text of notes with a key in memory. */
export const noteSigner = ({ verifier: { name, id }, seed }: SigningKey): Signer => ({
  name,
  id,
  sign: (text) => ed25519.sign(new TextEncoder().encode(text), seed),
})

/** Signs checkpoints as a witness that saw them at a time, in Unix seconds. */
export const cosigner = ({ verifier: { name, id }, seed }: SigningKey, time: number): Signer => ({
  name,
  id,
  sign: (text) => encodeCosignature({ time, signature: ed25519.sign(cosignatureMessage(time, text), seed) }),
})

/** The signature of a text by each signer, in their order. */
export const signaturesOf = (text: string, signers: readonly Signer[]): readonly NoteSignature[] =>
  signers.map(({ name, id, sign }) => ({ name, id, signature: sign(text) }))

/**
 * Writes a note signed by each of the signers.
 *
 * @throws RangeError for a text that no note may have.
 */
export const signNote = (text: string, signers: readonly Signer[]): string =>
  noteText({ text, signatures: signaturesOf(text, signers) })

/**
 * Writes a note.
 *
 * @throws RangeError for a text that no note may have, and for a note without signatures.
 */
export function noteText({ text, signatures }: Note): string {
  if (!isNoteText(text) || signatures.length === 0) throw new RangeError('no note: text or signatures')
  return `${text}\n${signatures.map(signatureLine).join('')}`
}

/** The line of a signature, with its newline: as a note has it, and as a witness answers. */
export const signatureLine = ({ name, id, signature }: NoteSignature): string =>
  `${DASH}${name} ${toBase64(Uint8Array.of(...id, ...signature))}\n`

const DASH = '\u2014 '

/** Says whether a note may have this text: it ends with a newline and has no other control character. */
const isNoteText = (text: string): boolean => text.endsWith('\n') && isNoteUnicode(text)

const isNoteUnicode = (text: string): boolean =>
  text.isWellFormed() && !Array.from(text).some((character) => character < ' ' && character !== '\n')

/**
 * Why a note is not accepted. `form`: it is no note. `unsigned`: none of its signatures is of a key that is trusted.
 * `signature`: it has a signature in the name of such a key that is not that key's.
 */
export interface NoteError {
  readonly kind: 'form' | 'unsigned' | 'signature'
  readonly message: string
}

/** Longest note, with room for a checkpoint, sixteen signatures of the largest kind (5 kB) and as much again. */
export const NOTE_BYTES_MAX = 262_144

/** Most signatures of a note; C2SP asks for 16 at least, Go takes 100. */
export const SIGNATURES_MAX = 100

/** Reads the form of a note and checks no signature: for what needs no trust, such as adding one. */
export function parseNote(note: string): E.Either<NoteError, Note> {
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n') || !isNoteUnicode(note))
    return notANote('it has no text, blank line and signatures')
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > SIGNATURES_MAX) return notANote(`it has more than ${SIGNATURES_MAX} signatures`)
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (signature === undefined) return notANote('a line of its signatures is not one')
    signatures.push(signature)
  }
  return E.right({ text: note.slice(0, split + 1), signatures })
}

const notANote = (why: string): E.Either<NoteError, never> =>
  E.left({ kind: 'form', message: `This is no signed note: ${why}. Fetch it again, whole and unchanged.` })

/** Reads the line of a signature, without its newline; undefined when it is none. */
export function parseSignatureLine(line: string): NoteSignature | undefined {
  if (!line.startsWith(DASH)) return undefined
  const [name = '', text = '', ...more] = line.slice(DASH.length).split(' ')
  const bytes = fromBase64(text)
  if (!isKeyName(name) || bytes === undefined || bytes.length <= ID_BYTES || more.length > 0) return undefined
  return { name, id: bytes.subarray(0, ID_BYTES), signature: bytes.subarray(ID_BYTES) }
}

/** A note of which at least one signature was checked. */
export interface OpenNote extends Note {
  /** The keys that signed it, of those that were given, each once. */
  readonly signedBy: readonly VerifierKey[]
}

/**
 * Reads a note and checks the signatures of the keys given. Others' are ignored, so that keys can change and witnesses be added;
 * none of the given ones at all is an error, and so is one that is false.
 */
export function openNote(note: string, keys: readonly VerifierKey[]): E.Either<NoteError, OpenNote> {
  const parsed = parseNote(note)
  if (E.isLeft(parsed)) return parsed
  const { text, signatures } = parsed.right
  const signedBy = new Set<VerifierKey>()
  for (const signature of signatures) {
    const key = keys.find((candidate) => isOf(signature, candidate))
    if (key === undefined || signedBy.has(key)) continue
    if (!isSignature(signature.signature, text, key)) return falselySigned(key)
    signedBy.add(key)
  }
  return signedBy.size === 0
    ? unsigned(keys, signatures)
    : E.right({ text, signatures, signedBy: [...signedBy] })
}

/** Says whether a signature claims to be of a key. */
export const isOf = ({ name, id }: NoteSignature, key: VerifierKey): boolean =>
  name === key.name && toHex(id) === toHex(key.id)

/** Says whether a key signed the text. */
export function isSignature(signature: Uint8Array, text: string, key: VerifierKey): boolean {
  if (key.use === 'cosignature') {
    const cosignature = decodeCosignature(signature)
    return cosignature !== undefined && isCosignature(cosignature, text, key.publicKey)
  }
  return (
    signature.length === 64 &&
    ed25519.verify(signature, new TextEncoder().encode(text), key.publicKey, { zip215: false })
  )
}

const falselySigned = (key: VerifierKey): E.Either<NoteError, never> =>
  E.left({
    kind: 'signature',
    message: `The signature in the name of ${named(key)} is false: the text was changed, or somebody else signed it. Do not rely on it.`,
  })

const unsigned = (
  keys: readonly VerifierKey[],
  signatures: readonly NoteSignature[],
): E.Either<NoteError, never> =>
  E.left({
    kind: 'unsigned',
    message: `None of the keys given (${keys.map(named).join(', ')}) signed this; ${signatures.map(named).join(', ')} did. Look whether the key is that of this ledger.`,
  })

const named = ({ name, id }: { readonly name: string; readonly id: Uint8Array }): string =>
  `${name}+${toHex(id)}`

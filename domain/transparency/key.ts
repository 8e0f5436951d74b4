import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as E from 'fp-ts/lib/Either.js'
import { fromHex, toHex } from '../decred/hex.ts'
import { fromBase64, toBase64 } from './base64.ts'

/** What a key signs: the text of a note, or a checkpoint with the time at which a witness saw it. C2SP signed-note. */
export type KeyUse = 'note' | 'cosignature'

const TYPES: Readonly<Record<KeyUse, number>> = { note: 0x01, cosignature: 0x04 }

/** The public half of an Ed25519 key, and whose it is. */
export interface VerifierKey {
  /** A schema-less URL: no spaces, no plus. */
  readonly name: string
  /** 4 bytes: start of SHA-256(name ‖ newline ‖ type ‖ public key). With the name it says which key a signature needs. */
  readonly id: Uint8Array
  readonly use: KeyUse
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array
}

/** A key that signs. */
export interface SigningKey {
  readonly verifier: VerifierKey
  /** 32 bytes, RFC 8032: the secret. */
  readonly seed: Uint8Array
}

/** Says whether a key may have this name: not empty, no white space, no control character, no plus. */
export const isKeyName = (name: string): boolean =>
  name !== '' && name.isWellFormed() && !/[\p{White_Space}\p{Cc}+]/u.test(name)

/**
 * Makes the verifier key of a public key.
 *
 * @throws RangeError for a name that no key may have, and for a public key that is not 32 bytes long.
 */
export function verifierKey(name: string, use: KeyUse, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name) || publicKey.length !== KEY_BYTES) throw new RangeError(`a key named "${name}"`)
  return { name, id: keyId(name, TYPES[use], publicKey), use, publicKey }
}

const KEY_BYTES = 32

function keyId(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  const named = new TextEncoder().encode(`${name}\n`)
  return sha256(Uint8Array.of(...named, type, ...publicKey)).subarray(0, ID_BYTES)
}

/** Bytes of a key's id. */
export const ID_BYTES = 4

/**
 * Makes a signing key from 32 secret bytes.
 *
 * @throws RangeError for a name that no key may have, and for a seed that is not 32 bytes long.
 */
export function signingKey(name: string, use: KeyUse, seed: Uint8Array): SigningKey {
  if (seed.length !== KEY_BYTES) throw new RangeError(`a seed of ${seed.length} bytes`)
  return { verifier: verifierKey(name, use, ed25519.getPublicKey(seed)), seed }
}

/** Prints a verifier key ("vkey") as Go's sumdb/note does: `name+id+base64(type ‖ public key)`. */
export const verifierKeyText = ({ name, id, use, publicKey }: VerifierKey): string =>
  `${name}+${toHex(id)}+${toBase64(Uint8Array.of(TYPES[use], ...publicKey))}`

/** Prints a signing key ("skey") as Go's sumdb/note does: `PRIVATE+KEY+name+id+base64(type ‖ seed)`. A secret. */
export const signingKeyText = ({ verifier: { name, id, use }, seed }: SigningKey): string =>
  `${PRIVATE}${name}+${toHex(id)}+${toBase64(Uint8Array.of(TYPES[use], ...seed))}`

const PRIVATE = 'PRIVATE+KEY+'

/** Why a text is no key. `private` is a signing key where a verifier key belongs. `message` repeats no secret. */
export interface KeyError {
  readonly kind: 'form' | 'private' | 'type' | 'id'
  readonly message: string
}

/** Reads a verifier key. */
export function parseVerifierKey(text: string): E.Either<KeyError, VerifierKey> {
  if (text.startsWith(PRIVATE)) {
    return E.left({
      kind: 'private',
      message:
        'This is the secret signing key. Give the verifier key that belongs to it, and show this one to nobody.',
    })
  }
  const parts = partsOf(text)
  if (parts === undefined) {
    return E.left({ kind: 'form', message: `"${text}" is no verifier key. ${VERIFIER_FORM}` })
  }
  if (parts.use === undefined) return E.left(unknownType(parts.type))
  const key = verifierKey(parts.name, parts.use, parts.bytes)
  return toHex(key.id) === parts.id ? E.right(key) : E.left(wrongId(parts.id, key))
}

/** Reads a signing key. */
export function parseSigningKey(text: string): E.Either<KeyError, SigningKey> {
  const parts = text.startsWith(PRIVATE) ? partsOf(text.slice(PRIVATE.length)) : undefined
  if (parts === undefined) return E.left({ kind: 'form', message: `This is no signing key. ${SIGNING_FORM}` })
  if (parts.use === undefined) return E.left(unknownType(parts.type))
  const key = signingKey(parts.name, parts.use, parts.bytes)
  return toHex(key.verifier.id) === parts.id ? E.right(key) : E.left(wrongId(parts.id, key.verifier))
}

const VERIFIER_FORM =
  'It looks like "example.com/ledger+530d903a+AekyeR…": a name, an id and base64, with a plus between.'
const SIGNING_FORM = 'It looks like "PRIVATE+KEY+example.com/ledger+530d903a+AYEK…".'

function partsOf(text: string):
  | {
      readonly name: string
      readonly id: string
      readonly type: number
      readonly use: KeyUse | undefined
      readonly bytes: Uint8Array
    }
  | undefined {
  const [name = '', id = '', ...rest] = text.split('+')
  const material = fromBase64(rest.join('+'))
  if (!isKeyName(name) || fromHex(id)?.length !== ID_BYTES || material === undefined) return undefined
  const [type] = material
  const use = type === TYPES.note ? 'note' : type === TYPES.cosignature ? 'cosignature' : undefined
  if (type === undefined || (use !== undefined && material.length !== 1 + KEY_BYTES)) return undefined
  return { name, id: id.toLowerCase(), type, use, bytes: material.subarray(1) }
}

const unknownType = (type: number): KeyError => ({
  kind: 'type',
  message: `This key is of type ${type}, which is not known here. Use an Ed25519 key (type 1), or a witness's (type 4).`,
})

const wrongId = (id: string, key: VerifierKey): KeyError => ({
  kind: 'id',
  message: `The key of ${key.name} says that its id is ${id}, but it is ${toHex(key.id)}. Copy the key again, whole.`,
})

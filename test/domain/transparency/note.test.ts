import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../../domain/decred/hex.ts'
import { toBase64 } from '../../../domain/transparency/base64.ts'
import { decodeCosignature } from '../../../domain/transparency/cosignature.ts'
import {
  type KeyUse,
  parseSigningKey,
  parseVerifierKey,
  signingKey,
  signingKeyText,
  type VerifierKey,
  verifierKey,
  verifierKeyText,
} from '../../../domain/transparency/key.ts'
import {
  cosigner,
  noteSigner,
  noteText,
  openNote,
  parseNote,
  SIGNATURES_MAX,
  signNote,
} from '../../../domain/transparency/note.ts'
import { transparencyVectors } from './vectors.ts'

const read = <L, R>(either: E.Either<L, R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}
const reason = <R>(either: E.Either<{ readonly kind: string; readonly message: string }, R>): string =>
  E.isLeft(either) ? `${either.left.kind}: ${either.left.message}` : 'accepted'

const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const key = signingKey('pool.example/ledger', 'note', seed(1))
const newKey = signingKey('pool.example/ledger', 'note', seed(2))
const witness = signingKey('witness.example/w1', 'cosignature', seed(3))
const TEXT = 'pool.example/ledger\n5\nabc\n'

describe('published vectors', () => {
  const { cases, mustRejectVkeys } = transparencyVectors.signed_notes

  test.each(cases)('$name', ({ note, vkeys, valid }) => {
    const keys = vkeys.map((vkey) => read(parseVerifierKey(vkey)))
    expect(keys.map(verifierKeyText)).toEqual(vkeys)
    const opened = openNote(note, keys)
    expect(E.isRight(opened)).toBe(valid)
    if (E.isRight(opened)) {
      expect(opened.right.signedBy).toEqual(keys)
      expect(noteText(opened.right)).toBe(note)
    }
  })

  test.each(mustRejectVkeys.vkeys)('no key: %s', (vkey) => {
    expect(E.isLeft(parseVerifierKey(vkey))).toBe(true)
  })
})

// Made with Go's sumdb/note: the example in its documentation.
const GO_SKEY = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz'
const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'

describe('keys', () => {
  test("Go's example: the same verifier key and the same signature", () => {
    const signing = read(parseSigningKey(GO_SKEY))
    expect(verifierKeyText(signing.verifier)).toBe(GO_VKEY)
    expect(signingKeyText(signing)).toBe(GO_SKEY)
    const published = transparencyVectors.signed_notes.cases.find(({ name }) => name === 'go-note-one-signer')
    const { text } = read(parseNote(published?.note ?? ''))
    expect(signNote(text, [noteSigner(signing)])).toBe(published?.note)
  })

  test('are read as they are printed', () => {
    const use = fc.constantFrom<KeyUse>('note', 'cosignature')
    const name = fc.string({ minLength: 1 }).filter((text) => !/[\p{White_Space}\p{Cc}+]/u.test(text))
    fc.assert(
      fc.property(name, use, fc.uint8Array({ minLength: 32, maxLength: 32 }), (named, of, secret) => {
        const signing = signingKey(named, of, secret)
        expect(read(parseSigningKey(signingKeyText(signing)))).toEqual(signing)
        expect(read(parseVerifierKey(verifierKeyText(signing.verifier)))).toEqual(signing.verifier)
      }),
      { numRuns: 20 },
    )
  })

  test('the same key for another use has another id', () => {
    const { publicKey, id, name } = key.verifier
    expect(toHex(verifierKey(name, 'cosignature', publicKey).id)).not.toBe(toHex(id))
  })

  const vkey = verifierKeyText(key.verifier)
  const badType = `example.com/x+00000000+${toBase64(Uint8Array.of(6, ...seed(1)))}`
  test.each([
    [
      '',
      'form: "" is no verifier key. It looks like "example.com/ledger+530d903a+AekyeR…": a name, an id and base64, with a plus between.',
    ],
    [
      'a b+00000000+AAAA',
      'form: "a b+00000000+AAAA" is no verifier key. It looks like "example.com/ledger+530d903a+AekyeR…": a name, an id and base64, with a plus between.',
    ],
    [
      badType,
      "type: This key is of type 6, which is not known here. Use an Ed25519 key (type 1), or a witness's (type 4).",
    ],
    [
      signingKeyText(key),
      'private: This is the secret signing key. Give the verifier key that belongs to it, and show this one to nobody.',
    ],
    [
      vkey.replace('ledger', 'Ledger'),
      `id: The key of pool.example/Ledger says that its id is ${toHex(key.verifier.id)}, but it is ff8055db. Copy the key again, whole.`,
    ],
  ])('bad verifier key %#', (text, message) => {
    expect(reason(parseVerifierKey(text))).toBe(message)
  })

  test.each(['', vkey, `${vkey}x`, vkey.slice(0, -1), vkey.replace('+', '')])(
    '"%s" is no signing key',
    (text) => {
      expect(reason(parseSigningKey(text))).toBe(
        'form: This is no signing key. It looks like "PRIVATE+KEY+example.com/ledger+530d903a+AYEK…".',
      )
    },
  )

  test('a message about a bad signing key repeats nothing of it', () => {
    const cut = signingKeyText(key).slice(0, -3)
    expect(reason(parseSigningKey(cut))).not.toContain(cut.slice(-8))
  })

  test('names that no key may have are a mistake', () => {
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\nb', 'a\u0000b', '\ud800']) {
      expect(() => signingKey(name, 'note', seed(1))).toThrow(RangeError)
    }
    expect(() => signingKey('a', 'note', new Uint8Array(31))).toThrow(RangeError)
  })
})

describe('notes', () => {
  const keysOf = (...keys: { readonly verifier: VerifierKey }[]): readonly VerifierKey[] =>
    keys.map(({ verifier }) => verifier)
  const both = signNote(TEXT, [noteSigner(key), noteSigner(newKey), cosigner(witness, 1_679_315_147)])

  test('are read as they are signed, whatever the text', () => {
    const line = fc.string({ unit: 'binary' }).filter((text) => !/\p{Cc}/u.test(text) && text.isWellFormed())
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = `${lines.join('\n')}\n`
        const opened = read(openNote(signNote(text, [noteSigner(key)]), keysOf(key)))
        expect(opened.text).toBe(text)
      }),
      { numRuns: 30 },
    )
  })

  test('each key finds its own signature, others are ignored', () => {
    expect(read(openNote(both, keysOf(newKey))).signedBy).toEqual(keysOf(newKey))
    expect(read(openNote(both, keysOf(witness, key))).signedBy).toEqual(keysOf(key, witness))
  })

  test('a cosignature has its time before it', () => {
    const { signatures } = read(openNote(both, keysOf(witness)))
    expect(decodeCosignature(signatures[2]?.signature ?? seed(0))?.time).toBe(1_679_315_147)
  })

  test('a cosignature of another time is false', () => {
    const parsed = read(parseNote(both))
    const [, , third] = parsed.signatures
    const later = new Uint8Array(third?.signature ?? [])
    later[7] = (later[7] ?? 0) ^ 1
    const forged = noteText({ text: parsed.text, signatures: [{ ...witness.verifier, signature: later }] })
    expect(reason(openNote(forged, keysOf(witness)))).toMatch(/^signature: /)
  })

  test('a key of the same name and another id signs nothing for this one', () => {
    const note = signNote(TEXT, [noteSigner(newKey)])
    expect(reason(openNote(note, keysOf(key)))).toBe(
      `unsigned: None of the keys given (pool.example/ledger+${toHex(key.verifier.id)}) signed this; pool.example/ledger+${toHex(newKey.verifier.id)} did. Look whether the key is that of this ledger.`,
    )
  })

  test('a changed text makes the signature false', () => {
    expect(reason(openNote(both.replace('\n5\n', '\n6\n'), keysOf(key)))).toBe(
      `signature: The signature in the name of pool.example/ledger+${toHex(key.verifier.id)} is false: the text was changed, or somebody else signed it. Do not rely on it.`,
    )
  })

  test('one false signature of a known key spoils the note, though another is true', () => {
    const { text, signatures } = read(parseNote(both))
    const [first, second] = signatures
    const forged = noteText({
      text,
      signatures: [...signatures.slice(0, 1), { ...newKey.verifier, signature: seed(9) }],
    })
    expect(first && second).toBeDefined()
    expect(reason(openNote(forged, keysOf(key, newKey)))).toMatch(/^signature: /)
    expect(E.isRight(openNote(forged, keysOf(key)))).toBe(true)
  })

  const line = both.split('\n').find((text) => text.startsWith('\u2014')) ?? ''
  test.each([
    ['nothing', ''],
    ['no signatures', `${TEXT}\n`],
    ['no blank line', `${TEXT}${line}\n`],
    ['no last newline', `${TEXT}\n${line}`],
    ['a hyphen for the dash', `${TEXT}\n- ${line.slice(2)}\n`],
    ['a tab', `a\tb\n\n${line}\n`],
    ['a carriage return', `${TEXT.replaceAll('\n', '\r\n')}\r\n${line}\r\n`],
    ['a lone surrogate', `\ud800\n\n${line}\n`],
    ['a third word', `${TEXT}\n${line} x\n`],
    ['padding left out', `${TEXT}\n${line.replace(/=+$/, '')}\n`],
    ['only an id', `${TEXT}\n\u2014 pool.example/ledger AAAAAA==\n`],
    ['a name with a plus', `${TEXT}\n\u2014 a+b ${line.split(' ')[2]}\n`],
    ['too many signatures', `${TEXT}\n${`${line}\n`.repeat(SIGNATURES_MAX + 1)}`],
    ['text after the signatures', `${both}more\n`],
  ])('not a note: %s', (_, note) => {
    expect(reason(openNote(note, keysOf(key)))).toMatch(/^form: This is no signed note: /)
  })

  test('a hundred signatures are read, a repeated one counts once', () => {
    const note = `${TEXT}\n${`${line}\n`.repeat(SIGNATURES_MAX)}`
    expect(read(openNote(note, keysOf(key))).signedBy).toEqual(keysOf(key))
  })

  test('no text without a last newline is signed, and none with a control character', () => {
    expect(() => signNote('a', [noteSigner(key)])).toThrow(RangeError)
    expect(() => signNote('a\tb\n', [noteSigner(key)])).toThrow(RangeError)
    expect(() => signNote('a\n', [])).toThrow(RangeError)
  })
})

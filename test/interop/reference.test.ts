import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import {
  type Checkpoint,
  checkpointText,
  openCheckpoint,
  signCheckpoint,
} from '../../domain/transparency/checkpoint.ts'
import {
  parseSigningKey,
  parseVerifierKey,
  signingKey,
  signingKeyText,
  verifierKeyText,
} from '../../domain/transparency/key.ts'
import { cosigner, noteSigner, openNote, signNote } from '../../domain/transparency/note.ts'
import { parseTlogProof, tlogProofText } from '../../domain/transparency/tlog-proof.ts'
import { answered, entryAt, key, publish, temporaryFolder } from '../adapters/ledger/published.ts'
import { reference } from './programs.ts'

const read = <L, R>(either: E.Either<L, R>): R => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

const vkey = verifierKeyText(key.verifier)
const SEED = new Uint8Array(32).fill(3)
const witness = signingKey('witness.example/w1', 'cosignature', SEED)
const witnessVkey = verifierKeyText(witness.verifier)
const checkpoint: Checkpoint = { origin: key.verifier.name, size: 5, root: new Uint8Array(32).fill(7) }
const now = Math.floor(Date.now() / 1000)

describe("Go's sumdb/note", () => {
  test('verifies a checkpoint of ours, alone and with a cosignature', () => {
    const alone = signCheckpoint(checkpoint, [noteSigner(key)])
    expect(reference(['open', vkey], alone)).toBe(`${key.verifier.name}\n`)
    const cosigned = signCheckpoint(checkpoint, [noteSigner(key), cosigner(witness, now)])
    expect(reference(['open', vkey], cosigned)).toBe(`${key.verifier.name}\n`)
    expect(reference(['open', witnessVkey, vkey], cosigned)).toBe(
      `${key.verifier.name}\nwitness.example/w1\n`,
    )
  })

  test('refuses one whose size was changed', () => {
    const changed = signCheckpoint(checkpoint, [noteSigner(key)]).replace('\n5\n', '\n6\n')
    expect(() => reference(['open', vkey], changed)).toThrow('invalid signature')
  })

  test('signs with our key exactly as we do', () => {
    const text = checkpointText(checkpoint)
    expect(reference(['sign', signingKeyText(key)], text)).toBe(signNote(text, [noteSigner(key)]))
  })

  test('makes keys that we read, and notes that we verify', () => {
    const [skey = '', theirs = ''] = reference(['genkey', 'sum.example/log']).split('\n')
    const signing = read(parseSigningKey(skey))
    expect(signingKeyText(signing)).toBe(skey)
    expect(verifierKeyText(signing.verifier)).toBe(theirs)
    const text = 'Ognuno sta solo sul cuor della terra\n\ned è subito sera.\n'
    const note = reference(['sign', skey, signingKeyText(key)], text)
    const opened = read(openNote(note, [read(parseVerifierKey(theirs)), key.verifier]))
    expect(opened.text).toBe(text)
    expect(opened.signedBy.map(({ name }) => name)).toEqual(['sum.example/log', key.verifier.name])
  })
})

test("transparency-dev's witness key cosigns, and we verify it with its time", () => {
  const text = checkpointText(checkpoint)
  const cosigned = reference(['cosign', signingKeyText(signingKey('witness.example/w1', 'note', SEED))], text)
  const note = signCheckpoint(checkpoint, [noteSigner(key)]) + cosigned.slice(text.length + 1)
  const trust = { origin: key.verifier.name, keys: [key.verifier], witnesses: [witness.verifier] }
  const [by] = read(openCheckpoint(note, trust)).cosignedBy
  expect(by?.key).toEqual(witness.verifier)
  expect(Math.abs((by?.cosignature.time ?? 0) - now)).toBeLessThan(600)
})

describe("transparency-dev's proofs", () => {
  const SIZES = [1, 255, 256, 300, 70_000]
  const folder = temporaryFolder()
  let checkpoints: readonly Checkpoint[] = []
  beforeAll(async () => {
    checkpoints = await publish(folder.path, SIZES)
  })
  afterAll(() => {
    folder.remove()
  })
  const newest = (): Checkpoint => checkpoints.at(-1) ?? checkpoint
  const reader = () => ledgerReader(ledgerFolder(folder.path), newest())

  test.each([0, 255, 256, 65_535, 65_536, 69_999])('take our tlog-proof of entry %i', async (index) => {
    const proof = await answered(reader().inclusionProof(index))
    const note = signCheckpoint(newest(), [noteSigner(key), cosigner(witness, now)])
    const text = tlogProofText({ index, proof, checkpoint: note, extra: Buffer.from('a share') })
    expect(reference(['proof', vkey, Buffer.from(entryAt(index)).toString()], text)).toBe('')
    expect(read(parseTlogProof(text)).proof.map(toBase64)).toEqual(proof.map(toBase64))
    expect(() => reference(['proof', vkey, 'another entry'], text)).toThrow('calculated root')
  })

  test('take our proofs of consistency between all sizes', async () => {
    for (const { size, root } of checkpoints) {
      const proof = await answered(reader().consistencyProof(size))
      const words = ['consistency', `${size}`, toBase64(root), '70000', toBase64(newest().root)]
      expect(reference(words, proof.map((hash) => `${toBase64(hash)}\n`).join(''))).toBe('')
    }
  })
})

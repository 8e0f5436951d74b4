import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import {
  type Checkpoint,
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  trustIn,
} from '../../../domain/transparency/checkpoint.ts'
import { signingKey } from '../../../domain/transparency/key.ts'
import { cosigner, noteSigner, signNote } from '../../../domain/transparency/note.ts'
import { leafHash } from '../../../domain/transparency/tree.ts'
import { sha256 } from './recursive-tree.ts'
import { transparencyVectors } from './vectors.ts'

const { body, rootIsLeafHashOfUtf8, mustReject } = transparencyVectors.checkpoint_body_format
const ORIGIN = 'pool.example/ledger'
const key = signingKey(ORIGIN, 'note', new Uint8Array(32).fill(1))
const nextKey = signingKey(ORIGIN, 'note', new Uint8Array(32).fill(2))
const witness = signingKey('witness.example/w1', 'cosignature', new Uint8Array(32).fill(3))
const checkpoint: Checkpoint = { origin: ORIGIN, size: 5, root: new Uint8Array(32).fill(7) }
const reason = <R>(either: E.Either<{ readonly kind: string; readonly message: string }, R>): string =>
  E.isLeft(either) ? `${either.left.kind}: ${either.left.message}` : 'accepted'

describe('published vectors', () => {
  const root = leafHash(sha256, new TextEncoder().encode(rootIsLeafHashOfUtf8))

  test('the text of a checkpoint', () => {
    const published = { origin: 'go.sum database tree', size: 123_456_789_012, root }
    expect(checkpointText(published)).toBe(body)
    const parsed = parseCheckpoint(body)
    expect(E.isRight(parsed) && checkpointText(parsed.right)).toBe(body)
  })

  // Go's reader knows one origin only; here any is read, and `openCheckpoint` compares it.
  test.each(mustReject)('not %j', (text) => {
    const parsed = parseCheckpoint(text)
    expect(E.isLeft(parsed) || parsed.right.origin !== 'go.sum database tree').toBe(true)
  })
})

describe('text', () => {
  test('is read as it is written', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((text) => !/\p{Cc}/u.test(text)),
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (origin, size, root) => {
          expect(parseCheckpoint(checkpointText({ origin, size, root }))).toEqual(
            E.right({ origin, size, root }),
          )
        },
      ),
    )
  })

  const [origin = '', size = '', root = ''] = checkpointText(checkpoint).split('\n')
  test('lines after the third are tolerated', () => {
    expect(parseCheckpoint(`${origin}\n${size}\n${root}\nmore\nand more\n`)).toEqual(E.right(checkpoint))
  })

  test.each([
    ['nothing', ''],
    ['a web page', '<!doctype html>\n<title>Pool</title>\n<p>Hello</p>\n'],
    ['no origin', `\n${size}\n${root}\n`],
    ['a leading zero', `${origin}\n05\n${root}\n`],
    ['a sign', `${origin}\n+5\n${root}\n`],
    ['hex', `${origin}\n0x5\n${root}\n`],
    ['2^53', `${origin}\n9007199254740992\n${root}\n`],
    ['a short root', `${origin}\n5\nAAAA\n`],
    ['a root without padding', `${origin}\n5\n${root.slice(0, -1)}\n`],
    ['an empty line after it', `${origin}\n${size}\n${root}\n\nmore\n`],
    ['no last newline', `${origin}\n${size}\n${root}`],
    ['a carriage return', `${origin}\r\n${size}\r\n${root}\r\n`],
  ])('no checkpoint: %s', (_, text) => {
    expect(reason(parseCheckpoint(text))).toBe(
      'form: This is no checkpoint: its first three lines must be the name of a log, its size and its root in base64. Look whether the address is that of a ledger.',
    )
  })

  test.each([
    { ...checkpoint, origin: '' },
    { ...checkpoint, origin: 'a\nb' },
    { ...checkpoint, size: -1 },
    { ...checkpoint, size: 1.5 },
    { ...checkpoint, size: 2 ** 53 },
    { ...checkpoint, root: new Uint8Array(31) },
  ])('what no checkpoint has is a mistake (%#)', (wrong) => {
    expect(() => checkpointText(wrong)).toThrow(RangeError)
  })
})

describe('signed', () => {
  const note = signCheckpoint(checkpoint, [noteSigner(key)])

  test('is opened with the key', () => {
    const opened = openCheckpoint(note, trustIn(key.verifier))
    expect(opened).toEqual(E.right({ ...checkpoint, note, signedBy: [key.verifier], cosignedBy: [] }))
  })

  test('of two keys while the log changes from one to the other: either is enough', () => {
    const both = signCheckpoint(checkpoint, [noteSigner(key), noteSigner(nextKey)])
    expect(E.isRight(openCheckpoint(both, trustIn(key.verifier)))).toBe(true)
    expect(E.isRight(openCheckpoint(both, trustIn(nextKey.verifier)))).toBe(true)
    const keys = [key.verifier, nextKey.verifier]
    const opened = openCheckpoint(both, { origin: ORIGIN, keys, witnesses: [] })
    expect(E.isRight(opened) && opened.right.signedBy).toEqual(keys)
  })

  test('witnesses are told with their time', () => {
    const cosigned = signCheckpoint(checkpoint, [noteSigner(key), cosigner(witness, 1_700_000_000)])
    const trust = { origin: ORIGIN, keys: [key.verifier], witnesses: [witness.verifier] }
    const opened = openCheckpoint(cosigned, trust)
    expect(
      E.isRight(opened) && opened.right.cosignedBy.map((by) => [by.key.name, by.cosignature.time]),
    ).toEqual([['witness.example/w1', 1_700_000_000]])
  })

  test('by a witness alone is not signed by the log', () => {
    const alone = signCheckpoint(checkpoint, [cosigner(witness, 1)])
    const trust = { origin: ORIGIN, keys: [key.verifier], witnesses: [witness.verifier] }
    expect(reason(openCheckpoint(alone, trust))).toBe(
      'unsigned: Witnesses signed this checkpoint, but "pool.example/ledger" did not.',
    )
  })

  test('of another log, with a key that is trusted here', () => {
    const other = signCheckpoint({ ...checkpoint, origin: 'other.example/log' }, [noteSigner(key)])
    expect(reason(openCheckpoint(other, trustIn(key.verifier)))).toBe(
      'origin: This checkpoint is of "other.example/log" and not of "pool.example/ledger". Look whether the address is that of this ledger.',
    )
  })

  test('a note that is no checkpoint, a checkpoint that is no note', () => {
    expect(reason(openCheckpoint(signNote('hello\n', [noteSigner(key)]), trustIn(key.verifier)))).toMatch(
      /^form: /,
    )
    expect(reason(openCheckpoint(checkpointText(checkpoint), trustIn(key.verifier)))).toMatch(/^form: /)
    expect(reason(openCheckpoint(note.replace('\n5\n', '\n6\n'), trustIn(key.verifier)))).toMatch(
      /^signature: /,
    )
    expect(reason(openCheckpoint(note, trustIn(nextKey.verifier)))).toMatch(/^unsigned: /)
  })
})

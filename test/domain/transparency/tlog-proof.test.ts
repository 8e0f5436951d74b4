import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { toBase64 } from '../../../domain/transparency/base64.ts'
import { parseTlogProof, tlogProofText } from '../../../domain/transparency/tlog-proof.ts'
import { transparencyVectors } from './vectors.ts'

const { accept, reject } = transparencyVectors.tlog_proof_format

describe('published vectors', () => {
  test.each(accept)('entry $index', ({ index, hashes, extraBase64, checkpoint, text }) => {
    const parsed = parseTlogProof(text)
    if (E.isLeft(parsed)) throw new Error(parsed.left)
    const { extra, proof } = parsed.right
    expect(parsed.right).toMatchObject({ index, checkpoint })
    expect(proof.map(toBase64)).toEqual(hashes)
    expect(extra && toBase64(extra)).toBe(extraBase64)
    expect(tlogProofText(parsed.right)).toBe(text)
  })

  test.each(reject)('not %j', (text) => {
    expect(E.isLeft(parseTlogProof(text))).toBe(true)
  })
})

test('is read as it is written', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(
      fc.record({
        index: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        proof: fc.array(hash, { maxLength: 53 }),
        checkpoint: fc.constantFrom('a\n1\nb\n\n\u2014 a AAAA\n', ''),
      }),
      fc.option(fc.uint8Array(), { nil: undefined }),
      (given, extra) => {
        const proof = { ...given, ...(extra === undefined ? {} : { extra }) }
        expect(parseTlogProof(tlogProofText(proof))).toEqual(E.right(proof))
      },
    ),
  )
})

const HASH = toBase64(new Uint8Array(32))
test.each([
  ['', 'This is no proof: its first line is not "c2sp.org/tlog-proof@v1".'],
  [
    'c2sp.org/tlog-proof@v1\nindex 0\n',
    'This proof is cut off: it has no blank line and no checkpoint after it.',
  ],
  ['c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\nx', 'The line "extra" of this proof is not base64.'],
  [
    `c2sp.org/tlog-proof@v1\n${HASH}\n\nx`,
    'This proof does not say of which entry it is: "index" and a number.',
  ],
  [
    'c2sp.org/tlog-proof@v1\nindex 01\n\nx',
    'This proof does not say of which entry it is: "index" and a number.',
  ],
  ['c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx', '"AAAA" in this proof is no hash: 32 bytes in base64.'],
])('bad proof %#', (text, message) => {
  expect(parseTlogProof(text)).toEqual(E.left(message))
})

import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { canonicalJson, type Json } from '../../../domain/canonical-json.ts'
import { entryOf } from '../../../domain/transparency/entry.ts'

const entryOfData = (data: string) => entryOf({ stream: 'pool', revision: 3, type: 'PoolOpened', data })

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }),
  ),
})).value

test('an entry, byte for byte', () => {
  expect(entryOfData('{"at":1790000000000,"network":"simnet","v":1}')).toEqual(
    E.right({
      text: '{"at":1790000000000,"data":{"at":1790000000000,"network":"simnet","v":1},"revision":3,"stream":"pool","type":"PoolOpened","v":1}',
      at: 1_790_000_000_000,
    }),
  )
})

test('is the canonical JSON of what it is made of', () => {
  const data = fc.record({ at: fc.nat(), v: fc.integer({ min: 1, max: 9 }), more: json })
  const text = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(text, fc.nat(), text, data, (stream, revision, type, data) => {
      const { at, v } = data
      expect(entryOf({ stream, revision, type, data: canonicalJson(data) })).toEqual(
        E.right({ text: canonicalJson({ at, data, revision, stream, type, v }), at }),
      )
    }),
  )
})

test('data without a time or a version: null stands for it', () => {
  expect(entryOfData('{"a":1}')).toEqual(
    E.right({
      text: '{"at":null,"data":{"a":1},"revision":3,"stream":"pool","type":"PoolOpened","v":null}',
      at: null,
    }),
  )
})

test.each([
  ['', 'is no JSON object'],
  ['{', 'is no JSON object'],
  ['null', 'is no JSON object'],
  ['[1]', 'is no JSON object'],
  ['"text"', 'is no JSON object'],
  ['{"v":1,"at":2}', 'is not canonical JSON'],
  ['{"at": 2}', 'is not canonical JSON'],
  ['{"at":1.5}', 'is not canonical JSON'],
  ['{"at":1e3}', 'is not canonical JSON'],
  ['{"at":9007199254740993}', 'is not canonical JSON'],
  ['{"a":"\\ud800"}', 'is not canonical JSON'],
  ['{"a":1,"a":1}', 'is not canonical JSON'],
])('%j has no entry', (data, why) => {
  expect(entryOfData(data)).toEqual(E.left(why))
})

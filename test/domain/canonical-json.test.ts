import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, type Json } from '../../domain/canonical-json.ts'

/** Values that it takes: integers within 2^53 and well-formed strings. */
const json: fc.Arbitrary<Json> = fc.letrec<{ readonly value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 5 }),
    // Not `fc.object`: also keys that objects have from birth.
    fc.dictionary(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '1', '10', '')),
      tie('value'),
      {
        maxKeys: 5,
        noNullPrototype: false,
      },
    ),
  ),
})).value

describe('any value', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(json, (value) => void expect(same(JSON.parse(canonicalJson(value)), value)).toBe(true)),
    )
  })

  test('has one text, whatever the order of its keys', () => {
    fc.assert(
      fc.property(json, (value) => void expect(canonicalJson(reversed(value))).toBe(canonicalJson(value))),
    )
  })

  test('is its own text again after a reading', () => {
    fc.assert(
      fc.property(
        json,
        (value) => void expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value)),
      ),
    )
  })
})

describe('RFC 8785', () => {
  test('keys go by UTF-16 code units (its section 3.2.3)', () => {
    const value = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '😀': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      ö: 'Latin Small Letter O With Diaeresis',
    }
    expect([...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map((match) => match[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  test('strings, literals and white space (its section 3.2.2)', () => {
    const value = { string: '€$\u000f\nA\'B"\\\\"/', literals: [null, true, false] }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  test.each([
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [-1, '-1'],
    [1e15, '1000000000000000'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [Number.MIN_SAFE_INTEGER, '-9007199254740991'],
  ])('integer %d', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })
})

describe('refused', () => {
  test.each([0.5, -1e-7, 2 ** 53, -(2 ** 53), 1e21, Number.NaN, Number.POSITIVE_INFINITY])(
    'number %d',
    (value) => {
      expect(() => canonicalJson({ deep: [value] })).toThrow(RangeError)
    },
  )

  test('half a character, as a value and as a key', () => {
    for (const half of ['\ud800', 'a\udc00b']) {
      expect(() => canonicalJson([half])).toThrow(RangeError)
      expect(() => canonicalJson({ [half]: 1 })).toThrow(RangeError)
    }
  })
})

test('a member that is undefined is not there', () => {
  const value: object = { b: undefined, a: 1 }
  expect(canonicalJson(value as Json)).toBe('{"a":1}')
})

/** Equal as JSON: the order of keys does not count, -0 is 0. */
function same(a: Json, b: Json): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = Object.keys(a)
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(member(a, key), member(b, key)))
  )
}

const member = (value: object, key: string): Json => Object.getOwnPropertyDescriptor(value, key)?.value

/** The same value with the keys of every object put in the other way round. */
function reversed(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(reversed)
  return Object.fromEntries(
    Object.keys(value)
      .reverse()
      .map((key) => [key, reversed(member(value, key))]),
  )
}

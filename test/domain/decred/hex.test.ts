import fc from 'fast-check'
import { expect, test } from 'vitest'
import { displayHash, fromDisplayHash, fromHex, reverseBytes, toHex } from '../../../domain/decred/hex.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('hex of bytes reads back as the same bytes, in either case', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const hex = toHex(bytes)
      expect(hex).toMatch(/^([0-9a-f]{2})*$/)
      expect(fromHex(hex)).toEqual(bytes)
      expect(fromHex(hex.toUpperCase())).toEqual(bytes)
    }),
  )
})

test('each byte has its own two digits', () => {
  expect(toHex(Uint8Array.of(0, 1, 0x7f, 0x80, 0xff))).toBe('00017f80ff')
})

test.each(['0', 'abc', '0g', 'g0', '/0', ':0', '@0', '`0', ' 00', '0x00', 'é0', '００'])(
  '%j is not hex',
  (text) => {
    expect(fromHex(text)).toBeUndefined()
  },
)

test('text is hex exactly when it is pairs of hex digits', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 6 }), (text) => {
      expect(fromHex(text) !== undefined).toBe(/^([0-9a-fA-F]{2})*$/.test(text))
    }),
  )
})

test('a hash is displayed last byte first', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i)
  const display = '1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100'
  expect(displayHash(bytes)).toBe(display)
  expect(fromDisplayHash(display)).toEqual(bytes)
  expect(bytes[0]).toBe(0)
})

test('a displayed hash reads back', () => {
  fc.assert(
    fc.property(hash, (bytes) => {
      expect(fromDisplayHash(displayHash(bytes))).toEqual(bytes)
    }),
  )
})

test.each(['', '00', '0'.repeat(63), '0'.repeat(66), `${'0'.repeat(62)}zz`])(
  '%j is no displayed hash',
  (text) => {
    expect(fromDisplayHash(text)).toBeUndefined()
  },
)

test('reversing leaves the bytes it was given alone', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  expect(reverseBytes(bytes)).toEqual(Uint8Array.of(3, 2, 1))
  expect(bytes).toEqual(Uint8Array.of(1, 2, 3))
})

import { blake256 as nobleBlake256 } from '@noble/hashes/blake1.js'
import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blake3, blake256 } from '../../../domain/decred/hash.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import { bytes, vectors } from './vectors.ts'

type Digests = readonly { inputHex: string; digest: string }[]

const pairs = [
  { name: 'blake256', ours: blake256, noble: nobleBlake256 },
  { name: 'blake3', ours: blake3, noble: nobleBlake3 },
] as const

describe.each(pairs)('$name', ({ name, ours, noble }) => {
  test.each(vectors<Digests>(name))('$inputHex', ({ inputHex, digest }) => {
    expect(toHex(ours(bytes(inputHex)))).toBe(digest)
  })

  // Every length around the edges of one block and two, where the padding changes shape.
  test('agrees with noble at every length up to 300', () => {
    for (let length = 0; length <= 300; length++) {
      const input = Uint8Array.from({ length }, (_, i) => (i * 89 + length) & 0xff)
      expect(toHex(ours(input)), `length ${length}`).toBe(toHex(noble(input)))
    }
  })

  test('agrees with noble on anything', () => {
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 180, maxLength: 180 }),
      fc.uint8Array({ minLength: 1000, maxLength: 3000 }),
    )
    fc.assert(
      fc.property(input, (message) => {
        expect(toHex(ours(message))).toBe(toHex(noble(message)))
      }),
      { numRuns: 1000 },
    )
  })

  test('agrees with noble on a view into a larger buffer', () => {
    const buffer = Uint8Array.from({ length: 500 }, (_, i) => i & 0xff)
    const view = buffer.subarray(7, 207)
    expect(toHex(ours(view))).toBe(toHex(noble(view)))
  })

  test('agrees with noble beyond 64 KiB', () => {
    const input = new Uint8Array(200_001).fill(0xa5)
    expect(toHex(ours(input))).toBe(toHex(noble(input)))
  })

  test('gives a fresh digest, changes no input, remembers nothing', () => {
    const message = Uint8Array.of(1, 2, 3)
    const first = ours(message)
    ours(new Uint8Array(180).fill(9))
    expect(message).toEqual(Uint8Array.of(1, 2, 3))
    expect(toHex(first)).toBe(toHex(noble(message)))
    expect(toHex(ours(message))).toBe(toHex(first))
  })
})

import { expect, test } from 'vitest'
import { Reader } from '../../../domain/decred/reader.ts'
import { bytes } from './vectors.ts'

test('reads little-endian numbers in order, to the end', () => {
  const reader = new Reader(bytes('01fffe04030201feffffffffffffff02aabb'))
  expect(reader.uint8()).toBe(1)
  expect(reader.uint16()).toBe(0xfeff)
  expect(reader.uint32()).toBe(0x01020304)
  expect(reader.int64()).toBe(-2n)
  expect(reader.count('things', 1)).toBe(2)
  expect(reader.bytes(2, 'the things')).toEqual(bytes('aabb'))
  reader.end()
  expect(reader.error).toBeUndefined()
})

test.each([
  ['a byte', '', (r: Reader) => r.uint8()],
  ['a uint16', 'ff', (r: Reader) => r.uint16()],
  ['a uint32', 'ffffff', (r: Reader) => r.uint32()],
])('%s that is cut short reads as 0 and is refused', (what, hex, read) => {
  const reader = new Reader(bytes(hex))
  expect(read(reader)).toBe(0)
  expect(reader.error).toEqual({
    kind: 'truncated',
    message: `the bytes end before ${what} does (at byte 0 of ${hex.length / 2})`,
  })
})

test('after a refusal everything reads as nothing, and the first refusal stands', () => {
  const reader = new Reader(bytes('0505050505'))
  expect(reader.uint8()).toBe(5)
  expect(reader.bytes(5, 'a hash')).toEqual(new Uint8Array(0))
  const { error } = reader
  expect(error?.message).toBe('the bytes end before a hash does (at byte 1 of 5)')
  expect([
    reader.uint8(),
    reader.uint16(),
    reader.uint32(),
    reader.int64(),
    reader.count('things', 1),
  ]).toEqual([0, 0, 0, 0n, 0])
  reader.end()
  expect(reader.error).toBe(error)
})

test('bytes that were read are a copy', () => {
  const source = bytes('0102')
  const copy = new Reader(source).bytes(2, 'both')
  source.fill(0)
  expect(copy).toEqual(bytes('0102'))
})

import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { Atoms, atomsFromDcr, formatDcr, toAtoms } from '../../../domain/decred/amount.ts'

const ATOMS_MAX = 2_100_000_000_000_000n

test.each([
  [0, 0n],
  [-0, 0n],
  [1, 100_000_000n],
  [0.00000001, 1n],
  [0.08388322, 8_388_322n],
  [4.63835862, 463_835_862n],
  [0.29, 29_000_000n],
  [1.15, 115_000_000n],
  [31.19582664, 3_119_582_664n],
  [0.000000004, 0n],
  [0.000000005, 1n],
  [21_000_000, ATOMS_MAX],
])('%d DCR is %d atoms', (dcr, atoms) => {
  expect(atomsFromDcr(dcr)).toEqual(E.right(atoms))
})

test.each([
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0.00000001,
  -1,
  21_000_000.00000001,
  1e300,
])('%d DCR is no amount', (dcr) => {
  expect(atomsFromDcr(dcr)).toEqual(
    E.left({ kind: 'not-an-amount', message: `${dcr} DCR is not an amount between 0 and 21 million DCR` }),
  )
})

test('every amount survives the way through dcrd’s JSON', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: ATOMS_MAX }), (atoms) => {
      expect(atomsFromDcr(JSON.parse(formatDcr(atoms)))).toEqual(E.right(atoms))
    }),
    { numRuns: 2000 },
  )
})

test.each([
  [0n, '0.00000000'],
  [1n, '0.00000001'],
  [8_388_322n, '0.08388322'],
  [100_000_000n, '1.00000000'],
  [ATOMS_MAX, '21000000.00000000'],
  [-1n, '-0.00000001'],
  [-123_456_789n, '-1.23456789'],
])('%d atoms print as %s', (atoms, text) => {
  expect(formatDcr(atoms)).toBe(text)
})

test('amounts are 0 to 21 million DCR', () => {
  expect([-1n, 0n, ATOMS_MAX, ATOMS_MAX + 1n].map((n) => Atoms.is(n))).toEqual([false, true, true, false])
  expect(Atoms.is(5)).toBe(false)
})

test('a sum that is no amount is a lost count', () => {
  expect(toAtoms(2_100_000_000_000_000n)).toBe(2_100_000_000_000_000n)
  expect(() => toAtoms(-1n)).toThrow(RangeError)
  expect(() => toAtoms(2_100_000_000_000_001n)).toThrow(RangeError)
})

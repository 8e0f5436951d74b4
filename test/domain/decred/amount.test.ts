import { expect, test } from 'vitest'
import { Atoms, formatDcr, toAtoms } from '../../../domain/decred/amount.ts'

const ATOMS_MAX = 2_100_000_000_000_000n

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

import { expect, test } from 'vitest'
import { backOff } from '../../../adapters/node/dcrd/back-off.ts'

const take = (random: number, count: number): number[] => {
  const { next } = backOff(() => random)
  return Array.from({ length: count }, next)
}

test('doubles from a quarter of a second to five seconds', () => {
  expect(take(0, 7)).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000])
})

test('chance takes away half at most', () => {
  expect(take(0.5, 2)).toEqual([187.5, 375])
  expect(take(1, 2)).toEqual([125, 250])
})

test('starts anew when told', () => {
  const { next, reset } = backOff(() => 0)
  next()
  next()
  reset()
  expect(next()).toBe(250)
})

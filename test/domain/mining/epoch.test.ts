import fc from 'fast-check'
import { expect, test } from 'vitest'
import { epochOf, epochStartMs } from '../../../domain/mining/epoch.ts'

const HOUR_MS = 3_600_000

test('an epoch is named after its UTC hour', () => {
  expect(epochOf(Date.UTC(2026, 10, 23, 18, 59, 59, 999))).toBe('2026112318')
  expect(epochStartMs('2026112318')).toBe(Date.UTC(2026, 10, 23, 18))
})

test('every time is in the hour that its epoch begins with', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2200, 0) }), (atMs) => {
      expect(epochStartMs(epochOf(atMs))).toBe(atMs - (atMs % HOUR_MS))
    }),
  )
})

import { expect, test } from 'vitest'
import { isPayoutDue } from '../../../domain/payout/schedule.ts'

const HOUR_MS = 3_600_000
const day = Date.UTC(2026, 10, 23)
const at = (height: number, atMs = 0) => ({ height, at: atMs })

test.each([
  [99, false],
  [100, true],
  [101, true],
  [1_000, true],
])('each 50 blocks after height 50: at %i', (height, due) => {
  expect(isPayoutDue({ kind: 'blocks', every: 50 }, at(50), at(height))).toBe(due)
})

// At 06:30 UTC.
test.each([
  ['yesterday noon', 'this morning at 6:29', -12 * HOUR_MS, 6 * HOUR_MS + 29 * 60_000, false],
  ['yesterday noon', 'this morning at 6:30', -12 * HOUR_MS, 6 * HOUR_MS + 30 * 60_000, true],
  ['today at 6:30', 'tonight', 6 * HOUR_MS + 30 * 60_000, 23 * HOUR_MS, false],
  ['today at 6:30', 'tomorrow at 6:30', 6 * HOUR_MS + 30 * 60_000, 30 * HOUR_MS + 30 * 60_000, true],
  ['last week', 'today at noon', -7 * 24 * HOUR_MS, 12 * HOUR_MS, true],
  ['today at noon', 'today a second later', 12 * HOUR_MS, 12 * HOUR_MS + 1_000, false],
])('each day: last %s, now %s', (_, __, last, now, due) => {
  expect(isPayoutDue({ kind: 'daily', minute: 390 }, at(1, day + last), at(1, day + now))).toBe(due)
})

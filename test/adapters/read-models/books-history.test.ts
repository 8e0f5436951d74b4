import { describe, expect, test } from 'vitest'
import type { PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import { eventHistory } from '../../support/event-histories.ts'
import { HASH, readModelsOf, right, START } from './log.ts'
import { ANN, approved, BEN, matured, moneyLog } from './money-log.ts'

const UNITS = new Map([
  [ANN, 3n],
  [BEN, 1n],
])

const signed = (at: number): PayoutEvent => ({
  type: 'PayoutSigned',
  data: { v: 1, at: START + at, transaction: HASH(7), bytes: '00' },
})
const published = (at: number): PayoutEvent => ({ type: 'PayoutPublished', data: { v: 1, at: START + at } })
const confirmed = (at: number): PayoutEvent => ({
  type: 'PayoutConfirmed',
  data: { v: 1, at: START + at, block: HASH(0xb10c), confirmations: 2 },
})

test('the books over time: shared, lost, shared again, paid', () => {
  const log = moneyLog()
  log.block(1, 1_000, 'connected', 'approved')
  log.settle(2_000, UNITS)
  log.blockEvent(1, { type: 'BlockDisconnected', data: { v: 1, at: START + 3_000 } })
  log.settle(3_000, UNITS)
  log.blockEvent(1, {
    type: 'BlockConnected',
    data: { v: 1, at: START + 4_000, reward: { transaction: HASH(0xc001), output: 2, atoms: '1000000000' } },
  })
  log.blockEvent(1, approved(1, 4_000))
  log.settle(4_000, UNITS)
  log.blockEvent(1, matured(5_000))
  const [payout] = log.plan(6_000)
  for (const step of [signed(7_000), published(7_000), confirmed(8_500)]) log.step(payout ?? -1, step)
  const models = readModelsOf(log.events)
  const points = right(models.booksHistory({ from: START, to: START + 10_000, stepMs: 1_000 }))
  const left = BigInt(right(models.books()).fees.available)
  const all = '1000000000'
  expect(points.map(({ liabilities }) => liabilities)).toEqual([
    ...['0', '0', all, '0', all, all, all, all],
    ...[String(left), String(left)],
  ])
  expect(points.map(({ at }) => at - START)).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((second) => second * 1_000),
  )
  expect(new Set(points.map(({ reserve }) => reserve))).toEqual(new Set(['0']))
  // What was before the first step is in it; what is after the last is not lost.
  const [whole] = right(models.booksHistory({ from: START + 4_500, to: START + 4_501, stepMs: 1_000 }))
  expect(whole?.liabilities).toBe(String(left))
})

describe('end with what the books hold, whatever happened', () => {
  const schemes = [
    ['pplns', { kind: 'pplns', windowPpm: 2_000_000 }],
    ['pps', { kind: 'pps', reserve: '100000000000' }],
  ] as const

  test.each(schemes)('%s', (_, scheme) => {
    let moved = 0
    for (const seed of [1, 5, 8]) {
      const busy = { workers: 9, sharesPerEvent: 20, secondsPerOwnBlock: 300, trouble: 4 }
      const events = [...eventHistory({ seed, scheme, shares: 6_000, ...busy })]
      for (const part of [0.4, 0.7, 1]) {
        const count = Math.floor(events.length * part)
        const models = readModelsOf(events.slice(0, count))
        const { liabilities, fees, reserve } = right(models.books())
        const owed = [liabilities, fees].flatMap(({ immature, available, inPayout }) => [
          BigInt(immature),
          BigInt(available),
          BigInt(inPayout),
        ])
        const points = right(models.booksHistory({ from: 0, to: START * 2, stepMs: START / 10 }))
        expect(points.at(-1)).toMatchObject({
          liabilities: String(owed.reduce((sum, atoms) => sum + atoms, 0n)),
          reserve,
        })
        if (points.at(-1)?.liabilities !== '0') moved++
      }
    }
    expect(moved).toBeGreaterThan(2)
  })
})

test('a span that makes no sense is refused', () => {
  const models = readModelsOf(moneyLog().events)
  for (const request of [
    { from: 2, to: 1, stepMs: 1 },
    { from: -1, to: 1, stepMs: 1 },
    { from: 0, to: 1, stepMs: 0 },
    { from: 0, to: 10_000, stepMs: 1 },
  ])
    expect(models.booksHistory(request)).toMatchObject({ left: { kind: 'bad-request' } })
})

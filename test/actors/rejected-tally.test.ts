import { expect, test } from 'vitest'
import type { EventData } from '../../domain/events.ts'
import { type RejectedTally, rejectedTally } from '../../src/actors/rejected-tally.ts'

const MINUTE = 60_000

function taken(tally: RejectedTally, nowMs: number): EventData<'SharesRejected'> {
  const summary = tally.take(nowMs)
  if (summary.type !== 'SharesRejected') throw new Error(summary.type)
  return summary.data
}

/** A connection that is not in the log yet. */
const newcomer = (): { number: number | null; isOver: boolean } => ({ number: null, isOver: false })

test('shares are counted by connection, worker and reason', () => {
  const tally = rejectedTally(0)
  const [one, two] = [
    { number: 1, isOver: false },
    { number: 2, isOver: true },
  ]
  tally.note(one, 0, 'low-difficulty', 8, 3)
  tally.note(two, 0, 'low-difficulty', 8, 5)
  tally.note(one, 0, 'low-difficulty', 16, 2)
  tally.note(one, null, 'unauthorized', 0, 0)
  expect([tally.isDue(MINUTE - 1), tally.isDue(MINUTE)]).toEqual([false, true])
  expect(taken(tally, MINUTE)).toEqual({
    v: 1,
    at: MINUTE,
    since: 0,
    connection: [1, 1, 2],
    worker: [0, null, 0],
    reason: ['low-difficulty', 'unauthorized', 'low-difficulty'],
    count: [2, 1, 1],
    needed: [16, 0, 8],
    best: [3, 0, 5],
    others: 0,
  })
  expect([tally.isEmpty(), tally.isDue(3 * MINUTE)]).toEqual([true, false])
})

test('those of a connection that is not in the log wait until it is, and are said of it', () => {
  const tally = rejectedTally(0)
  const late = newcomer()
  tally.note(late, 0, 'stale', 0, 0)
  expect([tally.isEmpty(), tally.isDue(MINUTE)]).toEqual([true, false])
  tally.note({ number: 3, isOver: false }, 0, 'stale', 0, 0)
  expect(taken(tally, MINUTE)).toMatchObject({ since: 0, connection: [3], others: 0 })

  tally.note(late, 0, 'stale', 0, 0)
  expect(tally.isDue(2 * MINUTE)).toBe(false)
  late.number = 4
  expect(tally.isDue(2 * MINUTE)).toBe(true)
  // The first of them came before the summary that they were not in.
  expect(taken(tally, 2 * MINUTE)).toMatchObject({ since: 0, connection: [4], count: [2], others: 0 })
  tally.note(late, 0, 'stale', 0, 0)
  expect(taken(tally, 3 * MINUTE)).toMatchObject({ since: 2 * MINUTE, connection: [4], count: [1] })
})

test('those of a connection that never was are counted alone', () => {
  const tally = rejectedTally(0)
  const passer = newcomer()
  tally.note(passer, 0, 'stale', 0, 0)
  tally.note(passer, 1, 'malformed', 0, 0)
  passer.isOver = true
  expect(tally.isDue(MINUTE)).toBe(true)
  expect(taken(tally, MINUTE)).toMatchObject({ connection: [], count: [], others: 2 })
  expect(tally.isEmpty()).toBe(true)
})

test('those that wait have no more rows than the others', () => {
  const tally = rejectedTally(0)
  const waiting = Array.from({ length: 600 }, newcomer)
  for (const each of waiting) tally.note(each, 0, 'stale', 0, 0)
  expect(taken(tally, MINUTE)).toMatchObject({ connection: [], others: 100 })
  for (const each of waiting) each.isOver = true
  expect(taken(tally, 2 * MINUTE)).toMatchObject({ connection: [], others: 500 })
  for (let number = 0; number < 501; number++) tally.note({ number, isOver: false }, 0, 'stale', 0, 0)
  const { connection, others } = taken(tally, 3 * MINUTE)
  expect([connection.length, others]).toEqual([500, 1])
})

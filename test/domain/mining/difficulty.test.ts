import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  clampDifficulty,
  newSpeedEstimate,
  noteShare,
  retarget,
  startDifficulty,
} from '../../../domain/mining/difficulty.ts'

const WANTED = 15
const bounds = { min: 1, max: 1_000_000_000 }

/** A miner of constant speed (difficulty per second), its shares at random by the seed, for some minutes. */
function mine(speedPerSecond: number, startAt: number, minutes: number, seed: number) {
  let random = seed
  const next = () => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
    return (random + 1) / 2_147_483_649
  }
  const speed = newSpeedEstimate(0)
  let difficulty = startAt
  let sweptMs = 0
  const changes: { atMs: number; difficulty: number; urgent: boolean }[] = []
  const decide = (atMs: number) => {
    const change = retarget(speed, difficulty, atMs, WANTED, bounds)
    if (change === null) return
    difficulty = change.difficulty
    changes.push({ atMs, ...change })
  }
  let atMs = 0
  let lastMinutesShares = 0
  while (atMs < minutes * 60_000) {
    atMs += (-Math.log(next()) * difficulty * 1000) / speedPerSecond
    for (; sweptMs + 5_000 <= Math.min(atMs, minutes * 60_000); sweptMs += 5_000) decide(sweptMs + 5_000)
    if (atMs >= minutes * 60_000) break
    noteShare(speed, difficulty, atMs)
    decide(atMs)
    if (atMs > (minutes - 10) * 60_000) lastMinutesShares++
  }
  return { difficulty, changes, sharesPerMinute: lastMinutesShares / 10 }
}

describe('variable difficulty', () => {
  test.each([
    ['started far too easy', 1],
    ['started right', 40_000],
    ['started far too hard', 3_000_000],
  ])('a miner %s ends near 15 shares a minute and stays there', (_, start) => {
    const { sharesPerMinute, changes } = mine(10_000, start, 60, 7)
    expect(sharesPerMinute).toBeGreaterThan(15 / 2)
    expect(sharesPerMinute).toBeLessThan(15 * 2)
    expect(changes.filter(({ atMs }) => atMs > 30 * 60_000).length).toBeLessThan(6)
  })

  test('a farm at minimum difficulty is corrected within seconds, by urgent steps of 4 at most', () => {
    const { changes } = mine(1_000_000, 1, 2, 3)
    const first = changes.slice(0, 10)
    expect(first.every(({ urgent }) => urgent)).toBe(true)
    expect(first[0]?.difficulty).toBe(4)
    expect(changes.find(({ difficulty }) => difficulty >= 1_000_000)?.atMs).toBeLessThan(10_000)
  })

  test('a silent miner becomes easier, by halves, once a minute', () => {
    const speed = newSpeedEstimate(0)
    expect(retarget(speed, 1000, 59_000, WANTED, bounds)).toBeNull()
    expect(retarget(speed, 1000, 60_000, WANTED, bounds)).toEqual({ difficulty: 500, urgent: false })
    expect(retarget(speed, 500, 61_000, WANTED, bounds)).toBeNull()
  })

  test('steps are bounded and results are integers within the bounds, whatever the miner does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (start, gaps, min) => {
          const speed = newSpeedEstimate(0)
          const limits = { min, max: 500_000 }
          let difficulty = clampDifficulty(start, limits)
          let atMs = 0
          for (const gap of gaps) {
            atMs += gap
            noteShare(speed, difficulty, atMs)
            const change = retarget(speed, difficulty, atMs, WANTED, limits)
            if (change === null) continue
            expect(Number.isSafeInteger(change.difficulty)).toBe(true)
            expect(change.difficulty).toBeGreaterThanOrEqual(Math.max(min, Math.floor(difficulty / 2)))
            expect(change.difficulty).toBeLessThanOrEqual(Math.min(500_000, difficulty * 4))
            expect(change.difficulty).not.toBe(difficulty)
            difficulty = change.difficulty
          }
        },
      ),
    )
  })
})

test('the first difficulty gives the wanted rate to a device of the assumed speed', () => {
  // A D9 on mainnet: 2.4e12 H/s for 4 s a share, 2^32 hashes for one of difficulty 1.
  expect(startDifficulty(2.4e12, 2 ** 32, 15, bounds)).toBe(2235)
  expect(startDifficulty(5, 2 ** 32, 15, bounds)).toBe(1)
  expect(startDifficulty(1e30, 2, 15, { min: 1, max: Number.POSITIVE_INFINITY })).toBe(
    Number.MAX_SAFE_INTEGER,
  )
})

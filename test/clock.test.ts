import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { proposeAppend } from '../adapters/event-store/catalogue.ts'
import { event } from '../domain/events.ts'
import { BACK_MS_MAX, newestTime, poolClock } from '../src/clock.ts'
import { openClock } from '../src/parts/clock.ts'
import { memoryEventStore } from './support/memory-event-store.ts'

const NOON = Date.UTC(2026, 10, 25, 12)
const HOUR = 3_600_000

/** A machine's clock that is set, the pool's date by it, and how far behind it was each time when that began to stand still. */
function clockOf(newestMs: number | null) {
  const machine = { now: NOON }
  const held: number[] = []
  const nowMs = poolClock(
    () => machine.now,
    newestMs,
    (behindMs) => held.push(behindMs),
  )
  return { machine, held, nowMs }
}

test("the pool's date is the machine's, and goes back with it by less than a minute", () => {
  const { machine, held, nowMs } = clockOf(null)
  expect(nowMs()).toBe(NOON)
  machine.now -= BACK_MS_MAX
  expect(nowMs()).toBe(NOON - BACK_MS_MAX)
  expect(held).toEqual([])
})

test('a clock that is set back by an hour: the date stands still until the clock has caught up, and is told once', () => {
  const { machine, held, nowMs } = clockOf(null)
  nowMs()
  machine.now = NOON - HOUR
  expect(nowMs()).toBe(NOON - BACK_MS_MAX)
  machine.now += 60_000
  expect(nowMs()).toBe(NOON - BACK_MS_MAX)
  expect(held).toEqual([HOUR - BACK_MS_MAX])
  machine.now = NOON + 1
  expect(nowMs()).toBe(NOON + 1)
  machine.now = NOON - HOUR
  nowMs()
  expect(held).toHaveLength(2)
})

test('after a start no date is before the newest event of the log', () => {
  const { held, nowMs } = clockOf(NOON + 10_000)
  expect(nowMs()).toBe(NOON + 10_000)
  expect(held).toEqual([10_000])
})

test('however a clock is set, no date is further behind an earlier one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2 * HOUR, max: HOUR }), { maxLength: 50 }), (steps) => {
      const { machine, nowMs } = clockOf(NOON - HOUR)
      let latest = NOON - HOUR
      for (const step of steps) {
        machine.now += step
        const date = nowMs()
        expect(date).toBeGreaterThanOrEqual(latest - BACK_MS_MAX)
        expect(date).toBeGreaterThanOrEqual(machine.now)
        latest = Math.max(latest, date)
      }
    }),
  )
})

/** A log whose last event is of a time. */
async function logUpTo(at: number) {
  const store = memoryEventStore()
  const opened = event('PoolOpened', {
    v: 1,
    at: at - HOUR,
    network: 'simnet',
    mode: 'public',
    software: 'x',
  })
  const joined = event('GatewayJoined', { v: 1, at, gateway: 0, extranoncePrefix: '01', software: 'x' })
  expect(await store.append([proposeAppend('pool', -1, [opened, joined])])()).toEqual(E.right(undefined))
  return store
}

test('the time of a log is that of its last event; an empty one has none', async () => {
  expect(await newestTime(await logUpTo(NOON))).toEqual(E.right(NOON))
  expect(await newestTime(memoryEventStore())).toEqual(E.right(null))
})

test('a pool does not begin on a log that is more than a day ahead of its clock; up to then its date stands still, and it says so', async () => {
  const said: string[] = []
  const log = pino({ base: null }, { write: (line: string) => said.push(JSON.parse(line).msg) })
  const day = await logUpTo(NOON + 24 * HOUR)
  const clock = await openClock(day, log, () => NOON)
  expect(E.isRight(clock) && clock.right()).toBe(NOON + 24 * HOUR)
  expect(E.isRight(clock) && clock.right()).toBe(NOON + 24 * HOUR)
  expect(said).toEqual([
    "This machine's clock was set back: it is 86400 s behind the date that the ledger may have now. The pool's date stands still until it has caught up. Let NTP keep the clock.",
  ])
  expect(await openClock(await logUpTo(NOON + 24 * HOUR + 1), log, () => NOON)).toEqual(
    E.left({
      message:
        "The newest event of memory is of 2026-11-26T12:00:00.001Z, and this machine's clock says 2026-11-25T12:00:00.000Z: set the clock, best by NTP, and start again.",
    }),
  )
})

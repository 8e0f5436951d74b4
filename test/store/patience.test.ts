import * as E from 'fp-ts/lib/Either.js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { patient } from '../../src/store/patience.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const append = { stream: 'a', expected: -1, events: [{ id: 'i', type: 'T', data: '{}' }] }

test('a store that is away is asked again until it is back, and its reason is told once', async () => {
  const store = memoryEventStore()
  const told: string[] = []
  store.goAway()
  const asked = patient(store, (why) => told.push(why)).append([append])()
  await vi.advanceTimersByTimeAsync(30_000)
  store.comeBack()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await asked).toEqual(E.right(undefined))
  expect(told).toEqual(['the memory store was told to be away; trying again for a minute'])
})

test('for a minute, no longer', async () => {
  const store = memoryEventStore()
  store.goAway()
  const asked = patient(store, () => {}).head()()
  let answered = false
  void asked.then(() => {
    answered = true
  })
  await vi.advanceTimersByTimeAsync(59_000)
  expect(answered).toBe(false)
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await asked).toMatchObject(E.left({ kind: 'unavailable' }))
})

test('what asking again can not mend is answered at once', async () => {
  const store = memoryEventStore()
  store.failNextAppend({ kind: 'damaged', message: 'torn' })
  const told: string[] = []
  expect(await patient(store, (why) => told.push(why)).append([append])()).toMatchObject(
    E.left({ kind: 'damaged' }),
  )
  expect(told).toEqual([])
})

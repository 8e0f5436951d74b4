import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { expect, test } from 'vitest'
import { proposeAppend } from '../../adapters/event-store/catalogue.ts'
import { event } from '../../domain/events.ts'
import { simulatedStore } from '../../src/simulate/store.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'

const closed = (at: number) => event('EpochClosed', { v: 1, at, shares: 0, events: 0, difficulty: '0' })

test('what is written is in memory first, is read by its writer, and by the treasury once it is shown', async () => {
  const below = memoryEventStore()
  const { store, shown, show } = simulatedStore(below)
  const seen: number[] = []
  const following = shown
    .follow(null, 16, async (events) => void seen.push(...events.map(({ position }) => position)))
    .subscribe()
  await store.append([proposeAppend('shares-0-1', -1, [closed(1), closed(2)])])()
  expect(await below.head()()).toEqual(E.right(O.none))
  expect(await store.readAll(null, 10)()).toMatchObject({ right: [{ revision: 0 }, { revision: 1 }] })
  expect(await shown.head()()).toEqual(E.right(O.none))
  expect(seen).toEqual([])

  await show()
  await expect.poll(() => seen).toEqual([1, 2])
  await store.append([proposeAppend('shares-0-1', 1, [closed(3)])])()
  // What the treasury writes shows it what was written before.
  await shown.append([proposeAppend('settlement-0', -1, [closed(4)])])()
  expect(await shown.head()()).toEqual(E.right(O.some(4)))
  await expect.poll(() => seen).toEqual([1, 2, 3, 4])
  following.unsubscribe()
})

test('a store that fails says so at the next question', async () => {
  const below = memoryEventStore()
  const { store, show } = simulatedStore(below)
  await store.append([proposeAppend('shares-0-1', 5, [closed(1)])])()
  expect(await store.head()()).toMatchObject({ left: { kind: 'wrong-expected-revision' } })
  await store.append([proposeAppend('shares-0-1', 5, [closed(1)])])()
  await expect(show()).rejects.toThrow('shares-0-1')
})

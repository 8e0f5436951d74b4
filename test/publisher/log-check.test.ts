import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { grow, publish, sizeOf, until } from './running-publisher.ts'

/** Whether the log holds all that was signed: payouts go by it. */

/** A ledger of five entries. */
async function signedFive() {
  const directory = temporaryDirectory()
  const store = memoryEventStore()
  await grow(store, 'a', 5)
  const { publisher } = publish(store, directory)
  expect(publisher.logCheck()).toEqual({ kind: 'unchecked' })
  await publisher.checked
  expect(publisher.logCheck()).toEqual({ kind: 'fits' })
  await until(() => sizeOf(publisher) === 5)
  await publisher.stop()
  return { directory, store }
}

test('it fits: the same log, and one that has grown', async () => {
  const { directory, store } = await signedFive()
  await grow(store, 'b', 2)
  const { publisher } = publish(store, directory)
  await publisher.checked
  expect(publisher.logCheck()).toEqual({ kind: 'fits' })
})

test('it does not: an older one, and another one', async () => {
  for (const [stream, count, message] of [
    ['a', 4, /5 events are signed, and the log has 4/],
    ['b', 7, /its first 5 events have another root/],
  ] as const) {
    const { directory } = await signedFive()
    const store = memoryEventStore()
    await grow(store, stream, count)
    const { publisher } = publish(store, directory)
    await publisher.checked
    expect(publisher.logCheck()).toEqual({ kind: 'unfit', message: expect.stringMatching(message) })
    // What comes later makes it no better.
    await grow(store, 'c', 5)
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(publisher.logCheck().kind).toBe('unfit')
  }
})

test('nobody knows: the key is lost', async () => {
  const { directory, store } = await signedFive()
  rmSync(join(directory, 'ledger.key'))
  const { publisher } = publish(store, directory)
  await publisher.checked
  expect(publisher.logCheck()).toEqual({
    kind: 'unknown',
    message: expect.stringContaining('was signed before, and the key that signed it is not in'),
  })
})

test('it fits, and the publisher stops for another reason: it still fits', async () => {
  const { directory, store } = await signedFive()
  const { publisher, folder } = publish(store, directory)
  await publisher.checked
  writeFileSync(join(folder, 'checkpoint'), 'of somebody else')
  await grow(store, 'b', 1)
  await until(() => publisher.status().state === 'stopped')
  expect(publisher.logCheck()).toEqual({ kind: 'fits' })
})

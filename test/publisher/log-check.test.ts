import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { beginLedger } from '../../src/publisher/begin-ledger.ts'
import { openLedgerKeys } from '../../src/publisher/keys.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { configIn, grow, publish, right, sizeOf, until } from './running-publisher.ts'

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

test('nobody knows: the log names a ledger, and its folder is gone', async () => {
  const { directory } = await signedFive()
  rmSync(join(directory, 'ledger'), { recursive: true })
  const older = memoryEventStore()
  await grow(older, 'a', 3)
  const { publisher, folder } = publish(older, directory, { named: 'pool.example.com/ledger' })
  await publisher.checked
  expect(publisher.logCheck()).toEqual({
    kind: 'unknown',
    message:
      `The log names the ledger "pool.example.com/ledger", which was signed before, and ${folder} has no checkpoint: nobody can say whether this log ` +
      'holds all that was signed, and so all that was paid. Put the folder back, or fetch the ledger from a copy of it: move the log away, and ' +
      '"lodebook restore <backup> --ledger <URL of the copy>". Where no copy is left and this log is the newest one that there is, "lodebook ' +
      'begin-ledger" makes the ledger anew from it.',
  })
  await grow(older, 'other', 3)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(existsSync(join(folder, 'checkpoint'))).toBe(false)
})

test('a ledger that was begun and has no entries yet: it fits, whatever its log holds', async () => {
  const directory = temporaryDirectory()
  const folder = join(directory, 'ledger')
  const keys = right(openLedgerKeys(configIn(directory), folder, null))
  const begun = right(await beginLedger(keys, folder))
  expect(right(openLedgerKeys(configIn(directory), folder, keys.origin)).signed).toEqual(begun.signed)
  const store = memoryEventStore()
  const { publisher } = publish(store, directory, { named: keys.origin })
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(publisher.status()).toMatchObject({ state: 'checking', checkpoint: null })
  await grow(store, 'a', 5)
  await until(() => sizeOf(publisher) === 5)
  expect(publisher.logCheck()).toEqual({ kind: 'fits' })
})

test('what is signed is told by its place in the log, and whoever waits for it hears', async () => {
  const directory = temporaryDirectory()
  const store = memoryEventStore()
  await grow(store, 'a', 3)
  const { publisher, folder } = publish(store, directory)
  const headOf = async () => right(await store.readAll(null, 100)()).at(-1)?.position ?? 0
  const three = await headOf()
  const signed = publisher.untilSigned(three)
  expect(signed).not.toBeNull()
  await signed
  expect(sizeOf(publisher)).toBe(3)
  expect(publisher.untilSigned(three)).toBeNull()

  // As long as it can't be written nothing of it is signed.
  let isDone = false
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'no folder')
  await grow(store, 'b', 2)
  void publisher.untilSigned(await headOf())?.then(() => {
    isDone = true
  })
  await until(() => publisher.status().message !== '')
  expect(isDone).toBe(false)
  await publisher.stop()

  // After a restart on a log that has not grown, too.
  rmSync(folder)
  const over = await signedFive()
  const again = publish(over.store, over.directory)
  await again.publisher.checked
  const five = right(await over.store.readAll(null, 100)()).at(-1)?.position ?? 0
  await again.publisher.untilSigned(five)
  expect(again.publisher.untilSigned(five)).toBeNull()
})

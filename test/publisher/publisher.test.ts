import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventStore } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { openCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { parseVerifierKey, signingKeyText, verifierKeyText } from '../../domain/transparency/key.ts'
import { writeKeyFile } from '../../src/publisher/key-file.ts'
import { openLedgerKeys } from '../../src/publisher/keys.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { startConformanceServer } from '../support/eventstoredb/server.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import {
  checkedEntries,
  configIn,
  grow,
  type Over,
  publish,
  right,
  sizeOf,
  until,
} from './running-publisher.ts'
import { exampleKey } from './small-log.ts'

const stores = {
  memory: async () => memoryEventStore(),
  SQLite: async (directory: string) =>
    right(await openSqliteEventStore({ file: join(directory, 'lodebook.db') })()),
  EventStoreDB: async () => {
    const server = await startConformanceServer()
    onTestFinished(() => server.kill())
    return right(await openEventStore(server.url)())
  },
}

test.each(Object.entries(stores))(
  'it publishes a log of %s, and goes on after a restart',
  async (_, open) => {
    const directory = temporaryDirectory()
    const store = await open(directory)
    onTestFinished(() => store.close())
    await grow(store, 'a', 300)
    const first = publish(store, directory)
    await until(() => sizeOf(first.publisher) === 300)
    expect(first.publisher.status()).toMatchObject({ state: 'publishing', message: '' })
    await grow(store, 'b', 5)
    await until(() => sizeOf(first.publisher) === 305)
    await grow(store, 'c', 7)
    await first.publisher.stop()
    expect(sizeOf(first.publisher)).toBe(312)
    expect(await checkedEntries(first.publisher, first.folder)).toBe(312)

    const second = publish(store, directory)
    expect(second.publisher.status()).toMatchObject({ state: 'checking', checkpoint: { size: 312 } })
    expect(second.publisher.status().keys).toEqual(first.publisher.status().keys)
    await until(() => second.publisher.status().state === 'publishing')
    await grow(store, 'd', 400)
    await until(() => sizeOf(second.publisher) === 712)
    expect(await checkedEntries(second.publisher, second.folder)).toBe(712)
  },
)

test('a block is signed at once, everything else in time', async () => {
  const store = memoryEventStore()
  const directory = temporaryDirectory()
  const { publisher } = publish(store, directory, { config: { checkpointMsMax: 20_000 } })
  await grow(store, 'a', 3)
  await sleep(300)
  expect(sizeOf(publisher)).toBeNull()
  await grow(store, 'block-1', 1, 'BlockFound')
  const begun = performance.now()
  await until(() => sizeOf(publisher) === 4)
  expect(performance.now() - begun).toBeLessThan(5_000)
})

test('a disk that fails stops nothing for good: it says so, and goes on when it can', async () => {
  const directory = temporaryDirectory()
  const obstacle = join(directory, 'ledger', 'tile')
  mkdirSync(join(directory, 'ledger'))
  writeFileSync(obstacle, 'no folder')
  const store = memoryEventStore()
  await grow(store, 'a', 300)
  const { publisher, folder, said } = publish(store, directory)
  await until(() => publisher.status().message !== '')
  expect(publisher.status()).toMatchObject({
    state: 'publishing',
    message: expect.stringMatching(
      /^.*can't be written \(.*\)\. Look at the disk: its space and its rights\.$/,
    ),
    checkpoint: null,
  })
  rmSync(obstacle)
  await until(() => sizeOf(publisher) === 300)
  expect(publisher.status()).toMatchObject({ state: 'publishing', message: '' })
  expect(said).toContain('the public ledger is written again')
  expect(await checkedEntries(publisher, folder)).toBe(300)
})

describe('it stops, says why, and signs nothing more', () => {
  /** A ledger of 10 events that was published and stopped. */
  async function published() {
    const directory = temporaryDirectory()
    const store = memoryEventStore()
    await grow(store, 'a', 10)
    const { publisher, folder } = publish(store, directory)
    await until(() => sizeOf(publisher) === 10)
    await publisher.stop()
    const note = () => readFileSync(join(folder, 'checkpoint'), 'utf8')
    return { directory, store, note, before: note(), key: publisher.status().keys[0] ?? '' }
  }

  async function stopsWith(store: EventStore, directory: string, message: RegExp, over: Over = {}) {
    const { publisher, said } = publish(store, directory, over)
    await until(() => publisher.status().state === 'stopped', 'the stop')
    expect(publisher.status().message).toMatch(message)
    expect(said.at(-1)).toContain(publisher.status().message)
    await grow(store, 'later', 3)
    await sleep(200)
  }

  test('when the log is an older one', async () => {
    const { directory, note, before } = await published()
    const older = memoryEventStore()
    await grow(older, 'a', 9)
    await stopsWith(
      older,
      directory,
      /^The log does not fit the ledger: 10 events are signed, and the log has 9\. /,
    )
    expect(note()).toBe(before)
  })

  test('when the log is another one', async () => {
    const { directory, note, before } = await published()
    const other = memoryEventStore()
    await grow(other, 'b', 12)
    await stopsWith(
      other,
      directory,
      /^The log does not fit the ledger: its first 10 events have another root/,
    )
    expect(note()).toBe(before)
  })

  test('when its key is lost', async () => {
    const { directory, store, note, before } = await published()
    rmSync(join(directory, 'ledger.key'))
    await stopsWith(
      store,
      directory,
      /ledger was signed before, and the key that signed it is not in .*ledger\.key: /,
    )
    expect(note()).toBe(before)
  })

  test('when its key is another one', async () => {
    const { directory, store, note, before, key } = await published()
    const keyFile = join(directory, 'other.key')
    right(writeKeyFile(keyFile, exampleKey(key.split('+')[0] ?? '')))
    await stopsWith(store, directory, /was last signed by another key than that of the configuration\. /, {
      config: { keyFile },
    })
    expect(note()).toBe(before)
  })

  test('when the folder is the ledger of another name', async () => {
    const { directory, store, note, before } = await published()
    const keyFile = join(directory, 'other.key')
    right(writeKeyFile(keyFile, exampleKey('other.example.com')))
    await stopsWith(store, directory, /signed by another key|is another ledger than "other\.example\.com"/, {
      config: { keyFile },
    })
    expect(note()).toBe(before)
  })

  test('when key and configuration name another ledger', async () => {
    const directory = temporaryDirectory()
    const keyFile = join(directory, 'some.key')
    right(writeKeyFile(keyFile, exampleKey('some.example.com')))
    await stopsWith(
      memoryEventStore(),
      directory,
      /^The names of ledger\.origin and of the signing keys must be the same, and they are "other\.example\.com" and "some\.example\.com": /,
      { config: { keyFile, origin: 'other.example.com' } },
    )
  })

  test('when the key is a witness’s, or no key, or can’t be that of a ledger', async () => {
    const directory = temporaryDirectory()
    const keyFile = join(directory, 'some.key')
    right(writeKeyFile(keyFile, exampleKey('w.example.com', 'cosignature')))
    await stopsWith(memoryEventStore(), directory, /^The key of "w\.example\.com" is a witness's\. /, {
      config: { keyFile },
    })
    await stopsWith(memoryEventStore(), directory, /^ledger\.key: This is no signing key\. /, {
      config: { key: 'secret' },
    })
    const odd = join(directory, 'odd.key')
    right(writeKeyFile(odd, exampleKey('bergwerk-ä')))
    await stopsWith(memoryEventStore(), directory, /^The name of the signing key, "bergwerk-ä", can't be/, {
      config: { keyFile: odd },
    })
  })
})

describe('the key', () => {
  test('is made at the first start, for its owner alone, with the name of the configuration', async () => {
    const directory = temporaryDirectory()
    const keys = right(
      openLedgerKeys(configIn(directory, { origin: 'p.example.com/l' }), join(directory, 'l'), null),
    )
    expect(keys).toMatchObject({
      origin: 'p.example.com/l',
      made: join(directory, 'ledger.key'),
      signed: null,
    })
    const again = right(openLedgerKeys(configIn(directory), join(directory, 'l'), null))
    expect(again).toMatchObject({ origin: 'p.example.com/l', made: null })
    expect(again.signing.map(signingKeyText)).toEqual(keys.signing.map(signingKeyText))
    expect(statSync(join(directory, 'ledger.key')).mode & 0o777).toBe(0o600)
  })

  test('without a name gets one of its own', () => {
    const names = [1, 2].map(() => {
      const directory = temporaryDirectory()
      return right(openLedgerKeys(configIn(directory), directory, null)).origin
    })
    for (const name of names) expect(name).toMatch(/^lodebook\.invalid\/[0-9a-f]{16}$/)
    expect(names[0]).not.toBe(names[1])
  })

  test('is changed with both signing, and readers of either go on', async () => {
    const directory = temporaryDirectory()
    const store = memoryEventStore()
    await grow(store, 'a', 3)
    const first = publish(store, directory)
    await until(() => sizeOf(first.publisher) === 3)
    await first.publisher.stop()
    const origin = first.publisher.status().origin ?? ''
    const newKey = exampleKey(origin)
    const keyFile = join(directory, 'new.key')
    right(writeKeyFile(keyFile, newKey))
    const both = { keyFile, previousKeyFile: join(directory, 'ledger.key') }
    const second = publish(store, directory, { config: both })
    await grow(store, 'b', 3)
    await until(() => sizeOf(second.publisher) === 6)
    await second.publisher.stop()
    expect(second.publisher.status().keys).toEqual([
      verifierKeyText(newKey.verifier),
      ...first.publisher.status().keys,
    ])
    const note = readFileSync(join(directory, 'ledger', 'checkpoint'), 'utf8')
    for (const text of second.publisher.status().keys) {
      const key = right(parseVerifierKey(text))
      expect(right(openCheckpoint(note, { origin, keys: [key], witnesses: [] })).size).toBe(6)
    }
    const third = publish(store, directory, { config: { keyFile } })
    await grow(store, 'c', 3)
    await until(() => sizeOf(third.publisher) === 9)
    expect(third.publisher.status().keys).toEqual([verifierKeyText(newKey.verifier)])
  })

  test('of before that is not there is told', () => {
    const directory = temporaryDirectory()
    const config = configIn(directory, { previousKeyFile: join(directory, 'gone.key') })
    expect(openLedgerKeys(config, directory, null)).toEqual(
      E.left(
        `${join(directory, 'gone.key')} is not there: correct ledger.previous_key_file, or leave it out when no key changes.`,
      ),
    )
  })
})

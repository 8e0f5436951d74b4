import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { proposeAppend } from '../../adapters/event-store/catalogue.ts'
import type { EventStore } from '../../adapters/event-store/port.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { event, type PoolEvent } from '../../domain/events.ts'
import { type SigningKey, signingKeyText, verifierKeyText } from '../../domain/transparency/key.ts'
import { continueFrom } from '../../src/backup/continue.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { lodebook } from '../cli/child.ts'
import { right } from '../publisher/running-publisher.ts'
import { exampleKey } from '../publisher/small-log.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { temporaryDirectory } from '../support/running-pool.ts'

/** A backup that is older than the key, or the name, of the ledger that it is continued from. */

const ORIGIN = 'pool.example.com/ledger'
const OLD = exampleKey(ORIGIN, 'note', 1)
const NEW = exampleKey(ORIGIN, 'note', 2)
const RENAMED = exampleKey('pool.example.org/books', 'note', 3)
const at = Date.UTC(2026, 10, 20)

const opened = event('PoolOpened', { v: 1, at, network: 'simnet', mode: 'public', software: 'x' })
const adopted = ({ verifier }: SigningKey): PoolEvent =>
  event('LedgerKeyAdopted', { v: 1, at, origin: verifier.name, key: verifierKeyText(verifier) })
const joined = (gateway: number): PoolEvent =>
  event('GatewayJoined', { v: 1, at, gateway, extranoncePrefix: '01', software: 'x' })

const append = async (store: EventStore, events: readonly PoolEvent[]): Promise<void> => {
  right(await store.append([proposeAppend('pool', -1, events)])())
}

const storeOf = async (events: readonly PoolEvent[]): Promise<EventStore> => {
  const store = memoryEventStore()
  await append(store, events)
  return store
}

/** The folder of a ledger of these events. */
async function ledgerOf(events: readonly PoolEvent[], key: SigningKey, directory = temporaryDirectory()) {
  const all = right(await (await storeOf(events)).readAll(null, 100)())
  async function* batches() {
    yield all
  }
  right(await publishAll(batches(), directory, key)())
  return directory
}

const BACKUP = [opened, adopted(OLD), joined(0)]

describe('a backup is continued', () => {
  test.each([
    ['of another key', NEW],
    ['of another name', RENAMED],
  ])("from a ledger that is %s by now, with the operator's key", async (_, key) => {
    const whole = [...BACKUP, adopted(key), joined(1)]
    const ledger = ledgerFolder(await ledgerOf(whole, key))
    const continued = await continueFrom(ledger, await storeOf(BACKUP), BACKUP.length, [key.verifier])
    expect(continued).toMatchObject(E.right({ added: 2 }))
  })

  test('without the key not at all, and it says what to do', async () => {
    const directory = await ledgerOf([...BACKUP, adopted(NEW), joined(1)], NEW)
    const advice =
      "it is another pool's, or its key or name was changed after the backup. If it is yours, put the key that signs it now where ledger.key_file says, and restore again"
    const store = await storeOf(BACKUP)
    expect(await continueFrom(ledgerFolder(directory), store, BACKUP.length, [])).toEqual(
      E.left(
        `${directory} is signed by no key that the backup names, nor by one of the configuration, which has none: ${advice}`,
      ),
    )
    expect(await continueFrom(ledgerFolder(directory), store, BACKUP.length, [OLD.verifier])).toEqual(
      E.left(
        `${directory} is signed by no key that the backup names, nor by that of the configuration: ${advice}`,
      ),
    )
  })

  test('never from another history, whoever signed it', async () => {
    const directory = await ledgerOf([opened, adopted(OLD), joined(1), joined(2)], NEW)
    const continued = await continueFrom(ledgerFolder(directory), await storeOf(BACKUP), BACKUP.length, [
      NEW.verifier,
    ])
    expect(continued).toEqual(E.left(expect.stringContaining('are not of one history')))
  })
})

test('"lodebook restore" takes the key of the configuration', async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'backup.db')
  const store = right(await openEventStore(`sqlite:${file}`)())
  await append(store, BACKUP)
  await store.close()
  const data = join(directory, 'data')
  mkdirSync(data)
  await ledgerOf([...BACKUP, adopted(NEW), joined(1)], NEW, join(data, 'ledger'))
  const words = ['restore', file, '--pool.data_directory', data]
  const refused = await lodebook(words, { directory })
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toContain('put the key that signs it now where ledger.key_file says')
  writeFileSync(join(data, 'ledger.key'), `${signingKeyText(NEW)}\n`, { mode: 0o600 })
  const restored = await lodebook(words, { directory })
  expect(restored).toMatchObject({ code: 0, stderr: '' })
  expect(restored.stdout).toContain('This is all that was ever signed, 5 entries.')
})

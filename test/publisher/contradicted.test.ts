import { cpSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { verifierKeyText } from '../../domain/transparency/key.ts'
import { openWitnessRecords } from '../../src/cli/witness/records.ts'
import { serveWitness } from '../../src/cli/witness/server.ts'
import type { WitnessConfig } from '../../src/config/config.ts'
import { openLedgerKeys } from '../../src/publisher/keys.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { configIn, grow, publish, right, sizeOf, until } from './running-publisher.ts'
import { exampleKey } from './small-log.ts'

/** What a witness has seen and the log does not have: nothing is signed any more, and nobody is paid. */

const WITNESS_KEY = exampleKey('w.example', 'cosignature')
const witnessAt = (port: number): readonly WitnessConfig[] => [
  { key: verifierKeyText(WITNESS_KEY.verifier), url: `http://127.0.0.1:${port}` },
]

/** A witness that answers everything alike. */
async function witnessThatSays(status: number, body: string, afterMs = 0) {
  const server = createServer(async (_, response) => {
    await sleep(afterMs)
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return witnessAt(port)
}

/** A log of so many events, and then of others where it went another way. */
async function logOf(common: number, other = 0) {
  const store = memoryEventStore()
  await grow(store, 'a', common)
  if (other > 0) await grow(store, 'other', other)
  return store
}

const noteOf = (folder: string): string => readFileSync(join(folder, 'checkpoint'), 'utf8')

/** A ledger of 15 entries that a real witness has signed, and copies of its directory: of the key alone, and as it was at ten entries. */
async function witnessedLedger() {
  const directory = temporaryDirectory()
  const keys = right(openLedgerKeys(configIn(directory), join(directory, 'ledger'), null))
  const keyAlone = temporaryDirectory()
  cpSync(directory, keyAlone, { recursive: true })
  const records = right(openWitnessRecords(temporaryDirectory()))
  const logs = new Map([[keys.origin, keys.signing.map(({ verifier }) => verifier)]])
  const parts = { key: WITNESS_KEY, logs, records, nowMs: Date.now }
  const server = right(await serveWitness(parts, '127.0.0.1', 0, (error) => expect(error).toBeUndefined()))
  onTestFinished(async () => {
    await server.stop()
    records.close()
  })
  const witnesses = witnessAt(server.port)
  const seen = (publisher: ReturnType<typeof publish>['publisher']) => publisher.status().witnesses[0]?.size
  const store = await logOf(10)
  const first = publish(store, directory, { witnesses })
  await until(() => seen(first.publisher) === 10)
  await first.publisher.stop()
  const atTen = temporaryDirectory()
  cpSync(directory, atTen, { recursive: true })
  const second = publish(store, directory, { witnesses })
  await grow(store, 'b', 5)
  await until(() => seen(second.publisher) === 15)
  await second.publisher.stop()
  return { witnesses, keyAlone, atTen }
}

test('log and ledger were put back together: nothing is signed, unless the witness is taken out', async () => {
  const { witnesses, atTen } = await witnessedLedger()
  const before = noteOf(join(atTen, 'ledger'))
  const store = await logOf(10, 3)
  const { publisher, folder, said } = publish(store, atTen, { witnesses })
  await publisher.checked
  const message =
    'Witness w.example contradicts this ledger. It has signed 15 entries of this ledger, and there are only 10: the log and the ledger were put back ' +
    'to an older state, or somebody else signs with this key. Put the newest copy back before anything else is signed. Where it is the witness that ' +
    'is wrong, take it out of [[witnesses]] and restart.'
  expect(publisher.logCheck()).toEqual({ kind: 'unfit', message })
  expect(publisher.status()).toMatchObject({ state: 'stopped', message, checkpoint: { size: 10 } })
  expect(said).toContain(
    `The public ledger has stopped, nothing is signed any more; mining goes on. ${message}`,
  )
  await grow(store, 'c', 8)
  await sleep(300)
  expect(noteOf(folder)).toBe(before)
  expect(publisher.logCheck().kind).toBe('unfit')
  await publisher.stop()

  const without = publish(store, atTen)
  await until(() => sizeOf(without.publisher) === 21)
  expect(without.publisher.logCheck()).toEqual({ kind: 'fits' })
})

test('a log that went another way is found out with the first checkpoint, however long it is by then', async () => {
  for (const other of [5, 10]) {
    const { witnesses, keyAlone } = await witnessedLedger()
    const { publisher } = publish(await logOf(10, other), keyAlone, { witnesses })
    await publisher.checked
    expect(publisher.logCheck()).toEqual({
      kind: 'unfit',
      message: expect.stringContaining('It has signed other 15 entries of this ledger than these: '),
    })
  }
})

test('a witness of another program answers another root at the same size with 409', async () => {
  const witnesses = await witnessThatSays(409, '5\n')
  const { publisher } = publish(await logOf(5), temporaryDirectory(), { witnesses })
  await publisher.checked
  expect(publisher.logCheck()).toMatchObject({
    kind: 'unfit',
    message: expect.stringMatching(/other 5 entries/),
  })
})

test('a ledger that begins, and a witness that knows more of it: the first checkpoint is the last', async () => {
  const witnesses = await witnessThatSays(409, '9000\n')
  const store = await logOf(5)
  const { publisher } = publish(store, temporaryDirectory(), { witnesses })
  await publisher.checked
  expect(publisher.logCheck()).toMatchObject({ kind: 'unfit' })
  await grow(store, 'b', 2)
  await sleep(300)
  expect(publisher.status()).toMatchObject({ state: 'stopped', checkpoint: { size: 5 } })
})

test('payouts wait for what the witness says first, and so does signing when something was signed before; not for its signature', async () => {
  const directory = temporaryDirectory()
  const store = await logOf(5)
  const slow = await witnessThatSays(503, 'later\n', 500)
  const first = publish(store, directory, { witnesses: slow })
  await until(() => sizeOf(first.publisher) === 5)
  expect(first.publisher.logCheck()).toEqual({ kind: 'unchecked' })
  await until(() => first.refused.length === 1)
  await first.publisher.checked
  expect(first.publisher.logCheck()).toEqual({ kind: 'fits' })
  await first.publisher.stop()

  await grow(store, 'b', 2)
  const again = publish(store, directory, { witnesses: slow })
  await sleep(300)
  expect(again.publisher.status()).toMatchObject({ state: 'checking', checkpoint: { size: 5 } })
  await again.publisher.checked
  await until(() => sizeOf(again.publisher) === 7)
})

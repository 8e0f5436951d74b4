import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { expect, onTestFinished, test } from 'vitest'
import { openCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { parseVerifierKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { openLedgerKeys } from '../../src/publisher/keys.ts'
import { lodebook, start } from '../cli/child.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { configIn, grow, publish, right, sizeOf, until } from './running-publisher.ts'
import { exampleKey } from './small-log.ts'

/** A directory with the key of a ledger in it, and its verifier key. */
function withLedgerKey() {
  const directory = temporaryDirectory()
  const keys = right(openLedgerKeys(configIn(directory), join(directory, 'ledger'), null))
  return { directory, ledgerKey: verifierKeyText(keys.signing[0].verifier) }
}

/** `lodebook witness` in a process of its own. */
async function startWitness(directory: string, log: string, listen = '127.0.0.1:0') {
  const child = start(
    ['witness', '--key', 'witness.key', '--state', 'state', '--log', log, '--listen', listen, '--json'],
    { directory },
  )
  onTestFinished(() => void child.process.kill('SIGKILL'))
  const ready: { url: string; verifierKey: string } = JSON.parse(await child.says(/"url"/))
  return { ...ready, child }
}

test('a real witness signs over HTTP, over restarts of either side', async () => {
  const { directory, ledgerKey } = withLedgerKey()
  const made = await lodebook(['keygen', '--witness', '--name', 'w.example.com', 'witness.key'], {
    directory,
  })
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const first = await startWitness(directory, ledgerKey)
  expect(`${first.verifierKey}\n`).toBe(made.stdout)
  const witnesses = [{ key: first.verifierKey, url: first.url }]
  const store = memoryEventStore()
  await grow(store, 'a', 300)
  const one = publish(store, directory, { witnesses })
  const signed = (publisher: typeof one.publisher) => publisher.status().witnesses[0]?.size ?? 0
  await until(() => signed(one.publisher) === 300)

  // The checkpoint that is published has it.
  const attached = () =>
    openCheckpoint(readFileSync(join(one.folder, 'checkpoint'), 'utf8'), {
      origin: one.publisher.status().origin ?? '',
      keys: [right(parseVerifierKey(ledgerKey))],
      witnesses: [right(parseVerifierKey(first.verifierKey))],
    })
  await until(() => right(attached()).cosignedBy.length === 1)
  expect(one.publisher.status().witnesses).toEqual([
    { name: 'w.example.com', size: 300, time: expect.any(Number), message: '' },
  ])

  // And is not shown it again.
  const note = () => readFileSync(join(one.folder, 'checkpoint'), 'utf8')
  const before = note()
  await sleep(1_500)
  expect(note()).toBe(before)

  // The witness restarts at the same place, and remembers.
  first.child.process.kill('SIGKILL')
  await first.child.finished
  await startWitness(directory, ledgerKey, new URL(first.url).host)
  await grow(store, 'b', 300)
  await until(() => signed(one.publisher) === 600)
  await one.publisher.stop()

  // The pool restarts, and learns from the witness what it has signed: 409.
  const two = publish(store, directory, { witnesses })
  await grow(store, 'c', 5)
  await until(() => signed(two.publisher) === 605)
  expect(two.refused).toEqual([])
  await two.publisher.stop()

  // An older log of the same name and key is not signed again, and the pool is told.
  const elsewhere = withLedgerKey()
  const older = memoryEventStore()
  await grow(older, 'a', 300)
  const three = publish(older, elsewhere.directory, {
    witnesses,
    config: { keyFile: join(directory, 'ledger.key') },
  })
  await until(() => three.refused.length > 0)
  expect(three.publisher.status().witnesses[0]?.message).toMatch(
    /^It has signed 605 entries of this ledger, and there are only \d+: /,
  )
})

test('a witness that is dead, slow or wrong holds nothing up, and says why it does not sign', async () => {
  const slow = createServer(() => undefined)
  const wrong = createServer((_, response) => response.end('<html>Welcome</html>'))
  const angry = createServer((_, response) => response.writeHead(404).end('unknown log\n'))
  const urls: string[] = []
  for (const server of [slow, wrong, angry]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address() as AddressInfo
    urls.push(`http://127.0.0.1:${address.port}`)
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
  }
  const key = (name: string) => verifierKeyText(exampleKey(name, 'cosignature').verifier)
  const { directory } = withLedgerKey()
  const store = memoryEventStore()
  const { publisher, refused, said } = publish(store, directory, {
    witnesses: [
      { key: key('slow'), url: urls[0] ?? '' },
      { key: key('wrong'), url: urls[1] ?? '' },
      { key: key('angry'), url: `${urls[2]}/prefix/` },
      { key: key('dead'), url: 'http://127.0.0.1:9' },
      { key: verifierKeyText(exampleKey('log').verifier), url: urls[0] ?? '' },
    ],
  })
  await grow(store, 'a', 10)
  const begun = performance.now()
  await until(() => sizeOf(publisher) === 10)
  expect(performance.now() - begun).toBeLessThan(5_000)
  await until(() => new Set(refused).size === 4)
  expect(publisher.status().witnesses.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    'slow: ',
    'wrong: It signed with another key than that of the configuration.',
    'angry: It answered 404: unknown log',
    "dead: It can't be reached at http://127.0.0.1:9: bad port.",
    'log: The key of the configuration is a log’s, not a witness’s. Ask its operator for the key of its cosignatures.',
  ])
  expect(said).toContain('Witness angry did not sign the ledger: It answered 404: unknown log')
  await grow(store, 'b', 1)
  await until(() => sizeOf(publisher) === 11)
  expect(E.isRight(openLedgerKeys(configIn(directory), join(directory, 'ledger'), null))).toBe(true)
})

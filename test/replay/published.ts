import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { SigningKey } from '../../domain/transparency/key.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { right } from './histories.ts'

/** Signs a ledger of events in a folder of a directory. */
export async function publish(
  directory: string,
  name: string,
  events: readonly RecordedEvent[],
  key: SigningKey,
): Promise<string> {
  const folder = join(directory, name)
  async function* batches() {
    yield events
  }
  right(await publishAll(batches(), folder, key)())
  return folder
}

/** Writes events into a new store of a directory. */
export async function storeOf(
  directory: string,
  name: string,
  events: readonly RecordedEvent[],
): Promise<string> {
  const url = `sqlite:${join(directory, name)}`
  const store = right(await openEventStore(url)())
  for (let from = 0; from < events.length; from += 100)
    right(
      await store.append(
        events.slice(from, from + 100).map(({ stream, revision, id, type, data }) => ({
          ...{ stream, expected: revision - 1, events: [{ id, type, data }] },
        })),
      )(),
    )
  await store.close()
  return url
}

/** A server that answers every question with a web page. */
export async function webPages(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><title>Pool</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address() as AddressInfo
  return `http://127.0.0.1:${address.port}`
}

import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { onTestFinished } from 'vitest'
import { openEventStoreDb } from '../../../../adapters/event-store/eventstoredb/open.ts'
import {
  type EventStore,
  NO_STREAM,
  type StoreError,
  type StreamAppend,
} from '../../../../adapters/event-store/port.ts'
import { eventId } from '../../../../domain/event-id.ts'
import {
  type ConformanceServer,
  type ServerOptions,
  startConformanceServer,
} from '../../../support/eventstoredb/server.ts'

/** A server of the running test alone. */
export async function runningServer(options: ServerOptions = {}): Promise<ConformanceServer> {
  const server = await startConformanceServer(options)
  onTestFinished(() => server.kill())
  return server
}

/** A store of the running test alone. An answer is waited for a second. */
export async function openedStore(url: string): Promise<EventStore> {
  const store = await openEventStoreDb(withKeys(url, 'defaultDeadline=1000'))()
  if (E.isLeft(store)) throw new Error(`${store.left.kind}: ${store.left.message}`)
  onTestFinished(() => store.right.close())
  return store.right
}

/** Why a store does not open. */
export async function openError(url: string): Promise<StoreError> {
  const store = await openEventStoreDb(withKeys(url, 'defaultDeadline=1000'))()
  if (E.isLeft(store)) return store.left
  await store.right.close()
  throw new Error('it opened')
}

/** A connection string with more keys. */
export const withKeys = (url: string, keys: string): string => `${url}${url.includes('?') ? '&' : '?'}${keys}`

/** The append of one event for each text. */
export const to = (stream: string, expected: number, ...texts: readonly string[]): StreamAppend => ({
  stream,
  expected,
  events: texts.map((text, i) => ({
    id: eventId(stream, expected + 1 + i, 'T', JSON.stringify(text)),
    type: 'T',
    data: JSON.stringify(text),
  })),
})

/** Appends, and again while the store is unavailable, as the journal does. Gives the sentences of the failures. */
export async function appendUntilDone(
  store: EventStore,
  ...appends: readonly StreamAppend[]
): Promise<string[]> {
  const sentences: string[] = []
  for (let attempt = 0; attempt < 100; attempt++) {
    const result = await store.append(appends)()
    if (E.isRight(result)) return sentences
    if (result.left.kind !== 'unavailable') throw new Error(`${result.left.kind}: ${result.left.message}`)
    sentences.push(result.left.message)
    await sleep(20)
  }
  throw new Error(`never done: ${sentences.join('\n')}`)
}

/** The stream's events as texts. */
export async function textsOf(store: EventStore, stream: string): Promise<readonly string[]> {
  const read = await store.readStream(stream, { from: 'start', direction: 'forwards', limit: 10_000 })()
  if (E.isLeft(read)) throw new Error(`${read.left.kind}: ${read.left.message}`)
  return read.right.map(({ data }) => JSON.parse(data))
}

export { NO_STREAM }

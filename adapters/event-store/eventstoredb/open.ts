import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventStore, StoreError } from '../port.ts'
import { type ClientFactory, clientFactory } from './client.ts'
import { parseConnectionString } from './connection-string.ts'
import { NoAnswer, storeError } from './errors.ts'
import { eventStoreDb } from './store.ts'

/** The first server with ids of its own features and appends over one stream. */
const VERSION_MIN = [21, 10] as const
/** As long as the client looks for a leader by default, ten times at each of three nodes, is too long for a person who waits. */
const ANSWER_MS_MAX = 15_000

/**
 * Opens the event store on an EventStoreDB 21.10 or newer, or a KurrentDB, and asks it once, so that what is wrong with address,
 * certificate, user or version is said now. `url` is a connection string.
 *
 * Errors: `unavailable` when the server can't be reached or does not let us in, `damaged` when the history in it is not whole.
 */
export const openEventStoreDb =
  (url: string): TaskEither<StoreError, EventStore> =>
  async () => {
    const to = parseConnectionString(url)
    if (E.isLeft(to)) return E.left({ kind: 'unavailable', message: `store.url: ${to.left}` })
    const newClient = clientFactory(to.right)
    if (E.isLeft(newClient)) return newClient
    const { name, streamPrefix } = to.right
    const version = await askVersion(name, newClient.right)
    if (E.isLeft(version)) return version
    const store = eventStoreDb({ name, prefix: `${streamPrefix}:`, newClient: newClient.right })
    const first = await store.readStream('pool', { from: 'start', direction: 'forwards', limit: 1 })()
    if (E.isRight(first)) return E.right(store)
    await store.close()
    return first
  }

async function askVersion(store: string, newClient: ClientFactory): Promise<E.Either<StoreError, void>> {
  const client = newClient()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new NoAnswer()), ANSWER_MS_MAX)
  try {
    const version = await Promise.race([client.serverVersion(), late])
    return isTooOld(version) ? E.left(tooOld(store, version)) : E.right(undefined)
  } catch (thrown) {
    return E.left(storeError(thrown, store, null))
  } finally {
    clearTimeout(timer)
    await client.end()
  }
}

/** A server that can't say its version is older than any that can. */
function isTooOld(version: string): boolean {
  const match = /^(\d+)\.(\d+)/.exec(version)
  if (match === null) return true
  const [major, minor] = [Number(match[1]), Number(match[2])]
  return major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])
}

const tooOld = (store: string, version: string): StoreError => ({
  kind: 'unavailable',
  message: `${store} is EventStoreDB ${/^\d/.test(version) ? version : 'of before 21.10'}: upgrade it to ${VERSION_MIN.join('.')} or newer`,
})

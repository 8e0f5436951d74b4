import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventStore, StoreError } from '../port.ts'
import { type Server, serverAt } from './client.ts'
import { parseConnectionString } from './connection-string.ts'
import { NoAnswer, storeError } from './errors.ts'
import { eventStoreDb } from './store.ts'

/**
 * Opens the event store on an EventStoreDB 20.10 or newer, or a KurrentDB, and asks it once, so that what is wrong with address,
 * certificate, user or version is said now. `url` is a connection string.
 *
 * Errors: `unavailable` when the server can't be reached or does not let us in.
 */
export const openEventStoreDb =
  (url: string): TaskEither<StoreError, EventStore> =>
  async () => {
    const to = parseConnectionString(url)
    if (E.isLeft(to)) return E.left({ kind: 'unavailable', message: `store.url: ${to.left}` })
    const server = serverAt(to.right)
    if (E.isLeft(server)) return server
    const version = await askVersion(server.right)
    if (E.isLeft(version)) return version
    const store = eventStoreDb(server.right)
    const first = await store.readStream('pool', { from: 'start', direction: 'forwards', limit: 1 })()
    // A damaged history opens all the same: whoever reads it is told, and what is left can be verified and copied.
    if (E.isRight(first) || first.left.kind === 'damaged') return E.right(store)
    await store.close()
    return first
  }

async function askVersion({ name, newClient, answerMsMax }: Server): Promise<E.Either<StoreError, void>> {
  const client = newClient()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new NoAnswer()), answerMsMax)
  try {
    const version = await Promise.race([client.serverVersion(), late])
    return version === UNKNOWN_VERSION ? E.left(tooOld(name)) : E.right(undefined)
  } catch (thrown) {
    return E.left(storeError(thrown, name, null))
  } finally {
    clearTimeout(timer)
    await client.end()
  }
}

/** Servers say it since 20.10; the client's word for one that does not. */
const UNKNOWN_VERSION = 'unknown'

const tooOld = (store: string): StoreError => ({
  kind: 'unavailable',
  message: `${store} is an EventStoreDB of before 20.10, which is not supported: upgrade it`,
})

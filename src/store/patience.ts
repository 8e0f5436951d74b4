import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventReader, EventStore, StoreError } from '../../adapters/event-store/port.ts'

/** A cluster has a new leader, and a server is back from a restart, in less. */
const AWAY_MS_MAX = 60_000
const AGAIN_MS = 1_000

/** The same store, asked again for a minute while it is away. `trouble` hears of it, once each time. */
export const patient = (store: EventStore, trouble: (why: string) => void): EventStore => ({
  ...store,
  ...patientReader(store, trouble),
  append: (appends) => patiently(store.append(appends), trouble),
})

/** The same for a store that is only read. */
export const patientReader = (store: EventReader, trouble: (why: string) => void): EventReader => ({
  ...store,
  readStream: (stream, range) => patiently(store.readStream(stream, range), trouble),
  readAll: (after, limit, types) => patiently(store.readAll(after, limit, types), trouble),
  head: () => patiently(store.head(), trouble),
  newest: () => patiently(store.newest(), trouble),
})

const patiently =
  <A>(ask: TaskEither<StoreError, A>, trouble: (why: string) => void): TaskEither<StoreError, A> =>
  async () => {
    const givesUpAt = performance.now() + AWAY_MS_MAX
    for (let told = false; ; told = true) {
      const answer = await ask()
      if (E.isRight(answer) || answer.left.kind !== 'unavailable') return answer
      if (performance.now() > givesUpAt) return answer
      if (!told) trouble(`${answer.left.message}; trying again for a minute`)
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventStore, StoreError } from '../../adapters/event-store/port.ts'

/** A cluster has a new leader, and a server is back from a restart, in less. */
const AWAY_MS_MAX = 60_000
const AGAIN_MS = 1_000

/** The same store, asked again for a minute while it is away. `trouble` hears of it, once each time. */
export function patient(store: EventStore, trouble: (why: string) => void): EventStore {
  const patiently =
    <A>(ask: TaskEither<StoreError, A>): TaskEither<StoreError, A> =>
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
  return {
    ...store,
    append: (appends) => patiently(store.append(appends)),
    readStream: (stream, range) => patiently(store.readStream(stream, range)),
    readAll: (after, limit, types) => patiently(store.readAll(after, limit, types)),
    head: () => patiently(store.head()),
  }
}

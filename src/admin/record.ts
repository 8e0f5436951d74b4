import * as E from 'fp-ts/lib/Either.js'
import { proposeAppend } from '../../adapters/event-store/catalogue.ts'
import { type EventStore, NO_STREAM } from '../../adapters/event-store/port.ts'
import { type AdminAct, type AdminWay, event } from '../../domain/events.ts'

/** Writes down what administrators do, in the order in which they do it. */
export interface AdminRecord {
  /** Right when it is on disk. Left: why it is not, a sentence without its full stop. */
  readonly write: (way: AdminWay, act: AdminAct) => Promise<E.Either<string, void>>
}

const STREAM = 'admin'
/** Another process of the pool may write the same stream, each at the end of what it sees: somebody is always first. */
const TRIES_MAX = 5

/** Goes on at the end of the stream. */
export function openAdminRecord(store: EventStore, nowMs: () => number): AdminRecord {
  let queue: Promise<unknown> = Promise.resolve()

  async function append(way: AdminWay, act: AdminAct): Promise<E.Either<string, void>> {
    for (let tries = 1; ; tries++) {
      const newest = await store.readStream(STREAM, { from: 'end', direction: 'backwards', limit: 1 })()
      if (E.isLeft(newest)) return E.left(newest.left.message)
      const expected = newest.right[0]?.revision ?? NO_STREAM
      const acted = event('AdministratorActed', { v: 1, at: nowMs(), way, act })
      const appended = await store.append([proposeAppend(STREAM, expected, [acted])])()
      if (E.isRight(appended)) return appended
      const { kind, message } = appended.left
      const isOvertaken = kind === 'wrong-expected-revision' || kind === 'conflicting-events'
      if (!isOvertaken || tries === TRIES_MAX) return E.left(message)
    }
  }

  return {
    write: (way, act) => {
      const written = queue.then(() => append(way, act))
      queue = written.catch(() => undefined)
      return written
    },
  }
}

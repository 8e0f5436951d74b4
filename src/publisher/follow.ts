import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { Logger } from 'pino'
import { defer, retry, timer } from 'rxjs'
import type { EventStore, RecordedEvent } from '../../adapters/event-store/port.ts'

/** A reader of the whole log, from its first event on. */
export interface Following {
  /** Resolves once everything is handled that was in the log when this was asked; at once when that can't be asked. */
  readonly caughtUp: () => Promise<void>
  readonly stop: () => void
}

/** What the reader does with the log. */
export interface Reader {
  /** The next batch comes when this has resolved. */
  readonly handle: (events: readonly RecordedEvent[]) => Promise<void>
  /** Called once: everything is handled that was in the log at the beginning. */
  readonly atEnd: () => void
  /** The log can't be read any further, and trying again does not mend it. */
  readonly damaged: (why: string) => void
}

/**
 * Events in one batch: 16 full events of 600 shares take some 3 ms to read. The thread that serves the miners does nothing else with them,
 * and has the time in which they are handled for itself.
 */
const BATCH_EVENTS_MAX = 16
/** At rest the log is read this often: many small commits are read together. */
const FOLLOW_MS = 50
const RETRY_MS = 1_000

/** Begins to read. */
export function follow(store: EventStore, log: Logger, reader: Reader): Following {
  let position: number | null = null
  /** The newest position that was given to the reader, handled or not. */
  let given = -1
  let waiting: { readonly position: number; readonly resolve: () => void }[] = []
  let isStopped = false

  const subscription = defer(() => store.follow(position, BATCH_EVENTS_MAX, handle))
    .pipe(
      retry({
        delay: (error: unknown) => {
          if (isDamage(error)) throw error
          log.warn({ err: error }, 'the publisher could not follow the log; trying again')
          return timer(RETRY_MS)
        },
      }),
    )
    .subscribe({ error: (error: unknown) => reader.damaged(isDamage(error) ? error.message : String(error)) })
  void atBeginning()

  async function handle(events: readonly RecordedEvent[]): Promise<void> {
    const first = events[0]?.position ?? Number.POSITIVE_INFINITY
    // An event twice would be an entry twice, signed for ever.
    if (first <= given) throw new RangeError(`the log gave position ${first} again after ${given}`)
    given = events.at(-1)?.position ?? given
    await reader.handle(events)
    position = events.at(-1)?.position ?? position
    release()
    if (events.length < BATCH_EVENTS_MAX) await sleep(FOLLOW_MS)
  }

  function release(): void {
    waiting = waiting.filter((each) => {
      if (position === null || each.position > position) return true
      each.resolve()
      return false
    })
  }

  function until(head: number | null): Promise<void> {
    if (head === null) return Promise.resolve()
    return new Promise((resolve) => {
      waiting.push({ position: head, resolve })
      release()
    })
  }

  async function atBeginning(): Promise<void> {
    for (;;) {
      const head = await store.head()()
      if (isStopped) return
      if (E.isRight(head)) {
        await until(O.toNullable(head.right))
        return reader.atEnd()
      }
      await sleep(RETRY_MS, undefined, { ref: false })
    }
  }

  return {
    caughtUp: async () => {
      const head = await store.head()()
      if (E.isRight(head)) await until(O.toNullable(head.right))
    },
    stop: () => {
      isStopped = true
      subscription.unsubscribe()
    },
  }
}

const isDamage = (error: unknown): error is { readonly kind: 'damaged'; readonly message: string } =>
  typeof error === 'object' &&
  error !== null &&
  'kind' in error &&
  error.kind === 'damaged' &&
  'message' in error &&
  typeof error.message === 'string'

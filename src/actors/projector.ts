import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { defer, type Observable, retry, timer } from 'rxjs'
import type { EventStore } from '../../adapters/event-store/port.ts'
import type { ReadModelError, ReadModels } from '../../adapters/read-models/port.ts'
import type { After } from '../../adapters/timers.ts'

/** Keeps the read models up with the log. */
export interface Projector {
  /** Resolves once the read models have everything that was in the log when this was asked. */
  readonly caughtUp: () => Promise<void>
  /** Position of the newest event in the log, as last seen. */
  readonly head: () => number | null
  readonly stop: () => void
}

/** Events in one batch: 16 full events of 600 shares take some 10 ms to fold, on the thread that serves the miners. */
const BATCH_EVENTS_MAX = 16
/** Milliseconds before the process serves its miners again. */
const SLICE_MS = 4
/** At rest the read models follow this often: nobody sees the difference, and many small commits are folded together. */
const FOLLOW_MS = 100
const RETRY_MS = 1_000

/** An error that trying again can't mend: the program is too old, or the log is not what it was. */
class Halt extends Error {}

/** Begins to follow the log from the checkpoint of the read models, and goes on until it is stopped. */
export function project(store: EventStore, readModels: ReadModels, after: After, log: Logger): Projector {
  let head: number | null = null
  let isFolding = false
  /** Calls off what waits to be stored. */
  let callOff: (() => void) | null = null
  let waiting: { readonly position: number; readonly resolve: () => void }[] = []

  const following: Observable<number> = defer(() =>
    store.follow(readModels.checkpoint(), BATCH_EVENTS_MAX, async (events) => {
      isFolding = true
      const applied = await inTurns(readModels.applyInSlices(events))
      isFolding = false
      storeIn(readModels.storeDueInMs())
      if (E.isLeft(applied)) throw failure(applied.left)
      const last = events.at(-1)
      if (last !== undefined) head = Math.max(head ?? 0, last.position)
      release()
      if (events.length < BATCH_EVENTS_MAX) await sleep(FOLLOW_MS)
    }),
  ).pipe(
    retry({
      delay: (error: unknown) => {
        if (error instanceof Halt) throw error
        log.warn({ err: error }, 'the read models could not follow the log; trying again')
        return timer(RETRY_MS)
      },
    }),
  )
  const subscription = following.subscribe({
    error: (error: unknown) =>
      log.error(
        { err: error },
        'the read models have stopped: pages and API show the past until this is mended',
      ),
  })

  /** A pool at rest shows what has happened as well: what a batch has left in memory waits for no other batch. */
  function storeIn(ms: number | null): void {
    if (ms === null || callOff !== null) return
    callOff = after(ms, () => {
      callOff = null
      void storeDue()
    })
  }

  async function storeDue(): Promise<void> {
    const dueInMs = readModels.storeDueInMs()
    // A batch that is being folded has what is due stored at its end.
    if (dueInMs === null || isFolding) return
    if (dueInMs > 0) return storeIn(dueInMs)
    const stored = await inTurns(readModels.storeInSlices())
    if (E.isRight(stored)) return
    log.warn({ kind: stored.left.kind }, stored.left.message)
    storeIn(RETRY_MS)
  }

  function release(): void {
    const checkpoint = readModels.checkpoint()
    if (checkpoint === null) return
    waiting = waiting.filter(({ position, resolve }) => {
      if (position > checkpoint) return true
      resolve()
      return false
    })
  }

  return {
    caughtUp: async () => {
      const newest = await store.head()()
      if (E.isLeft(newest)) throw new Error(newest.left.message)
      if (newest.right._tag === 'None') return
      const position = newest.right.value
      head = Math.max(head ?? 0, position)
      await new Promise<void>((resolve) => {
        waiting.push({ position, resolve })
        release()
      })
    },
    head: () => head,
    stop: () => {
      subscription.unsubscribe()
      callOff?.()
    },
  }
}

async function inTurns<A>(work: Generator<void, A>): Promise<A> {
  for (let sinceMs = performance.now(); ; ) {
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() - sinceMs < SLICE_MS) continue
    await turn()
    sinceMs = performance.now()
  }
}

const failure = (error: ReadModelError): Error =>
  error.kind === 'unavailable' ? new Error(error.message) : new Halt(error.message)

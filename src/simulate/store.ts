import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { BehaviorSubject, NEVER } from 'rxjs'
import { followLog } from '../../adapters/event-store/follow.ts'
import type { EventStore, RecordedEvent, StoreError, StreamAppend } from '../../adapters/event-store/port.ts'

/** The log of a simulated pool, as its parts see it. */
export interface SimulatedStore {
  /** As the journal writes it: kept in memory for a while, since nobody's power fails. */
  readonly store: EventStore
  /**
   * As the treasury sees it: no further than was shown to it, and what it wrote itself. So it does nothing at a moment that nobody chose,
   * and the same seed gives the same order.
   */
  readonly shown: EventStore
  /** Shows all that there is. */
  readonly show: () => Promise<void>
  /** Writes what is kept in memory. */
  readonly flush: () => Promise<void>
  /** Appends so far: says whether anything was written since. */
  readonly appends: () => number
}

/** Bytes of events kept in memory at most: a transaction of the store costs a sync of the disk, so it should be worth it. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024

/** Stands before a store that nobody else uses. */
export function simulatedStore(store: EventStore): SimulatedStore {
  const shown$ = new BehaviorSubject<number | null>(null)
  let kept: StreamAppend[] = []
  let keptBytes = 0
  let appends = 0

  async function write(): Promise<E.Either<StoreError, void>> {
    if (kept.length === 0) return E.right(undefined)
    const batch = kept
    kept = []
    keptBytes = 0
    return store.append(batch)()
  }

  async function flush(): Promise<void> {
    orThrow(await write())
  }

  async function show(): Promise<void> {
    await flush()
    const head = O.toNullable(orThrow(await store.head()()))
    if (head !== shown$.value) shown$.next(head)
  }

  const append: EventStore['append'] = (given) => async () => {
    appends++
    kept.push(...given)
    for (const { events } of given) for (const { data } of events) keptBytes += data.length
    return keptBytes < KEPT_BYTES_MAX ? E.right(undefined) : write()
  }

  /** Reading sees what was written. */
  const afterWriting =
    <A extends readonly unknown[], B>(ask: (...args: A) => () => Promise<E.Either<StoreError, B>>) =>
    (...args: A) =>
    async (): Promise<E.Either<StoreError, B>> => {
      const written = await write()
      return E.isLeft(written) ? written : ask(...args)()
    }

  const headShown: EventStore['head'] = () => async () => E.right(O.fromNullable(shown$.value))
  const readShown: EventStore['readAll'] = (after, limit) => async () => {
    const events = await store.readAll(after, limit)()
    return E.map((all: readonly RecordedEvent[]) =>
      all.filter(({ position }) => position <= (shown$.value ?? 0)),
    )(events)
  }
  const shown: EventStore = {
    ...store,
    append: (given) => async () => {
      const appended = await append(given)()
      if (E.isRight(appended)) await show()
      return appended
    },
    head: headShown,
    readAll: readShown,
    // After a full batch the treasury waits in real time, for miners that are not there.
    follow: (after, batchMax, handle) =>
      followLog(
        { head: headShown, readAll: readShown, newest$: shown$, closed$: NEVER },
        after,
        Math.max(1, batchMax - 1),
        handle,
      ),
  }
  return {
    store: {
      ...store,
      append,
      readStream: afterWriting(store.readStream),
      readAll: afterWriting(store.readAll),
      head: afterWriting(store.head),
    },
    shown,
    show,
    flush,
    appends: () => appends,
  }
}

function orThrow<A>(answer: E.Either<StoreError, A>): A {
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  return answer.right
}

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import { concatMap, defer, retry, timer } from 'rxjs'
import { errorText } from '../../adapters/error-text.ts'
import { proposeAppend } from '../../adapters/event-store/catalogue.ts'
import type { EventStore, RecordedEvent, StoreError } from '../../adapters/event-store/port.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PoolEvent } from '../../domain/events.ts'
import type { WindowError } from '../../domain/reward/share-window.ts'
import { BATCH_EVENTS_MAX, recall, resolving, SLICE_MS, TRIM_SHARES } from './recall.ts'
import { Records } from './records.ts'
import { TreasuryEnd, type TreasuryStop } from './stop.ts'
import { type RecalledWindow, recallWindow } from './window-recall.ts'

/**
 * The records, kept up with the log, and the only pen for money events. The books are never ahead of the log: an event is tried on a
 * copy, appended, and booked when the log gives it back, so books and log can't part.
 */
export interface Ledger {
  readonly records: Records
  /** Resolves once everything is booked that was in the log when this was asked. @throws TreasuryEnd */
  readonly caughtUp: () => Promise<void>
  /**
   * Tries events, appends them to the end of a money stream, and resolves when they are booked. Waits as long as the store is away.
   *
   * @throws TreasuryEnd when the books refuse them, or the log holds something else there.
   */
  readonly write: (stream: string, events: readonly PoolEvent[]) => Promise<void>
  /** Keeps shares from being let go while they are summed up. */
  readonly holdingShares: <A>(work: () => Promise<A>) => Promise<A>
  /** Reads the shares by which a block is shared once more from the log: they were let go. @throws TreasuryEnd */
  readonly recalledWindow: (block: string) => Promise<E.Either<WindowError, RecalledWindow>>
  readonly stop: () => void
}

/** What the ledger reads and writes. */
export interface LedgerOptions {
  readonly store: EventStore
  readonly network: Network
  readonly nowMs: () => number
  readonly log: Logger
  /** Told of the types of the events that were just booked, but not of those that only hold shares. */
  readonly onBooked: () => void
  readonly onStoreError: (error: StoreError) => void
  /** The log can't be booked any further; told once. */
  readonly onStop: (stop: TreasuryStop) => void
}

/** At rest the log is followed this often, or at once when somebody waits: many small commits are read together. */
const FOLLOW_MS = 100
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 2_000
/** Milliseconds that looking at every invariant may take each time. */
const INSPECTION_MS = 5

/** Begins to read the log. */
export function openLedger(options: LedgerOptions): Ledger {
  const { store, network, nowMs, log } = options
  const records = new Records(network)
  const patient: EventStore = {
    ...store,
    head: () => asked(store.head()),
    readStream: (stream, range) => asked(store.readStream(stream, range)),
    readAll: (after, limit, types) => asked(store.readAll(after, limit, types)),
  }
  let ended: TreasuryEnd | null = null
  let waiting: { readonly holds: () => boolean; readonly settle: Waiter }[] = []
  let wake: (() => void) | null = null
  let holds = 0
  let sharesAtTrim = 0
  let inspectAgainMs = 0

  let isRecalled = false

  const following = defer(recallOnce)
    .pipe(
      concatMap(() => store.follow(records.position, BATCH_EVENTS_MAX, bookAll)),
      retry({
        delay: (error: unknown) => {
          if (error instanceof TreasuryEnd) throw error
          if (!isStoreError(error)) throw new TreasuryEnd(internal(error))
          options.onStoreError(error)
          const ending = endOf(error)
          if (ending !== null) throw ending
          log.warn({ err: error }, 'the treasury could not follow the log; trying again')
          return timer(RETRY_MS_MAX)
        },
      }),
    )
    .subscribe({
      error: (error: unknown) => end(error instanceof TreasuryEnd ? error : new TreasuryEnd(internal(error))),
    })

  async function recallOnce(): Promise<void> {
    if (isRecalled) return
    try {
      const recalled = await recall(records, patient, nowMs(), pause)
      if (E.isLeft(recalled)) throw new TreasuryEnd(logStop(recalled.left.message))
      isRecalled = true
      release()
    } catch (error) {
      // What was read so far can't be read again into the same records.
      throw error instanceof TreasuryEnd ? error : new TreasuryEnd(internal(error))
    }
  }

  async function bookAll(events: readonly RecordedEvent[]): Promise<void> {
    const begunMs = performance.now()
    let isNews = false
    let sinceMs = begunMs
    for (const event of events) {
      const booked = await take(event)
      if (E.isLeft(booked)) throw new TreasuryEnd(booked.left)
      if (performance.now() - sinceMs > SLICE_MS) {
        await turn()
        sinceMs = performance.now()
      }
      if (event.type !== 'SharesAccepted') isNews = true
    }
    const { mined } = records
    if (holds === 0 && mined.shares - sharesAtTrim >= TRIM_SHARES) {
      mined.trim()
      sharesAtTrim = mined.shares
    }
    release()
    if (isNews) options.onBooked()
    if (events.length === BATCH_EVENTS_MAX) await pause(performance.now() - begunMs)
    else if (waiting.length === 0) await rest()
  }

  async function take(event: RecordedEvent): Promise<E.Either<TreasuryStop, void>> {
    try {
      const taken = await resolving(patient, event, records.mined.keys, () => records.take(event))
      return E.mapLeft(({ message }: { readonly message: string }) => logStop(message))(taken)
    } catch (error) {
      if (error instanceof TreasuryEnd) throw error
      return E.left(logStop(`${event.type} ${event.stream}@${event.revision}: ${errorText(error)}.`))
    }
  }

  /** The same store, asked again as long as it is away. @throws TreasuryEnd */
  function asked<A>(ask: TaskEither<StoreError, A>): TaskEither<StoreError, A> {
    return async () => {
      for (;;) {
        if (ended !== null) throw ended
        const answer = await ask()
        if (E.isRight(answer)) return answer
        await failed(answer.left, RETRY_MS_MAX)
      }
    }
  }

  async function rest(): Promise<void> {
    const early = new AbortController()
    wake = () => early.abort()
    await sleep(FOLLOW_MS, undefined, { signal: early.signal }).catch(() => undefined)
    wake = null
  }

  function release(): void {
    waiting = waiting.filter(({ holds, settle }) => {
      if (!holds()) return true
      settle.resolve()
      return false
    })
  }

  function until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      if (ended !== null) return reject(ended)
      if (holds()) return resolve()
      waiting.push({ holds, settle: { resolve, reject } })
      wake?.()
    })
  }

  function end(error: TreasuryEnd): void {
    if (ended !== null) return
    ended = error
    following.unsubscribe()
    wake?.()
    for (const { settle } of waiting) settle.reject(error)
    waiting = []
    if (error.stop !== null) options.onStop(error.stop)
  }

  function refuse(stop: TreasuryStop): TreasuryEnd {
    const error = new TreasuryEnd(stop)
    end(error)
    return error
  }

  async function caughtUp(): Promise<void> {
    for (;;) {
      if (ended !== null) throw ended
      const head = await store.head()()
      if (E.isRight(head)) {
        const newest = O.toNullable(head.right)
        return newest === null
          ? undefined
          : until(() => records.position !== null && records.position >= newest)
      }
      await failed(head.left, RETRY_MS_MAX)
    }
  }

  /** Waits before the next try, where there can be one. */
  async function failed(error: StoreError, retryMs: number): Promise<void> {
    options.onStoreError(error)
    const ending = endOf(error)
    if (ending !== null) {
      end(ending)
      throw ending
    }
    await sleep(retryMs)
    if (ended !== null) throw ended
  }

  async function write(stream: string, events: readonly PoolEvent[]): Promise<void> {
    if (ended !== null) throw ended
    await tryOut(stream, events)
    const append = proposeAppend(stream, records.revisionOf(stream), events)
    const last = append.expected + events.length
    for (let retryMs = RETRY_MS_MIN; ; retryMs = Math.min(2 * retryMs, RETRY_MS_MAX)) {
      const appended = await store.append([append])()
      if (E.isRight(appended)) break
      await failed(appended.left, retryMs)
    }
    await until(() => records.revisionOf(stream) >= last || records.isClosed(stream))
  }

  /**
   * Looking at every invariant takes time in proportion to all that the books hold: after each event, but never more than a hundredth of
   * the time.
   */
  async function tryOut(stream: string, events: readonly PoolEvent[]): Promise<void> {
    const tried = attempt(() => records.trial(stream, events))
    if (E.isLeft(tried)) throw refuse(tried.left)
    const begunMs = performance.now()
    if (begunMs < inspectAgainMs) return
    let spentMs = 0
    for (let sinceMs = begunMs; ; ) {
      const step = tried.right.next()
      const tookMs = performance.now() - sinceMs
      if (step.done !== true && tookMs < SLICE_MS) continue
      spentMs += tookMs
      if (step.done === true) {
        const [first] = step.value
        if (first !== undefined)
          throw refuse({ kind: 'books', message: `The books are wrong: ${first.message}` })
        break
      }
      await turn()
      if (ended !== null) throw ended
      sinceMs = performance.now()
    }
    inspectAgainMs = spentMs > INSPECTION_MS ? performance.now() + 100 * spentMs : 0
  }

  return {
    records,
    caughtUp,
    write,
    holdingShares: async (work) => {
      holds++
      try {
        return await work()
      } finally {
        holds--
      }
    },
    recalledWindow: async (block) => {
      const window = await recallWindow(records, patient, block, pause)
      if (E.isLeft(window)) throw refuse(logStop(window.left.message))
      return window.right
    },
    stop: () => end(new TreasuryEnd(null)),
  }
}

/** As long as there is more to read the thread has as much time for itself in between: at a start it has miners to take in. */
const pause = (tookMs: number): Promise<void> => sleep(tookMs)

const logStop = (message: string): TreasuryStop => ({
  kind: 'log',
  message: `The log can't be booked. ${message}`,
})

interface Waiter {
  readonly resolve: () => void
  readonly reject: (why: Error) => void
}

function attempt<A>(work: () => E.Either<{ readonly message: string }, A>): E.Either<TreasuryStop, A> {
  try {
    return E.mapLeft(
      ({ message }: { readonly message: string }): TreasuryStop => ({ kind: 'books', message }),
    )(work())
  } catch (error) {
    return E.left({ kind: 'books', message: errorText(error) })
  }
}

const STORE_ERRORS: ReadonlySet<unknown> = new Set<StoreError['kind']>([
  'wrong-expected-revision',
  'conflicting-events',
  'too-large',
  'unavailable',
  'in-use',
  'damaged',
  'closed',
])

const isStoreError = (error: unknown): error is StoreError =>
  typeof error === 'object' && error !== null && 'kind' in error && STORE_ERRORS.has(error.kind)

/** What an error of the store ends; null for one that passes. */
function endOf(error: StoreError): TreasuryEnd | null {
  if (error.kind === 'unavailable') return null
  return new TreasuryEnd(error.kind === 'closed' ? null : stopOf(error))
}

function stopOf({
  kind,
  message,
}: Exclude<StoreError, { readonly kind: 'unavailable' | 'closed' }>): TreasuryStop {
  switch (kind) {
    case 'wrong-expected-revision':
    case 'conflicting-events':
      return {
        kind: 'other-writer',
        message: `Something else writes money events into the log: ${message}. Let one pool alone have it.`,
      }
    case 'damaged':
      return logStop(`${message}.`)
    case 'too-large':
    case 'in-use':
      return { kind: 'store', message: `The store refuses a money event: ${message}.` }
  }
}

/** An error that nobody foresaw. */
export const internal = (error: unknown): TreasuryStop => ({ kind: 'internal', message: errorText(error) })

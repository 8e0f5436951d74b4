import { NO_STREAM as NO_STREAM_YET, WrongExpectedVersionError } from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import { answerMismatch, checkSizes } from '../append-rules.ts'
import { NO_STREAM, type StoreError, type StreamAppend, type StreamEvent } from '../port.ts'
import type { ClientFactory, DatabaseClient } from './client.ts'
import { damaged, NoAnswer, recoversByItself, storeError } from './errors.ts'
import { toDatabase } from './recorded.ts'

/** Appends to a server. */
export interface Writer {
  readonly append: (appends: readonly StreamAppend[]) => Promise<E.Either<StoreError, void>>
  readonly close: () => Promise<void>
}

/** What a writer stands on. `readAfter` gives events of a stream after a revision, `count` at most. */
export interface WriterOptions {
  readonly store: string
  readonly prefix: string
  readonly newClient: ClientFactory
  readonly readAfter: (
    stream: string,
    revision: number,
    count: number,
  ) => Promise<E.Either<StoreError, readonly StreamEvent[]>>
}

/** The server's own limit for a write is two seconds; beyond this its answer will not come any more. */
const ANSWER_MS_MAX = 10_000
/** Appends on their way at the same time. From sixteen on the client's own queue could leave a rejection unobserved. */
const IN_FLIGHT_MAX = 8

/**
 * Appends through one client of its own. The client keeps its pending appends in a table of the whole process and rejects all of them
 * when one connection fails, and it never settles those whose connection the server ended in good order. So: one such client at a
 * time, a timer around each append, and whatever is not a plain answer means "perhaps written". The exact revision makes
 * the same call safe again.
 */
export function openWriter({ store, prefix, newClient, readAfter }: WriterOptions): Writer {
  let client: Promise<DatabaseClient> = Promise.resolve(newClient())
  let inFlight = 0
  const waiting: (() => void)[] = []

  async function append(appends: readonly StreamAppend[]): Promise<E.Either<StoreError, void>> {
    const sizes = checkSizes(appends)
    if (E.isLeft(sizes)) return sizes
    for (const each of appends) {
      const appended = await inTurn(() => appendToStream(each))
      if (E.isLeft(appended)) return appended
    }
    return E.right(undefined)
  }

  async function inTurn<A>(work: () => Promise<A>): Promise<A> {
    if (inFlight < IN_FLIGHT_MAX) inFlight++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) inFlight--
      else next()
    }
  }

  async function appendToStream(append: StreamAppend): Promise<E.Either<StoreError, void>> {
    const { stream, expected } = append
    const events = append.events.map(toDatabase)
    const mine = await client
    const timer = answerTimer()
    try {
      const appending = mine.appendToStream(prefix + stream, events, {
        expectedRevision: expected === NO_STREAM ? NO_STREAM_YET : BigInt(expected),
        requiresLeader: true,
        deadline: ANSWER_MS_MAX,
      })
      const { nextExpectedRevision } = await Promise.race([appending, timer.noAnswer])
      return Number(nextExpectedRevision) === expected + events.length
        ? E.right(undefined)
        : E.left(damaged(store, renumbered(stream, nextExpectedRevision)))
    } catch (thrown) {
      if (thrown instanceof WrongExpectedVersionError) return mismatch(append, thrown.actualVersion)
      if (!recoversByItself(thrown)) replace(mine)
      return E.left(storeError(thrown, store, stream))
    } finally {
      timer.clear()
    }
  }

  /** Not before the old client has let go of its appends: it would take those of the new one with it. */
  function replace(old: DatabaseClient): void {
    client = client.then(async (current) => {
      if (current !== old) return current
      await old.end()
      return newClient()
    })
  }

  async function mismatch(
    append: StreamAppend,
    actual: bigint | string,
  ): Promise<E.Either<StoreError, void>> {
    const revision = typeof actual === 'bigint' ? Number(actual) : NO_STREAM
    const { stream, expected, events } = append
    const stored = await readAfter(stream, expected, events.length)
    return E.isLeft(stored) ? stored : answerMismatch(append, revision, stored.right)
  }

  return { append, close: async () => (await client).end() }
}

const renumbered = (stream: string, revision: bigint): string =>
  `stream ${stream} was deleted by somebody and goes on at revision ${revision}. Restore the newest backup of the database, or copy what is left into a new store`

/** Rejects with `NoAnswer` when the time is over. */
function answerTimer(): { readonly noAnswer: Promise<never>; readonly clear: () => void } {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new NoAnswer()), ANSWER_MS_MAX)
  return { noAnswer: promise, clear: () => clearTimeout(timer) }
}

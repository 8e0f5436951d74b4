import { NO_STREAM as NO_STREAM_YET, WrongExpectedVersionError } from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import { answerMismatch, checkSizes } from '../append-rules.ts'
import { NO_STREAM, type StoreError, type StreamAppend } from '../port.ts'
import { askingLeader, type DatabaseClient, type Server } from './client.ts'
import { damaged, storeError } from './errors.ts'
import type { Reader } from './reader.ts'
import { toDatabase } from './recorded.ts'

/** `EventStore.append`; each append is a call of its own. */
export type Append = (appends: readonly StreamAppend[]) => Promise<E.Either<StoreError, void>>

/**
 * Appends with one client. Whatever is not a plain answer means "perhaps written": the exact revision and the same ids make the same call
 * safe again. `reader` is asked what a stream holds when it is not where the writer expects it.
 */
export function appender(client: DatabaseClient, { name, prefix }: Server, reader: Reader): Append {
  async function appendToStream(append: StreamAppend): Promise<E.Either<StoreError, void>> {
    const { stream, expected } = append
    const events = append.events.map(toDatabase)
    try {
      const { nextExpectedRevision } = await askingLeader(() =>
        client.appendToStream(prefix + stream, events, {
          expectedRevision: expected === NO_STREAM ? NO_STREAM_YET : BigInt(expected),
          requiresLeader: true,
        }),
      )
      return Number(nextExpectedRevision) === expected + events.length
        ? E.right(undefined)
        : E.left(damaged(name, renumbered(stream, nextExpectedRevision)))
    } catch (thrown) {
      if (!(thrown instanceof WrongExpectedVersionError)) return E.left(storeError(thrown, name, stream))
      return append.ifAbsent === true ? E.right(undefined) : mismatch(append, thrown.actualVersion)
    }
  }

  async function mismatch(
    append: StreamAppend,
    actual: bigint | string,
  ): Promise<E.Either<StoreError, void>> {
    const { stream, expected, events } = append
    const stored = await reader.readStream(stream, {
      from: expected + 1,
      direction: 'forwards',
      limit: events.length,
    })
    const revision = typeof actual === 'bigint' ? Number(actual) : NO_STREAM
    return E.isLeft(stored) ? stored : answerMismatch(append, revision, stored.right)
  }

  /** Appends to one stream, in order. */
  async function appendAll(appends: readonly StreamAppend[]): Promise<E.Either<StoreError, void>> {
    for (const append of appends) {
      const appended = await appendToStream(append)
      if (E.isLeft(appended)) return appended
    }
    return E.right(undefined)
  }

  /** Some streams at a time. Ends with the first error that came. */
  async function appendTogether(
    streams: ReadonlyMap<string, readonly StreamAppend[]>,
  ): Promise<E.Either<StoreError, void>> {
    const left = streams.values()
    let result: E.Either<StoreError, void> = E.right(undefined)
    const work = async (): Promise<void> => {
      for (const appends of left) {
        if (E.isLeft(result)) return
        const appended = await appendAll(appends)
        if (E.isLeft(appended)) result = appended
      }
    }
    await Promise.all(Array.from({ length: Math.min(STREAMS_AT_ONCE, streams.size) }, work))
    return result
  }

  return async (appends) => {
    const sizes = checkSizes(appends)
    if (E.isLeft(sizes)) return sizes
    for (const run of runsOf(appends)) {
      const appended = await appendTogether(run)
      if (E.isLeft(appended)) return appended
    }
    return E.right(undefined)
  }
}

/** Streams that are written at the same time: fewer than the hundred calls that a server takes from one connection. */
const STREAMS_AT_ONCE = 32

/** What is written one after the other: an append alone, or unordered neighbours. Each by stream. */
function runsOf(appends: readonly StreamAppend[]): readonly ReadonlyMap<string, readonly StreamAppend[]>[] {
  const runs: Map<string, StreamAppend[]>[] = []
  let isRunOpen = false
  for (const append of appends) {
    if (!isRunOpen || append.unordered !== true) runs.push(new Map())
    isRunOpen = append.unordered === true
    const run = runs.at(-1)
    const beside = run?.get(append.stream)
    if (beside === undefined) run?.set(append.stream, [append])
    else beside.push(append)
  }
  return runs
}

const renumbered = (stream: string, revision: bigint): string =>
  `stream ${stream} was deleted by somebody and goes on at revision ${revision}. Restore the newest backup of the database, or copy what is left into a new store`

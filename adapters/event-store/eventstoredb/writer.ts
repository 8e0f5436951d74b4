import { NO_STREAM as NO_STREAM_YET, WrongExpectedVersionError } from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import { answerMismatch, checkSizes } from '../append-rules.ts'
import { NO_STREAM, type StoreError, type StreamAppend } from '../port.ts'
import { askingLeader, type DatabaseClient, type Server } from './client.ts'
import { damaged, storeError } from './errors.ts'
import type { Reader } from './reader.ts'
import { toDatabase } from './recorded.ts'

/** Appends in order, each a call of its own. */
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
      return thrown instanceof WrongExpectedVersionError
        ? mismatch(append, thrown.actualVersion)
        : E.left(storeError(thrown, name, stream))
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

  return async (appends) => {
    const sizes = checkSizes(appends)
    if (E.isLeft(sizes)) return sizes
    for (const append of appends) {
      const appended = await appendToStream(append)
      if (E.isLeft(appended)) return appended
    }
    return E.right(undefined)
  }
}

const renumbered = (stream: string, revision: bigint): string =>
  `stream ${stream} was deleted by somebody and goes on at revision ${revision}. Restore the newest backup of the database, or copy what is left into a new store`

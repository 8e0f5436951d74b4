import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { onTestFinished } from 'vitest'
import {
  type EventReader,
  type EventStore,
  NO_STREAM,
  type ProposedEvent,
  type RecordedEvent,
  type StoreError,
} from '../../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../../adapters/event-store/sqlite/open.ts'
import { eventId } from '../../../domain/event-id.ts'

/** A directory of the running test alone. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-store-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

/** Opens the store, and closes it when the test has ended. */
export async function open(file: string): Promise<EventStore> {
  const store = right(await openSqliteEventStore({ file })())
  onTestFinished(() => store.close())
  return store
}

/** Why the store does not open. */
export const openError = async (file: string): Promise<StoreError> =>
  left(await openSqliteEventStore({ file })())

/** Appends events of about `bytes` bytes to the end of a stream. */
export async function appendMany(
  store: EventStore,
  stream: string,
  count: number,
  bytes: number,
): Promise<void> {
  const [last] = right(await store.readStream(stream, { from: 'end', direction: 'backwards', limit: 1 })())
  const expected = last?.revision ?? NO_STREAM
  right(await store.append([{ stream, expected, events: proposed(stream, expected + 1, count, bytes) }])())
}

/** Events for a stream, from a revision on, each of about `bytes` bytes. */
export const proposed = (
  stream: string,
  first: number,
  count: number,
  bytes: number,
): readonly ProposedEvent[] =>
  Array.from({ length: count }, (_, i) => ({
    id: eventId(stream, first + i, '', ''),
    type: 'T',
    data: JSON.stringify({ n: first + i, pad: 'x'.repeat(bytes) }),
  }))

export const readLog = async (store: EventReader): Promise<readonly RecordedEvent[]> =>
  right(await store.readAll(null, 1_000_000)())

export function right<A>(result: E.Either<StoreError, A>): A {
  if (E.isLeft(result)) throw new Error(`${result.left.kind}: ${result.left.message}`)
  return result.right
}

export function left(result: E.Either<StoreError, unknown>): StoreError {
  if (E.isRight(result)) throw new Error('it succeeded')
  return result.left
}

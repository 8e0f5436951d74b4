import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { propose } from '../../adapters/event-store/catalogue.ts'
import type { ProposedEvent } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { event } from '../../domain/events.ts'
import { newDirectory } from './house.ts'

/** An event as it is in the log, to be put into another. */
export interface RawEvent extends ProposedEvent {
  readonly stream: string
  readonly revision: number
}

/** Every event of a log, in order. */
export function rawLog(directory: string): readonly RawEvent[] {
  const db = new DatabaseSync(join(directory, 'lodebook.db'), { readOnly: true })
  try {
    return db
      .prepare('SELECT id, stream, revision, type, data FROM event_log ORDER BY position')
      .all() as unknown as RawEvent[]
  } finally {
    db.close()
  }
}

/** A directory with these events as its log and nothing else: what is left of a pool whose last writes were lost. */
export async function directoryWith(events: readonly RawEvent[]): Promise<string> {
  const directory = newDirectory()
  const store = await openSqliteEventStore({ file: join(directory, 'lodebook.db') })()
  if (E.isLeft(store)) throw new Error(store.left.message)
  const appended = await store.right.append(
    events.map(({ stream, revision, id, type, data }) => ({
      stream,
      expected: revision - 1,
      events: [{ id, type, data }],
    })),
  )()
  if (E.isLeft(appended)) throw new Error(appended.left.message)
  await store.right.close()
  return directory
}

/** Connections of miners that came and did nothing, of a gateway that nobody else speaks of: a log that takes time to read. */
export const idleConnections = (count: number): readonly RawEvent[] =>
  Array.from({ length: count }, (_, n) => {
    const stream = `connection-9999.${n}`
    const connected = event('MinerConnected', {
      v: 1,
      at: 0,
      extranonce1: '00000000',
      listener: 'stratum',
      resumes: null,
    })
    return { stream, revision: 0, ...propose(stream, 0, connected) }
  })

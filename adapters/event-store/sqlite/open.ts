import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventReader, EventStore, StoreError } from '../port.ts'
import { storeError } from './errors.ts'
import { openFile, openFileForReading } from './file.ts'
import { type Lock, takeLock } from './lock.ts'
import { sqliteEventReader } from './reader.ts'
import { sqliteEventStore } from './store.ts'

/** Newest events that are read, and so checked, before the store is handed out: where a crash would have hurt. */
const CHECKED_EVENTS = 1000

/** Where the log is kept. */
export interface SqliteEventStoreOptions {
  /** Path of the database, made when it is not there. Its directory must be. Beside it come `-wal`, `-shm` and `.lock`. */
  readonly file: string
}

/**
 * Opens the embedded event store: one SQLite file, one process that writes it, any number that read it. Older events are
 * checked when they are read; following from `null` checks them all.
 *
 * Errors: `in-use` when another process has it, `damaged` when it is not a whole event store of a known format,
 * `unavailable` when the file can't be opened or written.
 */
export const openSqliteEventStore =
  ({ file }: SqliteEventStoreOptions): TaskEither<StoreError, EventStore> =>
  async () => {
    const path = realPath(file)
    if (E.isLeft(path)) return path
    const lock = takeLock(path.right)
    if (E.isLeft(lock)) return lock
    const store = openStore(path.right, lock.right)
    if (E.isLeft(store)) {
      lock.right.release()
      return store
    }
    const checked = await readNewest(store.right)
    if (E.isRight(checked)) return store
    await store.right.close()
    return checked
  }

/**
 * Opens an event store that is there for reading alone, while a pool writes it or not. Nothing in the file is changed. Beside a file that
 * a pool has closed, or a backup, nothing is made; the log that a killed pool has left is read with it.
 *
 * Errors: as above, but that a pool that has it is none.
 */
export const openSqliteEventReader =
  ({ file }: SqliteEventStoreOptions): TaskEither<StoreError, EventReader> =>
  async () => {
    const path = realPath(file)
    if (E.isLeft(path)) return path
    const opened = openFileForReading(path.right)
    if (E.isLeft(opened)) return opened
    try {
      return E.right(sqliteEventReader(path.right, opened.right))
    } catch (thrown) {
      opened.right.db.close()
      return E.left(storeError(thrown, path.right))
    }
  }

/** One name for one file, so that there is one lock for it. */
function realPath(file: string): E.Either<StoreError, string> {
  try {
    return E.right(existsSync(file) ? realpathSync(file) : join(realpathSync(dirname(file)), basename(file)))
  } catch {
    return E.left({
      kind: 'unavailable',
      message: `${file} can't be opened: its directory ${dirname(file)} is not there. Make it first`,
    })
  }
}

function openStore(path: string, lock: Lock): E.Either<StoreError, EventStore> {
  const db = openFile(path)
  if (E.isLeft(db)) return db
  try {
    return E.right(sqliteEventStore({ path, db: db.right, release: lock.release }))
  } catch (thrown) {
    db.right.close()
    return E.left(storeError(thrown, path))
  }
}

async function readNewest(store: EventStore): Promise<E.Either<StoreError, unknown>> {
  const head = await store.head()()
  if (E.isLeft(head)) return head
  const newest = O.getOrElse(() => 0)(head.right)
  return store.readAll(Math.max(0, newest - CHECKED_EVENTS), CHECKED_EVENTS)()
}

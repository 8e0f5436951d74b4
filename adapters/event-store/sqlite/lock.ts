import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type { StoreError } from '../port.ts'
import { isBusy, storeError } from './errors.ts'

/** How long a lock is asked for: longer than a process needs to write its number into one. */
const WAIT_MS = 200

/** Says that this process, and no other, writes the file. */
export interface Lock {
  readonly release: () => void
}

/**
 * Takes the store's file for this process. The lock is an open write transaction on `<file>.lock`, a database of
 * its own: the system drops it when the process ends in whatever way, and `file` stays readable for others.
 * The holder's process id is the lock's `user_version`.
 */
export function takeLock(file: string): E.Either<StoreError, Lock> {
  const path = `${file}.lock`
  try {
    const db = new DatabaseSync(path, { timeout: WAIT_MS })
    try {
      // Only the second transaction is the lock: the first one publishes the number, and ends so that it can be read.
      db.exec(`PRAGMA synchronous = OFF; BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT`)
      db.exec('BEGIN IMMEDIATE')
      return E.right({ release: () => db.close() })
    } catch (thrown) {
      const error = isBusy(thrown) ? inUse(file, holder(db)) : storeError(thrown, path)
      db.close()
      return E.left(error)
    }
  } catch (thrown) {
    return E.left(storeError(thrown, path))
  }
}

function holder(db: DatabaseSync): string {
  const pid = db.prepare('PRAGMA user_version').get()?.['user_version']
  return typeof pid === 'number' && pid > 0 ? `process ${pid}` : 'another process'
}

const inUse = (file: string, by: string): StoreError => ({
  kind: 'in-use',
  message: `${file} is in use by ${by}, and only one may write it: stop that one, or name another file`,
})

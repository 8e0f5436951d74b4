import { backup, DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { StoreError } from '../port.ts'
import { storeError } from './errors.ts'

/**
 * All pages in one step. In more than one, each commit of the pool in between would make it begin again; one step reads one state of the
 * write-ahead log, from another thread, and nobody who writes waits for it.
 */
const PAGES_AT_ONCE = 0x7fff_ffff

/** How long a lock of another program is waited for. */
const WAIT_MS = 5_000

/**
 * Copies the database of a store as it is at this moment, whether a pool writes it or not. `to` must not be there. While it lasts the
 * write-ahead log can't shrink: it grows by what is written meanwhile.
 */
export const copyStoreFile =
  (from: string, to: string): TaskEither<StoreError, void> =>
  async () => {
    let db: DatabaseSync | undefined
    try {
      db = new DatabaseSync(from, { readOnly: true, timeout: WAIT_MS })
      await backup(db, to, { rate: PAGES_AT_ONCE })
      return E.right(undefined)
    } catch (thrown) {
      return E.left(storeError(thrown, from))
    } finally {
      db?.close()
    }
  }

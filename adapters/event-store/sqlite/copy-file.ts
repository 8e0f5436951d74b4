import { backup } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { StoreError } from '../port.ts'
import { storeError, writtenError } from './errors.ts'
import { openFileForReading } from './file.ts'

/**
 * All pages in one step. In more than one, each commit of the pool in between would make it begin again; one step reads one state of the
 * write-ahead log, from another thread, and nobody who writes waits for it.
 */
const PAGES_AT_ONCE = 0x7fff_ffff

/**
 * Copies the database of a store as it is at this moment, whether a pool writes it or not. `to` must not be there. While it lasts the
 * write-ahead log can't shrink: it grows by what is written meanwhile.
 */
export const copyStoreFile =
  (from: string, to: string): TaskEither<StoreError, void> =>
  async () => {
    const opened = openFileForReading(from)
    if (E.isLeft(opened)) return opened
    const { db, isAsItWas } = opened.right
    try {
      await backup(db, to, { rate: PAGES_AT_ONCE })
      return isAsItWas() ? E.right(undefined) : E.left(writtenError(from))
    } catch (thrown) {
      return E.left(storeError(thrown, from))
    } finally {
      db.close()
    }
  }

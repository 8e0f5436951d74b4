import * as E from 'fp-ts/lib/Either.js'
import type { StoreError } from '../port.ts'

/** Primary result codes of SQLite that tell damage from a passing trouble (sqlite.org/rescode.html). */
const ERROR = 1
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const CONSTRAINT = 19
const NOTADB = 26

/**
 * What an exception of `node:sqlite` on this file means for the store, with a sentence that says what to do.
 *
 * @throws the exception itself when it is not one of SQLite's: then the program is wrong.
 */
export function storeError(thrown: unknown, file: string): StoreError {
  // A number that does not fit a number was never written by this program.
  if (hasCode(thrown, 'ERR_OUT_OF_RANGE')) return damaged(file, thrown.message)
  if (!hasCode(thrown, 'ERR_SQLITE_ERROR') || !hasResultCode(thrown)) throw thrown
  // The low byte is the primary code, the rest says more of the same.
  switch (thrown.errcode & 0xff) {
    case FULL:
      return unavailable(`no room left for ${file}: free some space on its disk, and it goes on by itself`)
    case BUSY:
    case LOCKED:
      return unavailable(`another program holds ${file} locked: end it, and the store goes on by itself`)
    case READONLY:
      return unavailable(
        `${file} can't be written: give this user write permission to it and to its directory`,
      )
    case CANTOPEN:
      return unavailable(
        `${file} can't be opened: check that it is a file this user may read and write, and its directory`,
      )
    case NOTADB:
      return damaged(file, 'it is not an SQLite database')
    // Statements and rows are fixed and tested, so these too say that the file is not as it was written.
    case ERROR:
    case CONSTRAINT:
    case CORRUPT:
      return damaged(file, thrown.message)
    default:
      return unavailable(`${file}: ${thrown.message} (SQLite code ${thrown.errcode}): check its disk`)
  }
}

/** Works on this file; what SQLite throws becomes an error of the store. */
export function attempt<A>(file: string, work: () => E.Either<StoreError, A>): E.Either<StoreError, A> {
  try {
    return work()
  } catch (thrown) {
    return E.left(storeError(thrown, file))
  }
}

/** Whether another connection holds the lock that was asked for. */
export const isBusy = (thrown: unknown): boolean =>
  hasCode(thrown, 'ERR_SQLITE_ERROR') && hasResultCode(thrown) && (thrown.errcode & 0xff) === BUSY

/** For contents that are not what was written. `what` completes "the file is damaged: …". */
export const damaged = (file: string, what: string): StoreError => ({
  kind: 'damaged',
  message: `${file} is damaged or not what it should be: ${what}. Keep a copy, then restore the newest backup`,
})

/** For a file that was read as one that nobody changes, and was changed. */
export const writtenError = (file: string): StoreError => ({
  kind: 'in-use',
  message: `${file} was written by another process while it was read: start the same command again`,
})

/** For who still asks a store that was closed. */
export const closedError = (file: string): StoreError => ({
  kind: 'closed',
  message: `${file} was closed: open it again`,
})

const unavailable = (message: string): StoreError => ({ kind: 'unavailable', message })

const hasCode = (thrown: unknown, code: string): thrown is Error =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code

const hasResultCode = (thrown: Error): thrown is Error & { readonly errcode: number } =>
  'errcode' in thrown && typeof thrown.errcode === 'number'

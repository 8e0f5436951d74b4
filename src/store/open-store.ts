import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { errorText } from '../../adapters/error-text.ts'
import type { EventReader, EventStore, StoreError } from '../../adapters/event-store/port.ts'
import { copyStoreFile } from '../../adapters/event-store/sqlite/copy-file.ts'
import { openSqliteEventReader, openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { passwordIn } from '../config/password-file.ts'
import { passwordFileOf, readConnectionString, sqliteFile, withPassword } from './store-url.ts'

/**
 * Opens the store at an address that `readStoreUrl` has passed. A file is made when it is not there, and its directory too. The client
 * of EventStoreDB is loaded only when a connection string asks for it.
 */
export const openEventStore =
  (url: string): TaskEither<StoreError, EventStore> =>
  async () => {
    const file = sqliteFile(url)
    if (file !== null) return openFile(file)
    const complete = withItsPassword(url)
    if (E.isLeft(complete)) return complete
    const { openEventStoreDb } = await import('../../adapters/event-store/eventstoredb/open.ts')
    return openEventStoreDb(complete.right)()
  }

/**
 * Opens a store for reading alone, while a pool works on it or not: a file is not changed, and nothing is made beside one that nobody
 * has open.
 */
export const openEventReader =
  (url: string): TaskEither<StoreError, EventReader> =>
  async () => {
    const file = sqliteFile(url)
    if (file === null) return openEventStore(url)()
    return existsSync(file) ? openSqliteEventReader({ file })() : E.left(notThere(file))
  }

/** Opens a store that is there already: where no file is, none is made. */
export const openExistingEventStore =
  (url: string): TaskEither<StoreError, EventStore> =>
  async () => {
    const file = sqliteFile(url)
    return file === null || existsSync(file) ? openEventStore(url)() : E.left(notThere(file))
  }

/**
 * Copies the store at an address into an SQLite file that is not there yet, as it is at this moment, whether a pool works on it or not.
 * Null for a server: its events are copied one by one, by `copyStore`.
 */
export const copyIntoFile = (url: string, to: string): TaskEither<StoreError, void> | null => {
  const file = sqliteFile(url)
  if (file === null) return null
  return existsSync(file) ? copyStoreFile(file, to) : async () => E.left(notThere(file))
}

/** Whether two addresses name one store, as far as they say: the same file by another path, the same hosts with other keys. */
export const isSameStore = (one: string, other: string): boolean => placeOf(one) === placeOf(other)

function placeOf(url: string): string {
  const file = sqliteFile(url)
  if (file !== null) return existsSync(file) ? realpathSync(file) : file
  const read = readConnectionString(url)
  return E.isLeft(read) ? url : `${read.right.name} ${read.right.streamPrefix}`
}

async function openFile(file: string): Promise<E.Either<StoreError, EventStore>> {
  try {
    mkdirSync(dirname(file), { recursive: true })
  } catch (thrown) {
    return E.left(unavailable(`the directory of ${file} can't be made: ${errorText(thrown)}`))
  }
  return openSqliteEventStore({ file })()
}

function withItsPassword(url: string): E.Either<StoreError, string> {
  const file = passwordFileOf(url)
  if (E.isLeft(file)) return E.left(unavailable(file.left))
  if (file.right === null) return E.right(url)
  const password = readPassword(file.right)
  return E.isLeft(password)
    ? E.left(unavailable(`passwordFile ${file.right} ${password.left}: give it one line, the password`))
    : E.right(withPassword(url, password.right))
}

function readPassword(file: string): E.Either<string, string> {
  try {
    return passwordIn(readFileSync(file, 'utf8'))
  } catch (thrown) {
    return E.left(`can't be read (${errorText(thrown)})`)
  }
}

const notThere = (file: string): StoreError => unavailable(`${file} is not there: name the file of a store`)

const unavailable = (message: string): StoreError => ({ kind: 'unavailable', message })

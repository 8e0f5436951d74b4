import * as E from 'fp-ts/lib/Either.js'
import {
  type ConnectionString,
  isConnectionString,
  parseConnectionString,
} from '../../adapters/event-store/eventstoredb/connection-string.ts'
import { foundText } from '../config/problem.ts'

/** What the address of a store may be, for messages and the manual. */
export const STORE_URL_ALLOWED = 'sqlite: and a path, or a connection string of EventStoreDB'

const SQLITE = 'sqlite:'

/**
 * The address of a store as people write it, checked; a path is made absolute. A connection string may name a file in place of the
 * password: `esdb://user@host?passwordFile=/run/secrets/store`. Left: what was found, without the password, what is allowed, and why.
 */
export function readStoreUrl(given: string, absolute: (path: string) => string): E.Either<string, string> {
  const file = sqliteFile(given)
  if (file === '') return refused(given, 'there is no path')
  if (file !== null) return E.right(SQLITE + absolute(file))
  if (!isConnectionString(given)) return refused(given, 'there is no such store')
  const read = readConnectionString(given)
  return E.isLeft(read) ? refused(given, read.left) : E.right(given)
}

function refused(given: string, why: string): E.Either<string, never> {
  // A password may have got among the keys.
  const found = foundText(withoutPassword(given).replace(/\?.*/s, '?…'))
  return E.left(`found ${found}, allowed: ${STORE_URL_ALLOWED}; ${why}`)
}

/** What a connection string says, its password aside when that is in a file. */
export function readConnectionString(given: string): E.Either<string, ConnectionString> {
  // Else a part of the password would be taken for the host or a key, and be named in a message.
  if (given.includes('@') && !/^[^@/]*:\/\/[^@/?#]*@[^@]*$/.test(given))
    return E.left('in user, password and keys : @ / ? # % are written %3A %40 %2F %3F %23 %25')
  const file = passwordFileOf(given)
  if (E.isLeft(file)) return file
  return parseConnectionString(file.right === null ? given : withPassword(given, 'in its file'))
}

/** The path of `sqlite:` and a path; null for a connection string. */
export const sqliteFile = (url: string): string | null =>
  url.startsWith(SQLITE) ? url.slice(SQLITE.length) : null

/** An address as it may be printed: nobody sees who logs in, and with what. */
export const withoutPassword = (url: string): string =>
  sqliteFile(url) === null ? url.replace(/^([^:/]*:\/\/)?.*@/s, '$1…@') : url

const PASSWORD_FILE = /([?&])passwordFile=([^&]*)&?/i

/** The file that a connection string has its password in; null when it names none. */
export function passwordFileOf(connectionString: string): E.Either<string, string | null> {
  const given = PASSWORD_FILE.exec(connectionString)?.[2]
  if (given === undefined) return E.right(null)
  if (!/^[^:]*:\/\/[^:@]+@/.test(connectionString))
    return E.left('with passwordFile the user alone stands before the @: esdb://user@host')
  try {
    const file = decodeURIComponent(given)
    return file === '' ? E.left('passwordFile names no file') : E.right(file)
  } catch {
    return E.left('in passwordFile % is written %25')
  }
}

/** A connection string with the password in place of the file that it names. */
export const withPassword = (connectionString: string, password: string): string =>
  connectionString.replace(PASSWORD_FILE, '$1').replace('@', `:${encodeURIComponent(password)}@`)

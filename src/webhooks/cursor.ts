import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

const CursorFile = t.type({
  log: t.string,
  position: t.union([t.number, t.null]),
  event: t.union([t.string, t.null]),
})

/**
 * How far a receiver is: everything up to `position` of the log of this name is delivered, or of no interest to it. `event` is the id of the
 * last that was delivered, by which the place is found in another log.
 */
export type Cursor = t.TypeOf<typeof CursorFile>

/** Reads a receiver's cursor; undefined when there is none. Left: a sentence. */
export function readCursor(file: string): E.Either<string, Cursor | undefined> {
  try {
    const cursor = CursorFile.decode(JSON.parse(readFileSync(file, 'utf8')))
    return E.isRight(cursor) ? cursor : E.left(notACursor(file))
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (isMissing) return E.right(undefined)
    return E.left(error instanceof SyntaxError ? notACursor(file) : String(error))
  }
}

const notACursor = (file: string): string =>
  `${file} is not as the pool writes it; remove it, and its receiver is told of what happens from then on`

/** Writes it so that a crash leaves the old one or the new one. */
export function writeCursor(file: string, cursor: Cursor): E.Either<string, void> {
  try {
    mkdirSync(dirname(file), { recursive: true })
    const handle = openSync(`${file}.new`, 'w', 0o600)
    try {
      writeSync(handle, `${JSON.stringify(cursor)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(`${file}.new`, file)
    return E.right(undefined)
  } catch (error) {
    return E.left(String(error))
  }
}

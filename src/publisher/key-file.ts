import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../adapters/error-text.ts'
import { parseSigningKey, type SigningKey, signingKeyText } from '../../domain/transparency/key.ts'

/**
 * Writes a signing key into a file that only its owner can read, on disk when this returns. Never over another. Left: why not, completing
 * "it …".
 */
export function writeKeyFile(path: string, key: SigningKey): E.Either<string, void> {
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, `${signingKeyText(key)}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    const directory = openSync(dirname(path), 'r')
    fsyncSync(directory)
    closeSync(directory)
    return E.right(undefined)
  } catch (error) {
    return E.left(
      isCode(error, 'EEXIST')
        ? 'is there already, and a key is never overwritten'
        : `can't be written (${errorText(error)})`,
    )
  }
}

/** Reads a signing key from its file; undefined when there is no such file. Left, in a sentence: what is wrong with it. */
export function readKeyFile(path: string): E.Either<string, SigningKey | undefined> {
  try {
    return E.mapLeft(({ message }: { readonly message: string }) => `${path}: ${message}`)(
      parseSigningKey(readFileSync(path, 'utf8').trim()),
    )
  } catch (error) {
    return isCode(error, 'ENOENT')
      ? E.right(undefined)
      : E.left(`${path} can't be read (${errorText(error)}): let the user that runs this read it.`)
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

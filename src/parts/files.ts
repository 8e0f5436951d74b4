import { mkdirSync, readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../adapters/error-text.ts'
import type { Config, TlsFiles } from '../config/config.ts'
import type { PoolError } from './error.ts'

/** Makes the directory that everything of the pool is in. */
export function makeDataDirectory({ pool }: Config): E.Either<PoolError, void> {
  try {
    mkdirSync(pool.dataDirectory, { recursive: true })
    return E.right(undefined)
  } catch (error) {
    return E.left({ message: `The data directory can't be made: ${errorText(error)}` })
  }
}

/** Reads a file of text. */
export function readText(file: string): E.Either<PoolError, string> {
  try {
    return E.right(readFileSync(file, 'utf8'))
  } catch (error) {
    return E.left({ message: `${file}: ${errorText(error)}` })
  }
}

/** Reads the two files of a TLS server. */
export function readTls(
  files: TlsFiles,
): E.Either<PoolError, { readonly key: string; readonly cert: string }> {
  const key = readText(files.keyFile)
  if (E.isLeft(key)) return key
  const cert = readText(files.certificateFile)
  return E.isLeft(cert) ? cert : E.right({ key: key.right, cert: cert.right })
}

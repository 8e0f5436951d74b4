import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { isKeyName, signingKey, verifierKeyText } from '../../../domain/transparency/key.ts'
import { writeKeyFile } from '../../publisher/key-file.ts'
import { nameOfItsOwn } from '../../publisher/keys.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { absolute } from '../read-config.ts'
import { complain, print, printJson } from '../terminal.ts'

/** What the command line says about a new key. */
export interface KeygenRequest {
  readonly file: string
  /** One of its own when there is none. */
  readonly name: string | undefined
  /** For a witness: its key signs that it saw a checkpoint. */
  readonly witness: boolean
  readonly json: boolean
}

/** `lodebook keygen`: makes a signing key, and prints the verifier key that belongs to it. */
export function keygen({ file, name = nameOfItsOwn(), witness, json }: KeygenRequest): ExitCode {
  if (!isKeyName(name)) {
    complain(
      `--name: found "${name}", allowed: an address without "https://", spaces and plus, such as pool.example.com/ledger`,
    )
    return EXIT.usage
  }
  const key = signingKey(name, witness ? 'cosignature' : 'note', randomBytes(32))
  const written = writeKeyFile(absolute(file), key)
  if (E.isLeft(written)) {
    complain(`${file} ${written.left}; name another file`)
    return EXIT.failed
  }
  const verifierKey = verifierKeyText(key.verifier)
  if (json) printJson({ file: absolute(file), name, verifierKey })
  else print(verifierKey)
  return EXIT.ok
}

import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../adapters/error-text.ts'
import { LedgerOrigin } from '../../domain/events.ts'
import { openCheckpoint, type SignedCheckpoint } from '../../domain/transparency/checkpoint.ts'
import {
  parseSigningKey,
  type SigningKey,
  signingKey,
  type VerifierKey,
} from '../../domain/transparency/key.ts'
import type { LedgerConfig } from '../config/config.ts'
import { readKeyFile, writeKeyFile } from './key-file.ts'

/** What signs the ledger, and what it has signed. */
export interface LedgerKeys {
  /** Name of the ledger, and of its keys. */
  readonly origin: string
  /** The key in force, then the one before it while both sign. */
  readonly signing: readonly [SigningKey, ...SigningKey[]]
  /** The last checkpoint that was signed, as the ledger's folder has it. */
  readonly signed: SignedCheckpoint | null
  /** When, Unix ms; 0 for never. */
  readonly signedAt: number
  /** The file that the key was just made in; null for a key that was there. */
  readonly made: string | null
}

/**
 * Takes the keys of the configuration, and makes one where there is none and nothing was ever signed. A ledger is only signed by the key
 * that signed it before, or by two while they change. `named` is the origin of the ledger that the log names, null when it names none: a
 * log that has one has been signed, even where the folder does not say so. Left, in a sentence: why nothing can be signed.
 */
export function openLedgerKeys(
  config: LedgerConfig,
  folder: string,
  named: string | null,
): E.Either<string, LedgerKeys> {
  const note = readNote(folder)
  if (E.isLeft(note)) return note
  if (note.right === null && named !== null) return E.left(folderLost(folder, named))
  const given = givenKey(config)
  if (E.isLeft(given)) return given
  if (given.right === undefined && note.right !== null)
    return E.left(
      `${folder} was signed before, and the key that signed it is not in ${config.keyFile}: put the key back, from your copy of it. ` +
        'A key that is lost for good ends its ledger: move the folder away, and "lodebook begin-ledger" begins one of another name.',
    )
  const key = given.right === undefined ? makeKey(config) : E.right(given.right)
  if (E.isLeft(key)) return key
  const origin = key.right.verifier.name
  const previous = previousKey(config)
  if (E.isLeft(previous)) return previous
  const signing = [key.right, ...previous.right] as const
  const fault = keyFault(config, signing)
  if (fault !== undefined) return E.left(fault)
  const signed = note.right === null ? E.right(null) : openSigned(note.right.text, folder, origin, signing)
  if (E.isLeft(signed)) return signed
  return E.right({
    origin,
    signing,
    signed: signed.right,
    signedAt: note.right?.writtenAt ?? 0,
    made: given.right === undefined ? config.keyFile : null,
  })
}

const folderLost = (folder: string, named: string): string =>
  `The log names the ledger "${named}", which was signed before, and ${folder} has no checkpoint: nobody can say whether this log holds all ` +
  'that was signed, and so all that was paid. Put the folder back, or fetch the ledger from a copy of it: move the log away, and ' +
  '"lodebook restore <backup> --ledger <URL of the copy>". Where no copy is left and this log is the newest one that there is, ' +
  '"lodebook begin-ledger" makes the ledger anew from it.'

interface NoteFile {
  readonly text: string
  /** Unix ms. */
  readonly writtenAt: number
}

function readNote(folder: string): E.Either<string, NoteFile | null> {
  const path = join(folder, 'checkpoint')
  try {
    return E.right({ text: readFileSync(path, 'utf8'), writtenAt: Math.round(statSync(path).mtimeMs) })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return E.right(null)
    return E.left(`${path} can't be read (${errorText(error)}): nothing is signed before it can be.`)
  }
}

function givenKey({ key, keyFile }: LedgerConfig): E.Either<string, SigningKey | undefined> {
  if (key === null) return readKeyFile(keyFile)
  return E.mapLeft(({ message }: { readonly message: string }) => `ledger.key: ${message}`)(
    parseSigningKey(key),
  )
}

/** What the keys of a configuration are verified with, those that are there; none is made. Left, in a sentence: one can't be read. */
export function configuredKeys(config: LedgerConfig): E.Either<string, readonly VerifierKey[]> {
  const given = givenKey(config)
  if (E.isLeft(given)) return given
  const previous = previousKey(config)
  if (E.isLeft(previous)) return previous
  const signing = [...(given.right === undefined ? [] : [given.right]), ...previous.right]
  return E.right(signing.map(({ verifier }) => verifier))
}

function makeKey({ origin, keyFile }: LedgerConfig): E.Either<string, SigningKey> {
  const key = signingKey(origin ?? nameOfItsOwn(), 'note', randomBytes(32))
  const written = writeKeyFile(keyFile, key)
  return E.isLeft(written) ? E.left(`${keyFile} ${written.left}.`) : E.right(key)
}

/** A name that no other ledger has, of a domain that nobody can have (RFC 6761, 6.4). */
export const nameOfItsOwn = (): string => `lodebook.invalid/${randomBytes(8).toString('hex')}`

function previousKey({ previousKeyFile }: LedgerConfig): E.Either<string, readonly SigningKey[]> {
  if (previousKeyFile === null) return E.right([])
  const read = readKeyFile(previousKeyFile)
  if (E.isLeft(read)) return read
  return read.right === undefined
    ? E.left(
        `${previousKeyFile} is not there: correct ledger.previous_key_file, or leave it out when no key changes.`,
      )
    : E.right([read.right])
}

function keyFault({ origin }: LedgerConfig, signing: readonly SigningKey[]): string | undefined {
  for (const { verifier } of signing) {
    if (verifier.use !== 'note')
      return `The key of "${verifier.name}" is a witness's. Make one for the ledger with "lodebook keygen".`
    if (!LedgerOrigin.is(verifier.name))
      return `The name of the signing key, "${verifier.name}", can't be that of a ledger: make one of 1 to 128 printable characters with "lodebook keygen --name".`
  }
  const names = new Set([
    ...(origin === null ? [] : [origin]),
    ...signing.map(({ verifier }) => verifier.name),
  ])
  if (names.size <= 1) return undefined
  return `The names of ledger.origin and of the signing keys must be the same, and they are ${[...names].map((name) => `"${name}"`).join(' and ')}: make a key with "lodebook keygen --name", or correct ledger.origin.`
}

function openSigned(
  note: string,
  folder: string,
  origin: string,
  signing: readonly SigningKey[],
): E.Either<string, SignedCheckpoint> {
  const opened = openCheckpoint(note, {
    origin,
    keys: signing.map(({ verifier }) => verifier),
    witnesses: [],
  })
  if (E.isRight(opened)) return opened
  switch (opened.left.kind) {
    case 'unsigned':
      return E.left(
        `${folder} was last signed by another key than ${signing.length === 1 ? 'that' : 'those'} of the configuration. To change keys, give the one before as ledger.previous_key_file: both sign until you take it out.`,
      )
    case 'origin':
      return E.left(
        `${folder} is another ledger than "${origin}". Move it away to begin one of that name, or put its own key back.`,
      )
    case 'form':
    case 'signature':
      return E.left(
        `The checkpoint in ${folder} is damaged, and nobody can say what was signed last. Put it back from a copy of the folder that is as new: a mirror, a witness. (${opened.left.message})`,
      )
  }
}

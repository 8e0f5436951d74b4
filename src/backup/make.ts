import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../adapters/error-text.ts'
import type { BackupFigures } from '../../adapters/http/admin/port.ts'
import { copyStore } from '../store/copy.ts'
import type { VerifyReport } from '../store/findings.ts'
import { copyIntoFile, openEventReader, openEventStore } from '../store/open-store.ts'
import { patientReader } from '../store/patience.ts'
import { verifyStore } from '../store/verify.ts'

/** What is to be backed up, and to where. */
export interface BackupOrder {
  /** Address of the store, as `readStoreUrl` gives it. */
  readonly storeUrl: string
  /** An SQLite file that is not there yet; its directory is made. */
  readonly file: string
  /** Unix ms. */
  readonly now: number
}

/** How far it is. */
export interface BackupProgress {
  readonly doing: 'copying' | 'reading events' | 'reading streams'
  readonly count: number
  /** From 0 to 1; null when nobody knows. */
  readonly fraction: number | null
}

/**
 * Makes a backup of a store, while a pool works on it or not: one SQLite file, itself a store. It is opened and read to its end like any
 * store before it gets its name, so that what has the name is whole. Left: why there is none, a sentence for the operator.
 */
export async function makeBackup(
  { storeUrl, file, now }: BackupOrder,
  watch: (progress: BackupProgress) => void,
): Promise<E.Either<string, BackupFigures>> {
  if (existsSync(file)) return E.left(`${file} is there already and is not overwritten: name another file`)
  const partial = `${file}.partial`
  try {
    mkdirSync(dirname(file), { recursive: true })
    removeStore(partial)
    const copied = await copy(storeUrl, partial, watch)
    if (E.isLeft(copied)) return copied
    const report = await verifyFile(partial, watch)
    if (E.isLeft(report)) return report
    await syncToDisk(partial)
    const { bytes, sha256 } = await sumUpFile(partial)
    renameSync(partial, file)
    await syncToDisk(dirname(file))
    const { events, lastAt } = report.right
    return E.right({ name: basename(file), madeAt: now, bytes, sha256, events, lastAt })
  } catch (error) {
    return E.left(`The backup could not be written: ${errorText(error)}`)
  } finally {
    removeStore(partial)
  }
}

async function copy(
  storeUrl: string,
  partial: string,
  watch: (progress: BackupProgress) => void,
): Promise<E.Either<string, void>> {
  const copying = copyIntoFile(storeUrl, partial)
  watch({ doing: 'copying', count: 0, fraction: null })
  return copying === null
    ? copyEvents(storeUrl, partial, watch)
    : E.mapLeft(({ message }: { readonly message: string }) => message)(await copying())
}

async function copyEvents(
  storeUrl: string,
  partial: string,
  watch: (progress: BackupProgress) => void,
): Promise<E.Either<string, void>> {
  const source = await openEventReader(storeUrl)()
  if (E.isLeft(source)) return E.left(source.left.message)
  try {
    const target = await openEventStore(`sqlite:${partial}`)()
    if (E.isLeft(target)) return E.left(target.left.message)
    try {
      const copied = await copyStore(
        patientReader(source.right, () => undefined),
        target.right,
        ({ events, fraction }) => watch({ doing: 'copying', count: events, fraction }),
      )()
      return E.isLeft(copied) ? E.left(copied.left.message) : E.right(undefined)
    } finally {
      await target.right.close()
    }
  } finally {
    await source.right.close()
  }
}

/** Opens a file as a store for reading alone, and reads all of it. Left: what is wrong with it. */
export async function verifyFile(
  file: string,
  watch: (progress: BackupProgress) => void,
): Promise<E.Either<string, VerifyReport>> {
  const opened = await openEventReader(`sqlite:${file}`)()
  if (E.isLeft(opened)) return E.left(opened.left.message)
  try {
    const verified = await verifyStore(opened.right, watch)()
    if (E.isLeft(verified)) return E.left(verified.left.message)
    const { problems, problemsFound } = verified.right
    return problemsFound === 0
      ? E.right(verified.right)
      : E.left(
          `${file} is not whole: ${problems[0]}${problemsFound > 1 ? `, and ${problemsFound - 1} more` : ''}`,
        )
  } finally {
    await opened.right.close()
  }
}

/** SHA-256 of a file, lower-case hex, and its length. */
export async function sumUpFile(file: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(file)) {
    const part: unknown = chunk
    if (!Buffer.isBuffer(part)) continue
    hash.update(part)
    bytes += part.length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** Resolves when a file's contents, or a directory's names, are on the disk. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes an SQLite store with all that is beside it. */
export function removeStore(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '.lock', '.lock-journal'])
    rmSync(`${file}${suffix}`, { force: true })
}

import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { errorText } from '../../adapters/error-text.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { openLedger } from '../../adapters/ledger/open.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import type { VerifierKey } from '../../domain/transparency/key.ts'
import type { VerifyReport } from '../store/findings.ts'
import { openExistingEventStore } from '../store/open-store.ts'
import { sqliteFile } from '../store/store-url.ts'
import { anchorLedger } from './anchor.ts'
import { type Continued, continueFrom } from './continue.ts'
import { readFigures } from './figures.ts'
import { type BackupProgress, removeStore, sumUpFile, syncToDisk, verifyFile } from './make.ts'

/** What is to be restored, and to where. */
export interface RestoreOrder {
  /** The backup. It is only read. */
  readonly file: string
  /** Address of the store, as `readStoreUrl` gives it: a file that is not there. */
  readonly storeUrl: string
  readonly dataDirectory: string
  /** Folder or URL of a ledger to continue from; null for that of the data directory, if there is one. */
  readonly ledger: string | null
  /** Of the configuration: a ledger that one of them signed is believed, whatever keys the backup names. */
  readonly keys: readonly VerifierKey[]
}

/** What was restored. */
export interface Restored {
  readonly store: string
  readonly events: number
  /** Of the last event in the backup, and of the last one now, Unix ms. */
  readonly backupAt: number | null
  readonly lastAt: number | null
  /** What the ledger had beyond the backup; null when there was no ledger to look at. */
  readonly continued: ContinuedLedger | null
  /** Read models of another history were removed: the pool makes new ones. */
  readonly readModelsRemoved: boolean
}

/** A ledger that a backup was continued from. */
export interface ContinuedLedger {
  /** Its folder or URL. */
  readonly from: string
  /** It is the pool's own, which has all that was ever signed. A copy has what there was when it was made. */
  readonly isOwn: boolean
  /** Entries under its checkpoint. */
  readonly signed: number
  /** Events that the backup did not have. */
  readonly added: number
}

/**
 * Puts a backup in the place of a store that is gone, and continues it from the public ledger, whose checkpoint is in the pool's own
 * folder from then on. It is copied beside, read to its end, and gets its name when it is whole, so that there is a whole store or none.
 * Left: why there is none, a sentence for the operator.
 */
export async function restoreBackup(
  { file, storeUrl, dataDirectory, ledger, keys }: RestoreOrder,
  watch: (progress: BackupProgress) => void,
): Promise<E.Either<string, Restored>> {
  const target = sqliteFile(storeUrl)
  if (target === null)
    return E.left(
      `a backup is a store itself, and a server is filled by a copy: lodebook store copy --from sqlite:${file} --to <store.url>`,
    )
  if (!existsSync(file)) return E.left(`${file} is not there: name a backup`)
  if (existsSync(target))
    return E.left(`${target} is there already and is not overwritten: move it away first, if it is damaged`)
  if (existsSync(`${target}-wal`))
    return E.left(
      `${target}-wal is still there, and holds events of the store that it belongs to: move it to where that is`,
    )
  const source = sourceOf(ledger, dataDirectory)
  if (E.isLeft(source)) return source
  const sound = await isAsItWas(file)
  if (E.isLeft(sound)) return sound
  const aside = `${target}.restoring`
  try {
    mkdirSync(dirname(target), { recursive: true })
    removeStore(aside)
    copyFileSync(file, aside)
    const before = await verifyFile(aside, watch)
    if (E.isLeft(before)) return E.left(before.left.replaceAll(aside, file))
    const continued =
      source.right === null ? E.right(null) : await extend(aside, source.right, before.right.events, keys)
    if (E.isLeft(continued))
      return E.left(`${continued.left}. Nothing was restored; without the ledger: --no-ledger`)
    const after = await verifiedAgain(aside, before.right, continued.right, watch)
    if (E.isLeft(after)) return after
    await syncToDisk(aside)
    const anchored = await anchor(dataDirectory, source.right, continued.right)
    if (E.isLeft(anchored)) return E.left(`${anchored.left}. Nothing was restored`)
    removeStore(target)
    renameSync(aside, target)
    await syncToDisk(dirname(target))
    return E.right({
      store: storeUrl,
      events: after.right.events,
      backupAt: before.right.lastAt,
      lastAt: after.right.lastAt,
      continued: continuedLedger(dataDirectory, source.right, continued.right),
      readModelsRemoved: removeReadModels(dataDirectory),
    })
  } catch (error) {
    return E.left(`The store could not be written: ${errorText(error)}`)
  } finally {
    removeStore(aside)
  }
}

/** An empty address is for none. */
function sourceOf(ledger: string | null, dataDirectory: string): E.Either<string, LedgerSource | null> {
  if (ledger === '') return E.right(null)
  if (ledger !== null) return openLedger(ledger)
  const folder = ownFolder(dataDirectory)
  return E.right(existsSync(join(folder, 'checkpoint')) ? ledgerFolder(folder) : null)
}

const ownFolder = (dataDirectory: string): string => join(dataDirectory, 'ledger')

const anchor = async (
  dataDirectory: string,
  source: LedgerSource | null,
  continued: Continued | null,
): Promise<E.Either<string, void>> =>
  source === null || continued === null
    ? E.right(undefined)
    : anchorLedger(ledgerFolder(ownFolder(dataDirectory)), source, continued.checkpoint)

const continuedLedger = (
  dataDirectory: string,
  source: LedgerSource | null,
  continued: Continued | null,
): ContinuedLedger | null =>
  source === null || continued === null
    ? null
    : {
        from: source.name,
        isOwn: resolve(source.name) === resolve(ownFolder(dataDirectory)),
        signed: continued.checkpoint.size,
        added: continued.added,
      }

/** Compares with what was written beside the backup when it was made, if that is there. */
async function isAsItWas(file: string): Promise<E.Either<string, void>> {
  const figures = readFigures(file)
  if (E.isLeft(figures)) return figures
  if (figures.right === null) return E.right(undefined)
  const { sha256 } = await sumUpFile(file)
  return sha256 === figures.right.sha256
    ? E.right(undefined)
    : E.left(
        `${file} is not what it was when it was made: its SHA-256 is ${sha256}, and was ${figures.right.sha256}. Take another copy of it, or another backup`,
      )
}

async function extend(
  file: string,
  source: LedgerSource,
  events: number,
  keys: readonly VerifierKey[],
): Promise<E.Either<string, Continued>> {
  const opened = await openExistingEventStore(`sqlite:${file}`)()
  if (E.isLeft(opened)) return E.left(opened.left.message)
  try {
    return await continueFrom(source, opened.right, events, keys)
  } finally {
    await opened.right.close()
  }
}

const verifiedAgain = async (
  file: string,
  before: VerifyReport,
  continued: Continued | null,
  watch: (progress: BackupProgress) => void,
): Promise<E.Either<string, VerifyReport>> =>
  continued === null || continued.added === 0 ? E.right(before) : verifyFile(file, watch)

/** They are of the history that was there before, and can be made from the log at any time. */
function removeReadModels(dataDirectory: string): boolean {
  const file = join(dataDirectory, 'read-models.db')
  if (!existsSync(file)) return false
  removeStore(file)
  return true
}

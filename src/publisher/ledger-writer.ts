import * as E from 'fp-ts/lib/Either.js'
import type { LedgerFolder } from '../../adapters/ledger/folder.ts'
import type { LedgerError } from '../../adapters/ledger/port.ts'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import { type Checkpoint, checkpointText, signCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { type EdgeFile, ledgerEdge } from '../../domain/transparency/edge.ts'
import { entryOf, type LoggedEvent } from '../../domain/transparency/entry.ts'
import { type NoteSignature, noteText, parseNote, type Signer } from '../../domain/transparency/note.ts'
import { ENTRY_BYTES_MAX, parseLedgerPath, TILE_WIDTH } from '../../domain/transparency/tile.ts'

/**
 * Why the ledger can't go on. `disk`: a file can't be written or read; the same again may succeed, and nothing is lost. `log`: the
 * log does not fit what was signed, or holds what has no entry. `folder`: something else writes in the folder. After these
 * nothing may ever be signed again.
 */
export interface LedgerFault {
  readonly kind: 'disk' | 'log' | 'folder'
  readonly message: string
}

/** A checkpoint that is on disk. */
export interface WrittenCheckpoint extends Checkpoint {
  /** With its signatures. */
  readonly note: string
}

/** Writes the events of a log into a ledger's folder, from the first one on, and signs what is there. */
export interface LedgerWriter {
  /** Entries so far. */
  readonly size: () => number
  /** Entries so far are at least those that were signed before, and fit them. */
  readonly isChecked: () => boolean
  /** Takes the next events. Files that become full are on disk when this resolves. */
  readonly add: (events: readonly LoggedEvent[]) => Promise<E.Either<LedgerFault, void>>
  /** Writes and signs everything that was added. Nothing is signed before it is checked, nor twice. */
  readonly sign: () => Promise<E.Either<LedgerFault, WrittenCheckpoint>>
  /** Adds a witness's signature to a checkpoint, if it is still the newest; undefined when it is not. */
  readonly cosign: (
    text: string,
    signature: NoteSignature,
  ) => Promise<E.Either<LedgerFault, WrittenCheckpoint | undefined>>
}

/** What the ledger is written with. `signed`: the checkpoint in the folder, null for an empty folder. */
export interface LedgerWriterOptions {
  readonly folder: LedgerFolder
  readonly origin: string
  readonly signers: readonly Signer[]
  readonly signed: WrittenCheckpoint | null
}

/** Files that may differ from the log and are mended; more are no accident. Ordinary ones have 400 kB together with their tiles. */
const HELD_MAX = 64

/** Partial files removed after a checkpoint, a few milliseconds: after a restart all full files may have some. */
const REMOVED_AT_ONCE = 64

/** Begins with an empty tree, which the events must bring to what was signed before anything is signed. */
export function ledgerWriter({ folder, origin, signers, signed }: LedgerWriterOptions): LedgerWriter {
  const edge = ledgerEdge(sha256)
  /** Files that are not on disk yet, in the order in which they became full. */
  let due: EdgeFile[] = []
  /** What is to take the place of files that differ, once it is sure that the log is right and not they. */
  let held: EdgeFile[] = []
  /** Size whose partial files were taken: they are due or on disk. */
  let edgeAt = 0
  /** Tiles whose partial files the next checkpoint makes needless. */
  let outgrown: string[] = []
  let latest = signed
  /** Of writes whose outcome is not known. */
  const attempted = new Set<string>()
  let fault: LedgerFault | undefined

  const isChecked = (): boolean => signed === null || edge.size() >= signed.size

  function take(event: LoggedEvent): E.Either<LedgerFault, void> {
    const entry = entryOf(event)
    if (E.isLeft(entry)) return broken('log', `${nameOf(event)} has no entry: its data ${entry.left}.`)
    const bytes = Buffer.from(entry.right.text)
    if (bytes.length > ENTRY_BYTES_MAX)
      return broken(
        'log',
        `${nameOf(event)} has an entry of ${bytes.length} bytes; ${ENTRY_BYTES_MAX} is the most.`,
      )
    edge.append(bytes)
    if (edge.size() % TILE_WIDTH === 0) due.push(...edge.take().filter((file) => !isPartial(file)))
    return edge.size() === signed?.size ? check(signed) : E.right(undefined)
  }

  function check(before: Checkpoint): E.Either<LedgerFault, void> {
    if (toBase64(edge.root()) !== toBase64(before.root)) return broken('log', misfit(before))
    if (held.length > HELD_MAX) return broken('folder', damaged(folder.name))
    due.push(...held)
    held = []
    return E.right(undefined)
  }

  function broken(kind: LedgerFault['kind'], message: string): E.Either<LedgerFault, never> {
    fault = { kind, message }
    return E.left(fault)
  }

  /** All at once: they share the syncs of the disk, which the miners' answers wait for too. */
  async function writeDue(): Promise<E.Either<LedgerFault, void>> {
    const files = due
    const written = await Promise.all(files.map(writeUnlessThere))
    outgrown.push(
      ...files.filter((file, i) => !isPartial(file) && isDone(written[i])).map(({ path }) => path),
    )
    due = files.filter((_, i) => !isDone(written[i]))
    return written.find(E.isLeft) ?? E.right(undefined)
  }

  /** After a restart most full files are there: the disk is the miners' too. */
  async function writeUnlessThere(file: EdgeFile): Promise<E.Either<LedgerFault, void>> {
    if (isPartial(file)) return write(file)
    const found = await read(file)
    if (E.isRight(found) && Buffer.compare(found.right, file.bytes) === 0) return E.right(undefined)
    if (E.isLeft(found) && found.left.kind === 'disk') return E.left(disk(found.left))
    const isThere = E.isRight(found) || found.left.kind !== 'not-found'
    if (!isThere || isChecked()) return write(file)
    if (held.length <= HELD_MAX) held.push(file)
    return E.right(undefined)
  }

  async function read({ path }: EdgeFile): Promise<E.Either<LedgerError, Uint8Array>> {
    const file = parseLedgerPath(path)
    if (file === undefined || file.kind === 'checkpoint') throw new RangeError(`${path} is no file of a tree`)
    const { index, width } = file
    return (file.kind === 'tile' ? folder.tile(file.level, index, width) : folder.bundle(index, width))()
  }

  async function write({ path, bytes }: EdgeFile): Promise<E.Either<LedgerFault, void>> {
    return E.mapLeft(disk)(await folder.write(path, bytes)())
  }

  /** What is published is what this writer has written, or it is not alone. */
  async function checkFolder(): Promise<E.Either<LedgerFault, void>> {
    const found = await folder.checkpoint()()
    if (E.isLeft(found) && found.left.kind !== 'not-found') return E.left(disk(found.left))
    const note = E.isLeft(found) ? null : Buffer.from(found.right).toString('utf8')
    return note === (latest?.note ?? null) || (note !== null && attempted.has(note))
      ? E.right(undefined)
      : broken(
          'folder',
          `The checkpoint in ${folder.name} was changed by something else than this pool. Let one program alone write there.`,
        )
  }

  async function publish(
    checkpoint: Checkpoint,
    note: string,
  ): Promise<E.Either<LedgerFault, WrittenCheckpoint>> {
    const alone = await checkFolder()
    if (E.isLeft(alone)) return alone
    attempted.add(note)
    const written = await write({ path: 'checkpoint', bytes: Buffer.from(note) })
    if (E.isLeft(written)) return written
    latest = { ...checkpoint, note }
    attempted.clear()
    return E.right(latest)
  }

  return {
    size: edge.size,
    isChecked,
    add: async (events) => {
      if (fault !== undefined) return E.left(fault)
      for (const event of events) {
        const taken = take(event)
        if (E.isLeft(taken)) return taken
      }
      return writeDue()
    },
    sign: async () => {
      if (fault !== undefined) return E.left(fault)
      if (!isChecked()) throw new RangeError('a ledger that is not checked is not signed')
      const checkpoint = { origin, size: edge.size(), root: edge.root() }
      if (latest !== null && latest.size === checkpoint.size) return E.right(latest)
      if (edgeAt !== checkpoint.size) {
        due = [...due.filter((file) => !isPartial(file)), ...edge.take()]
        edgeAt = checkpoint.size
      }
      const written = await writeDue()
      if (E.isLeft(written)) return written
      const published = await publish(checkpoint, signCheckpoint(checkpoint, signers))
      if (E.isLeft(published)) return published
      const removed = outgrown.slice(0, REMOVED_AT_ONCE)
      outgrown = outgrown.slice(REMOVED_AT_ONCE)
      for (const path of removed) await folder.removePartial(path)()
      return published
    },
    cosign: async (text, signature) => {
      if (fault !== undefined) return E.left(fault)
      if (latest === null || checkpointText(latest) !== text) return E.right(undefined)
      const note = parseNote(latest.note)
      if (E.isLeft(note)) throw new RangeError(note.left.message)
      const others = note.right.signatures.filter(({ name }) => name !== signature.name)
      return publish(latest, noteText({ text, signatures: [...others, signature] }))
    },
  }
}

const nameOf = ({ stream, revision, type }: LoggedEvent): string => `Event ${stream}@${revision} (${type})`

const isDone = (written: E.Either<LedgerFault, void> | undefined): boolean =>
  written !== undefined && E.isRight(written)

const isPartial = ({ path }: EdgeFile): boolean => path.includes('.p/')

const disk = ({ message }: LedgerError): LedgerFault => ({ kind: 'disk', message })

const misfit = ({ size }: Checkpoint): string =>
  `The log does not fit the ledger: its first ${size} events have another root than the checkpoint that was signed for them. ` +
  'Somebody has changed the log, or it is not the one that belongs to this folder. Put the right one back.'

const damaged = (folder: string): string =>
  `More than ${HELD_MAX} files in ${folder} are not what was signed, and the log is. Remove the folder "tile" in it: it is made again from the log at the next start.`

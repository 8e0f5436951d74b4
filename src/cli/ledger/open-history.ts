import * as E from 'fp-ts/lib/Either.js'
import { readCheckpoint } from '../../../adapters/ledger/checkpoint.ts'
import { openLedger } from '../../../adapters/ledger/open.ts'
import type { LedgerSource } from '../../../adapters/ledger/port.ts'
import { type Checkpoint, parseCheckpoint, trustIn } from '../../../domain/transparency/checkpoint.ts'
import { parseVerifierKey, type VerifierKey } from '../../../domain/transparency/key.ts'
import { type Note, parseNote } from '../../../domain/transparency/note.ts'
import { type History, ledgerHistory, storeHistory } from '../../replay/history.ts'
import { openEventReader } from '../../store/open-store.ts'
import { printable } from '../../store/printable.ts'
import { readStoreUrl } from '../../store/store-url.ts'
import { absolute } from '../read-config.ts'
import { complain } from '../terminal.ts'

/** Why a history can't be opened: `usage` when it was asked for wrongly. `message` is a sentence for people. */
export interface OpenError {
  readonly kind: 'usage' | 'failed'
  readonly message: string
}

/** A ledger and what it promises. */
export interface OpenedLedger {
  readonly source: LedgerSource
  readonly checkpoint: Checkpoint
  /** As it was published. */
  readonly note: string
  readonly signatures: Note['signatures']
  /** The key by which its signature was checked; null where none was given: then everything is only what the source says. */
  readonly checkedBy: VerifierKey | null
}

/** Opens the ledger at an address as its newest checkpoint has it. */
export async function openLedgerAt(
  address: string,
  vkey: string | undefined,
): Promise<E.Either<OpenError, OpenedLedger>> {
  const source = openLedger(address)
  if (E.isLeft(source)) return usage(source.left)
  if (vkey === undefined) return openUnchecked(source.right)
  const key = parseVerifierKey(vkey)
  if (E.isLeft(key)) return usage(`--key: ${key.left.message}`)
  const signed = await readCheckpoint(source.right, trustIn(key.right))()
  if (E.isLeft(signed)) return failed(signed.left.message)
  const { origin, size, root, note } = signed.right
  const parsed = parseNote(note)
  if (E.isLeft(parsed)) return failed(parsed.left.message)
  return E.right({
    ...{ source: source.right, checkpoint: { origin, size, root }, note, checkedBy: key.right },
    signatures: parsed.right.signatures,
  })
}

async function openUnchecked(source: LedgerSource): Promise<E.Either<OpenError, OpenedLedger>> {
  const bytes = await source.checkpoint()()
  if (E.isLeft(bytes)) return failed(bytes.left.message)
  const note = new TextDecoder().decode(bytes.right)
  const parsed = parseNote(note)
  if (E.isLeft(parsed)) return failed(parsed.left.message)
  const checkpoint = parseCheckpoint(parsed.right.text)
  if (E.isLeft(checkpoint)) return failed(checkpoint.left.message)
  const { signatures } = parsed.right
  return E.right({ source, checkpoint: checkpoint.right, note, signatures, checkedBy: null })
}

/** Where a history is: a published ledger, with or without its key, or a store. */
export interface HistoryAddress {
  readonly ledger?: string
  readonly key?: string
  readonly store?: string
}

/** A history that was opened. Give it free at the end. */
export interface OpenedHistory {
  readonly history: History
  /** Nobody vouches for what the ledger says: no key was given. */
  readonly isUnchecked: boolean
  readonly close: () => Promise<void>
}

/** Opens the history that an address names. */
export async function openHistory(address: HistoryAddress): Promise<E.Either<OpenError, OpenedHistory>> {
  const { ledger, key, store } = address
  if (ledger !== undefined && store === undefined) {
    const opened = await openLedgerAt(ledger, key)
    if (E.isLeft(opened)) return opened
    const { source, checkpoint, checkedBy } = opened.right
    const history = ledgerHistory(source, checkpoint)
    return E.right({ history, isUnchecked: checkedBy === null, close: async () => undefined })
  }
  if (store === undefined || ledger !== undefined || key !== undefined)
    return usage('Give the address of a ledger, with --key to have it checked, or --store.')
  const url = readStoreUrl(store, absolute)
  if (E.isLeft(url)) return usage(`--store: ${url.left}`)
  const opened = await openEventReader(url.right)()
  if (E.isLeft(opened)) return failed(printable(opened.left.message))
  return E.right({
    history: storeHistory(opened.right),
    isUnchecked: false,
    close: () => opened.right.close(),
  })
}

const usage = (message: string): E.Either<OpenError, never> => E.left({ kind: 'usage', message })
const failed = (message: string): E.Either<OpenError, never> => E.left({ kind: 'failed', message })

/** Says on standard error when nobody vouches for what was read. */
export function tellUnchecked({ isUnchecked }: { readonly isUnchecked: boolean }): void {
  if (isUnchecked)
    complain(
      'without --key no signature was checked: this is only what the ledger says; give its verifier key, from somewhere else than the ledger',
    )
}

/** Why a ledger has no such entry, a sentence; undefined when it has. */
export function missingEntry(index: number, { size }: Checkpoint): string | undefined {
  if (index < size) return undefined
  return size === 0
    ? 'this ledger has no entries yet'
    : `this ledger has no entry ${index}: its last is ${size - 1}`
}

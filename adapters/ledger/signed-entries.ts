import * as E from 'fp-ts/lib/Either.js'
import { parseCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { parseNote } from '../../domain/transparency/note.ts'
import { type LedgerEvent, readEntryText } from '../../domain/transparency/read-entry.ts'
import type { ProvenEntry } from '../../domain/transparency/receipt.ts'
import { TILE_WIDTH } from '../../domain/transparency/tile.ts'
import type { LedgerError, LedgerSource } from './port.ts'
import { ledgerReader } from './reader.ts'

/** An entry of the ledger: its index, its text, and the event in it. */
export interface SignedEntry extends LedgerEvent {
  readonly index: number
  readonly text: string
}

/** The entries under one checkpoint of the pool's own ledger, each read and hashed once. For one question. */
export interface SignedEntries {
  /** Entries under the checkpoint. */
  readonly size: number
  /** The signed note. */
  readonly checkpoint: string
  /** Undefined where there is none: it is not signed yet, or never was. */
  readonly entry: (index: number) => Promise<E.Either<LedgerError, SignedEntry | undefined>>
  /** The entries of one bundle, in order: of a number beyond the last, none. */
  readonly bundle: (number: number) => Promise<E.Either<LedgerError, readonly SignedEntry[]>>
  readonly prove: (entry: SignedEntry) => Promise<E.Either<LedgerError, ProvenEntry>>
}

/** Bundles kept while a question lasts: 12 MB of ordinary ones. */
const BUNDLES_KEPT = 32

/** Opens the entries under the newest checkpoint. Whose signature it bears is not looked at: it is this pool's. */
export async function openSignedEntries(source: LedgerSource): Promise<E.Either<LedgerError, SignedEntries>> {
  const read = await source.checkpoint()()
  if (E.isLeft(read)) return read
  const checkpoint = new TextDecoder().decode(read.right)
  const head = E.chainW(({ text }: { readonly text: string }) => parseCheckpoint(text))(parseNote(checkpoint))
  if (E.isLeft(head)) return E.left({ kind: 'not-a-ledger', message: head.left.message })
  const { size } = head.right
  const reader = ledgerReader(source, head.right)
  const bundles = new Map<number, readonly Uint8Array[]>()

  async function bytesOf(number: number): Promise<E.Either<LedgerError, readonly Uint8Array[]>> {
    const known = bundles.get(number)
    if (known !== undefined) return E.right(known)
    const from = number * TILE_WIDTH
    let entries: readonly Uint8Array[] = []
    if (from >= size) return E.right(entries)
    for await (const batch of reader.entries(from, Math.min(size, from + TILE_WIDTH))) {
      if (E.isLeft(batch)) return batch
      entries = batch.right.entries
    }
    bundles.set(number, entries)
    for (const oldest of bundles.keys()) {
      if (bundles.size <= BUNDLES_KEPT) break
      bundles.delete(oldest)
    }
    return E.right(entries)
  }

  async function bundle(number: number): Promise<E.Either<LedgerError, readonly SignedEntry[]>> {
    const bytes = await bytesOf(number)
    if (E.isLeft(bytes)) return bytes
    const entries: SignedEntry[] = []
    for (const [place, each] of bytes.right.entries()) {
      const entry = signedEntry(number * TILE_WIDTH + place, each)
      if (E.isLeft(entry)) return entry
      entries.push(entry.right)
    }
    return E.right(entries)
  }

  return E.right({
    size,
    checkpoint,
    bundle,
    entry: async (index) => {
      const bytes = await bytesOf(Math.floor(index / TILE_WIDTH))
      if (E.isLeft(bytes)) return bytes
      const found = bytes.right[index % TILE_WIDTH]
      return found === undefined ? E.right(undefined) : signedEntry(index, found)
    },
    prove: async ({ index, text }) =>
      E.map((proof: readonly Uint8Array[]): ProvenEntry => ({ index, entry: text, proof }))(
        await reader.inclusionProof(index)(),
      ),
  })
}

function signedEntry(index: number, bytes: Uint8Array): E.Either<LedgerError, SignedEntry> {
  const text = new TextDecoder().decode(bytes)
  const event = readEntryText(text)
  return E.isLeft(event)
    ? E.left({ kind: 'not-a-ledger', message: `Entry ${index} ${event.left.message}.` })
    : E.right({ ...event.right, index, text })
}

import * as E from 'fp-ts/lib/Either.js'
import type { EventReader, RecordedEvent, StoreError } from '../../adapters/event-store/port.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import type { LoggedEvent } from '../../domain/transparency/entry.ts'
import { cutEntry } from './cut-entry.ts'

/** An event of a pool's history. */
export interface HistoryEvent extends LoggedEvent {
  /** Index of its entry in the ledger: its ordinal among all events, from 0. */
  readonly entry: number
}

/** Events side by side. */
export interface HistoryBatch {
  readonly events: readonly HistoryEvent[]
  /** How far through the history its end is, from 0 to 1. */
  readonly fraction: number
}

/** Why a history can't be read any further. `message` is a sentence for people. */
export interface HistoryError {
  readonly kind: /** The file of a ledger, or the store, can't be had or is not what was promised. */
    | 'unreadable'
    /** An entry is none. */
    | 'no-entry'
  readonly message: string
}

/** All that happened in a pool, from the first event on, wherever it is kept. */
export interface History {
  /** For people: the folder, the URL or the store. */
  readonly name: string
  /** Ends after the first error. */
  readonly batches: () => AsyncGenerator<E.Either<HistoryError, HistoryBatch>>
}

/** A published ledger as a checkpoint promises it: what is not under its root is an error. */
export const ledgerHistory = (
  source: LedgerSource,
  checkpoint: { readonly size: number; readonly root: Uint8Array },
): History => ({
  name: source.name,
  batches: async function* () {
    const { size } = checkpoint
    const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    for await (const batch of ledgerReader(source, checkpoint).entries(0, size)) {
      if (E.isLeft(batch)) return yield unreadable(batch.left.message)
      const { first, entries } = batch.right
      const events: HistoryEvent[] = []
      for (const [i, bytes] of entries.entries()) {
        const event = cutEntry(textOf(utf8, bytes))
        if (event === undefined) return yield noEntry(first + i)
        events.push({ ...event, entry: first + i })
      }
      yield E.right({ events, fraction: (first + entries.length) / size })
    }
  },
})

interface Utf8 {
  readonly decode: (bytes: Uint8Array) => string
}

/** Empty for what is not UTF-8: that is no entry either. */
function textOf(utf8: Utf8, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return ''
  }
}

const unreadable = (message: string): E.Either<HistoryError, never> => E.left({ kind: 'unreadable', message })

const noEntry = (index: number): E.Either<HistoryError, never> =>
  E.left({
    kind: 'no-entry',
    message: `Entry ${index} is not the JSON of an event: nothing after it can be relied on. Show it to whoever publishes the ledger.`,
  })

/** Events of a store that are read at once: 4 MB of the largest there can be. */
const PAGE = 64

/** The log in a pool's own store, up to the event that is its newest now. */
export const storeHistory = (store: EventReader): History => ({
  name: store.name,
  batches: async function* () {
    const head = await store.head()()
    if (E.isLeft(head)) return yield unreadable(head.left.message)
    if (head.right._tag === 'None') return
    const end = head.right.value
    let entry = 0
    let after: number | null = null
    while (after === null || after < end) {
      const page: E.Either<StoreError, readonly RecordedEvent[]> = await store.readAll(after, PAGE)()
      if (E.isLeft(page)) return yield unreadable(page.left.message)
      const known: readonly RecordedEvent[] = page.right.filter(({ position }) => position <= end)
      const last = known.at(-1)
      if (last === undefined) return
      after = last.position
      yield E.right({
        events: known.map(({ stream, revision, type, data }) => ({
          ...{ stream, revision, type, data },
          entry: entry++,
        })),
        fraction: last.position / Math.max(1, end),
      })
    }
  },
})

import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { decodeEvent, type PoolEvent } from '../../../domain/events.ts'
import { decodeBundle, TILE_WIDTH, widthIn } from '../../../domain/transparency/tile.ts'
import type { LedgerSource } from '../../ledger/port.ts'
import type { Problem } from '../problem.ts'

/** An entry of the ledger as it is published: `text` is its canonical JSON, the rest what that says. */
export interface LedgerEntry {
  readonly index: number
  readonly text: string
  /** Unix ms; null where the event names none. */
  readonly at: number | null
  readonly stream: string
  readonly revision: number
  readonly type: string
  readonly data: unknown
}

/** When an entry was written: its index, and Unix ms. */
export interface LedgerMoment {
  readonly index: number
  readonly at: number
}

/** Entries of the published ledger, for pages. `size` is that of the published checkpoint: there is nothing from there on. */
export interface LedgerEntries {
  readonly one: (size: number, index: number) => Promise<E.Either<Problem, LedgerEntry | undefined>>
  /** From one index to another, exclusive; at most {@link ENTRIES_AT_ONCE}. */
  readonly some: (
    size: number,
    from: number,
    to: number,
  ) => Promise<E.Either<Problem, readonly LedgerEntry[]>>
  /** Evenly spaced moments of its growth and the newest, oldest first, at most {@link MOMENTS_MAX} and one. */
  readonly growth: (size: number) => Promise<E.Either<Problem, readonly LedgerMoment[]>>
}

/** Moments of a ledger's growth at most. */
export const MOMENTS_MAX = 64

/** Entries read for one page at most: four bundles, about 1 MB of a busy ledger. */
export const ENTRIES_AT_ONCE: number = 4 * TILE_WIDTH

/** Bundles kept in memory: those that pages begin with are asked for again and again. */
const BUNDLES_KEPT = 8

const Envelope = t.type({
  at: t.union([t.number, t.null]),
  data: t.unknown,
  revision: t.number,
  stream: t.string,
  type: t.string,
})

const unreadable: Problem = {
  kind: 'unavailable',
  detail: 'The ledger cannot be read at the moment. Mining goes on; try again in a minute.',
}

type Asked<T> = Promise<E.Either<Problem, T>>

/** Reads entries from a published ledger. */
export function ledgerEntries(source: LedgerSource): LedgerEntries {
  const kept = new Map<string, readonly Uint8Array[]>()
  /** Entries never change, so neither do their times: those of one spacing, until it doubles. */
  let grown: { spacing: number; readonly moments: Map<number, LedgerMoment> } = {
    spacing: 1,
    moments: new Map(),
  }

  /** Texts of a bundle's entries. Each is understood only when it is shown: a page shows few. */
  async function bundle(size: number, index: number): Asked<readonly Uint8Array[]> {
    const width = widthIn(size, 0, index)
    if (width === 0) return E.right([])
    const name = `${index}/${width}`
    const known = kept.get(name)
    if (known !== undefined) return E.right(known)
    const read = await readTexts(source, index, width)
    if (E.isLeft(read)) return read
    kept.set(name, read.right)
    for (const oldest of kept.keys()) {
      if (kept.size <= BUNDLES_KEPT) break
      kept.delete(oldest)
    }
    return read
  }

  async function some(size: number, from: number, to: number): Asked<readonly LedgerEntry[]> {
    const entries: LedgerEntry[] = []
    const end = Math.min(size, to, from + ENTRIES_AT_ONCE)
    for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < end; index++) {
      const read = await bundle(size, index)
      if (E.isLeft(read)) return read
      const first = index * TILE_WIDTH
      for (let at = Math.max(from, first); at < Math.min(end, first + read.right.length); at++) {
        const entry = readEntry(at, new TextDecoder().decode(read.right[at - first]))
        if (entry === undefined) return E.left(unreadable)
        entries.push(entry)
      }
    }
    return E.right(entries)
  }

  async function growth(size: number): Asked<readonly LedgerMoment[]> {
    let { spacing } = grown
    while (size / spacing > MOMENTS_MAX) spacing *= 2
    if (spacing !== grown.spacing) grown = { spacing, moments: new Map() }
    const { moments } = grown
    for (let index = 0; index < size; index += spacing) {
      if (moments.has(index)) continue
      const at = await timeOf(source, size, index)
      if (E.isLeft(at)) return at
      moments.set(index, { index, at: at.right })
    }
    const newest = await timeOf(source, size, size - 1)
    if (E.isLeft(newest)) return newest
    const known = [...moments.values()].filter(({ index }) => index < size - 1)
    return E.right(inTime([...known, { index: size - 1, at: newest.right }]))
  }

  return {
    growth: (size) => (size === 0 ? Promise.resolve(E.right([])) : growth(size)),
    one: async (size, index) => {
      const read = await some(size, index, index + 1)
      return E.isLeft(read) ? read : E.right(read.right[0])
    },
    some,
  }
}

/** An entry may be dated before one that stands in front of it; it was there no earlier than that one. */
function inTime(moments: readonly LedgerMoment[]): readonly LedgerMoment[] {
  let latest = 0
  return moments.map(({ index, at }) => {
    latest = Math.max(latest, at)
    return { index, at: latest }
  })
}

/** Texts of a bundle's entries. */
async function readTexts(source: LedgerSource, index: number, width: number): Asked<readonly Uint8Array[]> {
  const partial = await source.bundle(index, width)()
  // A partial bundle is gone once the full one is there, which begins with the same entries.
  const isFull = E.isLeft(partial) && partial.left.kind === 'not-found' && width < TILE_WIDTH
  const bytes = isFull ? await source.bundle(index, TILE_WIDTH)() : partial
  if (E.isLeft(bytes)) return E.left(unreadable)
  const entries = decodeBundle(bytes.right, isFull ? TILE_WIDTH : width)
  return E.isLeft(entries) ? E.left(unreadable) : E.right(entries.right.slice(0, width))
}

/** Reads the time of one entry alone: the rest of its bundle need not be understood. */
async function timeOf(source: LedgerSource, size: number, index: number): Asked<number> {
  const bundle = Math.floor(index / TILE_WIDTH)
  const texts = await readTexts(source, bundle, widthIn(size, 0, bundle))
  if (E.isLeft(texts)) return texts
  const entry = readEntry(
    index,
    new TextDecoder().decode(texts.right[index % TILE_WIDTH] ?? new Uint8Array()),
  )
  return entry === undefined || entry.at === null ? E.left(unreadable) : E.right(entry.at)
}

/** Reads the text of an entry; undefined where it is none. */
export function readEntry(index: number, text: string): LedgerEntry | undefined {
  const envelope = Envelope.decode(parsed(text))
  return E.isLeft(envelope) ? undefined : { index, text, ...envelope.right }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The event of an entry; undefined for a type that this program does not know. */
export function eventOf({ type, data }: Pick<LedgerEntry, 'type' | 'data'>): PoolEvent | undefined {
  const event = decodeEvent(type, JSON.stringify(data))
  return E.isRight(event) ? event.right : undefined
}

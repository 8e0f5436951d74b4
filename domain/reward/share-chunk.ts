import type { ShareReference } from '../events.ts'
import { type LotTable, wholeUnits } from './lot-table.ts'
import { resized } from './resized.ts'

/** Shares in one chunk at most: a place in it fits 16 bits, and one pass over it takes about a millisecond. */
export const CHUNK_SHARES = 65_536
/** Milliseconds that an event of a chunk may be away from its first: they are kept in 32 bits. */
const SPAN_MS_MAX = 0x7fff_ffff

/** Where an event of shares stands in the log. */
export interface SharesEvent {
  readonly stream: string
  readonly revision: number
  /** Its `at`, Unix ms. */
  readonly atMs: number
}

/** Events of one stream, one after the other. */
interface Run {
  readonly stream: string
  readonly firstRevision: number
  /** Ordinal in the chunk. */
  readonly firstEvent: number
}

/**
 * A run of shares in the order of the log, as columns: 6 bytes for a share and 6 for an event. Where many gateways write, a run of
 * consecutive events of one stream is short, and there is an object for each.
 */
export class ShareChunk {
  /** Ordinal of its first share in the window. */
  readonly first: number
  readonly lots: LotTable
  shares = 0
  /** Of each share: ordinal of its account, and its lot. */
  account = new Uint32Array(CHUNK_SHARES)
  lot = new Uint16Array(CHUNK_SHARES)
  #events = 0
  /** Of each event: its first share, and its time. */
  #eventStart = new Uint16Array(256)
  #eventSpanMs = new Int32Array(256)
  readonly #runs: Run[] = []
  readonly #baseMs: number
  #units: bigint | null = null

  constructor(first: number, lots: LotTable, baseMs: number) {
    this.first = first
    this.lots = lots
    this.#baseMs = baseMs
  }

  /** Says whether an event of so many shares still fits. */
  hasRoom(event: SharesEvent, shares: number): boolean {
    return (
      this.shares + shares <= CHUNK_SHARES &&
      this.lots.hasRoom(shares) &&
      Math.abs(event.atMs - this.#baseMs) <= SPAN_MS_MAX
    )
  }

  /** Begins an event: the shares added next are its, one at least. */
  begin({ stream, revision, atMs }: SharesEvent): void {
    if (this.#events === this.#eventStart.length) {
      this.#eventStart = resized(this.#eventStart, new Uint16Array(2 * this.#events))
      this.#eventSpanMs = resized(this.#eventSpanMs, new Int32Array(2 * this.#events))
    }
    const run = this.#runs.at(-1)
    if (run?.stream !== stream || revision !== run.firstRevision + this.#events - run.firstEvent)
      this.#runs.push({ stream, firstRevision: revision, firstEvent: this.#events })
    this.#eventStart[this.#events] = this.shares
    this.#eventSpanMs[this.#events] = atMs - this.#baseMs
    this.#events++
  }

  /** Adds a share to the event begun last. */
  add(account: number, lot: number): void {
    this.account[this.shares] = account
    this.lot[this.shares] = lot
    this.shares++
  }

  /** No share is added from now on: lets go of the room for more. */
  seal(): void {
    this.account = resized(this.account, new Uint32Array(this.shares))
    this.lot = resized(this.lot, new Uint16Array(this.shares))
    this.#eventStart = resized(this.#eventStart, new Uint16Array(this.#events))
    this.#eventSpanMs = resized(this.#eventSpanMs, new Int32Array(this.#events))
    this.#units = this.unitsOf(0, this.shares)
  }

  /** Units of one share. */
  unitsAt(index: number): bigint {
    return this.lots.unitsOf(this.lot[index] ?? 0)
  }

  /** Units of the shares from one index up to another, exclusive. */
  unitsOf(from: number, to: number): bigint {
    if (this.#units !== null && from === 0 && to === this.shares) return this.#units
    const { lot } = this
    const { high, low } = this.lots
    let highs = 0
    let lows = 0
    for (let i = from; i < to; i++) {
      const kind = lot[i] ?? 0
      highs += high[kind] ?? 0
      lows += low[kind] ?? 0
    }
    return wholeUnits(highs, lows)
  }

  /** Index of a share by its place in the log; undefined when it is not here. */
  indexOf({ stream, revision, index }: ShareReference): number | undefined {
    for (const [i, run] of this.#runs.entries()) {
      const event = run.firstEvent + revision - run.firstRevision
      if (run.stream !== stream || event < run.firstEvent || event >= this.#endOfRun(i)) continue
      const share = (this.#eventStart[event] ?? 0) + index
      return share < this.#endOf(event) ? share : undefined
    }
    return undefined
  }

  /** Place in the log of the share at an index. */
  placeOf(index: number): ShareReference {
    const event = lastUpTo(this.#events, (i) => (this.#eventStart[i] ?? 0) <= index)
    const run = this.#runs[lastUpTo(this.#runs.length, (i) => (this.#runs[i]?.firstEvent ?? 0) <= event)]
    return {
      stream: run?.stream ?? '',
      revision: (run?.firstRevision ?? 0) + event - (run?.firstEvent ?? 0),
      index: index - (this.#eventStart[event] ?? 0),
    }
  }

  /** Index after the newest event, of those with a share before `to`, whose time is not after `timeMs`; undefined when all are. */
  endUpTo(timeMs: number, to: number): number | undefined {
    const newest = lastUpTo(this.#events, (i) => (this.#eventStart[i] ?? 0) < to)
    for (let event = newest; event >= 0; event--)
      if (this.#baseMs + (this.#eventSpanMs[event] ?? 0) <= timeMs) return Math.min(to, this.#endOf(event))
    return undefined
  }

  #endOf(event: number): number {
    return event + 1 < this.#events ? (this.#eventStart[event + 1] ?? 0) : this.shares
  }

  #endOfRun(run: number): number {
    return this.#runs[run + 1]?.firstEvent ?? this.#events
  }
}

/** The last of so many ordinals for which something holds that holds up to some ordinal, the first at least. */
function lastUpTo(count: number, holds: (ordinal: number) => boolean): number {
  let low = 0
  let high = count - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (holds(middle)) low = middle
    else high = middle - 1
  }
  return low
}

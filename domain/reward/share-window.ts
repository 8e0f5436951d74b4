import * as E from 'fp-ts/lib/Either.js'
import type { Network } from '../decred/network.ts'
import type { ShareReference } from '../events.ts'
import { LotTable } from './lot-table.ts'
import { CHUNK_SHARES, ShareChunk, type SharesEvent } from './share-chunk.ts'
import { compareIds } from './split.ts'
import { UnitSums } from './unit-sums.ts'
import type { WindowLimit } from './window-limit.ts'

/** The accepted shares of one event as far as rewards go by them: columns of equal length. */
export interface ShareBatch extends SharesEvent {
  /** Account ids. */
  readonly account: readonly string[]
  /** Of each share's job. */
  readonly bits: readonly number[]
  readonly difficulty: readonly number[]
}

/** Shares that are looked at between two yields at most: a fraction of a millisecond, or a few where a window is cut. */
export const SLICE_SHARES = 16_384

/** Work in a window, by account. */
export interface WindowSums {
  /** The oldest share that counts, and the find. */
  readonly from: ShareReference
  readonly to: ShareReference
  /** The oldest one included, however little of it counts. */
  readonly shares: number
  readonly units: bigint
  /** In order of their ids; each has units. */
  readonly accounts: readonly { readonly account: string; readonly units: bigint }[]
}

/** Why a window can't be summed up. */
export interface WindowError {
  readonly kind: /** The find is not among the shares in memory. */
    | 'unknown-find'
    /** The window reaches further back than the shares in memory. */
    | 'history-missing'
  readonly message: string
}

/**
 * The latest accepted shares in the order of the log: what a block is allocated by. Shares are added at the end and let go at
 * the front. Sums are gathered in slices, between which the process answers its miners. Mutable, one owner.
 *
 * Ten million shares take 60 MB, and 6 bytes for each event. Accounts are remembered as long as the window lives.
 */
export class ShareWindow {
  readonly #network: Network
  readonly #accounts: string[] = []
  readonly #ordinals = new Map<string, number>()
  #chunks: ShareChunk[] = []
  /** Nothing is in the log before the first share. */
  #isWhole: boolean

  /** `fromFirst`: the first share added is the first of the log. */
  constructor(network: Network, fromFirst: boolean) {
    this.#network = network
    this.#isWhole = fromFirst
  }

  /** Shares in memory. */
  get shares(): number {
    const last = this.#chunks.at(-1)
    return last === undefined ? 0 : last.first + last.shares - this.#first
  }

  /** The newest share; null before the first. */
  get last(): ShareReference | null {
    const chunk = this.#chunks.at(-1)
    return chunk === undefined ? null : chunk.placeOf(chunk.shares - 1)
  }

  /**
   * Adds the shares of the next event of the log.
   *
   * @throws RangeError when a share is harder than the network or the columns are not of one length: the log is not what this
   * program writes, and the window is of no use any more.
   */
  append(batch: ShareBatch): void {
    const { account, bits, difficulty } = batch
    if (account.length !== bits.length || account.length !== difficulty.length)
      throw new RangeError(`the columns of ${batch.stream}@${batch.revision} are not of one length`)
    if (account.length === 0) return
    const chunk = this.#chunkFor(batch, account.length)
    chunk.begin(batch)
    for (let i = 0; i < account.length; i++)
      chunk.add(this.#ordinalOf(account[i] ?? ''), chunk.lots.lotOf(bits[i] ?? 0, difficulty[i] ?? 0))
  }

  /**
   * Sums up the window that ends with a share. Yields after each slice of at most {@link SLICE_SHARES} shares, and
   * before it puts the accounts in order; shares may be appended in between, but not trimmed.
   *
   * @throws RangeError when the limit is the find itself or a later share.
   */
  *walk(to: ShareReference, limit: WindowLimit): Generator<void, E.Either<WindowError, WindowSums>> {
    const end = this.#locate(to)
    if (end === undefined)
      return E.left({
        kind: 'unknown-find',
        message: `Share ${to.index} of ${to.stream}@${to.revision} is not in memory.`,
      })
    const barrier = limit.after === null ? undefined : this.#locate(limit.after)
    const lowest = barrier === undefined ? this.#first : barrier + 1
    if (lowest > end) throw new RangeError('a window is to begin after its end')
    const gathered = yield* this.#gather(end, lowest, limit)
    const isOver = gathered.isOver || barrier !== undefined || (limit.after === null && this.#isWhole)
    if (!isOver)
      return E.left({
        kind: 'history-missing',
        message: `The window of share ${to.index} of ${to.stream}@${to.revision} begins before the shares in memory.`,
      })
    const { from, units } = gathered
    const accounts = gathered.sums
      .result()
      .flatMap((sum, i) => (sum > 0n ? [{ account: this.#accounts[i] ?? '', units: sum }] : []))
    yield
    accounts.sort((a, b) => compareIds(a.account, b.account))
    return E.right({ from: this.#placeOf(from), to, shares: end - from + 1, units, accounts })
  }

  /** Sums up backwards from `end` to `lowest`, or to where units or time are over. */
  *#gather(end: number, lowest: number, { unitsMax, afterMs }: WindowLimit): Generator<void, Gathered> {
    const sums = new UnitSums(this.#accounts.length)
    let units = 0n
    let from = end + 1
    for (let c = this.#chunkIndexOf(end); c >= 0 && from > lowest; ) {
      const chunk = this.#chunks[c]
      if (chunk === undefined) break
      const rest = unitsMax === null ? null : unitsMax - units
      const slice = cutSlice(chunk, lowest, from, afterMs, rest)
      sums.add(chunk, slice.from, slice.to)
      if (slice.part > 0n) sums.addUnits(chunk.account[slice.from - 1] ?? 0, slice.part)
      units += slice.units
      from = chunk.first + slice.from - (slice.part > 0n ? 1 : 0)
      if (slice.isLast) return { sums, units, from, isOver: true }
      if (from === chunk.first) c--
      yield
    }
    return { sums, units, from, isOver: false }
  }

  /**
   * Lets go of shares that no window which ends at `to` or later can reach; null for the newest share. The limit is that of `to`.
   * Whole chunks go: up to {@link CHUNK_SHARES} shares more than needed stay.
   */
  trim(to: ShareReference | null, limit: WindowLimit): void {
    const end = to === null ? this.#first + this.shares - 1 : this.#locate(to)
    if (end === undefined) return
    const barrier = limit.after === null ? undefined : this.#locate(limit.after)
    let units = 0n
    let c = this.#chunkIndexOf(end)
    for (; c > 0; c--) {
      const chunk = this.#chunks[c]
      if (chunk === undefined || (barrier !== undefined && chunk.first <= barrier)) break
      const shares = Math.min(chunk.shares, end + 1 - chunk.first)
      units += chunk.unitsOf(0, shares)
      if (limit.unitsMax !== null && units >= limit.unitsMax) break
      if (limit.afterMs !== null && chunk.endUpTo(limit.afterMs, shares) !== undefined) break
    }
    if (c <= 0) return
    this.#chunks = this.#chunks.slice(c)
    this.#isWhole = false
  }

  get #first(): number {
    return this.#chunks[0]?.first ?? 0
  }

  #chunkFor(event: SharesEvent, shares: number): ShareChunk {
    const last = this.#chunks.at(-1)
    if (last?.hasRoom(event, shares)) return last
    if (shares > CHUNK_SHARES)
      throw new RangeError(`${event.stream}@${event.revision} has ${shares} shares: more than an event can`)
    last?.seal()
    const chunk = new ShareChunk(
      last === undefined ? 0 : last.first + last.shares,
      this.#lotsAfter(last, shares),
      event.atMs,
    )
    this.#chunks.push(chunk)
    return chunk
  }

  #lotsAfter(last: ShareChunk | undefined, shares: number): LotTable {
    if (last?.lots.hasRoom(shares)) return last.lots
    last?.lots.seal()
    return new LotTable(this.#network)
  }

  #ordinalOf(account: string): number {
    const known = this.#ordinals.get(account)
    if (known !== undefined) return known
    const ordinal = this.#accounts.push(account) - 1
    this.#ordinals.set(account, ordinal)
    return ordinal
  }

  #locate(share: ShareReference): number | undefined {
    for (let c = this.#chunks.length - 1; c >= 0; c--) {
      const chunk = this.#chunks[c]
      const at = chunk?.indexOf(share)
      if (chunk !== undefined && at !== undefined) return chunk.first + at
    }
    return undefined
  }

  #chunkIndexOf(ordinal: number): number {
    return this.#chunks.findLastIndex(({ first }) => first <= ordinal)
  }

  #placeOf(ordinal: number): ShareReference {
    const chunk = this.#chunks[this.#chunkIndexOf(ordinal)]
    return chunk?.placeOf(ordinal - chunk.first) ?? { stream: '', revision: 0, index: 0 }
  }
}

interface Gathered {
  readonly sums: UnitSums
  readonly units: bigint
  /** Ordinal of the oldest share that counts. */
  readonly from: number
  /** Units or time ended it, not the shares. */
  readonly isOver: boolean
}

interface Slice {
  /** Shares of the chunk that count in full: from one index up to another, exclusive. */
  readonly from: number
  readonly to: number
  /** What counts of the share before `from`; 0n when the whole slice fits. */
  readonly part: bigint
  /** Of all that counts. */
  readonly units: bigint
  /** The window ends here. */
  readonly isLast: boolean
}

/** The next slice of a window: shares of a chunk from `lowest` up to `end`, exclusive, in ordinals of the window. */
function cutSlice(
  chunk: ShareChunk,
  lowest: number,
  end: number,
  afterMs: number | null,
  rest: bigint | null,
): Slice {
  const to = end - chunk.first
  const bound = Math.max(0, lowest - chunk.first, to - SLICE_SHARES)
  const inTime = afterMs === null ? undefined : chunk.endUpTo(afterMs, to)
  const isLast = inTime !== undefined && inTime >= bound
  const from = isLast ? inTime : bound
  const units = chunk.unitsOf(from, to)
  if (rest === null || units < rest) return { from, to, part: 0n, units, isLast }
  let left = rest
  let i = to - 1
  for (let worth = chunk.unitsAt(i); worth < left; worth = chunk.unitsAt(--i)) left -= worth
  return { from: i + 1, to, part: left, units: rest, isLast: true }
}

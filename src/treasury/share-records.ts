import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { BookedBlock, Books } from '../../domain/bookkeeping/books.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, PoolEvent, ShareReference } from '../../domain/events.ts'
import { type AdoptedPolicy, isSameScheme } from '../../domain/policy.ts'
import { OpenWork, type SettledWork } from '../../domain/reward/pay-per-share.ts'
import { ShareWindow, type WindowError, type WindowSums } from '../../domain/reward/share-window.ts'
import { LOST_HEIGHTS, type WindowLimit, windowLimit } from '../../domain/reward/window-limit.ts'
import { readStreamName, type StreamName } from '../../domain/stream-name.ts'
import { ShareKeys } from './accepted-shares.ts'
import type { MoneyColumns } from './money-columns.ts'

/** Where the share stands that found a block, and by what it is shared. */
export interface Find {
  /** The last share before the end of its gateway when its own was lost; null when its scheme had none yet, or is over. */
  readonly share: ShareReference | null
  /** Says which of two finds is earlier: shares read before it, or less than nothing where reading began after it. */
  readonly ordinal: number
  /** `at` of its event, Unix ms. */
  readonly atMs: number
  /** In force at the find; undefined when there was none yet. */
  readonly policy: AdoptedPolicy | undefined
  /** Of the newest work then. */
  readonly height: number
  /** Number of the scheme it was found under: a window reaches no further back than its scheme. */
  readonly era: number
}

/** Work of `pps` that is to be settled. */
export interface WorkDue {
  /** Revision of the `PolicyAdopted` it is paid by. */
  readonly policy: number
  /** Of the first work after it; null as long as there is none. */
  readonly height: number | null
  readonly work: SettledWork
}

/** A place in the log where the reading of shares begins, and what is known of the time before it. */
export interface SharesStart {
  /** Adopted before it, in the order of the log. */
  readonly policies: readonly AdoptedPolicy[]
  /** No share of the scheme in force stands before it. */
  readonly isWhole: boolean
  /** Blocks that were found before it, as far as their own streams tell. */
  readonly finds: ReadonlyMap<string, Find>
  /**
   * Blocks whose reward was shared at some time, by hash, with the revision of the policy by which; grows as the log is read. Their shares
   * may be let go. Empty for one who has nowhere to read them again: then they stay until the block is mature.
   */
  readonly shared: ReadonlyMap<string, number>
}

/** The beginning of the log. */
export const LOG_START: SharesStart = { policies: [], isWhole: true, finds: new Map(), shared: new Map() }

/** An event that names work or a worker which was not read. */
export interface UnresolvedShare {
  readonly kind: 'unresolved-share'
  readonly gateway: number
  readonly data: MoneyColumns
}

/** How far clocks may go back between two shares. */
const CLOCK_MS_MAX = 60_000

/**
 * What the accepted shares of the log come to: who found which block, the window by which it is shared, work that `pps` pays for. A fold
 * of the log in its order. Mutable, one owner.
 */
export class ShareRecords {
  readonly keys = new ShareKeys()
  /** By block hash. */
  readonly finds: Map<string, Find>
  /** Shares since the scheme in force was adopted that may still be paid; empty where each is paid at once, or none. */
  window: ShareWindow
  /** In the order in which they are to be settled. */
  readonly workDue: WorkDue[] = []
  /** Shares read. */
  shares = 0
  /** The newest share of the scheme in force; null before its first. */
  lastShare: ShareReference | null = null
  /** In force for the next event. */
  policy: AdoptedPolicy | undefined
  /** How often another scheme was adopted. */
  era: number
  readonly #network: Network
  readonly #books: Books
  readonly #shared: ReadonlyMap<string, number>
  /** Finds whose blocks are not in the log yet, by block hash. */
  readonly #solved = new Map<string, Find>()
  /** Where the newest share of each gateway stands, by its number; where it joined before its first. A lost share came after it. */
  readonly #ends = new Map<number, Find>()
  readonly #work: OpenWork
  /** Shares of the scheme in force stand before those that were read. */
  #isWhole: boolean
  /** `at` of the newest shares, Unix ms. */
  #lastMs = 0
  /** A block was found by a share from before the place where reading began, or by one that was lost there. */
  #hasEarlierFind = false

  /** `books` are those of the same log; only looked at. */
  constructor(network: Network, books: Books, { policies, isWhole, finds, shared }: SharesStart) {
    this.#network = network
    this.#books = books
    this.#shared = shared
    this.#isWhole = isWhole
    this.window = new ShareWindow(network, isWhole)
    this.#work = new OpenWork(network, new Map())
    this.finds = new Map(finds)
    this.policy = policies.at(-1)
    this.era = erasOf(policies)
  }

  /** Folds the next event of the log; nothing of it where a share can't be resolved. */
  take(recorded: RecordedEvent, event: PoolEvent): UnresolvedShare | undefined {
    const stream = readStreamName(recorded.stream)
    if (stream.kind === 'pool') this.#evolvePool(recorded, event)
    if (stream.kind === 'connection') this.#evolveConnection(stream, recorded.revision, event)
    if (stream.kind === 'block' && event.type === 'BlockFound') this.#found(stream.hash, event.data)
    if (stream.kind !== 'work' && stream.kind !== 'shares') return undefined
    if (event.type === 'SharesAccepted') return this.#addShares(stream.gateway, recorded, event.data)
    if (event.type === 'WorkIssued') this.#issued(stream.gateway, event.data)
    return undefined
  }

  /** The same for accepted shares of which only what matters here was read. */
  takeShares(recorded: RecordedEvent, data: MoneyColumns): UnresolvedShare | undefined {
    const stream = readStreamName(recorded.stream)
    return stream.kind === 'shares' ? this.#addShares(stream.gateway, recorded, data) : undefined
  }

  #evolvePool({ position, revision }: RecordedEvent, { type, data }: PoolEvent): void {
    if (type === 'GatewayJoined') {
      this.keys.gatewayJoined(data.gateway)
      this.#ends.set(data.gateway, this.#findAt(this.lastShare, this.shares - 1, data.at))
    }
    if (type !== 'PolicyAdopted') return
    const { v, at, ...policy } = data
    if (this.policy === undefined || !isSameScheme(this.policy.policy.scheme, policy.scheme)) {
      this.window = new ShareWindow(this.#network, true)
      this.#isWhole = true
      this.lastShare = null
      this.era++
    }
    this.#settleOpenWork(null)
    this.policy = { position, revision, policy }
  }

  #evolveConnection(
    { gateway, connection }: StreamName & { kind: 'connection' },
    revision: number,
    { type, data }: PoolEvent,
  ): void {
    if (type === 'WorkerAuthorized') this.keys.workerAuthorized(gateway, connection, revision, data.account)
    if (type === 'MinerDisconnected') this.keys.minerDisconnected(gateway, connection)
  }

  #issued(gateway: number, data: EventData<'WorkIssued'>): void {
    const before = this.keys.height
    this.keys.workIssued(gateway, data)
    for (const [i, due] of this.workDue.entries())
      if (due.height === null) this.workDue[i] = { ...due, height: data.height }
    if (data.height > before) this.#settleOpenWork(data.height)
  }

  #settleOpenWork(height: number | null): void {
    const work = this.#work.settle()
    if (work !== null) this.workDue.push({ policy: this.policy?.revision ?? 0, height, work })
  }

  #addShares(
    gateway: number,
    { stream, revision }: RecordedEvent,
    data: MoneyColumns,
  ): UnresolvedShare | undefined {
    const count = data.difficulty.length
    if (count === 0) return undefined
    const { policy } = this
    const kind = policy?.policy.scheme.kind ?? 'solo'
    if (policy !== undefined && kind !== 'solo') {
      const resolved = this.keys.resolve(gateway, data)
      if (resolved === undefined) return { kind: 'unresolved-share', gateway, data }
      const { account, bits, subsidy } = resolved
      const batch = { stream, revision, atMs: data.at, account, bits, difficulty: data.difficulty }
      if (kind === 'pps') this.#work.add(batch, subsidy, policy.policy.feePpm)
      else this.window.append(batch)
    }
    for (const { share, hash } of data.solved)
      this.#solved.set(hash, this.#findAt({ stream, revision, index: share }, this.shares + share, data.at))
    this.shares += count
    this.lastShare = { stream, revision, index: count - 1 }
    this.#ends.set(gateway, this.#findAt(this.lastShare, this.shares - 1, data.at))
    this.#lastMs = data.at
    return undefined
  }

  #found(hash: string, { share, gateway, at }: EventData<'BlockFound'>): void {
    if (this.finds.has(hash)) return
    // Its share is in the log before it, unless a crash took it.
    const own = share === null ? this.#lostFind(gateway) : this.#solved.get(hash)
    if (own === undefined) this.#hasEarlierFind = true
    this.finds.set(hash, own ?? this.#findAt(null, -1, at))
    this.#solved.delete(hash)
  }

  /**
   * A find whose share was lost stands at the last share before the end of its gateway, under that share's policy: whoever writes the log
   * could choose another policy and another window by writing `BlockFound` later. Undefined where the gateway's shares were not read.
   */
  #lostFind(gateway: number): Find | undefined {
    const end = this.#ends.get(gateway)
    return end === undefined || end.era === this.era ? end : { ...end, share: null }
  }

  #findAt(share: ShareReference | null, ordinal: number, atMs: number): Find {
    return { share, ordinal, atMs, policy: this.policy, height: this.keys.height, era: this.era }
  }

  /** A find by the newest share. */
  #findNow(atMs: number): Find {
    return this.#findAt(this.lastShare, this.shares, atMs)
  }

  /**
   * Lets go of the shares that no block, found already or to be found, can be shared by. Not while a window is summed up. Time is that of
   * the shares: a block that is recorded later in the log may have been found long before now.
   */
  trim(): void {
    const find = earlier(this.#oldestWaiting(), this.#oldestEnd())
    if (find !== undefined && find.share === null) return
    const limit = this.limitOf(find ?? this.#findNow(this.#lastMs - CLOCK_MS_MAX))
    if (limit !== undefined) this.window.trim(find?.share ?? null, limit)
  }

  /** The earliest end of a gateway that may have lost a share whose block is yet to be seen. */
  #oldestEnd(): Find | undefined {
    const newest = Math.max(...this.#ends.keys())
    let oldest: Find | undefined
    for (const [gateway, end] of this.#ends)
      if (
        gateway < newest &&
        end.era === this.era &&
        end.share !== null &&
        this.keys.height <= end.height + LOST_HEIGHTS
      )
        oldest = earlier(oldest, end)
    return oldest
  }

  /** How many shares the scheme in force may still pay for. */
  unpaidShares(nowMs: number): number {
    // One that is shared may be lost and come back: its shares are paid again then, though they are let go.
    if (this.#oldestWaiting() !== undefined || this.#isAnyUndecided()) return Math.max(1, this.window.shares)
    const limit = this.limitOf(this.#findNow(nowMs))
    if (limit === undefined || this.lastShare === null) return 0
    const { after } = limit
    if (after !== null && isSameShare(after, this.lastShare)) return 0
    const walk = this.window.walk(this.lastShare, limit)
    for (;;) {
      const step = walk.next()
      if (step.done === true) return E.isRight(step.value) ? step.value.right.shares : this.window.shares
    }
  }

  /**
   * Says whether all is there by which a block, found already or to be found, can be shared for the first time, as if the log had been
   * read from its beginning. Yields between slices of the work.
   */
  *isComplete(): Generator<void, boolean> {
    if (this.#hasEarlierFind) return false
    const find = this.#oldestWaiting() ?? this.#findNow(this.#lastMs - CLOCK_MS_MAX)
    const limit = this.limitOf(find)
    if (limit === undefined || this.#isWhole) return true
    const { share } = find
    if (share === null) return false
    if (limit.after !== null && isSameShare(limit.after, share)) return true
    return E.isRight(yield* this.window.walk(share, limit))
  }

  /** Says whether the share that solved a block is among those read, and the block's own stream is not. */
  hasSolved(hash: string): boolean {
    return this.#solved.has(hash)
  }

  /**
   * Sums up a find's window as if the log had been read from its beginning, in slices; undefined when more of it must be read for that.
   * Null where there is nothing to look at.
   */
  *wholeWindow(find: Find): Generator<void, E.Either<WindowError, WindowSums | null> | undefined> {
    if (this.#hasEarlierFind) return undefined
    const walk = this.walk(find)
    if (walk === null) return this.#isWhole ? E.right(null) : undefined
    const sums = yield* walk
    return E.isRight(sums) ? sums : undefined
  }

  /** Sums up a find's window, in slices. Null where there is nothing to look at. */
  walk(find: Find): Generator<void, E.Either<WindowError, WindowSums>> | null {
    const limit = this.limitOf(find)
    return limit === undefined || find.share === null ? null : this.window.walk(find.share, limit)
  }

  /** The earliest find of the scheme in force whose reward was not shared yet, and may be. */
  #oldestWaiting(): Find | undefined {
    let oldest: Find | undefined
    // Solved shares whose blocks a crash has kept out of the log: the next start writes them.
    for (const [hash, find] of this.#solved) {
      if (this.keys.height > find.height + 2 * this.#network.coinbaseMaturity) this.#solved.delete(hash)
      else if (find.era === this.era && (oldest === undefined || find.ordinal < oldest.ordinal)) oldest = find
    }
    for (const [hash, block] of this.#books.blocks) {
      const find = this.finds.get(hash)
      if (
        find === undefined ||
        find.era !== this.era ||
        (oldest !== undefined && oldest.ordinal <= find.ordinal)
      )
        continue
      if (isWaiting(hash, block, this.#shared, this.keys.height, this.#network)) oldest = find
    }
    return oldest
  }

  #isAnyUndecided(): boolean {
    return [...this.#books.blocks].some(
      ([hash, block]) =>
        this.finds.get(hash)?.era === this.era && isUndecided(block, this.keys.height, this.#network),
    )
  }

  /**
   * The window of a find; undefined under a scheme that has none. Under `prop` it begins after the latest earlier find whose reward is
   * allocated as things stand.
   */
  limitOf(find: Find): WindowLimit | undefined {
    const scheme = find.policy?.policy.scheme
    return scheme === undefined
      ? undefined
      : windowLimit(scheme, find.atMs, null, scheme.kind === 'prop' ? this.#findBefore(find) : null)
  }

  #findBefore({ ordinal, era }: Find): ShareReference | null {
    let latest: Find | undefined
    for (const [hash, { allocation }] of this.#books.blocks) {
      const find = this.finds.get(hash)
      if (allocation === null || find === undefined || find.era !== era || find.ordinal >= ordinal) continue
      if (latest === undefined || find.ordinal > latest.ordinal) latest = find
    }
    return latest?.share ?? null
  }
}

const earlier = (a: Find | undefined, b: Find | undefined): Find | undefined =>
  a === undefined || (b !== undefined && b.ordinal < a.ordinal) ? b : a

/** How often another scheme was adopted. */
export const erasOf = (policies: readonly AdoptedPolicy[]): number =>
  policies.filter(({ policy }, i) => {
    const before = policies[i - 1]
    return before === undefined || !isSameScheme(before.policy.scheme, policy.scheme)
  }).length

/** A block that waits for its first allocation: its shares are kept at hand. They are read again for one that was shared before. */
export const isWaiting = (
  hash: string,
  block: BookedBlock,
  shared: ReadonlyMap<string, number>,
  height: number,
  network: Network,
): boolean => !shared.has(hash) && isUndecided(block, height, network)

/** A block that is so far below the work has been matured or given up for good: twice the depth at which that is decided. */
export function isUndecided(block: BookedBlock, height: number, network: Network): boolean {
  const { phase, allocation } = block
  if (phase === 'orphaned' || (phase === 'matured' && allocation !== null)) return false
  const isEarned = phase === 'approved' || phase === 'matured'
  return (isEarned && allocation === null) || height <= block.height + 2 * network.coinbaseMaturity
}

/** Says whether two references are of one share. */
export const isSameShare = (a: ShareReference, b: ShareReference): boolean =>
  a.stream === b.stream && a.revision === b.revision && a.index === b.index

import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { EventStore, RecordedEvent, StoreError } from '../../adapters/event-store/port.ts'
import type { Network } from '../../domain/decred/network.ts'
import { targetToCompact } from '../../domain/decred/target.ts'
import { epochOf } from '../../domain/mining/epoch.ts'
import type { ShareKeys } from './accepted-shares.ts'
import { type LastHour, type NewestWork, OUTLINE_TYPES, Outline } from './outline.ts'
import type { Records } from './records.ts'
import type { RecordsFault } from './records-fault.ts'
import { readOrigins } from './share-origins.ts'

/** Why the log can't be recalled. */
export type RecallError = StoreError | RecordsFault

/** Between two batches the process may have something else to do. Told how long the last one took, ms. */
export type Pause = (tookMs: number) => Promise<void>

/** What reading the log comes to. */
export type Answer<A> = Promise<E.Either<RecallError, A>>

/**
 * Events in one batch: 16 full events of 600 shares take some 3 ms on the thread that serves the miners.
 */
export const BATCH_EVENTS_MAX = 16
/** Milliseconds of booking before the process serves its miners again. */
export const SLICE_MS = 4
/** Gateways whose last hours are looked at for solved shares without a block, and how many events of each: a commit has eight. */
const LAST_HOURS = 16
const LAST_EVENTS = 16
/** Times of maturity after which a block without a word is given up; blocks may come at half the pace. */
const UNDECIDED_TIMES = 4
/** Shares after which those that no window can reach are let go: a few megabytes. */
export const TRIM_SHARES = 1 << 18
const PAGE = 1_000
const HOUR_MS = 3_600_000

/**
 * Brings empty records up to the log's end without reading more than they need: the books from the money events alone, and of the shares
 * those that a window may still need. These are looked for from the newest back; when what was read turns out not to be enough,
 * reading begins anew from further back, at last from the beginning of the log. So the outcome is the same as if all had been read.
 *
 * Where `pps` was ever in force all of it is read: a settlement names its credits by their digest, so what is owed follows from all
 * shares and from nothing less.
 */
export async function recall(records: Records, store: EventStore, nowMs: number, pause: Pause): Answer<void> {
  const head = await store.head()()
  if (E.isLeft(head)) return head
  const end = O.toNullable(head.right)
  if (end === null) return E.right(undefined)
  const paid = await paysByShare(store)
  if (E.isLeft(paid)) return paid
  if (paid.right) return readAll(records, store, end, pause)

  const outline = new Outline(records.network)
  const booked = await eachBatch(store, null, end, pause, OUTLINE_TYPES, async (recorded) => {
    const decoded = read(recorded)
    if (E.isRight(decoded)) outline.take(recorded, decoded.right)
    return records.takeMoney(recorded)
  })
  if (E.isLeft(booked)) return booked
  const begun = await firstRun(records, store)
  if (E.isLeft(begun)) return begun
  const newest = await newestWork(store, outline, records.network, nowMs)
  if (E.isLeft(newest)) return newest
  const unwritten = await unwrittenFinds(records, store, outline.lastHours(LAST_HOURS), nowMs)
  if (E.isLeft(unwritten)) return unwritten

  for (const start of outline.starts(records, newest.right, unwritten.right, nowMs)) {
    const isEnough = await readShares(records, store, outline, start, end, pause)
    if (E.isLeft(isEnough)) return isEnough
    if (isEnough.right) return finish(records, end, newest.right)
  }
  const whole = await readShares(records, store, outline, 0, end, pause)
  return E.isLeft(whole) ? whole : finish(records, end, newest.right)
}

function finish(records: Records, end: number, { height }: NewestWork): E.Either<never, void> {
  records.mined.keys.reached(height)
  records.position = end
  return E.right(undefined)
}

async function paysByShare(store: EventStore): Answer<boolean> {
  for (let from = 0; ; from += PAGE) {
    const page = await store.readStream('pool', { from, direction: 'forwards', limit: PAGE })()
    if (E.isLeft(page)) return page
    for (const recorded of page.right) {
      const decoded = read(recorded)
      // What can't be read stops the fold of the whole log, where its place is named.
      if (E.isLeft(decoded)) continue
      const { type, data } = decoded.right
      if (type === 'PolicyAdopted' && data.scheme.kind === 'pps') return E.right(true)
    }
    if (page.right.length < PAGE) return E.right(false)
  }
}

/** The first run of payouts counts from the first work, as long as none was planned. */
async function firstRun(records: Records, store: EventStore): Answer<void> {
  if (records.lastRun !== null) return E.right(undefined)
  const first = await store.readAll(null, 1, ['WorkIssued'])()
  if (E.isLeft(first)) return first
  const [work] = first.right
  return work === undefined ? E.right(undefined) : records.takeMoney(work)
}

/** Looks for the newest work hour by hour, back through the gateways. */
async function newestWork(
  store: EventStore,
  outline: Outline,
  network: Network,
  nowMs: number,
): Answer<NewestWork> {
  // A clock may have gone back since.
  let endedMs = Math.max(nowMs, outline.lastMs)
  for (const { gateway, atMs } of outline.gateways()) {
    for (let time = endedMs; epochOf(time) >= epochOf(atMs); time -= HOUR_MS) {
      const range = { from: 'end', direction: 'backwards', limit: 1 } as const
      const last = await store.readStream(`work-${gateway}-${epochOf(time)}`, range)()
      if (E.isLeft(last)) return last
      const [recorded] = last.right
      const decoded = recorded === undefined ? undefined : read(recorded)
      if (decoded !== undefined && E.isRight(decoded) && decoded.right.type === 'WorkIssued') {
        const { height, bits } = decoded.right.data
        return E.right({ height, bits })
      }
    }
    endedMs = atMs
  }
  // Then there are no shares either.
  return E.right({ height: 0, bits: targetToCompact(network.powLimit) })
}

/** Streams with a solved share whose block is not in the log: the process that had it died, and the next start writes it. */
async function unwrittenFinds(
  records: Records,
  store: EventStore,
  hours: readonly LastHour[],
  nowMs: number,
): Answer<readonly string[]> {
  const { coinbaseMaturity, blockTimeSeconds } = records.network
  const streams: string[] = []
  for (const { stream, closedMs } of hours) {
    if (closedMs < nowMs - UNDECIDED_TIMES * coinbaseMaturity * blockTimeSeconds * 1000) continue
    const last = await store.readStream(stream, { from: 'end', direction: 'backwards', limit: LAST_EVENTS })()
    if (E.isLeft(last)) return last
    const isUnwritten = last.right.some((recorded) => {
      const decoded = read(recorded)
      if (E.isLeft(decoded) || decoded.right.type !== 'SharesAccepted') return false
      return decoded.right.data.solved.some(({ hash }) => !records.books.blocks.has(hash))
    })
    if (isUnwritten) streams.push(stream)
  }
  return E.right(streams)
}

const readAll = (records: Records, store: EventStore, end: number, pause: Pause): Answer<void> =>
  eachBatch(
    store,
    null,
    end,
    pause,
    undefined,
    trimming(store, records, (recorded) => records.take(recorded)),
  )

/** Takes events, what their shares name included, and lets go now and then of shares that nobody needs. */
function trimming(
  store: EventStore,
  records: Records,
  take: (recorded: RecordedEvent) => E.Either<RecordsFault, void>,
): (recorded: RecordedEvent) => Answer<void> {
  let trimmed = 0
  return (recorded) => {
    const { mined } = records
    if (mined.shares - trimmed >= TRIM_SHARES) {
      mined.trim()
      trimmed = mined.shares
    }
    return resolving(store, recorded, mined.keys, () => take(recorded))
  }
}

/** Reads the shares between two positions. Says whether that was enough. */
async function readShares(
  records: Records,
  store: EventStore,
  outline: Outline,
  start: number,
  end: number,
  pause: Pause,
): Answer<boolean> {
  records.beginShares(outline.startAt(start, records))
  const take = trimming(store, records, (recorded) => records.takeShares(recorded))
  const taken = await eachBatch(store, start === 0 ? null : start, end, pause, undefined, take)
  if (E.isLeft(taken)) return taken
  return E.right(await inSlices(records.mined.isComplete(), pause))
}

/** Does work to its end that yields now and then. */
export async function inSlices<A>(work: Generator<void, A>, pause: Pause): Promise<A> {
  for (let begunMs = performance.now(); ; ) {
    const step = work.next()
    if (step.done === true) return step.value
    const tookMs = performance.now() - begunMs
    if (tookMs < SLICE_MS) continue
    await pause(tookMs)
    begunMs = performance.now()
  }
}

/** Takes an event, once more when what its shares name had to be read first. */
export async function resolving(
  store: EventStore,
  { stream }: RecordedEvent,
  keys: ShareKeys,
  take: () => E.Either<RecordsFault, void>,
): Answer<void> {
  const taken = take()
  if (E.isRight(taken) || taken.left.kind !== 'unresolved-share') return taken
  const read = await readOrigins(store, keys, stream, taken.left)
  return E.isLeft(read) ? read : take()
}

/** Hands out the events between two positions, of some types or of all. */
export async function eachBatch(
  store: EventStore,
  after: number | null,
  end: number,
  pause: Pause,
  types: readonly string[] | undefined,
  take: (recorded: RecordedEvent) => Answer<void>,
): Answer<void> {
  for (let position = after; position === null || position < end; ) {
    let begunMs = performance.now()
    const rest = async (): Promise<void> => {
      await pause(performance.now() - begunMs)
      begunMs = performance.now()
    }
    const page = await store.readAll(position, BATCH_EVENTS_MAX, types)()
    if (E.isLeft(page)) return page
    for (const recorded of page.right) {
      position = recorded.position
      if (position > end) return E.right(undefined)
      const taken = await take(recorded)
      if (E.isLeft(taken)) return taken
      // Booking a part of a large allocation takes longer than a thousand shares.
      if (performance.now() - begunMs > SLICE_MS) await rest()
    }
    if (page.right.length < BATCH_EVENTS_MAX) return E.right(undefined)
    await rest()
  }
  return E.right(undefined)
}

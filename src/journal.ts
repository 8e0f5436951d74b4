import * as E from 'fp-ts/lib/Either.js'
import { proposeAppend } from '../adapters/event-store/catalogue.ts'
import {
  type EventStore,
  NO_STREAM,
  type StoreError,
  type StreamAppend,
} from '../adapters/event-store/port.ts'
import { event, type PoolEvent, type RejectReason, type ShareReference } from '../domain/events.ts'
import { EPOCH_MS, epochOf, epochStartMs } from '../domain/mining/epoch.ts'
import { type RefusingConnection, rejectedTally } from './actors/rejected-tally.ts'
import { realTimers, type Timers } from './timers.ts'

/**
 * The group-commit writer between the actors and the store. Everything that gathers while one commit is in flight becomes the
 * next; what is answered is on disk.
 *
 * Within a commit the order is: `record(…, 'before')` (a connection and its workers, the work), then shares, then
 * `record(…, 'after')` (the end of a connection). So no share is ever in the log before what it refers to.
 *
 * An append whose outcome is unknown is repeated as it is, with the same ids, until the store takes it: ids are a function
 * of stream and revision, so nothing is written twice.
 */
export interface Journal {
  readonly state: () => JournalState
  /**
   * The epoch for what happens at a time, Unix ms: its hour, and never an earlier one than before. Where a clock is set back the streams
   * of its hour are there already, and closed.
   */
  readonly epochAt: (atMs: number) => string
  /** Opens a stream for writing from a revision on; `NO_STREAM` for a new one. */
  readonly stream: (name: string, revision?: number) => StreamWriter
  /** Queues events. Never refused: their number is bounded by connections and jobs. */
  readonly record: (stream: StreamWriter, place: 'before' | 'after', events: readonly PoolEvent[]) => void
  /**
   * Queues the first event of a stream that may be there already: one write wins, ever. For `AccountOpened`.
   */
  readonly recordFirst: (stream: string, event: PoolEvent) => void
  /**
   * Queues events at once, in the order of `record(…, 'before')`, and resolves when they are on disk. Rejects only when the journal
   * has stopped for good.
   */
  readonly commit: (stream: StreamWriter, events: readonly PoolEvent[]) => Promise<void>
  /** Whether a share or a new connection may be offered. False when the queue is full or the journal has stopped. */
  readonly hasRoom: () => boolean
  /** Queues a share. `committed` is called once it is on disk, never twice, never if it is not. */
  readonly share: (share: JournalShare) => void
  /** Counts a refused share. */
  readonly rejected: (
    connection: RefusingConnection,
    worker: number | null,
    reason: RejectReason,
    needed: number,
    best: number,
  ) => void
  /** Writes what is queued, closes the epoch and ends. Resolves false when the store did not take it in time. */
  readonly stop: (deadlineMs: number) => Promise<boolean>
}

/** How the journal is. `store-away`: shares wait; `full`: none is taken; `stopped`: for good. */
export interface JournalState {
  readonly kind: 'ok' | 'store-away' | 'full' | 'stopped'
  readonly message: string
  readonly queuedShares: number
  readonly queueSharesMax: number
}

/** A stream that this journal alone writes. */
export interface StreamWriter {
  readonly name: string
  /** Revision of the last event queued for it. */
  revision: number
}

/** A share as the columns want it, and who waits for it. */
export interface JournalShare {
  readonly connection: number
  readonly worker: number
  readonly job: number
  readonly difficulty: number
  readonly extranonce2: string
  /** Seconds after the job's timestamp. */
  readonly ntimeOffset: number
  readonly nonce: number
  readonly atMs: number
  /** Display hash when the share solved a block. */
  readonly solved: string | null
  readonly committed: (reference: ShareReference) => void
}

/** What the journal writes to, its limits, and who is told. */
export interface JournalOptions {
  readonly store: EventStore
  readonly gateway: number
  readonly nowMs: () => number
  readonly lingerMsMax: number
  readonly batchSharesTarget: number
  readonly queueSharesMax: number
  /** Told of each commit: shares in it, the sum of their difficulties, seconds since the first of them came. */
  readonly onCommit: (shares: number, difficulty: number, seconds: number) => void
  readonly onRejected: (reason: RejectReason) => void
  /** Told of each failed attempt, and when the store is back (null). */
  readonly onStoreError: (error: StoreError | null) => void
  /** Told once, when the log turned out not to be what this writer believed: it has stopped for good. */
  readonly onStopped: (error: StoreError) => void
  /** The machine's when not given. */
  readonly timers?: Timers
}

/**
 * Shares in one event: a column row is at most 88 bytes (7 connection, 4 worker, 9 job, 17 difficulty, 27 extranonce2, 5 ntime,
 * 11 nonce, 7 elapsed), so 600 stay under the event limit of 60,000 with room for the envelope and a few block hashes.
 */
const EVENT_SHARES_MAX = 600
/** Shares in one commit: eight full events are 480,000 bytes, within an append's limit of 512 KiB. */
const COMMIT_SHARES_MAX = 8 * EVENT_SHARES_MAX
/**
 * Events other than shares in one commit, after which no further record is begun; the largest, `WorkIssued`, is under 700 bytes. One
 * record is a connection's 1,000 requests and 64 steps of difficulty at most: 300 bytes each, within an append's limit.
 */
const COMMIT_RECORDS_MAX = 4096
/** Nobody waits for a record of a connection alone: a storm of miners coming back is a few large commits. */
const RECORDS_LINGER_MS = 20
const RECORDS_TARGET = 1024
/** Events of records waiting at most before new connections are refused: some 40 MB of them. */
const QUEUE_RECORDS_MAX = 65_536
/** How often it is looked whether a summary of refused shares is due. */
const SUMMARY_LOOK_MS = 10_000
const RETRY_MS_MIN = 50
const RETRY_MS_MAX = 2_000

interface RecordedItem {
  readonly stream: StreamWriter | string
  readonly events: readonly PoolEvent[]
  readonly firstRevision: number
  /** Who waits for it to be on disk. */
  readonly waiter: Waiter | null
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (why: Error) => void
}

interface Batch {
  readonly appends: readonly StreamAppend[]
  readonly shares: readonly JournalShare[]
  readonly references: readonly ShareReference[]
  readonly waiters: readonly Waiter[]
}

/** Name of the stream that holds a gateway's shares of an hour. */
export const sharesStream = (gateway: number, epoch: string): string => `shares-${gateway}-${epoch}`

/** Opens the journal of a gateway, which alone writes the streams it names. */
export function openJournal(options: JournalOptions): Journal {
  const { store, gateway, nowMs, lingerMsMax, batchSharesTarget, queueSharesMax } = options
  const before: RecordedItem[] = []
  const after: RecordedItem[] = []
  /** Events in both. */
  let recordsQueued = 0
  let shares: JournalShare[] = []
  let urgent = false
  let inFlight = 0
  let running: Promise<void> | null = null
  const timers = options.timers ?? realTimers
  /** Calls the lingering off. */
  let noLinger: (() => void) | null = null
  let wakeRetry: (() => void) | null = null
  let away: StoreError | null = null
  let dead: StoreError | null = null
  let stopping = false
  let newestEpoch = epochOf(nowMs())
  let newestEpochEndsMs = epochStartMs(newestEpoch) + EPOCH_MS
  let epoch = newEpoch(newestEpoch)
  const refused = rejectedTally(nowMs())
  const noSummaries = timers.every(SUMMARY_LOOK_MS, () => kick())

  function epochAt(atMs: number): string {
    // Asked for each share, and naming an hour takes longer than judging one.
    if (atMs < newestEpochEndsMs) return newestEpoch
    newestEpoch = epochOf(atMs)
    newestEpochEndsMs = epochStartMs(newestEpoch) + EPOCH_MS
    return newestEpoch
  }

  function newEpoch(name: string) {
    return { name, stream: writer(sharesStream(gateway, name)), shares: 0, events: 0, difficulty: 0n }
  }

  function writer(name: string, revision: number = NO_STREAM): StreamWriter {
    return { name, revision }
  }

  function queue(
    place: 'before' | 'after',
    stream: StreamWriter,
    events: readonly PoolEvent[],
    waiter: Waiter | null,
  ): void {
    const item = { stream, events, firstRevision: stream.revision + 1, waiter }
    stream.revision += events.length
    recordsQueued += events.length
    if (place === 'before') before.push(item)
    else after.push(item)
  }

  /** Begins a commit now, or lets more gather when nothing presses. */
  function kick(): void {
    if (running !== null || dead !== null) return
    if (pressing()) {
      noLinger?.()
      noLinger = null
      running = Promise.resolve().then(commitAll)
    } else if (noLinger === null && isAnythingQueued())
      noLinger = timers.after(shares.length > 0 ? lingerMsMax : RECORDS_LINGER_MS, () => {
        noLinger = null
        urgent = true
        kick()
      })
  }

  /** The commit starts once the sockets of this turn have been read, so that what came together is committed together. */
  async function commitAll(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    do {
      urgent = false
      const batch = takeBatch()
      if (batch === null) break
      if (!(await write(batch))) break
    } while (pressing())
    running = null
    kick()
  }

  const isAnythingQueued = (): boolean => shares.length + before.length + after.length > 0

  /** Whether something queued should be on its way now. */
  function pressing(): boolean {
    if (isSummaryDue()) return true
    if (urgent || stopping) return isAnythingQueued()
    if (shares.length >= batchSharesTarget || (lingerMsMax === 0 && shares.length > 0)) return true
    return recordsQueued >= RECORDS_TARGET
  }

  const isSummaryDue = (): boolean => refused.isDue(nowMs()) || (stopping && !refused.isEmpty())

  /** Turns what is queued into appends. The ids are fixed here, once, however often they are tried. */
  function takeBatch(): Batch | null {
    const appends: StreamAppend[] = []
    rollEpoch(appends)
    const records = takeRecords(before)
    addRecords(appends, records)

    // Shares whose connection's records are still queued must wait for them.
    const taken = before.length > 0 ? [] : shares.slice(0, COMMIT_SHARES_MAX)
    if (taken.length > 0) shares = shares.slice(taken.length)
    const references = addShares(appends, taken)

    if (shares.length === 0 && before.length === 0) {
      addRecords(appends, takeRecords(after))
      if (isSummaryDue()) addRefused(appends)
    }
    if (appends.length === 0) return null
    inFlight = taken.length
    return { appends, shares: taken, references, waiters: records.flatMap(({ waiter }) => waiter ?? []) }
  }

  function takeRecords(queued: RecordedItem[]): readonly RecordedItem[] {
    let events = 0
    let items = 0
    for (const item of queued) {
      if (events >= COMMIT_RECORDS_MAX) break
      events += item.events.length
      items += 1
    }
    recordsQueued -= events
    return queued.splice(0, items)
  }

  function rollEpoch(appends: StreamAppend[]): void {
    const now = nowMs()
    const name = epochAt(now)
    if (name === epoch.name) return
    closeEpoch(appends, now)
    epoch = newEpoch(name)
  }

  function closeEpoch(appends: StreamAppend[], at: number): void {
    if (epoch.events === 0) return
    const { stream, shares: count, events, difficulty } = epoch
    const closed = event('EpochClosed', { v: 1, at, shares: count, events, difficulty: String(difficulty) })
    appends.push(proposeAppend(stream.name, stream.revision, [closed]))
    stream.revision += 1
  }

  /**
   * Which of the records of a commit comes first does not matter: what one says of another stream's (a worker of an account, a connection
   * of the one that it resumes) is looked up when a share needs it. But work is in the order in which it was given out, which one stream
   * keeps for itself: the first of an hour is written alone, after the hour before and ahead of its own.
   */
  function addRecords(appends: StreamAppend[], items: readonly RecordedItem[]): void {
    for (const { stream, firstRevision, events } of items) {
      const unordered = true
      if (typeof stream === 'string')
        appends.push({ ...proposeAppend(stream, firstRevision - 1, events), unordered, ifAbsent: true })
      else if (firstRevision === 0 && events[0]?.type === 'WorkIssued')
        appends.push(proposeAppend(stream.name, NO_STREAM, events))
      else appends.push({ ...proposeAppend(stream.name, firstRevision - 1, events), unordered })
    }
  }

  function addShares(appends: StreamAppend[], taken: readonly JournalShare[]): readonly ShareReference[] {
    if (taken.length === 0) return []
    const references: ShareReference[] = []
    const events: PoolEvent[] = []
    const expected = epoch.stream.revision
    for (let from = 0; from < taken.length; from += EVENT_SHARES_MAX) {
      const some = taken.slice(from, from + EVENT_SHARES_MAX)
      events.push(sharesAccepted(some))
      const revision = expected + events.length
      for (let index = 0; index < some.length; index++)
        references.push({ stream: epoch.stream.name, revision, index })
      for (const share of some) epoch.difficulty += BigInt(share.difficulty)
    }
    epoch.shares += taken.length
    epoch.events += events.length
    epoch.stream.revision += events.length
    appends.push(proposeAppend(epoch.stream.name, expected, events))
    return references
  }

  function addRefused(appends: StreamAppend[]): void {
    const { name, revision } = epoch.stream
    appends.push(proposeAppend(name, revision, [refused.take(nowMs())]))
    epoch.stream.revision += 1
    epoch.events += 1
  }

  /** Tries until the store has it. False when it never will: then the journal has stopped. */
  async function write(batch: Batch): Promise<boolean> {
    let retryMs = RETRY_MS_MIN
    for (;;) {
      const result = await store.append(batch.appends)()
      if (E.isRight(result)) {
        inFlight = 0
        if (away !== null) options.onStoreError(null)
        away = null
        acknowledge(batch)
        reportCommit(batch.shares)
        return true
      }
      const error = result.left
      options.onStoreError(error)
      if (error.kind !== 'unavailable' && error.kind !== 'closed') return die(error, batch)
      away = error
      if (dead !== null) return false
      await pause(retryMs)
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)
      if (dead !== null) return false
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wakeRetry = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  /** The log is not what this writer believes: writing on could only make it worse. */
  function die(error: StoreError, batch: Batch): false {
    dead = error
    options.onStopped(error)
    const waiters = [...batch.waiters, ...before.flatMap(({ waiter }) => waiter ?? [])]
    for (const { reject } of waiters) reject(new Error(error.message))
    return false
  }

  function reportCommit(committed: readonly JournalShare[]): void {
    let difficulty = 0
    for (const share of committed) difficulty += share.difficulty
    const since = committed[0]?.atMs ?? nowMs()
    options.onCommit(committed.length, difficulty, (nowMs() - since) / 1000)
  }

  function acknowledge(batch: Batch): void {
    for (let i = 0; i < batch.shares.length; i++) {
      const reference = batch.references[i]
      if (reference !== undefined) batch.shares[i]?.committed(reference)
    }
    for (const { resolve } of batch.waiters) resolve()
  }

  const hasRoom = (): boolean =>
    dead === null && shares.length + inFlight < queueSharesMax && recordsQueued < QUEUE_RECORDS_MAX

  return {
    state: () => {
      const queuedShares = shares.length + inFlight
      const counts = { queuedShares, queueSharesMax }
      if (dead !== null) return { kind: 'stopped', message: dead.message, ...counts }
      if (!hasRoom())
        return { kind: 'full', message: away?.message ?? 'more shares than the store takes', ...counts }
      if (away !== null) return { kind: 'store-away', message: away.message, ...counts }
      return { kind: 'ok', message: '', ...counts }
    },
    epochAt,
    stream: writer,
    record: (stream, place, events) => {
      queue(place, stream, events, null)
      kick()
    },
    recordFirst: (stream, first) => {
      before.push({ stream, events: [first], firstRevision: 0, waiter: null })
      recordsQueued += 1
      kick()
    },
    commit: (stream, events) =>
      new Promise((resolve, reject) => {
        if (dead !== null) return reject(new Error(dead.message))
        queue('before', stream, events, { resolve, reject })
        urgent = true
        kick()
      }),
    hasRoom,
    share: (share) => {
      epochAt(share.atMs)
      shares.push(share)
      if (share.solved !== null) urgent = true
      kick()
    },
    rejected: (connection, worker, reason, needed, best) => {
      options.onRejected(reason)
      refused.note(connection, worker, reason, needed, best)
    },
    stop: async (deadlineMs) => {
      noSummaries()
      stopping = true
      kick()
      const finished = drain().then(() => true)
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), deadlineMs)
      })
      const inTime = await Promise.race([finished, late])
      clearTimeout(timer)
      if (!inTime) {
        dead ??= { kind: 'closed', message: 'the pool was stopped while the store was away' }
        wakeRetry?.()
      }
      return inTime && dead?.kind !== 'damaged'
    },
  }

  /** Waits until nothing is queued, then closes the epoch. */
  async function drain(): Promise<void> {
    while (running !== null) await running
    if (dead !== null) return
    const appends: StreamAppend[] = []
    closeEpoch(appends, nowMs())
    if (appends.length > 0) await write({ appends, shares: [], references: [], waiters: [] })
    dead ??= { kind: 'closed', message: 'the journal was closed' }
  }
}

function sharesAccepted(shares: readonly JournalShare[]): PoolEvent {
  const at = shares.reduce((earliest, share) => Math.min(earliest, share.atMs), shares[0]?.atMs ?? 0)
  const solved: { readonly share: number; readonly hash: string }[] = []
  shares.forEach((share, i) => {
    if (share.solved !== null) solved.push({ share: i, hash: share.solved })
  })
  return event('SharesAccepted', {
    v: 1,
    at,
    connection: shares.map((s) => s.connection),
    worker: shares.map((s) => s.worker),
    job: shares.map((s) => s.job),
    difficulty: shares.map((s) => s.difficulty),
    extranonce2: shares.map((s) => s.extranonce2),
    ntime: shares.map((s) => s.ntimeOffset),
    nonce: shares.map((s) => s.nonce),
    elapsed: shares.map((s) => s.atMs - at),
    solved,
  })
}

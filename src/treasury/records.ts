import * as E from 'fp-ts/lib/Either.js'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { type BlockEvent, bookBlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { type BookedBlock, type Books, openBooks } from '../../domain/bookkeeping/books.ts'
import { assertBooks } from '../../domain/bookkeeping/invariants.ts'
import { bookPayoutEvent } from '../../domain/bookkeeping/payout-entries.ts'
import { bookAllocationEvent, bookWorkSettled } from '../../domain/bookkeeping/settlement-entries.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, EventType, PoolEvent, ShareReference } from '../../domain/events.ts'
import { isOver, type PayoutEvent } from '../../domain/payout/lifecycle.ts'
import { type PayoutRecord, payoutRecord } from '../../domain/payout/next-step.ts'
import type { PayoutMoment } from '../../domain/payout/schedule.ts'
import { type AdoptedPolicy, isSameScheme } from '../../domain/policy.ts'
import { OpenWork, type SettledWork } from '../../domain/reward/pay-per-share.ts'
import { ShareWindow } from '../../domain/reward/share-window.ts'
import { type WindowLimit, windowLimit } from '../../domain/reward/window-limit.ts'
import { parseStream, type Stream } from '../../projections/streams.ts'
import { ShareKeys } from './accepted-shares.ts'

/** Why the log can't be booked any further. Whoever finds it writes no money event more. `message` is for the operator. */
export interface RecordsFault {
  readonly kind: 'unreadable' | 'unresolved-share' | 'books'
  readonly message: string
}

/** Where the share stands that found a block, and by what it is shared. */
export interface Find {
  /** The last share before `BlockFound` when its own was lost; null when its scheme had none yet. */
  readonly share: ShareReference | null
  /** Shares of the log before it: says which of two finds is earlier. */
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

/** A payout that is not over. */
export interface OpenPayout {
  readonly number: number
  readonly plan: EventData<'PayoutPlanned'>
  readonly record: PayoutRecord
  /** Of the last event of its stream. */
  readonly revision: number
}

/** Work of `pps` that is to be settled. */
export interface WorkDue {
  /** Revision of the `PolicyAdopted` it is paid by. */
  readonly policy: number
  /** Of the first work after it; null as long as there is none. */
  readonly height: number | null
  readonly work: SettledWork
}

interface PayoutHistory {
  readonly plan: EventData<'PayoutPlanned'>
  readonly events: PayoutEvent[]
}

/** Types that money does not go by: they are not even read. */
const IGNORED: ReadonlySet<string> = new Set<EventType>([
  'MinerConnected',
  'MinerIdentified',
  'DifficultyAssigned',
  'SharesRejected',
  'EpochClosed',
  'BlockSubmitted',
])

/**
 * All that the treasury knows: a fold of the log in its order and of nothing else, so it is the same after every start. Mutable, one
 * owner.
 */
export class Records {
  readonly network: Network
  readonly books: Books = openBooks()
  /** In the order of the log. */
  readonly policies: AdoptedPolicy[] = []
  /** By account id. */
  readonly addresses = new Map<string, string>()
  /** By block hash. */
  readonly finds = new Map<string, Find>()
  /** Shares since the scheme in force was adopted that may still be paid; empty where each is paid at once, or none. */
  window: ShareWindow
  /** In the order in which they are to be settled. */
  readonly workDue: WorkDue[] = []
  /** Position of the newest event; null before the first. */
  position: number | null = null
  /** Shares in the log. */
  shares = 0
  /** The newest share of the scheme in force; null before its first. */
  lastShare: ShareReference | null = null
  /** How often another scheme was adopted. */
  era = 0
  /** Transaction ids of the coinbases of the pool's blocks, by block hash. */
  readonly coinbases = new Map<string, string>()
  /** Numbers of the streams that begin next. */
  nextSettlement = 0
  nextPayout = 0
  /** The latest run of payouts, or the start of the pool. */
  lastRun: PayoutMoment | null = null
  /** Revision of the last event, by stream, of the money streams that may go on. */
  readonly #revisions = new Map<string, number>()
  readonly #keys = new ShareKeys()
  readonly #solved = new Map<string, Find>()
  readonly #payouts = new Map<number, PayoutHistory>()
  readonly #work: OpenWork
  #openedAt = 0
  #checkAgainMs = 0

  constructor(network: Network) {
    this.network = network
    this.window = new ShareWindow(network, true)
    this.#work = new OpenWork(network, new Map())
  }

  /** The policy in force for the next event. */
  get policy(): AdoptedPolicy | undefined {
    return this.policies.at(-1)
  }

  /** Height of the newest work. */
  get height(): number {
    return this.#keys.height
  }

  /** Payouts that are not over, by number. */
  openPayouts(): readonly OpenPayout[] {
    return [...this.#payouts].flatMap(([number, { plan, events }]) => {
      const record = payoutRecord(events)
      return record === undefined ? [] : [{ number, plan, record, revision: events.length - 1 }]
    })
  }

  /** Revision of the last event of a money stream; -1 when there is none. Of streams that go on: settlements and open payouts. */
  revisionOf(stream: string): number {
    return this.#revisions.get(stream) ?? -1
  }

  /**
   * Tries events of a money stream on a copy of the books, before they are written: what the books would refuse, or what leaves them
   * wrong, must never be in the log.
   *
   * @throws RangeError when an invariant of the books would be violated.
   */
  trial(stream: string, events: readonly PoolEvent[]): E.Either<RecordsFault, void> {
    const parsed = parseStream(stream)
    if (parsed.kind !== 'settlement' && parsed.kind !== 'payout')
      return E.left({ kind: 'books', message: `${stream} is no stream of money.` })
    const books = copyOf(this.books)
    const due = [...this.workDue]
    for (const event of events) {
      const booked = bookMoney(books, parsed, event, due[0])
      if (E.isLeft(booked))
        return E.left({ kind: 'books', message: `${event.type} for ${stream}: ${booked.left.message}` })
      if (event.type === 'WorkSettled') due.shift()
    }
    this.#check(books)
    return E.right(undefined)
  }

  /**
   * Looks at every invariant of books. That takes time in proportion to all that they hold: at each event while it is a moment, and
   * never more than a hundredth of the time.
   */
  #check(books: Books): void {
    const begunMs = performance.now()
    if (begunMs < this.#checkAgainMs) return
    assertBooks(books)
    const tookMs = performance.now() - begunMs
    this.#checkAgainMs = tookMs > CHECK_MS ? begunMs + 100 * tookMs : 0
  }

  /** Says whether nothing more can come in a payout's stream. */
  isClosed(stream: string): boolean {
    const parsed = parseStream(stream)
    const payout = parsed.kind === 'payout' ? this.books.payouts.get(parsed.number) : undefined
    return payout !== undefined && isOver(payout.phase)
  }

  /**
   * Lets go of the shares that no block, found already or to be found, can be shared by. Not while a window is summed up.
   */
  trim(nowMs: number): void {
    const oldest = this.#oldestUndecided()
    if (oldest !== undefined) {
      const limit = this.limitOf(oldest)
      if (limit !== undefined && oldest.share !== null) this.window.trim(oldest.share, limit)
      return
    }
    const limit = this.limitOf(this.#findAt(this.lastShare, this.shares, nowMs - CLOCK_MS_MAX))
    if (limit !== undefined) this.window.trim(null, limit)
  }

  /** How many shares the scheme in force may still pay for. */
  unpaidShares(nowMs: number): number {
    if (this.#oldestUndecided() !== undefined) return this.window.shares
    const limit = this.limitOf(this.#findAt(this.lastShare, this.shares, nowMs))
    if (limit === undefined || this.lastShare === null) return 0
    const { after } = limit
    if (after !== null && isSameShare(after, this.lastShare)) return 0
    const walk = this.window.walk(this.lastShare, limit)
    for (;;) {
      const step = walk.next()
      if (step.done === true) return E.isRight(step.value) ? step.value.right.shares : this.window.shares
    }
  }

  /** The earliest find of the scheme in force whose reward may yet be shared, or shared anew. */
  #oldestUndecided(): Find | undefined {
    let oldest: Find | undefined
    // Solved shares whose blocks a crash has kept out of the log: the next start writes them.
    for (const [hash, find] of this.#solved) {
      if (this.height > find.height + 2 * this.network.coinbaseMaturity) this.#solved.delete(hash)
      else if (find.era === this.era && (oldest === undefined || find.ordinal < oldest.ordinal)) oldest = find
    }
    for (const [hash, block] of this.books.blocks) {
      const find = this.finds.get(hash)
      if (
        find === undefined ||
        find.era !== this.era ||
        (oldest !== undefined && oldest.ordinal <= find.ordinal)
      )
        continue
      if (isUndecided(block, this.height, this.network)) oldest = find
    }
    return oldest
  }

  /** Folds the next event of the log. */
  take(recorded: RecordedEvent): E.Either<RecordsFault, void> {
    if (!IGNORED.has(recorded.type)) {
      const decoded = read(recorded)
      if (E.isRight(decoded)) {
        const fault = this.#evolve(recorded, decoded.right)
        if (fault !== undefined) return E.left(fault)
      } else if (decoded.left.kind !== 'unknown-type')
        return E.left({ kind: 'unreadable', message: `${placeText(recorded)}: ${decoded.left.message}.` })
    }
    this.position = recorded.position
    return E.right(undefined)
  }

  #evolve(recorded: RecordedEvent, event: PoolEvent): RecordsFault | undefined {
    const stream = parseStream(recorded.stream)
    switch (stream.kind) {
      case 'pool':
        this.#evolvePool(recorded, event)
        return undefined
      case 'connection':
        this.#evolveConnection(stream, event)
        return undefined
      case 'gateway':
        return this.#evolveGateway(stream.gateway, recorded, event)
      case 'account':
        if (event.type === 'AccountOpened') this.addresses.set(stream.account, event.data.address)
        return undefined
      case 'block':
        return this.#evolveBlock(stream.hash, recorded, event)
      case 'settlement':
        return this.#evolveSettlement(stream.number, recorded, event)
      case 'payout':
        return this.#evolvePayout(stream.number, recorded, event)
      case 'other':
        return undefined
    }
  }

  #evolvePool({ position, revision }: RecordedEvent, { type, data }: PoolEvent): void {
    if (type === 'PoolOpened') this.#openedAt = data.at
    if (type === 'GatewayJoined') this.#keys.gatewayJoined(data.gateway)
    if (type !== 'PolicyAdopted') return
    const { v, at, ...policy } = data
    const before = this.policy
    if (before === undefined || !isSameScheme(before.policy.scheme, policy.scheme)) {
      this.window = new ShareWindow(this.network, true)
      this.lastShare = null
      this.era++
    }
    this.#settleOpenWork(null)
    this.policies.push({ position, revision, policy })
  }

  #evolveConnection(
    { gateway, connection }: Stream & { kind: 'connection' },
    { type, data }: PoolEvent,
  ): void {
    if (type === 'WorkerAuthorized') this.#keys.workerAuthorized(gateway, connection, data.account)
    if (type === 'MinerDisconnected') this.#keys.minerDisconnected(gateway, connection)
  }

  #evolveGateway(
    gateway: number,
    recorded: RecordedEvent,
    { type, data }: PoolEvent,
  ): RecordsFault | undefined {
    if (type === 'SharesAccepted') return this.#addShares(gateway, recorded, data)
    if (type !== 'WorkIssued') return undefined
    const before = this.#keys.height
    this.#keys.workIssued(gateway, data)
    this.lastRun ??= { height: data.height - 1, at: this.#openedAt }
    for (const [i, due] of this.workDue.entries())
      if (due.height === null) this.workDue[i] = { ...due, height: data.height }
    if (data.height > before) this.#settleOpenWork(data.height)
    return undefined
  }

  #settleOpenWork(height: number | null): void {
    const work = this.#work.settle()
    if (work !== null) this.workDue.push({ policy: this.policy?.revision ?? 0, height, work })
  }

  #addShares(
    gateway: number,
    recorded: RecordedEvent,
    data: EventData<'SharesAccepted'>,
  ): RecordsFault | undefined {
    const { stream, revision } = recorded
    const count = data.difficulty.length
    if (count === 0) return undefined
    const { policy } = this
    for (const { share, hash } of data.solved)
      this.#solved.set(hash, this.#findAt({ stream, revision, index: share }, this.shares + share, data.at))
    this.shares += count
    this.lastShare = { stream, revision, index: count - 1 }
    const kind = policy?.policy.scheme.kind ?? 'solo'
    if (policy === undefined || kind === 'solo') return undefined
    const resolved = this.#keys.resolve(gateway, data)
    if (resolved === undefined)
      return {
        kind: 'unresolved-share',
        message: `${placeText(recorded)}: a share names work or a worker that the log does not hold before it.`,
      }
    const { account, bits, subsidy } = resolved
    const batch = { stream, revision, atMs: data.at, account, bits, difficulty: data.difficulty }
    if (kind === 'pps') this.#work.add(batch, subsidy, policy.policy.feePpm)
    else this.window.append(batch)
    return undefined
  }

  #findAt(share: ShareReference | null, ordinal: number, atMs: number): Find {
    return { share, ordinal, atMs, policy: this.policy, height: this.height, era: this.era }
  }

  #evolveBlock(hash: string, recorded: RecordedEvent, event: PoolEvent): RecordsFault | undefined {
    if (event.type === 'BlockFound' && !this.finds.has(hash)) {
      // Its share is in the log before it, unless a crash took it: then the share before counts.
      const own = event.data.share === null ? undefined : this.#solved.get(hash)
      this.finds.set(hash, own ?? this.#findAt(this.lastShare, this.shares - 1, event.data.at))
      this.#solved.delete(hash)
    }
    if (event.type === 'BlockConnected') this.coinbases.set(hash, event.data.reward.transaction)
    if (!isBlockEvent(event)) return refused(recorded, 'It does not belong in the stream of a block.')
    const booked = bookBlockEvent(this.books, hash, event)
    return E.isLeft(booked) ? refused(recorded, booked.left.message) : undefined
  }

  #evolveSettlement(number: number, recorded: RecordedEvent, event: PoolEvent): RecordsFault | undefined {
    const booked = bookMoney(this.books, { kind: 'settlement', number }, event, this.workDue[0])
    if (E.isLeft(booked)) return refused(recorded, booked.left.message)
    if (event.type === 'WorkSettled') this.workDue.shift()
    this.nextSettlement = Math.max(this.nextSettlement, number + 1)
    this.#revisions.set(recorded.stream, recorded.revision)
    return undefined
  }

  #evolvePayout(number: number, recorded: RecordedEvent, event: PoolEvent): RecordsFault | undefined {
    if (!isPayoutEvent(event)) return refused(recorded, 'It does not belong in the stream of a payout.')
    const booked = bookMoney(this.books, { kind: 'payout', number }, event, undefined)
    if (E.isLeft(booked)) return refused(recorded, booked.left.message)
    this.nextPayout = Math.max(this.nextPayout, number + 1)
    this.#revisions.set(recorded.stream, recorded.revision)
    if (event.type === 'PayoutPlanned') {
      this.#payouts.set(number, { plan: event.data, events: [event] })
      this.lastRun = { height: event.data.height, at: event.data.at }
    } else this.#payouts.get(number)?.events.push(event)
    if (isOver(this.books.payouts.get(number)?.phase ?? 'confirmed')) {
      this.#payouts.delete(number)
      this.#revisions.delete(recorded.stream)
    }
    return undefined
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
    for (const [hash, { allocation }] of this.books.blocks) {
      const find = this.finds.get(hash)
      if (allocation === null || find === undefined || find.era !== era || find.ordinal >= ordinal) continue
      if (latest === undefined || find.ordinal > latest.ordinal) latest = find
    }
    return latest?.share ?? null
  }
}

/** Milliseconds that looking at every invariant may take each time. */
const CHECK_MS = 5
/** How far clocks may go back between two shares. */
const CLOCK_MS_MAX = 60_000

/** A block that is so far below the work has been matured or given up for good: twice the depth at which that is decided. */
function isUndecided(block: BookedBlock, height: number, network: Network): boolean {
  const { phase, allocation } = block
  if (phase === 'orphaned' || (phase === 'matured' && allocation !== null)) return false
  const isEarned = phase === 'approved' || phase === 'matured'
  return (isEarned && allocation === null) || height <= block.height + 2 * network.coinbaseMaturity
}

/** Books to try something on: what changes in place is copied, what is only ever replaced is shared. */
const copyOf = (books: Books): Books => ({
  balances: new Map(books.balances),
  blocks: new Map(
    [...books.blocks].map(([hash, block]) => [
      hash,
      { ...block, allocation: block.allocation === null ? null : { ...block.allocation } },
    ]),
  ),
  payouts: new Map([...books.payouts].map(([number, payout]) => [number, { ...payout }])),
  funding: new Map(books.funding),
  feePayouts: books.feePayouts,
  names: { ids: [...books.names.ids], ordinals: new Map(books.names.ordinals) },
})

/** A stream of money. */
type MoneyStream = Extract<Stream, { readonly kind: 'settlement' | 'payout' }>

const isBlockEvent = (event: PoolEvent): event is BlockEvent => event.type.startsWith('Block')
const isPayoutEvent = (event: PoolEvent): event is PayoutEvent => event.type.startsWith('Payout')

/** Books an event of a settlement or payout. `due` is the work that a `WorkSettled` must be of. */
function bookMoney(
  books: Books,
  { kind, number }: MoneyStream,
  event: PoolEvent,
  due: WorkDue | undefined,
): E.Either<{ readonly message: string }, unknown> {
  if (kind === 'payout' && isPayoutEvent(event)) return bookPayoutEvent(books, number, event)
  if (kind === 'settlement' && (event.type === 'RewardAllocated' || event.type === 'RewardReversed'))
    return bookAllocationEvent(books, number, event)
  if (kind === 'settlement' && event.type === 'WorkSettled') {
    if (due === undefined || !isWorkOf(event.data, due))
      return E.left({ message: 'It does not settle the work that is due next.' })
    return bookWorkSettled(books, event.data, due.work.credits)
  }
  return E.left({ message: `It does not belong in the stream of a ${kind}.` })
}

const isWorkOf = ({ policy, height, from, to }: EventData<'WorkSettled'>, due: WorkDue): boolean =>
  policy === due.policy &&
  height === due.height &&
  isSameShare(from, due.work.from) &&
  isSameShare(to, due.work.to)

const isSameShare = (a: ShareReference, b: ShareReference): boolean =>
  a.stream === b.stream && a.revision === b.revision && a.index === b.index

const refused = (recorded: RecordedEvent, why: string): RecordsFault => ({
  kind: 'books',
  message: `${placeText(recorded)} contradicts the books: ${why}`,
})

const placeText = ({ stream, revision, type }: RecordedEvent): string => `${type} ${stream}@${revision}`

import * as E from 'fp-ts/lib/Either.js'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { type BlockEvent, bookBlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { type Books, openBooks } from '../../domain/bookkeeping/books.ts'
import { inspection, type Violation } from '../../domain/bookkeeping/invariants.ts'
import { bookPayoutEvent } from '../../domain/bookkeeping/payout-entries.ts'
import { bookAllocationEvent, bookWorkSettled } from '../../domain/bookkeeping/settlement-entries.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, EventType, PoolEvent } from '../../domain/events.ts'
import { isOver, type PayoutEvent } from '../../domain/payout/lifecycle.ts'
import { type PayoutRecord, payoutRecord } from '../../domain/payout/next-step.ts'
import type { PayoutMoment } from '../../domain/payout/schedule.ts'
import type { AdoptedPolicy } from '../../domain/policy.ts'
import { readStreamName, type StreamName } from '../../domain/stream-name.ts'
import { foldColumns, foldShares } from './fold-shares.ts'
import { placeText, type RecordsFault, unresolvedFault } from './records-fault.ts'
import { isSameShare, LOG_START, ShareRecords, type SharesStart, type WorkDue } from './share-records.ts'

/** A payout that is not over. */
export interface OpenPayout {
  readonly number: number
  readonly plan: EventData<'PayoutPlanned'>
  readonly record: PayoutRecord
  /** Of the last event of its stream. */
  readonly revision: number
}

/** Confirmed payouts that are held against the chain: those before them are deeper in it. */
const CONFIRMED_KEPT = 16

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
  /** What its shares come to. */
  mined: ShareRecords
  /** Position of the newest event; null before the first. */
  position: number | null = null
  /** Blocks whose reward was shared at some time, by hash: revision of the policy by which. */
  readonly shared = new Map<string, number>()
  /** The latest payouts that were confirmed, and in which block. */
  readonly confirmed: { readonly number: number; readonly block: string }[] = []
  /** Transaction ids of the coinbases of the pool's blocks, by block hash. */
  readonly coinbases = new Map<string, string>()
  /** The pool's blocks that a coinbase was in, by its id: those that are made of one template have the same. */
  readonly paidIn = new Map<string, readonly string[]>()
  /** Numbers of the streams that begin next. */
  nextSettlement = 0
  nextPayout = 0
  /** The latest run of payouts, or the start of the pool. */
  lastRun: PayoutMoment | null = null
  /** Revision of the last event, by stream, of the money streams that may go on. */
  readonly #revisions = new Map<string, number>()
  readonly #payouts = new Map<number, PayoutHistory>()
  #openedAt = 0

  constructor(network: Network) {
    this.network = network
    this.mined = new ShareRecords(network, this.books, { ...LOG_START, shared: this.shared })
  }

  /** The policy in force for the next event. */
  get policy(): AdoptedPolicy | undefined {
    return this.policies.at(-1)
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
   * wrong, must never be in the log. Right: the look at every invariant of the copy, in slices, which comes next.
   */
  trial(
    stream: string,
    events: readonly PoolEvent[],
  ): E.Either<RecordsFault, Generator<void, readonly Violation[]>> {
    const parsed = readStreamName(stream)
    if (parsed.kind !== 'settlement' && parsed.kind !== 'payout')
      return E.left({ kind: 'books', message: `${stream} is no stream of money.` })
    const books = copyOf(this.books)
    const due = [...this.mined.workDue]
    for (const event of events) {
      const booked = bookMoney(books, parsed, event, due[0])
      if (E.isLeft(booked))
        return E.left({ kind: 'books', message: `${event.type} for ${stream}: ${booked.left.message}` })
      if (event.type === 'WorkSettled') due.shift()
    }
    return E.right(inspection(books))
  }

  /** Says whether nothing more can come in a payout's stream. */
  isClosed(stream: string): boolean {
    const parsed = readStreamName(stream)
    const payout = parsed.kind === 'payout' ? this.books.payouts.get(parsed.number) : undefined
    return payout !== undefined && isOver(payout.phase)
  }

  /** Folds the next event of the log. One with a share that can't be resolved may be taken again. */
  take(recorded: RecordedEvent): E.Either<RecordsFault, void> {
    if (IGNORED.has(recorded.type)) return this.#pass(recorded)
    const shares = foldColumns(this.mined, recorded)
    if (shares !== undefined) return E.isLeft(shares) ? shares : this.#pass(recorded)
    return this.#fold(recorded, (event) => {
      const unresolved = this.mined.take(recorded, event)
      return unresolved === undefined ? this.#evolve(recorded, event) : unresolvedFault(recorded, unresolved)
    })
  }

  /** Folds the next event of the log into the books alone: what its shares come to is read from a later place. */
  takeMoney(recorded: RecordedEvent): E.Either<RecordsFault, void> {
    return this.#fold(recorded, (event) => this.#evolve(recorded, event))
  }

  /** Begins to read the shares anew from another place in the log. */
  beginShares(start: SharesStart): void {
    this.mined = new ShareRecords(this.network, this.books, start)
  }

  /** Folds an event of the log into what shares come to alone: the books have it. */
  takeShares(recorded: RecordedEvent): E.Either<RecordsFault, void> {
    const folded = foldShares(this.mined, recorded)
    return E.isLeft(folded) ? folded : this.#pass(recorded)
  }

  #fold(
    recorded: RecordedEvent,
    evolve: (event: PoolEvent) => RecordsFault | undefined,
  ): E.Either<RecordsFault, void> {
    const decoded = read(recorded)
    if (E.isRight(decoded)) {
      const fault = evolve(decoded.right)
      if (fault !== undefined) return E.left(fault)
    } else if (decoded.left.kind !== 'unknown-type')
      return E.left({ kind: 'unreadable', message: `${placeText(recorded)}: ${decoded.left.message}.` })
    return this.#pass(recorded)
  }

  #pass({ position }: RecordedEvent): E.Either<never, void> {
    this.position = position
    return E.right(undefined)
  }

  #evolve(recorded: RecordedEvent, event: PoolEvent): RecordsFault | undefined {
    const stream = readStreamName(recorded.stream)
    switch (stream.kind) {
      case 'pool':
        this.#evolvePool(recorded, event)
        return undefined
      case 'work':
        if (event.type === 'WorkIssued')
          this.lastRun ??= { height: event.data.height - 1, at: this.#openedAt }
        return undefined
      case 'account':
        if (event.type === 'AccountOpened') this.addresses.set(stream.account, event.data.address)
        return undefined
      case 'block':
        return this.#evolveBlock(stream.hash, recorded, event)
      case 'settlement':
        return this.#evolveSettlement(stream.number, recorded, event)
      case 'payout':
        return this.#evolvePayout(stream.number, recorded, event)
      case 'admin':
      case 'connection':
      case 'shares':
      case 'other':
        return undefined
    }
  }

  #evolvePool({ position, revision }: RecordedEvent, { type, data }: PoolEvent): void {
    if (type === 'PoolOpened') this.#openedAt = data.at
    if (type !== 'PolicyAdopted') return
    const { v, at, ...policy } = data
    this.policies.push({ position, revision, policy })
  }

  #evolveBlock(hash: string, recorded: RecordedEvent, event: PoolEvent): RecordsFault | undefined {
    if (event.type === 'BlockConnected') this.#noteReward(hash, event.data.reward.transaction)
    if (!isBlockEvent(event)) return refused(recorded, 'It does not belong in the stream of a block.')
    const booked = bookBlockEvent(this.books, hash, event)
    return E.isLeft(booked) ? refused(recorded, booked.left.message) : undefined
  }

  #noteReward(hash: string, transaction: string): void {
    this.coinbases.set(hash, transaction)
    const blocks = this.paidIn.get(transaction) ?? []
    if (!blocks.includes(hash)) this.paidIn.set(transaction, [...blocks, hash])
  }

  #evolveSettlement(number: number, recorded: RecordedEvent, event: PoolEvent): RecordsFault | undefined {
    const booked = bookMoney(this.books, { kind: 'settlement', number }, event, this.mined.workDue[0])
    if (E.isLeft(booked)) return refused(recorded, booked.left.message)
    if (event.type === 'WorkSettled') this.mined.workDue.shift()
    if (event.type === 'RewardAllocated' && event.data.part === event.data.parts)
      this.shared.set(event.data.block, event.data.policy)
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
    if (event.type === 'PayoutConfirmed') {
      this.confirmed.push({ number, block: event.data.block })
      if (this.confirmed.length > CONFIRMED_KEPT) this.confirmed.shift()
    }
    if (isOver(this.books.payouts.get(number)?.phase ?? 'confirmed')) {
      this.#payouts.delete(number)
      this.#revisions.delete(recorded.stream)
    }
    return undefined
  }
}

/** Books to try something on: what changes in place is copied, what is only ever replaced is shared. */
const copyOf = (books: Books): Books => ({
  balances: new Map(books.balances),
  advances: new Map(books.advances),
  reversals: books.reversals,
  blocks: new Map(
    [...books.blocks].map(([hash, block]) => [
      hash,
      { ...block, allocation: block.allocation === null ? null : { ...block.allocation } },
    ]),
  ),
  payouts: new Map([...books.payouts].map(([number, payout]) => [number, { ...payout }])),
  funding: new Map(books.funding),
  feePayouts: books.feePayouts,
  // What is tried may bring in names that nobody owes anything yet: they do no harm.
  names: books.names,
})

/** A stream of money. */
type MoneyStream = Extract<StreamName, { readonly kind: 'settlement' | 'payout' }>

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

const refused = (recorded: RecordedEvent, why: string): RecordsFault => ({
  kind: 'books',
  message: `${placeText(recorded)} contradicts the books: ${why}`,
})

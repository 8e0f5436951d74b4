import * as E from 'fp-ts/lib/Either.js'
import { type BlockEvent, bookBlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { type Books, type BooksError, openBooks } from '../../domain/bookkeeping/books.ts'
import { minerOf, type Posting } from '../../domain/bookkeeping/ledger.ts'
import { bookPayoutEvent } from '../../domain/bookkeeping/payout-entries.ts'
import { bookAllocationEvent, bookWorkSettled } from '../../domain/bookkeeping/settlement-entries.ts'
import { accountId } from '../../domain/decred/address.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, EventType, PoolEvent } from '../../domain/events.ts'
import type { PayoutEvent } from '../../domain/payout/lifecycle.ts'
import { allocate, allocationEvents } from '../../domain/reward/allocation.ts'
import { workSettledEvent } from '../../domain/reward/pay-per-share.ts'
import type { WindowSums } from '../../domain/reward/share-window.ts'
import { LOG_START, ShareRecords } from '../treasury/share-records.ts'
import {
  allocationDifferences,
  type Difference,
  type PublishedPart,
  settlementDifferences,
} from './difference.ts'

/** What one event changed of what an account is owed, in atoms. */
export interface AccountLine {
  readonly entry: number
  readonly at: number
  readonly type: EventType
  /** Of an allocation, its maturity or its reversal. */
  readonly block: string | null
  readonly height: number | null
  /** Number of a payout. */
  readonly payout: number | null
  /** Of an allocation: work of the account in the window, and of all. */
  readonly units: bigint | null
  readonly windowUnits: bigint | null
  /** Of an allocation: what of it the reserve had advanced when the block was lost, and has back. */
  readonly repaid: bigint
  readonly immature: bigint
  readonly available: bigint
  readonly inPayout: bigint
  /** Of a confirmed payout: what arrived; the rest of what left `inPayout` is the account's part of the chain's fee. */
  readonly paid: bigint
}

/** What an account has got for good. */
interface Received {
  paid: bigint
  chainFees: bigint
}

/** Where an event stands. */
export interface EventPlace {
  readonly entry: number
  readonly stream: string
  readonly revision: number
}

/** Differences that are kept; all are counted. */
export const DIFFERENCES_KEPT_MAX = 1_000

/**
 * A pool's books computed anew: every reward and every settlement from the shares, by the policy that was in force, when and where the
 * pool published its own; payouts as they were published. What was published and does not follow is a difference, and the books go on
 * with what is right. A fold of the log in its order; mutable, one owner.
 */
export class ReplayedMoney {
  readonly books: Books = openBooks()
  /** What its shares come to. */
  readonly mined: ShareRecords
  /** Addresses by account id. */
  readonly addresses = new Map<string, string>()
  readonly received = new Map<string, Received>()
  /** The first of them, in the order of the log. */
  readonly differences: Difference[] = []
  differencesFound = 0
  /** Blocks whose reward was shared and not taken back. */
  sharedBlocks = 0
  readonly #watched: string | null
  readonly #lines: AccountLine[] = []
  /** Parts of allocations that are not complete, by settlement. */
  readonly #parts = new Map<number, PublishedPart[]>()
  /** Atoms that a settlement as published gives to an account more than it should, by settlement and account. */
  readonly #excess = new Map<
    number,
    ReadonlyMap<string, { readonly atoms: bigint; readonly entry: number }>
  >()
  readonly #plans = new Map<number, EventData<'PayoutPlanned'>>()

  /** `watched` is an account id: what happened to it is kept line by line. */
  constructor(network: Network, watched: string | null) {
    this.mined = new ShareRecords(network, this.books, LOG_START)
    this.#watched = watched
  }

  /** All that changed what the watched account is owed. */
  get lines(): readonly AccountLine[] {
    return this.#lines
  }

  /** Takes an event of the log that is not about shares, after `mined` has taken it. */
  take(place: EventPlace, number: number, event: PoolEvent): void {
    switch (event.type) {
      case 'AccountOpened':
        this.addresses.set(accountId(event.data.address), event.data.address)
        return
      case 'RewardAllocated':
        this.#allocated(place.entry, number, event.data)
        return
      case 'RewardReversed':
        this.#reversed(place.entry, number, event)
        return
      case 'WorkSettled':
        this.#workSettled(place.entry, event.data)
        return
      default:
        if (isPayoutEvent(event)) this.#payout(place.entry, number, event)
    }
  }

  /** Takes an event of a block's stream, after `mined` has taken it. */
  takeBlock(place: EventPlace, hash: string, event: BlockEvent): void {
    const booked = bookBlockEvent(this.books, hash, event)
    if (E.isLeft(booked)) this.#notDue(place.entry, event.type, hash, booked.left)
    else this.#post({ entry: place.entry, at: event.data.at, type: event.type, block: hash }, booked.right)
  }

  /** Atoms that each account was promised more than it should have been, as things stand, and the first entry that did. */
  excesses(): ReadonlyMap<string, { readonly atoms: bigint; readonly entry: number }> {
    const all = new Map<string, { atoms: bigint; entry: number }>()
    for (const ofSettlement of this.#excess.values())
      for (const [account, { atoms, entry }] of ofSettlement) {
        const before = all.get(account)
        all.set(account, {
          atoms: (before?.atoms ?? 0n) + atoms,
          entry: Math.min(before?.entry ?? entry, entry),
        })
      }
    return new Map([...all].filter(([, { atoms }]) => atoms !== 0n))
  }

  #differ(differences: readonly Difference[]): void {
    this.differencesFound += differences.length
    const room = DIFFERENCES_KEPT_MAX - this.differences.length
    this.differences.push(...differences.slice(0, Math.max(0, room)))
  }

  #notDue(entry: number, what: string, block: string | null, { message }: Pick<BooksError, 'message'>): void {
    this.#differ([
      {
        entry,
        kind: 'not-due',
        what,
        account: null,
        block,
        published: what,
        recomputed: `nothing: ${message}`,
      },
    ])
  }

  #allocated(entry: number, settlement: number, data: EventData<'RewardAllocated'>): void {
    const parts = [...(this.#parts.get(settlement) ?? []), { entry, data }]
    this.#parts.set(settlement, parts)
    if (data.part < data.parts) return
    this.#parts.delete(settlement)
    const recomputed = this.#recomputed(data)
    if (E.isLeft(recomputed)) {
      this.#notDue(entry, 'RewardAllocated', data.block, recomputed.left)
      this.#remember(settlement, parts, [])
      return
    }
    this.#differ(allocationDifferences(parts, recomputed.right))
    const isBooked = this.#bookAllocation(entry, settlement, recomputed.right)
    this.#remember(settlement, parts, isBooked ? recomputed.right : [])
  }

  /** Says whether the books took all of its parts. */
  #bookAllocation(
    entry: number,
    settlement: number,
    parts: readonly EventData<'RewardAllocated'>[],
  ): boolean {
    for (const data of parts) {
      const booked = bookAllocationEvent(this.books, settlement, { type: 'RewardAllocated', data })
      if (E.isLeft(booked)) {
        this.#notDue(entry, 'RewardAllocated', data.block, booked.left)
        return false
      }
      const i = data.account.indexOf(this.#watched ?? '')
      this.#post(
        {
          ...{ entry, at: data.at, type: 'RewardAllocated', block: data.block, height: data.height },
          ...{ units: BigInt(data.units[i] ?? '0'), windowUnits: BigInt(data.window?.units ?? '0') },
        },
        booked.right,
      )
    }
    this.sharedBlocks++
    return true
  }

  /** The allocation that is due for a block, as it stands. Left: why none is. */
  #recomputed(
    data: EventData<'RewardAllocated'>,
  ): E.Either<{ readonly message: string }, readonly EventData<'RewardAllocated'>[]> {
    const { block } = data
    const find = this.mined.finds.get(block)
    const reward = this.books.blocks.get(block)?.reward ?? null
    if (find?.policy === undefined || reward === null)
      return E.left({
        message: `block ${block} was not found by then, or never connected, or there was no policy.`,
      })
    const walk = this.mined.walk(find)
    const window = walk === null ? E.right(null) : endOf(walk)
    if (E.isLeft(window)) return window
    const { scheme, feePpm } = find.policy.policy
    const allocation = allocate(scheme, reward, feePpm, window.right)
    if (allocation === undefined) return E.left({ message: `${scheme.kind} shares no rewards.` })
    const height = this.books.blocks.get(block)?.height ?? data.height
    const facts = { block, height, policy: find.policy.revision }
    return E.right(
      allocationEvents(data.at, facts, allocation, window.right).flatMap((event) =>
        event.type === 'RewardAllocated' ? [event.data] : [],
      ),
    )
  }

  #remember(
    settlement: number,
    published: readonly PublishedPart[],
    recomputed: readonly EventData<'RewardAllocated'>[],
  ): void {
    const excess = new Map<string, { atoms: bigint; entry: number }>()
    const add = (entry: number, data: EventData<'RewardAllocated'>, sign: bigint): void =>
      data.account.forEach((account, i) => {
        const before = excess.get(account)
        const atoms = (before?.atoms ?? 0n) + sign * BigInt(data.atoms[i] ?? '0')
        excess.set(account, { atoms, entry: before?.entry ?? entry })
      })
    for (const { entry, data } of published) add(entry, data, 1n)
    for (const data of recomputed) add(published[0]?.entry ?? 0, data, -1n)
    const wrong = [...excess].filter(([, { atoms }]) => atoms !== 0n)
    if (wrong.length > 0) this.#excess.set(settlement, new Map(wrong))
  }

  #reversed(entry: number, settlement: number, event: PoolEvent & { readonly type: 'RewardReversed' }): void {
    this.#excess.delete(settlement)
    const { block, at } = event.data
    const booked = bookAllocationEvent(this.books, settlement, event)
    if (E.isLeft(booked)) {
      this.#notDue(entry, event.type, block, booked.left)
      return
    }
    this.sharedBlocks--
    this.#post({ entry, at, type: event.type, block }, booked.right)
  }

  #workSettled(entry: number, data: EventData<'WorkSettled'>): void {
    const [due] = this.mined.workDue
    if (due === undefined || due.height === null) {
      this.#notDue(entry, 'WorkSettled', null, { message: 'no work is due.' })
      return
    }
    this.mined.workDue.shift()
    const recomputed = workSettledEvent(data.at, due.policy, due.height, due.work)
    if (recomputed.type !== 'WorkSettled') return
    this.#differ(settlementDifferences(entry, data, recomputed.data))
    const booked = bookWorkSettled(this.books, recomputed.data, due.work.credits)
    if (E.isLeft(booked)) this.#notDue(entry, 'WorkSettled', null, booked.left)
    else this.#post({ entry, at: data.at, type: 'WorkSettled' }, booked.right)
  }

  #payout(entry: number, number: number, event: PayoutEvent): void {
    const booked = bookPayoutEvent(this.books, number, event)
    if (E.isLeft(booked)) {
      this.#notDue(entry, event.type, null, booked.left)
      return
    }
    const plan = event.type === 'PayoutPlanned' ? event.data : this.#plans.get(number)
    if (event.type === 'PayoutPlanned') this.#plans.set(number, event.data)
    const isPaid = event.type === 'PayoutConfirmed'
    if (isPaid && plan !== undefined) this.#receive(plan)
    if (isPaid || event.type === 'PayoutReturned') this.#plans.delete(number)
    const paid = isPaid && plan !== undefined ? paidTo(plan, this.#watched) : 0n
    this.#post({ entry, at: event.data.at, type: event.type, payout: number, paid }, booked.right)
  }

  #receive({ address, atoms, deducted }: EventData<'PayoutPlanned'>): void {
    for (const [i, to] of address.entries()) {
      const account = accountId(to)
      const before = this.received.get(account) ?? { paid: 0n, chainFees: 0n }
      this.received.set(account, before)
      const paid = BigInt(atoms[i] ?? '0')
      before.paid += paid
      before.chainFees += BigInt(deducted[i] ?? '0') - paid
    }
  }

  /** Keeps what postings change of the watched account. */
  #post(
    line: Pick<AccountLine, 'entry' | 'at' | 'type'> & Partial<AccountLine>,
    postings: readonly Posting[],
  ): void {
    if (this.#watched === null) return
    const change = { immature: 0n, available: 0n, 'in-payout': 0n }
    let isOurs = (line.units ?? 0n) > 0n
    let repaid = 0n
    for (const { account, atoms } of postings) {
      const miner = minerOf(account)
      if (miner?.account !== this.#watched) continue
      change[miner.stage] += atoms
      isOurs = true
      if (line.type === 'RewardAllocated' && atoms < 0n) repaid -= atoms
    }
    if (!isOurs) return
    this.#lines.push({
      ...{ block: null, height: this.books.blocks.get(line.block ?? '')?.height ?? null, payout: null },
      ...{ units: null, windowUnits: null, repaid, paid: 0n },
      ...line,
      ...{ immature: change.immature, available: change.available, inPayout: change['in-payout'] },
    })
  }
}

const isPayoutEvent = (event: PoolEvent): event is PayoutEvent => event.type.startsWith('Payout')

const paidTo = ({ address, atoms }: EventData<'PayoutPlanned'>, account: string | null): bigint =>
  address.reduce((sum, to, i) => (accountId(to) === account ? sum + BigInt(atoms[i] ?? '0') : sum), 0n)

/** Sums up a window in one go. */
export function endOf(
  walk: Generator<void, E.Either<{ readonly message: string }, WindowSums>>,
): E.Either<{ readonly message: string }, WindowSums> {
  for (;;) {
    const step = walk.next()
    if (step.done === true) return step.value
  }
}

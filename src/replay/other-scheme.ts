import * as E from 'fp-ts/lib/Either.js'
import { type BlockEvent, bookBlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { type BookedBlock, type Books, openBooks } from '../../domain/bookkeeping/books.ts'
import { minerOf } from '../../domain/bookkeeping/ledger.ts'
import { bookAllocationEvent, bookWorkSettled } from '../../domain/bookkeeping/settlement-entries.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { Scheme } from '../../domain/events.ts'
import { allocate, allocationEvents } from '../../domain/reward/allocation.ts'
import { workSettledEvent } from '../../domain/reward/pay-per-share.ts'
import type { WindowSums } from '../../domain/reward/share-window.ts'
import { type Find, LOG_START, ShareRecords } from '../treasury/share-records.ts'
import type { KnownEvent } from './read-event.ts'
import { endOf } from './replayed-money.ts'

/**
 * What the same shares would have earned under another scheme: every block of the pool is shared by it, from the first share on, with
 * the fee of the policy that was in force at its find. A reward is shared at the entry that approves its block and taken back at the one
 * that loses it. Nobody is ever paid, so what an account has is all that it would have earned. Under `solo` whoever found a block has all
 * of it but the fee, as if each mined alone. A fold of the log in its order; mutable, one owner.
 */
export class OtherScheme {
  readonly mined: ShareRecords
  readonly #scheme: Scheme
  readonly #books: Books = openBooks()
  /** Accounts whose share found a block, by its hash. */
  readonly #finders = new Map<string, string | null>()
  #nextSettlement = 0

  constructor(network: Network, scheme: Scheme) {
    this.#scheme = scheme
    this.mined = new ShareRecords(network, this.#books, LOG_START)
  }

  /** What is to be told to `mined`: a policy as it would have been, and all else as it was. */
  imagined(read: KnownEvent): KnownEvent {
    if (read.kind !== 'event' || read.event.type !== 'PolicyAdopted') return read
    const { type, data } = read.event
    return { kind: 'event', stream: read.stream, event: { type, data: { ...data, scheme: this.#scheme } } }
  }

  /** Settles the work of `pps` that is due, at the time of an event. */
  settleWork(at: number): void {
    for (let due = this.mined.workDue[0]; due?.height != null; due = this.mined.workDue[0]) {
      const settled = workSettledEvent(at, due.policy, due.height, due.work)
      if (settled.type === 'WorkSettled') must(bookWorkSettled(this.#books, settled.data, due.work.credits))
      this.mined.workDue.shift()
    }
  }

  /** Takes an event of a block's stream, after `mined` has taken it. One that contradicts the log before it changes nothing. */
  takeBlock(hash: string, event: BlockEvent): void {
    if (event.type === 'BlockFound' && !this.#finders.has(hash)) this.#finders.set(hash, event.data.account)
    bookBlockEvent(this.#books, hash, event)
    const block = this.#books.blocks.get(hash)
    if (block === undefined) return
    const isEarned = block.phase === 'approved' || block.phase === 'matured'
    if (isEarned && block.allocation === null) this.#share(hash, block, event.data.at)
    if (!isEarned && block.allocation !== null) {
      const { settlement } = block.allocation
      const why = block.phase === 'disapproved' ? 'disapproved' : 'disconnected'
      const data = { v: 1, at: event.data.at, block: hash, why } as const
      must(bookAllocationEvent(this.#books, settlement, { type: 'RewardReversed', data }))
    }
  }

  #share(hash: string, block: BookedBlock, at: number): void {
    const find = this.mined.finds.get(hash)
    if (find?.policy === undefined || block.reward === null) return
    const window = this.#scheme.kind === 'solo' ? this.#finderAlone(hash, find) : this.#windowOf(find)
    // Under solo the finder's window is shared as any other.
    const scheme: Scheme = this.#scheme.kind === 'solo' ? { kind: 'prop' } : this.#scheme
    const allocation = allocate(scheme, block.reward, find.policy.policy.feePpm, window)
    if (allocation === undefined) return
    const facts = { block: hash, height: block.height, policy: find.policy.revision }
    const settlement = this.#nextSettlement++
    for (const part of allocationEvents(at, facts, allocation, window))
      if (part.type === 'RewardAllocated') must(bookAllocationEvent(this.#books, settlement, part))
  }

  #windowOf(find: Find): WindowSums | null {
    const walk = this.mined.walk(find)
    return walk === null ? null : must(endOf(walk))
  }

  /** Null when nobody is known to have found it: then it is the reserve's. */
  #finderAlone(hash: string, { share }: Find): WindowSums | null {
    const account = this.#finders.get(hash) ?? null
    return account === null || share === null
      ? null
      : { from: share, to: share, shares: 1, units: 1n, accounts: [{ account, units: 1n }] }
  }

  /** Atoms that each account would have earned. */
  earned(): ReadonlyMap<string, bigint> {
    const all = new Map<string, bigint>()
    for (const [account, atoms] of this.#books.balances) {
      const miner = minerOf(account)
      if (miner !== undefined) all.set(miner.account, (all.get(miner.account) ?? 0n) + atoms)
    }
    return all
  }
}

/** These books hold only what was computed for them. @throws RangeError when they refuse it: a fault of this program. */
function must<A>(answer: E.Either<{ readonly message: string }, A>): A {
  if (E.isLeft(answer)) throw new RangeError(answer.left.message)
  return answer.right
}

import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { type BlockEvent, bookBlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { openBooks } from '../../domain/bookkeeping/books.ts'
import { assertBooks } from '../../domain/bookkeeping/invariants.ts'
import { balanceOf } from '../../domain/bookkeeping/ledger.ts'
import { bookPayoutEvent } from '../../domain/bookkeeping/payout-entries.ts'
import {
  type AllocationEvent,
  bookAllocationEvent,
  bookWorkSettled,
} from '../../domain/bookkeeping/settlement-entries.ts'
import { settlementsDue } from '../../domain/bookkeeping/settlements-due.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, PoolEvent, Scheme } from '../../domain/events.ts'
import { payoutClaims } from '../../domain/payout/claims.ts'
import type { Unspent } from '../../domain/payout/funding.ts'
import type { PayoutEvent } from '../../domain/payout/lifecycle.ts'
import { feeAddressInTurn, planPayouts } from '../../domain/payout/plan.ts'
import { planEvent } from '../../domain/payout/plan-event.ts'
import { allocate, allocationEvents, PART_ACCOUNTS_MAX } from '../../domain/reward/allocation.ts'
import { OpenWork, workSettledEvent } from '../../domain/reward/pay-per-share.ts'
import type { ShareBatch } from '../../domain/reward/share-window.ts'
import { compareIds } from '../../domain/reward/split.ts'

/** What the writer is made from. */
export interface MoneyWriterParts {
  readonly network: Network
  /** Revision of its policy in the stream `pool`. */
  readonly policyRevision: number
  readonly scheme: Scheme
  readonly mode: 'automatic' | 'manual'
  readonly feePpm: number
  readonly minimum: bigint
  readonly feeAddresses: readonly string[]
  readonly changeAddress: string
  /** Address of an account. */
  readonly addressOf: (account: string) => string | undefined
  /** Puts an event into the log. */
  readonly record: (stream: string, event: PoolEvent) => RecordedEvent
}

/** Work by which a block is shared: units of each account. */
export type Units = ReadonlyMap<string, bigint>

/**
 * Writes the money events of a made-up log, each taken by the books of the domain first: what a treasury does, without a chain and
 * a wallet. Coins are the coinbases of matured blocks.
 */
export class MoneyWriter {
  readonly books = openBooks()
  readonly #parts: MoneyWriterParts
  readonly #work: OpenWork
  readonly #coins = new Map<string, Unspent>()
  readonly #coinbases = new Map<string, Unspent>()
  readonly #plans = new Map<number, EventData<'PayoutPlanned'>>()
  #settlements = 0

  constructor(parts: MoneyWriterParts) {
    this.#parts = parts
    this.#work = new OpenWork(parts.network, new Map())
  }

  policy(at: number): EventData<'PolicyAdopted'> {
    const { scheme, feePpm, minimum, feeAddresses, mode } = this.#parts
    return {
      v: 1,
      at,
      scheme,
      feePpm,
      rounding: 'largest-remainder',
      feeAddresses,
      minimumPayout: String(minimum),
      feeBearer: 'miners',
      payoutSchedule: { kind: 'blocks', every: 10 },
      payoutMode: mode,
      payoutConfirmations: 2,
      sharesPerMinute: 15,
      lateShareGraceMs: 5_000,
    }
  }

  /** Takes an event of a block that is in the log. */
  block(hash: string, event: BlockEvent): void {
    right(bookBlockEvent(this.books, hash, event))
    if (event.type === 'BlockConnected') {
      const { transaction, output, atoms } = event.data.reward
      this.#coinbases.set(hash, { transaction, output, tree: 0, atoms: toAtoms(BigInt(atoms)) })
    }
    const coinbase = this.#coinbases.get(hash)
    if (coinbase === undefined) return
    if (event.type === 'BlockMatured') this.#coins.set(coinbase.transaction, coinbase)
    if (event.type === 'BlockDisconnected') this.#coins.delete(coinbase.transaction)
  }

  /** Takes shares that are in the log. Only `pps` needs them. */
  shares(batch: ShareBatch, subsidy: bigint): void {
    if (this.#parts.scheme.kind !== 'pps') return
    this.#work.add(
      batch,
      batch.account.map(() => toAtoms(subsidy)),
      this.#parts.feePpm,
    )
  }

  /** Credits the shares since the last time, under `pps`. */
  *settleWork(at: number, height: number): Generator<RecordedEvent> {
    const work = this.#work.settle()
    if (work === null) return
    const event = workSettledEvent(at, this.#parts.policyRevision, height, work)
    if (event.type !== 'WorkSettled') return
    right(bookWorkSettled(this.books, event.data, work.credits))
    yield this.#parts.record(`settlement-${this.#settlements++}`, event)
  }

  /** Takes back what was lost and shares what was earned, in parts of so many accounts. */
  *settle(at: number, units: Units, partAccounts: number): Generator<RecordedEvent> {
    for (const due of settlementsDue(this.books)) {
      if (due.kind === 'reverse')
        yield this.#allocation(due.settlement, {
          type: 'RewardReversed',
          data: { v: 1, at, block: due.block, why: due.why },
        })
      else
        for (const part of this.#sharing(at, due.block, units, partAccounts))
          yield this.#allocation(this.#settlements, part)
      if (due.kind === 'allocate') this.#settlements++
    }
    assertBooks(this.books)
  }

  #allocation(number: number, event: AllocationEvent): RecordedEvent {
    right(bookAllocationEvent(this.books, number, event))
    return this.#parts.record(`settlement-${number}`, event)
  }

  #sharing(at: number, block: string, units: Units, partAccounts: number): readonly AllocationEvent[] {
    const { scheme, feePpm } = this.#parts
    const booked = this.books.blocks.get(block)
    const accounts = [...units]
      .map(([account, each]) => ({ account, units: each }))
      .sort((a, b) => compareIds(a.account, b.account))
    const reference = { stream: 'shares-0-2026092114', revision: 0, index: 0 }
    const window = {
      from: reference,
      to: reference,
      shares: accounts.length,
      units: accounts.reduce((sum, each) => sum + each.units, 0n),
      accounts,
    }
    const isShared = scheme.kind !== 'pps'
    const allocation = allocate(
      scheme,
      toAtoms(booked?.reward ?? 0n),
      feePpm,
      isShared && accounts.length > 0 ? window : null,
    )
    if (allocation === undefined) return []
    const facts = { block, height: booked?.height ?? 0, policy: this.#parts.policyRevision }
    const whole = allocationEvents(
      at,
      facts,
      allocation,
      isShared && accounts.length > 0 ? window : null,
    ).filter(isAllocated)
    const [first] = whole
    if (first === undefined) return []
    const column = <A>(of: (part: EventData<'RewardAllocated'>) => readonly A[]): readonly A[] =>
      whole.flatMap(({ data }) => of(data))
    const all = {
      ...first.data,
      account: column(({ account }) => account),
      units: column(({ units }) => units),
      atoms: column(({ atoms }) => atoms),
    }
    return inParts(all, Math.min(partAccounts, PART_ACCOUNTS_MAX))
  }

  /** Plans a run. Answers the numbers of the payouts, and their events. */
  *plan(at: number, height: number): Generator<RecordedEvent, readonly number[]> {
    const { network, policyRevision, minimum, addressOf, feeAddresses, changeAddress, mode } = this.#parts
    const { balances, funding, feePayouts, payouts } = this.books
    const { claims } = payoutClaims(balances, {
      network,
      minimum: toAtoms(minimum),
      addressOf,
      refused: new Set(),
    })
    const { plans } = planPayouts({
      network,
      claims,
      bearer: 'miners',
      minimum: toAtoms(minimum),
      poolFees: toAtoms(balanceOf(balances, 'pool:fee:available')),
      feeAddress: feeAddressInTurn(feeAddresses, feePayouts),
      unspent: [...this.#coins.values()].filter(
        ({ transaction, output }) => !funding.has(`${transaction}:${output}`),
      ),
      changeAddress,
    })
    const numbers: number[] = []
    for (const plan of plans) {
      const event = planEvent(at, { policy: policyRevision, mode, height }, plan)
      if (event.type !== 'PayoutPlanned') continue
      const number = payouts.size
      this.#plans.set(number, event.data)
      numbers.push(number)
      yield this.step(number, event)
    }
    return numbers
  }

  /** An event of a payout. */
  step(number: number, event: PayoutEvent): RecordedEvent {
    right(bookPayoutEvent(this.books, number, event))
    assertBooks(this.books)
    const { funding, change } = this.#plans.get(number) ?? { funding: { transaction: [] }, change: null }
    if (event.type === 'PayoutConfirmed') {
      for (const transaction of funding.transaction) this.#coins.delete(transaction)
      const id = number.toString(16).padStart(64, 'c')
      if (change !== null)
        this.#coins.set(id, {
          transaction: id,
          output: 0,
          tree: 0,
          atoms: toAtoms(BigInt(change.atoms)),
        })
    }
    return this.#parts.record(`payout-${number}`, event)
  }
}

const isAllocated = (event: PoolEvent): event is Extract<PoolEvent, { readonly type: 'RewardAllocated' }> =>
  event.type === 'RewardAllocated'

function inParts(data: EventData<'RewardAllocated'>, partAccounts: number): readonly AllocationEvent[] {
  const parts = Math.max(1, Math.ceil(data.account.length / partAccounts))
  return Array.from({ length: parts }, (_, i) => {
    const of = <T>(column: readonly T[]): readonly T[] =>
      column.slice(i * partAccounts, (i + 1) * partAccounts)
    return {
      type: 'RewardAllocated',
      data: {
        ...data,
        part: i + 1,
        parts,
        account: of(data.account),
        units: of(data.units),
        atoms: of(data.atoms),
      },
    }
  })
}

function right<L, R>(result: E.Either<L, R>): R {
  if (E.isLeft(result)) throw new Error(JSON.stringify(result.left))
  return result.right
}

import * as E from 'fp-ts/lib/Either.js'
import { expect } from 'vitest'
import { type BlockEvent, bookBlockEvent } from '../../../domain/bookkeeping/block-entries.ts'
import { type BooksError, openBooks } from '../../../domain/bookkeeping/books.ts'
import { violations } from '../../../domain/bookkeeping/invariants.ts'
import {
  balanceOf,
  type LedgerAccount,
  type Posting,
  type Stage,
} from '../../../domain/bookkeeping/ledger.ts'
import { bookPayoutEvent } from '../../../domain/bookkeeping/payout-entries.ts'
import { type AllocationEvent, bookAllocationEvent } from '../../../domain/bookkeeping/settlement-entries.ts'
import { accountId, encodeAddress } from '../../../domain/decred/address.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { networks } from '../../../domain/decred/network.ts'
import type { EventData, FeeBearer, PoolEvent, ReversalReason } from '../../../domain/events.ts'
import { payoutClaims, type Waiting } from '../../../domain/payout/claims.ts'
import type { Unspent } from '../../../domain/payout/funding.ts'
import type { PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import { feeAddressInTurn, type PayoutPlan, planPayouts } from '../../../domain/payout/plan.ts'
import { planEvent } from '../../../domain/payout/plan-event.ts'
import { allocate, allocationEvents } from '../../../domain/reward/allocation.ts'

export const network = networks.simnet

/** The n-th address of the tests. */
export const addressOf = (n: number): string =>
  encodeAddress('public-key-hash-ecdsa', new Uint8Array(20).fill(n), network)

/** Account ids of a, b, c and so on; the pool's own addresses are behind them. */
export const miner = (name: string): string => accountId(addressOf(name.charCodeAt(0)))
export const FEE_ADDRESSES = [addressOf(1), addressOf(2)]
export const CHANGE_ADDRESS = addressOf(3)

export const blockHash = (n: number): string => n.toString(16).padStart(64, '0')
const coinbase = (n: number): string => `c${n.toString(16).padStart(63, '0')}`

type Booked = E.Either<BooksError, readonly Posting[]>

/**
 * A pool as far as money goes, for tests: its books, and a wallet whose coins are the coinbases of its blocks. Every event goes
 * through the books, and every invariant is looked at after each.
 */
export class TestPool {
  readonly books = openBooks()
  readonly minimum = toAtoms(1_000_000n)
  bearer: FeeBearer = 'miners'
  feePpm = 10_000
  addresses: ReadonlyMap<string, string> = new Map(
    'abcdefgh'.split('').map((name) => [miner(name), addressOf(name.charCodeAt(0))]),
  )
  refused: ReadonlySet<string> = new Set()
  waiting: readonly Waiting[] = []
  readonly plans = new Map<number, PayoutPlan>()
  /** All that was ever posted, and with what. */
  readonly posted: (Posting & { readonly by: PoolEvent['type'] })[] = []
  #settlements = 0
  #unspent = new Map<string, Unspent>()

  /** Brings a block to a phase, from nothing. */
  block(n: number, atoms: bigint, ...life: readonly ('connected' | 'approved' | 'matured')[]): void {
    this.blockEvent(n, {
      type: 'BlockFound',
      data: {
        v: 1,
        at: 1,
        height: n,
        header: '00'.repeat(180),
        powAlgorithm: 'blake3',
        share: null,
        gateway: 0,
        job: 0,
        connection: null,
        account: null,
        worker: null,
      },
    })
    if (life.includes('connected') || life.length > 0) this.connect(n, atoms)
    if (life.includes('approved') || life.includes('matured')) this.approve(n)
    if (life.includes('matured')) this.mature(n, atoms)
  }

  connect(n: number, atoms: bigint): void {
    const reward = { transaction: coinbase(n), output: 1, atoms: String(atoms) }
    this.blockEvent(n, { type: 'BlockConnected', data: { v: 1, at: 1, reward } })
  }

  approve(n: number): void {
    this.blockEvent(n, { type: 'BlockApproved', data: { v: 1, at: 1, by: blockHash(n + 1) } })
  }

  disapprove(n: number): void {
    this.blockEvent(n, { type: 'BlockDisapproved', data: { v: 1, at: 1, by: blockHash(n + 1) } })
    this.#unspent.delete(coinbase(n))
  }

  disconnect(n: number): void {
    this.blockEvent(n, { type: 'BlockDisconnected', data: { v: 1, at: 1 } })
    this.#unspent.delete(coinbase(n))
  }

  mature(n: number, atoms: bigint): void {
    this.blockEvent(n, { type: 'BlockMatured', data: { v: 1, at: 1, confirmations: 17 } })
    this.#unspent.set(coinbase(n), { transaction: coinbase(n), output: 1, tree: 0, atoms: toAtoms(atoms) })
  }

  blockEvent(n: number, event: BlockEvent): Booked {
    return this.#book(event.type, bookBlockEvent(this.books, blockHash(n), event))
  }

  /** Shares a block's reward in proportion to units of miners; answers its settlement. */
  allocate(n: number, units: Readonly<Record<string, bigint>>): number {
    const settlement = this.#settlements++
    for (const event of this.allocation(n, units))
      expect(this.settlementEvent(settlement, event)).toMatchObject({ _tag: 'Right' })
    return settlement
  }

  /** The events of an allocation. */
  allocation(n: number, units: Readonly<Record<string, bigint>>): readonly AllocationEvent[] {
    const reward = this.books.blocks.get(blockHash(n))?.reward
    if (reward === undefined || reward === null) throw new Error(`block ${n} has no reward`)
    const accounts = Object.entries(units)
      .map(([name, each]) => ({ account: miner(name), units: each }))
      .sort((a, b) => (a.account < b.account ? -1 : 1))
    const reference = { stream: 'shares-0-0', revision: n, index: 0 }
    const window = {
      from: reference,
      to: reference,
      shares: accounts.length,
      units: accounts.reduce((sum, each) => sum + each.units, 0n),
      accounts,
    }
    const allocation = allocate({ kind: 'prop' }, reward, this.feePpm, window)
    if (allocation === undefined) throw new Error('nothing allocated')
    return allocationEvents(1, { block: blockHash(n), height: n, policy: 1 }, allocation, window).filter(
      isAllocated,
    )
  }

  reverse(n: number, settlement: number, why: ReversalReason = 'disconnected'): Booked {
    return this.settlementEvent(settlement, {
      type: 'RewardReversed',
      data: { v: 1, at: 1, block: blockHash(n), why },
    })
  }

  settlementEvent(settlement: number, event: AllocationEvent): Booked {
    return this.#book(event.type, bookAllocationEvent(this.books, settlement, event))
  }

  /** Plans a run; answers the numbers of its payouts. */
  plan(mode: 'automatic' | 'manual' = 'automatic'): readonly number[] {
    const { claims, waiting } = payoutClaims(this.books.balances, {
      network,
      minimum: this.minimum,
      addressOf: (account) => this.addresses.get(account),
      refused: this.refused,
    })
    const inUse = this.books.funding
    const run = planPayouts({
      network,
      claims,
      bearer: this.bearer,
      minimum: this.minimum,
      poolFees: toAtoms(this.balance('pool:fee:available')),
      feeAddress: feeAddressInTurn(FEE_ADDRESSES, this.books.feePayouts),
      unspent: [...this.#unspent.values()].filter((each) => !inUse.has(`${each.transaction}:${each.output}`)),
      changeAddress: CHANGE_ADDRESS,
    })
    this.waiting = [...waiting, ...run.waiting]
    return run.plans.map((plan) => {
      const number = this.books.payouts.size
      expect(this.payoutEvent(number, this.planned(plan, mode))).toMatchObject({ _tag: 'Right' })
      this.plans.set(number, plan)
      return number
    })
  }

  planned(plan: PayoutPlan, mode: 'automatic' | 'manual' = 'automatic'): PayoutEvent {
    const event = planEvent(1, { policy: 1, mode, height: 100 }, plan)
    if (event.type !== 'PayoutPlanned') throw new Error('not a plan')
    return event
  }

  /** The next steps of a payout. */
  step(
    number: number,
    ...steps: readonly ('approve' | 'sign' | 'publish' | 'confirm' | 'conflict' | 'reject')[]
  ): void {
    for (const step of steps) {
      expect(this.payoutEvent(number, STEPS[step])).toMatchObject({ _tag: 'Right' })
      if (step === 'confirm' || step === 'conflict') this.#spend(number, step === 'confirm')
    }
  }

  payoutEvent(number: number, event: PayoutEvent): Booked {
    return this.#book(event.type, bookPayoutEvent(this.books, number, event))
  }

  /** Nobody can spend a confirmed payout's funding again, nor what a conflict took; change comes back. */
  #spend(number: number, isOurs: boolean): void {
    const plan = this.plans.get(number)
    if (plan === undefined) return
    for (const { transaction } of plan.funding) this.#unspent.delete(transaction)
    const back = isOurs
      ? (plan.change?.atoms ?? 0n)
      : plan.funding.reduce((sum, { atoms }) => sum + atoms, 0n)
    const id = `d${number.toString(16).padStart(63, '0')}`
    if (back > 0n) this.#unspent.set(id, { transaction: id, output: 1, tree: 0, atoms: toAtoms(back) })
  }

  balance(account: LedgerAccount): bigint {
    return balanceOf(this.books.balances, account)
  }

  /** What a miner has in a stage. */
  of(name: string, stage: Stage): bigint {
    return this.balance(`miner:${miner(name)}:${stage}`)
  }

  /** Atoms that the wallet could spend, were nothing planned. */
  get wallet(): bigint {
    return [...this.#unspent.values()].reduce((sum, { atoms }) => sum + atoms, 0n)
  }

  #book(by: PoolEvent['type'], booked: Booked): Booked {
    if (E.isRight(booked)) {
      expect(booked.right.reduce((sum, { atoms }) => sum + atoms, 0n)).toBe(0n)
      this.posted.push(...booked.right.map((posting) => ({ ...posting, by })))
    }
    expect(violations(this.books)).toEqual([])
    return booked
  }
}

const STEPS = {
  approve: { type: 'PayoutApproved', data: { v: 1, at: 1 } },
  sign: { type: 'PayoutSigned', data: { v: 1, at: 1, transaction: 'aa'.repeat(32), bytes: '00' } },
  publish: { type: 'PayoutPublished', data: { v: 1, at: 1 } },
  confirm: { type: 'PayoutConfirmed', data: { v: 1, at: 1, block: 'bb'.repeat(32), confirmations: 2 } },
  conflict: {
    type: 'PayoutReturned',
    data: {
      v: 1,
      at: 1,
      why: 'conflict',
      conflict: { transaction: 'cc'.repeat(32), block: 'dd'.repeat(32), confirmations: 2 },
    },
  },
  reject: { type: 'PayoutReturned', data: { v: 1, at: 1, why: 'rejected', conflict: null } },
} as const satisfies Record<string, PayoutEvent>

const isAllocated = (
  event: PoolEvent,
): event is { type: 'RewardAllocated'; data: EventData<'RewardAllocated'> } =>
  event.type === 'RewardAllocated'

import * as E from 'fp-ts/lib/Either.js'
import { type BlockEvent, bookBlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import type { BooksError } from '../../domain/bookkeeping/books.ts'
import type { Posting } from '../../domain/bookkeeping/ledger.ts'
import { bookPayoutEvent } from '../../domain/bookkeeping/payout-entries.ts'
import {
  type AllocationEvent,
  bookAllocationEvent,
  bookWorkSettled,
} from '../../domain/bookkeeping/settlement-entries.ts'
import { accountId } from '../../domain/decred/address.ts'
import type { EventData, PoolEvent } from '../../domain/events.ts'
import { isOver, type PayoutEvent, type PayoutStepEvent } from '../../domain/payout/lifecycle.ts'
import type { Accrual } from '../../domain/reward/pay-per-share.ts'
import { compareIds } from '../../domain/reward/split.ts'
import type { Tally } from '../tally.ts'
import { accountsAtWork, dropOpenWork, dueWork } from './open-work.ts'
import { recallBlock, recallFunding, recallHolders, recallPayout, sharersOf } from './recall.ts'
import { type Cause, enter, holderOf } from './statement.ts'
import type { CreditRow, MoneyEvent } from './tally.ts'

/** The rules change, from the next event on. */
export function foldPolicyAdopted(tally: Tally, revision: number, data: EventData<'PolicyAdopted'>): void {
  tally.money.policy = data
  tally.money.changes.policies.push({ revision, entry: tally.entries, data })
}

/** Books an event of a block's stream: its maturity moves what is shared of it. */
export function foldBlockMoney(tally: Tally, hash: string, where: MoneyEvent, event: BlockEvent): void {
  const { money } = tally
  recallBlock(tally, hash)
  const before = money.books.blocks.get(hash)
  // All of it may have repaid the reserve: then it matures without moving anything.
  const ripens = event.type === 'BlockMatured' && before?.allocation?.stage === 'immature'
  if (ripens) recallHolders(tally, sharersOf(tally, before))
  const postings = taken(tally, where, event, bookBlockEvent(money.books, hash, event))
  if (postings === undefined || !ripens) return
  money.changes.settlements.push({ kind: 'matured', block: hash })
  enter(tally, postings, { ...causeOf('matured', event), block: hash })
}

/** Books an event that shares a block's reward, or takes that back. */
export function foldAllocation(
  tally: Tally,
  number: number,
  where: MoneyEvent,
  event: AllocationEvent,
): void {
  recallBlock(tally, event.data.block)
  if (event.type === 'RewardAllocated') foldPart(tally, number, where, event)
  else foldReversal(tally, number, where, event)
}

function foldPart(
  tally: Tally,
  number: number,
  where: MoneyEvent,
  event: Extract<AllocationEvent, { readonly type: 'RewardAllocated' }>,
): void {
  const { books, changes } = tally.money
  const { block: hash, part, parts: all } = event.data
  const before = books.blocks.get(hash)?.pending ?? null
  const parts = [...(before?.settlement === number ? before.parts : []), event.data]
  if (part === all)
    recallHolders(
      tally,
      parts.flatMap(({ account }) => account),
    )
  const postings = taken(tally, where, event, bookAllocationEvent(books, number, event))
  if (postings === undefined) return
  if (before !== null || part < all)
    changes.pending.set(hash, Math.min(part, changes.pending.get(hash) ?? part))
  if (part === all) allocated(tally, number, parts, postings)
}

function allocated(
  tally: Tally,
  number: number,
  parts: readonly EventData<'RewardAllocated'>[],
  postings: readonly Posting[],
): void {
  const data = parts.at(-1)
  const whole = data === undefined ? undefined : tally.money.books.blocks.get(data.block)
  const booked = whole?.allocation ?? null
  if (data === undefined || whole === undefined || booked === null) return
  const { block, height, policy, at, window } = data
  const { reward, fee, reserve, stage } = booked
  const kind = whole.takenBack === null ? 'earned' : 'restored'
  enter(tally, postings, { kind, at, block, payout: null })
  tally.money.changes.settlements.push({
    kind: 'allocated',
    settlement: {
      entry: tally.entries,
      number,
      at,
      block,
      height,
      policy,
      reward,
      fee,
      reserve,
      repaid: toReserve(postings) - reserve,
      window,
      stage,
    },
    credits: creditRows(tally, parts),
  })
}

const toReserve = (postings: readonly Posting[]): bigint =>
  postings.reduce((sum, { account, atoms }) => (account === 'pool:reserve' ? sum + atoms : sum), 0n)

const creditRows = (tally: Tally, parts: readonly EventData<'RewardAllocated'>[]): readonly CreditRow[] =>
  parts.flatMap(({ account, units, atoms }) =>
    account.map((id, i) => ({
      holder: holderOf(tally, id).id,
      units: units[i] ?? '0',
      atoms: BigInt(atoms[i] ?? '0'),
    })),
  )

function foldReversal(
  tally: Tally,
  number: number,
  where: MoneyEvent,
  event: Extract<AllocationEvent, { readonly type: 'RewardReversed' }>,
): void {
  const { books, changes } = tally.money
  const { at, block: hash, why } = event.data
  const block = books.blocks.get(hash)
  const reserve = block?.allocation?.reserve ?? 0n
  recallHolders(tally, sharersOf(tally, block))
  const postings = taken(tally, where, event, bookAllocationEvent(books, number, event))
  if (postings === undefined) return
  const fromReserve = -toReserve(postings) - reserve
  const takenBack = block?.takenBack ?? null
  changes.settlements.push({ kind: 'reversed', block: hash, at, why, fromReserve, takenBack })
  enter(tally, postings, { ...causeOf('reversed', event), block: hash })
}

/** Books work that is paid by the share: the credits are those of the shares that wait, and the event has to say the same. */
export function foldWorkSettled(
  tally: Tally,
  number: number,
  where: MoneyEvent,
  event: Extract<PoolEvent, { readonly type: 'WorkSettled' }>,
): void {
  const { money } = tally
  const { data } = event
  recallHolders(tally, accountsAtWork(tally))
  const due = dueWork(tally, data)
  if (due === undefined) {
    refuse(tally, where, event, {
      kind: 'other-credits',
      message: `The work settled at height ${data.height} is not that of the shares that wait for it.`,
    })
    return
  }
  const postings = taken(tally, where, event, bookWorkSettled(money.books, data, due.credits))
  if (postings === undefined) return
  dropOpenWork(tally, due.events)
  enter(tally, postings, causeOf('credited', event))
  for (const [account, parts] of byId(due.carried)) holderOf(tally, account).carried = parts
  money.changes.workSettlements.push({ entry: tally.entries, number, data })
}

/** In order of the ids: new holders are numbered in it, whatever order the work was kept in. */
const byId = (carried: Accrual): readonly (readonly [string, bigint])[] =>
  [...carried].sort(([a], [b]) => compareIds(a, b))

/** Books an event of a payout's stream. */
export function foldPayout(tally: Tally, number: number, where: MoneyEvent, event: PayoutEvent): void {
  recallPayout(tally, number)
  if (event.type === 'PayoutPlanned') foldPlan(tally, number, where, event)
  else foldPayoutStep(tally, number, where, event)
}

function foldPlan(
  tally: Tally,
  number: number,
  where: MoneyEvent,
  event: Extract<PayoutEvent, { readonly type: 'PayoutPlanned' }>,
): void {
  const { money } = tally
  const { data } = event
  const accounts = data.address.map(accountId)
  recallHolders(tally, accounts)
  recallFunding(tally, data)
  const postings = taken(tally, where, event, bookPayoutEvent(money.books, number, event))
  const booked = money.books.payouts.get(number)
  if (postings === undefined || booked === undefined) return
  money.plans.set(number, data)
  for (const outpoint of booked.plan?.funding ?? []) money.changes.funding.set(outpoint, number)
  money.changes.payouts.push({
    kind: 'planned',
    number,
    entry: tally.entries,
    phase: booked.phase,
    data,
    accounts,
  })
  enter(tally, postings, { ...causeOf('planned', event), payout: number })
}

function foldPayoutStep(tally: Tally, number: number, where: MoneyEvent, event: PayoutStepEvent): void {
  const { money } = tally
  const plan = money.plans.get(number)
  const outputs = money.books.payouts.get(number)?.plan
  recallHolders(tally, outputs?.outputs.map(({ account }) => account) ?? [])
  const postings = taken(tally, where, event, bookPayoutEvent(money.books, number, event))
  const phase = money.books.payouts.get(number)?.phase
  if (postings === undefined || phase === undefined) return
  money.changes.payouts.push({ kind: 'step', number, phase, event })
  if (!isOver(phase) || plan === undefined) return
  money.plans.delete(number)
  if (phase === 'returned') {
    for (const outpoint of outputs?.funding ?? []) money.changes.funding.set(outpoint, null)
    enter(tally, postings, { ...causeOf('returned', event), payout: number })
  } else enter(tally, postings, { ...causeOf('paid', event), payout: number }, paid(tally, plan))
}

/** Counts what a plan has brought its accounts. Answers what each of them bore of the chain's fee. */
function paid(tally: Tally, plan: EventData<'PayoutPlanned'>): ReadonlyMap<string, bigint> {
  const chainFees = new Map<string, bigint>()
  for (const [i, address] of plan.address.entries()) {
    const account = accountId(address)
    const holder = holderOf(tally, account)
    const atoms = BigInt(plan.atoms[i] ?? '0')
    const chainFee = BigInt(plan.deducted[i] ?? '0') - atoms
    holder.paid += atoms
    holder.chainFees += chainFee
    chainFees.set(account, (chainFees.get(account) ?? 0n) + chainFee)
  }
  return chainFees
}

const causeOf = (kind: Cause['kind'], event: PoolEvent): Cause => ({
  kind,
  at: event.data.at,
  block: null,
  payout: null,
})

/** What an event posted; undefined when the books did not take it, which is kept for all to see. */
function taken(
  tally: Tally,
  where: MoneyEvent,
  event: PoolEvent,
  booked: E.Either<BooksError, readonly Posting[]>,
): readonly Posting[] | undefined {
  if (E.isRight(booked)) return booked.right
  refuse(tally, where, event, booked.left)
  return undefined
}

function refuse(
  tally: Tally,
  { stream, revision }: MoneyEvent,
  event: PoolEvent,
  { kind, message }: BooksError,
): void {
  const { type, data } = event
  tally.money.changes.refused.push({
    entry: tally.entries,
    at: data.at,
    stream,
    revision,
    type,
    kind,
    message,
  })
}

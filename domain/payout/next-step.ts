import type { EventData, PayoutMode } from '../events.ts'
import { firstPhase, type PayoutEvent, type PayoutPhase, phaseAfter } from './lifecycle.ts'

/** What is known of a payout, folded from its stream. */
export interface PayoutRecord {
  readonly phase: PayoutPhase
  readonly mode: PayoutMode
  /** Id of its transaction, display hex; null before it is signed. */
  readonly transaction: string | null
  /** The transaction, hex. */
  readonly bytes: string | null
}

/** Folds the events of a payout's stream. Undefined before the plan; an event that can't follow changes nothing. */
export function payoutRecord(events: readonly PayoutEvent[]): PayoutRecord | undefined {
  return events.reduce<PayoutRecord | undefined>(evolve, undefined)
}

function evolve(record: PayoutRecord | undefined, event: PayoutEvent): PayoutRecord | undefined {
  if (event.type === 'PayoutPlanned') {
    const { mode } = event.data
    return record ?? { phase: firstPhase(mode), mode, transaction: null, bytes: null }
  }
  const phase = record === undefined ? undefined : phaseAfter(record.phase, event)
  if (record === undefined || phase === undefined) return record
  return event.type === 'PayoutSigned'
    ? { ...record, phase, transaction: event.data.transaction, bytes: event.data.bytes }
    : { ...record, phase }
}

/** Where the chain and the node's mempool have a payout's transaction and its money. */
export interface PayoutObservation {
  /** `known`: a node has it and no block does. Confirmations from 1 on. */
  readonly transaction:
    | { readonly kind: 'unknown' }
    | { readonly kind: 'known' }
    | { readonly kind: 'in-block'; readonly block: string; readonly confirmations: number }
  /**
   * A transaction in a block of the main chain, not this payout's own, that spends any of its funding: see `spendersIn`. Not
   * looked at when the payout's own is in a block.
   */
  readonly conflict: EventData<'PayoutReturned'>['conflict']
  /** Of its funding, a reward that is not there. Not looked at when it is spent by something in a block. */
  readonly missing: MissingReward | null
}

/** A reward that a payout spends, whose blocks have left the main chain, and which the block in their place does not pay either. */
export interface MissingReward {
  /** Id of the coinbase, display hex. */
  readonly transaction: string
  /** One of the blocks that it was in. */
  readonly block: string
  /** Blocks of the main chain in the place of that one: another of its height, and those after it. */
  readonly displacedBy: number
  /** All blocks of the pool that it was in are orphaned. */
  readonly isGivenUp: boolean
}

/** What to do next with a payout. */
export type PayoutStep =
  /** An operator has to approve the plan, or to reject it. */
  | { readonly kind: 'await-approval' }
  /** Have the plan's transaction signed, check it, record `PayoutSigned`. */
  | { readonly kind: 'sign' }
  /** Publish the recorded bytes, again if need be, and record `PayoutPublished` when that is not recorded. */
  | { readonly kind: 'publish' }
  /** Look again when the chain moves. */
  | { readonly kind: 'watch' }
  /** The money went elsewhere: tell the operator, pay nothing, look again when the chain moves. */
  | { readonly kind: 'alarm'; readonly conflict: NonNullable<PayoutObservation['conflict']> }
  /** It can't be paid with what is not there: tell the operator, look again when the chain moves. */
  | { readonly kind: 'unfunded'; readonly missing: MissingReward }
  | { readonly kind: 'record'; readonly event: PayoutEvent }
  | { readonly kind: 'done' }

/**
 * Says what to do next with a payout, from nothing but its record and the world: the same after a crash at any point. A step that
 * was taken and not recorded is taken again, which does no harm. Money goes back to its accounts when nothing was signed and it is
 * gone, or when what spent it is `confirmations` deep; never because a transaction is not seen. Where what it spends is not on the chain
 * itself, an operator decides: see `mayReturn`.
 */
export function nextPayoutStep(
  record: PayoutRecord,
  seen: PayoutObservation,
  confirmations: number,
  at: number,
): PayoutStep {
  const { transaction } = seen
  const conflict = transaction.kind === 'in-block' ? null : seen.conflict
  switch (record.phase) {
    case 'planned':
    case 'approved':
      if (conflict !== null) return returned(at, 'funding-gone', conflict)
      if (seen.missing !== null) return { kind: 'unfunded', missing: seen.missing }
      return { kind: record.phase === 'planned' ? 'await-approval' : 'sign' }
    case 'signed':
      if (conflict !== null) return afterConflict(conflict, confirmations, at)
      if (isUnfunded(seen)) return { kind: 'unfunded', missing: seen.missing }
      return transaction.kind === 'unknown'
        ? { kind: 'publish' }
        : { kind: 'record', event: { type: 'PayoutPublished', data: { v: 1, at } } }
    case 'published':
      if (conflict !== null) return afterConflict(conflict, confirmations, at)
      if (isUnfunded(seen)) return { kind: 'unfunded', missing: seen.missing }
      return afterPublishing(transaction, confirmations, at)
    case 'confirmed':
    case 'returned':
      return { kind: 'done' }
  }
}

/** One whose transaction is in a block has what it spends, whatever else was seen. */
const isUnfunded = (
  seen: PayoutObservation,
): seen is PayoutObservation & { readonly missing: MissingReward } =>
  seen.transaction.kind !== 'in-block' && seen.missing !== null

/**
 * Says whether an operator may put back the money of a payout that is signed: nothing on the chain is or spends its money, and a reward
 * that it spends is given up and displaced `confirmations` deep. Nothing less shows that what is signed can't be paid any more.
 */
export const mayReturn = (seen: PayoutObservation, confirmations: number): boolean =>
  isUnfunded(seen) &&
  seen.conflict === null &&
  seen.missing.isGivenUp &&
  seen.missing.displacedBy >= confirmations

function afterPublishing(
  seen: PayoutObservation['transaction'],
  confirmations: number,
  at: number,
): PayoutStep {
  if (seen.kind === 'unknown') return { kind: 'publish' }
  if (seen.kind === 'known' || seen.confirmations < confirmations) return { kind: 'watch' }
  const { block } = seen
  return {
    kind: 'record',
    event: { type: 'PayoutConfirmed', data: { v: 1, at, block, confirmations: seen.confirmations } },
  }
}

const afterConflict = (
  conflict: NonNullable<PayoutObservation['conflict']>,
  confirmations: number,
  at: number,
): PayoutStep =>
  conflict.confirmations < confirmations ? { kind: 'alarm', conflict } : returned(at, 'conflict', conflict)

const returned = (
  at: number,
  why: EventData<'PayoutReturned'>['why'],
  conflict: PayoutObservation['conflict'],
): PayoutStep => ({ kind: 'record', event: { type: 'PayoutReturned', data: { v: 1, at, why, conflict } } })

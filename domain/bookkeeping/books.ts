import type { BlockPhase } from '../block/lifecycle.ts'
import type { Atoms } from '../decred/amount.ts'
import type { EventData } from '../events.ts'
import type { PayoutPhase } from '../payout/lifecycle.ts'
import type { Advances } from './advances.ts'
import type { Balances } from './ledger.ts'

/**
 * The pool's books: what the money events of the log add up to. A fold, changed in place by `bookBlockEvent`,
 * `bookSettlementEvent`, `bookWorkSettled` and `bookPayoutEvent`, one owner. An event that they refuse changes nothing, so a writer
 * tries it here before it appends it.
 */
export interface Books {
  readonly balances: Balances
  /** What the reserve carries for rewards that were taken back. */
  readonly advances: Advances
  /** Rewards that were taken back after they were available, so far. */
  reversals: number
  /** By display hash. */
  readonly blocks: Map<string, BookedBlock>
  /** By the number of its stream. */
  readonly payouts: Map<number, BookedPayout>
  /** Outputs of the chain that a payout spends which was not returned, as `<transaction>:<output>`: the payout's number. */
  readonly funding: Map<string, number>
  /** Payouts with an output for the pool's fees that were not returned: whose turn it is among the fee addresses. */
  feePayouts: number
  readonly names: Names
}

/** A block of the pool, as far as money goes by it. */
export interface BookedBlock {
  readonly height: number
  phase: BlockPhase
  /** Proof-of-work output of its coinbase; null before it was ever connected. */
  reward: Atoms | null
  /** It was approved on the main chain at some time. */
  wasApproved: boolean
  /** Its reward as it is shared now; null when it is not. */
  allocation: BookedAllocation | null
  /** Parts of an allocation that is not complete. */
  pending: PendingAllocation | null
  /** Which of {@link Books.reversals} took its reward back last, counted from 1; null when none did. */
  takenBack: number | null
}

/** A shared reward. Columns of equal length: the log holds it, here it is only to be moved on or back. */
export interface BookedAllocation {
  /** Number of its stream. */
  readonly settlement: number
  readonly reward: Atoms
  readonly fee: bigint
  readonly reserve: bigint
  /** Ordinals of {@link Names}. */
  readonly accounts: Uint32Array
  readonly atoms: BigUint64Array
  stage: 'immature' | 'available'
}

/** What is there of an allocation in parts. */
export interface PendingAllocation {
  readonly settlement: number
  readonly parts: readonly EventData<'RewardAllocated'>[]
}

/** A payout, as far as money goes by it. */
export interface BookedPayout {
  phase: PayoutPhase
  /** What its plan took from each account; null once it is over. */
  plan: PlannedMoney | null
}

/** Money of one payout. */
export interface PlannedMoney {
  readonly outputs: readonly { readonly account: string; readonly deducted: bigint }[]
  /** What the pool's fees give: their output and their part of the chain's fee. */
  readonly poolFee: bigint
  /** Taken from the reserve for the chain's fee. */
  readonly reserve: bigint
  /** What arrives at addresses, the pool's own included. */
  readonly paid: bigint
  readonly fee: bigint
  readonly hasFeeOutput: boolean
  /** Keys of {@link Books.funding}. */
  readonly funding: readonly string[]
}

/** Account ids, each kept once. */
export interface Names {
  readonly ids: string[]
  readonly ordinals: Map<string, number>
}

/** Books before the first event. */
export const openBooks = (): Books => ({
  balances: new Map(),
  advances: new Map(),
  reversals: 0,
  blocks: new Map(),
  payouts: new Map(),
  funding: new Map(),
  feePayouts: 0,
  names: { ids: [], ordinals: new Map() },
})

/** Ordinal of an account id, which is its place among those that the books have met. */
export function ordinalOf({ ids, ordinals }: Names, account: string): number {
  const known = ordinals.get(account)
  if (known !== undefined) return known
  const ordinal = ids.push(account) - 1
  ordinals.set(account, ordinal)
  return ordinal
}

/** Why the books don't take an event: it contradicts what is in the log before it. Whoever was about to write it must not. */
export interface BooksError {
  readonly kind:
    | 'unknown-block'
    /** Its block was never approved on the main chain. */
    | 'not-approved'
    | 'allocated-twice'
    /** There is nothing to take back. */
    | 'not-allocated'
    /** It shares another amount than the coinbase pays. */
    | 'other-reward'
    /** Its parts do not sum to the reward, or are not the split of the units. */
    | 'wrong-split'
    /** Its parts contradict each other or are out of order. */
    | 'parts-disagree'
    /** Credits that are not those of the event's digest and totals. */
    | 'other-credits'
    | 'unknown-payout'
    | 'payout-exists'
    /** The payout is not where this can happen to it. */
    | 'out-of-order'
    /** More than an account has available. */
    | 'overdrawn'
    /** Money that another payout spends, or this one twice. */
    | 'funded-twice'
    /** Outputs, change and fee are not what the funding holds, or the accounts give another sum. */
    | 'unbalanced-plan'
  readonly message: string
}

import type { Advance } from '../../domain/bookkeeping/advances.ts'
import type { BlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import type { BookedAllocation, Books, BooksError } from '../../domain/bookkeeping/books.ts'
import { openBooks } from '../../domain/bookkeeping/books.ts'
import type { LedgerAccount, Stage } from '../../domain/bookkeeping/ledger.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, PoolEvent, ReversalReason } from '../../domain/events.ts'
import type { PayoutPhase, PayoutStepEvent } from '../../domain/payout/lifecycle.ts'
import { cachedShareUnits } from '../../domain/reward/units.ts'
import type { LineKind } from './views.ts'

/**
 * The money side of a tally. `books` hold what the events since the last store have touched and nothing else: a block, a payout or
 * a balance is brought in when an event needs it (`recall.ts`) and let go once it is stored. So memory and start do not grow with
 * the history; always there are the pool's own accounts, the policy in force, and work of `pps` that waits for its settlement.
 */
export interface MoneyTally {
  books: Books
  /** Miners whose balances are in the books, by account id. */
  readonly holders: Map<string, Holder>
  /** Id of the next holder. */
  nextHolder: number
  /** Plans of the payouts in the books that are not over. */
  readonly plans: Map<number, EventData<'PayoutPlanned'>>
  /** In force. */
  policy: EventData<'PolicyAdopted'> | null
  /** Events of shares under `pps` that are not settled, oldest first. */
  openWork: OpenWork[]
  /** Units of a share, remembered; null before the pool is known. */
  unitsOf: ReturnType<typeof cachedShareUnits> | null
  changes: MoneyChanges
}

/** A miner whom the ledger knows. Its balances are in the books. */
export interface Holder {
  readonly id: number
  readonly account: string
  /** What arrived at its address. */
  paid: bigint
  /** What it bore of the chain's fees. */
  chainFees: bigint
  /** Earned under `pps` and not a whole atom yet, in `ATOM_PARTS`. */
  carried: bigint
  /** The newest line of its statement; null before the first, undefined when it was not asked for yet. */
  last: StatementLine | null | undefined
  /** What is stored of the reserve's advances for it. */
  readonly advances: readonly Advance[]
  /** Names of its balances in the books, made once. */
  readonly balances: Readonly<Record<Stage, LedgerAccount>>
}

/** What one event did to what a miner is owed. Changes by stage; what is owed in all afterwards is `balance`. */
export interface StatementLine {
  readonly holder: number
  /** Ordinal of the event; of the first one where several are told in one line. */
  readonly entry: number
  readonly at: number
  readonly kind: LineKind
  readonly block: string | null
  readonly payout: number | null
  readonly immature: bigint
  readonly available: bigint
  readonly inPayout: bigint
  /** Of what was paid: the miner's part of the chain's fee. */
  readonly chainFee: bigint
  readonly balance: bigint
}

/** Shares of one event under `pps`, and what they earn. */
export interface OpenWork {
  readonly entry: number
  readonly stream: string
  readonly revision: number
  readonly shares: number
  readonly units: bigint
  /** By account, in `ATOM_PARTS`. */
  readonly worth: ReadonlyMap<string, bigint>
}

/** What happens to the sharing of a block's reward, in the order of the log. */
export type SettlementChange =
  | { readonly kind: 'allocated'; readonly settlement: SettlementRow; readonly credits: readonly CreditRow[] }
  | { readonly kind: 'matured'; readonly block: string }
  | {
      readonly kind: 'reversed'
      readonly block: string
      readonly at: number
      readonly why: ReversalReason
      /** What was paid or planned already: the reserve's loss. */
      readonly fromReserve: bigint
      /** See `BookedBlock`. */
      readonly takenBack: number | null
    }

/** A block's reward as a complete allocation shares it. */
export interface SettlementRow {
  /** Ordinal of the event that completed it: its key. */
  readonly entry: number
  /** Number of its stream. */
  readonly number: number
  readonly at: number
  readonly block: string
  readonly height: number
  readonly policy: number
  readonly reward: bigint
  readonly fee: bigint
  readonly reserve: bigint
  /** What of the rest went to the reserve, which had advanced it for the same accounts when the block was lost. */
  readonly repaid: bigint
  readonly window: EventData<'RewardAllocated'>['window']
  readonly stage: BookedAllocation['stage']
}

/** What one account has of a shared reward. */
export interface CreditRow {
  readonly holder: number
  readonly units: string
  readonly atoms: bigint
}

/** Pay per share: shares that were credited. */
export interface WorkSettlementRow {
  readonly entry: number
  readonly number: number
  readonly data: EventData<'WorkSettled'>
}

/** A policy as the log adopts it. */
export interface PolicyRow {
  /** Of its event in the stream `pool`. */
  readonly revision: number
  readonly entry: number
  readonly data: EventData<'PolicyAdopted'>
}

/** What happens to a payout, in the order of the log. */
export type PayoutChange =
  | {
      readonly kind: 'planned'
      readonly number: number
      readonly entry: number
      readonly phase: PayoutPhase
      readonly data: EventData<'PayoutPlanned'>
      /** Account of each address. */
      readonly accounts: readonly string[]
    }
  | {
      readonly kind: 'step'
      readonly number: number
      readonly phase: PayoutPhase
      readonly event: PayoutStepEvent
    }

/** An event of money that the books do not take: it contradicts what is before it, and moves nothing. */
export interface RefusedRow {
  readonly entry: number
  readonly at: number
  readonly stream: string
  readonly revision: number
  readonly type: PoolEvent['type']
  readonly kind: BooksError['kind']
  readonly message: string
}

/** What is not stored yet. Lists are in the order of the log; the rest are absolute values. */
export interface MoneyChanges {
  readonly policies: PolicyRow[]
  readonly holders: Set<Holder>
  /** Ledger accounts of the pool and the chain. */
  readonly ledger: Set<LedgerAccount>
  /** By holder and entry. */
  readonly lines: Map<string, StatementLine>
  readonly settlements: SettlementChange[]
  /** Blocks whose parts of an allocation are others than stored, and the first part that is. */
  readonly pending: Map<string, number>
  readonly workSettlements: WorkSettlementRow[]
  readonly payouts: PayoutChange[]
  /** Outpoints that a payout spends (its number) or no longer does (null). */
  readonly funding: Map<string, number | null>
  readonly refused: RefusedRow[]
  readonly openWork: OpenWork[]
  /** Open work of entries up to this one is settled. */
  settledUpTo: number | null
}

/** A miner as stored. */
export interface StoredHolder extends Pick<Holder, 'id' | 'account' | 'paid' | 'chainFees' | 'carried'> {
  readonly atoms: Readonly<Record<Stage, bigint>>
}

/** What is stored of a block's money. */
export interface StoredBlockMoney {
  /** Its stream so far. */
  readonly events: readonly BlockEvent[]
  /** Its reward as it is shared now. */
  readonly allocation: StoredAllocation | null
  /** Parts of an allocation that is not complete; empty when there are none. */
  readonly parts: readonly EventData<'RewardAllocated'>[]
  /** Settlement of these parts. */
  readonly partsOf: number
  /** See `BookedBlock`. */
  readonly takenBack: number | null
}

/** A shared reward as stored; credits of nothing are left out. */
export interface StoredAllocation extends Omit<SettlementRow, 'entry' | 'at' | 'window' | 'repaid'> {
  readonly credits: readonly { readonly account: string; readonly atoms: bigint }[]
}

/** What was stored before and is not in memory. */
export interface StoredMoney {
  readonly holder: (account: string) => StoredHolder | undefined
  /** What the reserve advanced for a ledger account. */
  readonly advances: (account: LedgerAccount) => readonly Advance[]
  /** The newest line of a holder's statement. */
  readonly lastLine: (holder: number) => StatementLine | null
  readonly block: (hash: string) => StoredBlockMoney | undefined
  readonly payout: (
    number: number,
  ) => { readonly phase: PayoutPhase; readonly plan: EventData<'PayoutPlanned'> } | undefined
  /** Payout that spends an outpoint. */
  readonly funding: (outpoint: string) => number | undefined
}

/** The money side before the first event. */
export const startMoney = (): MoneyTally => ({
  books: openBooks(),
  holders: new Map(),
  nextHolder: 1,
  plans: new Map(),
  policy: null,
  openWork: [],
  unitsOf: null,
  changes: noMoneyChanges(),
})

const noMoneyChanges = (): MoneyChanges => ({
  policies: [],
  holders: new Set(),
  ledger: new Set(),
  lines: new Map(),
  settlements: [],
  pending: new Map(),
  workSettlements: [],
  payouts: [],
  funding: new Map(),
  refused: [],
  openWork: [],
  settledUpTo: null,
})

/**
 * Lets go of what is stored now. The pool's own accounts stay, and blocks whose allocation is not complete: each of its parts would have
 * those before it read again.
 */
export function releaseMoney(money: MoneyTally): void {
  const { balances, advances, reversals, blocks, feePayouts } = money.books
  const isOwn = ([account]: readonly [LedgerAccount, unknown]): boolean => !account.startsWith('miner:')
  const begun = [...blocks].filter(([, { pending, allocation }]) => pending !== null && allocation === null)
  money.books = {
    ...openBooks(),
    balances: new Map([...balances].filter(isOwn)),
    advances: new Map([...advances].filter(isOwn)),
    blocks: new Map(begun),
    reversals,
    feePayouts,
  }
  money.holders.clear()
  money.plans.clear()
  money.changes = noMoneyChanges()
}

/** Units of a share on the pool's network. */
export function unitsOn(money: MoneyTally, network: Network): ReturnType<typeof cachedShareUnits> {
  money.unitsOf ??= cachedShareUnits(network)
  return money.unitsOf
}

/** Where an event of money stands. */
export interface MoneyEvent {
  readonly stream: string
  readonly revision: number
}

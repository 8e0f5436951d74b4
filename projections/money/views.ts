import * as t from 'io-ts'
import {
  FeeBearer,
  PayoutMode,
  PayoutSchedule,
  ReturnReason,
  ReversalReason,
  Rounding,
  Scheme,
  ShareReference,
} from '../../domain/events.ts'
import { Count, Decimal, Hash, orNull, Ratio, Time, text } from '../codecs.ts'

/** What pages and API show of the money. Amounts are whole atoms as decimal text, never rounded. */

/** Integer as decimal text, of either sign: atoms that come and go. */
export const Signed = text('Signed', /^(0|-?[1-9][0-9]*)$/)

/** Phases of a payout: see `domain/payout/lifecycle.ts`. */
export const PayoutPhase = t.keyof(
  { planned: null, approved: null, signed: null, published: null, confirmed: null, returned: null },
  'PayoutPhase',
)
export type PayoutPhase = t.TypeOf<typeof PayoutPhase>

/** Whether the chain lets a shared reward be spent. */
export const SettlementStage = t.keyof({ immature: null, available: null }, 'SettlementStage')
export type SettlementStage = t.TypeOf<typeof SettlementStage>

/** What became of a shared reward so far. */
export const EarningState = t.keyof({ immature: null, available: null, reversed: null }, 'EarningState')
export type EarningState = t.TypeOf<typeof EarningState>

/**
 * What a line of a statement tells of. `earned`: a part of a block's reward; `restored`: the same of a block that had been taken back
 * after it matured, less what the pool's reserve had advanced then; `credited`: work of `pps`, one line a day unless
 * something else comes in between; `reversed`: a block was lost; `planned`, `paid` and `returned`: a payout; `matured`: what
 * was earned can be paid.
 */
export const LineKind = t.keyof(
  {
    earned: null,
    restored: null,
    matured: null,
    reversed: null,
    credited: null,
    planned: null,
    returned: null,
    paid: null,
  },
  'LineKind',
)
export type LineKind = t.TypeOf<typeof LineKind>

/** A policy and where the log adopts it. `feePpm` millionths of a reward; `minimumPayout` atoms. */
export const PolicyView = t.type(
  {
    /** Of its event in the stream `pool`: how allocations and payouts name it. */
    revision: Count,
    /** Ledger entry. */
    entry: Count,
    adoptedAt: Time,
    scheme: Scheme,
    feePpm: Count,
    rounding: Rounding,
    feeAddresses: t.readonlyArray(t.string),
    minimumPayout: Decimal,
    feeBearer: FeeBearer,
    payoutSchedule: PayoutSchedule,
    payoutMode: PayoutMode,
    payoutConfirmations: Count,
    sharesPerMinute: Count,
    lateShareGraceMs: Count,
  },
  'PolicyView',
)
export type PolicyView = t.TypeOf<typeof PolicyView>

/** The rules of the pool: in force (null before the first), and all that there were, newest first. */
export const PolicyHistory = t.type(
  { inForce: orNull(PolicyView), history: t.readonlyArray(PolicyView) },
  'PolicyHistory',
)
export type PolicyHistory = t.TypeOf<typeof PolicyHistory>

/**
 * What a miner is owed, by stage, and what it got. Earned so far, less what was taken back, is the sum of all. `paid` has arrived
 * at its address; `chainFees` is what it bore of the chain's fees for that.
 */
export const MinerBalances = t.type(
  { immature: Decimal, available: Decimal, inPayout: Decimal, paid: Decimal, chainFees: Decimal },
  'MinerBalances',
)
export type MinerBalances = t.TypeOf<typeof MinerBalances>

/**
 * An estimate of a miner's part of the next block, were it found now: its work since `since` over the pool's, `since` being about
 * where the window would begin. From sums of work over time: the block's own allocation counts each share.
 */
export const Quota = t.type({ share: Ratio, since: Time }, 'Quota')
export type Quota = t.TypeOf<typeof Quota>

/** Money of a miner: its balances with its name. */
export const BalanceView = t.type(
  { account: Hash, address: orNull(t.string), ...MinerBalances.props },
  'Balance',
)
export type BalanceView = t.TypeOf<typeof BalanceView>

/** The next payouts. A schedule by blocks is due `atHeight` (null before any work), a daily one `at`; the other is null. */
export const NextPayout = t.type(
  {
    atHeight: orNull(Count),
    at: orNull(Time),
    /** Miners whose available balance reaches the minimum, and what they have. */
    miners: Count,
    atoms: Decimal,
  },
  'NextPayout',
)
export type NextPayout = t.TypeOf<typeof NextPayout>

/** The window that a reward was shared over: from the oldest share that counts to the find, both included. */
export const WindowView = t.type(
  { from: ShareReference, to: ShareReference, shares: Count, units: Decimal },
  'Window',
)
export type WindowView = t.TypeOf<typeof WindowView>

/** What an account gets of a block: `units` are 2^-64 of the work that finds one block, `share` its part of the window's. */
export const CreditView = t.type(
  { account: Hash, address: orNull(t.string), units: Decimal, share: Ratio, atoms: Decimal },
  'Credit',
)
export type CreditView = t.TypeOf<typeof CreditView>

/** An allocation that was taken back. `fromReserve` was planned or paid already: the reserve carries it. */
export const ReversalView = t.type({ at: Time, why: ReversalReason, fromReserve: Decimal }, 'Reversal')
export type ReversalView = t.TypeOf<typeof ReversalView>

const allocationFields = {
  block: Hash,
  height: Count,
  /** Number of its stream. */
  settlement: Count,
  /** Ledger entry that completed it. */
  entry: Count,
  at: Time,
  state: EarningState,
  policy: Count,
}

/**
 * Who gets what of a block, and why: `reward` = `fee` + `reserve` + the atoms of all credits. Of fee and credits `repaid` went to the
 * reserve, which had advanced as much for the same accounts when the block was lost after it had matured. Each credit is
 * floor((reward - fee) * units / window units) atoms, and what is left over goes one atom each to the largest remainders, ties by
 * account id. Credits by account id, in pages: `items` and `next`. The newest allocation of the block, standing or reversed.
 */
export const AllocationPage = t.type(
  {
    ...allocationFields,
    reward: Decimal,
    fee: Decimal,
    reserve: Decimal,
    repaid: Decimal,
    window: orNull(WindowView),
    reversal: orNull(ReversalView),
    accounts: Count,
    items: t.readonlyArray(CreditView),
    next: orNull(t.string),
  },
  'AllocationPage',
)
export type AllocationPage = t.TypeOf<typeof AllocationPage>

/** What a miner has of one block. */
export const EarningView = t.type(
  { ...allocationFields, units: Decimal, windowUnits: Decimal, share: Ratio, atoms: Decimal },
  'Earning',
)
export type EarningView = t.TypeOf<typeof EarningView>

const paymentFields = {
  number: Count,
  /** Ledger entry of its plan. */
  entry: Count,
  phase: PayoutPhase,
  plannedAt: Time,
  /** When it was confirmed or returned. */
  endedAt: orNull(Time),
  /** Null before it is signed. */
  transaction: orNull(Hash),
  /** Block of its confirmation. */
  block: orNull(Hash),
  /** Why its money went back. */
  why: orNull(ReturnReason),
}

/** A payout in a list: one transaction. `paid` is all of its outputs to miners and pool, `fee` the chain's. */
export const PaymentSummary = t.type(
  { ...paymentFields, mode: PayoutMode, outputs: Count, paid: Decimal, fee: Decimal },
  'PaymentSummary',
)
export type PaymentSummary = t.TypeOf<typeof PaymentSummary>

/** A miner's output of a payout: `deducted` = `atoms` + its part of the chain's fee. */
export const MinerPayment = t.type(
  { ...paymentFields, address: t.string, deducted: Decimal, atoms: Decimal },
  'MinerPayment',
)
export type MinerPayment = t.TypeOf<typeof MinerPayment>

/** A payout's output. */
export const PaymentOutput = t.type(
  { account: Hash, address: t.string, deducted: Decimal, atoms: Decimal },
  'PaymentOutput',
)
export type PaymentOutput = t.TypeOf<typeof PaymentOutput>

/** An output of the chain that a payout spends. `block` is that of the pool whose coinbase it is. */
export const PaymentFunding = t.type(
  { transaction: Hash, output: Count, atoms: Decimal, block: orNull(Hash) },
  'PaymentFunding',
)
export type PaymentFunding = t.TypeOf<typeof PaymentFunding>

/**
 * A payout as planned, and what became of it. Funding = outputs + pool's output + change + fee. What the pool gives for the fee
 * beyond its own output comes from its matured fees and then from its reserve.
 */
export const PaymentView = t.type(
  {
    ...PaymentSummary.props,
    policy: Count,
    height: Count,
    feeBearer: FeeBearer,
    feeFromPoolFee: Decimal,
    feeFromReserve: Decimal,
    approvedAt: orNull(Time),
    signedAt: orNull(Time),
    publishedAt: orNull(Time),
    /** At its confirmation. */
    confirmations: orNull(Count),
    /** Transaction and block that spent its money instead. */
    conflict: orNull(t.type({ transaction: Hash, block: Hash })),
    items: t.readonlyArray(PaymentOutput),
    poolOutput: orNull(t.type({ address: t.string, deducted: Decimal, atoms: Decimal })),
    change: orNull(t.type({ address: t.string, atoms: Decimal })),
    funding: t.readonlyArray(PaymentFunding),
  },
  'PaymentView',
)
export type PaymentView = t.TypeOf<typeof PaymentView>

/**
 * What one event changed of what a miner is owed: by stage, and `amount` in all. `balance` is what it is owed afterwards. Of
 * `paid` money `chainFee` is the miner's part of the chain's fee, and the rest arrived.
 */
export const StatementLineView = t.type(
  {
    entry: Count,
    at: Time,
    kind: LineKind,
    block: orNull(Hash),
    payout: orNull(Count),
    transaction: orNull(Hash),
    immature: Signed,
    available: Signed,
    inPayout: Signed,
    chainFee: Decimal,
    amount: Signed,
    balance: Decimal,
  },
  'StatementLine',
)
export type StatementLineView = t.TypeOf<typeof StatementLineView>

/** Two ways to the same sum, which must agree to the atom. */
export const BooksCheck = t.type(
  {
    name: t.keyof({
      'zero-sum': null,
      immature: null,
      'in-payout': null,
      coinbases: null,
      'paid-out': null,
      'nothing-negative': null,
      'nothing-refused': null,
    }),
    says: t.string,
    books: Signed,
    expected: Signed,
    holds: t.boolean,
  },
  'BooksCheck',
)
export type BooksCheck = t.TypeOf<typeof BooksCheck>

/** An event of the log that contradicts the books: it moved nothing. */
export const RefusedEvent = t.type(
  { entry: Count, at: Time, stream: t.string, revision: Count, kind: t.string, message: t.string },
  'RefusedEvent',
)
export type RefusedEvent = t.TypeOf<typeof RefusedEvent>

/**
 * How long a pool that pays by the share lasts: `promised` is what its operator has put aside beside the reserve of the books,
 * `probability` that both ever run out. An estimate: Rosenfeld, arXiv:1112.4980.
 */
export const RuinView = t.type({ promised: Decimal, probability: Ratio }, 'Ruin')
export type RuinView = t.TypeOf<typeof RuinView>

const stages = { immature: Decimal, available: Decimal, inPayout: Decimal }

/**
 * The pool's books after ledger entry `entries` - 1. What came in is what is owed, what was paid and the chain's fees: `coinbases` =
 * liabilities + fees + `reserve` + `paid` + `chainFees`. `reserve` may be negative: then the operator owes it.
 */
export const BooksView = t.type(
  {
    entries: Count,
    liabilities: t.type(stages),
    fees: t.type(stages),
    reserve: Signed,
    coinbases: Decimal,
    paid: Decimal,
    chainFees: Decimal,
    /** Null under other schemes than `pps`, and before any work. */
    ruin: orNull(RuinView),
    agrees: t.boolean,
    checks: t.readonlyArray(BooksCheck),
    /** Newest first, at most `REFUSED_SHOWN_MAX`. */
    refused: t.readonlyArray(RefusedEvent),
  },
  'Books',
)
export type BooksView = t.TypeOf<typeof BooksView>

/** Refused events that the books show at most. */
export const REFUSED_SHOWN_MAX = 20

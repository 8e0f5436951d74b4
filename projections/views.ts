import * as t from 'io-ts'
import { NetworkName } from '../domain/decred/network.ts'
import { PowAlgorithm } from '../domain/decred/proof-of-work.ts'
import { IssueReason, RejectReason, ShareReference } from '../domain/events.ts'
import { Count, Decimal, Hash, orNull, Ratio, Time } from './codecs.ts'
import { MinerBalances, NextPayout, PolicyView, Quota } from './money/views.ts'

/**
 * What the read models answer: the shapes of every figure that pages and API show, as codecs. Plain JSON. Numbers that may
 * pass 2^53 are decimal text; times are Unix milliseconds; fields that may be missing are null.
 */

/**
 * Hashrate over the last `seconds`, estimated from the difficulties d of the shares accepted in it: sum(d) * H / seconds, with
 * H the hashes behind one difficulty. `standardError` is sqrt(sum(d^2)) * H / seconds. `seconds` is the time that was looked
 * at: the window, up to one bucket more, or less when the meter is younger than the window. `rejected` counts refused shares.
 */
export const HashrateWindow = t.type(
  {
    seconds: Count,
    hashesPerSecond: Decimal,
    standardError: Decimal,
    shares: Count,
    rejected: Count,
  },
  'HashrateWindow',
)
export type HashrateWindow = t.TypeOf<typeof HashrateWindow>

/** Hashrate over the windows that every table shows. */
export const Hashrates = t.type(
  { minute: HashrateWindow, tenMinutes: HashrateWindow, hour: HashrateWindow, day: HashrateWindow },
  'Hashrates',
)
export type Hashrates = t.TypeOf<typeof Hashrates>

/**
 * Shares refused for one reason since counting began. `needed` and `best` are the difficulties of the latest summary (0 when
 * the reason has none): what a share had to reach, and the best that came.
 */
export const RejectedShares = t.type(
  { reason: RejectReason, count: Count, needed: Count, best: Count, lastAt: Time },
  'RejectedShares',
)
export type RejectedShares = t.TypeOf<typeof RejectedShares>

/**
 * Shares since counting began. `difficulty` is the sum over the accepted ones. `rejected` is all refused, `reasons` the same by
 * reason, largest first; what is left over was refused in a flood, or on connections that ended within a minute, and counted
 * without its reason.
 */
export const ShareTotals = t.type(
  { accepted: Count, difficulty: Decimal, rejected: Count, reasons: t.readonlyArray(RejectedShares) },
  'ShareTotals',
)
export type ShareTotals = t.TypeOf<typeof ShareTotals>

/** States of a block of the pool. `rejected`: no node took it so far. Final are `matured` and `orphaned`. */
export const BlockState = t.keyof(
  {
    found: null,
    submitted: null,
    rejected: null,
    connected: null,
    approved: null,
    disapproved: null,
    matured: null,
    disconnected: null,
    orphaned: null,
  },
  'BlockState',
)
export type BlockState = t.TypeOf<typeof BlockState>

/** Who found a block. `address` is null when the account has none (solo); `worker` is what the miner chose: hostile text. */
export const Finder = t.type(
  { account: orNull(Hash), address: orNull(t.string), worker: orNull(t.string), connection: orNull(Count) },
  'Finder',
)
export type Finder = t.TypeOf<typeof Finder>

/** The proof-of-work output of a block's coinbase. */
export const Reward = t.type({ transaction: Hash, output: Count, atoms: Decimal }, 'Reward')
export type Reward = t.TypeOf<typeof Reward>

/** `solo`: no accounts are kept, rewards stay with the node's mining address. */
export const PoolMode = t.keyof({ public: null, solo: null }, 'PoolMode')
export type PoolMode = t.TypeOf<typeof PoolMode>

const blockFields = {
  hash: Hash,
  height: Count,
  state: BlockState,
  foundAt: Time,
  /** Work of the round that it ended, relative to what was to be expected on average. */
  effort: Ratio,
  /** Null when the share was lost in a crash and nobody is known to have found it. */
  finder: orNull(Finder),
  /** Null until it was on the main chain. */
  reward: orNull(Reward),
  /** Hash of the next block, whose votes approved or disapproved it; null before that and after a reorganisation. */
  decidedBy: orNull(Hash),
  /** Blocks on the main chain from this one to the tip, itself included; 0 when it is not on the main chain. */
  confirmations: Count,
  /** Confirmations at which its reward may be spent: one more than the chain's coinbase maturity. */
  maturity: Count,
}

/** A block in a list. */
export const BlockSummary = t.type(blockFields, 'BlockSummary')
export type BlockSummary = t.TypeOf<typeof BlockSummary>

/** What a node answered when it was given the block. `message` is the node's own. */
export const Submission = t.type(
  {
    at: Time,
    node: t.string,
    verdict: t.keyof({ accepted: null, rejected: null, failed: null }),
    message: t.string,
  },
  'Submission',
)
export type Submission = t.TypeOf<typeof Submission>

/** One step in a block's life: the state of the chain as it was recorded. `detail` is a sentence for people, maybe empty. */
export const BlockMoment = t.type(
  {
    at: Time,
    step: t.keyof({
      found: null,
      submitted: null,
      connected: null,
      approved: null,
      disapproved: null,
      matured: null,
      disconnected: null,
      orphaned: null,
    }),
    detail: t.string,
  },
  'BlockMoment',
)
export type BlockMoment = t.TypeOf<typeof BlockMoment>

/** A block with its life so far, oldest step first. `header` is the 180 bytes in hex; `share` the one that found it. */
export const BlockView = t.type(
  {
    ...blockFields,
    header: t.string,
    powAlgorithm: PowAlgorithm,
    gateway: Count,
    job: Count,
    share: orNull(ShareReference),
    submissions: t.readonlyArray(Submission),
    life: t.readonlyArray(BlockMoment),
  },
  'BlockView',
)
export type BlockView = t.TypeOf<typeof BlockView>

/**
 * The running round: work since the pool's last block on the main chain, or since the pool opened (`block` null). `effort` 1 is
 * the work that finds one block on average; each share counts by the network's difficulty of its own job.
 */
export const RoundView = t.type(
  { block: orNull(Hash), since: Time, effort: Ratio, shares: Count, difficulty: Decimal },
  'RoundView',
)
export type RoundView = t.TypeOf<typeof RoundView>

/** Luck over the last `blocks` rounds: blocks found / blocks to be expected from the work. Null before the first block. */
export const LuckView = t.type({ blocks: Count, luck: orNull(Ratio) }, 'LuckView')
export type LuckView = t.TypeOf<typeof LuckView>

/** The newest work. `networkHashesPerSecond` is what its difficulty means at the network's block time. */
export const WorkView = t.type(
  {
    gateway: Count,
    job: Count,
    height: Count,
    bits: Count,
    networkDifficulty: Count,
    networkHashesPerSecond: Decimal,
    issuedAt: Time,
    reason: IssueReason,
  },
  'WorkView',
)
export type WorkView = t.TypeOf<typeof WorkView>

/** How many blocks of the pool are in each state. */
export const BlockCounts = t.type(
  {
    found: Count,
    submitted: Count,
    rejected: Count,
    connected: Count,
    approved: Count,
    disapproved: Count,
    matured: Count,
    disconnected: Count,
    orphaned: Count,
  },
  'BlockCounts',
)
export type BlockCounts = t.TypeOf<typeof BlockCounts>

/**
 * The whole pool. `miners` are accounts, `workers` their named machines, both counted while they have an open connection on
 * which they are authorized; `connections` are all open ones in the log, which are there from their first share or minute on.
 */
export const PoolView = t.type(
  {
    network: NetworkName,
    mode: PoolMode,
    openedAt: Time,
    /** The time that the windows end at. */
    at: Time,
    hashrate: Hashrates,
    miners: Count,
    workers: Count,
    connections: Count,
    work: orNull(WorkView),
    round: RoundView,
    luck: t.type({ last10: LuckView, last100: LuckView }),
    blocks: BlockCounts,
    lastBlock: orNull(BlockSummary),
    shares: ShareTotals,
    /** In force; null before the first. */
    policy: orNull(PolicyView),
    /** Null when the pool pays nobody. */
    nextPayout: orNull(NextPayout),
  },
  'PoolView',
)
export type PoolView = t.TypeOf<typeof PoolView>

/** An open connection on which a worker is authorized. `agent` and `profile` are null before the miner has said them. */
export const ConnectionView = t.type(
  {
    gateway: Count,
    connection: Count,
    listener: t.string,
    agent: orNull(t.string),
    profile: orNull(t.string),
    /** Difficulty of its newest jobs; null before the first was assigned. */
    difficulty: orNull(Count),
    connectedAt: Time,
  },
  'ConnectionView',
)
export type ConnectionView = t.TypeOf<typeof ConnectionView>

/** A worker: all connections that authorized the same account and worker name. `name` is hostile text, maybe empty. */
export const WorkerView = t.type(
  {
    name: t.string,
    hashrate: Hashrates,
    shares: ShareTotals,
    /** Null before the first accepted share. */
    lastShareAt: orNull(Time),
    /** Open ones, oldest first, at most `CONNECTIONS_SHOWN_MAX`; `connectionCount` is how many there are. */
    connections: t.readonlyArray(ConnectionView),
    connectionCount: Count,
  },
  'WorkerView',
)
export type WorkerView = t.TypeOf<typeof WorkerView>

/** Connections that a worker shows at most: a rented farm may use one name on thousands. */
export const CONNECTIONS_SHOWN_MAX = 20

const minerFields = {
  account: Hash,
  /** Null when no event named it (solo mode). */
  address: orNull(t.string),
  hashrate: Hashrates,
  /** Workers with an open connection. */
  workersOnline: Count,
  lastShareAt: orNull(Time),
}

/** A miner (an account) in a list. */
export const MinerView = t.type(minerFields, 'MinerView')
export type MinerView = t.TypeOf<typeof MinerView>

/** An answer in pages: `next` is the cursor of the page after this one, null on the last. Cursors are opaque. */
export interface PageOf<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** Codec of a page of something. */
export const pageOf = <C extends t.Mixed>(
  item: C,
): t.TypeC<{ items: t.ReadonlyArrayC<C>; next: t.UnionC<[t.StringC, t.NullC]> }> =>
  t.type({ items: t.readonlyArray(item), next: orNull(t.string) }, `PageOf${item.name}`)

/**
 * A miner's own page. `workers` is the first page of them, as `ReadModels.workers` orders them; `blocksFound` counts all that it
 * found, whatever became of them.
 */
export const AccountView = t.type(
  {
    ...minerFields,
    openedAt: Time,
    at: Time,
    shares: ShareTotals,
    workers: pageOf(WorkerView),
    blocksFound: Count,
    balances: MinerBalances,
    /** Null where the next block is not shared by a window. */
    quota: orNull(Quota),
  },
  'AccountView',
)
export type AccountView = t.TypeOf<typeof AccountView>

/** Hashrate over one step of a chart, which begins at `at`. `seconds` is less than a step for the first and the running one. */
export const HashratePoint = t.type(
  {
    at: Time,
    seconds: Count,
    hashesPerSecond: Decimal,
    standardError: Decimal,
    shares: Count,
    rejected: Count,
  },
  'HashratePoint',
)
export type HashratePoint = t.TypeOf<typeof HashratePoint>

/** A chart, oldest point first, without gaps. `stepSeconds` may be coarser than asked: old times are kept in coarse steps only. */
export const HashrateHistory = t.type(
  { stepSeconds: Count, points: t.readonlyArray(HashratePoint) },
  'HashrateHistory',
)
export type HashrateHistory = t.TypeOf<typeof HashrateHistory>

/**
 * How far the read models are. `position` is the log's, of the newest event they contain (null for none); `entries` how many
 * events that is, so the newest ledger entry seen has index `entries` - 1; `skipped` those among them of a type unknown to
 * this program; `eventAt` the latest time that an event carried.
 */
export const ReadModelStatus = t.type(
  {
    version: Count,
    position: orNull(Count),
    entries: Count,
    skipped: Count,
    eventAt: orNull(Time),
  },
  'ReadModelStatus',
)
export type ReadModelStatus = t.TypeOf<typeof ReadModelStatus>

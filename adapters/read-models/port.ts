import type { Either } from 'fp-ts/lib/Either.js'
import type { Observable } from 'rxjs'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { IssueReason, ShareReference } from '../../domain/events.ts'
import type {
  AllocationPage,
  BalanceView,
  BooksView,
  EarningView,
  MinerPayment,
  PaymentSummary,
  PaymentView,
  PolicyHistory,
  StatementLineView,
} from '../../projections/money/views.ts'
import type {
  AccountView,
  BlockState,
  BlockSummary,
  BlockView,
  HashrateHistory,
  MinerView,
  PageOf,
  PoolView,
  ReadModelStatus,
  WorkerView,
} from '../../projections/views.ts'
import type { RecordedEvent } from '../event-store/port.ts'

export { JOB_HEIGHTS_KEPT } from '../../projections/work.ts'

/** Why the read models could not do it. `message` is a sentence for people that says what to do. */
export type ReadModelError =
  /** The log holds an event that this program is too old for. */
  | { readonly kind: 'unknown-version'; readonly message: string }
  /** The log holds an event that is not as its codec says. */
  | { readonly kind: 'malformed'; readonly message: string }
  /** Disk full, file locked: the same call again is safe. */
  | { readonly kind: 'unavailable'; readonly message: string }
  /** Another process has written to the file. For good: open it anew. */
  | { readonly kind: 'in-use'; readonly message: string }
  /** The file is not one of read models, or was damaged. */
  | { readonly kind: 'damaged'; readonly message: string }
  /** The caller's fault: a cursor that no page gave, a range that makes no sense. */
  | { readonly kind: 'bad-request'; readonly message: string }
  | { readonly kind: 'closed'; readonly message: string }

/** What a question gets: what was asked for, or why not. */
export type Answer<T> = Either<ReadModelError, T>

/** Which page: `after` is the `next` of the page before (null for the first), `limit` from 1 to {@link PAGE_LIMIT_MAX}. */
export interface PageRequest {
  readonly after: string | null
  readonly limit: number
}

/** Items in one page at most: a page of workers reads about 200 rows for each. */
export const PAGE_LIMIT_MAX = 100

/** Points in one chart at most. */
export const HISTORY_POINTS_MAX = 2_000

/** What a list is ordered by, largest first or smallest first. Pages of one list must be asked for in one order. */
export interface Order<By extends string> {
  readonly by: By
  readonly descending: boolean
}

/** Miners: by the work of about the last hour, by their last accepted share, or by their connected workers. */
export type MinerOrder = Order<'work' | 'last-share' | 'workers'>
/** Blocks ordered by effort: no table has it, so it is computed for each, a thousand in 2 ms. */
export const BLOCKS_RANKED_MAX = 1_000

/** Blocks: by height, or the newest {@link BLOCKS_RANKED_MAX} by the effort of the round that each ended. */
export type BlockOrder = Order<'height' | 'effort'>
/** Payouts: by number, or by what they pay. */
export type PaymentOrder = Order<'number' | 'paid'>

/** Which blocks: those of one finder, or all; newest first when no order is given. */
export interface BlockFilter {
  /** Account id. */
  readonly account?: string
  readonly order?: BlockOrder
}

/** A chart of the pool, of an account (id or address), or of one worker of it. Times are Unix ms; `to` is exclusive. */
export interface HistoryRequest {
  readonly account?: string
  /** Worker name; only with `account`. */
  readonly worker?: string
  readonly from: number
  readonly to: number
  /** At least 60. Rounded up to whole minutes, ten minutes or hours, as `from` demands. */
  readonly stepSeconds: number
}

/** Steps of the books: Unix ms, `to` exclusive, at most {@link HISTORY_POINTS_MAX} of them. */
export interface BooksHistoryRequest {
  readonly from: number
  readonly to: number
  readonly stepMs: number
}

/** What the books held at `at` (Unix ms): owed to miners and earned by the pool as fees, and the reserve. Atoms. */
export interface BooksPoint {
  readonly at: number
  readonly liabilities: string
  readonly reserve: string
}

/** Something that a visitor looks for, of its kind. */
export type Found =
  | { readonly kind: 'account'; readonly account: string; readonly address: string | null }
  | {
      readonly kind: 'worker'
      readonly account: string
      readonly address: string | null
      readonly name: string
    }
  | { readonly kind: 'block'; readonly hash: string; readonly height: number }
  | { readonly kind: 'payment'; readonly number: number }

/** Things of one kind that are found at most. */
export const FOUND_MAX = 20

/** A worker on a connection, as shares name it: the gateway, its connection, and the ordinal of the worker on that. */
export interface ShareSource {
  readonly gateway: number
  readonly connection: number
  readonly ordinal: number
  readonly worker: string
}

/**
 * A share that met the network's target and has no `BlockFound` yet, with all it takes to rebuild its header. `extranonce1` and
 * `profile` are null when the log does not hold them.
 */
export interface SolvedShare {
  readonly share: ShareReference
  /** Block hash, display hex. */
  readonly hash: string
  /** Unix ms at which the share was accepted. */
  readonly at: number
  readonly gateway: number
  readonly job: number
  readonly connection: number
  readonly account: string | null
  readonly worker: string | null
  readonly difficulty: number
  readonly extranonce1: string | null
  readonly profile: string | null
  readonly extranonce2: string
  /** Seconds after the job's timestamp. */
  readonly ntime: number
  /** Header bytes 140..143 as uint32 LE. */
  readonly nonce: number
}

/** A job of a recent height, as `WorkIssued` has it. */
export interface IssuedJob {
  readonly gateway: number
  readonly job: number
  /** 180 bytes in hex, nonce and extra data cleared. */
  readonly header: string
  readonly powAlgorithm: PowAlgorithm
  readonly height: number
  readonly bits: number
  /** Atoms. */
  readonly subsidy: string
  readonly issuedAt: number
  readonly reason: IssueReason
}

/** A block as far as its actor needs it to carry on after a restart. */
export interface UnfinishedBlock {
  readonly hash: string
  readonly height: number
  readonly state: BlockState
  /** Revision of the newest event of its stream. */
  readonly revision: number
  readonly foundAt: number
  /** 180 bytes in hex, solved. */
  readonly header: string
  readonly powAlgorithm: PowAlgorithm
  readonly decidedBy: string | null
}

/** What one applied batch changed, for those who follow. */
export interface Change {
  /** The log's position of its last event. */
  readonly position: number
  /** Events in the read models now: the newest ledger entry seen has index `entries` - 1. */
  readonly entries: number
  /** Hashes of blocks that the batch says something new about. */
  readonly blocks: readonly string[]
}

/**
 * Everything that pages, API and actors ask about the past, folded from the log. Any part of it can be thrown away and folded
 * again. One writer; answers are synchronous and contain every batch applied so far. Lookups of what does not exist are
 * `undefined`, not errors.
 */
export interface ReadModels {
  /** For logs and pages: `sqlite:/var/lib/lodebook/read-models.db`. */
  readonly name: string
  /** Position of the last event contained; null when there is none. What `EventStore.follow` is to be given. */
  readonly checkpoint: () => number | null
  /**
   * Folds events in, in the log's order. One that can't be read stops it: those before it are in, it and the rest are not.
   * Events at or below the checkpoint are skipped, so the same call can always be repeated. Results and checkpoint reach the
   * disk together: with an `apply` or a `storeInSlices` that comes when they are due, with the next question, or on `close`. After a
   * crash the checkpoint is an earlier one, and the events after it are to be applied again.
   */
  readonly apply: (events: readonly RecordedEvent[]) => Answer<void>
  /**
   * The same, and yields between slices of some milliseconds. Questions may be asked in between; each is answered from whole events, all
   * that was stored and nothing half. It must have ended before anything else is applied.
   */
  readonly applyInSlices: (events: readonly RecordedEvent[]) => Generator<void, Answer<void>>
  /** Milliseconds until what was folded is due to be on the disk, a second at most; null when all of it is there, or can't get there any more. */
  readonly storeDueInMs: () => number | null
  /** Brings it there, in slices as well. What is applied or asked in between has the rest done. Not in the middle of `applyInSlices`. */
  readonly storeInSlices: () => Generator<void, Answer<void>>
  /** Hot: one emission after each batch that was applied. Completes on `close`. */
  readonly changes: Observable<Change>
  readonly status: () => ReadModelStatus

  /** Undefined before `PoolOpened`. `nowMs` is where the windows end. */
  readonly pool: (nowMs: number) => Answer<PoolView | undefined>
  /**
   * Accounts that are connected or had a share in the last hour; by the work of about the last hour, largest first, when no
   * order is given. An account whose figures change between two pages may be on both or on none.
   */
  readonly miners: (page: PageRequest, nowMs: number, order?: MinerOrder) => Answer<PageOf<MinerView>>
  /** By address or account id. */
  readonly account: (account: string, nowMs: number) => Answer<AccountView | undefined>
  /** Workers of an account (address or id) seen in the last 31 days, in the same order. Empty when there is no such account. */
  readonly workers: (account: string, page: PageRequest, nowMs: number) => Answer<PageOf<WorkerView>>
  /** One worker of an account (address or id). Undefined when there is none of this name, or not for 31 days. */
  readonly worker: (account: string, name: string, nowMs: number) => Answer<WorkerView | undefined>
  /** Who shares of an account (address or id) come from now: its workers on open connections, and on lately ended ones. */
  readonly shareSources: (account: string) => Answer<readonly ShareSource[]>
  /** What a visitor may mean by some text: see {@link Found}. Nothing that does not match whole is guessed but addresses. */
  readonly find: (text: string) => Answer<readonly Found[]>
  readonly blocks: (filter: BlockFilter, page: PageRequest) => Answer<PageOf<BlockSummary>>
  /** By display hash. */
  readonly block: (hash: string) => Answer<BlockView | undefined>
  /** Undefined when there is no such account or worker. */
  readonly hashrateHistory: (request: HistoryRequest) => Answer<HashrateHistory | undefined>

  /** Miners whom the ledger knows, by what they are owed, largest first. */
  readonly balances: (page: PageRequest) => Answer<PageOf<BalanceView>>
  /** What a miner has of each block, newest first. By address or account id, like the two below; empty when there is no such account. */
  readonly earnings: (account: string, page: PageRequest) => Answer<PageOf<EarningView>>
  readonly statement: (account: string, page: PageRequest) => Answer<PageOf<StatementLineView>>
  readonly minerPayments: (account: string, page: PageRequest) => Answer<PageOf<MinerPayment>>
  /** How a block's reward is shared, credits largest first. Undefined when it never was. */
  readonly allocation: (block: string, page: PageRequest) => Answer<AllocationPage | undefined>
  /** Newest first when no order is given. */
  readonly payments: (page: PageRequest, order?: PaymentOrder) => Answer<PageOf<PaymentSummary>>
  /** By the number of its stream. */
  readonly payment: (number: number) => Answer<PaymentView | undefined>
  /** What miners gave for the payouts that are published and not over, atoms. */
  readonly onTheWay: () => Answer<bigint>
  readonly policies: () => Answer<PolicyHistory>
  readonly books: () => Answer<BooksView>
  /** What the books held at the end of each step from `from` to `to`; the last is what they hold now. */
  readonly booksHistory: (request: BooksHistoryRequest) => Answer<readonly BooksPoint[]>

  /** Blocks neither matured nor orphaned, oldest first. */
  /** Index of an event in the ledger: its ordinal in the log. Undefined when the log has no such event. */
  readonly entryOf: (stream: string, revision: number) => Answer<number | undefined>
  readonly unfinishedBlocks: () => Answer<readonly UnfinishedBlock[]>
  /** The highest blocks that are matured, so many at most, highest first. */
  readonly maturedBlocks: (limit: number) => Answer<readonly UnfinishedBlock[]>
  /** Oldest first. */
  readonly solvedWithoutBlock: () => Answer<readonly SolvedShare[]>
  /** Jobs of the last {@link JOB_HEIGHTS_KEPT} heights, and of every share of `solvedWithoutBlock`. */
  readonly job: (gateway: number, job: number) => Answer<IssuedJob | undefined>
  /** The jobs with this Merkle root, which is display hex as `merkleRoot(header)` gives it; newest first. */
  readonly jobsByMerkleRoot: (merkleRoot: string) => Answer<readonly IssuedJob[]>
  /** Writes what is not on disk yet and gives the file free. Idempotent. */
  readonly close: () => Answer<void>
}

import type { Network } from '../domain/decred/network.ts'
import type { PowAlgorithm } from '../domain/decred/proof-of-work.ts'
import type { IssueReason, RejectReason, ShareReference } from '../domain/events.ts'
import type { WorkSums } from './hashrate.ts'
import type { MoneyTally, StoredMoney } from './money/tally.ts'
import type { BlockState, PoolMode } from './views.ts'

/**
 * What the events add up to while they are being folded: the live part of it, and which of it is not stored yet.
 *
 * A tally belongs to one caller and is changed in place: shares come by the thousand, and copying a thousand meters for each
 * event is quadratic. It grows with what is live (open connections and who mines on them, recent jobs), not with history; the
 * rest is asked from {@link Stored} when an event needs it. All of it follows from the events before, whatever batches they
 * came in and however often it was stored and loaded in between.
 */
export interface Tally {
  pool: PoolFacts | undefined
  /** Position of the last event folded; null before the first. */
  position: number | null
  entries: number
  /** Stream of the last event folded: see `Run`. */
  lastStream: string | null
  skipped: number
  /** Latest time that an event carried, Unix ms: what ages are measured against. */
  clockMs: number
  /** Id of the next meter; ids are never used again. */
  nextMeter: number
  readonly total: PoolTotal
  /** By gateway, then by number. */
  readonly connections: Map<number, Map<number, Connection>>
  /** Ended ones that still may be named by shares on their way, oldest first. */
  ended: Connection[]
  readonly accounts: Map<string, Account>
  /** By account id and name, see `workerKey`. */
  readonly workers: Map<string, Worker>
  /** By gateway, then by number. */
  readonly jobs: Map<number, Map<number, JobFacts>>
  /** Highest height that work was issued for. */
  height: number
  /** Height of the first work: runs of payouts are counted from the block before it. Null before it. */
  firstHeight: number | null
  /** Bits of the newest work: for a share whose job is not known. Null before the first. */
  newestBits: number | null
  /** Effort (2^-96) of one difficulty, by bits. */
  readonly perDifficulty: Map<number, bigint>
  /** The finest bucket whose places on the levels were asked for last: see `meters.ts`. */
  readonly asked: { finest: number; clockMs: number; readonly starts: number[] }
  /** Seconds, by level: a bucket that begins later is in memory if it exists at all. */
  readonly storedUpTo: number[]
  readonly money: MoneyTally
  changes: Changes
  readonly stored: Stored
}

/** What `PoolOpened` said. */
export interface PoolFacts {
  readonly network: Network
  readonly mode: PoolMode
  readonly openedAt: number
}

/** Whose shares a meter counts. The numbers are part of the stored key. */
export const SCOPE = { pool: 0, account: 1, worker: 2 } as const
/** One of {@link SCOPE}. */
export type Scope = (typeof SCOPE)[keyof typeof SCOPE]

/** Counts the shares of the pool, of an account or of a worker. */
export interface Meter {
  readonly id: number
  readonly scope: Scope
  /** Unix ms: hashrate is not averaged over the time before. */
  readonly sinceMs: number
  accepted: number
  /** Sum over accepted shares but for `newDifficulty`: a bigint is changed only now and then. See `settleDifficulty`. */
  difficulty: bigint
  newDifficulty: number
  rejected: number
  lastShareAt: number | null
  /** By level, the newest bucket that it counted in. */
  readonly newest: (Bucket | undefined)[]
  /** Earlier buckets that are not stored yet. */
  readonly earlier: Bucket[]
  /** Not stored yet as it is. */
  changed: boolean
}

/** Counts all shares of the pool, whoever sent them, and what they were worth. */
export interface PoolTotal extends Meter {
  readonly scope: typeof SCOPE.pool
  readonly gathering: Gathering
  /** 2^-96: see `effort.ts`. */
  effort: bigint
}

/** Counts the shares of an account. */
export interface Account extends Meter {
  readonly scope: typeof SCOPE.account
  /** Account id. */
  readonly account: string
  address: string | null
  workersOnline: number
  /** Its workers in memory. */
  holders: number
}

/** Counts the shares of a worker: one name of one account, on however many connections. */
export interface Worker extends Meter {
  readonly scope: typeof SCOPE.worker
  readonly account: Account
  readonly name: string
  readonly gathering: Gathering
  /** Open connections that authorized it. */
  connections: number
  /** Latest authorization or end of a connection. */
  seenAt: number
  /** Connections in memory that name it, open or not. */
  holders: number
}

/** Work of one meter in one bucket of time. `start` in Unix seconds. */
export interface Bucket {
  readonly meter: Meter
  readonly level: number
  readonly start: number
  difficulty: number
  squares: number
  shares: number
  rejected: number
  /** Not stored yet. */
  changed: boolean
}

/** Shares of the event at hand that fall in one finest bucket: not in the meter's buckets and sums yet. */
export interface Gathering {
  start: number
  shares: number
  difficulty: number
  squares: number
  lastAt: number
}

/** A miner's connection, open or ended a short while ago. */
export interface Connection {
  readonly gateway: number
  readonly number: number
  readonly extranonce1: string
  readonly listener: string
  readonly connectedAt: number
  agent: string | null
  profile: string | null
  difficulty: number | null
  endedAt: number | null
  /** By ordinal. */
  readonly workers: Worker[]
}

/** What a share's job has to do with its weight. */
export interface JobFacts {
  readonly height: number
  readonly bits: number
  /** Full proof-of-work subsidy, atoms. */
  readonly subsidy: bigint
}

/** A job as it is stored. */
export interface JobRow {
  readonly gateway: number
  readonly job: number
  readonly header: string
  readonly powAlgorithm: PowAlgorithm
  readonly height: number
  readonly bits: number
  readonly subsidy: string
  readonly issuedAt: number
  readonly reason: IssueReason
  readonly merkleRoot: string
  readonly entry: number
}

/** Sums over the whole pool up to and including some share. */
export interface PoolMark {
  readonly effort: bigint
  readonly shares: number
  readonly difficulty: bigint
}

/** A share that met the network's target and waits for its block. */
export interface SolvedRow {
  readonly hash: string
  readonly share: ShareReference
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
  readonly ntime: number
  readonly nonce: number
  readonly mark: PoolMark
}

/** A block of the pool as it is stored. */
export interface BlockRow {
  readonly hash: string
  /** Position of its `BlockFound`: orders blocks of one height. */
  readonly number: number
  readonly height: number
  readonly foundAt: number
  readonly header: string
  readonly powAlgorithm: PowAlgorithm
  readonly gateway: number
  readonly job: number
  readonly share: ShareReference | null
  readonly connection: number | null
  readonly account: string | null
  readonly worker: string | null
  /** The pool's work when it was found. */
  readonly mark: PoolMark
  readonly state: BlockState
  readonly revision: number
  readonly reward: {
    readonly transaction: string
    readonly output: number
    readonly atoms: string
  } | null
  readonly decidedBy: string | null
}

/** One event of a block's stream, kept as it is for the story of its life. */
export interface BlockEventRow {
  readonly hash: string
  readonly revision: number
  readonly at: number
  readonly type: string
  readonly data: string
}

/**
 * Events of one stream that follow each other in the log: the first of them and its ordinal. The run ends where the next one begins.
 */
export interface Run {
  readonly stream: string
  readonly revision: number
  readonly entry: number
}

/** Refused shares of a meter for one reason since they were last stored; the rest is that of the latest summary. */
export interface RejectedRow {
  readonly meter: Meter
  readonly reason: RejectReason
  count: number
  needed: number
  best: number
  lastAt: number
}

/** What is not stored yet. Rows are absolute, but for `rejected` and `blockCounts`, which are to be added. */
export interface Changes {
  any: boolean
  readonly runs: Run[]
  readonly meters: (Account | Worker)[]
  readonly buckets: Bucket[]
  readonly connections: Set<Connection>
  readonly authorizations: {
    readonly connection: Connection
    readonly ordinal: number
    readonly worker: Worker
  }[]
  /** Ids of workers that are gone. */
  readonly retired: number[]
  readonly rejected: Map<string, RejectedRow>
  readonly jobs: JobRow[]
  readonly solved: Map<string, SolvedRow>
  /** Hashes of solved shares that have their block. */
  readonly answered: string[]
  readonly blocks: Map<string, BlockRow>
  readonly blockEvents: BlockEventRow[]
  readonly blockCounts: Map<BlockState, number>
}

/** A meter as it is stored, by its own fields. */
export interface StoredMeter {
  readonly id: number
  readonly sinceMs: number
  readonly accepted: number
  readonly difficulty: bigint
  readonly rejected: number
  readonly lastShareAt: number | null
}

/** An account as it is stored. */
export interface StoredAccount extends StoredMeter {
  readonly address: string | null
  readonly workersOnline: number
}

/** A worker as it is stored. */
export interface StoredWorker extends StoredMeter {
  readonly connections: number
  readonly seenAt: number
}

/** What was stored before and is not in memory. Answers as of the last store. */
export interface Stored {
  readonly account: (account: string) => StoredAccount | undefined
  readonly worker: (accountId: number, name: string) => StoredWorker | undefined
  readonly bucket: (scope: Scope, meter: number, level: number, start: number) => WorkSums | undefined
  readonly solved: (hash: string) => SolvedRow | undefined
  readonly block: (hash: string) => BlockRow | undefined
  readonly money: StoredMoney
}

import type { NetworkName } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { IssueReason } from '../../domain/events.ts'
import type { PayoutPhase } from '../../domain/payout/lifecycle.ts'
import type { PoolMode } from '../../projections/views.ts'

/** One node as the pool sees it now. `message` is a sentence for people; empty when there is nothing to say. */
export interface NodeHealth {
  readonly name: string
  readonly state: 'starting' | 'up' | 'down'
  readonly message: string
  readonly tip: { readonly height: number; readonly hash: string } | null
}

/** The job that miners hash now. `issuedAt` is Unix ms. */
export interface CurrentWork {
  readonly height: number
  readonly issuedAt: number
  readonly job: number
  readonly reason: IssueReason
}

/** How a listener sets difficulty. `start` is null where the kind of miner decides, `max` where only the network does. */
export type ListenerDifficulty =
  | {
      readonly kind: 'variable'
      readonly start: number | null
      readonly min: number
      readonly max: number | null
    }
  | { readonly kind: 'fixed'; readonly difficulty: number }

/** A port that miners connect to. `tls` is the SHA-256 fingerprint of its certificate, null for plain TCP. */
export interface ListenerStatus {
  readonly name: string
  /** Address it is bound to. For `0.0.0.0` and `::` pages print the host by which the visitor reached them. */
  readonly host: string
  readonly port: number
  readonly tls: string | null
  readonly difficulty: ListenerDifficulty
}

/** Shares on their way to the store. `store-away`: they wait unanswered; `full`: new ones are refused. */
export interface JournalStatus {
  readonly state: 'ok' | 'store-away' | 'full'
  readonly queued: number
  readonly queueMax: number
}

/** Something that keeps money from going its way until somebody does something, or it passes. `message` says what to do. */
export interface MoneyProblem {
  /** What it is about: `payouts`, `payout 3`, `block <hash>`. */
  readonly about: string
  /** Stable, for programs: a kind of `WalletError`, or of what else was in the way. */
  readonly kind: string
  readonly message: string
  /** Unix ms. */
  readonly since: number
}

/** A payout that is not over. */
export interface OpenPayoutStatus {
  readonly payout: number
  readonly phase: PayoutPhase
  /** What its miners are paid. */
  readonly atoms: string
}

/** How rewards and payouts go. */
export interface MoneyStatus {
  /** `reading`: the log is not booked to its end yet. `stopped`: nothing is booked or paid any more, see `message`. */
  readonly state: 'reading' | 'ready' | 'stopped'
  /** Why it has stopped, or that nobody is paid; empty otherwise. */
  readonly message: string
  /** Shares read from the log so far. */
  readonly shares: number
  /** Milliseconds that reading it took; null while it does. */
  readonly readMs: number | null
  /** The pool has a wallet. Without one nothing is planned. */
  readonly wallet: boolean
  readonly problems: readonly MoneyProblem[]
  readonly payouts: readonly OpenPayoutStatus[]
}

/** A witness that has been shown checkpoints of the ledger. */
export interface WitnessStatus {
  readonly name: string
  /** Size of the newest checkpoint that it has signed; null for none since the pool started. */
  readonly size: number | null
  /** When it signed that, by its own clock, Unix ms. */
  readonly time: number | null
  /** Why it did not sign the last one that it was shown; empty otherwise. */
  readonly message: string
}

/** The public ledger. */
export interface LedgerStatus {
  /**
   * `checking`: the log is held against the last checkpoint that was signed, and witnesses are asked about it. `stopped`: nothing is
   * signed any more, see `message`; what was published stays.
   */
  readonly state: 'checking' | 'publishing' | 'stopped'
  /** Why it has stopped, or what keeps it from being written for now; empty otherwise. */
  readonly message: string
  /** Null when no key could be had. */
  readonly origin: string | null
  /** Texts of the verifier keys: that in force, then the one before it while both sign. */
  readonly keys: readonly string[]
  /** The checkpoint that is published. */
  readonly checkpoint: PublishedCheckpoint | null
  readonly witnesses: readonly WitnessStatus[]
}

/** A checkpoint, and when it was signed. */
export interface PublishedCheckpoint {
  readonly size: number
  /** Base64. */
  readonly root: string
  /** Unix ms. */
  readonly time: number
}

/**
 * What the wallet had when it was asked last, against what the miners were owed then. Amounts are atoms as decimal text; `at` is Unix ms.
 * Money `onTheWay` is in published payouts: it has left the wallet, and is owed until it has arrived.
 */
export interface ReservesStatus {
  readonly at: number
  readonly wallet: {
    readonly total: string
    readonly spendable: string
    /** Coinbases that can't be spent yet. */
    readonly immature: string
    readonly unconfirmed: string
  }
  readonly owed: string
  readonly onTheWay: string
  /** The wallet had at least what is owed and not on its way. */
  readonly isCovered: boolean
}

/**
 * The running pool as pages, probes and metrics show it: what is true now and is not in the log.
 * Given as a function that is called several times a second, so it must be cheap and must not fail.
 */
export interface PoolStatus {
  /** As its operator calls it: on every page, in its feeds and its API. */
  readonly name: string
  /** Name and version: `lodebook 0.1.0`. */
  readonly software: string
  readonly network: NetworkName
  readonly mode: PoolMode
  /** Unix ms. */
  readonly startedAt: number
  readonly powAlgorithm: PowAlgorithm
  /** A chain for trying, made by Lodebook itself: nothing on it has value, and every page says so. */
  readonly devnet: boolean
  readonly nodes: readonly NodeHealth[]
  readonly work: CurrentWork | null
  /** Miners' sockets open now. */
  readonly connections: number
  readonly listeners: readonly ListenerStatus[]
  readonly journal: JournalStatus
  /** Null in mode `solo`, where nobody is paid. */
  readonly money: MoneyStatus | null
  /** Null without a wallet, and before it was asked for the first time. */
  readonly reserves: ReservesStatus | null
  /** Positions in the log: of the newest event, and of the newest that the read models have. */
  readonly ledger: LedgerStatus
  readonly projections: { readonly position: number | null; readonly head: number | null }
}

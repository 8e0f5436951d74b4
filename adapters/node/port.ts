import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Observable } from 'rxjs'
import type { NetworkName } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'

/** Why a node gave new work: dcrd's own words, and `asked` for an answer to `getwork`. */
export type WorkReason = 'new-parent' | 'new-votes' | 'new-transactions' | 'asked'

/** A block template, as far as a pool may know it. */
export interface Work {
  /** 180 bytes, nonce and extra data (140..175) cleared. */
  readonly header: Uint8Array
  readonly powAlgorithm: PowAlgorithm
  readonly reason: WorkReason
}

/** Why the node could not do it. `message` is a sentence for the operator that says what to do. */
export interface NodeError {
  readonly kind:
    | 'unreachable'
    | 'wrong-certificate'
    | 'wrong-password'
    | 'limited-user'
    | 'wrong-network'
    | 'not-synced'
    | 'no-mining-address'
    | 'no-work'
    | 'not-found'
    | 'timeout'
    | 'protocol'
    | 'closed'
  readonly message: string
}

/** Where the chain stands. Hashes are display hex, as explorers print them. */
export interface ChainTip {
  readonly hash: string
  readonly height: number
}

/** What a node says without being asked. */
export type NodeEvent =
  /** Connected, on the right network, subscribed; `tip` is where its chain stands now. Comes again after each reconnect. */
  | { readonly kind: 'up'; readonly node: string; readonly tip: ChainTip }
  /** Lost or refused; it is being tried again. */
  | { readonly kind: 'down'; readonly node: string; readonly error: NodeError }
  | { readonly kind: 'work'; readonly node: string; readonly work: Work }
  /** 180-byte header of a block that joined or left the main chain. */
  | { readonly kind: 'block-connected'; readonly node: string; readonly header: Uint8Array }
  | { readonly kind: 'block-disconnected'; readonly node: string; readonly header: Uint8Array }

/** A block as the node knows it. */
export interface BlockInfo {
  readonly hash: string
  readonly height: number
  /** 1 for the tip; -1 on a side chain. */
  readonly confirmations: number
  /** 180 bytes. */
  readonly header: Uint8Array
  /** Hash of the block after it on the main chain; null at the tip and on a side chain. */
  readonly next: string | null
}

/** What a node answered to a solved block. `accepted` may mean a side chain: only connection counts. */
export interface SubmitVerdict {
  readonly node: string
  readonly verdict: 'accepted' | 'rejected' | 'failed'
  readonly message: string
}

/** The chain, through one node or several. Events of a stopped node end; answers come within `NODE_DEADLINE_MS`. */
export interface Node {
  readonly name: string
  readonly network: NetworkName
  /** Hot: connects when the node is started, not by subscription. */
  readonly events: Observable<NodeEvent>
  /** Begins to connect, and keeps trying. */
  readonly start: () => void
  /** `getwork` without data. May take dcrd 5.5 s just after a new tip: for start-up and reconnect only. */
  readonly currentWork: () => TaskEither<NodeError, Work>
  /** Sends a solved 180-byte header to every node. One verdict for each, in no order, never an error. */
  readonly submit: (header: Uint8Array, powAlgorithm: PowAlgorithm) => Promise<readonly SubmitVerdict[]>
  readonly tip: () => TaskEither<NodeError, ChainTip>
  /** `not-found` when no such block is known. */
  readonly block: (hash: string) => TaskEither<NodeError, BlockInfo>
  /** Hash of the main chain's block at a height. */
  readonly hashAt: (height: number) => TaskEither<NodeError, string>
  /** The whole block, serialized. */
  readonly rawBlock: (hash: string) => TaskEither<NodeError, Uint8Array>
  /** Proof-of-work subsidy in atoms of a block at `height` with `voters` votes. */
  readonly workSubsidy: (height: number, voters: number) => TaskEither<NodeError, bigint>
  readonly stop: () => Promise<void>
}

/** Milliseconds a call waits for its answer: dcrd's slowest, `getwork` after a new tip, takes 5.5 s. */
export const NODE_DEADLINE_MS = 15_000

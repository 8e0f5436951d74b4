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

/**
 * Why the node could not do it. `message` is a sentence for the operator that says what to do. `unreachable` covers a
 * connection that was lost, also while a call waited for its answer; `closed` is a node that the pool itself stopped.
 */
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

/**
 * What a node says without being asked. From `up` on, each `block-connected` builds on the tip before it and each
 * `block-disconnected` takes that tip away: no block comes twice, none is left out. Where that can't be kept, `up`
 * comes again.
 */
export type NodeEvent =
  /**
   * Connected, on the right network, subscribed; `tip` is where its chain stands now. Comes again after each
   * reconnect, and when the events of another node begin. The current work follows.
   */
  | { readonly kind: 'up'; readonly node: string; readonly tip: ChainTip }
  /** Lost, refused or without work; it is being tried again. The same failure is told once. */
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

/**
 * What a node answered to a solved block. `accepted` may mean a side chain: only connection counts. `failed`: no
 * answer, so the block may or may not have arrived; ask by hash. `message` names no address and may be published.
 */
export interface SubmitVerdict {
  readonly node: string
  readonly verdict: 'accepted' | 'rejected' | 'failed'
  readonly message: string
}

/** The chain as one node has it. */
export interface ChainView {
  readonly tip: () => TaskEither<NodeError, ChainTip>
  /** `not-found` when no such block is known. */
  readonly block: (hash: string) => TaskEither<NodeError, BlockInfo>
  /** Hash of the main chain's block at a height; `not-found` above the tip. */
  readonly hashAt: (height: number) => TaskEither<NodeError, string>
  /** The whole block, serialized. */
  readonly rawBlock: (hash: string) => TaskEither<NodeError, Uint8Array>
}

/**
 * The chain, through one node or several. Events of a stopped node end; each node asked has `NODE_DEADLINE_MS` to
 * answer. Each question for itself goes to whichever node can answer; what is concluded from several answers is asked of one
 * {@link Node.view}.
 */
export interface Node extends ChainView {
  readonly name: string
  readonly network: NetworkName
  /** Hot: connects when the node is started, not by subscription. */
  readonly events: Observable<NodeEvent>
  /** Begins to connect, and keeps trying. */
  readonly start: () => void
  /** `getwork` without data. May take dcrd 5.5 s just after a new tip: for start-up and reconnect only. */
  readonly currentWork: () => TaskEither<NodeError, Work>
  /** Asks for another template on the same block (`regentemplate`). It comes as work; or none does, where newer work is about to. */
  readonly renewWork: () => TaskEither<NodeError, void>
  /** Sends a solved 180-byte header to every node. One verdict for each, in no order, never an error. */
  readonly submit: (header: Uint8Array, powAlgorithm: PowAlgorithm) => Promise<readonly SubmitVerdict[]>
  /**
   * The chain of the node in use now, and of no other: two answers of it never contradict each other because two nodes gave them. When
   * that node can't answer no other is asked; whoever looks again takes a new view.
   */
  readonly view: () => ChainView
  /** Proof-of-work subsidy in atoms of a block at `height` with `voters` votes. */
  readonly workSubsidy: (height: number, voters: number) => TaskEither<NodeError, bigint>
  readonly stop: () => Promise<void>
}

/** Milliseconds a call waits for its answer: dcrd's slowest, `getwork` after a new tip, takes 5.5 s. */
export const NODE_DEADLINE_MS = 15_000

import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { Subject } from 'rxjs'
import type {
  BlockInfo,
  ChainTip,
  Node,
  NodeError,
  NodeEvent,
  SubmitVerdict,
  Work,
} from '../../adapters/node/port.ts'
import type { NetworkName } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'

/** A node in memory, with strings to pull. */
export interface ScriptedNode {
  readonly node: Node
  /** Makes the node say something; all have heard it when this returns. */
  readonly push: (event: NodeEvent) => void
  /** Every submit, in order. */
  readonly submitted: readonly { readonly header: Uint8Array; readonly powAlgorithm: PowAlgorithm }[]
  /** What the next submits are answered, the first one first; `accepted` when empty. */
  readonly verdicts: SubmitVerdict['verdict'][]
  /** Blocks by hash. Those with confirmations are the main chain. */
  readonly blocks: Map<string, BlockInfo>
  /** Serialized blocks by hash. */
  readonly rawBlocks: Map<string, Uint8Array>
  tip: ChainTip
  /** What `currentWork` answers; `no-work` when undefined. */
  work: Work | undefined
  /** Proof-of-work subsidy of a block with five votes, atoms. */
  subsidy: bigint
  /** When set, every question is answered with it and every submit `failed`. */
  failure: NodeError | undefined
  phase: 'new' | 'started' | 'stopped'
}

/** Makes a {@link ScriptedNode} that stands at a tip of height 0 and knows no block. */
export function scriptedNode(name = 'scripted', network: NetworkName = 'simnet'): ScriptedNode {
  const events = new Subject<NodeEvent>()
  const submitted: { readonly header: Uint8Array; readonly powAlgorithm: PowAlgorithm }[] = []

  const answer =
    <A>(value: () => A | undefined, missing: NodeError['kind']): TaskEither<NodeError, A> =>
    async () => {
      if (script.failure !== undefined) return E.left(script.failure)
      const found = value()
      return found === undefined ? E.left({ kind: missing, message: `${name}: ${missing}.` }) : E.right(found)
    }

  const node: Node = {
    name,
    network,
    events: events.asObservable(),
    start: () => {
      script.phase = 'started'
    },
    currentWork: () => answer(() => script.work, 'no-work'),
    submit: async (header, powAlgorithm) => {
      submitted.push({ header, powAlgorithm })
      const verdict = script.failure === undefined ? (script.verdicts.shift() ?? 'accepted') : 'failed'
      return [{ node: name, verdict, message: verdict }]
    },
    tip: () => answer(() => script.tip, 'not-found'),
    block: (hash) => answer(() => script.blocks.get(hash), 'not-found'),
    hashAt: (height) =>
      answer(
        () =>
          [...script.blocks.values()].find((block) => block.height === height && block.confirmations > 0)
            ?.hash,
        'not-found',
      ),
    rawBlock: (hash) => answer(() => script.rawBlocks.get(hash), 'not-found'),
    renewWork: () => async () => E.right(undefined),
    view: () => node,
    workSubsidy: (_height, voters) => answer(() => (script.subsidy * BigInt(voters)) / 5n, 'not-found'),
    stop: async () => {
      script.phase = 'stopped'
      events.complete()
    },
  }

  const script: ScriptedNode = {
    node,
    push: (event) => events.next(event),
    submitted,
    verdicts: [],
    blocks: new Map(),
    rawBlocks: new Map(),
    tip: { hash: '00'.repeat(32), height: 0 },
    work: undefined,
    subsidy: 5_00000000n,
    failure: undefined,
    phase: 'new',
  }
  return script
}

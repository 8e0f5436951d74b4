import * as TE from 'fp-ts/lib/TaskEither.js'
import { Subject } from 'rxjs'
import type {
  ChainView,
  Node,
  NodeError,
  NodeEvent,
  SubmitVerdict,
  WorkReason,
} from '../../adapters/node/port.ts'
import { workSubsidy } from '../../domain/decred/subsidy.ts'
import type { Chain } from '../devnet/chain.ts'
import type { DevnetEvent, DevnetNode } from '../devnet/node.ts'
import { releases } from '../devnet/release.ts'
import type { Work } from '../devnet/work.ts'

/** A node of the devnet as the pool sees it, without sockets. */
export interface SimulatedNode extends Node {
  /** Whether blocks wait to be taken. */
  readonly hasBlocks: () => boolean
  /** Lets the chain take the blocks that were submitted: a real node takes its time, too. */
  readonly takeBlocks: () => void
}

const NAME = 'devnet'

const REASONS: { readonly [R in Work['reason']]: WorkReason } = {
  newparent: 'new-parent',
  newvotes: 'new-votes',
  newtxns: 'new-transactions',
  unknown: 'new-transactions',
}

/** What a chain answers to questions about its main branch and its blocks. */
export function chainView(chain: Chain): ChainView {
  const found = <A>(value: A | undefined): TE.TaskEither<NodeError, A> =>
    value === undefined
      ? TE.left({ kind: 'not-found', message: 'The chain does not have it.' })
      : TE.right(value)
  return {
    tip: () => TE.right({ hash: chain.tip.hash, height: chain.tip.height }),
    block: (hash) => {
      const block = chain.get(hash)
      return found(
        block && {
          hash,
          height: block.height,
          confirmations: chain.confirmations(block),
          header: block.header,
          next: chain.next(block)?.hash ?? null,
        },
      )
    },
    hashAt: (height) => found(chain.at(height)?.hash),
    rawBlock: (hash) => found(chain.get(hash)?.bytes),
  }
}

/** Opens the view of one pool process on a chain. */
export function simulatedNode(devnet: DevnetNode): SimulatedNode {
  const { chain } = devnet
  const { network, powAlgorithm } = chain.parameters
  const events = new Subject<NodeEvent>()
  let submitted: { readonly header: Uint8Array; readonly answer: (verdict: SubmitVerdict) => void }[] = []
  const silence = devnet.listen((event) => tell(event))
  const view = chainView(chain)

  function tell(event: DevnetEvent): void {
    switch (event.kind) {
      case 'connected':
        return events.next({ kind: 'block-connected', node: NAME, header: event.block.header })
      case 'disconnected':
        return events.next({ kind: 'block-disconnected', node: NAME, header: event.block.header })
      case 'work':
        return giveWork(event.work)
      case 'reorganized':
        return
    }
  }

  function giveWork(work: Work): void {
    if (work.reason === 'newparent') devnet.work.forgetOld()
    devnet.work.remember(work)
    const header = devnet.work.headerNow(work)
    events.next({ kind: 'work', node: NAME, work: { header, powAlgorithm, reason: REASONS[work.reason] } })
  }

  return {
    ...view,
    name: NAME,
    network: network.name,
    events: events.asObservable(),
    start: () => {
      events.next({ kind: 'up', node: NAME, tip: { hash: chain.tip.hash, height: chain.tip.height } })
      giveWork(devnet.work.current)
    },
    currentWork: () =>
      TE.right({ header: devnet.work.headerNow(devnet.work.current), powAlgorithm, reason: 'asked' }),
    submit: (header) =>
      new Promise((resolve) => {
        submitted.push({ header, answer: (verdict) => resolve([verdict]) })
      }),
    renewWork: () => TE.right(devnet.renewWork()),
    view: () => view,
    workSubsidy: (height, voters) =>
      TE.right(workSubsidy(network, height, voters, releases[powAlgorithm].subsidySplit)),
    stop: async () => {
      silence()
      events.complete()
    },
    hasBlocks: () => submitted.length > 0,
    takeBlocks: () => {
      const waiting = submitted
      submitted = []
      for (const { header, answer } of waiting)
        answer(
          devnet.submit(header)
            ? { node: NAME, verdict: 'accepted', message: '' }
            : { node: NAME, verdict: 'rejected', message: 'The chain does not take the block.' },
        )
    },
  }
}

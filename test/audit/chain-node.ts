import * as TE from 'fp-ts/lib/TaskEither.js'
import { NEVER } from 'rxjs'
import type { Node, NodeError } from '../../adapters/node/port.ts'
import type { Chain } from '../../src/devnet/chain.ts'

/** A node that answers from a chain, and does nothing else: what an auditor asks. */
export function simulatedNode(chain: Chain): Node {
  const found = <A>(value: A | undefined): TE.TaskEither<NodeError, A> =>
    value === undefined
      ? TE.left({ kind: 'not-found', message: 'The chain does not have it.' })
      : TE.right(value)
  const notAsked = (): never => {
    throw new Error('an auditor asks no such thing')
  }
  return {
    name: 'chain',
    network: chain.parameters.network.name,
    events: NEVER,
    start: () => undefined,
    currentWork: notAsked,
    submit: notAsked,
    workSubsidy: notAsked,
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
    stop: async () => undefined,
  }
}

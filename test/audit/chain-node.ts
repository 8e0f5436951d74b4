import { NEVER } from 'rxjs'
import type { Node } from '../../adapters/node/port.ts'
import type { Chain } from '../../src/devnet/chain.ts'
import { chainView } from '../../src/simulate/node.ts'

/** A node that answers from a chain, and does nothing else: what an auditor asks. */
export function simulatedNode(chain: Chain): Node {
  const notAsked = (): never => {
    throw new Error('an auditor asks no such thing')
  }
  const node: Node = {
    ...chainView(chain),
    name: 'chain',
    network: chain.parameters.network.name,
    events: NEVER,
    start: () => undefined,
    currentWork: notAsked,
    submit: notAsked,
    renewWork: notAsked,
    workSubsidy: notAsked,
    view: () => node,
    stop: async () => undefined,
  }
  return node
}

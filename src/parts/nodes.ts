import * as E from 'fp-ts/lib/Either.js'
import { dcrdNode } from '../../adapters/node/dcrd/node.ts'
import type { Node } from '../../adapters/node/port.ts'
import { JOB_HEIGHTS_KEPT } from '../../adapters/read-models/port.ts'
import { realAfter } from '../../adapters/timers.ts'
import type { Blocks } from '../actors/blocks.ts'
import type { Gateway } from '../actors/gateway.ts'
import { type NodeWatcher, watchNode } from '../actors/node-watcher.ts'
import type { Config } from '../config/config.ts'
import type { Treasury } from '../treasury/treasury.ts'
import type { PoolContext } from './context.ts'
import type { PoolError } from './error.ts'
import { readText } from './files.ts'

/** The nodes of the configuration, not started. */
export function openNodes(config: Config): E.Either<PoolError, readonly Node[]> {
  if (config.nodes.length === 0)
    return E.left({ message: 'No node is configured: add a [[nodes]] section with the address of a dcrd.' })
  const nodes: Node[] = []
  for (const { name, address, certificateFile, user, password } of config.nodes) {
    const certificate = readText(certificateFile)
    if (E.isLeft(certificate))
      return E.left({ message: `The certificate of node ${name} can't be read: ${certificate.left.message}` })
    nodes.push(
      dcrdNode({
        name,
        address,
        certificate: certificate.right,
        user,
        password,
        network: config.pool.network,
        after: realAfter,
        random: Math.random,
      }),
    )
  }
  return E.right(nodes)
}

/** Begins to pass on what the nodes say: work to the gateway, moves of the chain to the blocks and the treasury. */
export const startNodeWatcher = (
  { config, metrics, log }: PoolContext,
  node: Node,
  members: readonly Node[],
  gateway: Gateway,
  blocks: Blocks,
  treasury: Treasury | null,
): NodeWatcher =>
  watchNode({
    node,
    members,
    nodeGoneMsMax: config.mining.nodeGoneMsMax,
    work: gateway.work,
    holdWork: gateway.holdWork,
    chainMoved: () => {
      blocks.chainMoved()
      void treasury?.chainMoved()
    },
    blockConnected: blocks.blockConnected,
    catchUpBlocksMax: JOB_HEIGHTS_KEPT,
    onError: (kind) => metrics.nodeErrors.inc({ kind }),
    log,
  })

import type { ListenerStatus, PoolStatus } from '../../adapters/http/port.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import type { Gateway } from '../actors/gateway.ts'
import type { NodeWatcher } from '../actors/node-watcher.ts'
import type { Projector } from '../actors/projector.ts'
import type { Journal } from '../journal.ts'
import type { Publisher } from '../publisher/publisher.ts'
import type { Reserves } from '../treasury/reserves.ts'
import type { Treasury } from '../treasury/treasury.ts'
import type { PoolContext } from './context.ts'
import { journalStatus } from './journal.ts'

/** The parts of a pool that have something to say of themselves, and what stays as it is while the pool runs. */
export interface StatusParts {
  /** Name and version of the program. */
  readonly software: string
  readonly devnet: boolean
  /** Unix ms. */
  readonly startedAt: number
  readonly listeners: readonly ListenerStatus[]
  readonly gateway: Gateway
  readonly watcher: NodeWatcher
  readonly journal: Journal
  readonly treasury: Treasury | null
  readonly reserves: Reserves | null
  readonly publisher: Publisher
  readonly projector: Projector
  readonly readModels: ReadModels
}

/** How a running pool is now, for pages, API and probes. */
export function poolStatus({ config, network }: PoolContext, parts: StatusParts): PoolStatus {
  const { software, devnet, startedAt, listeners, gateway, projector, readModels } = parts
  const job = gateway.job()
  return {
    name: config.pool.name,
    software,
    network: network.name,
    mode: config.pool.mode,
    startedAt,
    powAlgorithm: job?.powAlgorithm ?? 'blake3',
    devnet,
    nodes: parts.watcher.health(),
    work:
      job === null
        ? null
        : { height: job.height, issuedAt: job.issuedAtMs, job: job.number, reason: job.reason },
    connections: gateway.connections().connected,
    listeners,
    journal: journalStatus(parts.journal.state()),
    money: parts.treasury?.status() ?? null,
    reserves: parts.reserves?.status() ?? null,
    ledger: parts.publisher.status(),
    projections: { position: readModels.checkpoint(), head: projector.head() },
  }
}

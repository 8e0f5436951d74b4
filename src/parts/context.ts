import type { Logger } from 'pino'
import type { Metrics } from '../../adapters/http/metrics.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { Config } from '../config/config.ts'

/** What every part of a pool is opened with. */
export interface PoolContext {
  readonly config: Config
  readonly network: Network
  readonly metrics: Metrics
  /** The pool's date, Unix ms: see `poolClock`. */
  readonly nowMs: () => number
  readonly log: Logger
}

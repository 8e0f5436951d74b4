import type { Network } from '../decred/network.ts'
import type { Scheme, ShareReference } from '../events.ts'
import { BLOCK_UNITS, unitsAtLeast } from './units.ts'

/** How far a window goes back from the share that found a block. It ends at the first limit that it meets. */
export interface WindowLimit {
  /** The last share counts only as far as it fits. Null: any number. */
  readonly unitsMax: bigint | null
  /** The walk ends at the first event whose `at` is not after this, Unix ms. Null: at no time. */
  readonly afterMs: number | null
  /** The walk ends before it gets to this share. Null: at the first share of the log. */
  readonly after: ShareReference | null
}

/**
 * The window of a scheme; undefined for a scheme that has none. `findMs` is the `at` of the event that holds the find.
 * `since` is the last share before the scheme was adopted (null when there is none): a scheme begins with an empty window.
 * `previousFind` is the latest earlier find, in the order of the log, whose block's reward is allocated as things stand; shares of
 * a block that was lost stay in the round.
 */
export function windowLimit(
  scheme: Scheme,
  findMs: number,
  since: ShareReference | null,
  previousFind: ShareReference | null,
): WindowLimit | undefined {
  switch (scheme.kind) {
    case 'pplns':
      return { unitsMax: windowUnits(scheme.windowPpm), afterMs: null, after: since }
    case 'pplns-time':
      return { unitsMax: null, afterMs: findMs - scheme.periodMs, after: since }
    case 'prop':
      return { unitsMax: null, afterMs: null, after: previousFind ?? since }
    case 'pps':
    case 'solo':
      return undefined
  }
}

/**
 * Heights of work after the end of a gateway within which its shares are kept at hand for a block whose share it lost. Such a block is seen
 * when the node connects it: at the next start, or within minutes of it. Three hours of mainnet.
 */
export const LOST_HEIGHTS = 36

/** Units of a window of so many millionths of a block's work. */
export const windowUnits = (windowPpm: number): bigint => (BigInt(windowPpm) * BLOCK_UNITS) / 1_000_000n

/** What is known of a stretch of the log's shares without reading them: of an hour by its `EpochClosed`, or of one event. */
export interface Stretch {
  readonly shares: number
  /** Sum of their difficulties. */
  readonly difficulty: bigint
  /** Bits of the hardest job that they name. */
  readonly hardestBits: number
  /** Earliest `at` of its events, Unix ms. */
  readonly fromMs: number
}

/**
 * How many stretches, newest first, a window that ends at or after the newest one's end can reach into: what a start has to read.
 * All of them when they may not be enough. For a limit by `after` alone the caller reads from the event of that share.
 */
export function stretchesNeeded(
  network: Network,
  { unitsMax, afterMs }: WindowLimit,
  newestFirst: Iterable<Stretch>,
): number {
  let needed = 0
  let units = 0n
  for (const { shares, difficulty, hardestBits, fromMs } of newestFirst) {
    needed++
    units += unitsAtLeast(network, hardestBits, shares, difficulty)
    if (unitsMax !== null && units >= unitsMax) break
    if (afterMs !== null && fromMs <= afterMs) break
  }
  return needed
}

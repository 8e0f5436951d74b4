import * as E from 'fp-ts/lib/Either.js'
import { filter, firstValueFrom, interval, map, merge, startWith, timeout } from 'rxjs'
import type { ChainTip } from '../../adapters/node/port.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { EventData } from '../../domain/events.ts'
import type { BlockView, PoolView } from '../../projections/views.ts'
import type { DialectName } from '../../src/devnet/miner/dialect.ts'
import { type Miner, startMiner } from '../../src/devnet/miner/miner.ts'
import { address, type House } from '../support/house.ts'

/** A block that a pool found. */
export type FoundBlock = EventData<'BlockFound'> & { readonly hash: string }

/** How a device mines on a pool. */
export interface Mining {
  readonly dialect?: DialectName
  readonly powAlgorithm?: PowAlgorithm
  /** Number of its address. */
  readonly account?: number
  /** Worker name. */
  readonly worker?: string
  /** simnet gets harder when its blocks come faster than one a second; so this is about their number a second. */
  readonly hashesPerSecond?: number
}

/** Starts a device on a port of this machine. */
export function mine(
  port: number,
  {
    dialect = 'plain',
    powAlgorithm = 'blake3',
    account = 1,
    worker = 'rig',
    hashesPerSecond = 50,
  }: Mining = {},
): Miner {
  return startMiner({
    host: '127.0.0.1',
    port,
    user: `${address(account)}.${worker}`,
    password: 'x',
    network: 'simnet',
    powAlgorithm,
    dialect,
    connections: 1,
    hashesPerSecondMax: hashesPerSecond,
  })
}

/** Blocks in a pool's log, oldest first. */
export const foundBlocks = (house: House): readonly FoundBlock[] =>
  house.events('BlockFound').map(({ data, stream }) => ({ ...data, hash: stream.slice('block-'.length) }))

/**
 * Resolves once all miners have left and dcrd has answered to whatever they found. What dcrd's own miner makes of work that the pool was given
 * is taken for the pool's now and then, by chance: nobody sent that.
 */
export async function allSubmitted(house: House): Promise<void> {
  const waiting = (): readonly string[] => {
    const submitted = new Set(house.events('BlockSubmitted').map(({ stream }) => stream))
    return foundBlocks(house)
      .filter(({ hash, share }) => share !== null && !submitted.has(`block-${hash}`))
      .map(({ hash }) => hash)
  }
  const now = () => ({ connections: house.pool.status().connections, waiting: waiting() })
  await eventually(house, now, (left) => left.connections === 0 && left.waiting.length === 0)
}

/** Resolves with the tip of a pool's node, once it is as wished. */
export function nodeAt(house: House, holds: (tip: ChainTip) => boolean): Promise<ChainTip | null> {
  const now = (): ChainTip | null => house.pool.status().nodes[0]?.tip ?? null
  return eventually(house, now, (tip) => tip !== null && holds(tip))
}

/** Resolves with a block of a pool, once it is as wished. */
export async function blockOnceIt(
  house: House,
  hash: string,
  holds: (block: BlockView) => boolean,
): Promise<BlockView> {
  const now = (): BlockView | undefined => rightOf(house.pool.readModels.block(hash))
  const block = await eventually(house, now, (seen) => seen !== undefined && holds(seen))
  if (block === undefined) throw new Error(`no block ${hash}`)
  return block
}

const PATIENCE_MS = 60_000
/** The state of a node is no event. */
const ASK_AGAIN_MS = 200

/** Resolves once what is asked of a pool holds. Asked again when its read models hear of something new, and now and then. */
export function eventually<T>(house: House, ask: () => T, holds: (answer: T) => boolean): Promise<T> {
  return firstValueFrom(
    merge(house.pool.readModels.changes, interval(ASK_AGAIN_MS)).pipe(
      startWith(null),
      map(ask),
      filter(holds),
      timeout({
        first: PATIENCE_MS,
        with: () => {
          throw new Error(
            `still ${JSON.stringify(ask())}; nodes: ${JSON.stringify(house.pool.status().nodes)}`,
          )
        },
      }),
    ),
  )
}

/** The pool as its pages show it. */
export function poolView({ pool }: House): PoolView {
  const view = rightOf(pool.readModels.pool(Date.now()))
  if (view === undefined) throw new Error('the pool is not open yet')
  return view
}

function rightOf<T>(answer: E.Either<{ readonly message: string }, T>): T {
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  return answer.right
}

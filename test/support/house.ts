import { cpSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { filter, firstValueFrom, map, startWith, timeout } from 'rxjs'
import { expect } from 'vitest'
import { encodeAddress } from '../../domain/decred/address.ts'
import { networks } from '../../domain/decred/network.ts'
import { decodeEvent, type EventData, type EventType, type PoolEvent } from '../../domain/events.ts'
import type { BlockView } from '../../projections/views.ts'
import type { Config } from '../../src/config/config.ts'
import { type Devnet, type DevnetOptions, startDevnet } from '../../src/devnet/devnet.ts'
import type { Pool } from '../../src/pool.ts'
import { type PoolOverrides, poolConfig, runningPool, temporaryDirectory } from './running-pool.ts'

/** An event, and where in the log it is. */
export type LoggedEvent = PoolEvent & { readonly stream: string; readonly revision: number }

/** A running pool with its directory, and eyes for its log and its API. */
export interface House {
  readonly directory: string
  readonly config: Config
  readonly pool: Pool
  /** Port of its first listener. */
  readonly port: number
  /** What `/api/v1/<path>` answers over HTTP, which must be as its codec says. */
  readonly api: <C extends t.Mixed>(path: string, codec: C) => Promise<t.TypeOf<C>>
  /** What is in the log now, in order. */
  readonly log: () => readonly LoggedEvent[]
  /** The events of one type, with their data typed. */
  readonly events: <T extends EventType>(
    type: T,
  ) => readonly { readonly data: EventData<T>; readonly stream: string; readonly revision: number }[]
  /** Resolves with a block's view once it is as wished. */
  readonly block: (hash: string, holds: (block: BlockView) => boolean) => Promise<BlockView>
  /** A copy of the directory as a killed process would leave it: nothing is written while it is copied. */
  readonly imageOfCrash: () => string
  readonly stop: () => Promise<boolean>
}

/** A chain on which every second hash is a block. */
export const easyChain = (options: DevnetOptions = {}): Promise<Devnet> =>
  startDevnet({ startDifficulty: 1, retarget: false, ...options })

/** A chain on which a block is 250 shares of difficulty 8: hashes good for one and not for the other are found at once. */
export const mixedChain = (options: DevnetOptions = {}): Promise<Devnet> =>
  easyChain({ startDifficulty: 2_000, ...options })

/** A chain on which no share is a block. */
export const hardChain = (options: DevnetOptions = {}): Promise<Devnet> =>
  easyChain({ startDifficulty: 2 ** 40, ...options })

type Node = Parameters<typeof poolConfig>[1][number]

const houses = new Set<House>()
const site = temporaryDirectory()

/** A new directory for a pool. */
export const newDirectory = (): string => mkdtempSync(join(site, 'pool-'))

const chains: { readonly stop: () => Promise<void> }[] = []

/** Stops every pool that is still running, all at once, and then what is {@link kept}. For `afterAll`. */
export async function stopHouses(): Promise<void> {
  await Promise.all([...houses].map((house) => house.stop()))
  await Promise.all(chains.map((chain) => chain.stop()))
}

/** A chain that lives until {@link stopHouses}. */
export async function kept<A extends { readonly stop: () => Promise<void> }>(
  starting: Promise<A>,
): Promise<A> {
  const chain = await starting
  chains.push(chain)
  return chain
}

/** Starts a pool on nodes, in a new directory or in one that an earlier pool has left. */
export function openHouse(
  nodes: readonly Node[],
  over: PoolOverrides = {},
  directory = newDirectory(),
): Promise<House> {
  return houseOf(poolConfig(directory, nodes, over), over.coinbaseMaturity)
}

/** Starts a pool from a whole configuration. */
export async function houseOf(config: Config, coinbaseMaturity?: number): Promise<House> {
  const directory = config.pool.dataDirectory
  const pool = await runningPool(config, coinbaseMaturity)
  const [listener] = pool.listeners
  if (listener === undefined) throw new Error('the pool has no listener')
  const log = () => readLog(directory)
  const house: House = {
    directory,
    config,
    pool,
    port: listener.port,
    api: async (path, codec) => {
      const body: unknown = await (await fetch(`${pool.httpUrl}/api/v1/${path}`)).json()
      if (!codec.is(body)) throw new Error(`/api/v1/${path}: ${JSON.stringify(body)}`)
      return body
    },
    log,
    events: (type) => log().filter((each) => each.type === type) as never,
    block: (hash, holds) => awaitBlock(pool, hash, holds),
    imageOfCrash: () => {
      const image = newDirectory()
      cpSync(directory, image, { recursive: true })
      return image
    },
    stop: () => {
      houses.delete(house)
      return pool.stop()
    },
  }
  houses.add(house)
  return house
}

/** What is in the log of a directory, whether a pool runs on it or not. */
export function readLog(directory: string): readonly LoggedEvent[] {
  const db = new DatabaseSync(join(directory, 'lodebook.db'), { readOnly: true })
  try {
    return db
      .prepare('SELECT stream, revision, type, data FROM event_log ORDER BY position')
      .all()
      .map(({ stream, revision, type, data }) => {
        const decoded = decodeEvent(String(type), String(data))
        if (E.isLeft(decoded)) throw new Error(decoded.left.message)
        return { ...decoded.right, stream: String(stream), revision: Number(revision) }
      })
  } finally {
    db.close()
  }
}

const PATIENCE_MS = 10_000

/** Looks again and again until what is expected is so. */
export const poll = <A>(look: () => A | Promise<A>) =>
  expect.poll(look, { timeout: PATIENCE_MS, interval: 20 })

async function awaitBlock(
  { readModels }: Pool,
  hash: string,
  holds: (block: BlockView) => boolean,
): Promise<BlockView> {
  const now = (): BlockView | undefined => {
    const answer = readModels.block(hash)
    if (E.isLeft(answer)) throw new Error(answer.left.message)
    return answer.right
  }
  const wished = readModels.changes.pipe(
    startWith(null),
    map(now),
    filter((block): block is BlockView => block !== undefined && holds(block)),
    timeout({
      first: PATIENCE_MS,
      with: () => {
        throw new Error(`block ${hash} did not become as wished: ${JSON.stringify(now(), null, 1)}`)
      },
    }),
  )
  return firstValueFrom(wished)
}

/** Payable addresses of simnet, each another. */
export const address = (n: number): string =>
  encodeAddress(
    'public-key-hash-ecdsa',
    Uint8Array.of(...Buffer.alloc(16), 0xad, 0xd2, n >> 8, n),
    networks.simnet,
  )

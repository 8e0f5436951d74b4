import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PoolAnswer } from '../../adapters/http/api/answers.ts'
import { accountId } from '../../domain/decred/address.ts'
import { AccountView } from '../../projections/views.ts'
import type { Config } from '../../src/config/config.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { startPool } from '../../src/pool.ts'
import { cpuMiner } from '../support/devices.ts'
import {
  address,
  type House,
  hardChain,
  houseOf,
  mixedChain,
  newDirectory,
  openHouse,
  poll,
  stopHouses,
} from '../support/house.ts'
import { refused, startMiner, taken } from '../support/miner.ts'
import { poolConfig } from '../support/running-pool.ts'
import { connectStratum } from '../support/stratum-client.ts'

/** One history over many lives of the program, and what it does while its store is away. */

const ended: (() => Promise<void>)[] = []
/** Begun first: the time that the store is given at the end passes beside everything else. */
let stoppedWithoutStore: ReturnType<typeof stopWithoutStore>

beforeAll(() => {
  stoppedWithoutStore = stopWithoutStore()
})
afterAll(async () => {
  await stopHouses()
  await Promise.all(ended.map((end) => end()))
})

async function kept(devnet: Promise<Devnet>): Promise<Devnet> {
  const made = await devnet
  ended.push(made.stop)
  return made
}

const SHARE = { difficulty: { start: null, min: 1, max: null, fixed: 8 } }
const begin = (house: House, n: number, over: Partial<Parameters<typeof startMiner>[0]> = {}) =>
  startMiner({ port: house.port, device: cpuMiner, user: `${address(n)}.rig-${n}`, ...over })

/** Why a pool does not start. */
async function refusal(config: Config): Promise<string> {
  const pool = await startPool(config, { log: pino({ level: 'silent' }), software: 'test', devnet: true })()
  if (E.isLeft(pool)) return pool.left.message
  await pool.right.stop()
  throw new Error('the pool has started')
}

/** Keeps the store of a pool from being written, as a backup that went wrong would; gives the way to end it. */
function lockStore(directory: string): () => void {
  const other = new DatabaseSync(join(directory, 'lodebook.db'))
  other.exec('BEGIN IMMEDIATE')
  return () => {
    other.exec('ROLLBACK')
    other.close()
  }
}

async function stopWithoutStore() {
  const devnet = await kept(hardChain())
  const house = await openHouse([devnet])
  const rig = await begin(house, 1)
  await rig.job()
  await vi.waitFor(() => expect(house.events('WorkIssued')).toHaveLength(1), { timeout: 10_000 })
  const unlock = lockStore(house.directory)
  const answer = rig.submit(await rig.find('share')).then(
    () => 'answered',
    () => 'never',
  )
  const began = performance.now()
  const complete = await house.stop()
  const took = performance.now() - began
  unlock()
  return { complete, took, answer: await answer, shares: house.events('SharesAccepted').length }
}

describe('a pool that is stopped and started', () => {
  test('goes on with the same history', async () => {
    const devnet = await kept(mixedChain())
    const first = await openHouse([devnet], { listener: SHARE })
    const rig = await begin(first, 1)
    const shares = [await rig.find('share'), await rig.find('share'), await rig.find('block')] as const
    for (const share of shares) expect(await rig.submit(share)).toMatchObject(taken)
    await first.block(shares[2].hash, ({ state }) => state === 'connected')
    expect(await rig.submit(shares[0])).toMatchObject(refused(21))
    const late = await rig.find('share', await rig.job(shares[2].hash))
    expect(await first.stop()).toBe(true)

    const second = await openHouse([devnet], { listener: SHARE }, first.directory)
    expect(second.events('PoolOpened')).toHaveLength(1)
    expect(second.events('GatewayJoined').map(({ data }) => [data.gateway, data.extranoncePrefix])).toEqual([
      [0, '01'],
      [1, '02'],
    ])
    const again = await begin(second, 1, { session: rig.session })
    expect(again.session).not.toBe(rig.session)
    expect([rig.extranonce1.slice(0, 2), again.extranonce1.slice(0, 2)]).toEqual(['01', '02'])
    await again.job()
    for (const old of [...shares, late]) expect(await again.submit(old)).toMatchObject(refused(21))
    expect(await again.submit(await again.find('share'))).toMatchObject(taken)
    await again.client.close()
    await poll(() => second.events('MinerDisconnected').length).toBe(2)

    const account = await second.api(`miners/${address(1)}?after=${second.log().length - 1}`, AccountView)
    expect(account).toMatchObject({ blocksFound: 1, shares: { accepted: 4, difficulty: '32' } })
    expect(await second.stop()).toBe(true)
    expect(second.events('EpochClosed').map(({ data }) => [data.shares, data.difficulty])).toEqual([
      [3, '24'],
      [1, '8'],
    ])
    expect(second.events('AccountOpened')).toHaveLength(1)
  })

  test('shows no miner that was there before a crash', async () => {
    const devnet = await kept(hardChain())
    const first = await openHouse([devnet])
    const rig = await begin(first, 1)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await poll(async () => await first.api('pool', PoolAnswer)).toMatchObject({
      connections: 1,
      miners: 1,
      workers: 1,
    })
    const second = await openHouse([devnet], {}, first.imageOfCrash())
    expect(await second.api(`pool?after=${second.log().length - 1}`, PoolAnswer)).toMatchObject({
      connections: 0,
      miners: 0,
      workers: 0,
      shares: { accepted: 1 },
    })
  })
})

describe('read models', () => {
  /** Windows end now, and two pools have their moments, connections and best refused hashes of their own. */
  const MOMENTARY = new Set([
    'at',
    'best',
    'connectedAt',
    'hashrate',
    'lastAt',
    'lastShareAt',
    'live',
    'work',
  ])
  const timeless = (answer: unknown): unknown =>
    JSON.parse(JSON.stringify(answer, (key, value) => (MOMENTARY.has(key) ? undefined : value)))

  let devnet: Devnet
  let history: string
  beforeAll(async () => {
    devnet = await kept(mixedChain())
    const house = await openHouse([devnet], { listener: SHARE })
    const rigs = [await begin(house, 1), await begin(house, 2), await begin(house, 3)]
    let tip = devnet.chain.tip.hash
    for (const rig of [...rigs, ...rigs]) {
      const job = await rig.job(tip)
      await rig.submit(await rig.find('low', job))
      const share = await rig.find('share', job)
      const block = await rig.find('block', job)
      expect(await rig.submit(share)).toMatchObject(taken)
      expect(await rig.submit(share)).toMatchObject(refused(22))
      expect(await rig.submit(block)).toMatchObject(taken)
      tip = block.hash
    }
    await house.block(tip, ({ state }) => state === 'connected')
    await devnet.reorganize(2)
    await house.block(tip, ({ state }) => state === 'disconnected')
    expect(await house.stop()).toBe(true)
    history = house.directory
  })

  const throwAway = (directory: string): void => {
    for (const end of ['', '-wal', '-shm']) rmSync(join(directory, `read-models.db${end}`), { force: true })
  }

  /** A share and a refusal more. */
  async function live(house: House): Promise<void> {
    const rig = await begin(house, 1)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    expect(await rig.submit(await rig.find('low'))).toMatchObject(refused(23))
  }

  test('read anew from the log say the same as those that were kept, life after life', async () => {
    const anew = newDirectory()
    cpSync(history, anew, { recursive: true })
    throwAway(anew)
    const open = () =>
      Promise.all([history, anew].map((directory) => openHouse([devnet], { listener: SHARE }, directory)))
    const lives = await open()
    await Promise.all(lives.map(live))
    await Promise.all(lives.map((house) => house.stop()))
    throwAway(anew)

    const houses = await open()
    const entries = Math.min(...houses.map((house) => house.log().length)) - 1
    const found = houses[0]?.events('BlockFound') ?? []
    expect(found).toHaveLength(6)
    const paths = [
      `pool?after=${entries}`,
      'miners',
      ...[1, 2, 3].flatMap((n) => [`miners/${address(n)}`, `miners/${address(n)}/workers`]),
      'blocks?limit=100',
      `blocks?account=${accountId(address(1))}`,
      ...found.map(({ stream }) => `blocks/${stream.replace('block-', '')}`),
    ]
    for (const path of paths) {
      const [kept, read] = await Promise.all(houses.map((house) => house.api(path, t.UnknownRecord)))
      expect(timeless(read), path).toEqual(timeless(kept))
      expect(JSON.stringify(kept).length, path).toBeGreaterThan(300)
    }
    for (const house of houses)
      expect(await house.api('pool', PoolAnswer)).toMatchObject({
        shares: { accepted: 13, rejected: 13, difficulty: '104' },
        blocks: { approved: 4, disconnected: 2 },
      })
  })

  test('that are damaged are refused with what to do about it', async () => {
    const damaged = newDirectory()
    cpSync(history, damaged, { recursive: true })
    throwAway(damaged)
    writeFileSync(join(damaged, 'read-models.db'), 'x'.repeat(10_000))
    expect(await refusal(poolConfig(damaged, [devnet]))).toMatch(
      /read-models\.db are damaged .* delete the file and start again: they are made anew from the log/,
    )
    throwAway(damaged)
    const house = await openHouse([devnet], {}, damaged)
    expect((await house.api('blocks', t.UnknownRecord))['items']).not.toEqual([])
  })
})

describe('a directory', () => {
  test('is of one pool at a time', async () => {
    const devnet = await kept(hardChain())
    const house = await openHouse([devnet])
    const before = house.log().length
    expect(await refusal(house.config)).toBe(
      `${join(house.directory, 'lodebook.db')} is in use by process ${process.pid}, and only one may write it: stop that one, or name another file`,
    )
    expect(house.log().length).toBe(before)
    const rig = await begin(house, 1)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
  })

  test('is of one network and one mode', async () => {
    const devnet = await kept(hardChain())
    const house = await openHouse([devnet])
    await house.stop()
    const { config } = house
    const advice = 'Correct pool.mode and pool.network, or give this pool a data directory of its own.'
    for (const [other, words] of [
      [
        { network: 'testnet3' },
        'is the history of a public pool on simnet, the configuration says public on testnet3',
      ],
      [{ mode: 'solo' }, 'is the history of a public pool on simnet, the configuration says solo on simnet'],
    ] as const) {
      const message = await refusal({ ...config, pool: { ...config.pool, ...other } })
      expect(message).toContain(words)
      expect(message).toContain(advice)
    }
    expect(house.events('GatewayJoined')).toHaveLength(1)
    const again = await houseOf(config)
    expect(again.events('GatewayJoined')).toHaveLength(2)
  })
})

describe('while the store is away', () => {
  test('shares wait, and are answered when it is back, each once', async () => {
    const devnet = await kept(hardChain())
    const house = await openHouse([devnet])
    const rig = await begin(house, 1)
    await rig.job()
    await poll(() => house.events('WorkIssued').length).toBe(1)
    const unlock = lockStore(house.directory)
    const shares = await Promise.all(Array.from({ length: 20 }, () => rig.find('share')))
    const answers = shares.map((share) => rig.submit(share))
    await poll(() => house.pool.status().journal.state).toBe('store-away')
    expect((await rig.client.request('mining.ping', [], 'now')).result).toBe('pong')
    expect(rig.client.messages.filter(({ result }) => result === true)).toHaveLength(1)
    expect((await house.api('pool', PoolAnswer)).live).toMatchObject({
      health: { level: 'impaired', findings: [{ subject: 'store' }] },
      journal: { state: 'store-away', queued: 20 },
    })
    expect((await fetch(`${house.pool.httpUrl}/readyz`)).status).toBe(503)
    const [again] = shares
    if (again === undefined) throw new Error('no share')
    expect(await rig.submit(again)).toMatchObject(refused(22))

    unlock()
    expect((await Promise.all(answers)).map(({ result }) => result)).toEqual(Array(20).fill(true))
    expect(house.events('SharesAccepted').flatMap(({ data }) => data.nonce)).toEqual(
      shares.map(({ attempt }) => attempt.nonce),
    )
    expect(house.pool.status().journal.state).toBe('ok')
  })

  test('and the queue is full, shares are refused in words, but no block is held back', async () => {
    const devnet = await kept(mixedChain())
    const house = await openHouse([devnet], { listener: SHARE, journal: { queueSharesMax: 3 } })
    const rig = await begin(house, 1)
    const job = await rig.job()
    await poll(() => house.events('WorkIssued').length).toBe(1)
    const unlock = lockStore(house.directory)
    const waiting = [1, 2, 3].map(async () => rig.submit(await rig.find('share', job)))
    await poll(() => house.pool.status().journal).toEqual({ state: 'full', queued: 3, queueMax: 3 })

    const words = 'The pool cannot record shares now: its store is away; try again in a minute'
    const extra = await rig.find('share', job)
    expect((await rig.submit(extra)).error).toEqual([20, words, null])
    const other = await connectStratum({ port: house.port })
    await other.request('mining.subscribe', [cpuMiner.agent])
    expect((await other.request('mining.authorize', [address(2), 'x'])).error).toEqual([20, words, null])
    expect((await house.api('pool', PoolAnswer)).live.health.level).toBe('down')
    const block = await rig.find('block', job)
    const found = rig.submit(block)
    await poll(() => devnet.chain.tip.hash).toBe(block.hash)

    unlock()
    expect((await Promise.all([...waiting, found])).map(({ result }) => result)).toEqual(Array(4).fill(true))
    await house.block(block.hash, ({ state }) => state === 'connected')
    expect(await other.request('mining.authorize', [address(2), 'x'])).toMatchObject(taken)
    expect(await rig.submit(await rig.find('share', await rig.job(block.hash)))).toMatchObject(taken)
    await house.stop()
    expect(house.events('SharesRejected').map(({ data }) => [data.reason, data.count])).toEqual([
      [['store-unavailable'], [1]],
    ])
  })

  test('a pool that is asked to stop says that it could not write everything, and has answered nothing it lost', async () => {
    const { complete, took, answer, shares } = await stoppedWithoutStore
    expect([complete, answer, shares]).toEqual([false, 'never', 0])
    expect(took).toBeLessThan(10_000)
  })
})

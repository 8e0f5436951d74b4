import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accountId } from '../../domain/decred/address.ts'
import type { BlockView } from '../../projections/views.ts'
import { AccountView } from '../../projections/views.ts'
import type { Config } from '../../src/config/config.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import { directoryWith, idleConnections, type RawEvent, rawLog } from '../support/history.ts'
import {
  address,
  easyChain,
  type House,
  kept,
  newDirectory,
  openHouse,
  poll,
  readLog,
  stopHouses,
} from '../support/house.ts'
import { type Found, miner, refused, startMiner, taken } from '../support/miner.ts'
import { poolConfig } from '../support/running-pool.ts'
import { chainWithDoors } from './doors.ts'

/** A pool that dies at the worst moments, and the one that comes after it on the same directory. */

afterAll(stopHouses)

const begin = (house: House, n = 1) =>
  startMiner({ port: house.port, device: cpuMiner, user: `${address(n)}.rig` })

const lifeOf = (house: House, { hash }: Found) =>
  house
    .log()
    .filter(({ stream }) => stream === `block-${hash}`)
    .map(({ type }) => type.replace('Block', ''))

/** What a block's `BlockFound` says of who found it. */
const finderOf = (house: House, { hash }: Found) =>
  house.events('BlockFound').find(({ stream }) => stream === `block-${hash}`)?.data

describe('a pool that dies between a node s yes and its own last word', () => {
  let devnet: Devnet
  let block: Found
  let log: readonly RawEvent[]
  beforeAll(async () => {
    devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const rig = await begin(house)
    block = await rig.find('block')
    expect(await rig.submit(block)).toMatchObject(taken)
    await house.block(block.hash, ({ state }) => state === 'connected')
    log = rawLog(house.imageOfCrash())
  })

  /** The log up to the first event of a type, with it or without it. */
  const upTo = (type: string, withIt: boolean): readonly RawEvent[] =>
    log.slice(0, log.findIndex((each) => each.type === type) + (withIt ? 1 : 0))

  test.each([
    ['its share is not written', 'SharesAccepted', false, ['Found', 'Connected']],
    ['only its share is written', 'SharesAccepted', true, ['Found', 'Connected']],
    ['it is written that it was found', 'BlockFound', true, ['Found', 'Connected']],
    ['it is written that it was submitted', 'BlockSubmitted', true, ['Found', 'Submitted', 'Connected']],
    ['it is written that it was connected', 'BlockConnected', true, ['Found', 'Submitted', 'Connected']],
  ] as const)('has the block again when %s', async (_, type, withIt, life) => {
    const share = !(type === 'SharesAccepted' && !withIt)
    const house = await openHouse([devnet], {}, await directoryWith(upTo(type, withIt)))
    const view = await house.block(block.hash, ({ state }) => state === 'connected')
    expect(view.header).toBe(block.header.toString('hex'))
    expect(finderOf(house, block)).toMatchObject(
      share
        ? { account: accountId(address(1)), worker: 'rig', share: { revision: 0, index: 0 } }
        : { account: null, worker: null, share: null, connection: null },
    )
    expect(lifeOf(house, block)).toEqual(life)
    if (share)
      expect(await house.api(`miners/${address(1)}`, AccountView)).toMatchObject({
        blocksFound: 1,
        shares: { accepted: 1 },
      })
    expect(house.pool.status().journal.state).toBe('ok')
    const rig = await begin(house)
    expect(await rig.submit(await rig.find('low', await rig.job(block.hash)))).toMatchObject(refused(23))
  })

  test('and finds its own block on the chain, does not take it for another before it has read its log', async () => {
    const found = log.findIndex(({ type }) => type === 'BlockFound')
    // Where the log is long the node speaks first.
    const long = [...log.slice(0, found), ...idleConnections(15_000), ...log.slice(found)]
    const house = await openHouse([devnet], {}, await directoryWith(long))
    await poll(() => house.pool.status().nodes[0]?.state).toBe('up')
    await house.block(block.hash, ({ state }) => state === 'connected')
    const rig = await begin(house)
    expect(await rig.submit(await rig.find('low'))).toMatchObject(refused(23))
    expect(house.pool.status().journal.state).toBe('ok')
    expect(lifeOf(house, block)).toEqual(['Found', 'Submitted', 'Connected'])
  })

  test('and finds it when it comes late, on a log that is read anew', async () => {
    const house = await openHouse(
      [devnet],
      {},
      await directoryWith([...upTo('SharesAccepted', false), ...idleConnections(15_000)]),
    )
    await house.block(block.hash, ({ state }) => state === 'connected')
    expect(finderOf(house, block)).toMatchObject({ share: null })
  })
})

test('a block that no node has, of a pool that died, is sent by the next one', async () => {
  const { node, doors } = await kept(chainWithDoors(1))
  const [door] = doors
  const first = await openHouse(doors)
  const rig = await begin(first)
  const job = await rig.job()
  await door?.close()
  const block = await rig.find('block', job)
  expect(await rig.submit(block)).toMatchObject(taken)
  const image = first.imageOfCrash()
  await first.stop()
  expect(node.chain.get(block.hash)).toBeUndefined()

  const second = await openHouse(doors, {}, image)
  await door?.open()
  await second.block(block.hash, ({ state }) => state === 'connected')
  expect(node.chain.tip.hash).toBe(block.hash)
  expect(second.events('BlockFound')).toHaveLength(1)
})

test('a block whose share could not be written before the end is the pool s all the same', async () => {
  const devnet = await kept(easyChain())
  const first = await openHouse([devnet])
  const rig = await begin(first)
  const job = await rig.job()
  await poll(() => first.events('WorkIssued').length).toBe(1)
  const other = new DatabaseSync(join(first.directory, 'lodebook.db'))
  other.exec('BEGIN IMMEDIATE')
  const block = await rig.find('block', job)
  void rig.submit(block).catch(() => undefined)
  await poll(() => devnet.chain.tip.hash).toBe(block.hash)
  const image = first.imageOfCrash()
  other.exec('ROLLBACK')
  other.close()

  const second = await openHouse([devnet], {}, image)
  await second.block(block.hash, ({ state }) => state === 'connected')
  expect(finderOf(second, block)).toMatchObject({ share: null, account: null })
  expect(second.events('MinerConnected')).toEqual([])
  // The other one was not killed in truth: it has written what waited, once.
  await first.block(block.hash, ({ state }) => state === 'connected')
  expect(finderOf(first, block)).toMatchObject({ share: { index: 0 }, account: accountId(address(1)) })
})

test('a block that somebody else made of work that the pool was given is none of the pool s', async () => {
  const { node, doors } = await kept(chainWithDoors(1))
  const first = await openHouse(doors)
  const rig = await begin(first)
  const job = await rig.job()
  // The node's own miner takes the template that it has given the pool.
  const [generated] = await node.generate(1)
  expect(node.chain.get(generated ?? '')?.header.subarray(0, 136)).toEqual(
    Uint8Array.from(job.header.subarray(0, 136)),
  )
  await rig.job(generated)
  // Another client of the node was given it as well, and solves it while the pool is down.
  const subscribed = { result: [[[], ['', rig.session]], 'ff00000a', 4] }
  const theirs = await miner(rig.client, cpuMiner, rig.user, subscribed).find('block')
  await first.stop()
  expect(node.submit(theirs.header)).toBe(true)
  const [next] = await node.generate(1)

  const second = await openHouse(doors, {}, first.directory)
  const again = await begin(second)
  const block = await again.find('block', await again.job(next))
  expect(await again.submit(block)).toMatchObject(taken)
  await second.block(block.hash, ({ state }) => state === 'connected')
  expect(second.events('BlockFound').map(({ stream }) => stream)).toEqual([`block-${block.hash}`])
})

test('a pool that was away while others built on its block goes on with it', async () => {
  const devnet = await kept(easyChain())
  const first = await openHouse([devnet])
  const rig = await begin(first)
  const block = await rig.find('block')
  expect(await rig.submit(block)).toMatchObject(taken)
  await first.block(block.hash, ({ state }) => state === 'connected')
  expect(await first.stop()).toBe(true)
  await devnet.generate(10)

  const second = await openHouse([devnet], {}, first.directory)
  const approved = ({ state, confirmations }: BlockView): boolean =>
    state === 'approved' && confirmations === 11
  expect((await second.block(block.hash, approved)).decidedBy).toBe(devnet.chain.at(3)?.hash)
  await second.stop()
  await devnet.generate(10)
  const third = await openHouse([devnet], {}, first.directory)
  await third.block(block.hash, ({ state }) => state === 'matured')
  expect(lifeOf(third, block)).toEqual(['Found', 'Submitted', 'Connected', 'Approved', 'Matured'])
})

test('a pool that is killed under load, again and again, loses nothing that it has answered', async () => {
  // One share in 32 is a block.
  const devnet = await kept(easyChain({ startDifficulty: 64 }))
  const config = poolConfig(newDirectory(), [devnet], {
    listener: { difficulty: { start: null, min: 1, max: null, fixed: 2 } },
  })
  const directory = config.pool.dataDirectory
  const solved: string[] = []
  const acknowledged: string[] = []
  for (let life = 0; life < 3; life++) await liveAndDie(config, acknowledged, solved)
  expect(acknowledged.length).toBeGreaterThan(300)

  const logged = sharesIn(directory)
  expect(new Set(logged).size).toBe(logged.length)
  const known = new Set(logged)
  expect(acknowledged.filter((share) => !known.has(share))).toEqual([])

  const house = await openHouse([devnet], {}, directory)
  expect(solved.length).toBeGreaterThan(0)
  for (const hash of solved) {
    const block = devnet.chain.get(hash)
    if (block === undefined) throw new Error(`the node does not have block ${hash}`)
    // Two miners may have solved one height in the same moment: then one of the blocks is on no chain.
    const isMain = devnet.chain.isMain(block)
    await house.block(hash, ({ state }) => ON_CHAIN.includes(state) === isMain)
  }
  // Those whose last word was cut off are found on the chain.
  const onChain = Array.from({ length: devnet.chain.tip.height - 1 }, (_, i) => devnet.chain.at(i + 2)?.hash)
  const found = () => house.events('BlockFound').map(({ stream }) => stream)
  await poll(found).toEqual(expect.arrayContaining(onChain.map((hash) => `block-${hash}`)))
  expect(new Set(found()).size).toBe(found().length)
  await house.stop()
  expect(house.events('EpochClosed').length).toBeGreaterThanOrEqual(3)
})

const ON_CHAIN = ['connected', 'approved', 'matured']

/** Runs a pool in a process of its own with a dozen miners, and kills it in the middle of their shares. */
async function liveAndDie(config: Config, acknowledged: string[], solved: string[]): Promise<void> {
  const program = fileURLToPath(new URL('pool-process.ts', import.meta.url))
  const child = spawn(process.execPath, [program, JSON.stringify(config)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data')
  const port = Number(said)
  const rigs = await Promise.all(
    Array.from({ length: 12 }, (_, n) => startMiner({ port, device: cpuMiner, user: `${address(n)}.rig` })),
  )
  const enough = acknowledged.length + 150
  await Promise.all(
    rigs.map(async (rig) => {
      try {
        for (;;) {
          // The rare hash that is a block as well is one that must not be lost either.
          const job = await rig.job()
          const { attempt, submission, hash, isBlock } = await rig.find('share or block', job)
          const answer = await rig.client.request('mining.submit', [rig.user, ...submission])
          if (answer.result !== true) continue
          acknowledged.push(`${rig.extranonce1} ${attempt.nonce}`)
          if (isBlock) solved.push(hash)
          if (acknowledged.length >= enough) child.kill('SIGKILL')
        }
      } catch {
        // The pool is dead.
      }
    }),
  )
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Shares in a log as `extranonce1 nonce`: the counter of the miners here never changes. */
function sharesIn(directory: string): readonly string[] {
  const log = readLog(directory)
  const extranonces = new Map<string, string>()
  for (const each of log)
    if (each.type === 'MinerConnected') extranonces.set(each.stream, each.data.extranonce1)
  return log.flatMap((each) => {
    if (each.type !== 'SharesAccepted') return []
    const gateway = each.stream.split('-')[1]
    return each.data.nonce.map((nonce, i) => {
      const stream = `connection-${gateway}.${each.data.connection[i]}`
      return `${extranonces.get(stream)} ${nonce}`
    })
  })
}

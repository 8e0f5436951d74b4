import { afterEach, describe, expect, test } from 'vitest'
import { networks } from '../../domain/decred/network.ts'
import type { BlockView } from '../../projections/views.ts'
import { cpuMiner } from '../support/devices.ts'
import { address, type House, openHouse, stopHouses } from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { type Dcrd, killDcrds, startDcrd } from './dcrd.ts'
import { allSubmitted, blockOnceIt, eventually, foundBlocks, mine, nodeAt, poolView } from './mining.ts'
import { findDcrd, needed } from './programs.ts'

/** The pool on a real dcrd: its work, its verdicts, its chain. */

const program = needed(findDcrd())
const { coinbaseMaturity } = networks.simnet
let dcrd: Dcrd
let house: House

/** Starts a node with some blocks, and a pool on it. */
async function begin(blocks = 1): Promise<void> {
  dcrd = await startDcrd(program)
  if (blocks > 0) await dcrd.generate(blocks)
  house = await openHouse([dcrd])
}

afterEach(async () => {
  await stopHouses()
  await killDcrds()
})

/** Lets the pool find blocks until so many more are on the chain; the newest of them, which is the tip then. */
async function mineBlocks(count: number): Promise<BlockView> {
  const { height } = await dcrd.tip()
  const miner = mine(house.port)
  await nodeAt(house, (tip) => tip.height >= height + count)
  await miner.stop()
  await allSubmitted(house)
  const { hash } = await dcrd.tip()
  return blockOnceIt(house, hash, ({ state }) => state === 'connected')
}

/** Lets dcrd take a block for invalid, and the pool's other blocks of its height before: they would take its place. */
async function takeAway({ hash, height }: BlockView): Promise<void> {
  const siblings = foundBlocks(house).filter((block) => block.height === height && block.hash !== hash)
  for (const sibling of siblings) await dcrd.call('invalidateblock', sibling.hash)
  await dcrd.call('invalidateblock', hash)
}

const steps = ({ life }: BlockView): readonly string[] => life.map(({ step }) => step)

test('work reaches a miner from the first block on, every share counts, and blocks mature', async () => {
  await begin(0)
  const miner = mine(house.port)
  await nodeAt(house, ({ height }) => height >= 1)
  const first = String(await dcrd.call('getblockhash', 1))
  const matured = await blockOnceIt(house, first, ({ state }) => state === 'matured')
  await miner.stop()
  expect(steps(matured)).toEqual(['found', 'submitted', 'connected', 'approved', 'matured'])
  expect(matured.submissions).toMatchObject([{ node: 'node-0', verdict: 'accepted' }])
  expect((await fetch(`${house.pool.httpUrl}/readyz`)).status).toBe(200)

  const { accepted, faults, blocks } = miner.totals()
  expect(faults).toBe(0)
  expect(blocks).toBeGreaterThanOrEqual(coinbaseMaturity)
  // The last ones may have been counted when the miner had left.
  expect(poolView(house).shares.accepted).toBeGreaterThanOrEqual(accepted)
  expect(foundBlocks(house).length).toBeGreaterThanOrEqual(blocks)
})

test('a block is what dcrd says it is: header, confirmations, reward', async () => {
  await begin(0)
  await mineBlocks(4)
  const mined = (await dcrd.tip()).height
  await dcrd.generate(3)
  const headers = new Map(foundBlocks(house).map(({ hash, header }) => [hash, header]))
  for (let height = 1; height <= mined; height++) {
    const hash = String(await dcrd.call('getblockhash', height))
    expect(await dcrd.call('getblockheader', hash, false)).toBe(headers.get(hash))
    const confirmations = mined + 3 - height + 1
    expect(await dcrd.confirmations(hash)).toBe(confirmations)
    const block = await blockOnceIt(house, hash, (view) => view.confirmations === confirmations)
    expect(block.height).toBe(height)
    const { rawtx } = (await dcrd.call('getblock', hash, true, true)) as DcrdBlock
    const [coinbase] = rawtx
    expect(block.reward?.transaction).toBe(coinbase?.txid)
    const paid = coinbase?.vout[block.reward?.output ?? -1]
    // Block 1 hands out simnet's first coins and pays no miner.
    const atoms = height === 1 ? 0 : Math.round((paid?.value ?? Number.NaN) * 1e8)
    expect(block.reward?.atoms).toBe(String(atoms))
  }
})

test("what dcrd's own miner makes of the work that the pool was given is none of the pool's", async () => {
  await begin()
  await eventually(
    house,
    () => house.pool.status().work,
    (work) => work !== null,
  )
  await dcrd.generate(3)
  const { height } = await mineBlocks(1)
  expect(height).toBeGreaterThan(4)
  expect(foundBlocks(house).filter(({ share }) => share === null)).toEqual([])
})

test('dcrd makes another template of the same block when another difficulty is wanted', async () => {
  dcrd = await startDcrd(program)
  await dcrd.generate(1)
  house = await openHouse([dcrd], {
    listener: { difficulty: { start: 1, min: 1, max: null, fixed: null } },
    mining: { refreshMs: 1_000, transactionsRefreshMs: 1_000 },
  })
  const rig = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
  const first = await rig.job()
  await rig.client.request('mining.suggest_difficulty', [8])
  const asked = await eventually(
    house,
    () => house.events('WorkIssued').find(({ data }) => data.reason === 'new-transactions'),
    (work) => work !== undefined,
  )
  const header = Buffer.from(asked?.data.header ?? '', 'hex')
  // The same version and parent, and another Merkle root.
  expect(header.subarray(0, 36)).toEqual(first.header.subarray(0, 36))
  expect(header.subarray(36, 68)).not.toEqual(first.header.subarray(36, 68))
  await rig.client.close()
})

interface DcrdBlock {
  readonly rawtx: readonly {
    readonly txid: string
    readonly vout: readonly { readonly value: number }[]
  }[]
}

describe('reorganisation', () => {
  test('a block leaves the chain and comes back', async () => {
    await begin()
    const tip = await mineBlocks(2)
    const { hash } = tip
    await dcrd.generate(1)
    await blockOnceIt(house, hash, ({ state }) => state === 'approved')
    await takeAway(tip)
    await dcrd.generate(1)
    await blockOnceIt(house, hash, ({ state }) => state === 'disconnected')
    // Its branch is the longer one: it has a block more.
    await dcrd.call('reconsiderblock', hash)
    const back = await blockOnceIt(house, hash, ({ state }) => state === 'approved')
    const before = ['found', 'submitted', 'connected', 'approved']
    expect(steps(back)).toEqual([...before, 'disconnected', 'connected', 'approved'])
    await mineBlocks(1)
    expect((await blockOnceIt(house, hash, ({ confirmations }) => confirmations > 2)).state).toBe('approved')
  })

  test('a block whose place another chain takes is given up, and mining goes on', async () => {
    await begin()
    const tip = await mineBlocks(2)
    const { hash, height } = tip
    await takeAway(tip)
    await dcrd.generate(coinbaseMaturity)
    await blockOnceIt(house, hash, ({ state }) => state === 'disconnected')
    expect((await dcrd.tip()).height).toBe(height + coinbaseMaturity - 1)
    await dcrd.generate(1)
    const orphan = await blockOnceIt(house, hash, ({ state }) => state === 'orphaned')
    expect(orphan).toMatchObject({ confirmations: 0 })
    expect(steps(orphan)).toEqual(['found', 'submitted', 'connected', 'disconnected', 'orphaned'])
    await mineBlocks(1)
  })

  test('what happened while the pool was down is made up for', async () => {
    await begin()
    const tip = await mineBlocks(2)
    const { hash } = tip
    await house.stop()
    await takeAway(tip)
    await dcrd.generate(2)
    house = await openHouse([dcrd], {}, house.directory)
    await blockOnceIt(house, hash, ({ state }) => state === 'disconnected')
    await mineBlocks(1)
  })

  test("another node's longer chain takes the place of several blocks", async () => {
    await begin()
    await mineBlocks(4)
    const lost = await Promise.all([2, 3, 4, 5].map((height) => dcrd.call('getblockhash', height)))
    const other = await startDcrd(program)
    await other.generate((await dcrd.tip()).height + 4)
    const theirs = await other.tip()
    await dcrd.call('node', 'connect', other.address, 'temp')
    await nodeAt(house, ({ hash }) => hash === theirs.hash)
    for (const hash of lost) await blockOnceIt(house, String(hash), ({ state }) => state === 'disconnected')

    const { hash } = await mineBlocks(1)
    await other.generate(coinbaseMaturity)
    for (const hash of lost) await blockOnceIt(house, String(hash), ({ state }) => state === 'orphaned')
    await blockOnceIt(house, hash, ({ state }) => state === 'matured')
    expect(await dcrd.confirmations(hash)).toBe(coinbaseMaturity + 1)
  })
})

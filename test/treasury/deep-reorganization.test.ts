import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { liabilities } from '../../domain/bookkeeping/invariants.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import { rawLog } from '../support/history.ts'
import {
  address,
  easyChain,
  type House,
  newDirectory,
  openHouse,
  poll,
  stopHouses,
} from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { checkMoney, recordsOf } from '../support/money-check.ts'
import type { PoolOverrides } from '../support/running-pool.ts'

/** A reorganisation that is deeper than maturity: only on a chain whose maturity is small. */

const MATURITY = 3
const OVER: PoolOverrides = { wallet: false, coinbaseMaturity: MATURITY }

let devnet: Devnet
beforeAll(async () => {
  devnet = await easyChain({ coinbaseMaturity: MATURITY })
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

/** Two blocks of the pool in a row, shared and mature. Their hashes. */
async function matureBlocks(house: House): Promise<readonly string[]> {
  const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
  const hashes: string[] = []
  for (let i = 0; i < 2; i++) {
    const block = await miner.find('block', await miner.job(devnet.chain.tip.hash))
    expect((await miner.submit(block)).result).toBe(true)
    await house.block(block.hash, ({ state }) => state === 'connected')
    hashes.push(block.hash)
  }
  miner.client.close()
  await devnet.generate(MATURITY + 1)
  for (const hash of hashes) await house.block(hash, ({ state }) => state === 'matured')
  await poll(() => house.events('RewardAllocated').map(({ data }) => data.block)).toEqual(hashes)
  expect(available(house)).toBeGreaterThan(0n)
  return hashes
}

const books = (house: House) =>
  recordsOf(rawLog(house.directory).map((each, i) => ({ ...each, position: i + 1 }))).books
const available = (house: House): bigint => liabilities(books(house)).available

/** Every block was taken back, and nobody is owed anything. */
async function expectTakenBack(house: House, hashes: readonly string[]): Promise<void> {
  for (const hash of hashes) await house.block(hash, ({ state }) => state === 'orphaned')
  await poll(() =>
    house
      .events('RewardReversed')
      .map(({ data }) => data.block)
      .sort(),
  ).toEqual([...hashes].sort())
  expect(liabilities(books(house))).toEqual({
    immature: 0n,
    available: 0n,
    inPayout: 0n,
    fees: 0n,
    reserve: 0n,
  })
  checkMoney(
    rawLog(house.directory).map((each, i) => ({ ...each, position: i + 1 })),
    devnet.chain,
    false,
  )
}

describe('a matured block leaves the chain', () => {
  test('while the pool runs: all that were above the fork are taken back', async () => {
    const house = await openHouse([devnet], OVER)
    const hashes = await matureBlocks(house)
    devnet.invalidate(hashes[0] ?? '')
    await devnet.generate(MATURITY + 4)
    await expectTakenBack(house, hashes)
    await house.stop()
  })

  test('while the pool is away: taken back at its next start', async () => {
    const directory = newDirectory()
    const before = await openHouse([devnet], OVER, directory)
    const hashes = await matureBlocks(before)
    await before.stop()
    devnet.invalidate(hashes[0] ?? '')
    await devnet.generate(MATURITY + 4)
    const after = await openHouse([devnet], OVER, directory)
    await expectTakenBack(after, hashes)
    await after.stop()
  })

  test('and a node that has only begun to read the chain takes nothing back', async () => {
    const directory = newDirectory()
    const before = await openHouse([devnet], OVER, directory)
    const hashes = await matureBlocks(before)
    await before.stop()
    const anew = await easyChain({ coinbaseMaturity: MATURITY })
    const after = await openHouse([anew], OVER, directory)
    await poll(() => after.pool.status().nodes.map(({ state }) => state)).toEqual(['up'])
    await anew.generate(1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    for (const hash of hashes) await after.block(hash, ({ state }) => state === 'matured')
    expect(available(after)).toBeGreaterThan(0n)
    await after.stop()
    await anew.stop()
  })
})

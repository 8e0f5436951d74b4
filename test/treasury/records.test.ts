import { afterEach, expect, test } from 'vitest'
import { CHUNK_SHARES } from '../../domain/reward/share-chunk.ts'
import { MATURITY, minerAddress, World } from './world.ts'

const worlds: World[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.kill()
})

/** So many shares of miner 0, in full events. */
async function manyShares(world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i += 600) await world.shares(Array.from({ length: 600 }, () => 0))
}

test('shares that no block can be shared by are let go; those that one may need are kept', async () => {
  const world = await World.open()
  worlds.push(world)
  await manyShares(world, 3 * CHUNK_SHARES)
  const before = await world.records()
  before.mined.trim()
  // A window is a hundred shares: two chunks go, the newest stays.
  expect(before.mined.window.shares).toBeLessThan(1.1 * CHUNK_SHARES)

  await world.find(1)
  await manyShares(world, 3 * CHUNK_SHARES)
  const open = await world.records()
  open.mined.trim()
  expect(open.mined.window.shares).toBeGreaterThan(3 * CHUNK_SHARES)
  world.start()
  await world.settle()
  await world.others(MATURITY + 3)
  await world.settle()
  expect(await world.events('RewardAllocated')).toHaveLength(1)
  const done = await world.records()
  done.mined.trim()
  expect(done.mined.window.shares).toBeLessThan(1.1 * CHUNK_SHARES)
  await world.others(4)
  await world.settle()
  expect(world.onChain(minerAddress(1))).toBeGreaterThan(0n)
})

test('a solved share whose block is not in the log yet keeps its window', async () => {
  const world = await World.open()
  worlds.push(world)
  await manyShares(world, CHUNK_SHARES)
  await world.shares([1], 'ab'.repeat(32))
  await manyShares(world, 3 * CHUNK_SHARES)
  const records = await world.records()
  records.mined.trim()
  expect(records.mined.window.shares).toBeGreaterThan(3 * CHUNK_SHARES)
  await world.others(40)
  const later = await world.records()
  later.mined.trim()
  expect(later.mined.window.shares).toBeLessThan(1.1 * CHUNK_SHARES)
})

import { afterEach, describe, expect, test } from 'vitest'
import type { Scheme } from '../../domain/events.ts'
import { World } from './world.ts'

/** A block that is shared lets go of its shares. When it is lost and comes back, they are read from the log. */

const worlds: World[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.kill()
})

const SCHEMES: readonly Scheme[] = [
  { kind: 'pplns', windowPpm: 2_000_000 },
  { kind: 'pplns-time', periodMs: 3_600_000 },
  { kind: 'prop' },
]

/** Shares of an hour, an uneven part of each miner. */
async function workAnHour(world: World, hour: number): Promise<void> {
  for (let i = 0; i < 6; i++)
    await world.shares(Array.from({ length: 40 }, (_, n) => ((n * (hour + i + 1)) % 7) % 3))
  await world.nextHour()
}

/** A pool that has shared a block hours ago. */
async function sharedLongAgo(scheme: Scheme): Promise<{ readonly world: World; readonly hash: string }> {
  const world = await World.open({ scheme, payoutSchedule: { kind: 'blocks', every: 1000 } })
  worlds.push(world)
  world.start()
  for (let hour = 0; hour < 4; hour++) await workAnHour(world, hour)
  await world.shares([0, 1, 1, 2])
  const hash = await world.find(0)
  await world.others(1)
  await world.settle()
  expect((await world.events('RewardAllocated')).length).toBe(1)
  for (let hour = 0; hour < 8; hour++) await workAnHour(world, hour)
  await world.settle()
  return { world, hash }
}

async function restart(world: World): Promise<void> {
  await world.kill()
  world.start()
  await world.settle()
}

/** Its two allocations are the same but for when they were made. */
async function expectSharedAlike(world: World): Promise<void> {
  const allocated = await world.events('RewardAllocated')
  expect(allocated.length).toBe(2)
  const [first, second] = allocated.map((each) => ({ ...each, at: 0 }))
  expect(second).toEqual(first)
  expect(first?.account.length).toBe(3)
  expect(world.treasury?.status().problems).toEqual([])
  await world.check()
}

describe('a block is shared again as it was before', () => {
  for (const scheme of SCHEMES) {
    test(`when it leaves the chain and comes back, after restarts: ${scheme.kind}`, async () => {
      const { world, hash } = await sharedLongAgo(scheme)
      await restart(world)
      const { shares } = await world.records().then(({ mined }) => mined)
      expect(world.treasury?.status().shares).toBeLessThan(shares * (scheme.kind === 'prop' ? 0.8 : 0.3))
      const block = world.node.chain.get(hash)
      if (block === undefined) throw new Error('no block')
      world.node.invalidate(block)
      await world.others(1)
      await world.settle()
      expect((await world.events('RewardReversed')).map(({ block: lost }) => lost)).toEqual([hash])
      world.node.reconsider(block)
      await world.follow()
      await world.settle()
      await expectSharedAlike(world)
      await restart(world)
      await expectSharedAlike(world)
    })

    test(`when its next block disapproves it and another approves it: ${scheme.kind}`, async () => {
      const { world, hash } = await sharedLongAgo(scheme)
      await restart(world)
      const block = world.node.chain.get(hash)
      const approving = block === undefined ? undefined : world.node.chain.next(block)
      if (approving === undefined) throw new Error('no block')
      world.node.invalidate(approving)
      world.node.count({ approves: false })
      await world.node.generate(1)
      await world.follow()
      await world.settle()
      expect((await world.events('RewardReversed')).map(({ why }) => why)).toEqual(['disapproved'])
      await restart(world)
      const refusing = world.node.chain.tip
      world.node.invalidate(refusing)
      world.node.reconsider(approving)
      await world.follow()
      await world.settle()
      await expectSharedAlike(world)
    })
  }
})

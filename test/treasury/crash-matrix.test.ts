import { describe, expect, test } from 'vitest'
import { liabilities } from '../../domain/bookkeeping/invariants.ts'
import { type Fault, minerAddress, POLICY, World } from './world.ts'

/** Everything that money can meet on its way, in steps between which the treasury does what is due. */
const STORY: readonly ((world: World) => Promise<unknown>)[] = [
  (world) => world.shares([0, 1, 2, 0]),
  (world) => world.find(0),
  (world) => world.others(1),
  (world) => world.shares([1, 1, 2]),
  (world) => world.find(1),
  (world) => world.others(1),
  // A block whose share was lost in a crash, and one that the chain takes back before it is mature.
  (world) => world.find(2, true),
  (world) => world.others(1),
  async (world) => {
    await world.node.reorganize(2)
    await world.follow()
  },
  (world) => world.others(2),
  (world) => world.shares([2, 2, 0, 1]),
  (world) => world.find(2),
  async (world) => {
    world.node.count({ approves: false })
    await world.others(1)
  },
  ...Array.from({ length: 14 }, () => (world: World) => world.others(1)),
]

async function play(faults: readonly Fault[], policy: Parameters<typeof World.open>[0] = {}): Promise<World> {
  const world = await World.open(policy)
  const left = [...faults]
  world.start(left.shift() ?? null)
  for (const step of STORY) {
    await step(world)
    while (!(await world.settle())) {
      await world.check(true)
      world.start(left.shift() ?? null)
    }
    await world.check()
  }
  await expectAllPaid(world)
  return world
}

/** Nobody is left with more than the minimum, and nothing is under way. */
async function expectAllPaid(world: World): Promise<void> {
  const records = await world.records()
  expect(records.openPayouts()).toEqual([])
  const { immature, available, inPayout } = liabilities(records.books)
  expect([immature, inPayout]).toEqual([0n, 0n])
  expect(available).toBeLessThan(3n * BigInt(POLICY.minimumPayout))
}

/** What the treasury writes and asks of the wallet in the story, in order. */
async function stepsOf(policy: Parameters<typeof World.open>[0] = {}): Promise<readonly string[]> {
  const world = await play([], policy)
  await world.kill()
  return world.steps.names
}

const SCHEMES = {
  pplns: {},
  'pplns-time': { scheme: { kind: 'pplns-time', periodMs: 60_000 } },
  prop: { scheme: { kind: 'prop' } },
  pps: { scheme: { kind: 'pps', reserve: '100000000000' } },
} as const

describe('the process dies at a step of settlement or payout', () => {
  test('without a death the story has every kind of step, and pays everybody', async () => {
    const world = await play([])
    const types = new Set((await world.allEvents()).map(({ type }) => type))
    for (const type of ['RewardAllocated', 'RewardReversed', 'PayoutSigned', 'PayoutConfirmed'])
      expect(types).toContain(type)
    for (const n of [0, 1, 2]) expect(world.onChain(minerAddress(n))).toBeGreaterThan(0n)
    await world.kill()
  })

  for (const [name, policy] of Object.entries(SCHEMES))
    test(`under ${name}, at every step, before it and after it: nothing is lost, nobody is paid twice`, async () => {
      const steps = await stepsOf(policy)
      expect(steps.length).toBeGreaterThan(10)
      for (let step = 0; step < steps.length; step++)
        for (const when of ['before', 'after'] as const) {
          const world = await play([{ step, when }], policy)
          expect({ step, when, published: new Set(world.published).size }).toEqual({
            step,
            when,
            published: (await world.events('PayoutSigned')).length,
          })
          await world.kill()
        }
    })

  test('under solo it takes no step, and its books stay empty however often it dies', async () => {
    const world = await World.open({ scheme: { kind: 'solo' } })
    for (const step of STORY) {
      await step(world)
      world.start()
      await world.settle()
      expect(world.steps.names).toEqual([])
      await world.kill()
    }
    const { books } = await world.records()
    expect([books.balances.size, books.payouts.size]).toEqual([0, 0])
    expect([...books.blocks.values()].map(({ phase }) => phase)).toContain('matured')
    expect(world.published).toEqual([])
    expect(world.fatal).toEqual([])
  })

  test('again and again, each process living for a few steps only', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const faults = Array.from({ length: 60 }, (_, n): Fault => {
        const dice = (seed * 7919 + n * 104_729) % 31
        return { step: dice % 4, when: dice % 3 === 0 ? 'before' : 'after' }
      })
      const world = await play(faults)
      await world.kill()
    }
  })
})

import * as E from 'fp-ts/lib/Either.js'
import { afterEach, expect, test } from 'vitest'
import { liabilities } from '../../domain/bookkeeping/invariants.ts'
import { event } from '../../domain/events.ts'
import { Fold } from '../../src/replay/fold.ts'
import { readEvent } from '../../src/replay/read-event.ts'
import type { AccountLine } from '../../src/replay/replayed-money.ts'
import { MATURITY, minerAddress, World } from './world.ts'

const worlds: World[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.kill()
})

/** Settles, plans and pays all there is. */
async function goOn(world: World): Promise<void> {
  for (let i = 0; i < 8; i++) {
    await world.settle()
    await world.others(1)
  }
  await world.settle()
}

/** What a replay tells of a miner, line by line. It computes every reward from the shares. */
async function replayed(world: World, miner: number): Promise<readonly AccountLine[]> {
  const fold = new Fold(null, minerAddress(miner))
  for (const [entry, event] of (await world.allEvents()).entries()) {
    const read = readEvent({ ...event, entry })
    if (E.isLeft(read)) throw new Error(read.left.message)
    expect(fold.take({ ...event, entry }, read.right)).toEqual(E.right(undefined))
  }
  const folded = fold.end()
  if (E.isLeft(folded)) throw new Error(folded.left.message)
  expect(folded.right.money.differences).toEqual([])
  return folded.right.money.lines
}

const NOTHING = { immature: 0n, available: 0n, inPayout: 0n, fees: 0n }

test('a block that was mature and paid leaves the chain and comes back: nobody is paid a second time', async () => {
  const world = await World.open()
  worlds.push(world)
  await world.shares([0, 1])
  const hash = await world.find(0)
  await world.others(MATURITY + 1)
  world.start()
  await goOn(world)
  const paid = () => [0, 1].map((miner) => world.onChain(minerAddress(miner)))
  const once = paid()
  expect(once.every((atoms) => atoms > 0n)).toBe(true)
  const [connected] = await world.events('BlockConnected')
  const [approved] = await world.events('BlockApproved')
  const [matured] = await world.events('BlockMatured')
  if (connected === undefined || approved === undefined || matured === undefined) throw new Error('no block')
  const block = `block-${hash}`

  await world.append(block, event('BlockDisconnected', { v: 1, at: world.nowMs() }))
  await world.settle()
  const reward = BigInt(connected.reward.atoms)
  expect(liabilities((await world.records()).books)).toEqual({ ...NOTHING, reserve: -reward })

  const at = world.nowMs()
  await world.append(
    block,
    event('BlockConnected', { ...connected, at }),
    event('BlockApproved', { ...approved, at }),
  )
  await world.settle()
  expect(liabilities((await world.records()).books)).toEqual({ ...NOTHING, reserve: 0n })
  await world.append(block, event('BlockMatured', { ...matured, at }))
  await goOn(world)
  expect(liabilities((await world.records()).books)).toEqual({ ...NOTHING, reserve: 0n })
  expect(paid()).toEqual(once)
  expect(await world.events('PayoutPlanned')).toHaveLength(1)

  const [first, second] = (await replayed(world, 0)).filter(({ type }) => type === 'RewardAllocated')
  expect(first).toMatchObject({ available: 330_000_000n, repaid: 0n })
  expect(second).toMatchObject({ immature: 0n, available: 0n, repaid: 330_000_000n })
})

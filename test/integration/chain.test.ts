import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PoolAnswer } from '../../adapters/http/api/answers.ts'
import { AccountView, BlockView } from '../../projections/views.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import {
  address,
  easyChain,
  type House,
  kept,
  mixedChain,
  newDirectory,
  openHouse,
  poll,
  stopHouses,
} from '../support/house.ts'
import { type Found, type Miner, refused, startMiner, taken } from '../support/miner.ts'
import { chainWithDoors, type Doors } from './doors.ts'

/** What the chain and its nodes do to the blocks of a pool. */

afterAll(stopHouses)

const begin = (house: House, n = 1, password = 'x') =>
  startMiner({ port: house.port, device: cpuMiner, user: `${address(n)}.rig`, password })

/** Finds a block on the tip and submits it; resolves when the pool has it on the main chain. */
async function mineOn(house: House, rig: Miner, tip: string): Promise<Found> {
  const block = await rig.find('block', await rig.job(tip))
  expect(await rig.submit(block)).toMatchObject(taken)
  await house.block(block.hash, ({ state }) => state === 'connected')
  return block
}

/** Mines so many blocks in a row; resolves when the pool has all of them on the main chain. */
async function mineRow(house: House, rig: Miner, tip: string, count: number): Promise<readonly Found[]> {
  const row: Found[] = []
  for (let i = 0; i < count; i++) {
    const block = await rig.find('block', await rig.job(row.at(-1)?.hash ?? tip))
    expect(await rig.submit(block)).toMatchObject(taken)
    row.push(block)
  }
  for (const block of row)
    await house.block(block.hash, ({ state }) => state === 'connected' || state === 'approved')
  return row
}

/** The steps of a block's life in the log. */
const lifeOf = (house: House, { hash }: Found) =>
  house
    .log()
    .filter(({ stream }) => stream === `block-${hash}`)
    .map(({ type }) => type.replace('Block', ''))

describe('a block', () => {
  test('is one however much harder shares were to be', async () => {
    const devnet = await kept(easyChain({ startDifficulty: 4 }))
    const house = await openHouse([devnet], {
      listener: { difficulty: { start: null, min: 1, max: null, fixed: 1_000_000 } },
    })
    const rig = await begin(house)
    expect(rig.difficulty(await rig.job())).toBe(4)
    const block = await mineOn(house, rig, devnet.chain.tip.hash)
    expect(devnet.chain.tip.hash).toBe(block.hash)
    expect(house.events('SharesAccepted').map(({ data }) => data.difficulty)).toEqual([[4]])
  })

  test('is submitted, and its miner answered, without waiting for a slow node', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const rig = await begin(house)
    const job = await rig.job()
    devnet.pauseAnswers()
    const block = await rig.find('block', job)
    expect(await rig.submit(block)).toMatchObject(taken)
    expect(devnet.chain.tip.hash).toBe(block.hash)
    await house.block(block.hash, ({ state }) => state === 'found')
    devnet.resumeAnswers()
    await house.block(block.hash, ({ state }) => state === 'connected')
    expect(lifeOf(house, block)).toEqual(['Found', 'Submitted', 'Connected'])
  })

  test('and another one of its height: one is connected, the other never, and both shares count', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const [one, two] = [await begin(house, 1), await begin(house, 2)]
    const job = await one.job()
    await two.job()
    const blocks = [await one.find('block', job), await two.find('block', job)] as const
    expect((await Promise.all([one.submit(blocks[0]), two.submit(blocks[1])])).map((r) => r.result)).toEqual([
      true,
      true,
    ])
    const [first, second] =
      devnet.chain.at(2)?.hash === blocks[0].hash ? blocks : ([blocks[1], blocks[0]] as const)
    expect(devnet.chain.get(second.hash)?.height).toBe(2)
    await house.block(first.hash, ({ state }) => state === 'connected')
    const sibling = await house.block(second.hash, ({ submissions }) => submissions.length > 0)
    expect(sibling).toMatchObject({
      state: 'submitted',
      reward: null,
      confirmations: 0,
      submissions: [{ verdict: 'accepted' }],
    })
    for (const n of [1, 2])
      expect((await house.api(`miners/${address(n)}`, AccountView)).shares.accepted).toBe(1)

    await devnet.generate(15)
    expect(await house.block(first.hash, ({ confirmations }) => confirmations === 16)).toMatchObject({
      state: 'approved',
      maturity: 17,
    })
    await devnet.generate(1)
    await house.block(first.hash, ({ state }) => state === 'matured')
    await house.block(second.hash, ({ state }) => state === 'orphaned')
    expect(lifeOf(house, first)).toEqual(['Found', 'Submitted', 'Connected', 'Approved', 'Matured'])
    expect(lifeOf(house, second)).toEqual(['Found', 'Submitted', 'Orphaned'])
  })

  test('and more in a row by one miner: each is approved by the next and matures', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const rig = await begin(house)
    const row = await mineRow(house, rig, devnet.chain.tip.hash, 6)
    for (const [i, block] of row.entries()) {
      const next = row[i + 1]
      if (next !== undefined)
        expect(await house.block(block.hash, ({ state }) => state === 'approved')).toMatchObject({
          decidedBy: next.hash,
          height: 2 + i,
        })
    }
    await devnet.generate(16)
    for (const block of row) {
      await house.block(block.hash, ({ state }) => state === 'matured')
      expect(lifeOf(house, block)).toEqual(['Found', 'Submitted', 'Connected', 'Approved', 'Matured'])
    }
    expect((await house.api('pool', PoolAnswer)).blocks).toMatchObject({ matured: 6 })
  })

  test('that stakeholders disapprove pays nobody, until others approve of it', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const rig = await begin(house)
    const block = await mineOn(house, rig, devnet.chain.tip.hash)
    const approving = await rig.job(block.hash)
    devnet.disapproveTip()
    const next = await rig.find('block', await rig.jobAfter(approving))
    expect(await rig.submit(next)).toMatchObject(taken)
    expect(await house.block(block.hash, ({ state }) => state === 'disapproved')).toMatchObject({
      decidedBy: next.hash,
    })

    await devnet.reorganize(1)
    await house.block(next.hash, ({ state }) => state === 'disconnected')
    expect(await house.block(block.hash, ({ state }) => state === 'approved')).toMatchObject({
      decidedBy: devnet.chain.at(3)?.hash,
    })
    devnet.invalidate(devnet.chain.at(3)?.hash ?? '')
    await house.block(block.hash, ({ state }) => state === 'disapproved')
    await devnet.generate(20)
    await house.block(next.hash, ({ state }) => state === 'matured')
    expect(await house.api(`blocks/${block.hash}`, BlockView)).toMatchObject({ state: 'disapproved' })
    expect(lifeOf(house, block)).toEqual([
      'Found',
      'Submitted',
      'Connected',
      'Disapproved',
      'Approved',
      'Disapproved',
    ])
  })
})

describe('a reorganisation', () => {
  let devnet: Devnet
  let house: House
  let rig: Miner
  beforeAll(async () => {
    devnet = await kept(easyChain())
    house = await openHouse([devnet])
    rig = await begin(house)
  })

  test.each([1, 2, 3, 4, 5, 6])(
    'of %i blocks takes them away, and one back brings them back',
    async (depth) => {
      const [kept, ...row] = await mineRow(house, rig, devnet.chain.tip.hash, depth + 1)
      if (kept === undefined) throw new Error('no block')
      await devnet.reorganize(depth)
      const fork = devnet.chain.tip.height - depth
      for (const block of row)
        expect(await house.block(block.hash, ({ state }) => state === 'disconnected')).toMatchObject({
          confirmations: 0,
          decidedBy: null,
        })
      const other = devnet.chain.at(fork)?.hash ?? ''
      await house.block(kept.hash, ({ decidedBy }) => decidedBy === other)
      const beside = await rig.job(devnet.chain.tip.hash)
      expect(beside.clean).toBe(true)

      devnet.invalidate(other)
      expect(devnet.chain.tip.hash).toBe(row.at(-1)?.hash)
      for (const block of row.slice(0, -1)) await house.block(block.hash, ({ state }) => state === 'approved')
      const last = row.at(-1)
      if (last === undefined) throw new Error('no block')
      await house.block(last.hash, ({ state }) => state === 'connected')
      expect(lifeOf(house, last)).toEqual(['Found', 'Submitted', 'Connected', 'Disconnected', 'Connected'])
      await house.block(
        kept.hash,
        ({ state, decidedBy }) => state === 'approved' && decidedBy === row[0]?.hash,
      )
      expect(await rig.submit(await rig.find('block', beside))).toMatchObject(refused(21))
    },
  )

  test('that lasts gives the blocks up once the other chain is deep enough', async () => {
    const row = await mineRow(house, rig, devnet.chain.tip.hash, 2)
    await devnet.reorganize(2)
    await devnet.generate(17)
    for (const block of row) {
      await house.block(block.hash, ({ state }) => state === 'orphaned')
      expect(lifeOf(house, block).at(-1)).toBe('Orphaned')
    }
  })
})

describe('work', () => {
  test('of new votes replaces the old at once; of new transactions it does not', async () => {
    const devnet = await kept(mixedChain())
    await devnet.generate(1)
    const house = await openHouse([devnet], { mining: { transactionsRefreshMs: 0 } })
    const rig = await begin(house)
    const first = await rig.job()
    expect(first.header.readUInt16LE(108)).toBe(5)
    devnet.newVotes(3)
    const second = await rig.jobAfter(first)
    expect(second.clean).toBe(true)
    expect(second.header.readUInt16LE(108)).toBe(3)
    devnet.newTransactions()
    const third = await rig.jobAfter(second)
    expect(third.clean).toBe(false)
    for (const job of [second, third])
      expect(await rig.submit(await rig.find('share', job))).toMatchObject(taken)
    expect(house.events('WorkIssued').map(({ data }) => data.reason)).toEqual([
      'new-parent',
      'new-votes',
      'new-transactions',
    ])
  })

  test('on a new block goes out at once, though it was overtaken by work of new transactions', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const rig = await begin(house)
    const [one] = await devnet.generate(1)
    await rig.job(one)
    // With no answers the pool can not ask for the subsidy of the next height but one.
    devnet.pauseAnswers()
    const [, tip] = await devnet.generate(2)
    devnet.newTransactions()
    await new Promise((resolve) => setTimeout(resolve, 50))
    devnet.resumeAnswers()
    expect((await rig.job(tip)).clean).toBe(true)
  })
})

describe('a node', () => {
  test('that restarts has lost its templates: what was found for them is refused, and work goes on', async () => {
    const dataDirectory = newDirectory()
    const before = await easyChain({ dataDirectory })
    const house = await openHouse([before])
    const rig = await begin(house)
    const old = await rig.job()
    const lost = await rig.find('block', old)
    await before.stop()
    const after = await kept(easyChain({ dataDirectory, port: before.port }))
    const job = await rig.jobAfter(old)
    expect(job.previous).toBe(old.previous)

    expect(await rig.submit(lost)).toMatchObject(taken)
    expect(await house.block(lost.hash, ({ state }) => state === 'rejected')).toMatchObject({
      submissions: [{ verdict: 'rejected' }],
    })
    const block = await mineOn(house, rig, after.chain.tip.hash)
    expect(after.chain.tip.hash).toBe(block.hash)
    await after.generate(16)
    const { life } = await house.block(lost.hash, ({ state }) => state === 'orphaned')
    expect(life.at(-1)?.detail).toBe('refused by every node')
    expect(rig.client.messages.filter(({ method }) => method === 'client.reconnect')).toEqual([])
  })

  test('that comes after the pool finds its miners waiting', async () => {
    const { node, doors } = await kept(chainWithDoors(1))
    const [door] = doors
    await door?.close()
    const house = await openHouse(doors)
    const rig = await begin(house)
    expect((await rig.client.request('mining.ping', [])).result).toBe('pong')
    expect(rig.client.messages.filter(({ method }) => method !== undefined)).toEqual([])
    expect((await house.api('pool', PoolAnswer)).live.health.level).toBe('down')
    await door?.open()
    await mineOn(house, rig, node.chain.tip.hash)
  })

  test('that is away costs no miner its connection and no block', async () => {
    const { node, doors } = await kept(chainWithDoors(1))
    const [door] = doors
    if (door === undefined) throw new Error('no door')
    const house = await openHouse(doors, { mining: { nodeGoneMsMax: 100 } })
    const rig = await begin(house)
    const settled = await mineOn(house, rig, node.chain.tip.hash)
    const job = await rig.job(settled.hash)
    await door.close()
    await poll(async () => (await house.api('pool', PoolAnswer)).live.health).toMatchObject({
      level: 'down',
      findings: [{ subject: 'node' }],
    })

    const block = await rig.find('block', job)
    expect(await rig.submit(block)).toMatchObject(taken)
    expect(await house.block(block.hash, ({ submissions }) => submissions.length > 0)).toMatchObject({
      submissions: [{ verdict: 'failed' }],
    })
    expect(node.chain.get(block.hash)).toBeUndefined()
    await door.open()
    await house.block(block.hash, ({ state }) => state === 'connected')
    expect(node.chain.tip.hash).toBe(block.hash)
    await house.block(settled.hash, ({ state }) => state === 'approved')
    await rig.job(block.hash)
    expect((await house.api('pool', PoolAnswer)).live.health.level).toBe('well')
  })

  test('that is away for long gets no stale work refreshed, and gives work again when it is back', async () => {
    const { node, doors } = await kept(chainWithDoors(1, { startDifficulty: 2 ** 40 }))
    const [door] = doors
    const house = await openHouse(doors, { mining: { nodeGoneMsMax: 100, refreshMs: 1 } })
    const rig = await begin(house)
    await rig.jobAfter(await rig.job())
    await door?.close()
    await poll(() => house.pool.status().nodes[0]?.state).toBe('down')
    await new Promise((resolve) => setTimeout(resolve, 200))
    const last = await rig.job()
    // Refreshed twice a second before.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect((await rig.job()).id).toBe(last.id)
    const share = await rig.find('share', last)
    expect(await rig.submit(share)).toMatchObject({
      error: [21, expect.stringContaining('the pool has had no Decred node for too long'), null],
    })
    await door?.open()
    expect((await rig.jobAfter(last)).previous).toBe(node.chain.tip.hash)
    expect(await rig.submit(share)).toMatchObject(taken)
  })

  test('while which is away blocks come: they are caught up with', async () => {
    const { node, doors } = await kept(chainWithDoors(1))
    const [door] = doors
    const house = await openHouse(doors)
    const rig = await begin(house)
    const block = await mineOn(house, rig, node.chain.tip.hash)
    await door?.close()
    await node.generate(3)
    await door?.open()
    const caughtUp = await house.block(
      block.hash,
      ({ state, confirmations }) => state === 'approved' && confirmations === 4,
    )
    expect(caughtUp.decidedBy).toBe(node.chain.at(3)?.hash)
    await rig.job(node.chain.tip.hash)
    await door?.close()
    await node.generate(20)
    await door?.open()
    await house.block(block.hash, ({ state }) => state === 'matured')
  })

  test('that breaks off again and again is connected to again', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const rig = await begin(house)
    let tip = devnet.chain.tip.hash
    for (let i = 0; i < 2; i++) {
      await rig.job(tip)
      devnet.dropConnections()
      const [next] = await devnet.generate(1)
      tip = next ?? ''
      await rig.job(tip)
    }
    await mineOn(house, rig, tip)
  })

  test('that forgets to tell of blocks is asked', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet])
    const rig = await begin(house)
    await rig.job()
    devnet.muteBlockConnected(true)
    const block = await mineOn(house, rig, devnet.chain.tip.hash)
    await devnet.generate(2)
    devnet.muteBlockConnected(false)
    await devnet.generate(1)
    expect(await house.block(block.hash, ({ state }) => state === 'approved')).toMatchObject({
      decidedBy: devnet.chain.at(3)?.hash,
    })
    await rig.job(devnet.chain.tip.hash)
  })
})

describe('of two nodes', () => {
  let chain: Doors
  let house: House
  let rig: Miner
  beforeAll(async () => {
    chain = await kept(chainWithDoors(2))
    house = await openHouse(chain.doors)
    rig = await begin(house)
    await vi.waitFor(() => expect(states()).toEqual(['up', 'up']), { timeout: 10_000 })
  })
  const states = () => house.pool.status().nodes.map(({ state }) => state)
  const verdicts = async (block: Found) => {
    const { submissions } = await house.block(block.hash, ({ submissions }) => submissions.length >= 2)
    return submissions.map(({ node, verdict }) => `${node} ${verdict}`).sort()
  }

  test('both are given each block', async () => {
    const block = await mineOn(house, rig, chain.node.chain.tip.hash)
    // Both are doors of one chain: who comes second brings nothing new.
    expect((await verdicts(block)).map((text) => text.split(' ')[1]).sort()).toEqual(['accepted', 'rejected'])
  })

  test.each([
    ['first', 0, 1],
    ['second', 1, 0],
  ] as const)('the %s may be lost: work and blocks go on', async (_, lost, left) => {
    await chain.doors[lost]?.close()
    await poll(() => states()[lost]).toBe('down')
    const [tip] = await chain.node.generate(1)
    const block = await mineOn(house, rig, tip ?? '')
    expect(await verdicts(block)).toEqual([`node-${left} accepted`, `node-${lost} failed`].sort())
    const { health } = (await house.api('pool', PoolAnswer)).live
    expect(health).toMatchObject({ level: 'impaired', findings: [{ subject: 'node' }] })
    await chain.doors[lost]?.open()
    await poll(states).toEqual(['up', 'up'])
    await mineOn(house, rig, block.hash)
  })
})

import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeBackup } from '../../src/backup/make.ts'
import { restoreBackup } from '../../src/backup/restore.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import type { LogCheck } from '../../src/publisher/publisher.ts'
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
import { checkMoney, onChain } from '../support/money-check.ts'
import type { PoolOverrides } from '../support/running-pool.ts'
import { MATURITY, type POLICY, World } from './world.ts'

/** No payout from a log that may not know what was paid. */

const worlds: World[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.kill()
})

async function matureWorld(policy: Partial<typeof POLICY> = {}): Promise<World> {
  const world = await World.open(policy)
  worlds.push(world)
  await world.shares([0, 1, 2, 0])
  await world.find(0)
  await world.others(MATURITY + 1)
  return world
}

const problemsOf = ({ treasury }: World) =>
  treasury?.status().problems.map(({ about, kind }) => `${about}: ${kind}`) ?? []

const UNFIT: LogCheck = { kind: 'unfit', message: 'It is older.' }
const UNKNOWN: LogCheck = { kind: 'unknown', message: 'There is no key.' }

describe('while the log does not hold what was signed, or nobody knows', () => {
  for (const check of [UNFIT, UNKNOWN, { kind: 'unchecked' }] satisfies readonly LogCheck[])
    test(`rewards are shared, and nothing is planned: ${check.kind}`, async () => {
      const world = await matureWorld()
      world.logCheck = check
      world.start()
      await world.settle()
      await world.others(4)
      await world.settle()
      expect((await world.events('RewardAllocated')).length).toBe(1)
      expect(await world.events('PayoutPlanned')).toEqual([])
      expect(problemsOf(world)).toEqual([`payouts: log-${check.kind}`])
      world.treasury?.payNow()
      await world.settle()
      expect(await world.events('PayoutPlanned')).toEqual([])
      await world.check()

      world.logCheck = { kind: 'fits' }
      await world.settle()
      expect(problemsOf(world)).toEqual([])
      expect(await world.phases()).toEqual(['published'])
    })

  test('a plan is neither approved nor signed, but may be rejected', async () => {
    const world = await matureWorld({ payoutMode: 'manual' })
    let isLocked = true
    const { sign } = world.walletPort()
    world.answers.sign = (bytes: Uint8Array) =>
      isLocked ? async () => E.left({ kind: 'locked', message: 'It is locked.' }) : sign(bytes)
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['planned'])
    world.logCheck = UNFIT
    expect(await world.treasury?.approve(0)).toEqual(E.left(expect.stringContaining('lodebook restore')))
    world.logCheck = { kind: 'fits' }
    expect(await world.treasury?.approve(0)).toEqual(E.right(undefined))
    await world.settle()
    world.logCheck = UNFIT
    isLocked = false
    await world.settle()
    expect(problemsOf(world).sort()).toEqual(['payout 0: log-unfit', 'payouts: log-unfit'])
    expect(await world.phases()).toEqual(['approved'])
    expect(await world.treasury?.reject(0)).toEqual(E.right(undefined))
    await world.check()
  })

  test('what is signed goes out, and is watched to its end', async () => {
    const world = await matureWorld()
    world.answers.publish = () => async () => E.left({ kind: 'timeout', message: 'It does not answer.' })
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['signed'])
    await world.kill()
    delete world.answers.publish
    world.logCheck = UNFIT
    world.start()
    for (let i = 0; i < 4; i++) {
      await world.settle()
      await world.others(1)
    }
    await world.settle()
    expect(await world.phases()).toEqual(['confirmed'])
    await world.check()
  })

  test('it is said at once, before a run is due, what to do', async () => {
    const world = await matureWorld({ payoutSchedule: { kind: 'blocks', every: 1000 } })
    world.logCheck = UNFIT
    world.start()
    await world.settle()
    expect(world.treasury?.status().problems.map(({ message }) => message)).toEqual([
      'Nobody is paid: the log is not the one that the public ledger was signed for, so it may not know what was paid already. ' +
        'Stop the pool, move the log away, and restore it from a backup and the ledger: ' +
        'lodebook restore <backup> --ledger <folder or URL of the ledger>. (It is older.)',
    ])
    world.logCheck = { kind: 'unchecked' }
    await world.settle()
    await world.kill()
    world.start()
    await world.settle()
    expect(problemsOf(world)).toEqual([])
  })
})

describe('while no checkpoint holds its signing, a payout', () => {
  /** A ledger that is signed when the test says so. */
  function slowLedger(world: World) {
    const signed = Promise.withResolvers<void>()
    const asked: number[] = []
    world.untilSigned = (position) => {
      asked.push(position)
      return signed.promise
    }
    return { asked, sign: () => signed.resolve() }
  }

  test('stays signed, and goes out as soon as one does, without another reason to look', async () => {
    const world = await matureWorld()
    const ledger = slowLedger(world)
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['signed'])
    // Asked for once, with all that was in the log by then.
    const signedAt = (await world.allEvents()).find(({ type }) => type === 'PayoutSigned')?.position ?? 0
    await world.others(1)
    await world.settle()
    expect(ledger.asked.length).toBe(1)
    expect(ledger.asked[0]).toBeGreaterThanOrEqual(signedAt)
    expect(world.published).toEqual([])
    expect(problemsOf(world)).toEqual([])
    ledger.sign()
    await poll(() => world.phases()).toEqual(['published'])
    await world.check()
  })

  test('is a problem when that takes long, and it passes', async () => {
    const world = await matureWorld()
    const ledger = slowLedger(world)
    world.start()
    await world.settle()
    world.wait(89_000)
    await world.settle()
    expect(problemsOf(world)).toEqual([])
    world.wait(2_000)
    await world.settle()
    expect(world.treasury?.status().problems).toMatchObject([
      {
        about: 'payout 0',
        kind: 'not-public',
        message:
          'Payout 0 is signed and waits: no signed checkpoint of the public ledger holds it yet. It goes out by itself as soon as one does. ' +
          'See what keeps the ledger from being signed.',
      },
    ])
    ledger.sign()
    await poll(() => world.phases()).toEqual(['published'])
    await poll(() => problemsOf(world)).toEqual([])
  })

  test('waits after a restart, too; one that was published is published again', async () => {
    const world = await matureWorld()
    slowLedger(world)
    world.start()
    await world.settle()
    await world.kill()
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['signed'])
    await world.kill()
    world.untilSigned = () => null
    world.start()
    await world.settle()
    expect(await world.phases()).toEqual(['published'])
    const before = world.published.length
    await world.kill()
    slowLedger(world)
    world.start()
    await world.settle()
    expect(world.published.length).toBeGreaterThan(before)
  })
})

describe('a whole pool', () => {
  const COINBASE_MATURITY = 3
  const OVER: PoolOverrides = {
    wallet: true,
    coinbaseMaturity: COINBASE_MATURITY,
    ledger: { checkpointMsMax: 100 },
  }
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await easyChain({ coinbaseMaturity: COINBASE_MATURITY })
  })
  afterAll(async () => {
    await stopHouses()
    await devnet.stop()
  })

  async function mineBlock(house: House): Promise<void> {
    const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
    const block = await miner.find('block', await miner.job(devnet.chain.tip.hash))
    expect((await miner.submit(block)).result).toBe(true)
    await house.block(block.hash, ({ state }) => state === 'connected')
    miner.client.close()
  }

  const money = ({ pool }: House) => pool.status().money
  const confirmed = (house: House) => house.events('PayoutConfirmed').length

  async function untilPaid(house: House, count: number): Promise<void> {
    for (let blocks = 0; confirmed(house) < count; blocks++) {
      if (blocks > 30) throw new Error(`not paid: ${JSON.stringify(money(house))}`)
      await devnet.generate(1)
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
  }

  test('on a store that was put back from before a payout pays nobody, and pays on when it is restored from the ledger', async () => {
    const house = await openHouse([devnet], OVER)
    await mineBlock(house)
    await devnet.generate(COINBASE_MATURITY - 1)
    await poll(() => house.events('RewardAllocated').length).toBe(1)
    const backup = join(newDirectory(), 'backup.db')
    const storeUrl = `sqlite:${join(house.directory, 'lodebook.db')}`
    expect(await makeBackup({ storeUrl, file: backup, now: 1 }, () => undefined)).toMatchObject({
      _tag: 'Right',
    })
    await untilPaid(house, 1)
    const paid = onChain(devnet.chain, address(1))
    expect(paid).toBeGreaterThan(0n)
    await poll(() => house.pool.status().ledger.checkpoint?.size === house.log().length).toBe(true)
    await house.stop()

    const older = newDirectory()
    for (const file of ['ledger.key', 'ledger'])
      cpSync(join(house.directory, file), join(older, file), { recursive: true })
    cpSync(backup, join(older, 'lodebook.db'))
    const rolledBack = await openHouse([devnet], OVER, older)
    await poll(() => money(rolledBack)?.problems.map(({ about, kind }) => `${about}: ${kind}`)).toEqual([
      'payouts: log-unfit',
    ])
    await mineBlock(rolledBack)
    await devnet.generate(COINBASE_MATURITY + 2)
    await poll(() => rolledBack.events('RewardAllocated').length).toBeGreaterThan(1)
    rolledBack.pool.treasury?.payNow()
    await rolledBack.pool.treasury?.chainMoved()
    expect(rolledBack.events('PayoutPlanned')).toEqual([])
    const metrics = await (await fetch(`${rolledBack.pool.httpUrl}/metrics`)).text()
    expect(metrics).toMatch(/^lodebook_money_problems 1$/m)
    await rolledBack.stop()
    expect(onChain(devnet.chain, address(1))).toBe(paid)

    for (const suffix of ['', '-wal', '-shm']) rmSync(join(older, `lodebook.db${suffix}`), { force: true })
    const order = {
      file: backup,
      storeUrl: `sqlite:${join(older, 'lodebook.db')}`,
      dataDirectory: older,
      ledger: null,
      keys: [],
    }
    expect(await restoreBackup(order, () => undefined)).toMatchObject(E.right({ continued: {} }))
    const restored = await openHouse([devnet], OVER, older)
    expect(confirmed(restored)).toBe(1)
    await mineBlock(restored)
    await devnet.generate(COINBASE_MATURITY)
    await untilPaid(restored, 2)
    expect(money(restored)?.problems).toEqual([])
    await restored.stop()
    checkMoney(
      rawLog(older).map((each, i) => ({ ...each, position: i + 1 })),
      devnet.chain,
      false,
    )
  })

  test('whose ledger can not be written sends nothing, says why, and sends it when it can', async () => {
    const house = await openHouse([devnet], OVER)
    const folder = join(house.directory, 'ledger')
    await mineBlock(house)
    renameSync(folder, `${folder}.aside`)
    writeFileSync(folder, 'no folder')
    for (let blocks = 0; house.events('PayoutSigned').length === 0 && blocks < 20; blocks++) {
      await devnet.generate(1)
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    await poll(() => house.pool.status().ledger.message).toMatch(/can't be (read|written)/)
    await devnet.generate(3)
    await house.pool.treasury?.chainMoved()
    expect(house.events('PayoutSigned').length).toBe(1)
    expect(house.events('PayoutPublished')).toEqual([])
    rmSync(folder)
    renameSync(`${folder}.aside`, folder)
    await poll(() => house.events('PayoutPublished').length).toBe(1)
    const { size } = house.pool.status().ledger.checkpoint ?? { size: 0 }
    expect(house.log().findIndex(({ type }) => type === 'PayoutSigned')).toBeLessThan(size)
    await untilPaid(house, 1)
    await house.stop()
  })

  test('on a small log is held up by nothing: the plan that is due at a start comes with the end of the check', async () => {
    const directory = newDirectory()
    const without = await openHouse([devnet], { ...OVER, wallet: false }, directory)
    await mineBlock(without)
    await devnet.generate(COINBASE_MATURITY + 1)
    await poll(() => without.events('BlockMatured').length).toBe(1)
    await without.stop()
    const begunMs = performance.now()
    const house = await openHouse([devnet], OVER, directory)
    await poll(() => house.events('PayoutPlanned').length).toBe(1)
    // What follows the check is not left to the look every five seconds.
    expect(performance.now() - begunMs).toBeLessThan(4_000)
    await house.stop()
  })
})

import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EventType } from '../../domain/events.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import { rawLog } from '../support/history.ts'
import { address, openHouse, poll, readLog, stopHouses } from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { checkMoney, onChain, recordsOf } from '../support/money-check.ts'
import { easyDevnet, type PoolOverrides, temporaryDirectory } from '../support/running-pool.ts'
import { startPoolProcess } from './killed-pool.ts'

/**
 * A pool that pays is killed between each pair of steps of a payout, and at any time, and started again on what it left, while the
 * chain, the wallet and two miners live on. LODEBOOK_KILLS=20 kills at any time twenty times.
 */

const MATURITY = 3
const RANDOM_KILLS = Number(process.env['LODEBOOK_KILLS'] ?? 6)
/** Steps after which it is killed while the wallet holds back its next answer: what was asked last is done, and nobody knows. */
const MOMENTS: readonly EventType[] = [
  'BlockMatured',
  'PayoutPlanned',
  'PayoutSigned',
  'PayoutPublished',
  'RewardAllocated',
]
/** One of them each time. */
const SCHEMES = ['pplns', 'pps', 'prop', 'pplns-time'] as const

const seed = Number(process.env['LODEBOOK_CRASH_SEED'] ?? randomInt(2 ** 31))
const scheme = SCHEMES[seed % SCHEMES.length] ?? 'pplns'
const OVER: PoolOverrides = {
  wallet: true,
  coinbaseMaturity: MATURITY,
  payout: { everyBlocks: 2, minimum: '0.1' },
  reward: { scheme },
}

const directory = temporaryDirectory()
const recorded = () => rawLog(directory).map((each, i) => ({ ...each, position: i + 1 }))
const countOf = (type: EventType): number => readLog(directory).filter((each) => each.type === type).length
let devnet: Devnet

beforeAll(async () => {
  console.log(`${scheme}, kill times of seed ${seed}; LODEBOOK_CRASH_SEED=${seed} gives the same again`)
  devnet = await easyDevnet({ coinbaseMaturity: MATURITY, startDifficulty: 64 })
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

/** Two miners and the chain go on until they are told to stop or the pool is gone. */
async function mine(port: number, isOver: () => boolean): Promise<void> {
  try {
    const miners = await Promise.all(
      [1, 2].map((n) => startMiner({ port, device: cpuMiner, user: `${address(n)}.pay` })),
    )
    while (!isOver()) {
      for (const miner of miners) await miner.submit(await miner.find('share'))
      const [finder] = miners
      if (finder !== undefined) await finder.submit(await finder.find('block'))
      await devnet.generate(1)
      await sleep(30)
    }
  } catch (error) {
    if (!isOver()) throw error
  }
}

/** A life of the pool, from its start to its end by `kill -9` once something holds. */
async function live(isTime: (readySinceMs: number) => boolean): Promise<void> {
  const pool = startPoolProcess(directory, devnet, undefined, OVER)
  const { port } = await pool.ready
  const readyMs = performance.now()
  let over = false
  const mining = mine(port, () => over)
  while (!isTime(performance.now() - readyMs)) await sleep(2)
  over = true
  await pool.kill()
  await mining
  checkMoney(recorded(), devnet.chain, true)
}

test(
  'killed between each pair of steps, and at any time: nothing is lost, nobody is paid twice',
  async () => {
    let random = seed
    const next = (max: number): number => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
      return (random >>> 8) % max
    }
    // The first life makes what the others pay with.
    await live(() => countOf('BlockMatured') >= 2)
    for (const moment of MOMENTS) {
      const before = countOf(moment)
      devnet.wallet.delayAnswers(150)
      await live((sinceMs) => countOf(moment) > before || sinceMs > 15_000)
      devnet.wallet.delayAnswers(0)
      expect(countOf(moment)).toBeGreaterThan(before)
    }
    for (let kill = 0; kill < RANDOM_KILLS; kill++) {
      const ms = next(900)
      if (kill % 6 === 2 && kill + 2 < RANDOM_KILLS) await devnet.wallet.goAway()
      if (kill % 6 === 4) await devnet.wallet.comeBack()
      await live((sinceMs) => sinceMs > ms)
    }

    const house = await openHouse([devnet], OVER, directory)
    await poll(() => house.pool.status().money?.state).toBe('ready')
    for (let blocks = 0; blocks < 40; blocks++) {
      await devnet.generate(1)
      await sleep(60)
      if (blocks > 10 && house.pool.status().money?.payouts.length === 0) break
    }
    expect(house.pool.status().money).toMatchObject({
      state: 'ready',
      message: '',
      payouts: [],
      problems: [],
    })
    checkMoney(recorded(), devnet.chain, false)
    const { books } = recordsOf(recorded())
    const confirmed = [...books.payouts.values()].filter(({ phase }) => phase === 'confirmed')
    expect(confirmed.length).toBe(books.payouts.size)
    // How many there are depends on how far each life came: on a busy machine one payout may go through all the deaths.
    expect(confirmed.length).toBeGreaterThan(0)
    for (const n of [1, 2]) expect(onChain(devnet.chain, address(n))).toBeGreaterThan(0n)
  },
  60_000 + 5_000 * RANDOM_KILLS,
)

import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { blake256Devices, cpuMiner, device } from '../support/devices.ts'
import { directoryWith, rawLog } from '../support/history.ts'
import { address, easyChain, type House, hardChain, openHouse, poll, stopHouses } from '../support/house.ts'
import { startKnownMiner, startMiner, taken } from '../support/miner.ts'

/**
 * A fault of the program itself, put in here by hand: it may cost the one miner whose line ran into it, never another.
 */

/** A solution's nonce that breaks the judgement, a wire for which no work can be written, and how often blocks can't be read. */
const trap = vi.hoisted(() => ({ nonce: 'deadbeef', wire: '', readModelsAway: 0 }))

vi.mock('../../domain/mining/share.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../domain/mining/share.ts')>()
  const judgeShare: typeof original.judgeShare = (...given) => {
    if (given[6].nonce === trap.nonce) throw new Error('a fault in the judgement')
    return original.judgeShare(...given)
  }
  return { ...original, judgeShare }
})

vi.mock('../../domain/stratum/notify.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../domain/stratum/notify.ts')>()
  const notifyParams: typeof original.notifyParams = (...given) => {
    if (given[1].name === trap.wire) throw new Error('a fault in the work')
    return original.notifyParams(...given)
  }
  return { ...original, notifyParams }
})

vi.mock('../../adapters/read-models/sqlite.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../adapters/read-models/sqlite.ts')>()
  const openReadModels: typeof original.openReadModels = (options) =>
    E.map(
      (models: ReadModels): ReadModels => ({
        ...models,
        solvedWithoutBlock: () =>
          trap.readModelsAway-- > 0
            ? E.left({ kind: 'unavailable', message: 'a fault of the disk' })
            : models.solvedWithoutBlock(),
      }),
    )(original.openReadModels(options))
  return { ...original, openReadModels }
})

let devnet: Devnet
let house: House
beforeAll(async () => {
  devnet = await hardChain({ powAlgorithm: 'blake256' })
  house = await openHouse([devnet])
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const begin = (agent: string) =>
  startMiner({ port: house.port, device: device(agent, blake256Devices), user: address(1) })
const beginKnown = (agent: string) =>
  startKnownMiner({ port: house.port, device: device(agent, blake256Devices), user: address(1) })
const reasons = () => house.events('MinerDisconnected').map(({ data }) => data.reason)

test('in judging a share ends that connection alone', async () => {
  const [rig, bystander] = [await beginKnown(cpuMiner.agent), await begin(cpuMiner.agent)]
  const { submission } = await rig.find('share')
  const [job, extranonce2, ntime] = submission
  rig.client.sendRaw(
    `${JSON.stringify({ id: 9, method: 'mining.submit', params: ['x', job, extranonce2, ntime, trap.nonce] })}\n`,
  )
  await rig.client.closed
  await poll(reasons).toEqual(['internal-error'])
  expect(await bystander.submit(await bystander.find('share'))).toMatchObject(taken)
  const again = await startMiner({
    port: house.port,
    device: rig.device,
    user: rig.user,
    session: rig.session,
  })
  expect(again.extranonce1).toBe(rig.extranonce1)
  expect(await again.submit(await again.find('share'))).toMatchObject(taken)
  await bystander.client.close()
  await again.client.close()
})

test('in the work for one kind of miner keeps it from no other', async () => {
  const [first, broken, last] = [
    await begin('cpuminer/1.0.0'),
    await beginKnown('whatsminer/d1-v1.0'),
    await begin('cgminer/4.9.0'),
  ]
  const before = await Promise.all([first.job(), last.job(), broken.job()])
  trap.wire = 'd1'
  devnet.newVotes(4)
  await broken.client.closed
  const jobs = [await first.jobAfter(before[0]), await last.jobAfter(before[1])] as const
  expect(await first.submit(await first.find('share', jobs[0]))).toMatchObject(taken)
  expect(await last.submit(await last.find('share', jobs[1]))).toMatchObject(taken)

  await poll(() => reasons().slice(-1)).toEqual(['internal-error'])

  // The same at the very beginning of a session, which leaves nothing in the log.
  const unlucky = await begin('whatsminer/d1-v1.0')
  await unlucky.client.closed
  trap.wire = ''
  const lucky = await begin('whatsminer/d1-v1.0')
  expect(await lucky.submit(await lucky.find('share'))).toMatchObject(taken)
  expect(house.pool.status().connections).toBe(3)
})

test('in taking up what an earlier pool left is tried again', async () => {
  const easy = await easyChain()
  const first = await openHouse([easy])
  const rig = await startMiner({ port: first.port, device: cpuMiner, user: address(1) })
  const block = await rig.find('block')
  expect(await rig.submit(block)).toMatchObject(taken)
  await first.block(block.hash, ({ state }) => state === 'connected')
  const log = rawLog(first.directory)
  await first.stop()
  const upToShare = log.slice(
    0,
    log.findIndex(({ type }) => type === 'BlockFound'),
  )

  trap.readModelsAway = 1
  const second = await openHouse([easy], {}, await directoryWith(upToShare))
  await second.block(block.hash, ({ state }) => state === 'connected')
  expect(trap.readModelsAway).toBeLessThan(0)
  expect(second.events('BlockFound')[0]?.data.share).not.toBe(null)
  await second.stop()
  await easy.stop()
})

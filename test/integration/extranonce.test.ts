import { afterAll, expect, test } from 'vitest'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { startMiner as startCpuMiner } from '../../src/devnet/miner/miner.ts'
import { blake3Devices, blake256Devices, device } from '../support/devices.ts'
import { address, type House, hardChain, openHouse, poll, stopHouses } from '../support/house.ts'
import { type Miner, miner, startMiner, taken } from '../support/miner.ts'
import { chainWithDoors } from './doors.ts'

/** Miners that were told extranonces for another proof of work than that of the work that comes then. */

const AGENT = 'NiceHash/1.0.0'
const [onBlake3, onBlake256] = [device(AGENT, blake3Devices), device(AGENT, blake256Devices)]

const ended: (() => Promise<unknown>)[] = []
afterAll(async () => {
  await stopHouses()
  await Promise.all(ended.map((end) => end()))
})

async function kept<A extends { readonly stop: () => Promise<unknown> }>(thing: Promise<A>): Promise<A> {
  const made = await thing
  ended.push(made.stop)
  return made
}

/** What the pool said of extranonces and of leaving, in order. */
const news = ({ client }: Miner) =>
  client.messages
    .filter(({ method }) => method === 'mining.set_extranonce' || method === 'client.reconnect')
    .map(({ method, params }) => [method, params])

const begin = (house: House, n: number, as = onBlake256, session?: string) =>
  startMiner({
    port: house.port,
    device: as,
    user: address(n),
    ...(session === undefined ? {} : { session }),
  })

test('a node of BLAKE-256 that comes after its miners: all of them mine', async () => {
  const { doors } = await kept(chainWithDoors(1, { startDifficulty: 2 ** 40, powAlgorithm: 'blake256' }))
  const [door] = doors
  await door?.close()
  const house = await openHouse(doors)
  const cpu = startCpuMiner({
    host: '127.0.0.1',
    port: house.port,
    user: `${address(1)}.cpu`,
    password: 'x',
    network: 'simnet',
    powAlgorithm: 'blake256',
    dialect: 'nicehash',
    connections: 3,
    hashesPerSecondMax: 20,
  })
  ended.push(cpu.stop)
  const other = await begin(house, 2)
  await poll(() => cpu.totals().mining).toBe(3)
  await door?.open()

  await other.client.closed
  expect(news(other)).toEqual([['client.reconnect', []]])
  const again = await begin(house, 2)
  expect(await again.submit(await again.find('share'))).toMatchObject(taken)
  await poll(() => cpu.totals().accepted).toBeGreaterThan(20)
  // Half of what is hashed with the extranonce at a wrong place would pass by chance, and half be refused.
  expect([[...cpu.totals().rejected], cpu.totals().faults]).toEqual([[], 0])
})

test('a vote that changes the proof of work: who is told new extranonces goes on, who can not be comes back', async () => {
  const [before, after] = await Promise.all([
    kept(hardChain()),
    kept(hardChain({ powAlgorithm: 'blake256' })),
  ] as const)
  const house = await openHouse([before, after] satisfies readonly Devnet[])
  await poll(() => house.pool.status().powAlgorithm).toBe('blake3')
  const [told, other] = [await begin(house, 3, onBlake3), await begin(house, 4, onBlake3)]
  await told.client.request('mining.extranonce.subscribe', [])
  for (const rig of [told, other]) expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
  const late = await told.find('share')
  await before.stop()

  await other.client.closed
  await poll(() => news(told)).toEqual([['mining.set_extranonce', [told.extranonce1, 8]]])
  expect(news(other)).toEqual([['client.reconnect', []]])
  const subscribed = told.client.messages[0]
  if (subscribed === undefined) throw new Error('no answer')
  const changed = miner(told.client, onBlake256, told.user, subscribed)
  const again = await begin(house, 4, onBlake256, other.session)
  for (const rig of [changed, again]) {
    expect((await rig.job()).clean).toBe(true)
    const share = await rig.find('share')
    expect(await rig.submit(share)).toMatchObject(taken)
    expect(await rig.submit(share)).toMatchObject({ error: [22, expect.anything(), null] })
  }
  // A share of the work before is read as it was made, and is stale.
  expect(await told.submit(late)).toMatchObject({ error: [21, expect.anything(), null] })
  const connected = house.events('MinerConnected').map(({ data }) => [data.extranonce1, data.resumes])
  expect(connected.slice(2)).toEqual([[other.extranonce1, 1]])
  expect(house.events('SharesAccepted').flatMap(({ data }) => data.extranonce2)).toEqual([
    '00c0ffee',
    '00c0ffee',
    '00c0ffee00000000',
    '00c0ffee00000000',
  ])
})

import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import { heapAfterCollection } from '../support/heap.ts'
import { address, type House, hardChain, openHouse, poll, stopHouses } from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { connectStratum } from '../support/stratum-client.ts'

/**
 * Attacks on the miners' port that are not in test/integration/hazards.test.ts (lines that never end, nesting, prototype keys, floods of
 * connections and of shares): each costs its sender the connection, and nobody else anything.
 */

let devnet: Devnet
let house: House
beforeAll(async () => {
  devnet = await hardChain()
  house = await openHouse([devnet])
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const line = (id: number, method: string, params: readonly unknown[]): string =>
  `${JSON.stringify({ id, method, params })}\n`

/** Sends lines on a connection of its own until the pool ends it. The answers, and how many bytes it took. */
async function flood(lines: readonly string[]): Promise<readonly string[]> {
  const socket = connect({ port: house.port, host: '127.0.0.1' })
  let heard = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    heard += text
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  for (const each of lines) socket.write(each)
  await closed
  return heard.split('\n').filter((each) => each !== '')
}

/** A miner beside the attack: his shares are taken, and soon. */
async function bystander(): Promise<() => Promise<void>> {
  const rig = await startMiner({ port: house.port, device: cpuMiner, user: address(90) })
  return async () => {
    const begun = performance.now()
    expect((await rig.submit(await rig.find('share'))).result).toBe(true)
    expect(performance.now() - begun).toBeLessThan(2_000)
    await rig.client.close()
  }
}

const HELLO = line(1, 'mining.subscribe', [cpuMiner.agent])

test('attack: 10 000 authorizations on one connection, each another worker', async () => {
  const unharmed = await bystander()
  const before = heapAfterCollection()
  const answers = await flood([
    HELLO,
    ...Array.from({ length: 10_000 }, (_, n) => line(2, 'mining.authorize', [`${address(1)}.${n}`, 'x'])),
  ])
  expect(answers.length).toBeLessThan(1_010)
  expect(answers.filter((each) => each.includes('"result":true'))).toHaveLength(32)
  expect(heapAfterCollection() - before).toBeLessThan(5_000_000)
  await unharmed()
  expect(house.events('WorkerAuthorized').filter(({ data }) => data.worker !== '')).toEqual([])
})

test('attack: 10 000 authorizations, each another account: none is opened', async () => {
  const unharmed = await bystander()
  const logged = house.events('AccountOpened').length
  await flood([
    HELLO,
    ...Array.from({ length: 10_000 }, (_, n) => line(2, 'mining.authorize', [address(100 + n), 'x'])),
  ])
  await unharmed()
  await poll(() => house.pool.status().connections).toBe(0)
  expect(house.events('AccountOpened').length - logged).toBeLessThanOrEqual(1)
})

test.each([
  ['a worker’s name', line(2, 'mining.authorize', [`${address(1)}.${'x'.repeat(1_000_000)}`, 'x'])],
  ['a password', line(2, 'mining.authorize', [address(1), 'x'.repeat(1_000_000)])],
  ['an agent', line(2, 'mining.subscribe', ['x'.repeat(1_000_000)])],
  ['an id', `{"id":"${'x'.repeat(1_000_000)}","method":"mining.ping"}\n`],
  ['nesting', `{"id":1,"method":"mining.ping","params":${'['.repeat(500_000)}${']'.repeat(500_000)}}\n`],
])('attack: %s of a megabyte', async (_, bytes) => {
  const unharmed = await bystander()
  expect(await flood([bytes])).toEqual([])
  await unharmed()
})

test('attack: a name that just fits into a line is not kept', async () => {
  const client = await connectStratum({ port: house.port })
  await client.request('mining.subscribe', [cpuMiner.agent])
  const { error } = await client.request('mining.authorize', [`${address(1)}.${'x'.repeat(3_900)}`, 'x'])
  expect(error?.[1]).toBe('Unauthorized worker: a user name has 200 characters at most')
  await client.close()
})

test('attack: 20 000 subscriptions on one connection take one extranonce, and end it', async () => {
  const unharmed = await bystander()
  const answers = await flood(Array.from({ length: 20_000 }, () => HELLO))
  expect(answers.length).toBeLessThanOrEqual(1_000)
  const extranonces = answers.map((each) => JSON.parse(each).result?.[1])
  expect(new Set(extranonces).size).toBe(1)
  await unharmed()
})

test('attack: 3 000 connections that subscribe and leave: no session, no place and no memory is left of them', async () => {
  const unharmed = await bystander()
  const before = heapAfterCollection()
  const extranonces = new Set<string>()
  for (let round = 0; round < 30; round++)
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const client = await connectStratum({ port: house.port })
        const { result } = await client.request('mining.subscribe', [cpuMiner.agent])
        if (Array.isArray(result)) extranonces.add(String(result[1]))
        await client.close()
      }),
    )
  // They are drawn from a million: four or so come twice, from one that is gone.
  expect(extranonces.size).toBeGreaterThan(2_950)
  await poll(() => house.pool.status().connections).toBe(1)
  expect(heapAfterCollection() - before).toBeLessThan(8_000_000)
  await unharmed()
})

test('attack: prototype keys and huge numbers in every parameter', async () => {
  const client = await connectStratum({ port: house.port })
  const values = ['__proto__', 'constructor', 1e308, -0, 2 ** 64, null, {}, [], { __proto__: { length: 5 } }]
  await client.request('mining.subscribe', [cpuMiner.agent, '__proto__'])
  await client.request('mining.authorize', [`${address(3)}.__proto__`, 'd=9007199254740993'])
  for (const value of values)
    for (const method of [
      'mining.submit',
      'mining.suggest_difficulty',
      'mining.authorize',
      'mining.subscribe',
      '__proto__',
    ]) {
      const { result, error } = await client.request(method, Array(5).fill(value))
      expect([typeof result, Array.isArray(error) || error === null]).toEqual([expect.any(String), true])
    }
  client.sendRaw(`{"id":7,"method":"mining.suggest_difficulty","params":[1e999]}\n`)
  expect((await client.answer(7)).error?.[1]).toBe('suggest_difficulty needs a number above 0')
  await client.close()
})

test('attack: a stranger’s session id is not to be guessed, and a guess takes nothing from its owner', async () => {
  const owner = await startMiner({ port: house.port, device: cpuMiner, user: address(4) })
  for (const guess of [owner.session.slice(0, -1), `${owner.session}0`, owner.extranonce1, '', '__proto__']) {
    const thief = await connectStratum({ port: house.port })
    const { result } = await thief.request('mining.subscribe', [cpuMiner.agent, guess])
    expect(Array.isArray(result) && result[1]).not.toBe(owner.extranonce1)
    await thief.close()
  }
  expect((await owner.submit(await owner.find('share'))).result).toBe(true)
  await owner.client.close()
})

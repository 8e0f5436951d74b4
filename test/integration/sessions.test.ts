import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PoolAnswer } from '../../adapters/http/api/answers.ts'
import { accountId, SOLO_ACCOUNT_ID } from '../../domain/decred/address.ts'
import { AccountView, BlockView } from '../../projections/views.ts'
import { loadCertificate } from '../../src/devnet/certificate.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { blake3Devices, blake256Devices, cpuMiner, device } from '../support/devices.ts'
import {
  address,
  easyChain,
  type House,
  hardChain,
  houseOf,
  mixedChain,
  newDirectory,
  openHouse,
  poll,
  stopHouses,
} from '../support/house.ts'
import { foundWith, miner, refused, startMiner, taken } from '../support/miner.ts'
import { poolConfig } from '../support/running-pool.ts'
import { connectStratum } from '../support/stratum-client.ts'

/** Whole sessions of miners, over TCP, on a chain of the devnet. */

const devnets: Devnet[] = []

afterAll(async () => {
  await stopHouses()
  await Promise.all(devnets.map((devnet) => devnet.stop()))
})

async function kept(devnet: Promise<Devnet>): Promise<Devnet> {
  devnets.push(await devnet)
  return devnet
}

const SHARE = 8
const variable = { start: 1, min: 1, max: null, fixed: null }

/** The share rows of a connection in the log, one object each. */
function sharesOf(house: House, worker?: number) {
  return house
    .events('SharesAccepted')
    .flatMap(({ data }) =>
      data.connection.map((connection, i) => ({
        connection,
        worker: data.worker[i],
        job: data.job[i],
        difficulty: data.difficulty[i],
        extranonce2: data.extranonce2[i],
        nonce: data.nonce[i],
        ntime: data.ntime[i],
      })),
    )
    .filter((share) => worker === undefined || share.worker === worker)
}

describe.each([
  ['BLAKE-256', 'blake256', blake256Devices, '5000000000'] as const,
  ['BLAKE3', 'blake3', blake3Devices, '500000000'] as const,
])('on a chain of %s', (_, powAlgorithm, devices, subsidy) => {
  let devnet: Devnet
  let house: House
  beforeAll(async () => {
    devnet = await kept(mixedChain({ powAlgorithm }))
    const config = poolConfig(newDirectory(), [devnet], {
      listener: { difficulty: { start: null, min: 1, max: null, fixed: SHARE } },
    })
    const [first] = config.listeners
    if (first === undefined) throw new Error('no listener')
    house = await houseOf({
      ...config,
      listeners: [first, { ...first, name: 'variable', difficulty: variable }],
    })
  })

  test.each(devices.map((each, i) => ({ ...each, i })))(
    '$name mines a share and a block',
    async ({ i, ...device }) => {
      const isNiceHash = device.profile === 'nicehash'
      const listener = house.pool.listeners[isNiceHash ? 1 : 0]
      const client = await connectStratum({ port: listener?.port ?? 0 })

      const subscribed = await client.request('mining.subscribe', [device.agent])
      const rig = miner(client, device, `${address(i)}.rig-${i}`, subscribed)
      const own = rig.extranonce1.slice(-8)
      const [told, bytes] = device.told(own)
      expect(own).toMatch(/^[0-9a-f]{8}$/)
      expect(rig.session).toMatch(/^[0-9a-f]{24}$/)
      expect(JSON.stringify(subscribed)).toBe(
        `{"id":1,"error":null,"result":[[["mining.set_difficulty","${rig.session}"],["mining.notify","${rig.session}"]],"${told}",${bytes}]}`,
      )
      const authorized = await client.request('mining.authorize', [rig.user, 'x'])
      expect(JSON.stringify(authorized)).toBe('{"id":2,"error":null,"result":true}')

      const job = await rig.job()
      const difficulty = isNiceHash ? 128 : SHARE
      expect(client.messages.map(({ method }) => method).slice(-2)).toEqual([
        'mining.set_difficulty',
        'mining.notify',
      ])
      expect(JSON.stringify(client.messages.at(-2))).toBe(
        `{"id":null,"method":"mining.set_difficulty","params":[${difficulty}]}`,
      )
      expect(Object.keys(client.messages.at(-1) ?? {})).toEqual(['id', 'method', 'params'])
      expect(job).toMatchObject({ previous: devnet.chain.tip.hash, clean: true })
      expect(job.bits).toBe(job.header.readUInt32LE(116))
      expect(job.time).toBe(job.header.readUInt32LE(136))

      const share = await rig.find('share')
      expect(JSON.stringify(await rig.submit(share))).toBe('{"id":3,"error":null,"result":true}')
      expect(house.events('WorkIssued').at(-1)?.data).toMatchObject({
        header: job.header.toString('hex'),
        height: devnet.chain.tip.height + 1,
        powAlgorithm,
        subsidy,
      })
      const block = await rig.find('block')
      expect(JSON.stringify(await rig.submit(block))).toBe('{"id":4,"error":null,"result":true}')

      const view = await house.block(block.hash, ({ state }) => state === 'connected')
      expect(devnet.chain.tip.hash).toBe(block.hash)
      expect(Buffer.from(devnet.chain.tip.header)).toEqual(block.header)
      expect(await house.api(`blocks/${block.hash}`, BlockView)).toMatchObject({
        height: view.height,
        state: 'connected',
        confirmations: 1,
        header: block.header.toString('hex'),
        powAlgorithm,
        finder: { address: address(i), worker: `rig-${i}` },
        reward: { atoms: subsidy },
        submissions: [{ node: 'node-0', verdict: 'accepted' }],
      })
      expect(await house.api(`miners/${address(i)}`, AccountView)).toMatchObject({
        blocksFound: 1,
        shares: { accepted: 2, difficulty: String(2 * difficulty), rejected: 0 },
        workers: {
          items: [{ name: `rig-${i}`, connections: [{ agent: device.agent, profile: device.profile }] }],
        },
      })

      const found = house.events('BlockFound').find(({ stream }) => stream === `block-${block.hash}`)
      expect(found?.data).toMatchObject({
        header: block.header.toString('hex'),
        account: accountId(address(i)),
        worker: `rig-${i}`,
      })
      const reference = found?.data.share
      const row = house
        .events('SharesAccepted')
        .find(({ stream, revision }) => stream === reference?.stream && revision === reference.revision)
      expect(row?.data.solved).toContainEqual({ share: reference?.index, hash: block.hash })
      expect(row?.data).toMatchObject({
        extranonce2: expect.arrayContaining([block.submission[1]]),
        nonce: expect.arrayContaining([block.attempt.nonce]),
      })

      expect((await rig.job(block.hash)).clean).toBe(true)
      await client.close()
    },
  )
})

describe('a session', () => {
  let devnet: Devnet
  let house: House
  beforeAll(async () => {
    devnet = await kept(hardChain())
    house = await openHouse([devnet], { listener: { difficulty: variable } })
  })
  const start = (n: number, over: Partial<Parameters<typeof startMiner>[0]> = {}) =>
    startMiner({ port: house.port, device: cpuMiner, user: address(n), ...over })

  test.each(['subscribe first', 'authorize first'] as const)('begins in either order: %s', async (order) => {
    const rig = await start(100, { order })
    await rig.job()
    expect(rig.client.messages.map(({ method, id }) => method ?? id)).toEqual([
      1,
      2,
      'mining.set_difficulty',
      'mining.notify',
    ])
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await rig.client.close()
  })

  test('has several workers on one connection, each credited for its own shares', async () => {
    const [first, second] = [`${address(101)}.left`, `${address(102)}.right`]
    const rig = await start(101, { user: first })
    expect(await rig.client.request('mining.authorize', [second, ''])).toMatchObject(taken)
    expect(await rig.client.request('mining.authorize', [`${address(101)}.third`, ''])).toMatchObject(taken)
    const job = await rig.job()
    for (const user of [first, second, second, `${address(101)}.third`])
      expect(await rig.submit(await rig.find('share', job), user)).toMatchObject(taken)
    expect(await rig.submit(await rig.find('share', job), `${address(103)}.nobody`)).toMatchObject({
      error: [24, `Unauthorized worker: ${address(103)}.nobody is not authorized on this connection`, null],
      result: false,
    })

    const [connected] = house.events('MinerConnected').slice(-1)
    const stream = connected?.stream ?? ''
    expect(
      house
        .events('WorkerAuthorized')
        .filter((each) => each.stream === stream)
        .map(({ data }) => [data.account, data.worker]),
    ).toEqual([
      [accountId(address(101)), 'left'],
      [accountId(address(102)), 'right'],
      [accountId(address(101)), 'third'],
    ])
    const connection = Number(stream.split('.').at(-1))
    expect(
      sharesOf(house)
        .filter((share) => share.connection === connection)
        .map(({ worker }) => worker),
    ).toEqual([0, 1, 1, 2])
    await rig.client.close()
    await poll(() => house.events('MinerDisconnected').some((each) => each.stream === stream)).toBe(true)

    const left = await house.api(`miners/${address(101)}?after=${house.log().length - 1}`, AccountView)
    expect(left.shares).toMatchObject({ accepted: 2, difficulty: '2' })
    const right = await house.api(`miners/${address(102)}`, AccountView)
    expect(right.shares).toMatchObject({ accepted: 2, difficulty: '2' })
    expect(right.workers.items.map(({ name }) => name)).toEqual(['right'])
  })

  test('authorizes the address alone, and a worker with dots and spaces', async () => {
    const rig = await start(104)
    expect(await rig.client.request('mining.authorize', [` ${address(104)} . a.b c `, ''])).toMatchObject(
      taken,
    )
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await poll(async () =>
      (await house.api(`miners/${address(104)}`, AccountView)).workers.items.map(({ name }) => name).sort(),
    ).toEqual(['', 'a.b c'])
    await rig.client.close()
  })

  test('answers what else miners ask', async () => {
    const rig = await start(105)
    const ask = async (method: string, params: unknown[], id?: string) =>
      JSON.stringify(await rig.client.request(method, params, id))
    expect(await ask('mining.extranonce.subscribe', [])).toBe('{"id":3,"error":null,"result":true}')
    expect(await ask('mining.ping', [])).toBe('{"id":4,"error":null,"result":"pong"}')
    expect(await ask('mining.get_transactions', ['job'], 'text')).toBe(
      '{"id":"text","error":null,"result":[]}',
    )
    expect(await ask('mining.configure', [['version-rolling'], {}])).toBe(
      '{"id":5,"error":[20,"unknown method mining.configure",null],"result":false}',
    )
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await rig.client.close()
  })

  test('has the difficulty that its password asks for within seconds, with work that is new to all', async () => {
    const rig = await start(106, { password: 'x,d=512' })
    const first = await rig.job()
    expect(rig.difficulty(first)).toBe(1)
    const job = await rig.jobAfter(first)
    expect(rig.difficulty(job)).toBe(512)
    expect(job.header.subarray(36, 68)).not.toEqual(first.header.subarray(36, 68))
    expect(await rig.submit(await rig.find('low', job))).toMatchObject(refused(23))
    expect(await rig.submit(await rig.find('share', job))).toMatchObject(taken)
    expect(rig.difficulty(first)).toBe(1)
    await rig.client.close()
  })

  test('has the difficulty that it suggests, from the next job on when it mines already', async () => {
    const client = await connectStratum({ port: house.port })
    expect(await client.request('mining.suggest_difficulty', [300.7])).toMatchObject(taken)
    const subscribed = await client.request('mining.subscribe', [cpuMiner.agent])
    await client.request('mining.authorize', [address(107)])
    const rig = miner(client, cpuMiner, address(107), subscribed)
    const job = await rig.job()
    expect(rig.difficulty(job)).toBe(300)

    expect(await client.request('mining.suggest_difficulty', [2])).toMatchObject(taken)
    expect(await rig.submit(await rig.find('low', job))).toMatchObject(refused(23))
    devnet.newVotes(4)
    const next = await rig.jobAfter(job)
    expect(rig.difficulty(next)).toBe(2)
    const share = await rig.find('share', next)
    expect(await rig.submit(share)).toMatchObject(taken)
    expect(sharesOf(house).at(-1)).toMatchObject({ nonce: share.attempt.nonce, difficulty: 2 })
    await client.close()
  })
})

describe('variable difficulty', () => {
  test('rises within seconds for a fast miner, and each share is judged as its job was sent', async () => {
    const devnet = await kept(hardChain())
    const house = await openHouse([devnet], { listener: { difficulty: variable } })
    const rig = await startMiner({ port: house.port, device: cpuMiner, user: `${address(1)}.fast` })
    const first = await rig.job()
    expect(rig.difficulty(first)).toBe(1)
    const began = performance.now()
    for (let i = 0; i < 40; i++) expect(await rig.submit(await rig.find('share', first))).toMatchObject(taken)

    const second = await rig.jobAfter(first)
    expect(performance.now() - began).toBeLessThan(3_000)
    expect(rig.difficulty(second)).toBe(4)
    expect(second).toMatchObject({ clean: false, previous: first.previous })

    // Good enough for the first job alone.
    expect(await rig.submit(await rig.find('weak share', first, 4))).toMatchObject(taken)
    expect(await rig.submit(await rig.find('weak share', second, 4))).toMatchObject(refused(23))
    expect(await rig.submit(await rig.find('share', second))).toMatchObject(taken)
    expect(
      sharesOf(house)
        .slice(-2)
        .map(({ difficulty }) => difficulty),
    ).toEqual([1, 4])
    expect(house.events('DifficultyAssigned').map(({ data }) => data.difficulty)).toEqual([1, 4])
  })
})

describe('a solo pool', () => {
  test('takes any user name and keeps one account', async () => {
    const devnet = await kept(easyChain())
    const house = await openHouse([devnet], { pool: { mode: 'solo' } })
    const rig = await startMiner({ port: house.port, device: cpuMiner, user: 'my first rig' })
    await rig.job()
    const block = await rig.find('block')
    expect(await rig.submit(block)).toMatchObject(taken)
    await house.block(block.hash, ({ state }) => state === 'connected')
    expect((await house.api(`blocks/${block.hash}`, BlockView)).finder).toEqual({
      account: SOLO_ACCOUNT_ID,
      address: null,
      worker: 'my first rig',
      connection: 0,
    })
    expect(house.events('AccountOpened')).toEqual([])
    expect((await house.api(`miners/${SOLO_ACCOUNT_ID}`, AccountView)).shares.accepted).toBe(1)
  })
})

describe('a session that is resumed', () => {
  let house: House
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await kept(hardChain())
    house = await openHouse([devnet], { listener: { difficulty: variable } })
  })
  const start = (n: number, session?: string) =>
    startMiner({
      port: house.port,
      device: cpuMiner,
      user: address(n),
      password: 'd=16',
      ...(session === undefined ? {} : { session }),
    })

  test('has its extranonce, its difficulty and its jobs, and remembers what it has submitted', async () => {
    const first = await start(200)
    const job = await first.job()
    const [before, inFlight] = [await first.find('share', job), await first.find('share', job)]
    expect(await first.submit(before)).toMatchObject(taken)
    await first.client.close()
    await poll(() => house.events('MinerDisconnected').length).toBe(1)

    const second = await start(200, first.session)
    expect(second.session).toBe(first.session)
    expect(second.extranonce1).toBe(first.extranonce1)
    expect(second.difficulty(await second.job())).toBe(16)
    expect((await second.submit(before)).error).toEqual([22, 'Duplicate share: already submitted', null])
    expect(await second.submit(inFlight)).toMatchObject(taken)
    expect(await second.submit(inFlight)).toMatchObject(refused(22))
    expect(sharesOf(house).map(({ connection, nonce }) => [connection, nonce])).toEqual([
      [0, before.attempt.nonce],
      [1, inFlight.attempt.nonce],
    ])
    expect(house.events('MinerConnected').map(({ data }) => data.resumes)).toEqual([null, 0])
    await second.client.close()
  })

  test('replaces a connection that is still open', async () => {
    const first = await start(201)
    const share = await first.find('share')
    expect(await first.submit(share)).toMatchObject(taken)
    const second = await start(201, first.session)
    await first.client.closed
    expect(second.extranonce1).toBe(first.extranonce1)
    expect(await second.submit(share)).toMatchObject(refused(22))
    expect(await second.submit(await second.find('share', share.job))).toMatchObject(taken)
    await poll(() => house.events('MinerDisconnected').map(({ data }) => data.reason)).toContain(
      'replaced-by-resume',
    )
    await second.client.close()
  })

  test('of an unknown id is a new one', async () => {
    const other = await start(202, 'f'.repeat(24))
    expect(other.session).not.toBe('f'.repeat(24))
    await other.client.close()
  })

  test('resumed as another kind of miner can not sell the same hashes once more', async () => {
    const asics = await openHouse([await kept(hardChain({ powAlgorithm: 'blake256' }))])
    await poll(() => asics.pool.status().work).not.toBe(null)
    const begin = (agent: string, session?: string) =>
      startMiner({
        port: asics.port,
        device: device(agent, blake256Devices),
        user: address(203),
        ...(session === undefined ? {} : { session }),
      })
    const first = await begin('cpuminer/1.0.0')
    const share = await first.find('share')
    expect(await first.submit(share)).toMatchObject(taken)
    await first.client.close()
    await poll(() => asics.events('MinerDisconnected').length).toBe(1)

    const second = await begin('NiceHash/1.0.0', first.session)
    expect(second.extranonce1).toBe(first.extranonce1)
    const again = foundWith(second.device, await second.job(), second.extranonce1, share.attempt)
    expect(again.header).toEqual(share.header)
    expect(again.submission).not.toEqual(share.submission)
    expect(await second.submit(again)).toMatchObject(refused(22))
  })

  test('is over after the time of grace', async () => {
    const quick = await openHouse([devnet], { limits: { resumeGraceMs: 1 } })
    const begin = (session?: string) =>
      startMiner({
        port: quick.port,
        device: cpuMiner,
        user: address(204),
        ...(session === undefined ? {} : { session }),
      })
    const first = await begin()
    await first.job()
    await first.client.close()
    await poll(() => quick.pool.status().connections).toBe(0)
    const second = await begin(first.session)
    expect(second.session).not.toBe(first.session)
    expect(second.extranonce1).not.toBe(first.extranonce1)
  })
})

describe('a planned stop', () => {
  test('asks the miners to come back, and still counts what they have in flight', async () => {
    const devnet = await kept(hardChain())
    const house = await openHouse([devnet])
    const rig = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
    const silent = await connectStratum({ port: house.port })
    const share = await rig.find('share')
    const stopped = house.stop()
    expect(await rig.client.notification('client.reconnect')).toEqual({
      id: null,
      method: 'client.reconnect',
      params: [],
    })
    expect(await rig.submit(share)).toMatchObject(taken)
    await rig.client.closed
    await silent.closed
    expect(await stopped).toBe(true)
    expect(sharesOf(house).map(({ nonce }) => nonce)).toEqual([share.attempt.nonce])
    expect(house.log().slice(-2)).toMatchObject([
      { type: 'MinerDisconnected', data: { reason: 'shutdown', accepted: 1, difficulty: '1' } },
      { type: 'EpochClosed', data: { shares: 1, difficulty: '1' } },
    ])
    await expect(connectStratum({ port: house.port })).rejects.toThrow('ECONNREFUSED')
  })
})

describe('a listener', () => {
  test('of TLS serves miners behind its certificate', async () => {
    const devnet = await kept(hardChain())
    const directory = newDirectory()
    await loadCertificate(directory, 'rpc', Date.now())
    const tls = { certificateFile: join(directory, 'rpc.cert'), keyFile: join(directory, 'rpc.key') }
    const house = await openHouse([devnet], { listener: { tls } })
    const rig = await startMiner({ port: house.port, device: cpuMiner, user: address(1), tls: true })
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    const [listener] = (await house.api('pool', PoolAnswer)).live.listeners
    expect(listener?.tls).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })

  test('of the PROXY protocol knows miners by the address that the proxy gives, and publishes none', async () => {
    const devnet = await kept(hardChain())
    const house = await openHouse([devnet], {
      listener: { proxyProtocol: true },
      limits: { connectionsPerAddressMax: 1 },
    })
    const from = (ip: string, n: number) =>
      startMiner({
        port: house.port,
        device: cpuMiner,
        user: address(n),
        before: `PROXY TCP4 ${ip} 10.0.0.1 50000 5550\r\n`,
      })
    const rig = await from('192.0.2.77', 1)
    expect(await rig.submit(await rig.find('share'))).toMatchObject(taken)
    await expect(from('192.0.2.77', 2)).rejects.toThrow('gone')
    const other = await from('192.0.2.78', 3)
    expect(await other.submit(await other.find('share'))).toMatchObject(taken)
    const bare = await connectStratum({ port: house.port })
    bare.sendRaw('{"id":1,"method":"mining.subscribe","params":[]}\n')
    await bare.closed
    expect(bare.messages).toEqual([])
    expect(JSON.stringify(house.log())).not.toContain('192.0.2')
    expect(JSON.stringify(await house.api('pool', PoolAnswer))).not.toContain('192.0.2')
  })
})

test('a solution of one device is no other s: the pool has put bytes of its own into it', async () => {
  const devnet = await kept(hardChain({ powAlgorithm: 'blake256' }))
  const house = await openHouse([devnet])
  for (const agent of ['cgminer/4.9.0', 'whatsminer/d1-v1.0', 'ccminer/2.3.1']) {
    const model = device(agent, blake256Devices)
    const mine = await startMiner({ port: house.port, device: model, user: address(1) })
    const theirs = await startMiner({ port: house.port, device: model, user: address(2) })
    const share = await mine.find('share')
    expect((await theirs.submit(share)).error).toEqual([
      20,
      `extranonce1 is ${theirs.extranonce1.slice(-8)} here, got ${mine.extranonce1.slice(-8)}`,
      null,
    ])
    const own = foundWith(model, share.job, theirs.extranonce1, share.attempt)
    expect(own.hash).not.toBe(share.hash)
    expect(await mine.submit(share)).toMatchObject(taken)
  }
})

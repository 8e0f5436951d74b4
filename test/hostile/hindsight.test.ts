import { afterAll, beforeAll, expect, test } from 'vitest'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { hashDifficulty } from '../../domain/decred/target.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import {
  type Attempt,
  cpuMiner,
  type DeviceJob,
  headerOf,
  readJob,
  submissionOf,
} from '../support/devices.ts'
import { address, type House, hardChain, openHouse, poll, stopHouses } from '../support/house.ts'
import { type Miner, type MinerOptions, startMiner } from '../support/miner.ts'
import { connectStratum } from '../support/stratum-client.ts'

/**
 * A hash of a quality is found once in so many tries, whatever difficulty was asked for. Who could have each of his hashes counted at
 * its own quality would be paid n log n for n hashes; so none of these may choose.
 */

let devnet: Devnet
let house: House
beforeAll(async () => {
  devnet = await hardChain()
  house = await openHouse([devnet], {
    listener: { difficulty: { start: 4, min: 1, max: null, fixed: null } },
    mining: { refreshMs: 1_000, transactionsRefreshMs: 1_000 },
  })
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const begin = (over: Partial<MinerOptions> = {}): Promise<Miner> =>
  startMiner({ port: house.port, device: cpuMiner, user: address(70), ...over })

type Headers = Pick<Miner, 'device' | 'extranonce1'>

/** The best of a thousand hashes of a job, kept back. */
function keptBack(
  { device, extranonce1 }: Headers,
  job: DeviceJob,
): { attempt: Attempt; difficulty: number } {
  let best = { attempt: { counter: 0, nonce: 0, time: job.time }, difficulty: 0 }
  for (let nonce = 0; nonce < 1_000; nonce++) {
    const attempt = { counter: 0, nonce, time: job.time }
    const header = headerOf(device, job, extranonce1, attempt)
    const difficulty = hashDifficulty(networks.simnet, powHash('blake3', header))
    if (difficulty > best.difficulty) best = { attempt, difficulty }
  }
  expect(best.difficulty).toBeGreaterThan(32)
  return best
}

const submit = (
  { client, device, user, extranonce1 }: Headers & Pick<Miner, 'client' | 'user'>,
  job: DeviceJob,
  attempt: Attempt,
) => client.request('mining.submit', [user, ...submissionOf(device, job, extranonce1, attempt)])

/** A job that a miner was sent, or will be. */
async function jobThat({ client, device }: Miner, isWanted: (job: DeviceJob) => boolean): Promise<DeviceJob> {
  const find = () =>
    client.messages
      .flatMap(({ method, params }) => (method === 'mining.notify' ? [readJob(device, params ?? [])] : []))
      .find(isWanted)
  await poll(find).toBeDefined()
  const job = find()
  if (job === undefined) throw new Error('a job is gone')
  return job
}

/** Whether jobs have one Merkle root. */
const isOneTemplate = (a: DeviceJob, b: DeviceJob): boolean =>
  a.header.subarray(36, 68).equals(b.header.subarray(36, 68))

/** What the newest share counted. */
const credited = (): number => house.events('SharesAccepted').at(-1)?.data.difficulty.at(-1) ?? 0

// The first: a difficulty that another miner waits for would bring another template meanwhile.
test('attack: a good hash is kept back, and submitted for the refreshed job after a harder difficulty was asked for', async () => {
  const rig = await begin()
  const job = await rig.job()
  const { attempt, difficulty } = keptBack(rig, { ...job, time: job.time + 600 })
  await rig.client.request('mining.suggest_difficulty', [difficulty])
  const refreshed = await jobThat(rig, (each) => each.id !== job.id && isOneTemplate(each, job))
  expect(await submit(rig, refreshed, attempt)).toMatchObject({ result: true })
  await poll(() => credited()).toBe(4)
})

test('attack: a good hash is kept back, and submitted when its session is resumed with a harder difficulty', async () => {
  const first = await begin()
  const job = await first.job()
  const { attempt, difficulty } = keptBack(first, job)
  const shares = house.events('SharesAccepted').length
  const again = await begin({ session: first.session, password: `d=${difficulty}` })
  expect(again.extranonce1).toBe(first.extranonce1)
  expect(await submit(again, job, attempt)).toMatchObject({ result: true })
  await poll(() => house.events('SharesAccepted').length).toBe(shares + 1)
  expect(credited()).toBe(4)
})

test('attack: the same on a template that came when the session had its difficulty already, and while it was away', async () => {
  for (const isAway of [false, true]) {
    const [first, onlooker] = [await begin(), await begin()]
    const old = await first.job()
    if (isAway) await first.client.close()
    devnet.newTransactions()
    const fresh = await jobThat(onlooker, (each) => !isOneTemplate(each, old))
    if (!isAway) await jobThat(first, (each) => each.id === fresh.id)
    const { attempt, difficulty } = keptBack(first, fresh)
    const shares = house.events('SharesAccepted').length
    const again = await begin({ session: first.session, password: `d=${difficulty}` })
    expect(await submit(again, fresh, attempt)).toMatchObject({ result: true })
    await poll(() => house.events('SharesAccepted').length).toBe(shares + 1)
    expect(credited()).toBe(4)
  }
})

test('attack: a job is known from another connection, and searched between subscribe and authorize', async () => {
  const job = await (await begin()).job()
  const client = await connectStratum({ port: house.port })
  const { result } = await client.request('mining.subscribe', [cpuMiner.agent])
  const extranonce1 = String((result as readonly unknown[])[1])
  const late = { client, device: cpuMiner, user: address(71), extranonce1 }
  const { attempt, difficulty } = keptBack(late, job)
  expect(await client.request('mining.authorize', [late.user, `d=${difficulty}`])).toMatchObject({
    result: true,
  })
  const shares = house.events('SharesAccepted').length
  expect(await submit(late, job, attempt)).toMatchObject({ result: true })
  await poll(() => house.events('SharesAccepted').length).toBe(shares + 1)
  expect(credited()).toBe(4)
})

test('attack: two sessions reach the same headers through two layouts, and the one with the better difficulty submits', async () => {
  const [cpu, other] = [await begin(), await begin({ device: { ...cpuMiner, agent: 'whatsminer/d1-v1.0' } })]
  const job = await other.job()
  const counterInFront = [other.user, job.id, cpu.extranonce1 + other.extranonce1, '00000000', '00000000']
  expect(await other.client.request('mining.submit', counterInFront)).toMatchObject({ result: false })
  // What it is told is what everybody is told on a BLAKE3 chain.
  const found = await other.find('share')
  expect(found.submission[1]).toHaveLength(8)
  expect(await other.submit(found)).toMatchObject({ result: true })
})

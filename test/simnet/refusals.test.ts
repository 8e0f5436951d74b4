import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { lodebook } from '../cli/child.ts'
import { type House, newDirectory, openHouse, stopHouses } from '../support/house.ts'
import type { PoolOverrides } from '../support/running-pool.ts'
import { poolConfig } from '../support/running-pool.ts'
import { type Dcrd, killDcrds, startDcrd } from './dcrd.ts'
import { eventually } from './mining.ts'
import { freePort } from './ports.ts'
import { findDcrd, needed } from './programs.ts'

/** What a pool and `doctor` say when a real dcrd does not want it, or is not as it should be. */

const program = needed(findDcrd())
const limited = { user: 'limited', password: 'limited' }
let dcrd: Dcrd

beforeAll(async () => {
  dcrd = await startDcrd(program, { flags: ['--rpclimituser=limited', '--rpclimitpass=limited'] })
  await dcrd.generate(2)
})
afterEach(stopHouses)
afterAll(killDcrds)

type Node = Pick<Dcrd, 'certificate' | 'port' | 'user' | 'password'>

interface Refusal {
  readonly what: string
  readonly node: () => Promise<Node>
  readonly over?: PoolOverrides
  readonly says: RegExp
}

test.each<Refusal>([
  {
    what: 'a wrong password',
    node: async () => ({ ...dcrd, password: 'wrong' }),
    says: /refuses the user name or password\. Make them the same as rpcuser and rpcpass/,
  },
  {
    what: 'the limited user',
    node: async () => ({ ...dcrd, ...limited }),
    says: /lets this user do little: it is the one of rpclimituser/,
  },
  {
    what: 'the certificate of another dcrd',
    node: async () => ({ ...dcrd, certificate: (await startDcrd(program)).certificate }),
    says: /shows another certificate than the one the pool was given\. Copy rpc\.cert/,
  },
  {
    what: 'another network',
    node: async () => dcrd,
    over: { pool: { network: 'testnet3' } },
    says: /is on simnet, the pool is configured for testnet3/,
  },
  {
    what: 'no mining address',
    node: () => startDcrd(program, { miningAddress: null }),
    says: /has no address to mine to\. Start dcrd with --miningaddr/,
  },
  {
    what: 'no TLS',
    node: async () => ({
      ...(await startDcrd(program, { flags: ['--notls'] })),
      certificate: dcrd.certificate,
    }),
    says: /does not speak TLS\. Start dcrd without --notls/,
  },
  {
    what: 'no place for another websocket',
    node: () => startDcrd(program, { flags: ['--rpcmaxwebsockets=0'] }),
    says: /too many websocket clients: raise its --rpcmaxwebsockets/,
  },
  {
    what: 'nobody at the address',
    node: async () => ({ ...dcrd, port: await freePort() }),
    says: /refuses connections\. Start dcrd there, or correct the address/,
  },
])('$what: a sentence that says what to do', async ({ node, over, says }) => {
  const house = await openHouse([await node()], over)
  const message = await eventually(
    house,
    () => messageOf(house),
    (text) => text !== '',
  )
  expect(message).toMatch(says)
  const ready = await fetch(`${house.pool.httpUrl}/readyz`)
  expect(ready.status).toBe(503)
  expect(await ready.text()).toMatch(says)
})

const messageOf = ({ pool }: House): string => pool.status().nodes[0]?.message ?? ''

test('the pool comes up by itself once dcrd is as it should be', async () => {
  const { kill, restart, ...node } = await startDcrd(program)
  await kill()
  const house = await openHouse([node])
  await eventually(
    house,
    () => messageOf(house),
    (text) => /refuses connections/.test(text),
  )
  await restart()
  await eventually(
    house,
    () => house.pool.status(),
    ({ work }) => work !== null,
  )
  expect((await fetch(`${house.pool.httpUrl}/readyz`)).status).toBe(200)
})

test('doctor finds everything in order at a real dcrd, and a wrong password', async () => {
  const directory = newDirectory()
  const { nodes } = poolConfig(directory, [dcrd])
  const words = (password: string): readonly string[] => [
    ...['doctor', '--json', '--pool.network', 'simnet', '--http.port', '0', '--listeners.0.port', '0'],
    ...['--nodes.0.address', nodes[0]?.address ?? '', '--nodes.0.user', dcrd.user],
    ...['--nodes.0.certificate_file', nodes[0]?.certificateFile ?? '', '--nodes.0.password', password],
  ]
  const well = await lodebook(words(dcrd.password), { directory })
  expect(JSON.parse(well.stdout)).toMatchObject({ healthy: true, failed: 0 })
  const ill = await lodebook(words('wrong'), { directory })
  expect(ill.code).toBe(3)
  expect(ill.stdout).toMatch(/refuses the user name or password/)
})

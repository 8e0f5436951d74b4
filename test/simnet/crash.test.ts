import { filter, firstValueFrom } from 'rxjs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dcrdNode } from '../../adapters/node/dcrd/node.ts'
import { realAfter } from '../../adapters/timers.ts'
import { networks } from '../../domain/decred/network.ts'
import { start } from '../cli/child.ts'
import { type House, newDirectory, openHouse, readLog, stopHouses } from '../support/house.ts'
import { poolConfig } from '../support/running-pool.ts'
import { type Dcrd, killDcrds, startDcrd } from './dcrd.ts'
import { allSubmitted, blockOnceIt, eventually, foundBlocks, mine, nodeAt } from './mining.ts'
import { freePort } from './ports.ts'
import { findDcrd, needed } from './programs.ts'

/** Real dcrd, real pool, one of them killed while miners mine. */

const program = needed(findDcrd())
const { coinbaseMaturity } = networks.simnet
const NODE_KILLS = 3
/** Each costs some 6 s: just after a block dcrd waits so long before it gives work to who asks for it. */
const POOL_KILLS = 5
let dcrd: Dcrd

beforeEach(async () => {
  dcrd = await startDcrd(program)
  await dcrd.generate(1)
})
afterEach(async () => {
  await stopHouses()
  await killDcrds()
})

/** Every block of the main chain and of the pool must have come to the same end here and there. */
async function compareWithChain(house: House): Promise<void> {
  await dcrd.generate(coinbaseMaturity + 1)
  const { height } = await dcrd.tip()
  const mined = new Set<string>()
  for (let at = 2; at <= height - coinbaseMaturity - 1; at++)
    mined.add(String(await dcrd.call('getblockhash', at)))
  for (const hash of mined) await blockOnceIt(house, hash, ({ state }) => state === 'matured')
  for (const { hash, height: at } of foundBlocks(house))
    if (!mined.has(hash) && at <= height - coinbaseMaturity - 1)
      await blockOnceIt(house, hash, ({ state }) => state === 'orphaned')
}

test('dcrd is killed again and again under a pool: it goes on by itself, and no block is lost', async () => {
  const house = await openHouse([dcrd])
  const state = () => house.pool.status().nodes[0]?.state
  const miner = mine(house.port)
  for (let kills = 0; kills < NODE_KILLS; kills++) {
    const { height } = await dcrd.tip()
    await nodeAt(house, (tip) => tip.height >= height + 3)
    await dcrd.kill()
    await eventually(house, state, (now) => now === 'down')
    expect((await fetch(`${house.pool.httpUrl}/readyz`)).status).toBe(503)
    await dcrd.restart()
    await eventually(house, state, (now) => now === 'up')
  }
  const { height } = await dcrd.tip()
  await nodeAt(house, (tip) => tip.height >= height + 3)
  expect((await fetch(`${house.pool.httpUrl}/readyz`)).status).toBe(200)
  await miner.stop()
  await allSubmitted(house)
  await compareWithChain(house)
})

test('the pool is killed right after a block, again and again: no block of the chain is lost', async () => {
  const directory = newDirectory()
  const port = await freePort()
  const config = poolConfig(directory, [dcrd], { listener: { port } })
  const [node] = config.nodes
  if (node === undefined) throw new Error('no node')
  const words = [
    ...['run', '--pool.network', 'simnet', '--pool.data_directory', directory, '--http.port', '0'],
    ...['--nodes.0.address', node.address, '--nodes.0.certificate_file', node.certificateFile],
    ...['--nodes.0.user', node.user, '--nodes.0.password', node.password],
    ...['--listeners.0.host', '127.0.0.1', '--listeners.0.port', String(port)],
    ...['--listeners.0.difficulty.fixed', '1'],
  ]
  const { certificate } = dcrd
  const witness = dcrdNode({ ...node, certificate, network: 'simnet', after: realAfter, random: Math.random })
  witness.start()
  const miner = mine(port)
  for (let kills = 0; kills < POOL_KILLS; kills++) {
    const pool = start(words, { directory })
    const block = firstValueFrom(witness.events.pipe(filter(({ kind }) => kind === 'block-connected')))
    await pool.says('miners connect to')
    await block
    pool.process.kill('SIGKILL')
    await pool.finished
  }
  await miner.stop()
  await witness.stop()
  expect(miner.totals().faults).toBe(0)

  const gateways = readLog(directory).filter(({ type }) => type === 'GatewayJoined')
  expect(gateways).toHaveLength(POOL_KILLS)
  await compareWithChain(await openHouse([dcrd], {}, directory))
})

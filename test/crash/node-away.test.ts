import { afterAll, expect, test } from 'vitest'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { cpuMiner } from '../support/devices.ts'
import { address, openHouse, stopHouses } from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { easyDevnet, temporaryDirectory } from '../support/running-pool.ts'

let devnet: Devnet
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

test('blocks found while the node is away are in vain, and the next one on the same parent is not', async () => {
  const dataDirectory = temporaryDirectory()
  devnet = await easyDevnet({ dataDirectory })
  const { port } = devnet
  const house = await openHouse([devnet])
  const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
  const before = await miner.job()

  await devnet.stop()
  for (let shares = 0; shares < 20; shares++)
    expect((await miner.submit(await miner.find('block', before))).result).toBe(true)
  devnet = await easyDevnet({ dataDirectory, port })

  const after = await miner.jobAfter(before)
  expect(after.previous).toBe(before.previous)
  const found = await miner.find('block', after)
  expect((await miner.submit(found)).result).toBe(true)
  await house.block(found.hash, ({ state }) => state === 'connected')
  const inVain = house.events('BlockFound').filter(({ stream }) => stream !== `block-${found.hash}`)
  expect(inVain.length).toBeGreaterThan(0)
  await devnet.generate(16)
  for (const { stream } of inVain)
    await house.block(stream.slice('block-'.length), ({ state }) => state === 'orphaned')
})

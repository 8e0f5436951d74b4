import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { address, openHouse, stopHouses } from '../support/house.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { killDcrds, startDcrd } from './dcrd.ts'
import { foundBlocks, nodeAt, poolView } from './mining.ts'
import { findDcrd, findMiner, needed } from './programs.ts'

/** A miner that nobody here wrote: dcrpool's. */

const dcrd = needed(findDcrd())
const miner = needed(findMiner())

/** Faster than one a second: the network's difficulty rises, so that not every share is a block. */
const EARLIER_BLOCKS = 20
/** This miner rests after each share until there is a new job. */
const REFRESH_MS = 500

afterEach(async () => {
  await stopHouses()
  await killDcrds()
})

test("shares of dcrpool's miner count, and dcrd accepts its blocks", async () => {
  const node = await startDcrd(dcrd)
  await node.generate(EARLIER_BLOCKS)
  const wanted = EARLIER_BLOCKS + 5
  const house = await openHouse([node], {
    listener: { difficulty: { start: 1, min: 1, max: null, fixed: null } },
    mining: { refreshMs: REFRESH_MS },
  })
  const home = temporaryDirectory()
  const child = spawn(
    miner,
    [
      ...[`--appdata=${home}`, '--activenet=simnet', '--maxprocs=1', '--user=rig', `--address=${address(1)}`],
      `--pool=127.0.0.1:${house.port}`,
    ],
    { env: { HOME: home }, stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  try {
    await nodeAt(house, ({ height }) => height >= wanted)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
  expect(house.events('MinerIdentified')[0]?.data).toMatchObject({
    agent: expect.stringMatching(/^cpuminer\//),
    profile: 'plain',
  })
  const found = new Set(foundBlocks(house).map(({ hash }) => hash))
  for (let height = EARLIER_BLOCKS + 1; height <= wanted; height++)
    expect(found).toContain(await node.call('getblockhash', height))
  const { accepted, rejected } = poolView(house).shares
  expect(rejected).toBe(0)
  expect(accepted).toBeGreaterThan(found.size)
})

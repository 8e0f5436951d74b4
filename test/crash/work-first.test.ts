import { afterAll, expect, test } from 'vitest'
import { cpuMiner } from '../support/devices.ts'
import { address, openHouse, stopHouses } from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { hardDevnet } from '../support/running-pool.ts'

const devnet = await hardDevnet()
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

test('work is in the log before the pool hears from who was given it', async () => {
  const house = await openHouse([devnet])
  const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
  let job = await miner.job()
  for (let times = 0; times < 5; times++) {
    devnet.newVotes(3 + (times % 2))
    job = await miner.jobAfter(job)
    await miner.client.request('mining.ping', [])
    expect(house.events('WorkIssued').at(-1)?.data.header).toBe(job.header.toString('hex'))
  }
})

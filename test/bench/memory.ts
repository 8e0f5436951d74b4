import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { hardDevnet, temporaryDirectory } from '../support/running-pool.ts'
import type { Measure } from './measure.ts'
import { answer, startPoolChild } from './pool-child.ts'

/** P4: resident memory of the pool for each connection that is authorized and idle, above what it had with none. */
export async function benchMemory(connections: number): Promise<Measure> {
  const devnet = await hardDevnet()
  const pool = await startPoolChild(temporaryDirectory(), devnet)
  // One miner first: what everybody needs once is no memory of a connection.
  const first = fork(new URL('./idle-miners.ts', import.meta.url), [String(pool.port), '1'])
  await answer(first)
  await sleep(1_000)
  const before = await pool.rss()
  const miners = fork(new URL('./idle-miners.ts', import.meta.url), [String(pool.port), String(connections)])
  await answer(miners)
  await sleep(3_000)
  const after = await pool.rss()
  miners.kill()
  first.kill()
  await pool.stop()
  await devnet.stop()
  const value = (after - before) / 1024 / connections
  return {
    id: 'P4',
    measure: `memory of each of ${connections} idle authorized connections`,
    value,
    unit: 'KiB',
    baseline: null,
    budget: '<= 16 KiB',
    met: value <= 16,
  }
}

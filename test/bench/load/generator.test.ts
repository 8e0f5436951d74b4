import { expect, it } from 'vitest'
import { hardDevnet, poolConfig, runningPool, temporaryDirectory } from '../../support/running-pool.ts'
import { Histogram } from './histogram.ts'
import { startBareServer, startLoad } from './load.ts'

const ADDRESS = 'SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc'

it('keeps so many shares on the way that a bare server is busy', async () => {
  const server = await startBareServer()
  const load = startLoad({
    port: server.port,
    connections: 20,
    outstanding: 4,
    seconds: 0.5,
    address: ADDRESS,
  })
  await load.ready
  const report = await load.report
  server.stop()
  expect(report.rejected).toEqual({})
  expect(report.acceptedPerSecond).toBeGreaterThan(1_000)
  expect(report.latencyMs.p50).toBeGreaterThan(0)
  expect(report.latencyMs.p99).toBeGreaterThanOrEqual(report.latencyMs.p50)
})

it('sends real shares: the pool takes every one, at the rate that was asked for', async () => {
  const devnet = await hardDevnet()
  const pool = await runningPool(poolConfig(temporaryDirectory(), [devnet]))
  const port = pool.listeners[0]?.port ?? 0
  const load = startLoad({ port, connections: 20, outstanding: 0, rate: 500, seconds: 1, address: ADDRESS })
  const { rejected, acceptedPerSecond } = await load.report
  await pool.stop()
  await devnet.stop()
  expect(rejected).toEqual({})
  expect(acceptedPerSecond).toBeGreaterThan(400)
  expect(acceptedPerSecond).toBeLessThan(600)
})

it('fails when the pool does not want it', async () => {
  const devnet = await hardDevnet()
  const pool = await runningPool(poolConfig(temporaryDirectory(), [devnet]))
  const port = pool.listeners[0]?.port ?? 0
  const load = startLoad({ port, connections: 1, outstanding: 1, seconds: 1, address: 'nobody' })
  await expect(load.report).rejects.toThrow('nobody.load0 is not authorized')
  await pool.stop()
  await devnet.stop()
})

it('knows the quantiles of what it saw', () => {
  const histogram = new Histogram()
  expect(histogram.quantileMs(0.5)).toBe(0)
  for (let ms = 1; ms <= 100; ms++) histogram.add(ms)
  histogram.add(5_000)
  expect(histogram.quantileMs(0.5)).toBeCloseTo(51, 1)
  expect(histogram.quantileMs(0.99)).toBeCloseTo(100, 1)
  expect(histogram.quantileMs(1)).toBe(5_000)
  expect(histogram.maxMs).toBe(5_000)
})

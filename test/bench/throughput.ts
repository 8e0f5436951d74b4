import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hardDevnet, type PoolOverrides, temporaryDirectory } from '../support/running-pool.ts'
import { judgeRate } from './judge.ts'
import { type LoadReport, startBareServer, startLoad } from './load/load.ts'
import { type Measure, quantile } from './measure.ts'
import { type PoolChild, startPoolChild } from './pool-child.ts'

const ADDRESS = 'SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc'

/** Runs something against a pool of its own, on a chain where no share is a block. */
async function withPool<T>(over: PoolOverrides, run: (pool: PoolChild) => Promise<T>): Promise<T> {
  const devnet = await hardDevnet()
  const pool = await startPoolChild(temporaryDirectory(), devnet, over)
  try {
    return await run(pool)
  } finally {
    await pool.stop()
    await devnet.stop()
  }
}

async function load(
  port: number,
  connections: number,
  outstanding: number,
  seconds: number,
): Promise<LoadReport> {
  return await startLoad({ port, connections, outstanding, seconds, address: ADDRESS }).report
}

/** The same load on a server that parses and answers `true`, and keeps nothing. */
async function bare(connections: number, outstanding: number, seconds: number): Promise<LoadReport> {
  const server = await startBareServer()
  try {
    return await load(server.port, connections, outstanding, seconds)
  } finally {
    server.stop()
  }
}

/**
 * P1: accepted shares a second over TCP, answered after a durable commit, with real proofs of work from another process; and
 * P10: how long the API takes meanwhile.
 */
export async function benchThroughput(seconds: number): Promise<readonly Measure[]> {
  const measures: Measure[] = []
  const judged = judgeRate()
  for (const { outstanding, budget } of [
    { outstanding: 1, budget: 20_000 },
    { outstanding: 8, budget: 50_000 },
  ]) {
    const baseline = await bare(200, outstanding, seconds)
    const { report, apiMs } = await withPool({}, async (pool) => {
      await askApi(pool.url, 500)
      const running = startLoad({ port: pool.port, connections: 200, outstanding, seconds, address: ADDRESS })
      await running.ready
      const asking = askApi(pool.url, seconds * 1000)
      return { report: await running.report, apiMs: await asking }
    })
    refuseRefusals(report)
    measures.push(
      {
        id: 'P1',
        measure: `accepted shares, 200 connections, ${outstanding} outstanding on each`,
        value: report.acceptedPerSecond,
        unit: '1/s',
        baseline: baseline.acceptedPerSecond,
        budget: `>= ${budget}`,
        met: report.acceptedPerSecond >= budget,
      },
      {
        id: 'P10',
        measure: `API answer while P1 runs with ${outstanding} outstanding, p99 of ${apiMs.length}`,
        value: quantile(apiMs, 0.99),
        unit: 'ms',
        baseline: null,
        budget: '<= 50 ms',
        met: quantile(apiMs, 0.99) <= 50,
      },
    )
  }
  // With one share outstanding the way to and fro is what takes the time, for the bare server too.
  const saturated =
    measures.find(({ id, measure }) => id === 'P1' && measure.includes(', 8 outstanding'))?.value ?? 0
  measures.push({
    id: 'P1',
    measure: 'the latter beside decoding and judging such shares from memory',
    value: saturated,
    unit: '1/s',
    baseline: judged,
    budget: '>= 25 % of it',
    met: saturated >= judged / 4,
  })
  return measures
}

/** A benchmark with refused shares would measure something else. */
function refuseRefusals({ rejected }: LoadReport): void {
  if (Object.keys(rejected).length > 0) throw new Error(`shares were refused: ${JSON.stringify(rejected)}`)
}

/**
 * Asks for what the dashboard asks for, one after the other, and gives the milliseconds of each answer. Done once before the load, so
 * that compiling the pages is not measured.
 */
async function askApi(url: string, ms: number): Promise<readonly number[]> {
  const paths = ['/api/v1/pool', '/api/v1/blocks', '/api/v1/miners', '/']
  const took: number[] = []
  const startedMs = performance.now()
  for (let i = 0; performance.now() - startedMs < ms; i++) {
    const askedMs = performance.now()
    const answer = await fetch(url + paths[i % paths.length])
    await answer.arrayBuffer()
    took.push(performance.now() - askedMs)
    await sleep(20)
  }
  return took
}

/**
 * P2: milliseconds from a share to its answer at 2 000 shares a second, without and with the default linger; beside it what the disk, and
 * what generator and kernel take of that: one sync, and a server that keeps nothing.
 */
export async function benchLatency(seconds: number): Promise<readonly Measure[]> {
  const syncs = await syncTimes(2_000)
  const syncMs = quantile(syncs, 0.5)
  const at = (port: number): Promise<LoadReport> =>
    startLoad({ port, connections: 200, outstanding: 0, rate: 2_000, seconds, address: ADDRESS }).report
  const run = (lingerMsMax: number): Promise<LoadReport> =>
    withPool({ journal: { lingerMsMax } }, ({ port }) => at(port))
  const server = await startBareServer()
  const bareAnswers = await at(server.port).finally(server.stop)
  const none = await run(0)
  const usual = await run(100)
  refuseRefusals(none)
  refuseRefusals(usual)
  return [
    {
      id: 'P2',
      measure: 'answer at 2 000 shares/s, linger 0, p99',
      value: none.latencyMs.p99,
      unit: 'ms',
      baseline: syncMs,
      budget: '<= 10 x one fdatasync',
      met: none.latencyMs.p99 <= 10 * syncMs,
    },
    {
      id: 'P2',
      measure: 'one fdatasync, p99; baseline its median',
      value: quantile(syncs, 0.99),
      unit: 'ms',
      baseline: syncMs,
      budget: null,
      met: null,
    },
    {
      id: 'P2',
      measure: 'the same on a server that keeps nothing, p99',
      value: bareAnswers.latencyMs.p99,
      unit: 'ms',
      baseline: syncMs,
      budget: null,
      met: null,
    },
    {
      id: 'P2',
      measure: 'answer at 2 000 shares/s, default linger, p99',
      value: usual.latencyMs.p99,
      unit: 'ms',
      baseline: syncMs,
      budget: '<= 60 ms',
      met: usual.latencyMs.p99 <= 60,
    },
  ]
}

/** Milliseconds of one fdatasync after a small write, again and again, on the disk that the pools of these benchmarks use. */
async function syncTimes(count: number): Promise<readonly number[]> {
  const file = openSync(join(temporaryDirectory(), 'sync'), 'w')
  const bytes = Buffer.alloc(4096, 1)
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    writeSync(file, bytes)
    const startedMs = performance.now()
    fdatasyncSync(file)
    times.push(performance.now() - startedMs)
  }
  closeSync(file)
  return times
}

/** Shares a second and latency at 1, 10, 100 and 1 000 connections with one share outstanding on each. */
export async function benchConnections(seconds: number): Promise<readonly Measure[]> {
  const measures: Measure[] = []
  for (const connections of [1, 10, 100, 1_000]) {
    const baseline = await bare(connections, 1, seconds)
    const report = await withPool({ journal: { lingerMsMax: 0 } }, (pool) =>
      load(pool.port, connections, 1, seconds),
    )
    refuseRefusals(report)
    const of = (what: string): string => `${what}, ${connections} connections, linger 0`
    const free = { budget: null, met: null }
    measures.push(
      {
        id: 'connections',
        measure: of('accepted shares'),
        value: report.acceptedPerSecond,
        unit: '1/s',
        baseline: baseline.acceptedPerSecond,
        ...free,
      },
      {
        id: 'connections',
        measure: of('answer p50'),
        value: report.latencyMs.p50,
        unit: 'ms',
        baseline: baseline.latencyMs.p50,
        ...free,
      },
      {
        id: 'connections',
        measure: of('answer p99'),
        value: report.latencyMs.p99,
        unit: 'ms',
        baseline: baseline.latencyMs.p99,
        ...free,
      },
    )
  }
  return measures
}

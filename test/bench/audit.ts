import { fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import * as t from 'io-ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { signingKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { writeBenchLedger } from './audit-ledger.ts'
import type { Measure } from './measure.ts'

/** What test/bench/audit-process.ts tells. */
const Audited = t.type({
  seconds: t.number,
  peakMiB: t.number,
  cpuSeconds: t.number,
  hashed: t.number,
  wrong: t.number,
  first: t.union([t.string, t.null]),
})

/** What test/bench/hash-thread.ts tells. */
const Hashed = t.type({ perSecond: t.number, cpuMicroseconds: t.number })
type Hashed = t.TypeOf<typeof Hashed>

/** That of src/cli/lodebook.js. */
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/lodebook', import.meta.url))

/** Most resident memory of an audit, whatever the size of the ledger. */
const PEAK_MIB_MAX = 500

/**
 * P6: an audit from a folder, end to end, with every proof of work recomputed, beside threads on all cores that only hash. Bare hashing
 * is measured before and after, since other work on the machine comes and goes.
 */
export async function benchAudit(shares: number, powAlgorithm: PowAlgorithm): Promise<readonly Measure[]> {
  const folder = join(temporaryDirectory(), 'ledger')
  const key = signingKey('bench.invalid', 'note', new Uint8Array(32).fill(1))
  await writeBenchLedger(folder, shares, powAlgorithm, key)
  const before = await bareHashRate(powAlgorithm)
  // The first time fills the cache of compiled source, as any earlier command has.
  await auditInProcess(folder, verifierKeyText(key.verifier))
  const audited = await auditInProcess(folder, verifierKeyText(key.verifier))
  const after = await bareHashRate(powAlgorithm)
  rmSync(folder, { recursive: true })
  const { seconds, peakMiB, cpuSeconds, hashed, wrong, first } = audited
  if (wrong > 0 || hashed !== shares) throw new Error(`the audit found something: ${first ?? hashed}`)
  const value = shares / seconds
  const baseline = (before.perSecond + after.perSecond) / 2
  const what = `audit of ${shares} shares, ${powAlgorithm}`
  return [
    {
      id: 'P6',
      measure: `${what}, beside hashing alone on ${availableParallelism()} cores`,
      value,
      unit: '1/s',
      baseline,
      budget: '>= 80 % of the bare hash rate',
      met: value >= 0.8 * baseline,
    },
    {
      id: 'P6',
      measure: `${what}, end to end`,
      value: seconds,
      unit: 's',
      baseline: null,
      budget: null,
      met: null,
    },
    {
      id: 'P6',
      measure: `${what}, processor time of a share, beside that of one hash`,
      value: (cpuSeconds * 1e6) / shares,
      unit: 'us',
      baseline: (before.cpuMicroseconds + after.cpuMicroseconds) / 2,
      budget: null,
      met: null,
    },
    {
      id: 'P6',
      measure: `${what}, resident memory at most`,
      value: peakMiB,
      unit: 'MiB',
      baseline: null,
      budget: `< ${PEAK_MIB_MAX} MiB`,
      met: peakMiB < PEAK_MIB_MAX,
    },
  ]
}

/** Proofs of work a second on all cores at the same time, with nothing else to do, and the processor time of one. */
async function bareHashRate(powAlgorithm: PowAlgorithm): Promise<Hashed> {
  const told = await Promise.all(
    Array.from({ length: availableParallelism() }, () => hashInThread(powAlgorithm)),
  )
  return {
    perSecond: told.reduce((sum, { perSecond }) => sum + perSecond, 0),
    cpuMicroseconds: told.reduce((sum, { cpuMicroseconds }) => sum + cpuMicroseconds, 0) / told.length,
  }
}

function hashInThread(powAlgorithm: PowAlgorithm): Promise<Hashed> {
  const worker = new Worker(new URL('./hash-thread.ts', import.meta.url), { workerData: powAlgorithm })
  return new Promise((resolve, reject) => {
    worker.once('message', (told) =>
      Hashed.is(told) ? resolve(told) : reject(new Error('the thread told something else')),
    )
    worker.once('error', reject)
  })
}

function auditInProcess(folder: string, key: string): Promise<t.TypeOf<typeof Audited>> {
  // As the npm script runs the command line.
  const execArgv = ['--max-semi-space-size=8']
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCache }
  const child = fork(new URL('./audit-process.ts', import.meta.url), [folder, key], { execArgv, env })
  return new Promise((resolve, reject) => {
    child.once('message', (told) =>
      Audited.is(told) ? resolve(told) : reject(new Error('the audit told something else')),
    )
    child.once('exit', (code) => reject(new Error(`the audit ended with ${code}`)))
  })
}

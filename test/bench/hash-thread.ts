import { parentPort, workerData } from 'node:worker_threads'
import { NONCE_OFFSET } from '../../domain/decred/header.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { benchHeader } from './audit-ledger.ts'

/** Hashes headers and does nothing else, for a while: tells how many a second, and the processor time of each in microseconds. */

const RUN_MS = 3_000
if (!PowAlgorithm.is(workerData)) throw new Error('which proof of work?')
const header = benchHeader()
const view = new DataView(header.buffer)
const run = (ms: number): { readonly perSecond: number; readonly cpuMicroseconds: number } => {
  const before = process.threadCpuUsage()
  const beganMs = performance.now()
  let count = 0
  while (performance.now() - beganMs < ms)
    for (let i = 0; i < 1_000; i++) {
      view.setUint32(NONCE_OFFSET, count++, true)
      powHash(workerData, header)
    }
  const { user, system } = process.threadCpuUsage(before)
  return {
    perSecond: (count * 1000) / (performance.now() - beganMs),
    cpuMicroseconds: (user + system) / count,
  }
}
run(RUN_MS / 4)
parentPort?.postMessage(run(RUN_MS))

import { blake256 as nobleBlake256 } from '@noble/hashes/blake1.js'
import { blake3 as nobleBlake3 } from '@noble/hashes/blake3.js'
import { HEADER_BYTES, NONCE_OFFSET } from '../../domain/decred/header.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { Measure } from './measure.ts'

const RUN_MS = 1_000
const BUDGET: Record<PowAlgorithm, number> = { blake3: 1_000_000, blake256: 300_000 }

/** Proofs of work a second on one core, beside the other implementation that the tests hold them to. */
export function benchHashes(): readonly Measure[] {
  const noble = { blake3: nobleBlake3, blake256: nobleBlake256 }
  return (['blake3', 'blake256'] as const).map((algorithm) => {
    const baseline = perSecond(noble[algorithm])
    const value = perSecond((header) => powHash(algorithm, header))
    return {
      id: `hash-${algorithm}`,
      measure: `${algorithm} of a header, one core`,
      value,
      unit: '1/s',
      baseline,
      budget: `>= ${BUDGET[algorithm]}`,
      met: value >= BUDGET[algorithm],
    }
  })
}

function perSecond(hash: (header: Uint8Array) => Uint8Array): number {
  const header = new Uint8Array(HEADER_BYTES)
  const view = new DataView(header.buffer)
  const run = (ms: number): number => {
    const startedMs = performance.now()
    let count = 0
    while (performance.now() - startedMs < ms)
      for (let i = 0; i < 1_000; i++) {
        view.setUint32(NONCE_OFFSET, count++, true)
        hash(header)
      }
    return (count * 1000) / (performance.now() - startedMs)
  }
  run(RUN_MS / 4)
  return run(RUN_MS)
}

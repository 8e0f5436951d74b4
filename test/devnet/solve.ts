import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { meetsTarget, type PowAlgorithm } from '../../domain/decred/proof-of-work.ts'

const NONCE_OFFSET = 140
const HEADER_BYTES = 180

/** What `getwork` gives. */
export interface WorkData {
  readonly data: string
  readonly target: string
}

/** Tries nonces from `from` on until the data meets its target, or, for `wanted` false, misses it. */
export function solveData(work: WorkData, algorithm: PowAlgorithm, wanted = true, from = 0): string {
  const data = bytes(work.data)
  const target = bytes(work.target)
  const view = new DataView(data.buffer)
  for (let nonce = from; ; nonce++) {
    view.setUint32(NONCE_OFFSET, nonce, true)
    if (meetsTarget(powHash(algorithm, data.subarray(0, HEADER_BYTES)), target) === wanted) return toHex(data)
  }
}

/** Reads hex that is known to be hex. */
export function bytes(hex: string): Uint8Array {
  const decoded = fromHex(hex)
  if (decoded === undefined) throw new Error(`${hex} is not hex`)
  return decoded
}

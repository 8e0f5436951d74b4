import { toHex } from './hex.ts'
import type { Network } from './network.ts'

/** Bit of the compact form that says the number is negative. */
const SIGN = 0x0080_0000

/**
 * Unpacks the target of a header's bits: the top byte is a length in bytes, the low 23 bits the leading digits. 0n when
 * the bits say a negative number or zero, which no hash can meet. May exceed the network's limit.
 */
export function compactToTarget(bits: number): bigint {
  const mantissa = BigInt(bits & 0x007f_ffff)
  if ((bits & SIGN) !== 0) return 0n
  const shift = 8n * (BigInt(bits >>> 24) - 3n)
  return shift < 0n ? mantissa >> -shift : mantissa << shift
}

/** Packs a target into compact bits, keeping its first 16 to 23 bits. Also writes the sign that consensus tests for. */
export function targetToCompact(target: bigint): number {
  const sign = target < 0n ? SIGN : 0
  const magnitude = target < 0n ? -target : target
  let length = byteLength(magnitude)
  let mantissa = Number(
    length > 3 ? magnitude >> BigInt(8 * (length - 3)) : magnitude << BigInt(8 * (3 - length)),
  )
  // The mantissa has no room for a 24th bit: that is the sign.
  if ((mantissa & SIGN) !== 0) {
    mantissa >>= 8
    length++
  }
  return ((length << 24) | sign | mantissa) >>> 0
}

const byteLength = (magnitude: bigint): number =>
  magnitude === 0n ? 0 : Math.ceil(magnitude.toString(16).length / 2)

/**
 * Target of a share at a difficulty: floor(powLimit / difficulty), the formula of gominer and of every Decred pool.
 *
 * @throws RangeError unless the difficulty is an integer of at least 1.
 */
export function difficultyTarget(network: Network, difficulty: number): bigint {
  if (!Number.isSafeInteger(difficulty) || difficulty < 1)
    throw new RangeError(`difficulty ${difficulty} is not an integer of at least 1`)
  return network.powLimit / BigInt(difficulty)
}

const HIGHEST_HASH = (1n << 256n) - 1n

/** Writes a target as the 32 little-endian bytes that `meetsTarget` compares; one beyond 256 bits as the highest hash. */
export function targetBytes(target: bigint): Uint8Array {
  const bytes = new Uint8Array(32)
  let rest = target > HIGHEST_HASH ? HIGHEST_HASH : target
  for (let i = 0; i < 32; i++) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}

/** Difficulty of a block with these bits, on the scale of shares: floor(powLimit / target), at least 1. */
export const networkDifficulty = (network: Network, bits: number): number =>
  Math.max(1, quotient(network.powLimit, compactToTarget(bits)))

/** Highest difficulty that a hash meets: floor(powLimit / hash). 0 when it misses even difficulty 1. */
export function hashDifficulty(network: Network, hash: Uint8Array): number {
  return quotient(network.powLimit, BigInt(`0x${toHex(hash.slice().reverse())}`))
}

/** Whole quotient as a number, at most 2^53 - 1. */
function quotient(dividend: bigint, divisor: bigint): number {
  const cap = BigInt(Number.MAX_SAFE_INTEGER)
  if (divisor === 0n) return Number.MAX_SAFE_INTEGER
  const exact = dividend / divisor
  return Number(exact > cap ? cap : exact)
}

/** Hashes it takes on average to meet a target: floor(2^256 / (target + 1)), dcrd's measure of work; 0n for no target. */
export const expectedHashes = (target: bigint): bigint => (target <= 0n ? 0n : (1n << 256n) / (target + 1n))

/** Hashes behind one unit of difficulty: 2^32 on mainnet, 2^24 on testnet3, 2 on simnet and regnet. */
export const hashesPerDifficulty = (network: Network): number => Number(expectedHashes(network.powLimit))

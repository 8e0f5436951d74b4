import * as E from 'fp-ts/lib/Either.js'
import {
  BITS_OFFSET,
  EXTRA_DATA_OFFSET,
  HEADER_BYTES,
  headerBits,
  NONCE_OFFSET,
  STAKE_VERSION_OFFSET,
  TIMESTAMP_OFFSET,
} from '../../../domain/decred/header.ts'
import { fromHex, reverseBytes, toHex } from '../../../domain/decred/hex.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { compactToTarget, targetBytes } from '../../../domain/decred/target.ts'
import type { Dialect } from './dialect.ts'

/** What the pool gave a device to count in. */
export interface Extranonce {
  /** extranonce1 as it was sent, with whatever padding. */
  readonly sent: Uint8Array
  /** Size of extranonce2 as it was told, in bytes. */
  readonly told: number
}

/** A job as a device holds it: a header in which it may move time, nonce and its counter. */
export interface Work {
  readonly job: string
  readonly clean: boolean
  readonly algorithm: PowAlgorithm
  /** 180 bytes, everything in place but what moves. */
  readonly header: Uint8Array
  /** Unix seconds in the header. */
  readonly time: number
  /** 32 bytes little-endian. */
  readonly networkTarget: Uint8Array
  /** The bytes of the header that are sent back as extranonce2. */
  readonly echo: Range
  /** The bytes of the header in which the device counts, little-endian; none when the pool left it no room. */
  readonly counter: Range
}

/** Offsets in a header, `to` not included. */
interface Range {
  readonly from: number
  readonly to: number
}

/** What makes a header of a work the header of a share. */
export interface Solution {
  readonly counter: number
  readonly nonce: number
  /** Unix seconds. */
  readonly time: number
}

/** Job id, previous block, genTx1, genTx2, branches, version, bits, time, clean. */
type NotifyParams = readonly [
  ...[job: string, previous: string, genTx1: string, genTx2: string],
  branches: readonly unknown[],
  ...[version: string, bits: string, time: string],
  clean: boolean,
]

const isNotifyParams = (params: unknown): params is NotifyParams =>
  Array.isArray(params) &&
  [0, 1, 2, 3, 5, 6, 7].every((i) => typeof params[i] === 'string') &&
  Array.isArray(params[4]) &&
  typeof params[8] === 'boolean'

/** Bytes that the genTx1 of a chain holds: all that follows the previous block, or up to the nonce and not the extra data. */
const GENTX1_BYTES = { blake3: 144, blake256: 108 } as const
const COUNTER_BYTES = 4

/**
 * Puts a header together from `mining.notify` as the device does. The left is a sentence that says what the device can't
 * do with the job: a pool that makes it say so is wrong for this device.
 */
export function readNotify(
  dialect: Dialect,
  algorithm: PowAlgorithm,
  extranonce: Extranonce,
  params: unknown,
): E.Either<string, Work> {
  if (!isNotifyParams(params)) return E.left('a job has nine parameters')
  const [job, previousText, genTx1Text, genTx2Text, , versionText, bitsText, timeText, clean] = params
  const version = bytesOf(versionText, 4)
  const previous = bytesOf(previousText, 32)
  const genTx1 = bytesOf(genTx1Text, GENTX1_BYTES[algorithm])
  const genTx2 = algorithm === 'blake3' ? new Uint8Array(0) : bytesOf(genTx2Text, 4)
  const bits = bytesOf(bitsText, 4)
  const time = bytesOf(timeText, 4)
  if (!(version && previous && genTx1 && genTx2 && bits && time))
    return E.left(`job ${job} has a field that is not hex of the length this device takes`)
  const header = new Uint8Array(HEADER_BYTES)
  header.set(version)
  header.set(dialect.swapsPrevious ? swapWords(previous) : previous, version.length)
  header.set(genTx1, version.length + previous.length)
  header.set(genTx2, HEADER_BYTES - genTx2.length)
  header.set(dialect.bigEndianJobs ? reverseBytes(time) : time, TIMESTAMP_OFFSET)
  const own = dialect.bigEndianJobs ? reverseBytes(bits) : bits
  if (toHex(own) !== toHex(header.subarray(BITS_OFFSET, BITS_OFFSET + 4)))
    return E.left(`the bits of job ${job} are not those of its header, in the byte order of this device`)
  const area = areaOf(dialect, extranonce)
  if (typeof area === 'string') return E.left(area)
  header.set(extranonce.sent, EXTRA_DATA_OFFSET)
  return E.right({
    job,
    clean,
    algorithm,
    header,
    time: viewOf(header).getUint32(TIMESTAMP_OFFSET, true),
    networkTarget: targetBytes(compactToTarget(headerBits(header))),
    ...area,
  })
}

/** Where a device counts and what it sends back, or a sentence that says why it can't. */
function areaOf(dialect: Dialect, { sent, told }: Extranonce): Pick<Work, 'echo' | 'counter'> | string {
  const start = EXTRA_DATA_OFFSET
  if (dialect.extranonce.kind === 'leading') {
    const bytes = dialect.extranonce.size === 4 ? 4 : told
    const from = start + sent.length
    if (from + bytes > STAKE_VERSION_OFFSET) return 'the extranonces do not fit in 32 bytes'
    return {
      echo: { from, to: from + bytes },
      counter: { from, to: from + Math.min(bytes, COUNTER_BYTES) },
    }
  }
  const from = start + dialect.extranonce.counterAt
  const to = start + sent.length
  if (to > STAKE_VERSION_OFFSET) return 'the extranonce does not fit in 32 bytes'
  const room = Math.max(0, Math.min(COUNTER_BYTES, to - EXTRANONCE1_BYTES - from))
  return { echo: { from: start, to }, counter: { from, to: from + room } }
}

/** Bytes at the end of a sent extranonce1 that a device with a counter in front of them leaves alone. */
const EXTRANONCE1_BYTES = 4

/** How many different values the device's counter has. */
export const counterSize = (work: Work): number => 256 ** (work.counter.to - work.counter.from)

/** Writes a solution into a header of its work. */
export function applySolution(work: Work, header: Uint8Array, { counter, nonce, time }: Solution): void {
  const view = viewOf(header)
  view.setUint32(TIMESTAMP_OFFSET, time, true)
  view.setUint32(NONCE_OFFSET, nonce, true)
  let rest = counter
  for (let at = work.counter.from; at < work.counter.to; at++) {
    header[at] = rest & 0xff
    rest >>>= 8
  }
}

/** Parameters of `mining.submit` for a header that was found, as the device writes them. */
export function submitParams(
  dialect: Dialect,
  user: string,
  work: Work,
  header: Uint8Array,
): readonly string[] {
  const number = (at: number): string => {
    const bytes = header.subarray(at, at + 4)
    return toHex(dialect.bigEndianShares ? reverseBytes(bytes) : bytes)
  }
  const echo = header.subarray(work.echo.from, work.echo.to)
  return [user, work.job, toHex(echo), number(TIMESTAMP_OFFSET), number(NONCE_OFFSET)]
}

function bytesOf(hex: string, length: number): Uint8Array | undefined {
  const bytes = fromHex(hex)
  return bytes?.length === length ? bytes : undefined
}

/** Reverses the bytes of each 4-byte word. */
function swapWords(bytes: Uint8Array): Uint8Array {
  const swapped = bytes.slice()
  for (let at = 0; at < swapped.length; at += 4) swapped.subarray(at, at + 4).reverse()
  return swapped
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

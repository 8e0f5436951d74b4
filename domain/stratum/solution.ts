import { EXTRA_DATA_OFFSET, HEADER_BYTES, NONCE_OFFSET, TIMESTAMP_OFFSET } from '../decred/header.ts'
import { EXTRANONCE1_BYTES, type ExtranonceLayout, type Wire } from './profile.ts'
import type { Submission } from './request.ts'

/** A submission's fields as numbers and bytes, in header order. */
export interface Solution {
  /** Unix seconds. */
  readonly ntime: number
  /** Header bytes 140..143 as uint32 LE. */
  readonly nonce: number
  /** As submitted, lower-case hex, zeros filled up to the longest length of the layout. */
  readonly extranonce2: string
}

/** Why the strings of a share give no solution. */
export interface MalformedSolution {
  readonly kind: 'malformed' | 'foreign-extranonce'
  readonly text: string
}

const HEX_8 = /^[0-9a-fA-F]{8}$/
const HEX = /^[0-9a-fA-F]*$/

/**
 * Reads the strings of a share as a wire's devices write them. Where the device echoes extranonce1 it must be this connection's
 * own (hex), or the same work could be claimed twice.
 */
export function readSolution(
  submission: Submission,
  wire: Wire,
  extranonce1: string,
): Solution | MalformedSolution {
  const { ntime, nonce, extranonce2 } = submission
  if (!HEX_8.test(ntime)) return malformed(`ntime must be 8 hex characters, got ${ntime.length}`)
  if (!HEX_8.test(nonce)) return malformed(`nonce must be 8 hex characters, got ${nonce.length}`)
  const layout = wire.extranonce
  const bytes = extranonce2.length / 2
  if (!layout.submittedBytes.includes(bytes) || !HEX.test(extranonce2))
    return malformed(
      `extranonce2 must be ${layout.submittedBytes.map((n) => n * 2).join(' or ')} hex characters, got ${extranonce2.length}`,
    )
  const lower = extranonce2.toLowerCase()
  if (layout.extranonce1 === 'after' && !lower.endsWith(extranonce1))
    return {
      kind: 'foreign-extranonce',
      text: `extranonce1 is ${extranonce1} here, got ${lower.slice(-EXTRANONCE1_BYTES * 2)}`,
    }
  const read = wire.bigEndianSubmit ? uint32BigEndian : uint32LittleEndian
  return { ntime: read(ntime), nonce: read(nonce), extranonce2: lower.padEnd(longest(layout) * 2, '0') }
}

const longest = (layout: ExtranonceLayout): number => Math.max(...layout.submittedBytes)

const malformed = (text: string): MalformedSolution => ({ kind: 'malformed', text })

const uint32BigEndian = (hex: string): number => Number.parseInt(hex, 16)

function uint32LittleEndian(hex: string): number {
  const n = Number.parseInt(hex, 16)
  return (((n & 0xff) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)) >>> 0
}

/**
 * The exact 180 bytes that were hashed: the job's header with time, nonce and extranonces put in. This is the rule by which an
 * auditor rebuilds a header from `WorkIssued`, `MinerConnected` and the columns of `SharesAccepted`. Written to `into`.
 */
export function solveHeader(
  jobHeader: Uint8Array,
  layout: ExtranonceLayout,
  extranonce1: string,
  solution: Solution,
  into: Uint8Array,
): void {
  into.set(jobHeader)
  writeUint32(into, TIMESTAMP_OFFSET, solution.ntime)
  writeUint32(into, NONCE_OFFSET, solution.nonce)
  const area = layout.extranonce1 === 'before' ? extranonce1 + solution.extranonce2 : solution.extranonce2
  let at = EXTRA_DATA_OFFSET
  for (let i = 0; i + 1 < area.length && at < HEADER_BYTES; i += 2)
    into[at++] = (hexDigit(area.charCodeAt(i)) << 4) | hexDigit(area.charCodeAt(i + 1))
}

function writeUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value & 0xff
  into[at + 1] = (value >>> 8) & 0xff
  into[at + 2] = (value >>> 16) & 0xff
  into[at + 3] = value >>> 24
}

const hexDigit = (code: number): number => (code <= 57 ? code - 48 : code - 87)

import type { IssuedJob, SolvedShare } from '../../adapters/read-models/port.ts'
import {
  HEADER_BYTES,
  headerHeight,
  STAKE_VERSION_OFFSET,
  TIMESTAMP_OFFSET,
} from '../../domain/decred/header.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { type EventData, event, type PoolEvent } from '../../domain/events.ts'
import { canHaveGiven } from '../../domain/mining/session-book.ts'
import { profileNamed } from '../../domain/stratum/profiles/index.ts'
import { solveHeader } from '../../domain/stratum/solution.ts'

/** Whose a block is: the job that it was made from, and the share that solved it with its miner, as far as they are known. */
export type Finder = Pick<
  EventData<'BlockFound'>,
  'share' | 'gateway' | 'job' | 'connection' | 'account' | 'worker'
>

/** A block that somebody found. */
export interface FoundBlock {
  /** 180 bytes, solved. */
  readonly header: Uint8Array
  readonly powAlgorithm: PowAlgorithm
}

/** The event that begins the record of a block; `at` in Unix ms. */
export const blockFound = (at: number, { header, powAlgorithm }: FoundBlock, finder: Finder): PoolEvent =>
  event('BlockFound', {
    v: 1,
    at,
    height: headerHeight(header),
    header: toHex(header),
    powAlgorithm,
    share: finder.share,
    gateway: finder.gateway,
    job: finder.job,
    connection: finder.connection,
    account: finder.account,
    worker: finder.worker,
  })

/** The finder of a block whose share was lost with its process: only the job is known. */
export const unknownFinder = ({ gateway, job }: IssuedJob): Finder => ({
  share: null,
  gateway,
  job,
  connection: null,
  account: null,
  worker: null,
})

/** Rebuilds the header that a share of the log solved; undefined when its job or its connection is not in the log. */
export function rebuiltHeader(share: SolvedShare, job: IssuedJob | undefined): Uint8Array | undefined {
  const profile = share.profile === null ? undefined : profileNamed(share.profile)
  if (job === undefined || profile === undefined || share.extranonce1 === null) return undefined
  const jobHeader = headerOf(job.header)
  const timestamp = new DataView(jobHeader.buffer).getUint32(TIMESTAMP_OFFSET, true)
  const header = new Uint8Array(HEADER_BYTES)
  const solution = {
    ntime: timestamp + share.ntime,
    nonce: share.nonce,
    extranonce2: share.extranonce2,
  }
  solveHeader(jobHeader, profile.wire(job.powAlgorithm).extranonce, share.extranonce1, solution, header)
  return header
}

/**
 * Says whether a header is a solution by a miner of a process before `gateway`: the one that issued the job or one after it, which was
 * given the same template and may have lost its own job with the share. A process remembers what its own miners solved. The node gives a
 * template to whoever asks, and mines on it itself: what they solve has another extranonce1.
 */
export function isLost(job: IssuedJob, header: Uint8Array, gateway: number): boolean {
  if (!isMadeFrom(headerOf(job.header), header)) return false
  for (let earlier = job.gateway; earlier < gateway; earlier++) if (canHaveGiven(earlier, header)) return true
  return false
}

/** Reads a header of the log. This program wrote it: one that is no hex is a programmer's error. */
export function headerOf(hex: string): Uint8Array {
  const header = fromHex(hex)
  if (header === undefined || header.length !== HEADER_BYTES) throw new Error(`not a header: ${hex}`)
  return header
}

/** A header is of a job's template when all is equal but time, nonce and extra data. */
function isMadeFrom(job: Uint8Array, header: Uint8Array): boolean {
  const same = (from: number, to: number): boolean =>
    toHex(job.subarray(from, to)) === toHex(header.subarray(from, to))
  return same(0, TIMESTAMP_OFFSET) && same(STAKE_VERSION_OFFSET, HEADER_BYTES)
}

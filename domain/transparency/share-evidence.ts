import * as E from 'fp-ts/lib/Either.js'
import { HEADER_BYTES, headerBits, headerTimestamp } from '../decred/header.ts'
import { fromHex } from '../decred/hex.ts'
import type { Network } from '../decred/network.ts'
import type { PowAlgorithm } from '../decred/proof-of-work.ts'
import { compactToTarget, difficultyTarget, targetBytes } from '../decred/target.ts'
import type { EventData } from '../events.ts'
import { profileNamed } from '../stratum/profiles/index.ts'
import { solveHeader } from '../stratum/solution.ts'

/** The entries that one share is rebuilt from: its own, its job's, and the first two of its connection. */
export interface ShareEntries {
  readonly shares: EventData<'SharesAccepted'>
  /** Position of the share in the columns. */
  readonly position: number
  /** The `WorkIssued` of its gateway with its job number. */
  readonly work: EventData<'WorkIssued'>
  readonly connected: EventData<'MinerConnected'>
  readonly identified: EventData<'MinerIdentified'>
}

/** The bytes that a miner hashed, and what their hash had to meet. */
export interface RebuiltShare {
  /** 180 bytes. */
  readonly header: Uint8Array
  readonly powAlgorithm: PowAlgorithm
  readonly difficulty: number
  /** At the judged difficulty: 32 bytes, little-endian; a hash may be equal to it. */
  readonly target: Uint8Array
  /** Of a block, from the job's bits. */
  readonly networkTarget: Uint8Array
}

/** Why a share can't be rebuilt from entries. */
export interface EvidenceError {
  readonly kind:
    | 'no-share'
    /** The entries belong to another job. */
    | 'other-job'
    /** A profile that this program does not know: where the extranonces stand is unknown. */
    | 'unknown-profile'
    /** The columns do not fit the layout of the profile. */
    | 'wrong-extranonce'
  readonly message: string
}

/**
 * Rebuilds the header of a share and its targets from ledger entries: the rule of `docs/ledger-spec.md`. Hashing is the caller's, who may have
 * another implementation (a browser has).
 */
export function rebuildShare(network: Network, entries: ShareEntries): E.Either<EvidenceError, RebuiltShare> {
  const { shares, position, work, connected, identified } = entries
  const refuse = (kind: EvidenceError['kind'], message: string): E.Either<EvidenceError, never> =>
    E.left({ kind, message })
  const difficulty = shares.difficulty[position]
  const extranonce2 = shares.extranonce2[position]
  const ntime = shares.ntime[position]
  const nonce = shares.nonce[position]
  if (difficulty === undefined || extranonce2 === undefined || ntime === undefined || nonce === undefined)
    return refuse('no-share', `The entry holds ${shares.difficulty.length} shares, none at ${position}.`)
  if (shares.job[position] !== work.job)
    return refuse('other-job', `The share is of job ${shares.job[position]}, the work is job ${work.job}.`)
  const layout = profileNamed(identified.profile)?.wire(work.powAlgorithm).extranonce
  if (layout === undefined)
    return refuse('unknown-profile', `Profile "${identified.profile}" is not known here.`)
  const longest = Math.max(...layout.submittedBytes)
  const isOwn = layout.extranonce1 === 'before' || extranonce2.endsWith(connected.extranonce1)
  if (extranonce2.length !== 2 * longest || !isOwn)
    return refuse(
      'wrong-extranonce',
      `Extranonce2 ${extranonce2} is not one of ${longest} bytes for extranonce1 ${connected.extranonce1}.`,
    )
  const job = fromHex(work.header) ?? new Uint8Array(HEADER_BYTES)
  const header = new Uint8Array(HEADER_BYTES)
  const solution = { ntime: headerTimestamp(job) + ntime, nonce, extranonce2 }
  solveHeader(job, layout, connected.extranonce1, solution, header)
  return E.right({
    header,
    powAlgorithm: work.powAlgorithm,
    difficulty,
    target: targetBytes(difficultyTarget(network, difficulty)),
    networkTarget: targetBytes(compactToTarget(headerBits(job))),
  })
}

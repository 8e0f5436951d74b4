import { HEADER_BYTES } from '../decred/header.ts'
import type { Network } from '../decred/network.ts'
import { powHash } from '../decred/pow-hash.ts'
import { meetsTarget } from '../decred/proof-of-work.ts'
import { difficultyTarget, hashDifficulty, targetBytes } from '../decred/target.ts'
import type { RejectReason } from '../events.ts'
import type { ExtranonceLayout, Wire } from '../stratum/profile.ts'
import type { Submission } from '../stratum/request.ts'
import { readSolution, type Solution, solveHeader } from '../stratum/solution.ts'
import type { Job } from './job.ts'
import type { JobBook } from './job-book.ts'
import { difficultyOf, lookUpSolution, type Session } from './session.ts'

/** Seconds that a share's time may be ahead of the pool's clock: the consensus rule for blocks. */
export const NTIME_AHEAD_SECONDS_MAX = 7200

const DUPLICATE_TEXT = 'Duplicate share: already submitted'

/** A share that counts. */
export interface AcceptedShare {
  readonly kind: 'accepted'
  readonly job: Job
  readonly difficulty: number
  readonly solution: Solution
  /** Names the header: for `takeSolution`, once it is sure that the share will be recorded. */
  readonly key: string
  /** First twelve bytes of the extra data in hex: all that any device fills. */
  readonly extraData: string
  /** The solved 180 bytes when they meet the network's target too. */
  readonly solvedHeader: Uint8Array | null
}

/** A share that does not count, and what the miner is told. */
export interface RejectedShare {
  readonly kind: 'rejected'
  readonly reason: RejectReason
  readonly text: string
  /** Difficulties, 0 where the reason has none. */
  readonly needed: number
  readonly best: number
}

const scratch = new Uint8Array(HEADER_BYTES)

/**
 * Judges a share: shape, job known and current (or on the tip before it, within the grace time), time, duplicate, proof of
 * work, in that order. Whether the connection may submit at all is the connection's business. Changes nothing.
 *
 * The network's target is never harder than the share's (`difficultyOf` sees to it), so a block is always an accepted share.
 */
export function judgeShare(
  network: Network,
  book: JobBook,
  nowMs: number,
  lateShareGraceMs: number,
  session: Session,
  wire: Wire,
  submission: Submission,
): AcceptedShare | RejectedShare {
  const solution = readSolution(submission, wire, session.extranonce1)
  if ('text' in solution) return reject(solution.kind, solution.text)

  const job = book.jobs.get(submission.job)
  const difficulty = job === undefined ? null : difficultyOf(session, job)
  if (job === undefined || difficulty === null)
    return reject(
      'unknown-job',
      `Stale or unknown job: ${submission.job.slice(0, 24)} is not a job of this connection`,
    )
  if (job.parent !== book.parent && !isLate(book, job, nowMs, lateShareGraceMs))
    return reject('stale', `Stale job: a block was found since, the work is now on ${book.parent}`)

  const latest = Math.floor(nowMs / 1000) + NTIME_AHEAD_SECONDS_MAX
  if (solution.ntime < job.timestamp || solution.ntime > latest)
    return reject(
      'time-out-of-range',
      `Time out of range: ntime must be ${job.timestamp} to ${latest}, got ${solution.ntime}`,
    )

  const extraData = extraDataOf(wire.extranonce, session.extranonce1, solution.extranonce2)
  const key = `${solution.nonce}.${extraData}.${solution.ntime}`
  const known = lookUpSolution(session, job.template, key)
  if (known === 'taken') return reject('duplicate', DUPLICATE_TEXT)
  if (known === 'full')
    return reject(
      'too-many',
      'Too many shares on one block: ask for a higher difficulty, for example d=1024 as password',
    )

  solveHeader(job.header, wire.extranonce, session.extranonce1, solution, scratch)
  const hash = powHash(job.powAlgorithm, scratch)
  if (!meetsTarget(hash, shareTarget(network, difficulty))) {
    const best = hashDifficulty(network, hash)
    return {
      kind: 'rejected',
      reason: 'low-difficulty',
      text: `Low difficulty share: needed ${difficulty}, got ${best}`,
      needed: difficulty,
      best,
    }
  }
  const solvedHeader = meetsTarget(hash, job.target) ? scratch.slice() : null
  return { kind: 'accepted', job, difficulty, solution, key, extraData, solvedHeader }
}

const reject = (reason: RejectReason, text: string): RejectedShare => ({
  kind: 'rejected',
  reason,
  text,
  needed: 0,
  best: 0,
})

/** A share on the block before the tip, in flight when the tip came. */
const isLate = (book: JobBook, job: Job, nowMs: number, graceMs: number): boolean =>
  job.parent === book.previousParent && nowMs - book.parentSinceMs < graceMs

/**
 * The same for the same header, whichever layout it was reached by: a session may be resumed with another agent, and a layout's
 * extranonce2 may end in zeros.
 */
const extraDataOf = (
  { extranonce1: place }: ExtranonceLayout,
  extranonce1: string,
  extranonce2: string,
): string => (place === 'before' ? extranonce1 + extranonce2 : extranonce2).padEnd(EXTRA_DATA_HEX, '0')

/** Of the longest layouts: four bytes and eight. */
const EXTRA_DATA_HEX = 24

const TARGETS_MAX = 4096
const targets = new Map<string, Map<number, Uint8Array>>()

/** Target bytes of a difficulty, remembered: dividing 256 bits for each share would cost more than hashing it. */
function shareTarget(network: Network, difficulty: number): Uint8Array {
  let known = targets.get(network.name)
  if (known === undefined) {
    known = new Map()
    targets.set(network.name, known)
  }
  let target = known.get(difficulty)
  if (target === undefined) {
    if (known.size >= TARGETS_MAX) known.clear()
    target = targetBytes(difficultyTarget(network, difficulty))
    known.set(difficulty, target)
  }
  return target
}

import { merkleRoot } from '../domain/decred/header.ts'
import { fromHex } from '../domain/decred/hex.ts'
import type { EventData } from '../domain/events.ts'
import { effortPerDifficulty } from './effort.ts'
import type { JobFacts, Tally } from './tally.ts'

/**
 * Heights for which jobs are kept: a block of the pool that was lost in a crash is still recognised on the chain a day later on
 * mainnet. With ten jobs for a height that is 3 000 rows.
 */
export const JOB_HEIGHTS_KEPT = 300

/** Jobs below this height are forgotten. */
export const jobsKeptFrom = (tally: Tally): number => tally.height - JOB_HEIGHTS_KEPT + 1

/** A job was handed out: its bits weigh the shares that name it, and its template is kept for recognising blocks. */
export function foldWorkIssued(tally: Tally, gateway: number, data: EventData<'WorkIssued'>): void {
  const { job, header, powAlgorithm, height, bits, subsidy, at: issuedAt, reason } = data
  rememberJob(tally, gateway, job, { height, bits, subsidy: BigInt(subsidy) })
  tally.height = Math.max(tally.height, height)
  tally.firstHeight ??= height
  tally.newestBits = bits
  tally.changes.jobs.push({
    gateway,
    job,
    header,
    powAlgorithm,
    height,
    bits,
    subsidy,
    issuedAt,
    reason,
    merkleRoot: merkleRoot(fromHex(header) ?? new Uint8Array(0)),
    entry: tally.entries,
  })
}

/** Takes a job's facts into memory. */
export function rememberJob(tally: Tally, gateway: number, job: number, facts: JobFacts): void {
  const jobs = tally.jobs.get(gateway) ?? new Map<number, JobFacts>()
  tally.jobs.set(gateway, jobs.set(job, facts))
}

/** Effort (2^-96) of one difficulty on a job, or on the newest work when the job is not known; 0n before any work. */
export function perDifficultyOf(tally: Tally, gateway: number, job: number): bigint {
  const facts = tally.jobs.get(gateway)?.get(job)
  const known = facts !== undefined && facts.height >= jobsKeptFrom(tally)
  const bits = known ? facts.bits : tally.newestBits
  if (tally.pool === undefined || bits === null) return 0n
  const cached = tally.perDifficulty.get(bits)
  if (cached !== undefined) return cached
  if (tally.perDifficulty.size >= CACHED_BITS_MAX) tally.perDifficulty.clear()
  const effort = effortPerDifficulty(tally.pool.network, bits)
  tally.perDifficulty.set(bits, effort)
  return effort
}

/** Bits change every 144 blocks on mainnet; shares name those of one or two heights. */
const CACHED_BITS_MAX = 64

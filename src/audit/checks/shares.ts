import {
  headerBits,
  headerHeight,
  NONCE_OFFSET,
  STAKE_VERSION_OFFSET,
} from '../../../domain/decred/header.ts'
import { fromHex } from '../../../domain/decred/hex.ts'
import type { EventData } from '../../../domain/events.ts'
import { NTIME_AHEAD_SECONDS_MAX } from '../../../domain/mining/share.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import { ForgottenHeights, NO_TEMPLATE } from '../forgotten-heights.ts'
import { HeaderSet } from '../header-set.ts'
import type { ProofOutcome } from '../prover.ts'
import {
  type Connection,
  type Job,
  type References,
  type ResolvedShares,
  type SharesAtHand,
  WORK_HEIGHTS_KEPT,
} from '../references.ts'
import { timeText } from '../time.ts'

/** A stretch of time in which a gateway's work was on one parent. */
interface Reign {
  readonly parent: string
  readonly sinceMs: number
}

/** Parents remembered for each gateway. Shares are of the last two, but may wait for a store that is away while work goes on: for a day. */
const REIGNS_KEPT = 288

/**
 * A3: every share is what it is credited for. Hashing is done elsewhere, and its outcome comes later, in the order of the log
 * ({@link proved}).
 */
export class SharesCheck {
  readonly #report: CheckReport
  readonly #references: References
  readonly #reigns = new Map<number, Reign[]>()
  readonly #headers = new HeaderSet()
  readonly #forgotten = new ForgottenHeights()
  #graceMs = 0
  /** What every extranonce1 of the newest gateway begins with. */
  #extranonce: { readonly gateway: number; readonly prefix: string } | null = null
  /** Shares that were hashed. */
  hashed = 0

  constructor(report: Report, references: References) {
    this.#report = reportOf('A3', report)
    this.#references = references
  }

  policyAdopted({ lateShareGraceMs }: EventData<'PolicyAdopted'>): void {
    this.#graceMs = lateShareGraceMs
  }

  gatewayJoined({ gateway, extranoncePrefix: prefix }: EventData<'GatewayJoined'>): void {
    this.#extranonce = { gateway, prefix }
  }

  /** Takes a connection. One of another gateway than the newest is named by A2. */
  minerConnected(entry: number, gateway: number, { extranonce1 }: EventData<'MinerConnected'>): void {
    const given = this.#extranonce
    if (given === null || given.gateway !== gateway || extranonce1.startsWith(given.prefix)) return
    this.#report.wrong(
      'wrong-extranonce',
      entry,
      `Entry ${entry} gives a connection of gateway ${gateway} the extranonce1 ${extranonce1}.`,
      `One that begins with ${given.prefix}, as all of this gateway.`,
    )
  }

  /** Takes work, before it is what shares may refer to. */
  workIssued(entry: number, gateway: number, data: EventData<'WorkIssued'>): void {
    const header = fromHex(data.header)
    const isCleared = header?.subarray(NONCE_OFFSET, STAKE_VERSION_OFFSET).every((byte) => byte === 0)
    if (
      header === undefined ||
      isCleared !== true ||
      headerBits(header) !== data.bits ||
      headerHeight(header) !== data.height
    )
      this.#report.wrong(
        'wrong-work',
        entry,
        `Entry ${entry} issues job ${data.job} with a header that says something else than it does.`,
        `A header of height ${data.height} and bits ${data.bits}, nonce and extra data cleared.`,
      )
    if (this.#references.job(gateway, data.job) !== undefined)
      this.#report.wrong(
        'wrong-work',
        entry,
        `Entry ${entry} issues job ${data.job} of gateway ${gateway} again.`,
        'Each number once.',
      )
    const newest = this.#references.height
    if (data.height <= newest - WORK_HEIGHTS_KEPT)
      this.#report.wrong(
        'wrong-work',
        entry,
        `Entry ${entry} issues work at height ${data.height}, and there was work at height ${newest} before.`,
        `Work less than ${WORK_HEIGHTS_KEPT} blocks below that: no reorganisation is so deep, and nobody could say which of its shares counted before.`,
      )
  }

  /** Takes a job that was just issued. */
  jobKnown({ gateway, parent, atMs }: Job): void {
    const reigns = this.#reigns.get(gateway) ?? []
    this.#reigns.set(gateway, reigns)
    if (reigns.at(-1)?.parent !== parent) reigns.push({ parent, sinceMs: atMs })
    if (reigns.length > REIGNS_KEPT) reigns.shift()
  }

  /** Takes the shares of an entry. */
  take(shares: SharesAtHand): void {
    for (const { job, from, to } of shares.runs)
      if (job === undefined) for (let i = from; i < to; i++) this.#unresolved(shares, i, job)
      else this.#takeRun(shares, job, from, to)
  }

  #takeRun(shares: SharesAtHand, job: Job, from: number, to: number): void {
    const { entry, at, columns, connections, accounts } = shares
    const { difficulty, elapsed, ntime } = columns
    const latestMs = this.#latestOf(job)
    for (let i = from; i < to; i++) {
      const connection = connections[i]
      if (connection === undefined || connection.profile === null) {
        this.#unresolved(shares, i, job)
        continue
      }
      if (accounts[i] === undefined)
        this.#report.wrong(
          'unknown-worker',
          entry,
          `${name(entry, i)} is for worker ${columns.worker[i]} of its connection.`,
          `One of the ${connection.accounts.length} that it had authorized before.`,
        )
      const assigned = this.#references.assigned(connection, job)
      if (difficulty[i] !== assigned) this.#otherDifficulty(entry, i, difficulty[i] ?? 0, assigned)
      const atMs = at + (elapsed[i] ?? 0)
      if (atMs > latestMs) this.#stale(entry, i, job, connection, atMs)
      if (job.timestamp + (ntime[i] ?? 0) > Math.floor(atMs / 1000) + NTIME_AHEAD_SECONDS_MAX)
        this.#report.wrong(
          'time-of-share',
          entry,
          `${name(entry, i)} carries a time more than ${NTIME_AHEAD_SECONDS_MAX} s ahead of ${timeText(atMs)}.`,
          'A time that a block may have.',
        )
    }
  }

  #unresolved({ entry, gateway, columns, connections }: SharesAtHand, i: number, job: Job | undefined): void {
    if (job === undefined)
      this.#report.wrong(
        'unknown-job',
        entry,
        `${name(entry, i)} is of job ${columns.job[i]} of gateway ${gateway}.`,
        'A job that was issued before it, and not a day of blocks ago.',
      )
    if (connections[i] === undefined || connections[i]?.profile === null)
      this.#report.wrong(
        'unknown-connection',
        entry,
        `${name(entry, i)} came over connection-${gateway}.${columns.connection[i]}.`,
        'A connection that began and was identified before it.',
      )
  }

  #otherDifficulty(entry: number, i: number, judged: number, assigned: number | undefined): void {
    this.#report.wrong(
      'other-difficulty',
      entry,
      `${name(entry, i)} is credited with difficulty ${judged}.`,
      assigned === undefined
        ? 'A difficulty that was assigned to its connection before.'
        : `Difficulty ${assigned}: what its connection was assigned for the job, never harder than the network's.`,
    )
  }

  /**
   * The latest time at which a share may be of a job: its gateway's work was on the job's parent then, or had been on it within the time of
   * grace. Minus infinity when it never was.
   */
  #latestOf({ gateway, parent }: Job): number {
    const reigns = this.#reigns.get(gateway) ?? []
    const i = reigns.findLastIndex((reign) => reign.parent === parent)
    if (i < 0) return Number.NEGATIVE_INFINITY
    const next = reigns[i + 1]
    const afterNext = reigns[i + 2]
    if (next === undefined) return Number.POSITIVE_INFINITY
    const late = next.sinceMs + Math.max(0, this.#graceMs - 1)
    return afterNext === undefined ? late : Math.max(next.sinceMs, Math.min(late, afterNext.sinceMs))
  }

  #stale(entry: number, i: number, job: Job, { number }: Connection, atMs: number): void {
    this.#report.wrong(
      'stale-share',
      entry,
      `${name(entry, i)}, of connection ${number} at ${timeText(atMs)}, is on job ${job.number}, whose parent ${job.parent} was no longer the tip.`,
      `Work on the tip, or on the block before it for ${this.#graceMs} ms.`,
    )
  }

  /** Takes what hashing the shares of an entry showed. `hashed` is how many were hashed, and not by an earlier audit. */
  proved(shares: ResolvedShares, { failed, fingerprints }: ProofOutcome, hashed: number): void {
    this.hashed += hashed
    const { entry, runs } = shares
    const named = failed.length === 0 ? NOBODY : new Set(failed.map(({ share }) => share))
    for (const { share, why } of failed)
      this.#report.wrong(
        why,
        entry,
        why === 'no-proof-of-work'
          ? `${name(entry, share)} does not meet the target of its difficulty: its header's hash is higher.`
          : `${name(entry, share)} has an extranonce2 that its connection can't have.`,
        why === 'no-proof-of-work'
          ? 'The proof of work that it is credited with.'
          : 'The length of its profile, and the extranonce1 of its connection where the profile has it.',
      )
    for (const { job, from, to } of runs) {
      const height = job?.height ?? 0
      if (this.#forgotten.take(height, job?.template ?? NO_TEMPLATE) && job !== undefined)
        this.#report.wrong(
          'same-share',
          entry,
          `Shares ${from} to ${to - 1} of entry ${entry} are on work of height ${height}, of which other shares are so long ago that nobody can say whether these are among them.`,
          'Work that was not given up for long.',
        )
      this.#headers.add(
        fingerprints,
        { from, to, height },
        {
          missing: (share) => {
            if (!named.has(share)) this.#notRebuilt(shares, share)
          },
          repeated: (share) =>
            this.#report.wrong(
              'same-share',
              entry,
              `${name(entry, share)} is the same header as an earlier share.`,
              'Each header once.',
            ),
        },
      )
    }
  }

  /** No share may slip through unhashed. What refers to nothing known was named before. */
  #notRebuilt({ entry, gateway, columns, unresolved }: ResolvedShares, share: number): void {
    if (unresolved.has(share)) return
    const connection = this.#references.connection(gateway, columns.connection[share] ?? -1)
    this.#report.wrong(
      'no-proof-of-work',
      entry,
      `${name(entry, share)} can't be rebuilt: its connection has the profile ${JSON.stringify(connection?.profile)}.`,
      'A profile of docs/ledger-spec.md, which says where the extranonces stand.',
    )
  }
}

const NOBODY: ReadonlySet<number> = new Set()

const name = (entry: number, share: number): string => `Share ${share} of entry ${entry}`

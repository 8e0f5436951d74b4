import { type BlockPhase, phaseAfterBlock } from '../../../domain/block/lifecycle.ts'
import type { BlockEvent } from '../../../domain/bookkeeping/block-entries.ts'
import {
  blockHash,
  HEADER_BYTES,
  headerBits,
  STAKE_VERSION_OFFSET,
  TIMESTAMP_OFFSET,
} from '../../../domain/decred/header.ts'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import { powHash } from '../../../domain/decred/pow-hash.ts'
import { meetsTarget } from '../../../domain/decred/proof-of-work.ts'
import { compactToTarget, targetBytes } from '../../../domain/decred/target.ts'
import type { EventData, ShareReference } from '../../../domain/events.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import type { ProofOutcome } from '../prover.ts'
import { type Job, jobOf, type References, type ResolvedShares, type SharesAtHand } from '../references.ts'
import type { LedgerClock } from '../time.ts'

/** A share that the log says solved a block, and its block is not in the log yet. */
interface SolvedShare {
  readonly entry: number
  readonly share: ShareReference
  readonly atMs: number
  readonly gateway: number
  readonly job: number
  readonly connection: number
  readonly account: string | undefined
  readonly worker: string | undefined
}

/** Siblings of one template that are offered as blocks: more are only shares. */
const CANDIDATES_MAX = 8
/** Templates whose candidates are counted. */
const TEMPLATES_KEPT = 4_096

/** The phases from which each event of a block may lead. */
const MAY_FOLLOW: Readonly<Partial<Record<BlockEvent['type'], readonly BlockPhase[]>>> = {
  BlockConnected: ['found', 'disconnected'],
  BlockApproved: ['connected', 'approved', 'disapproved', 'matured'],
  BlockDisapproved: ['connected', 'approved', 'disapproved', 'matured'],
  BlockDisconnected: ['connected', 'approved', 'disapproved', 'matured'],
  BlockMatured: ['approved'],
  BlockOrphaned: ['found', 'disconnected'],
}

/** A4: shares that solve blocks, and blocks, are each other's. */
export class BlocksCheck {
  readonly #report: CheckReport
  readonly #references: References
  readonly #clock: LedgerClock
  readonly #solved = new Map<string, SolvedShare>()
  readonly #phases = new Map<string, BlockPhase>()
  readonly #candidates = new Map<string, number>()
  /** When each gateway last recorded shares. */
  readonly #sharesAt = new Map<number, number>()
  #gateways = 0
  /** Shares that meet the network's target; of those that an earlier audit hashed, the ones that were offered as blocks. */
  solving = 0

  constructor(report: Report, references: References, clock: LedgerClock) {
    this.#report = reportOf('A4', report)
    this.#references = references
    this.#clock = clock
  }

  gatewayJoined(): void {
    this.#gateways++
  }

  /** Takes the shares of an entry. */
  take({ entry, at, stream, revision, gateway, columns, connections, accounts }: SharesAtHand): void {
    this.#sharesAt.set(gateway, at)
    for (const { share, hash } of columns.solved)
      this.#solved.set(hash, {
        ...{ entry, gateway, atMs: at, share: { stream, revision, index: share } },
        job: columns.job[share] ?? -1,
        connection: columns.connection[share] ?? -1,
        account: accounts[share],
        worker: connections[share]?.workers[columns.worker[share] ?? -1],
      })
  }

  /** Takes what hashing the shares of an entry showed; null when they were not hashed. */
  proved(shares: ResolvedShares, outcome: ProofOutcome | null): void {
    const { entry, gateway, columns } = shares
    const blocks = new Map((outcome?.blocks ?? []).map(({ share, hash }) => [share, hash]))
    const listed = new Map(columns.solved.map(({ share, hash }) => [share, hash]))
    for (const share of [...new Set([...blocks.keys(), ...listed.keys()])].sort((a, b) => a - b)) {
      const key = `${gateway}.${jobOf(shares, share)?.template}`
      const offered = this.#candidates.get(key) ?? 0
      const said = listed.get(share)
      if (said !== undefined) this.#candidates.set(key, offered + 1)
      if (outcome === null) {
        this.solving++
        continue
      }
      const hash = blocks.get(share)
      if (hash !== undefined) this.solving++
      if (hash !== undefined && said === undefined && offered < CANDIDATES_MAX)
        this.#report.wrong(
          'hidden-block',
          entry,
          `Share ${share} of entry ${entry} meets the network's target, and the ledger does not say so.`,
          `Block ${hash} among the solved ones, and a stream of its own.`,
        )
      else if (said !== undefined && said !== hash)
        this.#report.wrong(
          'not-a-block',
          entry,
          `Share ${share} of entry ${entry} is said to have solved block ${said}.`,
          hash === undefined ? "A header that meets the network's target." : `Its hash, ${hash}.`,
        )
    }
    for (const oldest of this.#candidates.keys()) {
      if (this.#candidates.size <= TEMPLATES_KEPT) break
      this.#candidates.delete(oldest)
    }
  }

  /** Takes an event of a block's stream. */
  takeBlock(entry: number, hash: string, event: BlockEvent): void {
    const before = this.#phases.get(hash)
    if (event.type === 'BlockFound') {
      if (before !== undefined)
        this.#report.wrong(
          'block-out-of-order',
          entry,
          `Entry ${entry} finds block ${hash} again.`,
          'Each once.',
        )
      this.#found(entry, hash, event.data)
    } else {
      const allowed = MAY_FOLLOW[event.type]
      if (before === undefined || (allowed !== undefined && !allowed.includes(before)))
        this.#report.wrong(
          'block-out-of-order',
          entry,
          `Entry ${entry} says ${event.type} of block ${hash}, which ${before === undefined ? 'nobody found' : `is ${before}`}.`,
          allowed === undefined ? 'BlockFound before.' : `A block that is ${allowed.join(' or ')}.`,
        )
    }
    const after = phaseAfterBlock(event.type)
    if (after !== undefined) this.#phases.set(hash, after)
  }

  #found(entry: number, hash: string, data: EventData<'BlockFound'>): void {
    const header = fromHex(data.header) ?? new Uint8Array(HEADER_BYTES)
    const job = this.#references.job(data.gateway, data.job)
    const fault = headerFault(hash, header, data, job)
    if (fault !== undefined)
      this.#report.wrong(
        'wrong-header',
        entry,
        `Entry ${entry} finds block ${hash} ${fault}.`,
        'The solved header of a job.',
      )
    const solved = this.#solved.get(hash)
    this.#solved.delete(hash)
    if (data.share === null && solved === undefined) {
      if (data.gateway < this.#gateways - 1) return
      this.#report.wrong(
        'finder-missing',
        entry,
        `Entry ${entry} finds block ${hash} of gateway ${data.gateway} without the share that found it.`,
        'The share: only one that a crash took may be missing, and that gateway still runs.',
      )
    } else if (solved === undefined || !isFinder(data, solved))
      this.#report.wrong(
        'other-finder',
        entry,
        `Entry ${entry} names ${finderText(data)} as the finder of block ${hash}.`,
        solved === undefined
          ? 'A share before it that solved this block.'
          : `Share ${solved.share.index} of entry ${solved.entry}, of account ${solved.account ?? 'unknown'}.`,
      )
  }

  /** Says what is missing at the end of the log. */
  end(): void {
    for (const [hash, { entry, share, atMs, gateway }] of this.#solved)
      if (this.#clock.isOverdue(atMs, this.#sharesAt.get(gateway) ?? 0))
        this.#report.wrong(
          'block-missing',
          entry,
          `Share ${share.index} of entry ${entry} solved block ${hash}, of which nothing more is in the ledger.`,
          `A stream block-${hash} that tells what became of it.`,
        )
  }
}

function headerFault(
  hash: string,
  header: Uint8Array,
  data: EventData<'BlockFound'>,
  job: Job | undefined,
): string | undefined {
  if (blockHash(header) !== hash) return `with a header whose hash is ${blockHash(header)}`
  if (!meetsTarget(powHash(data.powAlgorithm, header), targetBytes(compactToTarget(headerBits(header)))))
    return "with a header that does not meet the network's target"
  if (job === undefined) return `of job ${data.job} of gateway ${data.gateway}, which was not issued before`
  const isSame = (from: number, to: number): boolean =>
    toHex(job.header.subarray(from, to)) === toHex(header.subarray(from, to))
  if (!isSame(0, TIMESTAMP_OFFSET) || !isSame(STAKE_VERSION_OFFSET, HEADER_BYTES))
    return `with a header that is not of job ${data.job}`
  return job.height === data.height && job.powAlgorithm === data.powAlgorithm
    ? undefined
    : `at height ${data.height}, its job is of ${job.height}`
}

const isFinder = (data: EventData<'BlockFound'>, solved: SolvedShare): boolean =>
  data.share !== null &&
  data.share.stream === solved.share.stream &&
  data.share.revision === solved.share.revision &&
  data.share.index === solved.share.index &&
  data.gateway === solved.gateway &&
  data.job === solved.job &&
  data.connection === solved.connection &&
  data.account === (solved.account ?? null) &&
  data.worker === (solved.worker ?? null)

const finderText = ({ share, account }: EventData<'BlockFound'>): string =>
  share === null
    ? 'nobody'
    : `share ${share.index} of ${share.stream}@${share.revision}, of account ${account ?? 'unknown'},`

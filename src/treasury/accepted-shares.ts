import { type Atoms, toAtoms } from '../../domain/decred/amount.ts'
import type { EventData } from '../../domain/events.ts'

/** What the shares of one event refer to, found: columns of equal length. */
export interface ResolvedShares {
  readonly account: readonly string[]
  readonly bits: readonly number[]
  /** Full proof-of-work subsidy of each share's job. */
  readonly subsidy: readonly Atoms[]
}

/** A job as far as money goes by it. */
interface JobFacts {
  readonly height: number
  readonly bits: number
  readonly subsidy: Atoms
}

/** A connection's workers, by ordinal, and the revision of the last event of its stream that was taken. */
interface ConnectionFacts {
  readonly accounts: string[]
  revision: number
}

/** What shares name and nobody has read yet. */
export interface MissingKeys {
  readonly connections: readonly number[]
  readonly jobs: readonly number[]
}

/**
 * Heights for which jobs are remembered. A share names a job of the tip or the one before it; a day of mainnet is far more than any
 * miner's clock or a reorganisation can differ.
 */
const JOB_HEIGHTS_KEPT = 300

/**
 * Gateways whose connections are remembered, counted back from the newest. One that was killed wrote no end of its connections, and no
 * share of it comes later; only several at the same time write in turns.
 */
const GATEWAYS_KEPT = 16

/**
 * Jobs and connections of the log, by which its shares are read. A fold in the order of the log; where that begins in the middle, what
 * shares name from before it is read from its own streams. Mutable, one owner.
 */
export class ShareKeys {
  readonly #accounts = new Map<string, string>()
  /** By gateway and connection. */
  readonly #workers = new Map<number, Map<number, ConnectionFacts>>()
  readonly #jobs = new Map<number, Map<number, JobFacts>>()
  #height = 0

  /** Height of the newest work; 0 before any. */
  get height(): number {
    return this.#height
  }

  /** There was work of this height. */
  reached(height: number): void {
    this.#height = Math.max(this.#height, height)
  }

  gatewayJoined(gateway: number): void {
    for (const each of this.#workers.keys()) if (each <= gateway - GATEWAYS_KEPT) this.#workers.delete(each)
  }

  /** `revision` is that of its event in the connection's stream: one that was taken already is not taken again. */
  workerAuthorized(gateway: number, connection: number, revision: number, account: string): void {
    const ofGateway = this.#workers.get(gateway) ?? new Map<number, ConnectionFacts>()
    this.#workers.set(gateway, ofGateway)
    const facts = ofGateway.get(connection) ?? { accounts: [], revision: -1 }
    ofGateway.set(connection, facts)
    if (revision <= facts.revision) return
    facts.revision = revision
    // One text for all that name an account.
    const known = this.#accounts.get(account)
    if (known === undefined) this.#accounts.set(account, account)
    facts.accounts.push(known ?? account)
  }

  /** No share of the connection comes after this. */
  minerDisconnected(gateway: number, connection: number): void {
    this.#workers.get(gateway)?.delete(connection)
  }

  /** Work that is the newest one of the log. */
  workIssued(gateway: number, issued: EventData<'WorkIssued'>): void {
    this.jobFound(gateway, issued)
    const { height } = issued
    if (height <= this.#height) return
    this.#height = height
    for (const jobs of this.#jobs.values())
      for (const [number, facts] of jobs) {
        if (facts.height > height - JOB_HEIGHTS_KEPT) break
        jobs.delete(number)
      }
  }

  /** Work from anywhere in the log. */
  jobFound(gateway: number, { job, height, bits, subsidy }: EventData<'WorkIssued'>): void {
    const ofGateway = this.#jobs.get(gateway) ?? new Map<number, JobFacts>()
    this.#jobs.set(gateway, ofGateway)
    ofGateway.set(job, { height, bits, subsidy: toAtoms(BigInt(subsidy)) })
  }

  /** Looks up what shares refer to. Undefined when some of it is not known, see {@link missing}. */
  resolve(
    gateway: number,
    shares: Pick<EventData<'SharesAccepted'>, SharesColumn>,
  ): ResolvedShares | undefined {
    const workers = this.#workers.get(gateway)
    const jobs = this.#jobs.get(gateway)
    const count = shares.difficulty.length
    const account = new Array<string>(count)
    const bits = new Array<number>(count)
    const subsidy = new Array<Atoms>(count)
    let job = -1
    let facts: JobFacts | undefined
    for (let i = 0; i < count; i++) {
      // Nearly all shares of an event are of one job.
      if (shares.job[i] !== job) {
        job = shares.job[i] ?? -1
        facts = jobs?.get(job)
      }
      const who = workers?.get(shares.connection[i] ?? -1)?.accounts[shares.worker[i] ?? -1]
      if (facts === undefined || who === undefined) return undefined
      account[i] = who
      bits[i] = facts.bits
      subsidy[i] = facts.subsidy
    }
    return { account, bits, subsidy }
  }

  /** What shares name that is not known: in a log of this program it stands before the place where reading began. */
  missing(
    gateway: number,
    { connection, worker, job }: Pick<EventData<'SharesAccepted'>, SharesColumn>,
  ): MissingKeys {
    const workers = this.#workers.get(gateway)
    const jobs = this.#jobs.get(gateway)
    return {
      connections: [
        ...new Set(
          connection.filter((each, i) => workers?.get(each)?.accounts[worker[i] ?? -1] === undefined),
        ),
      ],
      jobs: [...new Set(job.filter((each) => jobs?.has(each) !== true))],
    }
  }
}

/** Columns of `SharesAccepted` that money goes by. */
type SharesColumn = 'connection' | 'worker' | 'job' | 'difficulty'

import { type Atoms, toAtoms } from '../../domain/decred/amount.ts'
import type { EventData, ShareReference } from '../../domain/events.ts'

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

/** Jobs and connections of the log, by which its shares are read. A fold in the order of the log; mutable, one owner. */
export class ShareKeys {
  readonly #accounts = new Map<string, string>()
  /** By gateway and connection: the account of each worker. */
  readonly #workers = new Map<number, Map<number, string[]>>()
  readonly #jobs = new Map<number, Map<number, JobFacts>>()
  #height = 0

  /** Height of the newest work; 0 before any. */
  get height(): number {
    return this.#height
  }

  gatewayJoined(gateway: number): void {
    for (const each of this.#workers.keys()) if (each <= gateway - GATEWAYS_KEPT) this.#workers.delete(each)
  }

  workerAuthorized(gateway: number, connection: number, account: string): void {
    const ofGateway = this.#workers.get(gateway) ?? new Map<number, string[]>()
    this.#workers.set(gateway, ofGateway)
    const workers = ofGateway.get(connection) ?? []
    ofGateway.set(connection, workers)
    // One text for all that name an account.
    const known = this.#accounts.get(account)
    if (known === undefined) this.#accounts.set(account, account)
    workers.push(known ?? account)
  }

  /** No share of the connection comes after this. */
  minerDisconnected(gateway: number, connection: number): void {
    this.#workers.get(gateway)?.delete(connection)
  }

  workIssued(gateway: number, { job, height, bits, subsidy }: EventData<'WorkIssued'>): void {
    const ofGateway = this.#jobs.get(gateway) ?? new Map<number, JobFacts>()
    this.#jobs.set(gateway, ofGateway)
    ofGateway.set(job, { height, bits, subsidy: toAtoms(BigInt(subsidy)) })
    if (height <= this.#height) return
    this.#height = height
    for (const jobs of this.#jobs.values())
      for (const [number, facts] of jobs) {
        if (facts.height > height - JOB_HEIGHTS_KEPT) break
        jobs.delete(number)
      }
  }

  /** Looks up what shares refer to. Undefined when the log does not hold it before them: it is not what this program writes. */
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
    for (let i = 0; i < count; i++) {
      const facts = jobs?.get(shares.job[i] ?? -1)
      const who = workers?.get(shares.connection[i] ?? -1)?.[shares.worker[i] ?? -1]
      if (facts === undefined || who === undefined) return undefined
      account[i] = who
      bits[i] = facts.bits
      subsidy[i] = facts.subsidy
    }
    return { account, bits, subsidy }
  }
}

/** Columns of `SharesAccepted` that money goes by. */
type SharesColumn = 'connection' | 'worker' | 'job' | 'difficulty'

/** A share as a sentence names it. */
export const shareText = ({ stream, revision, index }: ShareReference): string =>
  `share ${index} of ${stream}@${revision}`

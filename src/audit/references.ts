import {
  headerTimestamp,
  previousBlock,
  STAKE_VERSION_OFFSET,
  TIMESTAMP_OFFSET,
} from '../../domain/decred/header.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { networkDifficulty } from '../../domain/decred/target.ts'
import type { EventData } from '../../domain/events.ts'
import type { StreamName } from '../../domain/stream-name.ts'
import { ExactSum } from './exact-sum.ts'
import { NumberMap } from './number-map.ts'
import type { OtherEvent } from './read-entry.ts'
import type { ShareColumns } from './share-columns.ts'

/** A `WorkIssued`, as far as shares refer to it. */
export interface Job {
  readonly entry: number
  readonly gateway: number
  readonly number: number
  readonly header: Uint8Array
  readonly powAlgorithm: PowAlgorithm
  readonly height: number
  readonly bits: number
  readonly subsidy: bigint
  /** Unix seconds. */
  readonly timestamp: number
  readonly networkDifficulty: number
  /** Display hash. */
  readonly parent: string
  /** The same for all jobs whose headers could be equal: all but time, nonce and extra data are. */
  readonly template: number
  /** The first job of that template on this gateway, while it is remembered on the tip or the block before. */
  readonly templateJob: number
  readonly atMs: number
}

/** A difficulty, in force for templates from a job on. */
interface Step {
  readonly job: number
  readonly difficulty: number
}

/** The jobs with which the templates of a gateway began, of its newest two parents. */
interface FirstJobs {
  parent: string
  previous: string
  readonly ofParent: Map<string, Map<number, number>>
}

/** A connection, as far as shares refer to it. */
export interface Connection {
  readonly gateway: number
  readonly number: number
  readonly entry: number
  readonly extranonce1: string
  readonly atMs: number
  profile: string | null
  /** Account ids and names, in order. */
  readonly accounts: string[]
  readonly workers: string[]
  /** Difficulties and the jobs from which on, each later than the one before. */
  readonly steps: Step[]
  /** The job whose difficulty was asked last, and its difficulty; null once there is another step. */
  judgedJob: Job | null
  judged: number | undefined
  /** The connection of the same gateway whose session it took over. */
  readonly tookOver: number | null
  /** A share of it was seen. */
  isIntroduced: boolean
  /** The entry that ended it. */
  endedBy: number | null
  /** The latest time that a share of it may have. */
  latestMs: number
  accepted: number
  readonly difficulty: ExactSum
  rejected: number
}

/** Neighbouring shares of an event that are of the same job; undefined where the log does not hold it before. */
export interface JobRun {
  readonly job: Job | undefined
  /** Indices of the first, and of the one after the last. */
  readonly from: number
  readonly to: number
}

/** The shares of one event with what they refer to. Hundreds of thousands wait to be proven: what is kept of each is in columns. */
export interface ResolvedShares {
  readonly entry: number
  readonly at: number
  readonly stream: string
  readonly revision: number
  readonly gateway: number
  readonly columns: ShareColumns
  /** All shares, in order. */
  readonly runs: readonly JobRun[]
  /** Those whose job or connection the log does not hold before, or no more. */
  readonly unresolved: ReadonlySet<number>
}

/** The shares that are looked at now. */
export interface SharesAtHand extends ResolvedShares {
  /** Of each share, until the next shares are resolved; undefined where the log does not hold it before. */
  readonly connections: readonly (Connection | undefined)[]
  /** Account ids, as long. */
  readonly accounts: readonly (string | undefined)[]
}

const NONE: ReadonlySet<number> = new Set()

/** The job of a share. */
export const jobOf = ({ runs }: ResolvedShares, share: number): Job | undefined =>
  runs.find(({ to }) => share < to)?.job

/**
 * Heights for which jobs and templates are remembered: a day of mainnet, and more than a reorganisation ever replaced. Shares are of the
 * tip or of the one before; work that is so far below the newest is named, since its shares might have counted before.
 */
export const WORK_HEIGHTS_KEPT = 288
/** Ended connections remembered, that may be resumed: as many as the pool itself keeps. */
const ENDED_KEPT = 20_000
/** Gateways whose connections are remembered, counted back from the newest: a killed one wrote no end of its connections. */
const GATEWAYS_KEPT = 16

/** What a worker thread must know to rebuild headers. */
export type HeaderFact =
  | {
      readonly kind: 'job'
      readonly gateway: number
      readonly number: number
      readonly header: Uint8Array
      readonly powAlgorithm: PowAlgorithm
      readonly template: number
    }
  | {
      readonly kind: 'connection'
      readonly gateway: number
      readonly number: number
      readonly extranonce1: string
      readonly profile: string
    }
  | {
      readonly kind: 'worker'
      readonly gateway: number
      readonly number: number
      readonly account: string
    }
  | { readonly kind: 'job-over' | 'connection-over'; readonly gateway: number; readonly number: number }

/** Jobs, connections and workers of the log, by which its shares are read. A fold in the order of the log; mutable, one owner. */
export class References {
  readonly #network: Network
  readonly #jobs = new Map<number, Map<number, Job>>()
  readonly #connections = new Map<number, NumberMap<Connection>>()
  readonly #ended = new Map<string, Connection>()
  readonly #firstJobs = new Map<number, FirstJobs>()
  readonly #templates = new Map<string, { readonly ordinal: number; height: number }>()
  readonly #accounts = new Map<string, string>()
  /** Of the shares at hand, and longer. */
  readonly #atHand: {
    readonly connections: (Connection | undefined)[]
    readonly accounts: (string | undefined)[]
  } = { connections: [], accounts: [] }
  #nextTemplate = 0
  #facts: HeaderFact[] = []
  /** What is over is told a time later: shares that are still to be proven refer to it. */
  #over: HeaderFact[] = []
  #told: HeaderFact[] = []
  /** Height of the newest work. */
  height = 0

  constructor(network: Network) {
    this.#network = network
  }

  /** What was learned since the last time, for those who rebuild headers. */
  takeFacts(): readonly HeaderFact[] {
    const facts = [...this.#told, ...this.#facts]
    this.#told = this.#over
    this.#over = []
    this.#facts = []
    return facts
  }

  job(gateway: number, number: number): Job | undefined {
    return this.#jobs.get(gateway)?.get(number)
  }

  connection(gateway: number, number: number): Connection | undefined {
    return this.#connections.get(gateway)?.get(number)
  }

  /** Connections that have not ended, of gateways that may still run. */
  *live(): Generator<Connection> {
    for (const ofGateway of this.#connections.values())
      for (const connection of ofGateway.values())
        if (!this.#ended.has(keyOf(connection.gateway, connection.number))) yield connection
  }

  /** Takes an event that shares may refer to. */
  take(entry: number, stream: StreamName, event: OtherEvent): void {
    if (stream.kind === 'connection') this.#takeOfConnection(entry, stream, event)
    else if (event.type === 'WorkIssued' && stream.kind === 'work')
      this.#issue(entry, stream.gateway, event.data)
    else if (event.type === 'GatewayJoined') this.#forgetGateways(event.data.gateway)
  }

  #takeOfConnection(
    entry: number,
    { gateway, connection: number }: Extract<StreamName, { kind: 'connection' }>,
    { type, data }: OtherEvent,
  ): void {
    const ofGateway = this.#connections.get(gateway) ?? new NumberMap<Connection>()
    this.#connections.set(gateway, ofGateway)
    if (type === 'MinerConnected') {
      ofGateway.set(number, {
        ...{ gateway, number, entry, extranonce1: data.extranonce1, atMs: data.at, profile: null },
        ...{ accounts: [], workers: [], steps: [], judgedJob: null, judged: undefined },
        ...{ tookOver: data.resumes, isIntroduced: false, endedBy: null, latestMs: Number.POSITIVE_INFINITY },
        ...{ accepted: 0, difficulty: new ExactSum(), rejected: 0 },
      })
      return
    }
    const connection = ofGateway.get(number)
    if (connection === undefined) return
    if (type === 'MinerIdentified') {
      connection.profile = data.profile
      const { extranonce1 } = connection
      this.#facts.push({ kind: 'connection', gateway, number, extranonce1, profile: data.profile })
    }
    if (type === 'WorkerAuthorized') {
      // One text for all that name an account.
      const known = this.#accounts.get(data.account) ?? data.account
      this.#accounts.set(known, known)
      connection.accounts.push(known)
      this.#facts.push({ kind: 'worker', gateway, number, account: known })
      connection.workers.push(data.worker)
    }
    if (type === 'DifficultyAssigned') {
      addStep(connection.steps, data)
      connection.judgedJob = null
    }
    if (type === 'MinerDisconnected') this.#end(connection)
  }

  #end(connection: Connection): void {
    const { gateway, number } = connection
    this.#ended.set(keyOf(gateway, number), connection)
    this.#over.push({ kind: 'connection-over', gateway, number })
    for (const [key, oldest] of this.#ended) {
      if (this.#ended.size <= ENDED_KEPT) break
      this.#ended.delete(key)
      this.#connections.get(oldest.gateway)?.delete(oldest.number)
    }
  }

  #forgetGateways(newest: number): void {
    for (const [gateway, connections] of this.#connections) {
      if (gateway > newest - GATEWAYS_KEPT) continue
      for (const number of connections.keys()) {
        this.#ended.delete(keyOf(gateway, number))
        this.#over.push({ kind: 'connection-over', gateway, number })
      }
      this.#connections.delete(gateway)
    }
  }

  #issue(entry: number, gateway: number, data: EventData<'WorkIssued'>): void {
    const header = fromHex(data.header) ?? new Uint8Array(180)
    const { height, bits, powAlgorithm, job: number } = data
    const template = this.#templateOf(header, height)
    const parent = previousBlock(header)
    const templateJob = firstJob(this.#firstJobsOf(gateway), parent, template, number)
    const job: Job = {
      ...{ entry, gateway, number, header, powAlgorithm, height, bits, template, templateJob, atMs: data.at },
      subsidy: BigInt(data.subsidy),
      timestamp: headerTimestamp(header),
      networkDifficulty: networkDifficulty(this.#network, bits),
      parent,
    }
    const ofGateway = this.#jobs.get(gateway) ?? new Map<number, Job>()
    this.#jobs.set(gateway, ofGateway)
    ofGateway.set(number, job)
    this.#facts.push({ kind: 'job', gateway, number, header, powAlgorithm, template })
    if (height <= this.height) return
    this.height = height
    this.#forgetWork()
  }

  #firstJobsOf(gateway: number): FirstJobs {
    const known = this.#firstJobs.get(gateway) ?? { parent: '', previous: '', ofParent: new Map() }
    this.#firstJobs.set(gateway, known)
    return known
  }

  #templateOf(header: Uint8Array, height: number): number {
    const key = toHex(header.subarray(0, TIMESTAMP_OFFSET)) + toHex(header.subarray(STAKE_VERSION_OFFSET))
    const known = this.#templates.get(key)
    if (known !== undefined) return known.ordinal
    this.#templates.set(key, { ordinal: this.#nextTemplate, height })
    return this.#nextTemplate++
  }

  #forgetWork(): void {
    const oldest = this.height - WORK_HEIGHTS_KEPT
    for (const [gateway, jobs] of this.#jobs)
      for (const [number, { height }] of jobs) {
        if (height > oldest) break
        jobs.delete(number)
        this.#over.push({ kind: 'job-over', gateway, number })
      }
    for (const [key, { height }] of this.#templates) {
      if (height > oldest) break
      this.#templates.delete(key)
    }
  }

  /** Looks up what shares refer to. */
  resolve(
    entry: number,
    gateway: number,
    place: { readonly stream: string; readonly revision: number; readonly at: number },
    columns: ShareColumns,
  ): SharesAtHand {
    const { connections, accounts } = this.#atHand
    const knownConnections = this.#connections.get(gateway)
    const runs = this.#runsOf(gateway, columns)
    const unresolved: number[] = []
    const { count, connection: numbers, worker: workers } = columns
    for (let i = 0; i < count; i++) {
      const connection = knownConnections?.get(numbers[i] ?? -1)
      connections[i] = connection
      accounts[i] = connection?.accounts[workers[i] ?? -1]
      if (connection === undefined || connection.profile === null || connection.endedBy !== null)
        unresolved.push(i)
    }
    for (const { job, from, to } of runs)
      if (job === undefined) for (let i = from; i < to; i++) unresolved.push(i)
    const shares = { ...{ entry, gateway, ...place, columns, runs }, ...this.#atHand }
    return { ...shares, unresolved: unresolved.length === 0 ? NONE : new Set(unresolved) }
  }

  #runsOf(gateway: number, { count, job: numbers }: ShareColumns): readonly JobRun[] {
    const known = this.#jobs.get(gateway)
    const runs: JobRun[] = []
    for (let from = 0, to = 0; from < count; from = to) {
      const number = numbers[from] ?? -1
      while (to < count && numbers[to] === number) to++
      runs.push({ job: known?.get(number), from, to })
    }
    return runs
  }

  /**
   * Difficulty that a share of a job has on a connection: the last one assigned up to the first job of its template, or the first of
   * all where the connection began in the middle of it; never harder than the network's. Undefined when none was.
   */
  assigned(connection: Connection, job: Job): number | undefined {
    if (connection.judgedJob === job) return connection.judged
    connection.judgedJob = job
    connection.judged = assignedBy(connection.steps, job)
    return connection.judged
  }
}

function assignedBy(steps: readonly Step[], job: Job): number | undefined {
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]
    if (step === undefined) continue
    const isFirst = i === 0 && step.job <= job.number
    if (step.job <= job.templateJob || isFirst) return Math.min(step.difficulty, job.networkDifficulty)
  }
  return undefined
}

/** Adds a step. A template has one difficulty: what is assigned for work that was given out already does not count. */
function addStep(steps: Step[], { job, difficulty }: Step): void {
  const last = steps.at(-1)
  if (last === undefined || last.job < job) steps.push({ job, difficulty })
}

/**
 * The first job of a template, as the gateway knows it: it remembers those of the tip and of the block before it, and one that is the
 * tip again after more than that begins anew.
 */
function firstJob(known: FirstJobs, parent: string, template: number, job: number): number {
  if (known.parent !== parent) {
    const isReturning = known.previous === parent
    const kept = new Map<string, Map<number, number>>()
    for (const each of isReturning ? [known.parent, parent] : [known.parent]) {
      const ofParent = known.ofParent.get(each)
      if (ofParent !== undefined) kept.set(each, ofParent)
    }
    known.ofParent.clear()
    for (const [each, ofParent] of kept) known.ofParent.set(each, ofParent)
    known.previous = known.parent
    known.parent = parent
  }
  const ofParent = known.ofParent.get(parent) ?? new Map<number, number>()
  known.ofParent.set(parent, ofParent)
  const first = ofParent.get(template) ?? job
  ofParent.set(template, first)
  return first
}

const keyOf = (gateway: number, number: number): string => `${gateway}.${number}`

import { type Actor, createActor } from 'xstate'
import type { MinerSocket } from '../../adapters/stratum/port.ts'
import { accountId, payableAddress, SOLO_ACCOUNT_ID } from '../../domain/decred/address.ts'
import { blockHash } from '../../domain/decred/header.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { hashesPerDifficulty } from '../../domain/decred/target.ts'
import {
  type DisconnectReason,
  event,
  type PoolEvent,
  publicText,
  type RejectReason,
  type ShareReference,
} from '../../domain/events.ts'
import { connectionMachine } from '../../domain/mining/connection-machine.ts'
import {
  clampDifficulty,
  type DifficultyBounds,
  noteShare,
  retarget,
  startDifficulty,
} from '../../domain/mining/difficulty.ts'
import type { Job } from '../../domain/mining/job.ts'
import type { JobBook } from '../../domain/mining/job-book.ts'
import { assignDifficulty, type Session, takeSolution } from '../../domain/mining/session.ts'
import {
  closeSession,
  isTakenByAnother,
  openSession,
  resumeSession,
  type SessionBook,
} from '../../domain/mining/session-book.ts'
import { type AcceptedShare, DUPLICATE_TEXT, judgeShare } from '../../domain/mining/share.ts'
import { codeOf, ERROR_CODE, type ErrorCode } from '../../domain/stratum/error.ts'
import type { Profile, Wire } from '../../domain/stratum/profile.ts'
import { profileOf } from '../../domain/stratum/profiles/index.ts'
import {
  decodeRequest,
  type MinerRequest,
  type RequestId,
  type Submission,
} from '../../domain/stratum/request.ts'
import {
  errorLine,
  reconnectLine,
  resultLine,
  setDifficultyLine,
  subscribedLine,
  trueLine,
} from '../../domain/stratum/response.ts'
import { parseUser, wishedDifficulty } from '../../domain/stratum/user.ts'
import type { DifficultyConfig } from '../config/config.ts'
import type { Journal, StreamWriter } from '../journal.ts'

/** What a connection needs of its gateway. One object shared by all of them. */
export interface ConnectionWorld {
  readonly gateway: number
  readonly network: Network
  readonly mode: 'public' | 'solo'
  readonly nowMs: () => number
  readonly newSessionId: () => string
  readonly journal: Journal
  readonly sessions: SessionBook
  readonly jobs: JobBook
  readonly sharesPerMinute: number
  readonly lateShareGraceMs: number
  readonly preAuthorizationMsMax: number
  readonly workersMax: number
  /** The next number n of stream `connection-<gateway>.<n>`. */
  readonly nextNumber: () => number
  /** Whether an account was seen by this gateway before; it has been after the call. */
  readonly knowsAccount: (id: string) => boolean
  readonly notifyLine: (job: Job, wire: Wire, clean: boolean) => Buffer
  /** Ends the live connection that has a session, so that it can be resumed by another. */
  readonly release: (sessionId: string) => void
  /** The miner is far too fast for its difficulty: it should have a new job soon. */
  readonly wantRetargetJob: (connection: Connection) => void
  /** A share met the network's target. False when it is not offered as a block: enough others are, on the same parent. */
  readonly solved: (solution: SolvedShare) => boolean
  readonly began: (connection: Connection) => void
  readonly ended: (connection: Connection, reason: DisconnectReason) => void
  readonly failed: (error: unknown) => void
}

/** A share that is a block, on its way to the nodes. */
export interface SolvedShare {
  readonly hash: string
  /** 180 bytes, solved. */
  readonly header: Uint8Array
  readonly job: Job
  readonly gateway: number
  readonly connection: number
  readonly account: string
  readonly worker: string
  /** Resolves once the share is in the log; never when it can't be. */
  readonly recorded: Promise<ShareReference>
}

interface Worker {
  readonly user: string
  readonly account: string
  readonly name: string
}

/** Of a user name, which is kept as long as the connection: an address has 35, a worker's published name 64. */
const USER_CHARS_MAX = 200
/** Lines that are no stratum at all before the connection is ended. */
const GARBAGE_MAX = 10
/** Refused shares in a row before the connection is ended: half an hour of them at the wanted rate. */
const REFUSED_IN_A_ROW_MAX = 500
/** Requests other than shares, in all: nobody needs more, and each costs an answer. */
const REQUESTS_MAX = 1_000
/** Seconds after which a miner is asked to come back when the pool restarts. */
const RECONNECT_SECONDS = 5

/**
 * One miner connection: the effects of its machine. The machine (`connectionMachine`) holds the protocol phase and the
 * pre-authorization timer; the session holds jobs, difficulty and what was taken.
 */
export class Connection {
  readonly socket: MinerSocket
  readonly #world: ConnectionWorld
  readonly #difficulty: DifficultyConfig
  readonly #actor: Actor<typeof connectionMachine>
  #session: Session | null = null
  #profile: Profile = profileOf('')
  #agent = ''
  #wire: Wire | null = null
  #workers: readonly Worker[] = []
  #stream: StreamWriter | null = null
  #number = -1
  /** The connection whose session this one took over. */
  #resumes: number | null = null
  /** Difficulty wanted from the next job on, and whether it is never changed. */
  #wanted = 0
  #fixed = false
  #sentDifficulty = 0
  #retargetPending = false
  #accepted = 0
  #rejected = 0
  #credited = 0n
  #garbage = 0
  #refusedInARow = 0
  #requests = 0
  lastLineMs: number

  constructor(world: ConnectionWorld, socket: MinerSocket, difficulty: DifficultyConfig) {
    this.#world = world
    this.socket = socket
    this.#difficulty = difficulty
    this.lastLineMs = world.nowMs()
    this.#actor = createActor(connectionMachine, {
      input: { host: this, preAuthorizationMsMax: world.preAuthorizationMsMax },
    })
    // Without an observer a throw inside the machine would end the whole process.
    this.#actor.subscribe({ error: (error) => this.#broke(error) })
    this.#actor.start()
  }

  get number(): number {
    return this.#number
  }

  get sessionId(): string | null {
    return this.#session?.id ?? null
  }

  get isMining(): boolean {
    return this.#actor.getSnapshot().value === 'mining'
  }

  /** A line from the miner. Never throws: an error here is this connection's alone. */
  line(text: string): void {
    try {
      this.lastLineMs = this.#world.nowMs()
      this.#receive(text)
    } catch (error) {
      this.#broke(error)
    }
  }

  /** The socket is gone. */
  closed(reason: DisconnectReason): void {
    this.end(reason)
  }

  /** Ends the connection. The first reason counts. */
  end(reason: DisconnectReason): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send({ type: 'ENDED', reason })
  }

  /** Asks the miner to come back in a while; its shares still count until the socket is ended. */
  drain(): void {
    if (!this.isMining) return this.end('shutdown')
    this.#actor.send({ type: 'DRAIN' })
    this.socket.write(reconnectLine(RECONNECT_SECONDS))
  }

  /** Sends a job, and the difficulty it will be judged at where that is another than before. Never throws, as `line`. */
  sendJob(job: Job, clean: boolean): void {
    try {
      this.#sendJob(job, clean)
    } catch (error) {
      this.#broke(error)
    }
  }

  #sendJob(job: Job, clean: boolean): void {
    const session = this.#session
    if (session === null || this.#stream === null) return
    this.#wire = this.#profile.wire(job.powAlgorithm)
    if (session.difficulties.at(-1)?.difficulty !== this.#wanted) {
      assignDifficulty(session, job.number, this.#wanted)
      this.#recordDifficulty(job.number)
    }
    this.#retargetPending = false
    const judgedAt = Math.min(this.#wanted, job.networkDifficulty)
    if (judgedAt !== this.#sentDifficulty) {
      this.#sentDifficulty = judgedAt
      this.socket.write(setDifficultyLine(judgedAt))
    }
    this.socket.write(this.#world.notifyLine(job, this.#wire, clean))
  }

  /** Lets the difficulty fall for a miner that sends too little. Called every few seconds. */
  sweep(nowMs: number): void {
    if (this.#session !== null) this.#retarget(this.#session, nowMs)
  }

  /** The machine's entry into `mining`. */
  startMining(): void {
    const { world, session } = this.#established()
    this.#number = world.nextNumber()
    this.#stream = world.journal.stream(`connection-${world.gateway}.${this.#number}`)
    const at = world.nowMs()
    this.#openAccounts(this.#workers)
    world.journal.record(this.#stream, 'before', [
      event('MinerConnected', {
        v: 1,
        at,
        extranonce1: session.extranonce1,
        listener: publicText(this.socket.listener),
        resumes: this.#resumes,
      }),
      event('MinerIdentified', { v: 1, at, agent: publicText(this.#agent), profile: this.#profile.name }),
      ...this.#workers.map((worker) => workerAuthorized(worker, at)),
    ])
    this.#chooseFirstDifficulty(session)
    const resumed = session.difficulties.at(-1)
    if (resumed !== undefined && resumed.difficulty === this.#wanted) this.#recordDifficulty(resumed.job)
    world.began(this)
    if (world.jobs.current !== null) this.#sendJob(world.jobs.current, true)
  }

  /** The machine's entry into `closed`. */
  leave(reason: DisconnectReason): void {
    const world = this.#world
    this.socket.end(reason)
    if (this.#stream !== null)
      world.journal.record(this.#stream, 'after', [
        event('MinerDisconnected', {
          v: 1,
          at: world.nowMs(),
          reason,
          accepted: this.#accepted,
          rejected: this.#rejected,
          difficulty: String(this.#credited),
        }),
      ])
    if (this.#session !== null)
      closeSession(world.sessions, this.#session, this.#stream !== null, this.#number, world.nowMs())
    world.ended(this, reason)
    this.#session = null
  }

  #receive(text: string): void {
    const request = decodeRequest(text)
    if (request._tag === 'Left') {
      const { id, error, garbage } = request.left
      this.socket.write(errorLine(id, error))
      if (garbage && ++this.#garbage >= GARBAGE_MAX) this.end('bad-input')
      return
    }
    if (request.right.method === 'mining.submit')
      return this.#submit(request.right.id, request.right.submission)
    if (++this.#requests > REQUESTS_MAX) return this.end('bad-input')
    this.#answer(request.right)
  }

  #answer(request: Exclude<MinerRequest, { method: 'mining.submit' }>): void {
    switch (request.method) {
      case 'mining.subscribe':
        return this.#subscribe(request.id, request.agent, request.session)
      case 'mining.authorize':
        return this.#authorize(request.id, request.user, request.password)
      case 'mining.suggest_difficulty':
        this.#wish(request.difficulty, false)
        this.socket.write(trueLine(request.id))
        return
      case 'mining.extranonce.subscribe':
        this.socket.write(trueLine(request.id))
        return
      case 'mining.get_transactions':
        this.socket.write(resultLine(request.id, []))
        return
      case 'mining.ping':
        this.socket.write(resultLine(request.id, 'pong'))
        return
      case 'response':
        return
      default:
        return assertNever(request)
    }
  }

  #subscribe(id: RequestId, agent: string, wanted: string | null): void {
    const world = this.#world
    if (this.#session === null) {
      if (wanted !== null) world.release(wanted)
      const resumed = wanted === null ? undefined : resumeSession(world.sessions, wanted, world.nowMs())
      this.#resumes = resumed?.connection ?? null
      this.#session = resumed?.session ?? openSession(world.sessions, world.newSessionId(), world.nowMs())
      this.#agent = agent
      this.#profile = profileOf(agent)
    }
    const layout = this.#wireNow().extranonce
    const extranonce1 = '00'.repeat(layout.padBytes) + this.#session.extranonce1
    this.socket.write(subscribedLine(id, this.#session.id, extranonce1, layout.toldBytes))
    this.#actor.send({ type: 'SUBSCRIBED' })
  }

  /** The wire of the chain's present proof of work; before the first work of the newer one. */
  #wireNow(): Wire {
    const algorithm: PowAlgorithm = this.#world.jobs.current?.powAlgorithm ?? 'blake3'
    this.#wire ??= this.#profile.wire(algorithm)
    return this.#wire
  }

  #authorize(id: RequestId, user: string, password: string): void {
    const world = this.#world
    if (!world.journal.hasRoom()) return this.#refuse(id, ERROR_CODE.other, STORE_AWAY_TEXT)
    if (user.length > USER_CHARS_MAX)
      return this.#refuse(
        id,
        ERROR_CODE.unauthorized,
        `Unauthorized worker: a user name has ${USER_CHARS_MAX} characters at most`,
      )
    const known = this.#workers.some((worker) => worker.user === user)
    if (!known && this.#workers.length >= world.workersMax)
      return this.#refuse(
        id,
        ERROR_CODE.unauthorized,
        `Unauthorized worker: ${world.workersMax} workers at most on one connection`,
      )
    const worker = known ? null : this.#workerOf(user)
    if (typeof worker === 'string')
      return this.#refuse(id, ERROR_CODE.unauthorized, `Unauthorized worker: ${worker}`)
    const wish = wishedDifficulty(password)
    if (wish !== null) this.#wish(wish, true)
    this.socket.write(trueLine(id))
    if (worker === null) return
    this.#workers = [...this.#workers, worker]
    if (this.#stream !== null) {
      this.#openAccounts([worker])
      world.journal.record(this.#stream, 'before', [workerAuthorized(worker, world.nowMs())])
    }
    this.#actor.send({ type: 'AUTHORIZED' })
  }

  /** The worker of a user name, or a sentence that says what is wrong with it. */
  #workerOf(user: string): Worker | string {
    if (this.#world.mode === 'solo') return { user, account: SOLO_ACCOUNT_ID, name: publicText(user) }
    const { address, worker } = parseUser(user)
    const payable = payableAddress(address, this.#world.network)
    if (payable._tag === 'Left') return payable.left.message
    return { user, account: accountId(address), name: publicText(worker) }
  }

  #openAccounts(workers: readonly Worker[]): void {
    if (this.#world.mode === 'solo') return
    for (const { user, account } of workers)
      if (!this.#world.knowsAccount(account))
        this.#world.journal.recordFirst(
          `account-${account}`,
          event('AccountOpened', { v: 1, at: this.#world.nowMs(), address: parseUser(user).address }),
        )
  }

  #submit(id: RequestId, submission: Submission): void {
    const session = this.#session
    if (session === null)
      return this.#reject(id, null, 'not-subscribed', 'Not subscribed: send mining.subscribe first', 0, 0)
    const worker = this.#workerIndex(submission.worker)
    if (worker < 0)
      return this.#reject(
        id,
        null,
        'unauthorized',
        this.#workers.length === 0
          ? 'Unauthorized worker: send mining.authorize first'
          : `Unauthorized worker: ${publicText(submission.worker)} is not authorized on this connection`,
        0,
        0,
      )
    const world = this.#world
    const nowMs = world.nowMs()
    const verdict = judgeShare(
      world.network,
      world.jobs,
      nowMs,
      world.lateShareGraceMs,
      session,
      this.#wireNow(),
      submission,
    )
    if (verdict.kind === 'rejected')
      return this.#reject(id, worker, verdict.reason, verdict.text, verdict.needed, verdict.best)
    if (isTakenByAnother(world.sessions, session, verdict.job.template, verdict.extraData, verdict.key))
      return this.#reject(id, worker, 'duplicate', DUPLICATE_TEXT, 0, 0)
    // A block goes to the nodes whatever the store is doing.
    if (!world.journal.hasRoom() && verdict.solvedHeader === null)
      return this.#reject(id, worker, 'store-unavailable', STORE_AWAY_TEXT, 0, 0)
    this.#accept(id, session, worker, verdict, nowMs)
  }

  #accept(id: RequestId, session: Session, workerIndex: number, share: AcceptedShare, nowMs: number): void {
    const { job, solution, difficulty } = share
    takeSolution(session, job.template, share.key)
    this.#refusedInARow = 0
    this.#accepted += 1
    this.#credited += BigInt(difficulty)
    let recorded: ((reference: ShareReference) => void) | null = null
    const worker = this.#workers[workerIndex]
    let hash: string | null = null
    if (share.solvedHeader !== null && worker !== undefined) {
      const candidate: SolvedShare = {
        hash: blockHash(share.solvedHeader),
        header: share.solvedHeader,
        job,
        gateway: this.#world.gateway,
        connection: this.#number,
        account: worker.account,
        worker: worker.name,
        recorded: new Promise((resolve) => {
          recorded = resolve
        }),
      }
      if (this.#world.solved(candidate)) hash = candidate.hash
    }
    this.#world.journal.share({
      connection: this.#number,
      worker: workerIndex,
      job: job.number,
      difficulty,
      extranonce2: solution.extranonce2,
      ntimeOffset: solution.ntime - job.timestamp,
      nonce: solution.nonce,
      atMs: nowMs,
      solved: hash,
      committed: (reference) => {
        this.socket.write(trueLine(id))
        recorded?.(reference)
      },
    })
    noteShare(session.speed, difficulty, nowMs)
    this.#retarget(session, nowMs)
  }

  /** The worker that a share is for: by its user name; whatever name it gives when there is only one. */
  #workerIndex(user: string): number {
    if (this.#workers.length === 1) return 0
    return this.#workers.findIndex((worker) => worker.user === user)
  }

  #reject(
    id: RequestId,
    worker: number | null,
    reason: RejectReason,
    text: string,
    needed: number,
    best: number,
  ): void {
    this.#rejected += 1
    this.#refusedInARow += 1
    if (this.#stream !== null) this.#world.journal.rejected(this.#number, worker, reason, needed, best)
    this.#refuse(id, codeOf[reason], text)
    if (this.#refusedInARow >= REFUSED_IN_A_ROW_MAX) this.end('bad-input')
  }

  #refuse(id: RequestId, code: ErrorCode, text: string): void {
    this.socket.write(errorLine(id, { code, text }))
  }

  #bounds(): DifficultyBounds {
    const { min, max } = this.#difficulty
    return { min: Math.max(min, this.#profile.difficultyMin), max: max ?? Number.MAX_SAFE_INTEGER }
  }

  /** A difficulty the miner asks for: for good (`d=` in its password), or to begin with. */
  #wish(difficulty: number, fixed: boolean): void {
    if (this.#difficulty.fixed !== null) return
    this.#wanted = clampDifficulty(difficulty, this.#bounds())
    this.#fixed ||= fixed
  }

  #chooseFirstDifficulty(session: Session): void {
    const { fixed, start } = this.#difficulty
    const bounds = this.#bounds()
    if (fixed !== null) {
      this.#wanted = fixed
      this.#fixed = true
    } else if (this.#wanted === 0)
      this.#wanted =
        session.difficulties.at(-1)?.difficulty ??
        (start !== null
          ? clampDifficulty(start, bounds)
          : startDifficulty(
              this.#profile.hashesPerSecond,
              hashesPerDifficulty(this.#world.network),
              this.#world.sharesPerMinute,
              bounds,
            ))
    else this.#wanted = clampDifficulty(this.#wanted, bounds)
  }

  #retarget(session: Session, nowMs: number): void {
    if (this.#fixed || this.#retargetPending) return
    const change = retarget(
      session.speed,
      this.#sentDifficulty || this.#wanted,
      nowMs,
      this.#world.sharesPerMinute,
      this.#bounds(),
    )
    if (change === null) return
    this.#wanted = change.difficulty
    if (change.urgent) {
      this.#retargetPending = true
      this.#world.wantRetargetJob(this)
    }
  }

  #recordDifficulty(job: number): void {
    if (this.#stream === null) return
    this.#world.journal.record(this.#stream, 'before', [
      event('DifficultyAssigned', { v: 1, at: this.#world.nowMs(), difficulty: this.#wanted, job }),
    ])
  }

  #established(): { readonly world: ConnectionWorld; readonly session: Session } {
    if (this.#session === null) throw new Error('mining began without a session')
    return { world: this.#world, session: this.#session }
  }

  #broke(error: unknown): void {
    this.#world.failed(error)
    if (this.#actor.getSnapshot().status === 'active') this.end('internal-error')
    else this.leave('internal-error')
  }
}

const STORE_AWAY_TEXT = 'The pool cannot record shares now: its store is away; try again in a minute'

const workerAuthorized = (worker: Worker, at: number): PoolEvent =>
  event('WorkerAuthorized', { v: 1, at, account: worker.account, worker: worker.name })

function assertNever(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`)
}

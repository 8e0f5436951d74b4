import { type Actor, createActor } from 'xstate'
import type { LiveConnection } from '../../adapters/http/admin/port.ts'
import type { MinerSocket } from '../../adapters/stratum/port.ts'
import { accountId, payableAddress, SOLO_ACCOUNT_ID } from '../../domain/decred/address.ts'
import { blockHash } from '../../domain/decred/header.ts'
import type { Network } from '../../domain/decred/network.ts'
import { hashesPerDifficulty } from '../../domain/decred/target.ts'
import {
  type DisconnectReason,
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
import { type JobBook, oldestTemplateJob } from '../../domain/mining/job-book.ts'
import {
  beginDifficulty,
  changeDifficulty,
  difficultyOf,
  forgetSteps,
  type Session,
  takeSolution,
} from '../../domain/mining/session.ts'
import {
  closeSession,
  couldBeAnothers,
  openSession,
  resumeSession,
  type SessionBook,
} from '../../domain/mining/session-book.ts'
import { type AcceptedShare, judgeShare } from '../../domain/mining/share.ts'
import { codeOf, ERROR_CODE, type ErrorCode } from '../../domain/stratum/error.ts'
import type { ExtranonceLayout, Profile, Wire } from '../../domain/stratum/profile.ts'
import { profileOf } from '../../domain/stratum/profiles/index.ts'
import {
  decodeRequest,
  type MinerRequest,
  type RequestId,
  type Submission,
} from '../../domain/stratum/request.ts'
import {
  errorLine,
  RECONNECT_LINE,
  resultLine,
  setDifficultyLine,
  setExtranonceLine,
  subscribedLine,
  trueLine,
} from '../../domain/stratum/response.ts'
import { parseUser, wishedDifficulty } from '../../domain/stratum/user.ts'
import type { DifficultyConfig } from '../config/config.ts'
import { assertNever } from './assert-never.ts'
import { ConnectionRecord, type RecordWorld, type Worker } from './connection-record.ts'

/** What a connection needs of its gateway. One object shared by all of them. */
export interface ConnectionWorld extends RecordWorld {
  readonly network: Network
  readonly nowMs: () => number
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number
  readonly newSessionId: () => string
  readonly sessions: SessionBook
  readonly jobs: JobBook
  /** Whether work is held: there has been no node for long. */
  readonly isHeld: () => boolean
  readonly sharesPerMinute: number
  readonly lateShareGraceMs: number
  readonly preAuthorizationMsMax: number
  readonly workersMax: number
  /** What somebody of a banned account is told; null when it may mine. */
  readonly accountRefusal: (account: string) => string | null
  readonly notifyLine: (job: Job, wire: Wire, clean: boolean) => Buffer
  /** Ends the live connection that has a session, so that it can be resumed by another. */
  readonly release: (sessionId: string) => void
  /** The miner should have another difficulty, and so another template; soon, when it is far too fast for the one it has. */
  readonly wantTemplate: (connection: Connection, soon: boolean) => void
  /** A share met the network's target. False when it is not offered as a block: enough others are, on the same parent. */
  readonly solved: (candidate: BlockCandidate) => boolean
  /** A miner can't be told the extranonces of new work, and was asked to come back. */
  readonly outdated: (agent: string) => void
  readonly began: (connection: Connection) => void
  readonly ended: (connection: Connection, reason: DisconnectReason) => void
  readonly failed: (error: unknown) => void
}

/** A share that is a block, on its way to the nodes. */
export interface BlockCandidate {
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

/** Of a user name, which is kept as long as the connection: an address has 35, a worker's published name 64. */
const USER_CHARS_MAX = 200
/** Lines that are no stratum at all before the connection is ended. */
const GARBAGE_MAX = 10
/** Refused shares in a row before the connection is ended: half an hour of them at the wanted rate. */
const REFUSED_IN_A_ROW_MAX = 500
/** Requests other than shares, in all, also those that are not known: nobody needs more, and each costs an answer. */
const REQUESTS_MAX = 1_000

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
  /** The layout of extranonces that it was told last, and whether it can be told another. */
  #told: ExtranonceLayout | null = null
  #takesExtranonces = false
  #workers: readonly Worker[] = []
  /** Since it mines. */
  #record: ConnectionRecord | null = null
  /** The newest connection in the log that had its session before. */
  #resumes: number | null = null
  /** Difficulty that a new session begins with: fixed before the miner is told what its headers have of its own. */
  #first = 0
  /** Difficulty wanted from the next template on, and whether it is changed only for a miner that is far too fast for it. */
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
  /** Refused shares by reason; nothing as long as there are none, like most. */
  #refusals: Map<RejectReason, number> | null = null
  #refusal: string | null = null
  /** Unix ms. */
  readonly #connectedMs: number
  /** When it was heard last, by the monotonic clock. */
  lastLineMs: number

  constructor(world: ConnectionWorld, socket: MinerSocket, difficulty: DifficultyConfig) {
    this.#world = world
    this.socket = socket
    this.#difficulty = difficulty
    this.#connectedMs = world.nowMs()
    this.lastLineMs = world.monotonicMs()
    this.#actor = createActor(connectionMachine, {
      input: { host: this, preAuthorizationMsMax: world.preAuthorizationMsMax },
    })
    // Without an observer a throw inside the machine would end the whole process.
    this.#actor.subscribe({ error: (error) => this.#broke(error) })
    this.#actor.start()
  }

  /** In the log; null while it is not there. */
  get number(): number | null {
    return this.#record?.number ?? null
  }

  get sessionId(): string | null {
    return this.#session?.id ?? null
  }

  get isMining(): boolean {
    return this.#actor.getSnapshot().value === 'mining'
  }

  /** As an administrator sees it. */
  get live(): LiveConnection {
    const { remoteAddress, listener } = this.socket
    return {
      number: this.number,
      address: remoteAddress,
      listener,
      agent: publicText(this.#agent),
      connectedAt: this.#connectedMs,
      heardAt: Math.round(this.#world.nowMs() - (this.#world.monotonicMs() - this.lastLineMs)),
      isMining: this.isMining,
      workers: this.#workers.map(({ account, user }) => ({ account, user: publicText(user) })),
      difficulty: this.#sentDifficulty === 0 ? null : this.#sentDifficulty,
      accepted: this.#accepted,
      rejected: [...(this.#refusals ?? [])]
        .map(([reason, count]) => ({ reason, count }))
        .sort((a, b) => b.count - a.count),
      refusal: this.#refusal,
    }
  }

  /** Ends it when one of its accounts is banned now. */
  endIfBanned(): void {
    if (this.#workers.some(({ account }) => this.#world.accountRefusal(account) !== null)) this.end('banned')
  }

  /** A line from the miner. Never throws: an error here is this connection's alone. */
  line(text: string): void {
    try {
      this.lastLineMs = this.#world.monotonicMs()
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
    this.#askToComeBack()
  }

  #askToComeBack(): void {
    this.#actor.send({ type: 'DRAIN' })
    this.socket.write(RECONNECT_LINE)
  }

  /** Sends a job that is issued now, and the difficulty it will be judged at where that is another than before. Never throws, as `line`. */
  sendJob(job: Job, clean: boolean): void {
    try {
      this.#sendJob(job, clean, true)
    } catch (error) {
      this.#broke(error)
    }
  }

  #sendJob(job: Job, clean: boolean, isIssuedNow: boolean): void {
    const [world, session, record] = [this.#world, this.#session, this.#record]
    if (session === null || record === null || this.#actor.getSnapshot().value === 'draining') return
    const wire = this.#wireOf(job)
    const isTold = this.#told === wire.extranonce
    if (!isTold && !this.#takesExtranonces) {
      // What it made of this work with extranonces of another layout would be no share.
      world.outdated(this.#agent)
      return this.#askToComeBack()
    }
    if (!isTold) this.socket.write(setExtranonceLine(...this.#tell(wire.extranonce, session)))
    const begun = beginDifficulty(session, job, this.#first, world.nowMs())
    if (begun !== null) record.assigned(begun)
    const isOther = session.difficulties.at(-1)?.difficulty !== this.#wanted
    const changed =
      isOther && isIssuedNow ? changeDifficulty(session, job, this.#wanted, world.nowMs()) : null
    if (changed !== null) record.assigned(changed)
    if (changed !== null || !isOther) this.#retargetPending = false
    const judgedAt = difficultyOf(session, job)
    if (judgedAt === null) return
    if (judgedAt !== this.#sentDifficulty) {
      this.#sentDifficulty = judgedAt
      this.socket.write(setDifficultyLine(judgedAt))
    }
    this.socket.write(world.notifyLine(job, wire, clean || !isTold))
  }

  /** The extranonces as the miner is told them in a layout: extranonce1 as it is padded, and the size of extranonce2. */
  #tell(layout: ExtranonceLayout, session: Session): [extranonce1: string, extranonce2Bytes: number] {
    this.#told = layout
    return ['00'.repeat(layout.padBytes) + session.extranonce1, layout.toldBytes]
  }

  /** Lets the log know of a miner that is here for long enough without a share. How many events that took. */
  writeWhenOld(monotonicMs: number): number {
    return this.#record?.writeWhenOld(monotonicMs) ?? 0
  }

  /** Lets the difficulty fall for a miner that sends too little. Called every few seconds. */
  sweep(monotonicMs: number): void {
    if (this.#session !== null) this.#retarget(this.#session, monotonicMs)
  }

  /** The machine's entry into `mining`. */
  startMining(): void {
    const { world, session } = this.#established()
    const atMs = world.nowMs()
    const record = new ConnectionRecord(world, {
      atMs,
      sinceMs: world.monotonicMs(),
      extranonce1: session.extranonce1,
      listener: this.socket.listener,
      agent: this.#agent,
      profile: this.#profile.name,
      resumes: this.#resumes,
    })
    this.#record = record
    for (const worker of this.#workers) record.authorized(worker, atMs)
    // Of a session that it resumes the log has all that its shares are judged by.
    forgetSteps(session, oldestTemplateJob(world.jobs))
    for (const step of session.difficulties) record.assigned(step)
    const inForce = session.difficulties.at(-1)?.difficulty ?? this.#first
    if (this.#difficulty.fixed !== null) this.#wanted = this.#difficulty.fixed
    else this.#wanted = this.#wanted === 0 ? inForce : clampDifficulty(this.#wanted, this.#bounds())
    world.began(this)
    if (world.jobs.current !== null && !world.isHeld()) this.#sendJob(world.jobs.current, true, false)
    if (this.#wanted !== inForce) world.wantTemplate(this, true)
  }

  /** The machine's entry into `closed`. */
  leave(reason: DisconnectReason): void {
    const world = this.#world
    this.socket.end(reason)
    const [accepted, rejected, difficulty] = [this.#accepted, this.#rejected, this.#credited]
    this.#record?.end(world.nowMs(), reason, { accepted, rejected, difficulty })
    if (this.#session !== null)
      closeSession(world.sessions, this.#session, this.number ?? this.#resumes, world.monotonicMs())
    world.ended(this, reason)
    this.#session = null
  }

  #receive(text: string): void {
    const request = decodeRequest(text)
    if (request._tag === 'Left') {
      const { id, error, what } = request.left
      if (what === 'share') return this.#reject(id, null, 'malformed', error.text, 0, 0)
      this.socket.write(errorLine(id, error))
      const isTooMuch = what === 'garbage' ? ++this.#garbage >= GARBAGE_MAX : ++this.#requests > REQUESTS_MAX
      if (isTooMuch) this.end('bad-input')
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
        this.#takesExtranonces = true
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
      const nowMs = world.monotonicMs()
      const resumed = wanted === null ? undefined : resumeSession(world.sessions, wanted, nowMs)
      const session = resumed?.session ?? openSession(world.sessions, world.newSessionId(), nowMs)
      if (session === undefined) return this.#refuse(id, ERROR_CODE.other, NO_EXTRANONCE_TEXT)
      this.#session = session
      this.#resumes = resumed?.connection ?? null
      this.#agent = agent
      this.#profile = profileOf(agent)
      this.#first = this.#firstDifficulty()
    }
    const told = this.#tell(this.#wireOf(world.jobs.current).extranonce, this.#session)
    this.socket.write(subscribedLine(id, this.#session.id, ...told))
    this.#actor.send({ type: 'SUBSCRIBED' })
  }

  /** The wire of a job, by its proof of work; while there is none, by the newest one that the device can compute. */
  #wireOf(job: Job | null): Wire {
    const { wire, powAlgorithms } = this.#profile
    return wire(job?.powAlgorithm ?? (powAlgorithms.includes('blake3') ? 'blake3' : 'blake256'))
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
    this.#record?.authorized(worker, world.nowMs())
    this.#actor.send({ type: 'AUTHORIZED' })
  }

  /** The worker of a user name, or a sentence that says what is wrong with it. */
  #workerOf(user: string): Worker | string {
    if (this.#world.mode === 'solo') return { user, account: SOLO_ACCOUNT_ID, name: publicText(user) }
    const { address, worker } = parseUser(user)
    const payable = payableAddress(address, this.#world.network)
    if (payable._tag === 'Left') return payable.left.message
    const account = accountId(address)
    return this.#world.accountRefusal(account) ?? { user, account, name: publicText(worker) }
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
      this.#wireOf(world.jobs.jobs.get(submission.job) ?? world.jobs.current),
      submission,
    )
    if (verdict.kind === 'rejected')
      return this.#reject(id, worker, verdict.reason, verdict.text, verdict.needed, verdict.best)
    // On a BLAKE3 chain there is one place for extranonce1.
    const isAmbiguous =
      verdict.job.powAlgorithm === 'blake256' && couldBeAnothers(world.sessions, session, verdict.extraData)
    if (isAmbiguous) return this.#reject(id, worker, 'foreign-extranonce', AMBIGUOUS_TEXT, 0, 0)
    // A block is taken whatever the nodes and the store are doing: it goes to them when they are back.
    if (world.isHeld() && verdict.solvedHeader === null)
      return this.#reject(id, worker, 'stale', NODE_GONE_TEXT, 0, 0)
    if (!world.journal.hasRoom() && verdict.solvedHeader === null)
      return this.#reject(id, worker, 'store-unavailable', STORE_AWAY_TEXT, 0, 0)
    this.#accept(id, session, worker, verdict, nowMs)
  }

  #accept(id: RequestId, session: Session, workerIndex: number, share: AcceptedShare, nowMs: number): void {
    const { job, solution, difficulty } = share
    if (this.#record === null) throw new Error('a share was accepted before mining began')
    const connection = this.#record.write()
    takeSolution(session, job.template, share.key)
    this.#refusedInARow = 0
    this.#accepted += 1
    this.#credited += BigInt(difficulty)
    let recorded: ((reference: ShareReference) => void) | null = null
    const worker = this.#workers[workerIndex]
    let hash: string | null = null
    if (share.solvedHeader !== null && worker !== undefined) {
      const candidate: BlockCandidate = {
        hash: blockHash(share.solvedHeader),
        header: share.solvedHeader,
        job,
        gateway: this.#world.gateway,
        connection,
        account: worker.account,
        worker: worker.name,
        recorded: new Promise((resolve) => {
          recorded = resolve
        }),
      }
      if (this.#world.solved(candidate)) hash = candidate.hash
    }
    this.#world.journal.share({
      connection,
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
    const monotonicMs = this.#world.monotonicMs()
    noteShare(session.speed, difficulty, monotonicMs)
    this.#retarget(session, monotonicMs)
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
    this.#refusals ??= new Map()
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1)
    if (this.#record !== null) this.#world.journal.rejected(this.#record, worker, reason, needed, best)
    this.#refuse(id, codeOf[reason], text)
    if (this.#refusedInARow >= REFUSED_IN_A_ROW_MAX) this.end('bad-input')
  }

  #refuse(id: RequestId, code: ErrorCode, text: string): void {
    this.#refusal = text
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
    if (this.isMining) this.#world.wantTemplate(this, false)
  }

  #firstDifficulty(): number {
    const { fixed, start } = this.#difficulty
    const bounds = this.#bounds()
    if (fixed !== null) return fixed
    // A miner that authorizes before it subscribes has said what it wants.
    if (this.#wanted !== 0) return clampDifficulty(this.#wanted, bounds)
    if (start !== null) return clampDifficulty(start, bounds)
    return startDifficulty(
      this.#profile.hashesPerSecond,
      hashesPerDifficulty(this.#world.network),
      this.#world.sharesPerMinute,
      bounds,
    )
  }

  #retarget(session: Session, nowMs: number): void {
    if (this.#difficulty.fixed !== null || this.#retargetPending) return
    const change = retarget(
      session.speed,
      this.#sentDifficulty || this.#wanted,
      nowMs,
      this.#world.sharesPerMinute,
      this.#bounds(),
    )
    if (change === null || (this.#fixed && !change.urgent)) return
    this.#fixed = false
    this.#wanted = change.difficulty
    this.#retargetPending = change.urgent
    this.#world.wantTemplate(this, change.urgent)
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

const NODE_GONE_TEXT =
  'Stale job: the pool has had no Decred node for too long, so nothing found now could become a block; new work comes when a node is back'

const STORE_AWAY_TEXT = 'The pool cannot record shares now: its store is away; try again in a minute'

const AMBIGUOUS_TEXT =
  "This extranonce2 holds another miner's extranonce1, so the share could be theirs as well: count on"

const NO_EXTRANONCE_TEXT = 'The pool has as many sessions as it can tell apart; try again in a few minutes'

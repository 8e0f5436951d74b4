import type { Logger } from 'pino'
import type { LiveConnection } from '../../adapters/http/admin/port.ts'
import type { Work, WorkReason } from '../../adapters/node/port.ts'
import type { Accept } from '../../adapters/stratum/port.ts'
import { previousBlock } from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { event, type IssueReason, publicText } from '../../domain/events.ts'
import type { Job } from '../../domain/mining/job.ts'
import {
  issueJob,
  jobBits,
  newJobBook,
  oldestTemplate,
  refreshedHeader,
} from '../../domain/mining/job-book.ts'
import { forgetSolutions, newSessionBook } from '../../domain/mining/session-book.ts'
import { notifyParams } from '../../domain/stratum/notify.ts'
import type { Wire } from '../../domain/stratum/profile.ts'
import { notifyLine } from '../../domain/stratum/response.ts'
import type { Bans } from '../admin/bans.ts'
import type { Config, ListenerConfig } from '../config/config.ts'
import type { Journal, StreamWriter } from '../journal.ts'
import { realTimers, type Timers } from '../timers.ts'
import { type BlockCandidate, Connection, type ConnectionWorld } from './connection.ts'
import { turnAway } from './turn-away.ts'

/**
 * Everything between the miners' sockets and the journal: turns the node's work into jobs and hands them to all connections,
 * each of which is an actor of its own in a map, since children of one parent would cost more the more there are.
 */
export interface Gateway {
  /** What a listener does with a new socket. */
  readonly acceptOn: (listener: ListenerConfig) => Accept
  /** New work from the node; `subsidy` is the full proof-of-work subsidy of its height in atoms. */
  readonly work: (work: Work, subsidy: bigint) => void
  /**
   * There has been no node for long: until there is new work, that of before is not refreshed, no newcomer gets it, and shares of it are
   * refused.
   */
  readonly holdWork: () => void
  readonly job: () => Job | null
  readonly connections: () => GatewayCount
  /** Every connection as an administrator sees it. */
  readonly live: () => readonly LiveConnection[]
  /** Ends the connections of those who are banned now. */
  readonly endBanned: () => void
  /** Asks miners to come back later, stops the timers. */
  readonly drain: () => void
  /** Ends what is left. */
  readonly end: () => void
}

/** How many miners there are. */
export interface GatewayCount {
  /** Connected in any phase, and of those the ones that mine. */
  readonly connected: number
  readonly mining: number
}

/** What a gateway needs of the pool. */
export interface GatewayOptions {
  /** Ordinal of this gateway process in the pool's history, and the first byte of its extranonces. */
  readonly ordinal: number
  readonly prefix: number
  /** Draws the number of an extranonce: see `SessionBook`. */
  readonly drawExtranonce: () => number
  readonly network: Network
  readonly config: Config
  readonly journal: Journal
  /** Date and time, Unix ms, which may be set forward and back: what the log is written by. */
  readonly nowMs: () => number
  /** The machine's own, for headers: a date that stands still would keep them in the future, where no node takes a block. */
  readonly machineMs: () => number
  /** Milliseconds of a clock that only goes forward: what durations are measured by. */
  readonly monotonicMs: () => number
  readonly newSessionId: () => string
  /** Asks the node for another template of the same block, which comes as work of new transactions. */
  readonly renewWork: () => void
  readonly solved: (candidate: BlockCandidate) => void
  readonly bans: Pick<Bans, 'accountRefusal' | 'addressRefusal'>
  readonly log: Logger
  /** The machine's when not given. */
  readonly timers?: Timers
}

const SWEEP_MS = 5_000
const TICK_MS = 500
/**
 * Events of connections that are written for their age alone, in one sweep, after which no further one is; the oldest come first. A
 * hundred connections: a bound on what those do to the log who come for a minute, whoever they are.
 */
const WRITTEN_FOR_AGE_MAX = 400
/** Miners that are far too fast get another template this often at most: each one is an event, and work for the node. */
const RETARGET_MS_MIN = 2_000
/** Blocks offered of one template at most; on a real network a second one is rare. */
const CANDIDATES_MAX = 8
const CANDIDATE_TEMPLATES_MAX = 16
/** Accounts remembered as opened, about 100 bytes each; for others the store is asked by a harmless repeated append. */
const KNOWN_ACCOUNTS_MAX = 100_000

/** Opens a gateway without work: miners may connect and wait for it. */
export function openGateway(options: GatewayOptions): Gateway {
  const { ordinal, network, config, journal, nowMs, monotonicMs, log } = options
  const jobs = newJobBook()
  const sessions = newSessionBook(options.prefix, config.limits.resumeGraceMs, options.drawExtranonce)
  const connected = new Set<Connection>()
  const mining = new Set<Connection>()
  const bySession = new Map<string, Connection>()
  const knownAccounts = new Set<string>()
  const lines = new Map<string, Buffer>()
  let linesOf: Job | null = null
  let nextNumber = 0
  let workStream: { readonly epoch: string; readonly stream: StreamWriter } | null = null
  let subsidy = 0n
  let powAlgorithm: PowAlgorithm = 'blake3'
  let held = false
  // The three by the monotonic clock.
  let issuedAtMs = 0
  let transactionsAtMs = 0
  let retargetAtMs = Number.NEGATIVE_INFINITY
  let waitingTransactions: Work | null = null
  /** A template was asked for, for those alone who are far too fast. */
  let isAskedForFast = false
  const candidates = new Map<number, number>()
  /** Who needs another template before anything else brings one. */
  const tooFast = new Set<Connection>()
  /** Somebody is to have another difficulty, which begins with another template. */
  let isTemplateWanted = false
  let draining = false

  const world: ConnectionWorld = {
    gateway: ordinal,
    network,
    mode: config.pool.mode,
    nowMs,
    monotonicMs,
    newSessionId: options.newSessionId,
    journal,
    sessions,
    jobs,
    isHeld: () => held,
    sharesPerMinute: config.mining.sharesPerMinute,
    lateShareGraceMs: config.mining.lateShareGraceMs,
    preAuthorizationMsMax: config.limits.preAuthorizationMsMax,
    workersMax: config.limits.workersPerConnectionMax,
    accountRefusal: (account) => options.bans.accountRefusal(account, nowMs()),
    nextNumber: () => nextNumber++,
    knowsAccount: (id) => {
      if (knownAccounts.has(id)) return true
      if (knownAccounts.size >= KNOWN_ACCOUNTS_MAX) knownAccounts.clear()
      knownAccounts.add(id)
      return false
    },
    notifyLine: lineOf,
    release: (id) => bySession.get(id)?.end('replaced-by-resume'),
    wantTemplate: (connection, soon) => {
      if (soon) tooFast.add(connection)
      else isTemplateWanted = true
    },
    solved: offerBlock,
    outdated: (agent) =>
      log.info(
        { agent: publicText(agent) },
        'a miner was asked to come back: the proof of work is another than when it subscribed, and it does not take new extranonces',
      ),
    began: (connection) => {
      mining.add(connection)
      if (connection.sessionId !== null) bySession.set(connection.sessionId, connection)
    },
    ended: (connection, reason) => {
      connected.delete(connection)
      tooFast.delete(connection)
      if (mining.delete(connection)) log.debug({ connection: connection.number, reason }, 'miner left')
      if (connection.sessionId !== null && bySession.get(connection.sessionId) === connection)
        bySession.delete(connection.sessionId)
    },
    failed: (error) => log.error({ err: error }, 'a connection failed and was ended'),
  }

  /**
   * Offers a solved share as a block. More of one template than the network could need are only shares: where the share target is
   * as easy as the network's (a test network) every share is a sibling of the last, and thousands of them would keep the node
   * from giving work. Not of one parent: a node that was away knows none of its old templates and refuses what was found of them.
   */
  function offerBlock(candidate: BlockCandidate): boolean {
    const { template } = candidate.job
    const offered = candidates.get(template) ?? 0
    if (offered >= CANDIDATES_MAX) return false
    candidates.set(template, offered + 1)
    for (const oldest of candidates.keys())
      if (candidates.size > CANDIDATE_TEMPLATES_MAX) candidates.delete(oldest)
    options.solved(candidate)
    return true
  }

  /** The notify line of a job on a wire, serialised once for all connections. */
  function lineOf(job: Job, wire: Wire, clean: boolean): Buffer {
    if (linesOf !== job) {
      lines.clear()
      linesOf = job
    }
    const key = `${wire.name}${clean}`
    let line = lines.get(key)
    if (line === undefined) {
      line = Buffer.from(notifyLine(notifyParams(job, wire, clean)))
      lines.set(key, line)
    }
    return line
  }

  function issue(header: Uint8Array, reason: IssueReason): Job {
    const job = issueJob(jobs, ordinal, network, header, powAlgorithm, reason, nowMs())
    issuedAtMs = monotonicMs()
    const issued = event('WorkIssued', {
      v: 1,
      at: job.issuedAtMs,
      job: job.number,
      header: toHex(job.header),
      powAlgorithm: job.powAlgorithm,
      height: job.height,
      bits: jobBits(job),
      subsidy: String(subsidy),
      reason,
    })
    // On disk before a share on it can be back: a block whose share is lost in a crash is known by its work alone. When the
    // journal has stopped the pool ends, and says why.
    void journal.commit(streamOfWork(job.issuedAtMs), [issued]).catch(() => undefined)
    return job
  }

  function streamOfWork(atMs: number): StreamWriter {
    const epoch = journal.epochAt(atMs)
    if (workStream?.epoch !== epoch)
      workStream = { epoch, stream: journal.stream(`work-${ordinal}-${epoch}`) }
    return workStream.stream
  }

  function broadcast(job: Job, clean: boolean): void {
    if (job.templateJob === job.number) {
      tooFast.clear()
      isTemplateWanted = false
    }
    for (const connection of mining) connection.sendJob(job, clean)
  }

  function issueToAll(header: Uint8Array, reason: IssueReason, clean: boolean): void {
    broadcast(issue(header, reason), clean)
    if (clean) forgetSolutions(sessions, oldestTemplate(jobs))
  }

  function work(next: Work, nextSubsidy: bigint): void {
    if (draining) return
    held = false
    subsidy = nextSubsidy
    powAlgorithm = next.powAlgorithm
    // Work on a new block may have been overtaken on its way by work of new transactions.
    const reason = previousBlock(next.header) === jobs.parent ? ISSUE_REASON[next.reason] : 'new-parent'
    if (reason !== 'new-transactions') {
      waitingTransactions = null
      transactionsAtMs = monotonicMs()
      return issueToAll(next.header, reason, true)
    }
    if (isAskedForFast && tooFast.size > 0 && !areTransactionsDue()) return issueToTheFast(next.header)
    waitingTransactions = next
    issueWaitingTransactions()
  }

  const areTransactionsDue = (): boolean =>
    monotonicMs() - transactionsAtMs >= config.mining.transactionsRefreshMs

  /** New transactions only add fees: their work is given out now and then, and nobody's work is thrown away for it. */
  function issueWaitingTransactions(): void {
    const next = waitingTransactions
    if (next === null || !areTransactionsDue()) return
    waitingTransactions = null
    transactionsAtMs = monotonicMs()
    issueToAll(next.header, 'new-transactions', false)
  }

  function refreshIfIdle(): void {
    if (held || monotonicMs() - issuedAtMs < config.mining.refreshMs) return
    if (isTemplateWanted) options.renewWork()
    const header = refreshedHeader(jobs, options.machineMs())
    if (header !== null) issueToAll(header, 'refresh', false)
  }

  function retargetTheFast(): void {
    const now = monotonicMs()
    if (tooFast.size === 0 || held || now - retargetAtMs < RETARGET_MS_MIN) return
    retargetAtMs = now
    isAskedForFast = true
    options.renewWork()
  }

  /** The others never get this template: who knows one before it is given to him could search it before his difficulty is fixed. */
  function issueToTheFast(header: Uint8Array): void {
    isAskedForFast = false
    const job = issue(header, 'retarget')
    for (const connection of tooFast) connection.sendJob(job, false)
    tooFast.clear()
  }

  function sweep(): void {
    const now = monotonicMs()
    let written = 0
    for (const connection of connected) {
      if (now - connection.lastLineMs > config.limits.idleMsMax) {
        connection.end('idle')
        continue
      }
      connection.sweep(now)
      if (written < WRITTEN_FOR_AGE_MAX && journal.hasRoom()) written += connection.writeWhenOld(now)
    }
  }

  const { every } = options.timers ?? realTimers
  const noSweeps = every(SWEEP_MS, sweep)
  const noTicks = every(TICK_MS, () => {
    issueWaitingTransactions()
    refreshIfIdle()
    retargetTheFast()
  })

  return {
    acceptOn: (listener) => (socket) => {
      const banned = options.bans.addressRefusal(socket.remoteAddress, nowMs())
      if (banned !== null) return turnAway(socket, banned)
      const connection = new Connection(world, socket, listener.difficulty)
      connected.add(connection)
      return connection
    },
    work,
    holdWork: () => {
      held = true
      waitingTransactions = null
      // The next work is for everybody at once, whatever is new about it.
      transactionsAtMs = Number.NEGATIVE_INFINITY
    },
    job: () => jobs.current,
    connections: () => ({ connected: connected.size, mining: mining.size }),
    live: () => [...connected].map(({ live }) => live),
    endBanned: () => {
      for (const connection of [...connected]) {
        if (options.bans.addressRefusal(connection.socket.remoteAddress, nowMs()) !== null)
          connection.end('banned')
        else connection.endIfBanned()
      }
    },
    drain: () => {
      draining = true
      noSweeps()
      noTicks()
      for (const connection of [...connected]) connection.drain()
    },
    end: () => {
      for (const connection of [...connected]) connection.end('shutdown')
    },
  }
}

const ISSUE_REASON: { readonly [R in WorkReason]: IssueReason } = {
  'new-parent': 'new-parent',
  'new-votes': 'new-votes',
  'new-transactions': 'new-transactions',
  asked: 'new-parent',
}

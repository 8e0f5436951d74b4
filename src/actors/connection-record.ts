import { type DisconnectReason, event, type PoolEvent, publicText } from '../../domain/events.ts'
import type { DifficultyStep } from '../../domain/mining/session.ts'
import { parseUser } from '../../domain/stratum/user.ts'
import type { Journal, StreamWriter } from '../journal.ts'
import type { RefusingConnection } from './rejected-tally.ts'

/** What a record needs of the gateway. */
export interface RecordWorld {
  readonly gateway: number
  readonly mode: 'public' | 'solo'
  readonly journal: Journal
  /** The next number n of stream `connection-<gateway>.<n>`. */
  readonly nextNumber: () => number
  /** Whether an account was seen by this gateway before; it has been after the call. */
  readonly knowsAccount: (id: string) => boolean
}

/** How a connection began to mine. */
export interface Beginning {
  readonly atMs: number
  /** The same by the gateway's monotonic clock. */
  readonly sinceMs: number
  readonly extranonce1: string
  readonly listener: string
  readonly agent: string
  readonly profile: string
  /** The newest connection in the log that had its session. */
  readonly resumes: number | null
}

/** Who mines on a connection. */
export interface Worker {
  readonly user: string
  readonly account: string
  readonly name: string
}

/** What a connection did in all. */
export interface Totals {
  readonly accepted: number
  readonly rejected: number
  /** Sum over the accepted shares. */
  readonly difficulty: bigint
}

interface Authorization {
  readonly worker: Worker
  readonly atMs: number
}

/** Age at which a connection without an accepted share is written all the same: one that is idle, or all of whose shares are refused. */
const WRITTEN_AFTER_MS = 60_000

/**
 * What the log holds of one connection: nothing before its first accepted share or its first minute; from then on everything, in
 * order. One that ends before leaves nothing: see docs/decisions/006-connections-are-recorded-with-their-first-share.md.
 *
 * What waits meanwhile is bounded by what one connection may ask for (1,000 requests) and the 64 steps that a session remembers; it is
 * three small objects for nearly all.
 */
export class ConnectionRecord implements RefusingConnection {
  readonly #world: RecordWorld
  readonly #beginning: Beginning
  #news: (Authorization | DifficultyStep)[] = []
  #stream: StreamWriter | null = null
  #number: number | null = null
  #isOver = false

  constructor(world: RecordWorld, beginning: Beginning) {
    this.#world = world
    this.#beginning = beginning
  }

  get number(): number | null {
    return this.#number
  }

  get isOver(): boolean {
    return this.#isOver
  }

  authorized(worker: Worker, atMs: number): void {
    this.#note({ worker, atMs })
  }

  assigned(step: DifficultyStep): void {
    this.#note(step)
  }

  #note(news: Authorization | DifficultyStep): void {
    this.#news.push(news)
    if (this.#stream !== null) this.#tell(this.#stream, [])
  }

  /** Hands everything so far to the journal, ahead of the shares that come after, and gives the connection's number. */
  write(): number {
    if (this.#number !== null) return this.#number
    const { gateway, journal, nextNumber } = this.#world
    const number = nextNumber()
    this.#number = number
    this.#stream = journal.stream(`connection-${gateway}.${number}`)
    this.#tell(this.#stream, begun(this.#beginning))
    return number
  }

  /** Writes it when it is old enough. How many events that took, accounts aside; 0 when it was not to be done, or before. */
  writeWhenOld(monotonicMs: number): number {
    if (this.#number !== null || monotonicMs - this.#beginning.sinceMs < WRITTEN_AFTER_MS) return 0
    const events = 2 + this.#news.length
    this.write()
    return events
  }

  /** The connection has ended. */
  end(atMs: number, reason: DisconnectReason, totals: Totals): void {
    this.#isOver = true
    this.#news = []
    if (this.#stream === null) return
    const difficulty = String(totals.difficulty)
    this.#world.journal.record(this.#stream, 'after', [
      event('MinerDisconnected', { v: 1, at: atMs, reason, ...totals, difficulty }),
    ])
  }

  #tell(stream: StreamWriter, first: readonly PoolEvent[]): void {
    const events = [...first]
    for (const news of this.#news) {
      if ('worker' in news) this.#openAccount(news)
      events.push('worker' in news ? workerAuthorized(news) : this.#difficultyAssigned(news))
    }
    this.#news = []
    this.#world.journal.record(stream, 'before', events)
  }

  #openAccount({ worker: { user, account }, atMs }: Authorization): void {
    const { mode, journal, knowsAccount } = this.#world
    if (mode === 'solo' || knowsAccount(account)) return
    journal.recordFirst(
      `account-${account}`,
      event('AccountOpened', { v: 1, at: atMs, address: parseUser(user).address }),
    )
  }

  /** Of a step that an earlier connection left, this one's log begins with its beginning. */
  #difficultyAssigned({ job, difficulty, atMs }: DifficultyStep): PoolEvent {
    const at = Math.max(atMs, this.#beginning.atMs)
    return event('DifficultyAssigned', { v: 1, at, difficulty, job })
  }
}

const begun = ({ atMs, extranonce1, listener, agent, profile, resumes }: Beginning): readonly PoolEvent[] => [
  event('MinerConnected', { v: 1, at: atMs, extranonce1, listener: publicText(listener), resumes }),
  event('MinerIdentified', { v: 1, at: atMs, agent: publicText(agent), profile }),
]

const workerAuthorized = ({ worker, atMs }: Authorization): PoolEvent =>
  event('WorkerAuthorized', { v: 1, at: atMs, account: worker.account, worker: worker.name })

import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Accept, LineHandler } from '../../adapters/stratum/port.ts'
import { fromHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { difficultyTarget, hashesPerDifficulty, targetBytes } from '../../domain/decred/target.ts'
import type { DisconnectReason } from '../../domain/events.ts'
import type { Dialect } from '../devnet/miner/dialect.ts'
import { Search } from '../devnet/miner/search.ts'
import { type Extranonce, readNotify, submitParams, type Work } from '../devnet/miner/work.ts'
import type { Chance } from './chance.ts'
import type { SimulatedTime } from './time.ts'

/** What a simulated device is. */
export interface RigSettings {
  readonly dialect: Dialect
  readonly powAlgorithm: PowAlgorithm
  /** Workers that mine on its connection in turn. */
  readonly users: readonly [string, ...string[]]
  readonly password: string
  /** In simulated time; 0 only connects. */
  readonly hashesPerSecond: number
}

/** Where a device is, and who hears of it. */
export interface RigWorld {
  readonly time: SimulatedTime
  readonly chance: Chance
  /** The pool's door; null while there is no pool. */
  readonly door: () => Accept | null
}

const network = networks.simnet
const HASHES_PER_DIFFICULTY = hashesPerDifficulty(network)

/** Simulated milliseconds. */
const HOUR_MS = 3_600_000
const ON_MS_MEAN = 2 * HOUR_MS
const OFF_MS_MEAN = 120_000
/** How long a share is under way, on most lines and on one in so many. */
const LATENCY_MS_MEAN = 60
const SLOW_LATENCY_MS_MEAN = 5_000
const SLOW = 0.3
/** Of all shares: those that a faulty device sends, and those of work that a new block has just made old. */
const FAULTY = 0.004
const STALE = 0.02

/** Hashes in one search: far more than any difficulty of a simulation takes. */
const HASHES_MAX = 1e9

const Message = t.partial({
  id: t.union([t.number, t.null]),
  method: t.string,
  params: t.UnknownArray,
  result: t.unknown,
})

/** Ids of requests: subscribe, then authorize; shares count up from a later one. */
const SUBSCRIBE_ID = 1
const AUTHORIZE_ID = 2
const FIRST_SHARE_ID = 10

const NOTIFY = '{"id":null,"method":"mining.notify"'
const TRUE = '"error":null,"result":true}\n'
const ID_AT = '{"id":'.length

/**
 * A device that mines in simulated time: real lines and real proofs of work, found at the moments at which its speed would find them. It
 * comes and goes, and sends what faulty devices send.
 */
export class Rig {
  readonly #settings: RigSettings
  readonly #world: RigWorld
  #handler: LineHandler | null = null
  /** Counts connections: what was planned on an earlier one is void. */
  #life = 0
  #session: string | null = null
  #extranonce: Extranonce = { sent: new Uint8Array(0), told: 0 }
  #difficulty = 1
  /** The newest job as it came: read when it is worked on. */
  #job: { readonly line: string; readonly heardAtMs: number; readonly difficulty: number } | null = null
  #search: Search | null = null
  #counter = 0
  #lastId = FIRST_SHARE_ID
  #lastParams: readonly string[] | null = null
  #accepted = 0

  constructor(settings: RigSettings, world: RigWorld) {
    this.#settings = settings
    this.#world = world
  }

  /** Shares that the pool answered with `true`. */
  get accepted(): number {
    return this.#accepted
  }

  /** Comes to the pool after a while, for the first time. */
  start(afterMs: number): void {
    this.#world.time.after(afterMs, () => this.#connect())
  }

  #connect(): void {
    const { time, chance, door } = this.#world
    const accept = door()
    if (accept === null) return this.#comeBack(1_000)
    const life = ++this.#life
    const { dialect, users, password, hashesPerSecond } = this.#settings
    this.#handler = accept({
      listener: 'stratum',
      remoteAddress: '127.0.0.1',
      write: (bytes) => {
        this.#hear(String(bytes))
        return true
      },
      end: (reason) => this.#ended(life, reason),
    })
    const session = dialect.resumes && this.#session !== null ? [this.#session] : []
    this.#say(SUBSCRIBE_ID, 'mining.subscribe', [dialect.agent, ...session])
    for (const [i, user] of users.entries()) this.#say(AUTHORIZE_ID + i, 'mining.authorize', [user, password])
    time.after(chance.wait(ON_MS_MEAN), () => this.#leave(life))
    if (hashesPerSecond > 0) this.#planShare(life)
  }

  #leave(life: number): void {
    if (life !== this.#life || this.#handler === null) return
    const handler = this.#handler
    this.#ended(life, 'connection-lost')
    handler.closed(this.#world.chance.happens(0.5) ? 'connection-lost' : 'closed-by-miner')
  }

  #ended(life: number, reason: DisconnectReason): void {
    if (life !== this.#life || this.#handler === null) return
    this.#handler = null
    this.#job = null
    this.#setSearch(null)
    this.#comeBack(reason === 'shutdown' ? 5_000 : OFF_MS_MEAN)
  }

  #comeBack(meanMs: number): void {
    this.#world.time.after(1_000 + this.#world.chance.wait(meanMs), () => this.#connect())
  }

  #planShare(life: number): void {
    const { time, chance } = this.#world
    const meanMs = (1000 * HASHES_PER_DIFFICULTY * this.#difficulty) / this.#settings.hashesPerSecond
    time.after(chance.wait(meanMs), () => {
      if (life !== this.#life || this.#handler === null) return
      this.#mine()
      if (life === this.#life) this.#planShare(life)
    })
  }

  /** Finds a share of the newest work and sends it. */
  #mine(): void {
    const search = this.#searchNow()
    if (search === null) return
    const { chance } = this.#world
    if (chance.happens(FAULTY)) this.#sendFault(search.work)
    const params = this.#find(search)
    this.#lastParams = params
    this.#submit(params)
  }

  #find(search: Search): readonly string[] {
    const { dialect, users } = this.#settings
    const rolled = dialect.rollsTime ? Math.floor((this.#nowMs - (this.#job?.heardAtMs ?? 0)) / 1000) : 0
    const { found } = search.run(HASHES_MAX, search.work.time + Math.max(0, rolled))
    if (found === undefined) throw new Error('no share is to be found')
    const user = users[this.#lastId % users.length] ?? users[0]
    return submitParams(dialect, user, search.work, found.header)
  }

  /** What a device sends that is broken, or badly set up. */
  #sendFault(work: Work): void {
    const { chance } = this.#world
    const last = this.#lastParams
    if (last === null) return
    const [user = '', , extranonce2 = '', time = '', nonce = ''] = last
    const random = (): string => (chance.below(0xffff_ffff) >>> 0).toString(16).padStart(8, '0')
    switch (chance.below(5)) {
      case 0:
        return this.#submit(last)
      case 1:
        return this.#submit([user, work.job, extranonce2, time, random()])
      case 2:
        return this.#submit([user, work.job, extranonce2, time, nonce.slice(1)])
      case 3:
        return this.#submit([user, random(), extranonce2, time, nonce])
      default:
        return this.#submit([user, work.job, extranonce2, 'ffffffff', random()])
    }
  }

  /** The search in the newest job; null while there is none. */
  #searchNow(): Search | null {
    if (this.#search !== null || this.#job === null) return this.#search
    const { dialect, powAlgorithm } = this.#settings
    const message: unknown = JSON.parse(this.#job.line)
    const params = Message.is(message) ? message.params : undefined
    const work = readNotify(dialect, powAlgorithm, this.#extranonce, params)
    if (E.isLeft(work)) throw new Error(`a simulated device can't work on a job: ${work.left}`)
    this.#setSearch(new Search(work.right, shareTarget(this.#job.difficulty), this.#counter))
    return this.#search
  }

  #setSearch(search: Search | null): void {
    this.#counter = this.#search?.nextCounter ?? this.#counter
    this.#search = search
  }

  #hear(line: string): void {
    if (line.endsWith(TRUE)) {
      if (Number.parseInt(line.slice(ID_AT), 10) > FIRST_SHARE_ID) this.#accepted += 1
      return
    }
    if (line.startsWith(NOTIFY)) return this.#takeJob(line)
    const message: unknown = JSON.parse(line)
    if (!Message.is(message)) throw new Error(`no stratum: ${line}`)
    if (message.method === 'mining.set_difficulty') this.#difficulty = Number(message.params?.[0])
    if (message.method === 'mining.set_extranonce') this.#setExtranonce(message.params ?? [])
    if (message.id === SUBSCRIBE_ID) this.#subscribed(message.result)
  }

  #subscribed(result: unknown): void {
    const [subscriptions, ...extranonce] = Array.isArray(result) ? result : []
    const session = [subscriptions].flat(2).findLast((text) => typeof text === 'string')
    this.#session = typeof session === 'string' ? session : null
    this.#setExtranonce(extranonce)
  }

  #setExtranonce([sent, told]: readonly unknown[]): void {
    const bytes = fromHex(String(sent))
    if (bytes === undefined) throw new Error(`no extranonce: ${String(sent)}`)
    this.#extranonce = { sent: bytes, told: Number(told) }
  }

  #takeJob(line: string): void {
    const { time, chance } = this.#world
    const before = this.#search
    this.#job = { line, heardAtMs: this.#nowMs, difficulty: this.#difficulty }
    this.#setSearch(null)
    if (before === null || !line.endsWith(',true]}\n') || !chance.happens(STALE)) return
    const life = this.#life
    const params = this.#find(before)
    time.after(chance.wait(chance.happens(SLOW) ? SLOW_LATENCY_MS_MEAN : LATENCY_MS_MEAN), () => {
      if (life === this.#life && this.#handler !== null) this.#submit(params)
    })
  }

  get #nowMs(): number {
    return this.#world.time.nowMs()
  }

  #submit(params: readonly string[]): void {
    this.#lastId += 1
    this.#say(this.#lastId, 'mining.submit', params)
  }

  #say(id: number, method: string, params: readonly string[]): void {
    this.#handler?.line(JSON.stringify({ id, method, params }))
  }
}

const targets = new Map<number, Uint8Array>()

function shareTarget(difficulty: number): Uint8Array {
  const known = targets.get(difficulty) ?? targetBytes(difficultyTarget(network, difficulty))
  targets.set(difficulty, known)
  return known
}

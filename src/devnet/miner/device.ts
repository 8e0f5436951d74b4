import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { cutLines } from '../../../adapters/stratum/lines.ts'
import { fromHex } from '../../../domain/decred/hex.ts'
import type { Network } from '../../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { difficultyTarget, targetBytes } from '../../../domain/decred/target.ts'
import type { Submission } from '../../../domain/stratum/request.ts'
import type { Dialect } from './dialect.ts'
import { Search } from './search.ts'
import { type Extranonce, readNotify, submitParams, type Work } from './work.ts'

/** What a device is and where it mines. */
export interface DeviceSettings {
  readonly dialect: Dialect
  readonly network: Network
  readonly powAlgorithm: PowAlgorithm
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly user: string
  readonly password: string
}

/** What happens to a device. */
export type DeviceEvent =
  | { readonly kind: 'connected' }
  /** Tried again after a while; `why` is a sentence. */
  | { readonly kind: 'disconnected'; readonly why: string }
  | { readonly kind: 'authorized' }
  /** The pool refused to subscribe or authorize. */
  | { readonly kind: 'refused'; readonly method: string; readonly code: number; readonly text: string }
  | { readonly kind: 'job'; readonly job: string; readonly difficulty: number; readonly clean: boolean }
  /** The answer to a share; `code` and `text` are the pool's error, and `block` is whether it met the network's target. */
  | {
      readonly kind: 'share'
      /** As it was sent. */
      readonly submission: Submission
      readonly accepted: boolean
      readonly block: boolean
      readonly difficulty: number
      readonly code: number
      readonly text: string
    }
  /** The pool wants the owner to read this. */
  | { readonly kind: 'message'; readonly text: string }
  /** The pool said what this device can't understand or do: the pool is wrong, or the dialect. */
  | { readonly kind: 'fault'; readonly text: string }

const Message = t.partial({
  id: t.union([t.number, t.string, t.null]),
  method: t.string,
  params: t.UnknownArray,
  result: t.unknown,
  error: t.unknown,
})
const StratumFault = t.tuple([t.number, t.string, t.unknown])

/** A request that the pool has not answered yet. */
type Asked =
  | { readonly kind: 'subscribe' | 'authorize' | 'extranonce' }
  | {
      readonly kind: 'share'
      readonly submission: Submission
      readonly difficulty: number
      readonly block: boolean
    }

/** A job is one line; nothing that a pool sends is longer. */
const LINE_BYTES_MAX = 65_536
/** Shares without an answer at most: the pool is in trouble, or the difficulty is far too low. */
const UNANSWERED_MAX = 64
const RETRY_MS_MIN = 250
const RETRY_MS_MAX = 10_000

/** One device with its connection, which it renews for ever, and its search, which others give their time to. */
export class Device {
  readonly #settings: DeviceSettings
  readonly #report: (event: DeviceEvent) => void
  #host: string
  #port: number
  #socket: Socket | undefined
  #retry: NodeJS.Timeout | undefined
  #retryMs = RETRY_MS_MIN
  /** Set by `client.reconnect`. */
  #retryNextMs: number | undefined
  #stopped = false
  #held: Buffer | undefined
  #lastId = 0
  #asked = new Map<number, Asked>()
  #sharesUnanswered = 0
  #session: string | undefined
  #extranonce: Extranonce | undefined
  #difficulty = 1
  #search: { readonly search: Search; readonly difficulty: number; readonly sinceMs: number } | undefined
  #nextCounter = 0

  constructor(settings: DeviceSettings, report: (event: DeviceEvent) => void) {
    this.#settings = settings
    this.#report = report
    this.#host = settings.host
    this.#port = settings.port
    this.#connect()
  }

  /** Whether there is work, and a pool that answers. */
  get canHash(): boolean {
    return this.#search !== undefined && this.#sharesUnanswered < UNANSWERED_MAX
  }

  /** Tries up to `hashesMax` hashes, sends a share when one is found, and gives the number tried. */
  hash(hashesMax: number): number {
    if (this.#search === undefined) return 0
    const { search, difficulty, sinceMs } = this.#search
    const { dialect, user } = this.#settings
    const elapsedSeconds = dialect.rollsTime ? Math.floor((performance.now() - sinceMs) / 1000) : 0
    const { hashes, found } = search.run(hashesMax, search.work.time + elapsedSeconds)
    if (found !== undefined) {
      this.#sharesUnanswered += 1
      const params = submitParams(dialect, user, search.work, found.header)
      const [worker = '', job = '', extranonce2 = '', ntime = '', nonce = ''] = params
      const submission = { worker, job, extranonce2, ntime, nonce }
      this.#ask({ kind: 'share', submission, difficulty, block: found.block }, 'mining.submit', params)
    }
    return hashes
  }

  /** Disconnects for good. */
  stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    const socket = this.#socket
    if (socket === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      socket.once('close', () => resolve())
      socket.destroy()
    })
  }

  #connect(): void {
    const at = { host: this.#host, port: this.#port, noDelay: true }
    // Miners take any certificate: what they have is the pool's word.
    const socket = this.#settings.tls ? connectTls({ ...at, rejectUnauthorized: false }) : connectPlain(at)
    let why = 'the pool closed the connection'
    this.#socket = socket
    socket.on('error', (error: NodeJS.ErrnoException) => {
      why = error.code === 'ECONNREFUSED' ? `nothing listens at ${this.#host}:${this.#port}` : error.message
    })
    socket.on(this.#settings.tls ? 'secureConnect' : 'connect', () => this.#greet())
    socket.on('data', (packet: Buffer) => this.#receive(packet))
    socket.on('close', () => this.#disconnected(why))
  }

  #greet(): void {
    this.#report({ kind: 'connected' })
    const { dialect } = this.#settings
    const session = dialect.resumes && this.#session !== undefined ? [this.#session] : []
    this.#ask({ kind: 'subscribe' }, 'mining.subscribe', [dialect.agent, ...session])
    if (dialect.hasty) this.#authorize()
  }

  #authorize(): void {
    const { user, password } = this.#settings
    this.#ask({ kind: 'authorize' }, 'mining.authorize', [user, password])
  }

  #disconnected(why: string): void {
    this.#socket = undefined
    this.#held = undefined
    this.#setSearch(undefined)
    this.#asked.clear()
    this.#sharesUnanswered = 0
    if (this.#stopped) return
    this.#report({ kind: 'disconnected', why })
    const waitMs = this.#retryNextMs ?? this.#retryMs
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2)
    this.#retryNextMs = undefined
    this.#retry = setTimeout(() => this.#connect(), waitMs)
  }

  #receive(packet: Buffer): void {
    const { lines, held, fault } = cutLines(this.#held, packet, LINE_BYTES_MAX)
    this.#held = held
    for (const line of lines) this.#hear(line)
    if (fault === undefined) return
    this.#report({ kind: 'fault', text: `a line is ${fault}` })
    this.#socket?.destroy()
  }

  #hear(line: string): void {
    const message = parse(line)
    if (!Message.is(message)) this.#report({ kind: 'fault', text: `no stratum: ${line.slice(0, 200)}` })
    else if (message.method !== undefined)
      this.#obey(message.method, message.params ?? [], message.id ?? null)
    else if (typeof message.id === 'number') this.#answered(message.id, message.result, message.error)
  }

  #obey(method: string, params: readonly unknown[], id: number | string | null): void {
    switch (method) {
      case 'mining.set_difficulty':
        return this.#setDifficulty(params[0])
      case 'mining.notify':
        return this.#takeJob(params)
      case 'mining.set_extranonce':
        return this.#setExtranonce(params[0], params[1])
      case 'mining.ping':
        return this.#send({ id, result: 'pong', error: null })
      case 'client.get_version':
        return this.#send({ id, result: this.#settings.dialect.agent, error: null })
      case 'client.show_message':
        return this.#report({ kind: 'message', text: String(params[0]) })
      case 'client.reconnect':
        return this.#move(params)
      default:
        this.#report({ kind: 'fault', text: `unknown method ${method}` })
    }
  }

  /** In force from the next job on. */
  #setDifficulty(difficulty: unknown): void {
    if (typeof difficulty === 'number' && difficulty >= 1 && difficulty <= Number.MAX_SAFE_INTEGER)
      this.#difficulty = Math.floor(difficulty)
    else this.#report({ kind: 'fault', text: `difficulty ${String(difficulty)}` })
  }

  #takeJob(params: readonly unknown[]): void {
    if (this.#extranonce === undefined)
      return this.#report({ kind: 'fault', text: 'a job came before the answer to subscribe' })
    const { dialect, powAlgorithm } = this.#settings
    const work = readNotify(dialect, powAlgorithm, this.#extranonce, params)
    if (E.isLeft(work)) {
      this.#setSearch(undefined)
      return this.#report({ kind: 'fault', text: work.left })
    }
    this.#setSearch(work.right)
    const { job, clean } = work.right
    this.#report({ kind: 'job', job, difficulty: this.#difficulty, clean })
  }

  #setSearch(work: Work | undefined): void {
    this.#nextCounter = this.#search?.search.nextCounter ?? this.#nextCounter
    if (work === undefined) {
      this.#search = undefined
      return
    }
    const target = targetBytes(difficultyTarget(this.#settings.network, this.#difficulty))
    this.#search = {
      search: new Search(work, target, this.#nextCounter),
      difficulty: this.#difficulty,
      sinceMs: performance.now(),
    }
  }

  /** In force from the next job on, where it is asked for and where it is not. */
  #setExtranonce(sent: unknown, told: unknown): void {
    const bytes = typeof sent === 'string' ? fromHex(sent) : undefined
    if (bytes !== undefined && typeof told === 'number' && Number.isInteger(told) && told >= 0)
      this.#extranonce = { sent: bytes, told }
    else this.#report({ kind: 'fault', text: `extranonce ${String(sent)}, ${String(told)}` })
  }

  /** `client.reconnect`: host, port and seconds to wait; what is missing or empty stays as it was. */
  #move([host, port, seconds]: readonly unknown[]): void {
    if (typeof host === 'string' && host !== '') this.#host = host
    if (Number(port) > 0) this.#port = Number(port)
    this.#retryNextMs = Math.max(0, Number(seconds) || 0) * 1000
    this.#socket?.destroy()
  }

  #answered(id: number, result: unknown, error: unknown): void {
    const asked = this.#asked.get(id)
    if (asked === undefined) return this.#report({ kind: 'fault', text: `answer to unknown request ${id}` })
    this.#asked.delete(id)
    const [code, text] = StratumFault.is(error) ? error : [0, '']
    switch (asked.kind) {
      case 'subscribe':
        return code === 0
          ? this.#subscribed(result)
          : this.#report({ kind: 'refused', method: 'mining.subscribe', code, text })
      case 'authorize':
        return result === true
          ? this.#authorized()
          : this.#report({ kind: 'refused', method: 'mining.authorize', code, text })
      case 'extranonce':
        return
      case 'share': {
        this.#sharesUnanswered -= 1
        const { submission, difficulty, block } = asked
        const accepted = result === true
        return this.#report({ kind: 'share', submission, accepted, block, difficulty, code, text })
      }
    }
  }

  #subscribed(result: unknown): void {
    const [subscriptions, sent, told] = Array.isArray(result) ? result : []
    this.#session = [subscriptions].flat(2).findLast((text) => typeof text === 'string')
    this.#setExtranonce(sent, told)
    if (!this.#settings.dialect.hasty) this.#authorize()
  }

  #authorized(): void {
    this.#retryMs = RETRY_MS_MIN
    this.#report({ kind: 'authorized' })
    if (this.#settings.dialect.asksForExtranonces)
      this.#ask({ kind: 'extranonce' }, 'mining.extranonce.subscribe', [])
  }

  #ask(asked: Asked, method: string, params: readonly unknown[]): void {
    this.#lastId += 1
    this.#asked.set(this.#lastId, asked)
    this.#send({ id: this.#lastId, method, params })
  }

  #send(message: object): void {
    this.#socket?.write(`${JSON.stringify(message)}\n`)
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

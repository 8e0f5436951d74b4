import { connect, type Socket } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import { fromHex } from '../../../domain/decred/hex.ts'
import { networks } from '../../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { difficultyTarget, targetBytes } from '../../../domain/decred/target.ts'
import { dialectOf } from '../../../src/devnet/miner/dialect.ts'
import { Search } from '../../../src/devnet/miner/search.ts'
import { type Extranonce, readNotify, submitParams, type Work } from '../../../src/devnet/miner/work.ts'

const ALGORITHM: PowAlgorithm = 'blake3'
const dialect = dialectOf('plain', ALGORITHM)
if (dialect === undefined) throw new Error('no plain dialect')

/** What a hand tells. Times are of `performance.now`. */
export interface HandListener {
  readonly working: () => void
  readonly accepted: (sentMs: number, nowMs: number) => void
  readonly rejected: (code: number) => void
  /** A packet of answers was read to its end. */
  readonly heard: (hand: Hand, nowMs: number) => void
}

/**
 * One connection of the generator. Its shares are real, but they are found ahead of time, so that sending one costs next
 * to nothing.
 */
export class Hand {
  readonly #socket: Socket
  readonly #user: string
  readonly #listener: HandListener
  readonly #sentMs = new Map<number, number>()
  #extranonce: Extranonce | undefined
  #difficulty = 1
  #search: Search | undefined
  #jobs = 0
  /** Ends of lines: the parameters of shares. */
  #solutions: string[] = []
  #nextSolution = 0
  #held = ''
  #lastId = 0

  constructor(port: number, user: string, listener: HandListener) {
    this.#user = user
    this.#listener = listener
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#receive(text))
    this.#socket.on('close', () => {
      throw new Error(`the pool closed the connection of ${user}`)
    })
    this.#socket.write(
      `{"id":1,"method":"mining.subscribe","params":["cpuminer/1.0.0"]}\n` +
        `{"id":2,"method":"mining.authorize","params":["${user}",""]}\n`,
    )
    this.#lastId = 2
  }

  /** Finds so many solutions of the present job ahead of time. */
  prepare(count: number): void {
    for (let left = this.#solutions.length - this.#nextSolution; left < count; left++)
      this.#solutions.push(this.#find())
  }

  /** Sends shares that count as sent at this time. */
  submit(count: number, sentMs: number): void {
    if (count <= 0) return
    let lines = ''
    for (let i = 0; i < count; i++) {
      this.#lastId += 1
      this.#sentMs.set(this.#lastId, sentMs)
      lines += `{"id":${this.#lastId},"method":"mining.submit","params":${this.#take()}`
    }
    this.#socket.write(lines, 'latin1')
  }

  /** Shares without an answer. */
  get unanswered(): number {
    return this.#sentMs.size
  }

  #receive(text: string): void {
    const lines = (this.#held + text).split('\n')
    this.#held = lines.pop() ?? ''
    const nowMs = performance.now()
    for (const line of lines) {
      const id = acceptedId(line)
      if (id > 2) this.#accepted(id, nowMs)
      else this.#hear(JSON.parse(line))
    }
    this.#listener.heard(this, nowMs)
  }

  #accepted(id: number, nowMs: number): void {
    const sentMs = this.#sentMs.get(id)
    if (sentMs === undefined) throw new Error(`share ${id} of ${this.#user} was answered twice`)
    this.#sentMs.delete(id)
    this.#listener.accepted(sentMs, nowMs)
  }

  #hear({ id, method, params, result, error }: Heard): void {
    if (method === 'mining.set_difficulty') this.#difficulty = Number(params?.[0])
    else if (method === 'mining.notify') this.#takeJob(params)
    else if (id === 1) this.#subscribed(result)
    else if (id === 2 && result !== true) throw new Error(`${this.#user} is not authorized: ${error?.[1]}`)
    else if (typeof id === 'number' && this.#sentMs.delete(id)) this.#listener.rejected(error?.[0] ?? 0)
  }

  #subscribed(result: unknown): void {
    const [, sent, told] = result as [unknown, string, number]
    const bytes = fromHex(sent)
    if (bytes === undefined) throw new Error(`extranonce1 ${sent}`)
    this.#extranonce = { sent: bytes, told }
  }

  #takeJob(params: unknown): void {
    if (dialect === undefined || this.#extranonce === undefined) return
    const work = readNotify(dialect, ALGORITHM, this.#extranonce, params)
    if (E.isLeft(work)) throw new Error(work.left)
    this.#begin(work.right)
    this.#listener.working()
  }

  /** A count of its own for each job: no header comes twice, even when a job is the one before once more. */
  #begin(work: Work): void {
    const target = targetBytes(difficultyTarget(networks.simnet, this.#difficulty))
    this.#search = new Search(work, target, this.#jobs * COUNTS_PER_JOB)
    this.#jobs += 1
    this.#solutions = []
    this.#nextSolution = 0
  }

  #take(): string {
    const solution = this.#solutions[this.#nextSolution]
    if (solution === undefined) return this.#find()
    this.#nextSolution += 1
    return solution
  }

  #find(): string {
    if (dialect === undefined || this.#search === undefined) throw new Error('no job to find shares of')
    const { work } = this.#search
    const { found } = this.#search.run(Number.POSITIVE_INFINITY, work.time)
    if (found === undefined) throw new Error('no more shares')
    return `${JSON.stringify(submitParams(dialect, this.#user, work, found.header))}}\n`
  }
}

/** More than one job's shares ever use: 2^16 times as many hashes. */
const COUNTS_PER_JOB = 1000

/** What a pool says, as far as it matters here. */
interface Heard {
  readonly id?: number | null
  readonly method?: string
  readonly params?: readonly unknown[]
  readonly result?: unknown
  readonly error?: readonly [number, string, unknown] | null
}

/** Id of an answer `true`, in the very bytes that pools write it; 0 for any other line. */
const acceptedId = (line: string): number =>
  line.startsWith('{"id":') && line.endsWith(',"error":null,"result":true}')
    ? Number.parseInt(line.slice(6), 10)
    : 0

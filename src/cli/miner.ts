import { closeSync, openSync, writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { hashrateOf, integer } from '../../adapters/http/dashboard/format.ts'
import type { NetworkName } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { type DialectName, dialectNames, dialectOf } from '../devnet/miner/dialect.ts'
import { type Miner, type MinerEvent, startMiner } from '../devnet/miner/miner.ts'
import { answerLine } from '../receipts/answers-file.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { whyNot } from './read-config.ts'
import { stopRequest } from './signals.ts'
import { complain, paint, print } from './terminal.ts'

/** What the command line says about a miner. `user` and `dialect` are as long as each other's; the last one repeats. */
export interface MinerRequest {
  readonly pool: { readonly host: string; readonly port: number }
  readonly tls: boolean
  readonly network: NetworkName
  readonly pow: PowAlgorithm
  readonly user: readonly string[]
  readonly password: string
  readonly dialect: readonly DialectName[]
  /** Devices of each user. */
  readonly connections: number
  /** Hashes a second of each device; as fast as this machine can when not given. */
  readonly rate?: number
  readonly seconds?: number
  /** File that the pool's answers are added to. */
  readonly answers?: string
  readonly json: boolean
  readonly untilStdinEnds: boolean
}

/** `lodebook miner --list-dialects`. */
export function listDialects(): ExitCode {
  for (const name of dialectNames) {
    const computes = (['blake3', 'blake256'] as const).filter((pow) => dialectOf(name, pow) !== undefined)
    print(`${name.padEnd(16)}${paint('dim', `--pow ${computes.join(', --pow ')}`)}`)
  }
  return EXIT.ok
}

/** `lodebook miner`: mines on a pool with this machine's processor, until it is asked to end or `seconds` are over. */
export async function mine(request: MinerRequest): Promise<ExitCode> {
  const { pow, dialect, seconds } = request
  const cannot = dialect.find((name) => dialectOf(name, pow) === undefined)
  if (cannot !== undefined) {
    complain(`${cannot} can't compute ${pow}; "lodebook miner --list-dialects" says what each can`)
    return EXIT.usage
  }
  const answers = request.answers === undefined ? undefined : openAnswers(request.answers)
  if (answers !== undefined && E.isLeft(answers)) {
    complain(answers.left)
    return EXIT.usage
  }
  const startedAt = performance.now()
  const stop = stopRequest(request.untilStdinEnds)
  const miners = minersOf(request)
  const troubles = new Set<string>()
  for (const miner of miners)
    miner.events.subscribe((event) => {
      if (event.kind === 'share' && answers !== undefined) keepAnswer(answers.right, event)
      const trouble = troubleOf(event)
      if (trouble === undefined || troubles.has(trouble)) return
      troubles.add(trouble)
      complain(trouble)
    })
  const status = showStatus(() => sumOf(miners, performance.now() - startedAt), request.json)
  await (seconds === undefined ? stop : Promise.race([stop, after(seconds)]))
  status.end()
  const { accepted } = sumOf(miners, performance.now() - startedAt)
  await Promise.all(miners.map((miner) => miner.stop()))
  if (answers !== undefined) closeSync(answers.right)
  if (seconds === undefined || accepted > 0) return EXIT.ok
  complain(`no share was accepted in ${seconds} s`)
  return EXIT.failed
}

/** Opens the file for adding; Left: why it can't be written. */
function openAnswers(file: string): E.Either<string, number> {
  try {
    return E.right(openSync(file, 'a'))
  } catch (error) {
    return E.left(`${file} can't be written: ${whyNot(error)}`)
  }
}

/** At once, so that what the pool answered is kept even if this process is killed. */
function keepAnswer(file: number, event: Extract<MinerEvent, { readonly kind: 'share' }>): void {
  const { submission, difficulty, accepted } = event
  writeSync(file, answerLine({ at: Date.now(), ...submission, difficulty, accepted }))
}

function minersOf(request: MinerRequest): readonly Miner[] {
  const { pool, tls, network, pow, user, password, dialect, connections, rate } = request
  return Array.from({ length: Math.max(user.length, dialect.length) }, (_, n) =>
    startMiner({
      ...pool,
      tls,
      network,
      powAlgorithm: pow,
      user: user[Math.min(n, user.length - 1)] ?? '',
      password,
      dialect: dialect[Math.min(n, dialect.length - 1)] ?? 'plain',
      connections,
      ...(rate === undefined ? {} : { hashesPerSecondMax: rate }),
    }),
  )
}

/** What a person should know about, each once. */
function troubleOf(event: MinerEvent): string | undefined {
  switch (event.kind) {
    case 'disconnected':
      return `${event.why}; trying again`
    case 'refused':
      return `the pool refused ${event.method}: ${event.text} (${event.code})`
    case 'message':
      return `the pool says: ${event.text}`
    case 'fault':
      return event.text
    case 'share':
      return event.accepted ? undefined : `the pool refused a share: ${event.text} (${event.code})`
    case 'connected':
    case 'authorized':
    case 'job':
      return undefined
  }
}

/** All devices together. */
interface Sum {
  readonly seconds: number
  readonly mining: number
  readonly hashes: number
  readonly hashesPerSecond: number
  readonly accepted: number
  readonly acceptedDifficulty: number
  readonly rejected: number
  readonly blocks: number
}

function sumOf(miners: readonly Miner[], elapsedMs: number): Sum {
  const totals = miners.map((miner) => miner.totals())
  const sum = (of: (total: (typeof totals)[number]) => number): number =>
    totals.reduce((all, total) => all + of(total), 0)
  const hashes = sum((total) => total.hashes)
  return {
    seconds: Math.round(elapsedMs / 1000),
    mining: sum((total) => total.mining),
    hashes,
    hashesPerSecond: Math.round(hashes / Math.max(0.001, elapsedMs / 1000)),
    accepted: sum((total) => total.accepted),
    acceptedDifficulty: sum((total) => total.acceptedDifficulty),
    rejected: sum((total) => [...total.rejected.values()].reduce((all, count) => all + count, 0)),
    blocks: sum((total) => total.blocks),
  }
}

/** Milliseconds between two states of the line on a terminal, and between two lines elsewhere. */
const REDRAW_MS = 1000
const LINE_MS = 10_000

/** Shows sums for as long as it goes on: one line that changes on a terminal, else a line now and then. */
function showStatus(sum: () => Sum, json: boolean): { readonly end: () => void } {
  const inPlace = process.stdout.isTTY && !json
  const show = (): void => {
    const now = sum()
    if (inPlace) process.stdout.write(`\r${statusText(now)}\u001b[K`)
    else print(json ? JSON.stringify(now) : statusText(now))
  }
  const timer = setInterval(show, inPlace ? REDRAW_MS : LINE_MS)
  return {
    end: () => {
      clearInterval(timer)
      show()
      if (inPlace) print('')
    },
  }
}

function statusText({ seconds, mining, hashesPerSecond, accepted, rejected, blocks }: Sum): string {
  const { number, unit } = hashrateOf(hashesPerSecond)
  return `${seconds} s, ${mining} mining, ${number} ${unit}, ${integer(accepted)} accepted, ${integer(rejected)} rejected, ${blocks} blocks`
}

const after = (seconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000)
  })

import * as E from 'fp-ts/lib/Either.js'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { accountId, encodeAddress } from '../../domain/decred/address.ts'
import { encodeHeader, HEADER_BYTES, headerTimestamp, NONCE_OFFSET } from '../../domain/decred/header.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { workSubsidy } from '../../domain/decred/subsidy.ts'
import { difficultyTarget, targetToCompact } from '../../domain/decred/target.ts'
import { event, type PoolEvent } from '../../domain/events.ts'
import { plain } from '../../domain/stratum/profiles/plain.ts'
import { solveHeader } from '../../domain/stratum/solution.ts'
import type { LoggedEvent } from '../../domain/transparency/entry.ts'
import type { SigningKey } from '../../domain/transparency/key.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'

const network = networks.simnet
const CONNECTIONS = 200
const EVENT_SHARES = 600
/** Events of shares for each block of the chain: 120,000 shares in 40 s. Ten million are within the hour that their stream is of. */
const EVENTS_PER_BLOCK = 200
const BEGIN_MS = Date.UTC(2026, 0, 1)
/** Milliseconds between two events of shares. */
const STEP_MS = 200
const BITS = targetToCompact(difficultyTarget(network, 2 ** 46))

/**
 * Writes the ledger of a pool with 200 connections and so many shares, each with a proof of work at difficulty 1 (two hashes), none of
 * which solves a block. Answers its bytes.
 */
export async function writeBenchLedger(
  folder: string,
  shares: number,
  powAlgorithm: PowAlgorithm,
  key: SigningKey,
): Promise<void> {
  const written = await publishAll(batches(shares, powAlgorithm), folder, key)()
  if (E.isLeft(written)) throw new Error(written.left.message)
}

async function* batches(shares: number, pow: PowAlgorithm): AsyncGenerator<readonly LoggedEvent[]> {
  const log = new Log()
  const opening = [...beginning(log)]
  yield opening
  let left = shares
  for (let n = 0; left > 0; n++) {
    const batch: LoggedEvent[] = []
    if (n % EVENTS_PER_BLOCK === 0) batch.push(log.work(n, pow))
    const count = Math.min(left, EVENT_SHARES)
    batch.push(log.shares(n, count, pow))
    left -= count
    yield batch
  }
}

function* beginning(log: Log): Generator<LoggedEvent> {
  const at = BEGIN_MS
  const first: readonly PoolEvent[] = [
    event('PoolOpened', { v: 1, at, network: 'simnet', mode: 'public', software: 'bench' }),
    event('PolicyAdopted', {
      ...{ v: 1, at, scheme: { kind: 'pplns', windowPpm: 2_000_000 }, feePpm: 10_000 },
      ...{ rounding: 'largest-remainder', feeAddresses: [], minimumPayout: '1000000', feeBearer: 'miners' },
      ...{ payoutSchedule: { kind: 'blocks', every: 10 }, payoutMode: 'automatic', payoutConfirmations: 2 },
      ...{ sharesPerMinute: 15, lateShareGraceMs: 0 },
    }),
    event('GatewayJoined', { v: 1, at, gateway: 0, extranoncePrefix: '00', software: 'bench' }),
  ]
  for (const each of first) yield log.next('pool', each)
  for (let n = 0; n < CONNECTIONS; n++) {
    const address = encodeAddress(
      'public-key-hash-ecdsa',
      Uint8Array.from({ length: 20 }, () => n & 255),
      network,
    )
    const stream = `connection-0.${n}`
    const account = accountId(address)
    const extranonce1 = extranonceOf(n)
    yield log.next(stream, event('MinerConnected', { v: 1, at, extranonce1, listener: 'a', resumes: null }))
    yield log.next(stream, event('MinerIdentified', { v: 1, at, agent: 'bench', profile: 'plain' }))
    yield log.next(`account-${account}`, event('AccountOpened', { v: 1, at, address }))
    yield log.next(stream, event('WorkerAuthorized', { v: 1, at, account, worker: 'w' }))
    yield log.next(stream, event('DifficultyAssigned', { v: 1, at, difficulty: 1, job: 0 }))
  }
}

const extranonceOf = (connection: number): string => (connection + 1).toString(16).padStart(8, '0')

/** Writes events, one after another. */
class Log {
  readonly #revisions = new Map<string, number>()
  readonly #header = new Uint8Array(HEADER_BYTES)
  #job = -1
  #work: Uint8Array = new Uint8Array(HEADER_BYTES)
  #found = 0

  next(stream: string, { type, data }: PoolEvent): LoggedEvent {
    const revision = (this.#revisions.get(stream) ?? -1) + 1
    this.#revisions.set(stream, revision)
    return { stream, revision, type, data: canonicalJson(structuredClone(data)) }
  }

  work(n: number, powAlgorithm: PowAlgorithm): LoggedEvent {
    this.#job++
    const height = 1_000 + this.#job
    const at = BEGIN_MS + n * STEP_MS
    this.#work = encodeHeader({
      ...{ version: 10, voteBits: 1, voters: 5, freshStake: 0, revocations: 0, poolSize: 40_000 },
      ...{ previousBlock: this.#job.toString(16).padStart(64, 'a'), merkleRoot: 'b'.repeat(64) },
      ...{ stakeRoot: 'c'.repeat(64), finalState: '0'.repeat(12), bits: BITS, stakeDifficulty: 1n },
      ...{ height, size: 4_000, timestamp: Math.floor(at / 1_000), nonce: 0 },
      ...{ extraData: '0'.repeat(64), stakeVersion: 10 },
    })
    return this.next(
      `work-0-${hourOf(at)}`,
      event('WorkIssued', {
        ...{ v: 1, at, job: this.#job, header: toHex(this.#work), powAlgorithm, height, bits: BITS },
        subsidy: String(workSubsidy(network, height, 5, 'dcp0012')),
        reason: 'new-parent',
      }),
    )
  }

  /** Shares that prove their work, as JSON text: made ten times as fast as from an object. */
  shares(n: number, count: number, powAlgorithm: PowAlgorithm): LoggedEvent {
    const at = BEGIN_MS + n * STEP_MS
    const columns = {
      connection: '',
      elapsed: '',
      extranonce2: '',
      nonce: '',
      ntime: '',
      ones: '',
      zeros: '',
      job: '',
    }
    for (let i = 0; i < count; i++) {
      const comma = i === 0 ? '' : ','
      const connection = (n * 7 + i) % CONNECTIONS
      const extranonce2 = (this.#found++ & 0x7fff_ffff).toString(16).padStart(8, '0')
      columns.connection += comma + connection
      columns.elapsed += comma + Math.floor((i * STEP_MS) / count)
      columns.extranonce2 += `${comma}"${extranonce2}"`
      columns.nonce += comma + this.#solve(connection, extranonce2, powAlgorithm)
      columns.ntime += `${comma}3`
      columns.ones += `${comma}1`
      columns.zeros += `${comma}0`
      columns.job += comma + this.#job
    }
    const stream = `shares-0-${hourOf(BEGIN_MS)}`
    const revision = (this.#revisions.get(stream) ?? -1) + 1
    this.#revisions.set(stream, revision)
    const data = `{"at":${at},"connection":[${columns.connection}],"difficulty":[${columns.ones}],"elapsed":[${columns.elapsed}],"extranonce2":[${columns.extranonce2}],"job":[${columns.job}],"nonce":[${columns.nonce}],"ntime":[${columns.ntime}],"solved":[],"v":1,"worker":[${columns.zeros}]}`
    return { stream, revision, type: 'SharesAccepted', data }
  }

  #solve(connection: number, extranonce2: string, powAlgorithm: PowAlgorithm): number {
    const header = this.#header
    const view = new DataView(header.buffer)
    const layout = plain.wire(powAlgorithm).extranonce
    const timestamp = headerTimestamp(this.#work)
    const solution = { ntime: timestamp + 3, nonce: 0, extranonce2 }
    solveHeader(this.#work, layout, extranonceOf(connection), solution, header)
    // At difficulty 1 of simnet half of all hashes are shares: those whose highest bit is clear.
    for (let nonce = 305_419_896; ; nonce++) {
      view.setUint32(NONCE_OFFSET, nonce, true)
      if ((powHash(powAlgorithm, header)[31] ?? 255) < 0x80) return nonce
    }
  }
}

const hourOf = (atMs: number): string => new Date(atMs).toISOString().replace(/[-T:]/g, '').slice(0, 10)

/** A header whose bytes are all there, for hashing. */
export const benchHeader = (): Uint8Array =>
  fromHex('5a'.repeat(HEADER_BYTES)) ?? new Uint8Array(HEADER_BYTES)

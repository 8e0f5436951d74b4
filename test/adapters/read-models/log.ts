import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../../adapters/event-store/port.ts'
import type { Answer, ReadModels } from '../../../adapters/read-models/port.ts'
import { openReadModels } from '../../../adapters/read-models/sqlite.ts'
import { canonicalJson } from '../../../domain/canonical-json.ts'
import { encodeHeader } from '../../../domain/decred/header.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import { eventId } from '../../../domain/event-id.ts'
import type { EventData, EventType } from '../../../domain/events.ts'

/** 2026-09-21 14:13:20 UTC: the beginning of a bucket of ten seconds, but not of a minute. */
export const START = 1_790_000_000_000

/** Account ids and block hashes of the examples. */
export const ALICE = 'a1'.repeat(32)
export const BOB = 'b0'.repeat(32)
export const HASH = (n: number): string => n.toString(16).padStart(64, '0')

/** A log in the making. */
export interface Log {
  readonly events: RecordedEvent[]
  /** Adds an event, `at` given in ms after {@link START}. */
  readonly add: <T extends EventType>(
    stream: string,
    type: T,
    at: number,
    data: Omit<EventData<T>, 'v' | 'at'>,
  ) => RecordedEvent
  /** Adds text as it is. */
  readonly addText: (stream: string, type: string, data: string) => RecordedEvent
}

export function newLog(): Log {
  const events: RecordedEvent[] = []
  const revisions = new Map<string, number>()
  const addText = (stream: string, type: string, data: string): RecordedEvent => {
    const revision = (revisions.get(stream) ?? -1) + 1
    revisions.set(stream, revision)
    const position = 10 * (events.length + 1)
    const recorded = { id: eventId(stream, revision, type, data), stream, revision, position, type, data }
    events.push(recorded)
    return recorded
  }
  return {
    events,
    addText,
    add: (stream, type, at, data) => addText(stream, type, canonicalJson({ v: 1, at: START + at, ...data })),
  }
}

/** A log that begins as every pool's does: opened on mainnet, one gateway. */
export function openedLog(): Log {
  const log = newLog()
  log.add('pool', 'PoolOpened', 0, { network: 'mainnet', mode: 'public', software: 'lodebook' })
  log.add('pool', 'GatewayJoined', 0, { gateway: 0, extranoncePrefix: '00', software: 'lodebook' })
  return log
}

/** Connects miner `number` and authorizes a worker. */
export function connect(
  log: Log,
  number: number,
  account: string,
  worker: string,
  at = 0,
  gateway = 0,
): void {
  const stream = `connection-${gateway}.${number}`
  log.add(stream, 'MinerConnected', at, {
    extranonce1: number.toString(16).padStart(8, '0'),
    listener: 'main',
    resumes: null,
  })
  log.add(stream, 'MinerIdentified', at, { agent: 'gominer/2.0.0', profile: 'gominer' })
  log.add(stream, 'WorkerAuthorized', at, { account, worker })
}

export function disconnect(log: Log, number: number, at: number, gateway = 0): void {
  log.add(`connection-${gateway}.${number}`, 'MinerDisconnected', at, {
    reason: 'closed-by-miner',
    accepted: 0,
    rejected: 0,
    difficulty: '0',
  })
}

/** 180 bytes in hex, told apart by `merkle`. */
export const header = (height: number, bits: number, merkle: number): string =>
  toHex(
    encodeHeader({
      version: 10,
      previousBlock: HASH(height - 1),
      merkleRoot: HASH(merkle),
      stakeRoot: HASH(0),
      voteBits: 1,
      finalState: '00'.repeat(6),
      voters: 5,
      freshStake: 0,
      revocations: 0,
      poolSize: 40_000,
      bits,
      stakeDifficulty: 0n,
      height,
      size: 4_000,
      timestamp: 1_790_000_000,
      nonce: 0,
      extraData: '00'.repeat(32),
      stakeVersion: 10,
    }),
  )

/** The limit of mainnet made 2^16 times harder: a difficulty of 65 536 and a bit. */
export const HARD_BITS = 0x1b00ffff

export function issue(
  log: Log,
  job: number,
  height: number,
  at: number,
  bits = HARD_BITS,
  gateway = 0,
  subsidy = '1000000000',
): void {
  log.add(`work-${gateway}-2026092114`, 'WorkIssued', at, {
    job,
    header: header(height, bits, job),
    powAlgorithm: 'blake3',
    height,
    bits,
    subsidy,
    reason: 'new-parent',
  })
}

/** A share: who, when (ms after the event), how hard. */
export interface ExampleShare {
  readonly connection: number
  readonly difficulty: number
  readonly worker?: number
  readonly job?: number
  readonly elapsed?: number
  readonly solves?: string
}

export function accept(log: Log, at: number, shares: readonly ExampleShare[], gateway = 0): RecordedEvent {
  return log.add(`shares-${gateway}-2026092114`, 'SharesAccepted', at, {
    connection: shares.map(({ connection }) => connection),
    worker: shares.map(({ worker }) => worker ?? 0),
    job: shares.map(({ job }) => job ?? 0),
    difficulty: shares.map(({ difficulty }) => difficulty),
    extranonce2: shares.map((_, i) => i.toString(16).padStart(8, '0')),
    ntime: shares.map((_, i) => i),
    nonce: shares.map((_, i) => 1_000 + i),
    elapsed: shares.map(({ elapsed }) => elapsed ?? 0),
    solved: shares.flatMap(({ solves }, share) => (solves === undefined ? [] : [{ hash: solves, share }])),
  })
}

/** `BlockFound` for a block of which only what matters to figures is told. */
export function find(
  log: Log,
  hash: string,
  height: number,
  at: number,
  finder: Partial<EventData<'BlockFound'>> = {},
): void {
  log.add(`block-${hash}`, 'BlockFound', at, {
    height,
    header: header(height, HARD_BITS, 1),
    powAlgorithm: 'blake3',
    share: { stream: 'shares-0-2026092114', revision: 0, index: 0 },
    gateway: 0,
    job: 0,
    connection: 1,
    account: ALICE,
    worker: 'rig',
    ...finder,
  })
}

export const connectBlock = (log: Log, hash: string, at: number): void => {
  log.add(`block-${hash}`, 'BlockConnected', at, {
    reward: { transaction: HASH(0xfee), output: 2, atoms: '1000000000' },
  })
}

/** Read models in memory that hold these events. */
export function readModelsOf(events: readonly RecordedEvent[]): ReadModels {
  const readModels = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
  right(readModels.apply(events))
  return readModels
}

/** The answer, or a failed test. */
export function right<T>(answer: Answer<T>): T {
  if (E.isLeft(answer)) throw new Error(`${answer.left.kind}: ${answer.left.message}`)
  return answer.right
}

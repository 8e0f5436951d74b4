import * as E from 'fp-ts/lib/Either.js'
import type { BlockEvent } from '../domain/bookkeeping/block-entries.ts'
import { Atoms } from '../domain/decred/amount.ts'
import { networks } from '../domain/decred/network.ts'
import { decodeEvent, type PoolEvent } from '../domain/events.ts'
import type { PayoutEvent } from '../domain/payout/lifecycle.ts'
import { readStreamName, type StreamName, streamOfType } from '../domain/stream-name.ts'
import { foldBlockFound, foldBlockStep } from './blocks.ts'
import {
  connectionOf,
  foldAccountOpened,
  foldDifficultyAssigned,
  foldGatewayJoined,
  foldMinerConnected,
  foldMinerDisconnected,
  foldMinerIdentified,
  foldWorkerAuthorized,
} from './miners.ts'
import {
  foldAllocation,
  foldBlockMoney,
  foldPayout,
  foldPolicyAdopted,
  foldWorkSettled,
} from './money/fold.ts'
import { keepOpenWork, openWorkOf } from './money/open-work.ts'
import { prepareMoney } from './money/prepare.ts'
import { foldSharesAccepted, foldSharesRejected } from './shares.ts'
import type { Tally } from './tally.ts'
import { foldWorkIssued } from './work.ts'

/** An event as the log holds it. */
export interface LogEvent {
  readonly stream: string
  readonly revision: number
  readonly position: number
  readonly type: string
  /** Canonical JSON text. */
  readonly data: string
}

/** Why an event of the log can't be folded; the events before it are. */
export interface FoldError {
  readonly kind: 'unknown-version' | 'malformed'
  readonly message: string
}

/**
 * Folds the next event of the log into a tally. One that is there already is skipped; one of an unknown type is counted and
 * skipped. Nothing is folded of an event that can't be read. Yields between slices of a few milliseconds as long as only what is
 * stored is brought in: in between the tally is as before the event; it may be stored, and nothing may be folded into it.
 */
export function* foldInSlices(tally: Tally, recorded: LogEvent): Generator<void, E.Either<FoldError, void>> {
  const { position, type, data } = recorded
  if (tally.position !== null && position <= tally.position) return E.right(undefined)
  const decoded = decodeEvent(type, data)
  if (E.isLeft(decoded)) {
    if (decoded.left.kind !== 'unknown-type')
      return E.left(unreadable(recorded, decoded.left.kind, decoded.left.message))
    tally.skipped++
  } else {
    yield* prepareMoney(tally, readStreamName(recorded.stream), decoded.right)
    const fault = evolve(tally, recorded, decoded.right)
    if (fault !== undefined) return E.left(unreadable(recorded, 'malformed', fault))
  }
  keepRun(tally, recorded)
  tally.position = position
  tally.entries++
  tally.changes.any = true
  return E.right(undefined)
}

function keepRun(tally: Tally, { stream, revision }: LogEvent): void {
  if (tally.lastStream === stream) return
  tally.lastStream = stream
  tally.changes.runs.push({ stream, revision, entry: tally.entries })
}

function unreadable(event: LogEvent, kind: FoldError['kind'], why: string): FoldError {
  const where = `Event ${event.revision} of stream ${event.stream} (position ${event.position})`
  const advice =
    kind === 'unknown-version'
      ? 'Run a newer version of Lodebook.'
      : 'The log was written by another program or is damaged: see the manual on a damaged store.'
  return { kind, message: `${where} can't be read: ${why}. ${advice}` }
}

/** Changes the tally by one event. Answers what is wrong with the event, before any change. */
function evolve(tally: Tally, recorded: LogEvent, event: PoolEvent): string | undefined {
  const stream = readStreamName(recorded.stream)
  const fault = faultOf(stream, event)
  if (fault !== undefined) return fault
  const work = earnedWork(tally, stream, recorded, event)
  if (E.isLeft(work)) return work.left
  if (work.right !== null) keepOpenWork(tally, work.right)
  tally.clockMs = Math.max(tally.clockMs, event.data.at)
  switch (stream.kind) {
    case 'pool':
      evolvePool(tally, recorded.revision, event)
      return undefined
    case 'connection':
      evolveConnection(tally, stream, event)
      return undefined
    case 'work':
    case 'shares':
      evolveGateway(tally, stream.gateway, recorded, event)
      return undefined
    case 'account':
      if (event.type === 'AccountOpened') foldAccountOpened(tally, stream.account, event.data)
      return undefined
    case 'block':
      evolveBlock(tally, stream.hash, recorded, event)
      return undefined
    case 'settlement':
      evolveSettlement(tally, stream.number, recorded, event)
      return undefined
    case 'payout':
      evolvePayout(tally, stream.number, recorded, event)
      return undefined
    case 'admin':
    case 'other':
      return undefined
  }
}

/** What shares earn at once under `pps`; null for everything else. */
const earnedWork = (tally: Tally, stream: StreamName, recorded: LogEvent, event: PoolEvent) =>
  stream.kind === 'shares' && event.type === 'SharesAccepted'
    ? openWorkOf(tally, stream.gateway, recorded, event.data)
    : E.right(null)

function evolvePool(tally: Tally, revision: number, event: PoolEvent): void {
  if (event.type === 'PoolOpened')
    tally.pool ??= {
      network: networks[event.data.network],
      mode: event.data.mode,
      openedAt: event.data.at,
    }
  if (event.type === 'PolicyAdopted') foldPolicyAdopted(tally, revision, event.data)
  if (event.type === 'GatewayJoined') foldGatewayJoined(tally, event.data)
}

function evolveConnection(
  tally: Tally,
  stream: { readonly gateway: number; readonly connection: number },
  event: PoolEvent,
): void {
  if (event.type === 'MinerConnected') {
    foldMinerConnected(tally, stream.gateway, stream.connection, event.data)
    return
  }
  const connection = connectionOf(tally, stream.gateway, stream.connection)
  if (connection === undefined) return
  if (event.type === 'MinerIdentified') foldMinerIdentified(tally, connection, event.data)
  if (event.type === 'WorkerAuthorized') foldWorkerAuthorized(tally, connection, event.data)
  if (event.type === 'DifficultyAssigned') foldDifficultyAssigned(tally, connection, event.data)
  if (event.type === 'MinerDisconnected') foldMinerDisconnected(tally, connection, event.data)
}

function evolveGateway(tally: Tally, gateway: number, recorded: LogEvent, event: PoolEvent): void {
  const { stream, revision } = recorded
  if (event.type === 'WorkIssued') foldWorkIssued(tally, gateway, event.data)
  if (event.type === 'SharesAccepted') foldSharesAccepted(tally, { gateway, stream, revision }, event.data)
  if (event.type === 'SharesRejected') foldSharesRejected(tally, gateway, event.data)
}

function evolveBlock(tally: Tally, hash: string, recorded: LogEvent, event: PoolEvent): void {
  const { revision, type, data } = recorded
  tally.changes.blockEvents.push({ hash, revision, at: event.data.at, type, data })
  if (event.type === 'BlockFound') foldBlockFound(tally, hash, event.data)
  else foldBlockStep(tally, hash, revision, event)
  if (isBlockEvent(event)) foldBlockMoney(tally, hash, recorded, event)
}

function evolveSettlement(tally: Tally, number: number, where: LogEvent, event: PoolEvent): void {
  if (event.type === 'WorkSettled') foldWorkSettled(tally, number, where, event)
  if (event.type === 'RewardAllocated' || event.type === 'RewardReversed')
    foldAllocation(tally, number, where, event)
}

function evolvePayout(tally: Tally, number: number, where: LogEvent, event: PoolEvent): void {
  if (isPayoutEvent(event)) foldPayout(tally, number, where, event)
}

const isBlockEvent = (event: PoolEvent): event is BlockEvent => streamOfType[event.type] === 'block'
const isPayoutEvent = (event: PoolEvent): event is PayoutEvent => streamOfType[event.type] === 'payout'

function faultOf(stream: StreamName, event: PoolEvent): string | undefined {
  if (stream.kind !== streamOfType[event.type]) return `${event.type} does not belong in this stream`
  if (event.type === 'WorkIssued' && !Atoms.is(BigInt(event.data.subsidy)))
    return 'its subsidy is more than there can be'
  if (event.type === 'BlockConnected' && !Atoms.is(BigInt(event.data.reward.atoms)))
    return 'its reward is more than there can be'
  if (event.type !== 'SharesAccepted') return undefined
  const { solved, connection } = event.data
  return solved.some(({ share }) => share >= connection.length)
    ? 'a solved share is not in its columns'
    : undefined
}

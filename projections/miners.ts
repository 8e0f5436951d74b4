import type { EventData } from '../domain/events.ts'
import { markChanged, newGathering, startMeter } from './meters.ts'
import {
  type Account,
  type Connection,
  SCOPE,
  type StoredAccount,
  type StoredMeter,
  type StoredWorker,
  type Tally,
  type Worker,
} from './tally.ts'

/**
 * How long an ended connection still counts shares, by the log's clock: refused shares are summed up a minute later, and other
 * gateways' events come in between.
 */
export const ENDED_CONNECTION_KEPT_MS = 120_000

/** How long a worker is remembered after its last connection: as long as the buckets of its longest chart. */
export const WORKER_KEPT_MS = 31 * 86_400_000

/** The key of a worker in `Tally.workers`. */
export const workerKey = (account: string, name: string): string => `${account}${name}`

/** The open or lately ended connection of a gateway; undefined when there is none. */
export function connectionOf(tally: Tally, gateway: number, number: number): Connection | undefined {
  const connection = tally.connections.get(gateway)?.get(number)
  return connection === undefined || isForgotten(tally, connection) ? undefined : connection
}

/** Says whether a connection ended so long ago that it is not known any more. */
export const isForgotten = (tally: Tally, connection: Connection): boolean =>
  connection.endedAt !== null && tally.clockMs - connection.endedAt > ENDED_CONNECTION_KEPT_MS

/** Says whether a worker without connections is not known any more: soon when it never sent a share, else after a month. */
export function isRetired(worker: StoredWorker, clockMs: number): boolean {
  if (worker.connections > 0) return false
  const silent = worker.accepted === 0 && worker.rejected === 0
  return clockMs - worker.seenAt > (silent ? ENDED_CONNECTION_KEPT_MS : WORKER_KEPT_MS)
}

/** A gateway process began: whatever the one before it held open has ended with it. */
export function foldGatewayJoined(tally: Tally, data: EventData<'GatewayJoined'>): void {
  for (const byNumber of tally.connections.values())
    for (const connection of byNumber.values()) endConnection(tally, connection, data.at)
}

/** A connection is open. */
export function foldMinerConnected(
  tally: Tally,
  gateway: number,
  number: number,
  data: EventData<'MinerConnected'>,
): void {
  if (connectionOf(tally, gateway, number) !== undefined) return
  const connection: Connection = {
    gateway,
    number,
    extranonce1: data.extranonce1,
    listener: data.listener,
    connectedAt: data.at,
    agent: null,
    profile: null,
    difficulty: null,
    endedAt: null,
    workers: [],
  }
  const byNumber = tally.connections.get(gateway) ?? new Map<number, Connection>()
  tally.connections.set(gateway, byNumber.set(number, connection))
  tally.changes.connections.add(connection)
}

/** A miner said what it is. */
export function foldMinerIdentified(
  tally: Tally,
  connection: Connection,
  data: EventData<'MinerIdentified'>,
): void {
  connection.agent = data.agent
  connection.profile = data.profile
  tally.changes.connections.add(connection)
}

/** A connection's newest jobs have another difficulty. */
export function foldDifficultyAssigned(
  tally: Tally,
  connection: Connection,
  data: EventData<'DifficultyAssigned'>,
): void {
  connection.difficulty = data.difficulty
  tally.changes.connections.add(connection)
}

/** A connection gains its next worker, which is taken up again when it was known. */
export function foldWorkerAuthorized(
  tally: Tally,
  connection: Connection,
  data: EventData<'WorkerAuthorized'>,
): void {
  const worker = workerOf(tally, accountOf(tally, data.account, data.at), data.worker, data.at)
  worker.holders++
  worker.seenAt = Math.max(worker.seenAt, data.at)
  if (connection.endedAt === null && !connection.workers.includes(worker)) gainConnection(tally, worker)
  markChanged(tally, worker)
  tally.changes.authorizations.push({ connection, ordinal: connection.workers.length, worker })
  connection.workers.push(worker)
}

/** A connection has ended; shares that it had under way still find their worker. */
export function foldMinerDisconnected(
  tally: Tally,
  connection: Connection,
  data: EventData<'MinerDisconnected'>,
): void {
  endConnection(tally, connection, data.at)
}

/** An account is named by its address. */
export function foldAccountOpened(tally: Tally, id: string, data: EventData<'AccountOpened'>): void {
  const account = accountOf(tally, id, data.at)
  account.address = data.address
  markChanged(tally, account)
}

function endConnection(tally: Tally, connection: Connection, at: number): void {
  if (connection.endedAt !== null) return
  connection.endedAt = at
  tally.ended.push(connection)
  tally.changes.connections.add(connection)
  for (const worker of new Set(connection.workers)) {
    worker.connections--
    worker.seenAt = Math.max(worker.seenAt, at)
    if (worker.connections === 0) {
      worker.account.workersOnline--
      markChanged(tally, worker.account)
    }
    markChanged(tally, worker)
  }
}

function gainConnection(tally: Tally, worker: Worker): void {
  worker.connections++
  if (worker.connections > 1) return
  worker.account.workersOnline++
  markChanged(tally, worker.account)
}

function accountOf(tally: Tally, id: string, at: number): Account {
  const known = tally.accounts.get(id)
  if (known !== undefined) return known
  const stored = tally.stored.account(id)
  const account = startAccount(id, stored ?? { ...newMeter(tally, at), address: null, workersOnline: 0 })
  tally.accounts.set(id, account)
  markChanged(tally, account)
  return account
}

/** An account in memory, from what is stored of it. */
export const startAccount = (account: string, stored: StoredAccount): Account => ({
  ...startMeter(SCOPE.account, stored),
  account,
  address: stored.address,
  workersOnline: stored.workersOnline,
  holders: 0,
})

function workerOf(tally: Tally, account: Account, name: string, at: number): Worker {
  const key = workerKey(account.account, name)
  const known = tally.workers.get(key) ?? loadWorker(tally, account, name)
  if (known !== undefined && !isRetired(known, tally.clockMs)) return known
  if (known !== undefined) retire(tally, known)
  const worker = startWorker(account, name, { ...newMeter(tally, at), connections: 0, seenAt: at })
  account.holders++
  tally.workers.set(key, worker)
  return worker
}

/** Takes a worker back into memory. */
function loadWorker(tally: Tally, account: Account, name: string): Worker | undefined {
  const stored = tally.stored.worker(account.id, name)
  if (stored === undefined) return undefined
  const worker = startWorker(account, name, stored)
  account.holders++
  tally.workers.set(workerKey(account.account, name), worker)
  return worker
}

/** A worker in memory, from what is stored of it. */
export const startWorker = (account: Account, name: string, stored: StoredWorker): Worker => ({
  ...startMeter(SCOPE.worker, stored),
  account,
  name,
  gathering: newGathering(),
  connections: stored.connections,
  seenAt: stored.seenAt,
  holders: 0,
})

/** Drops a worker for good: the same name begins anew. */
export function retire(tally: Tally, worker: Worker): void {
  tally.workers.delete(workerKey(worker.account.account, worker.name))
  worker.account.holders--
  tally.changes.retired.push(worker.id)
}

const newMeter = (tally: Tally, at: number): StoredMeter => ({
  id: tally.nextMeter++,
  sinceMs: at,
  accepted: 0,
  difficulty: 0n,
  rejected: 0,
  lastShareAt: null,
})

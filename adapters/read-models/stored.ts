import type { DatabaseSync } from 'node:sqlite'
import { NetworkName, networks } from '../../domain/decred/network.ts'
import { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { IssueReason, type ShareReference } from '../../domain/events.ts'
import { startTally } from '../../projections/memory.ts'
import { startAccount, startWorker, workerKey } from '../../projections/miners.ts'
import type {
  Account,
  BlockRow,
  Connection,
  PoolFacts,
  PoolMark,
  SolvedRow,
  Stored,
  StoredAccount,
  StoredMeter,
  StoredWorker,
  Tally,
  Worker,
} from '../../projections/tally.ts'
import { BlockState, PoolMode } from '../../projections/views.ts'
import { rememberJob } from '../../projections/work.ts'
import type { IssuedJob } from './port.ts'
import { loadMoney, openStoredMoney } from './stored-money.ts'
import { decimal, member, number, numberOrNull, type Row, text, textOrNull } from './values.ts'

/** Answers the fold's questions about what is stored. Throws what SQLite throws. */
export function openStored(db: DatabaseSync): Stored {
  const account = db.prepare('SELECT * FROM accounts WHERE account = ?')
  const worker = db.prepare('SELECT * FROM workers WHERE account = ? AND name = ?')
  const bucket = db.prepare(
    'SELECT difficulty, squares, shares, rejected FROM work WHERE level = ? AND scope = ? AND start = ? AND meter = ?',
  )
  const solved = db.prepare('SELECT * FROM solved WHERE hash = ?')
  const block = db.prepare('SELECT * FROM blocks WHERE hash = ?')
  const one = <T>(row: Row | undefined, read: (row: Row) => T): T | undefined =>
    row === undefined ? undefined : read(row)
  return {
    account: (id) => one(account.get(id), storedAccount),
    worker: (accountId, name) => one(worker.get(accountId, name), storedWorker),
    bucket: (scope, meter, level, start) =>
      one(bucket.get(level, scope, start, meter), (row) => ({
        difficulty: number(row, 'difficulty'),
        squares: number(row, 'squares'),
        shares: number(row, 'shares'),
        rejected: number(row, 'rejected'),
      })),
    solved: (hash) => one(solved.get(hash), solvedRow),
    block: (hash) => one(block.get(hash), blockRow),
    money: openStoredMoney(db),
  }
}

/**
 * Loads what the fold needs in memory to go on: the pool's sums, connections with their workers, recent jobs. In time
 * proportional to these.
 */
export function loadTally(db: DatabaseSync): Tally {
  const tally = startTally(openStored(db))
  const row = db.prepare('SELECT * FROM pool').get() ?? {}
  tally.pool = poolFacts(row)
  tally.position = numberOrNull(row, 'position')
  tally.entries = number(row, 'entries')
  tally.lastStream = textOrNull(row, 'last_stream')
  tally.skipped = number(row, 'skipped')
  tally.clockMs = number(row, 'clock_ms')
  tally.nextMeter = number(row, 'next_meter')
  tally.firstHeight = numberOrNull(row, 'first_height')
  tally.newestBits = numberOrNull(row, 'newest_bits')
  tally.total.accepted = number(row, 'accepted')
  tally.total.difficulty = decimal(row, 'difficulty')
  tally.total.effort = decimal(row, 'effort')
  tally.total.rejected = number(row, 'rejected')
  tally.total.lastShareAt = numberOrNull(row, 'last_share_at')
  tally.storedUpTo.fill(Math.floor(tally.clockMs / 1_000))
  loadConnections(db, tally)
  loadMoney(db, tally.money)
  for (const job of db.prepare('SELECT gateway, job, height, bits, subsidy FROM jobs').iterate()) {
    const height = number(job, 'height')
    tally.height = Math.max(tally.height, height)
    rememberJob(tally, number(job, 'gateway'), number(job, 'job'), {
      height,
      bits: number(job, 'bits'),
      subsidy: decimal(job, 'subsidy'),
    })
  }
  return tally
}

function poolFacts(row: Row): PoolFacts | undefined {
  if (row['network'] === null) return undefined
  return {
    network: networks[member(NetworkName, row, 'network')],
    mode: member(PoolMode, row, 'mode'),
    openedAt: number(row, 'opened_at'),
  }
}

function loadConnections(db: DatabaseSync, tally: Tally): void {
  for (const row of db.prepare('SELECT * FROM connections').iterate()) {
    const connection = connectionRow(row)
    const byNumber = tally.connections.get(connection.gateway) ?? new Map<number, Connection>()
    tally.connections.set(connection.gateway, byNumber.set(connection.number, connection))
    if (connection.endedAt !== null) tally.ended.push(connection)
  }
  const accounts = loadAccounts(db, tally)
  const workers = loadWorkers(db, tally, accounts)
  const rows = db.prepare('SELECT * FROM authorizations ORDER BY gateway, connection, ordinal')
  for (const row of rows.iterate()) {
    const worker = workers.get(number(row, 'worker'))
    const connection = tally.connections.get(number(row, 'gateway'))?.get(number(row, 'connection'))
    if (worker === undefined || connection === undefined)
      throw new TypeError('an authorization of the read models names no worker or no connection')
    worker.holders++
    connection.workers.push(worker)
  }
}

const HELD_WORKERS = 'SELECT * FROM workers WHERE meter IN (SELECT worker FROM authorizations)'

function loadAccounts(db: DatabaseSync, tally: Tally): ReadonlyMap<number, Account> {
  const accounts = new Map<number, Account>()
  const rows = db.prepare(`SELECT * FROM accounts WHERE meter IN (SELECT account FROM (${HELD_WORKERS}))`)
  for (const row of rows.iterate()) {
    const account = startAccount(text(row, 'account'), storedAccount(row))
    accounts.set(account.id, account)
    tally.accounts.set(account.account, account)
  }
  return accounts
}

function loadWorkers(
  db: DatabaseSync,
  tally: Tally,
  accounts: ReadonlyMap<number, Account>,
): ReadonlyMap<number, Worker> {
  const workers = new Map<number, Worker>()
  for (const row of db.prepare(HELD_WORKERS).iterate()) {
    const account = accounts.get(number(row, 'account'))
    if (account === undefined) throw new TypeError('a worker of the read models has no account')
    const worker = startWorker(account, text(row, 'name'), storedWorker(row))
    account.holders++
    workers.set(worker.id, worker)
    tally.workers.set(workerKey(account.account, worker.name), worker)
  }
  return workers
}

const connectionRow = (row: Row): Connection => ({
  gateway: number(row, 'gateway'),
  number: number(row, 'number'),
  extranonce1: text(row, 'extranonce1'),
  listener: text(row, 'listener'),
  connectedAt: number(row, 'connected_at'),
  agent: textOrNull(row, 'agent'),
  profile: textOrNull(row, 'profile'),
  difficulty: numberOrNull(row, 'difficulty'),
  endedAt: numberOrNull(row, 'ended_at'),
  workers: [],
})

const storedMeter = (row: Row, since: string): StoredMeter => ({
  id: number(row, 'meter'),
  sinceMs: number(row, since),
  accepted: number(row, 'accepted'),
  difficulty: decimal(row, 'difficulty'),
  rejected: number(row, 'rejected'),
  lastShareAt: numberOrNull(row, 'last_share_at'),
})

const storedAccount = (row: Row): StoredAccount => ({
  ...storedMeter(row, 'opened_at'),
  address: textOrNull(row, 'address'),
  workersOnline: number(row, 'workers_online'),
})

const storedWorker = (row: Row): StoredWorker => ({
  ...storedMeter(row, 'since'),
  connections: number(row, 'connections'),
  seenAt: number(row, 'seen_at'),
})

/** Reads a row of `solved`. */
export const solvedRow = (row: Row): SolvedRow => ({
  hash: text(row, 'hash'),
  share: shareReference(row, text(row, 'stream')),
  at: number(row, 'at'),
  gateway: number(row, 'gateway'),
  job: number(row, 'job'),
  connection: number(row, 'connection'),
  account: textOrNull(row, 'account'),
  worker: textOrNull(row, 'worker'),
  difficulty: number(row, 'difficulty'),
  extranonce1: textOrNull(row, 'extranonce1'),
  profile: textOrNull(row, 'profile'),
  extranonce2: text(row, 'extranonce2'),
  ntime: number(row, 'ntime'),
  nonce: number(row, 'nonce'),
  mark: mark(row),
})

/** Reads a row of `blocks`. */
export function blockRow(row: Row): BlockRow {
  const stream = textOrNull(row, 'stream')
  return {
    hash: text(row, 'hash'),
    number: number(row, 'number'),
    height: number(row, 'height'),
    foundAt: number(row, 'found_at'),
    header: text(row, 'header'),
    powAlgorithm: member(PowAlgorithm, row, 'pow_algorithm'),
    gateway: number(row, 'gateway'),
    job: number(row, 'job'),
    share: stream === null ? null : shareReference(row, stream),
    connection: numberOrNull(row, 'connection'),
    account: textOrNull(row, 'account'),
    worker: textOrNull(row, 'worker'),
    mark: mark(row),
    state: member(BlockState, row, 'state'),
    revision: number(row, 'last_revision'),
    reward: rewardOf(row),
    decidedBy: textOrNull(row, 'decided_by'),
  }
}

const shareReference = (row: Row, stream: string): ShareReference => ({
  stream,
  revision: number(row, 'revision'),
  index: number(row, 'place'),
})

const mark = (row: Row): PoolMark => ({
  effort: decimal(row, 'mark_effort'),
  shares: number(row, 'mark_shares'),
  difficulty: decimal(row, 'mark_difficulty'),
})

function rewardOf(row: Row): BlockRow['reward'] {
  const transaction = textOrNull(row, 'reward_transaction')
  if (transaction === null) return null
  return { transaction, output: number(row, 'reward_output'), atoms: text(row, 'reward_atoms') }
}

/** Reads a row of `jobs`. */
export const jobRow = (row: Row): IssuedJob => ({
  gateway: number(row, 'gateway'),
  job: number(row, 'job'),
  header: text(row, 'header'),
  powAlgorithm: member(PowAlgorithm, row, 'pow_algorithm'),
  height: number(row, 'height'),
  bits: number(row, 'bits'),
  subsidy: text(row, 'subsidy'),
  issuedAt: number(row, 'issued_at'),
  reason: member(IssueReason, row, 'reason'),
})

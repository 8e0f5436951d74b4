import type { DatabaseSync } from 'node:sqlite'
import { FINAL, ON_CHAIN } from '../../projections/blocks.ts'
import { keptFrom, LEVELS } from '../../projections/hashrate.ts'
import { isKept, settleDifficulty } from '../../projections/meters.ts'
import { ENDED_CONNECTION_KEPT_MS, WORKER_KEPT_MS } from '../../projections/miners.ts'
import {
  type Account,
  type BlockRow,
  type Changes,
  type Connection,
  type JobRow,
  SCOPE,
  type SolvedRow,
  type Tally,
  type Worker,
} from '../../projections/tally.ts'
import { jobsKeptFrom } from '../../projections/work.ts'
import { openMoneyStore } from './store-money.ts'

/**
 * Writes the changes of a tally, inside the caller's transaction, and yields between slices of some milliseconds. Nothing may be folded
 * into the tally before it is done. Throws what SQLite throws.
 */
export type StoreChanges = (tally: Tally, forgotten: readonly Connection[]) => Generator<void, void>

/** Prepares the statements that write. */
export function openStore(db: DatabaseSync): StoreChanges {
  const sql = prepareAll(db)
  const storeMoney = openMoneyStore(db)
  return function* (tally, forgotten) {
    const { changes } = tally
    const retired = new Set(changes.retired)
    for (const meter of retired) {
      sql.dropWorker.run(meter)
      sql.dropRejected.run(meter)
    }
    storePool(sql, tally)
    for (const { entry, stream, revision } of changes.runs) sql.run.run(entry, stream, revision)
    for (const meter of changes.meters)
      if (meter.scope === SCOPE.account) storeAccount(sql, meter)
      else if (!retired.has(meter.id)) storeWorker(sql, meter)
    for (const bucket of changes.buckets) {
      if (!isKept(bucket, tally.clockMs)) continue
      const { level, meter, start, difficulty, squares, shares, rejected } = bucket
      sql.bucket.run(level, meter.scope, start, meter.id, difficulty, squares, shares, rejected)
    }
    for (const { meter, reason, count, needed, best, lastAt } of changes.rejected.values())
      if (!retired.has(meter.id)) sql.rejected.run(meter.id, reason, count, needed, best, lastAt)
    storeConnections(sql, changes, forgotten)
    for (const job of changes.jobs) storeJob(sql, job)
    for (const solved of changes.solved.values()) storeSolved(sql, solved)
    for (const hash of changes.answered) sql.answered.run(hash)
    for (const block of changes.blocks.values()) storeBlock(sql, block)
    for (const { hash, revision, at, type, data } of changes.blockEvents)
      sql.blockEvent.run(hash, revision, at, type, data)
    for (const [state, count] of changes.blockCounts) sql.blockCount.run(state, count)
    yield* storeMoney(tally.money)
    throwAway(sql, tally)
  }
}

type Statements = ReturnType<typeof prepareAll>

const prepareAll = (db: DatabaseSync) => ({
  pool: db.prepare(`UPDATE pool SET position = ?, entries = ?, last_stream = ?, skipped = ?, clock_ms = ?, next_meter = ?, first_height = ?, newest_bits = ?,
    network = ?, mode = ?, opened_at = ?, accepted = ?, difficulty = ?, effort = ?, rejected = ?, last_share_at = ?`),
  run: db.prepare('INSERT INTO runs VALUES (?, ?, ?)'),
  account: db.prepare(`INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (meter) DO UPDATE SET address = excluded.address, accepted = excluded.accepted,
    difficulty = excluded.difficulty, rejected = excluded.rejected, last_share_at = excluded.last_share_at,
    workers_online = excluded.workers_online`),
  worker: db.prepare(`INSERT INTO workers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (meter) DO UPDATE SET accepted = excluded.accepted, difficulty = excluded.difficulty,
    rejected = excluded.rejected, last_share_at = excluded.last_share_at, connections = excluded.connections,
    seen_at = excluded.seen_at`),
  bucket: db.prepare('INSERT OR REPLACE INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?)'),
  rejected:
    db.prepare(`INSERT INTO rejected VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (meter, reason) DO UPDATE SET
    count = count + excluded.count, needed = excluded.needed, best = excluded.best, last_at = excluded.last_at`),
  connection: db.prepare('INSERT OR REPLACE INTO connections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  authorization: db.prepare('INSERT OR REPLACE INTO authorizations VALUES (?, ?, ?, ?)'),
  job: db.prepare('INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  solved: db.prepare(
    'INSERT OR REPLACE INTO solved VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  ),
  answered: db.prepare('DELETE FROM solved WHERE hash = ?'),
  block: db.prepare(
    `INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  blockEvent: db.prepare('INSERT OR REPLACE INTO block_events VALUES (?, ?, ?, ?, ?)'),
  blockCount: db.prepare(
    'INSERT INTO block_counts VALUES (?, ?) ON CONFLICT (state) DO UPDATE SET count = count + excluded.count',
  ),
  dropWorker: db.prepare('DELETE FROM workers WHERE meter = ?'),
  dropRejected: db.prepare('DELETE FROM rejected WHERE meter = ?'),
  dropConnection: db.prepare('DELETE FROM connections WHERE gateway = ? AND number = ?'),
  dropAuthorizations: db.prepare('DELETE FROM authorizations WHERE gateway = ? AND connection = ?'),
  oldBuckets: db.prepare('DELETE FROM work WHERE level = ? AND scope = ? AND start < ?'),
  oldRejected: db.prepare(
    `DELETE FROM rejected WHERE meter IN (SELECT meter FROM workers WHERE connections = 0 AND seen_at < ?)`,
  ),
  oldWorkers: db.prepare('DELETE FROM workers WHERE connections = 0 AND seen_at < ?'),
  silentWorkers: db.prepare(
    'DELETE FROM workers WHERE connections = 0 AND accepted = 0 AND rejected = 0 AND seen_at < ?',
  ),
  oldJobs: db.prepare(`DELETE FROM jobs WHERE height < ? AND NOT EXISTS
    (SELECT 1 FROM solved WHERE solved.gateway = jobs.gateway AND solved.job = jobs.job)`),
})

function storePool(sql: Statements, { total, ...tally }: Tally): void {
  sql.pool.run(
    tally.position,
    tally.entries,
    tally.lastStream,
    tally.skipped,
    tally.clockMs,
    tally.nextMeter,
    tally.firstHeight,
    tally.newestBits,
    tally.pool?.network.name ?? null,
    tally.pool?.mode ?? null,
    tally.pool?.openedAt ?? null,
    total.accepted,
    String(settleDifficulty(total)),
    String(total.effort),
    total.rejected,
    total.lastShareAt,
  )
}

function storeAccount(sql: Statements, account: Account): void {
  sql.account.run(
    account.id,
    account.account,
    account.address,
    account.sinceMs,
    account.accepted,
    String(settleDifficulty(account)),
    account.rejected,
    account.lastShareAt,
    account.workersOnline,
  )
}

function storeWorker(sql: Statements, worker: Worker): void {
  sql.worker.run(
    worker.id,
    worker.account.id,
    worker.name,
    worker.sinceMs,
    worker.accepted,
    String(settleDifficulty(worker)),
    worker.rejected,
    worker.lastShareAt,
    worker.connections,
    worker.seenAt,
  )
}

function storeConnections(sql: Statements, changes: Changes, forgotten: readonly Connection[]): void {
  for (const connection of changes.connections)
    sql.connection.run(
      connection.gateway,
      connection.number,
      connection.extranonce1,
      connection.listener,
      connection.connectedAt,
      connection.agent,
      connection.profile,
      connection.difficulty,
      connection.endedAt,
    )
  for (const { connection, ordinal, worker } of changes.authorizations)
    sql.authorization.run(connection.gateway, connection.number, ordinal, worker.id)
  for (const { gateway, number } of forgotten) {
    sql.dropConnection.run(gateway, number)
    sql.dropAuthorizations.run(gateway, number)
  }
}

function storeJob(sql: Statements, job: JobRow): void {
  sql.job.run(
    job.entry,
    job.gateway,
    job.job,
    job.header,
    job.powAlgorithm,
    job.height,
    job.bits,
    job.subsidy,
    job.issuedAt,
    job.reason,
    job.merkleRoot,
  )
}

function storeSolved(sql: Statements, solved: SolvedRow): void {
  sql.solved.run(
    solved.hash,
    solved.share.stream,
    solved.share.revision,
    solved.share.index,
    solved.at,
    solved.gateway,
    solved.job,
    solved.connection,
    solved.account,
    solved.worker,
    solved.difficulty,
    solved.extranonce1,
    solved.profile,
    solved.extranonce2,
    solved.ntime,
    solved.nonce,
    String(solved.mark.effort),
    solved.mark.shares,
    String(solved.mark.difficulty),
  )
}

function storeBlock(sql: Statements, block: BlockRow): void {
  sql.block.run(
    block.number,
    block.hash,
    block.height,
    block.foundAt,
    block.header,
    block.powAlgorithm,
    block.gateway,
    block.job,
    block.share?.stream ?? null,
    block.share?.revision ?? null,
    block.share?.index ?? null,
    block.connection,
    block.account,
    block.worker,
    String(block.mark.effort),
    block.mark.shares,
    String(block.mark.difficulty),
    block.state,
    ON_CHAIN.includes(block.state) ? 1 : 0,
    FINAL.includes(block.state) ? 1 : 0,
    block.revision,
    block.reward?.transaction ?? null,
    block.reward?.output ?? null,
    block.reward?.atoms ?? null,
    block.decidedBy,
  )
}

/**
 * Deletes what is not kept any longer. A function of the tables and of the log's clock alone, so that it makes no difference
 * how often it was done before.
 */
function throwAway(sql: Statements, tally: Tally): void {
  const { clockMs } = tally
  sql.silentWorkers.run(clockMs - ENDED_CONNECTION_KEPT_MS)
  sql.oldRejected.run(clockMs - WORKER_KEPT_MS)
  sql.oldWorkers.run(clockMs - WORKER_KEPT_MS)
  for (let level = 0; level < LEVELS.length; level++)
    for (const scope of [SCOPE.pool, SCOPE.account, SCOPE.worker])
      sql.oldBuckets.run(level, scope, keptFrom(level, clockMs))
  sql.oldJobs.run(jobsKeptFrom(tally))
}

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Network } from '../../domain/decred/network.ts'
import { RejectReason } from '../../domain/events.ts'
import { bucketStart, levelAt } from '../../projections/hashrate.ts'
import { SCOPE } from '../../projections/tally.ts'
import {
  CONNECTIONS_SHOWN_MAX,
  type ConnectionView,
  type MinerView,
  type PageOf,
  type RejectedShares,
  type ShareTotals,
  type WorkerView,
} from '../../projections/views.ts'
import { beginOf, type Cursor, type Page, perOrder, writeCursor } from './cursor.ts'
import type { MinerOrder, ShareSource } from './port.ts'
import { member, number, numberOrNull, type Row, text, textOrNull } from './values.ts'
import type { WorkQueries } from './work-queries.ts'

/** An account as its row has it. */
export interface AccountRow {
  readonly id: number
  readonly account: string
  readonly address: string | null
  readonly openedAt: number
  readonly workersOnline: number
  readonly lastShareAt: number | null
  readonly accepted: number
  readonly difficulty: string
  readonly rejected: number
}

/** Questions about accounts, workers and connections. Each throws what SQLite throws. */
export interface MinerQueries {
  /** By address or account id. */
  readonly account: (account: string) => AccountRow | undefined
  readonly worker: (
    accountId: number,
    name: string,
  ) => { readonly id: number; readonly sinceMs: number } | undefined
  readonly miners: (network: Network, page: Page, nowMs: number, order: MinerOrder) => PageOf<MinerView>
  readonly miner: (network: Network, row: AccountRow, nowMs: number) => MinerView
  readonly workers: (network: Network, accountId: number, page: Page, nowMs: number) => PageOf<WorkerView>
  readonly workerNamed: (
    network: Network,
    accountId: number,
    name: string,
    nowMs: number,
  ) => WorkerView | undefined
  readonly shareSources: (accountId: number) => readonly ShareSource[]
  readonly reasons: (meter: number) => readonly RejectedShares[]
  readonly online: () => { readonly miners: number; readonly workers: number; readonly connections: number }
}

/** Lists are ordered by the work of about the last hour, which is read from buckets of this level: seven rows a meter. */
const RANK_LEVEL = 2
const RANK_SECONDS = 3_600

/** Connections on which an account's shares are looked for: a rented farm has thousands, and any of them will do. */
const SHARE_SOURCES_MAX = 2_000

/** What miners are ordered by. Keys are whole numbers and not below zero. */
const MINER_KEYS: { readonly [B in MinerOrder['by']]: string } = {
  work: 'r.rank',
  'last-share': 'ifnull(a.last_share_at, 0)',
  workers: 'a.workers_online',
}

const ACCOUNT_ID = /^[0-9a-f]{64}$/

/** Prepares them. */
export function openMinerQueries(db: DatabaseSync, work: WorkQueries): MinerQueries {
  const accountById = db.prepare('SELECT * FROM accounts WHERE account = ?')
  const accountByAddress = db.prepare('SELECT * FROM accounts WHERE address = ?')
  const workerByName = db.prepare('SELECT meter, since FROM workers WHERE account = ? AND name = ?')
  const reasons = db.prepare('SELECT * FROM rejected WHERE meter = ? ORDER BY count DESC, reason')
  const workerRow = db.prepare('SELECT * FROM workers WHERE account = ? AND name = ?')
  const sources = db.prepare(`
    SELECT u.gateway, u.connection, u.ordinal, w.name FROM workers w
    JOIN authorizations u ON u.worker = w.meter WHERE w.account = ?
    ORDER BY u.gateway, u.connection, u.ordinal LIMIT ${SHARE_SOURCES_MAX}`)
  const rankedAccounts = perOrder<MinerOrder['by'], StatementSync>(({ by, descending }) =>
    db.prepare(`
    SELECT a.*, ${MINER_KEYS[by]} AS rank FROM (
      SELECT meter, sum(difficulty) AS rank FROM (
        SELECT meter, difficulty FROM work WHERE level = :level AND scope = ${SCOPE.account} AND start BETWEEN :from AND :to
        UNION ALL SELECT meter, 0.0 FROM accounts WHERE workers_online > 0
      ) GROUP BY meter
    ) r JOIN accounts a ON a.meter = r.meter
    WHERE ${MINER_KEYS[by]} ${descending ? '<' : '>'} :key OR (${MINER_KEYS[by]} = :key AND r.meter > :id)
    ORDER BY ${MINER_KEYS[by]} ${descending ? 'DESC' : 'ASC'}, r.meter LIMIT :limit`),
  )
  const rankedWorkers = db.prepare(`
    SELECT * FROM (
      SELECT w.*, coalesce((
        SELECT sum(difficulty) FROM json_each(:starts) s CROSS JOIN work k
        ON k.level = :level AND k.scope = ${SCOPE.worker} AND k.start = s.value AND k.meter = w.meter
      ), 0.0) AS rank
      FROM workers w WHERE w.account = :account
    ) WHERE rank < :key OR (rank = :key AND meter > :id)
    ORDER BY rank DESC, meter LIMIT :limit`)
  const connections = db.prepare(`
    SELECT DISTINCT c.* FROM authorizations a
    JOIN connections c ON c.gateway = a.gateway AND c.number = a.connection
    WHERE a.worker = ? AND c.ended_at IS NULL
    ORDER BY c.connected_at, c.gateway, c.number LIMIT ${CONNECTIONS_SHOWN_MAX}`)
  const online = db.prepare(`SELECT
    (SELECT count(*) FROM accounts WHERE workers_online > 0) AS miners,
    (SELECT count(*) FROM workers WHERE connections > 0) AS workers,
    (SELECT count(*) FROM connections WHERE ended_at IS NULL) AS connections`)

  const reasonsOf = (meter: number): readonly RejectedShares[] => reasons.all(meter).map(rejectedShares)

  const workerView = (row: Row, hashrate: (meter: number) => WorkerView['hashrate']): WorkerView => ({
    name: text(row, 'name'),
    hashrate: hashrate(number(row, 'meter')),
    shares: shareTotals(row, reasonsOf(number(row, 'meter'))),
    lastShareAt: numberOrNull(row, 'last_share_at'),
    connections: connections.all(number(row, 'meter')).map(connectionView),
    connectionCount: number(row, 'connections'),
  })

  return {
    account: (account) => {
      const row = ACCOUNT_ID.test(account) ? accountById.get(account) : accountByAddress.get(account)
      return row === undefined ? undefined : accountRow(row)
    },
    worker: (accountId, name) => {
      const row = workerByName.get(accountId, name)
      return row === undefined ? undefined : { id: number(row, 'meter'), sinceMs: number(row, 'since') }
    },
    miners: (network, { after, limit }, nowMs, order) => {
      const starts = rankStarts(nowMs)
      const rows = rankedAccounts(order).all({
        level: RANK_LEVEL,
        from: starts[0] ?? 0,
        to: starts[starts.length - 1] ?? 0,
        ...(after ?? beginOf(order)),
        limit: limit + 1,
      })
      const shown = rows.slice(0, limit).map(accountRow)
      const meters = shown.map(({ id, openedAt }) => ({ id, sinceMs: openedAt }))
      const hashrate = work.hashrates(network, SCOPE.account, meters, nowMs)
      return {
        items: shown.map((account) => minerView(account, hashrate(account.id))),
        next: nextPage(rows, limit),
      }
    },
    miner: (network, row, nowMs) => {
      const meter = { id: row.id, sinceMs: row.openedAt }
      return minerView(row, work.hashrates(network, SCOPE.account, [meter], nowMs)(row.id))
    },
    workers: (network, account, { after, limit }, nowMs) => {
      const rows = rankedWorkers.all({
        account,
        level: RANK_LEVEL,
        starts: JSON.stringify(rankStarts(nowMs)),
        ...rankAfter(after),
        limit: limit + 1,
      })
      const shown = rows.slice(0, limit)
      const meters = shown.map((row) => ({ id: number(row, 'meter'), sinceMs: number(row, 'since') }))
      const hashrate = work.hashrates(network, SCOPE.worker, meters, nowMs)
      return {
        items: shown.map((row) => workerView(row, hashrate)),
        next: nextPage(rows, limit),
      }
    },
    workerNamed: (network, account, name, nowMs) => {
      const row = workerRow.get(account, name)
      if (row === undefined) return undefined
      const meter = { id: number(row, 'meter'), sinceMs: number(row, 'since') }
      return workerView(row, work.hashrates(network, SCOPE.worker, [meter], nowMs))
    },
    shareSources: (account) => sources.all(account).map(shareSource),
    reasons: reasonsOf,
    online: () => {
      const row = online.get() ?? {}
      return {
        miners: number(row, 'miners'),
        workers: number(row, 'workers'),
        connections: number(row, 'connections'),
      }
    },
  }
}

/** Beginnings of the buckets that the rank is summed from. */
function rankStarts(nowMs: number): readonly number[] {
  const length = levelAt(RANK_LEVEL).seconds
  const now = Math.floor(nowMs / 1_000)
  const starts: number[] = []
  for (let start = bucketStart(Math.max(0, now - RANK_SECONDS), length); start <= now; start += length)
    starts.push(start)
  return starts
}

/** Ranks are sums of difficulty; no sum of an hour comes near the one that a list begins below. */
const rankAfter = (after: Cursor | undefined): { readonly key: number; readonly id: number } =>
  after === undefined ? { key: Number.MAX_VALUE, id: 0 } : { key: after.key, id: after.id }

function nextPage(rows: readonly Row[], limit: number): string | null {
  const last = rows[limit - 1]
  return rows.length <= limit || last === undefined
    ? null
    : writeCursor({ key: number(last, 'rank'), id: number(last, 'meter') })
}

const shareSource = (row: Row): ShareSource => ({
  gateway: number(row, 'gateway'),
  connection: number(row, 'connection'),
  ordinal: number(row, 'ordinal'),
  worker: text(row, 'name'),
})

const accountRow = (row: Row): AccountRow => ({
  id: number(row, 'meter'),
  account: text(row, 'account'),
  address: textOrNull(row, 'address'),
  openedAt: number(row, 'opened_at'),
  workersOnline: number(row, 'workers_online'),
  lastShareAt: numberOrNull(row, 'last_share_at'),
  accepted: number(row, 'accepted'),
  difficulty: text(row, 'difficulty'),
  rejected: number(row, 'rejected'),
})

const minerView = (row: AccountRow, hashrate: MinerView['hashrate']): MinerView => ({
  account: row.account,
  address: row.address,
  hashrate,
  workersOnline: row.workersOnline,
  lastShareAt: row.lastShareAt,
})

const shareTotals = (row: Row, reasons: readonly RejectedShares[]): ShareTotals => ({
  accepted: number(row, 'accepted'),
  difficulty: text(row, 'difficulty'),
  rejected: number(row, 'rejected'),
  reasons,
})

const rejectedShares = (row: Row): RejectedShares => ({
  reason: member(RejectReason, row, 'reason'),
  count: number(row, 'count'),
  needed: number(row, 'needed'),
  best: number(row, 'best'),
  lastAt: number(row, 'last_at'),
})

const connectionView = (row: Row): ConnectionView => ({
  gateway: number(row, 'gateway'),
  connection: number(row, 'number'),
  listener: text(row, 'listener'),
  agent: textOrNull(row, 'agent'),
  profile: textOrNull(row, 'profile'),
  difficulty: numberOrNull(row, 'difficulty'),
  connectedAt: number(row, 'connected_at'),
})

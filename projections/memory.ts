import { LEVELS } from './hashrate.ts'
import { newGathering, releaseBuckets, releaseEarlier, startMeter } from './meters.ts'
import { isForgotten, workerKey } from './miners.ts'
import { releaseMoney, startMoney } from './money/tally.ts'
import {
  type Account,
  type Changes,
  type Connection,
  SCOPE,
  type Stored,
  type Tally,
  type Worker,
} from './tally.ts'
import { jobsKeptFrom } from './work.ts'

/** A tally before the first event, or to be filled with what is stored. */
export const startTally = (stored: Stored): Tally => ({
  pool: undefined,
  position: null,
  entries: 0,
  lastStream: null,
  skipped: 0,
  clockMs: 0,
  nextMeter: 1,
  total: {
    ...startMeter(SCOPE.pool, {
      id: 0,
      sinceMs: 0,
      accepted: 0,
      difficulty: 0n,
      rejected: 0,
      lastShareAt: null,
    }),
    gathering: newGathering(),
    effort: 0n,
  },
  connections: new Map(),
  ended: [],
  accounts: new Map(),
  workers: new Map(),
  jobs: new Map(),
  height: 0,
  firstHeight: null,
  newestBits: null,
  perDifficulty: new Map(),
  asked: { finest: -1, clockMs: -1, starts: [] },
  storedUpTo: LEVELS.map(() => 0),
  money: startMoney(),
  changes: noChanges(),
  stored,
})

const noChanges = (): Changes => ({
  any: false,
  runs: [],
  meters: [],
  buckets: [],
  connections: new Set(),
  authorizations: [],
  retired: [],
  rejected: new Map(),
  jobs: [],
  solved: new Map(),
  answered: [],
  blocks: new Map(),
  blockEvents: [],
  blockCounts: new Map(),
})

/** Connections that ended too long ago to be named by a share: their rows are to go. */
export const forgottenConnections = (tally: Tally): readonly Connection[] =>
  tally.ended.filter((connection) => isForgotten(tally, connection))

/**
 * Tells a tally that its changes are stored: they are cleared, and what is not live is let go. `forgotten` are the connections
 * whose rows went with it.
 */
export function releaseStored(tally: Tally, forgotten: readonly Connection[]): void {
  const { changes } = tally
  for (const bucket of changes.buckets) bucket.changed = false
  releaseEarlier(tally, tally.total)
  for (const meter of changes.meters) {
    meter.changed = false
    releaseEarlier(tally, meter)
    if (meter.scope === SCOPE.account && meter.holders === 0) releaseAccount(tally, meter)
  }
  for (const connection of forgotten) releaseConnection(tally, connection)
  if (forgotten.length > 0) tally.ended = without(tally.ended, new Set(forgotten))
  if (changes.jobs.length > 0) releaseJobs(tally)
  releaseMoney(tally.money)
  tally.changes = noChanges()
}

const without = <T>(all: readonly T[], gone: ReadonlySet<T>): T[] => all.filter((one) => !gone.has(one))

function releaseConnection(tally: Tally, connection: Connection): void {
  const byNumber = tally.connections.get(connection.gateway)
  if (byNumber?.get(connection.number) === connection) byNumber.delete(connection.number)
  if (byNumber?.size === 0) tally.connections.delete(connection.gateway)
  for (const worker of connection.workers) {
    worker.holders--
    if (worker.holders === 0) releaseWorker(tally, worker)
  }
}

function releaseWorker(tally: Tally, worker: Worker): void {
  const { account, name } = worker
  const key = workerKey(account.account, name)
  if (tally.workers.get(key) !== worker) return
  tally.workers.delete(key)
  releaseBuckets(tally, worker)
  account.holders--
  if (account.holders === 0) releaseAccount(tally, account)
}

function releaseAccount(tally: Tally, account: Account): void {
  tally.accounts.delete(account.account)
  releaseBuckets(tally, account)
}

function releaseJobs(tally: Tally): void {
  const from = jobsKeptFrom(tally)
  for (const [gateway, jobs] of tally.jobs) {
    for (const [job, { height }] of jobs) if (height < from) jobs.delete(job)
    if (jobs.size === 0) tally.jobs.delete(gateway)
  }
}

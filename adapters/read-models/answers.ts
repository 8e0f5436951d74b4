import type { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import type { Network } from '../../domain/decred/network.ts'
import { compactToTarget, expectedHashes, networkDifficulty } from '../../domain/decred/target.ts'
import { poolMark } from '../../projections/blocks.ts'
import { SCOPE, type Scope, type Tally } from '../../projections/tally.ts'
import type {
  AccountView,
  BlockSummary,
  HashrateHistory,
  MinerView,
  PageOf,
  PoolView,
  WorkerView,
  WorkView,
} from '../../projections/views.ts'
import { openBlockQueries } from './block-queries.ts'
import { openBooksHistory } from './books-history.ts'
import { openBooksQueries } from './books-queries.ts'
import { type Page, readPage } from './cursor.ts'
import { openEntryQuery } from './entry-query.ts'
import { openFindQueries } from './find-queries.ts'
import { planHistory } from './history.ts'
import { openMinerQueries } from './miner-queries.ts'
import { openMoneyQueries } from './money-queries.ts'
import { openPayoutQueries } from './payout-queries.ts'
import type {
  Answer,
  BlockFilter,
  HistoryRequest,
  IssuedJob,
  MinerOrder,
  PageRequest,
  PaymentOrder,
  ReadModels,
  ShareSource,
} from './port.ts'
import { openQuotaQueries } from './quota-queries.ts'
import { type Measured, openWorkQueries } from './work-queries.ts'

/** The questions of the port, answered from the tables. Each throws what SQLite throws. */
export type Answers = Pick<
  ReadModels,
  | 'pool'
  | 'miners'
  | 'account'
  | 'workers'
  | 'worker'
  | 'shareSources'
  | 'find'
  | 'blocks'
  | 'block'
  | 'hashrateHistory'
  | 'balances'
  | 'earnings'
  | 'statement'
  | 'minerPayments'
  | 'allocation'
  | 'payments'
  | 'payment'
  | 'onTheWay'
  | 'policies'
  | 'books'
  | 'booksHistory'
  | 'entryOf'
  | 'unfinishedBlocks'
  | 'maturedBlocks'
  | 'solvedWithoutBlock'
  | 'job'
  | 'jobsByMerkleRoot'
>

/** Workers on an account's page before it is asked for more. */
const ACCOUNT_WORKERS_SHOWN = 50

/** Prepares them. `tally` is the live one, whose changes are stored before each question. */
export function openAnswers(db: DatabaseSync, tally: Tally, coinbaseMaturity?: number): Answers {
  const work = openWorkQueries(db)
  const miners = openMinerQueries(db, work)
  const blocks = openBlockQueries(db, tally, coinbaseMaturity)
  const money = openMoneyQueries(db)
  const payouts = openPayoutQueries(db, tally)
  const books = openBooksQueries(db, tally)
  const finds = openFindQueries(db)
  const entryOf = openEntryQuery(db, tally)
  const quotas = openQuotaQueries(db, tally, () => books.policies().history)

  function pool(nowMs: number): Answer<PoolView | undefined> {
    const { pool, total } = tally
    if (pool === undefined) return E.right(undefined)
    const { shares: accepted, difficulty } = poolMark(tally)
    const meter = { id: total.id, sinceMs: pool.openedAt }
    const job = blocks.newestJob()
    return E.right({
      network: pool.network.name,
      mode: pool.mode,
      openedAt: pool.openedAt,
      at: nowMs,
      hashrate: work.hashrates(pool.network, SCOPE.pool, [meter], nowMs)(total.id),
      ...miners.online(),
      work: job === undefined ? null : workView(pool.network, job),
      round: blocks.round(),
      luck: { last10: blocks.luck(10), last100: blocks.luck(100) },
      blocks: blocks.counts(),
      lastBlock: blocks.last(),
      shares: {
        accepted,
        difficulty: String(difficulty),
        rejected: total.rejected,
        reasons: miners.reasons(total.id),
      },
      policy: books.inForce(),
      nextPayout: payouts.next(nowMs),
    })
  }

  function account(key: string, nowMs: number): Answer<AccountView | undefined> {
    const row = miners.account(key)
    if (row === undefined || tally.pool === undefined) return E.right(undefined)
    const { network } = tally.pool
    return E.right({
      ...miners.miner(network, row, nowMs),
      openedAt: row.openedAt,
      at: nowMs,
      shares: {
        accepted: row.accepted,
        difficulty: row.difficulty,
        rejected: row.rejected,
        reasons: miners.reasons(row.id),
      },
      workers: miners.workers(network, row.id, { after: undefined, limit: ACCOUNT_WORKERS_SHOWN }, nowMs),
      blocksFound: blocks.foundBy(row.account),
      balances: money.balances(row.account),
      quota: quotas.quota(row.id),
    })
  }

  function minersPage(
    request: PageRequest,
    nowMs: number,
    order: MinerOrder = MOST_WORK_FIRST,
  ): Answer<PageOf<MinerView>> {
    const page = readPage(request)
    if (E.isLeft(page)) return page
    const { pool } = tally
    return E.right(pool === undefined ? NOTHING : miners.miners(pool.network, page.right, nowMs, order))
  }

  function worker(key: string, name: string, nowMs: number): Answer<WorkerView | undefined> {
    const row = miners.account(key)
    if (row === undefined || tally.pool === undefined) return E.right(undefined)
    return E.right(miners.workerNamed(tally.pool.network, row.id, name, nowMs))
  }

  function shareSources(key: string): Answer<readonly ShareSource[]> {
    const row = miners.account(key)
    return E.right(row === undefined ? [] : miners.shareSources(row.id))
  }

  function workersPage(key: string, request: PageRequest, nowMs: number): Answer<PageOf<WorkerView>> {
    const page = readPage(request)
    if (E.isLeft(page)) return page
    const row = miners.account(key)
    if (row === undefined || tally.pool === undefined) return E.right(NOTHING)
    return E.right(miners.workers(tally.pool.network, row.id, page.right, nowMs))
  }

  function blocksPage(filter: BlockFilter, request: PageRequest): Answer<PageOf<BlockSummary>> {
    const page = readPage(request)
    return E.isLeft(page) ? page : E.right(blocks.page(filter, page.right))
  }

  /** A page of something of an account, which is empty when there is no such account. */
  const ofAccount =
    <T>(list: (account: string, page: Page) => PageOf<T>) =>
    (key: string, request: PageRequest): Answer<PageOf<T>> => {
      const page = readPage(request)
      if (E.isLeft(page)) return page
      const row = miners.account(key)
      return E.right(row === undefined ? NOTHING : list(row.account, page.right))
    }

  /** Something in pages. */
  const inPages =
    <T>(list: (page: Page) => T) =>
    (request: PageRequest): Answer<T> =>
      E.map(list)(readPage(request))

  function hashrateHistory(request: HistoryRequest): Answer<HashrateHistory | undefined> {
    const { pool } = tally
    const measured = pool === undefined ? undefined : meterOf(request, pool.openedAt)
    if (pool === undefined || measured === undefined) return E.right(undefined)
    const { scope, meter } = measured
    const plan = planHistory(request, meter.sinceMs, tally.clockMs)
    if (E.isLeft(plan)) return plan
    return E.right({
      stepSeconds: plan.right.stepSeconds,
      points: work.points(pool.network, scope, meter, plan.right),
    })
  }

  function meterOf(
    { account: key, worker: name }: HistoryRequest,
    openedAt: number,
  ): { readonly scope: Scope; readonly meter: Measured } | undefined {
    if (key === undefined) return { scope: SCOPE.pool, meter: { id: tally.total.id, sinceMs: openedAt } }
    const row = miners.account(key)
    if (row === undefined) return undefined
    if (name === undefined) return { scope: SCOPE.account, meter: { id: row.id, sinceMs: row.openedAt } }
    const meter = miners.worker(row.id, name)
    return meter === undefined ? undefined : { scope: SCOPE.worker, meter }
  }

  return {
    pool,
    miners: minersPage,
    account,
    workers: workersPage,
    worker,
    shareSources,
    find: (text) => E.right(finds(text)),
    blocks: blocksPage,
    block: (hash) => E.right(blocks.block(hash)),
    hashrateHistory,
    balances: inPages(money.holders),
    earnings: ofAccount(money.earnings),
    statement: ofAccount(money.statement),
    minerPayments: ofAccount(payouts.ofMiner),
    allocation: (block, request) => inPages((page) => money.allocation(block, page))(request),
    payments: (request, order: PaymentOrder = LAST_PAYOUT_FIRST) =>
      inPages((page) => payouts.payments(page, order))(request),
    payment: (number) => E.right(payouts.payment(number)),
    onTheWay: () => E.right(payouts.onTheWay()),
    policies: () => E.right(books.policies()),
    books: () => E.right(books.books()),
    booksHistory: openBooksHistory(db),
    entryOf: (stream, revision) => E.right(entryOf(stream, revision)),
    unfinishedBlocks: () => E.right(blocks.unfinished()),
    maturedBlocks: (limit) => E.right(blocks.matured(limit)),
    solvedWithoutBlock: () => E.right(blocks.solvedWithoutBlock()),
    job: (gateway, job) => E.right(blocks.job(gateway, job)),
    jobsByMerkleRoot: (merkleRoot) => E.right(blocks.jobsByMerkleRoot(merkleRoot)),
  }
}

const MOST_WORK_FIRST: MinerOrder = { by: 'work', descending: true }
const LAST_PAYOUT_FIRST: PaymentOrder = { by: 'number', descending: true }

const NOTHING: PageOf<never> = { items: [], next: null }

function workView(network: Network, { gateway, job, height, bits, issuedAt, reason }: IssuedJob): WorkView {
  const hashes = expectedHashes(compactToTarget(bits)) / BigInt(network.blockTimeSeconds)
  return {
    gateway,
    job,
    height,
    bits,
    networkDifficulty: networkDifficulty(network, bits),
    networkHashesPerSecond: String(hashes),
    issuedAt,
    reason,
  }
}

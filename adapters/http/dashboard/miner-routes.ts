import * as E from 'fp-ts/lib/Either.js'
import { Hono } from 'hono'
import type { AccountView, WorkerView } from '../../../projections/views.ts'
import { PAGE_LIMIT_MAX, type ShareSource } from '../../read-models/port.ts'
import { account as accountKey } from '../api/parameters.ts'
import type { Problem } from '../problem.ts'
import { answered, poolView, type Site } from '../site.ts'
import { ACCOUNT_ROWS, accountPage } from './account-page.ts'
import { type ChartSpan, chartSpan, type HashrateLine } from './hashrate-chart.ts'
import type { LedgerEntries } from './ledger-entries.ts'
import { paths } from './links.ts'
import { minersPage } from './miners-page.ts'
import { type RecentShares, recentShares } from './recent-shares.ts'
import { listRequest } from './requests.ts'
import { CHART_SCRIPTS, type Show } from './show.ts'
import { workerPage } from './worker-page.ts'

/** Lines in the chart of a miner: more can't be told apart. */
const LINES_MAX = 5

const FIRST_ROWS = { after: null, limit: ACCOUNT_ROWS }

/** Blocks for the chart. */
const FIRST_PAGE = { after: null, limit: PAGE_LIMIT_MAX }

const unknownMiner: Problem = {
  kind: 'not-found',
  detail:
    'No miner with this address has sent a good share to this pool, or been connected for a minute. If it has just begun, load this page again.',
}
const unknownWorker: Problem = {
  kind: 'not-found',
  detail: 'This miner has no worker of this name, or not for 31 days.',
}

/** Miners, each of them, and each of their workers. */
export function minerRoutes(site: Site, show: Show, entries: LedgerEntries): Hono {
  const { readModels } = site

  /** The miner of a path, who must be known. */
  const known = (address: string): E.Either<Problem, AccountView> => {
    const key = accountKey(address, site.status().network)
    if (E.isLeft(key)) return key
    const answer = answered(site, readModels.account(key.right, site.now()))
    if (E.isLeft(answer)) return answer
    return answer.right === undefined ? E.left(unknownMiner) : E.right(answer.right)
  }

  /** The newest shares of some sources; null where the ledger can't be read. */
  async function newest(sources: readonly ShareSource[]): Promise<RecentShares | null> {
    const size = site.status().ledger.checkpoint?.size ?? 0
    const found = await recentShares(entries, size, sources)
    return E.isLeft(found) ? null : found.right
  }

  function lineOf(
    account: string,
    { name }: WorkerView,
    { from, to, range }: ChartSpan,
  ): E.Either<Problem, HashrateLine> {
    const { stepSeconds } = range
    const answer = answered(
      site,
      readModels.hashrateHistory({ account, worker: name, from, to, stepSeconds }),
    )
    if (E.isLeft(answer)) return answer
    const history = answer.right ?? { stepSeconds, points: [] }
    return E.right({ name: name === '' ? '(no name)' : name, history })
  }

  return new Hono()
    .get('/miners', (c) => {
      const asked = listRequest(c, '/miners', ['work', 'last-share', 'workers'])
      if (E.isLeft(asked)) return show.problem(c, asked.left)
      const pool = poolView(site)
      if (E.isLeft(pool)) return show.problem(c, pool.left)
      const { page, order, sorting, nextOf, first } = asked.right
      const miners = answered(site, readModels.miners(page, site.now(), order))
      if (E.isLeft(miners)) return show.problem(c, miners.left)
      const { items, next } = miners.right
      const body = minersPage({
        ...{ pool: pool.right, miners: items, sorting, next: nextOf(next), first, now: site.now() },
      })
      return show.page(c, 'Miners', '/miners', [], body)
    })
    .get('/miners/:address', async (c) => {
      const account = known(c.req.param('address'))
      if (E.isLeft(account)) return show.problem(c, account.left)
      const pool = poolView(site)
      if (E.isLeft(pool)) return show.problem(c, pool.left)
      const now = site.now()
      const key = account.right.address ?? account.right.account
      const span = chartSpan(c.req.query('range'), account.right.openedAt, now)
      const lines = E.sequenceArray(
        account.right.workers.items.slice(0, LINES_MAX).map((worker) => lineOf(key, worker, span)),
      )
      if (E.isLeft(lines)) return show.problem(c, lines.left)
      const blocks = answered(site, readModels.blocks({ account: account.right.account }, FIRST_PAGE))
      if (E.isLeft(blocks)) return show.problem(c, blocks.left)
      const earnings = answered(site, readModels.earnings(key, FIRST_ROWS))
      if (E.isLeft(earnings)) return show.problem(c, earnings.left)
      const payments = answered(site, readModels.minerPayments(key, FIRST_ROWS))
      if (E.isLeft(payments)) return show.problem(c, payments.left)
      const sources = answered(site, readModels.shareSources(key))
      if (E.isLeft(sources)) return show.problem(c, sources.left)
      const body = accountPage({
        account: account.right,
        status: site.status(),
        policy: pool.right.policy,
        nextPayout: pool.right.nextPayout,
        span,
        lines: lines.right,
        blocks: blocks.right.items,
        earnings: earnings.right.items,
        payments: payments.right.items,
        recent: await newest(sources.right),
        now,
      })
      const feeds = [
        { href: `${paths.account(key)}/blocks.atom`, title: 'Blocks of this miner' },
        { href: `${paths.account(key)}/payments.atom`, title: 'Payments to this miner' },
      ]
      return show.page(c, `Miner ${key}`, paths.account(key), CHART_SCRIPTS, body, 200, { feeds })
    })
    .get('/miners/:address/worker', async (c) => {
      const account = known(c.req.param('address'))
      if (E.isLeft(account)) return show.problem(c, account.left)
      const now = site.now()
      const key = account.right.address ?? account.right.account
      const name = c.req.query('name') ?? ''
      const worker = answered(site, readModels.worker(key, name, now))
      if (E.isLeft(worker)) return show.problem(c, worker.left)
      if (worker.right === undefined) return show.problem(c, unknownWorker)
      const span = chartSpan(c.req.query('range'), account.right.openedAt, now)
      const line = lineOf(key, worker.right, span)
      if (E.isLeft(line)) return show.problem(c, line.left)
      const sources = answered(site, readModels.shareSources(key))
      if (E.isLeft(sources)) return show.problem(c, sources.left)
      const recent = await newest(sources.right.filter((source) => source.worker === name))
      const body = workerPage({
        ...{ account: account.right, worker: worker.right, span, line: line.right, recent, now },
      })
      return show.page(c, `Worker ${name}`, c.req.path, CHART_SCRIPTS, body)
    })
}

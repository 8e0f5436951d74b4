import * as E from 'fp-ts/lib/Either.js'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import type { BlankEnv } from 'hono/types'
import { filter, firstValueFrom, map, of, timeout } from 'rxjs'
import { type AllocationPage, PaymentView } from '../../../projections/money/views.ts'
import { HashrateHistory, type PageOf } from '../../../projections/views.ts'
import { findShares, shareAt } from '../../ledger/find-shares.ts'
import type { LedgerSource } from '../../ledger/port.ts'
import { shareReceipt } from '../../ledger/share-receipt.ts'
import type { Answer, PageRequest } from '../../read-models/port.ts'
import { eventStream } from '../event-stream.ts'
import type { LiveFeed } from '../live-feed.ts'
import { type Problem, problem } from '../problem.ts'
import { limitVisitors, rateLimiter, VISITORS_MAX } from '../rate-limit.ts'
import { answered, type Site } from '../site.ts'
import type { VisitorOf } from '../visitor.ts'
import { poolAnswer, shareAnswer } from './answers.ts'
import { type QueryName, queryNames, type Route, routes } from './catalogue.ts'
import { csvOfAnswer, csvOfPages, onwards, type ReadPage } from './csv-answers.ts'
import { openApi } from './openapi.ts'
import { account, blockHash, idOf, onlyKnown, pageRequest, wholeNumber } from './parameters.ts'
import { SEARCH_LIMIT, shareLookUps } from './share-look-ups.ts'
import { sharePlace, shareProblem, shareQuery } from './share-query.ts'
import {
  allocationTable,
  blockTable,
  earningTable,
  hashrateTable,
  minerPaymentTable,
  minerTable,
  paymentOutputTable,
  paymentTable,
  statementTable,
  workerTable,
} from './tables.ts'

/** How long `?after=` waits, and how long a reader's own proxies will. */
const AFTER_MS_MAX = 10_000

const DAY_MS = 86_400_000
const STEP_SECONDS = 600

/** Browsers keep the answer to a preflight for so long; none keeps it longer than two hours. */
const PREFLIGHT_SECONDS = 7200

/** Lets pages of any origin read the API, its problems and the headers that say how to go on. */
export const anyOrigin: MiddlewareHandler = cors({
  origin: '*',
  allowMethods: ['GET', 'HEAD'],
  exposeHeaders: ['ETag', 'Link', 'RateLimit', 'RateLimit-Policy', 'Retry-After'],
  maxAge: PREFLIGHT_SECONDS,
})

/** Type of the API's routes, for `apiClient`. */
export type Api = ReturnType<typeof api>

/** The API below `/api/v1`. Every answer has an ETag. */
export function api(site: Site, feed: LiveFeed, ledger: LedgerSource, visitorOf: VisitorOf) {
  const document = openApi(site.status())
  // Weak, as compression would make it: one answer has one tag, compressed or not.
  const tagged = etag({ weak: true })
  const inTurn = shareLookUps()
  const fewSearches = limitVisitors(rateLimiter(SEARCH_LIMIT, VISITORS_MAX), visitorOf, site.now)
  const asCsv = csvOfPages(site.now)
  const { readModels } = site
  const miners = (_: Context, page: PageRequest) => answered(site, readModels.miners(page, site.now()))
  const workers = minersList(site, (who, page) => readModels.workers(who, page, site.now()))
  const earnings = minersList(site, readModels.earnings)
  const minerPayments = minersList(site, readModels.minerPayments)
  const statement = minersList(site, readModels.statement)
  const blocks = (c: Context, page: PageRequest) => {
    const who = optionalAccount(c, site)
    if (E.isLeft(who)) return who
    const filter = who.right === undefined ? {} : { account: idOf(who.right) }
    return answered(site, readModels.blocks(filter, page))
  }
  const allocation = (c: Context, page: PageRequest): E.Either<Problem, AllocationPage> => {
    const hash = blockHash(c.req.param('hash') ?? '')
    if (E.isLeft(hash)) return hash
    const answer = answered(site, readModels.allocation(hash.right, page))
    if (E.isLeft(answer)) return answer
    return answer.right === undefined ? E.left(notShared) : E.right(answer.right)
  }
  const payments = (_: Context, page: PageRequest) => answered(site, readModels.payments(page))
  const given = <R extends Route>(route: R): QueryCheck<QueryName<R>> => checkQuery(site, route)

  return new Hono()
    .get('/pool', tagged, given(routes.pool), (c) => {
      const answer = poolAnswer(site)
      return E.isLeft(answer) ? problem(c, answer.left) : c.json(answer.right, 200, fresh)
    })
    .get('/miners', given(routes.miners), asCsv(minerTable, miners), tagged, (c) => pageAnswer(c, miners))
    .get('/miners/:address', tagged, given(routes.miner), (c) => {
      const who = account(c.req.param('address'), site.status().network)
      if (E.isLeft(who)) return problem(c, who.left)
      const answer = answered(site, site.readModels.account(who.right, site.now()))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined ? problem(c, unknownMiner) : c.json(answer.right, 200, fresh)
    })
    .get('/miners/:address/workers', given(routes.workers), asCsv(workerTable, workers), tagged, (c) =>
      pageAnswer(c, workers),
    )
    .get('/miners/:address/earnings', given(routes.earnings), asCsv(earningTable, earnings), tagged, (c) =>
      pageAnswer(c, earnings),
    )
    .get(
      '/miners/:address/payments',
      given(routes.minerPayments),
      asCsv(minerPaymentTable, minerPayments),
      tagged,
      (c) => pageAnswer(c, minerPayments),
    )
    .get(
      '/miners/:address/statement',
      given(routes.statement),
      asCsv(statementTable, statement),
      tagged,
      (c) => pageAnswer(c, statement),
    )
    .get('/blocks', given(routes.blocks), asCsv(blockTable, blocks), tagged, (c) => pageAnswer(c, blocks))
    .get('/blocks/:hash', tagged, given(routes.block), (c) => {
      const hash = blockHash(c.req.param('hash'))
      if (E.isLeft(hash)) return problem(c, hash.left)
      const answer = answered(site, site.readModels.block(hash.right))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined ? problem(c, unknownBlock) : c.json(answer.right, 200, fresh)
    })
    .get(
      '/blocks/:hash/allocation',
      given(routes.allocation),
      asCsv(allocationTable, allocation),
      tagged,
      (c) => pageAnswer(c, allocation),
    )
    .get('/payments', given(routes.payments), asCsv(paymentTable, payments), tagged, (c) =>
      pageAnswer(c, payments),
    )
    .get(
      '/payments/:number',
      tagged,
      csvOfAnswer(paymentOutputTable, site.now, outputsOf),
      given(routes.payment),
      (c) => {
        const number = wholeNumber(c.req.param(), 'number', 0, Number.MAX_SAFE_INTEGER)
        if (E.isLeft(number)) return problem(c, number.left)
        const answer = answered(site, site.readModels.payment(number.right ?? 0))
        if (E.isLeft(answer)) return problem(c, answer.left)
        return answer.right === undefined ? problem(c, unknownPayment) : c.json(answer.right, 200, fresh)
      },
    )
    .get('/shares', fewSearches, tagged, given(routes.shares), async (c) => {
      const query = shareQuery(c.req.query(), site)
      if (E.isLeft(query)) return problem(c, query.left)
      const found = await inTurn(() => findShares(ledger, site.readModels, query.right))
      return E.isLeft(found)
        ? problem(c, shareProblem(found.left))
        : c.json({ items: found.right.map(shareAnswer) }, 200, fresh)
    })
    .get('/shares/:entry/:position', tagged, given(routes.share), async (c) => {
      const place = sharePlace(c.req.param())
      if (E.isLeft(place)) return problem(c, place.left)
      const { entry, position } = place.right
      const share = await inTurn(() => shareAt(ledger, site.readModels, entry, position))
      return E.isLeft(share)
        ? problem(c, shareProblem(share.left))
        : c.json(shareAnswer(share.right), 200, fresh)
    })
    .get('/shares/:entry/:position/receipt', given(routes.receipt), async (c) => {
      const place = sharePlace(c.req.param())
      if (E.isLeft(place)) return problem(c, place.left)
      const { entry, position } = place.right
      const receipt = await inTurn(() => shareReceipt(ledger, site.readModels, entry, position))
      if (E.isLeft(receipt)) return problem(c, shareProblem(receipt.left))
      return c.text(receipt.right, 200, {
        ...fresh,
        'Content-Disposition': `attachment; filename="share-${entry}-${position}.tlog-proof"`,
      })
    })
    .get('/policy', tagged, given(routes.policy), (c) => {
      const answer = answered(site, site.readModels.policies())
      return E.isLeft(answer) ? problem(c, answer.left) : c.json(answer.right, 200, fresh)
    })
    .get('/books', tagged, given(routes.books), (c) => {
      const answer = answered(site, site.readModels.books())
      if (E.isLeft(answer)) return problem(c, answer.left)
      return c.json({ ...answer.right, reserves: site.status().reserves }, 200, fresh)
    })
    .get('/ledger', tagged, given(routes.ledger), (c) => c.json(site.status().ledger, 200, fresh))
    .get('/hashrate', tagged, csvOfAnswer(hashrateTable, site.now, pointsOf), given(routes.hashrate), (c) => {
      const request = historyRequest(c, site)
      if (E.isLeft(request)) return problem(c, request.left)
      const answer = answered(site, site.readModels.hashrateHistory(request.right))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined ? problem(c, unknownWorker) : c.json(answer.right, 200, fresh)
    })
    .get('/events', given(routes.events), (c) => eventStream(c, feed, visitorOf(c)))
    .get('/openapi.json', tagged, (c) => c.json(document, 200, fresh))
}

/** Answers may be kept, but must be asked about each time. */
const fresh = { 'Cache-Control': 'no-cache' }

/** As {@link fresh}, with the address of the next page (RFC 8288). */
const linked = (c: Context, next: string | null): Record<string, string> =>
  next === null ? fresh : { ...fresh, Link: `<${onwards(c, next)}>; rel="next"` }

const unknownMiner: Problem = {
  kind: 'not-found',
  detail: 'No miner with this address has connected to this pool yet.',
}
const unknownBlock: Problem = { kind: 'not-found', detail: 'This is not a block of this pool.' }
const notShared: Problem = {
  kind: 'not-found',
  detail: 'The reward of this block is not shared: it is once the next block has approved it.',
}
const unknownPayment: Problem = {
  kind: 'not-found',
  detail: 'The pool has planned no payout of this number.',
}
const unknownWorker: Problem = {
  kind: 'not-found',
  detail: 'No miner with this address, or no worker of this name, has connected to this pool yet.',
}

/** A middleware by whose type clients know which parameters a route takes. */
type QueryCheck<Name extends string> = MiddlewareHandler<
  BlankEnv,
  string,
  { in: { query?: { readonly [N in Name]?: string } }; out: { query: { readonly [N in Name]?: string } } }
>

/** Checks the parameters that every route has in common, and waits for `after`. */
const checkQuery =
  <R extends Route>(site: Site, route: R): QueryCheck<QueryName<R>> =>
  async (c, next) => {
    const query = c.req.query()
    const known = onlyKnown(query, queryNames(route))
    if (E.isLeft(known)) return problem(c, known.left)
    const format = query['format']
    if (format !== undefined && format !== 'json' && format !== 'csv')
      return problem(c, { kind: 'bad-parameter', parameter: 'format', detail: 'format is json or csv.' })
    const after = wholeNumber(query, 'after', 0, Number.MAX_SAFE_INTEGER)
    if (E.isLeft(after)) return problem(c, after.left)
    if (after.right !== undefined && !(await hasEntry(site, after.right)))
      return problem(c, {
        kind: 'unavailable',
        detail: `Ledger entry ${after.right} is not in the figures yet. Ask again.`,
      })
    return next()
  }

/** Waits until the read models contain a ledger entry; false when that takes too long. */
function hasEntry({ readModels }: Site, entry: number): Promise<boolean> {
  if (readModels.status().entries > entry) return Promise.resolve(true)
  const seen = readModels.changes.pipe(
    filter(({ entries }) => entries > entry),
    map(() => true),
    timeout({ first: AFTER_MS_MAX, with: () => of(false) }),
  )
  return firstValueFrom(seen, { defaultValue: false })
}

/** Answers with the page of a list that a request asks for. */
function pageAnswer<P extends { readonly next: string | null }>(
  c: Context,
  read: (c: Context, page: PageRequest) => E.Either<Problem, P>,
) {
  const page = pageRequest(c.req.query())
  const answer = E.isLeft(page) ? page : read(c, page.right)
  return E.isLeft(answer) ? problem(c, answer.left) : c.json(answer.right, 200, linked(c, answer.right.next))
}

/**
 * A list of what the miner of a path has, who must be known. Whether it is need only be asked where a page is empty: to put a whole
 * account together takes longer than any of these pages.
 */
const minersList =
  <T>(site: Site, read: (who: string, page: PageRequest) => Answer<PageOf<T>>): ReadPage<T> =>
  (c, page) => {
    const who = account(c.req.param('address') ?? '', site.status().network)
    if (E.isLeft(who)) return who
    const answer = answered(site, read(who.right, page))
    if (E.isLeft(answer) || answer.right.items.length > 0) return answer
    const known = answered(site, site.readModels.account(who.right, site.now()))
    if (E.isLeft(known)) return known
    return known.right === undefined ? E.left(unknownMiner) : answer
  }

/** Outputs of a payout, and points of a chart, as their answers have them. */
const outputsOf = (answer: unknown) => E.map(({ items }: PaymentView) => items)(PaymentView.decode(answer))
const pointsOf = (answer: unknown) =>
  E.map(({ points }: HashrateHistory) => points)(HashrateHistory.decode(answer))

function optionalAccount(c: Context, site: Site): E.Either<Problem, string | undefined> {
  const text = c.req.query('account')
  return text === undefined ? E.right(undefined) : account(text, site.status().network)
}

function historyRequest(c: Context, site: Site) {
  const query = c.req.query()
  const who = optionalAccount(c, site)
  if (E.isLeft(who)) return who
  const worker = query['worker']
  if (worker !== undefined && who.right === undefined)
    return E.left<Problem>({
      kind: 'bad-parameter',
      parameter: 'worker',
      detail: 'A worker is found by its account and its name: give account as well.',
    })
  const to = wholeNumber(query, 'to', 0, Number.MAX_SAFE_INTEGER)
  if (E.isLeft(to)) return to
  const from = wholeNumber(query, 'from', 0, Number.MAX_SAFE_INTEGER)
  if (E.isLeft(from)) return from
  const step = wholeNumber(query, 'step', 60, 86_400)
  if (E.isLeft(step)) return step
  const end = to.right ?? site.now()
  return E.right({
    ...(who.right === undefined ? {} : { account: who.right }),
    ...(worker === undefined ? {} : { worker }),
    from: from.right ?? Math.max(0, end - DAY_MS),
    to: end,
    stepSeconds: step.right ?? STEP_SECONDS,
  })
}

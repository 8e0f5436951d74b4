import * as E from 'fp-ts/lib/Either.js'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { streamSSE } from 'hono/streaming'
import type { BlankEnv } from 'hono/types'
import { filter, firstValueFrom, map, of, timeout } from 'rxjs'
import type { PageOf } from '../../../projections/views.ts'
import { findShares, shareAt } from '../../ledger/find-shares.ts'
import type { LedgerSource } from '../../ledger/port.ts'
import { shareReceipt } from '../../ledger/share-receipt.ts'
import type { Answer, PageRequest } from '../../read-models/port.ts'
import type { LiveFeed } from '../live-feed.ts'
import { type Problem, problem } from '../problem.ts'
import { limitVisitors, rateLimiter, VISITORS_MAX } from '../rate-limit.ts'
import { answered, type Site } from '../site.ts'
import type { VisitorOf } from '../visitor.ts'
import { poolAnswer, shareAnswer } from './answers.ts'
import { type QueryName, queryNames, type Route, routes } from './catalogue.ts'
import { openApi } from './openapi.ts'
import { account, blockHash, onlyKnown, pageRequest, wholeNumber } from './parameters.ts'
import { SEARCH_LIMIT, shareLookUps } from './share-look-ups.ts'
import { sharePlace, shareProblem, shareQuery } from './share-query.ts'
import {
  allocationTable,
  blockTable,
  csvOnRequest,
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
  const document = openApi(site.status().software)
  // Weak, as compression would make it: one answer has one tag, compressed or not.
  const tagged = etag({ weak: true })
  const inTurn = shareLookUps()
  const fewSearches = limitVisitors(rateLimiter(SEARCH_LIMIT, VISITORS_MAX), visitorOf, site.now)
  const given = <R extends Route>(route: R): QueryCheck<QueryName<R>> => checkQuery(site, route)

  return new Hono()
    .get('/pool', tagged, given(routes.pool), (c) => {
      const answer = poolAnswer(site)
      return E.isLeft(answer) ? problem(c, answer.left) : c.json(answer.right, 200, fresh)
    })
    .get('/miners', tagged, csvOnRequest(minerTable), given(routes.miners), (c) => {
      const page = pageRequest(c.req.query())
      if (E.isLeft(page)) return problem(c, page.left)
      const answer = answered(site, site.readModels.miners(page.right, site.now()))
      return E.isLeft(answer)
        ? problem(c, answer.left)
        : c.json(answer.right, 200, linked(c, answer.right.next))
    })
    .get('/miners/:address', tagged, given(routes.miner), (c) => {
      const who = account(c.req.param('address'), site.status().network)
      if (E.isLeft(who)) return problem(c, who.left)
      const answer = answered(site, site.readModels.account(who.right, site.now()))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined ? problem(c, unknownMiner) : c.json(answer.right, 200, fresh)
    })
    .get('/miners/:address/workers', tagged, csvOnRequest(workerTable), given(routes.workers), (c) => {
      const answer = minersPage(c, c.req.param('address'), site, (who, page) =>
        site.readModels.workers(who, page, site.now()),
      )
      return E.isLeft(answer)
        ? problem(c, answer.left)
        : c.json(answer.right, 200, linked(c, answer.right.next))
    })
    .get('/miners/:address/earnings', tagged, csvOnRequest(earningTable), given(routes.earnings), (c) => {
      const answer = minersPage(c, c.req.param('address'), site, (who, page) =>
        site.readModels.earnings(who, page),
      )
      return E.isLeft(answer)
        ? problem(c, answer.left)
        : c.json(answer.right, 200, linked(c, answer.right.next))
    })
    .get(
      '/miners/:address/payments',
      tagged,
      csvOnRequest(minerPaymentTable),
      given(routes.minerPayments),
      (c) => {
        const answer = minersPage(c, c.req.param('address'), site, (who, page) =>
          site.readModels.minerPayments(who, page),
        )
        return E.isLeft(answer)
          ? problem(c, answer.left)
          : c.json(answer.right, 200, linked(c, answer.right.next))
      },
    )
    .get('/miners/:address/statement', tagged, csvOnRequest(statementTable), given(routes.statement), (c) => {
      const answer = minersPage(c, c.req.param('address'), site, (who, page) =>
        site.readModels.statement(who, page),
      )
      return E.isLeft(answer)
        ? problem(c, answer.left)
        : c.json(answer.right, 200, linked(c, answer.right.next))
    })
    .get('/blocks', tagged, csvOnRequest(blockTable), given(routes.blocks), (c) => {
      const page = pageRequest(c.req.query())
      if (E.isLeft(page)) return problem(c, page.left)
      const who = optionalAccount(c, site)
      if (E.isLeft(who)) return problem(c, who.left)
      const filter = who.right === undefined ? {} : { account: who.right }
      const answer = answered(site, site.readModels.blocks(filter, page.right))
      return E.isLeft(answer)
        ? problem(c, answer.left)
        : c.json(answer.right, 200, linked(c, answer.right.next))
    })
    .get('/blocks/:hash', tagged, given(routes.block), (c) => {
      const hash = blockHash(c.req.param('hash'))
      if (E.isLeft(hash)) return problem(c, hash.left)
      const answer = answered(site, site.readModels.block(hash.right))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined ? problem(c, unknownBlock) : c.json(answer.right, 200, fresh)
    })
    .get('/blocks/:hash/allocation', tagged, csvOnRequest(allocationTable), given(routes.allocation), (c) => {
      const hash = blockHash(c.req.param('hash'))
      if (E.isLeft(hash)) return problem(c, hash.left)
      const page = pageRequest(c.req.query())
      if (E.isLeft(page)) return problem(c, page.left)
      const answer = answered(site, site.readModels.allocation(hash.right, page.right))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined
        ? problem(c, notShared)
        : c.json(answer.right, 200, linked(c, answer.right.next))
    })
    .get('/payments', tagged, csvOnRequest(paymentTable), given(routes.payments), (c) => {
      const page = pageRequest(c.req.query())
      if (E.isLeft(page)) return problem(c, page.left)
      const answer = answered(site, site.readModels.payments(page.right))
      return E.isLeft(answer)
        ? problem(c, answer.left)
        : c.json(answer.right, 200, linked(c, answer.right.next))
    })
    .get('/payments/:number', tagged, csvOnRequest(paymentOutputTable), given(routes.payment), (c) => {
      const number = wholeNumber(c.req.param(), 'number', 0, Number.MAX_SAFE_INTEGER)
      if (E.isLeft(number)) return problem(c, number.left)
      const answer = answered(site, site.readModels.payment(number.right ?? 0))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined ? problem(c, unknownPayment) : c.json(answer.right, 200, fresh)
    })
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
    .get('/hashrate', tagged, csvOnRequest(hashrateTable), given(routes.hashrate), (c) => {
      const request = historyRequest(c, site)
      if (E.isLeft(request)) return problem(c, request.left)
      const answer = answered(site, site.readModels.hashrateHistory(request.right))
      if (E.isLeft(answer)) return problem(c, answer.left)
      return answer.right === undefined ? problem(c, unknownWorker) : c.json(answer.right, 200, fresh)
    })
    .get('/events', given(routes.events), (c) => {
      // A HEAD request would open a stream that nobody reads.
      if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' })
      const seen = wholeNumber(c.req.header(), 'last-event-id', 0, Number.MAX_SAFE_INTEGER)
      if (E.isLeft(seen)) return problem(c, seen.left)
      const joined = feed.join(visitorOf(c), seen.right)
      if (E.isLeft(joined)) return problem(c, joined.left, { 'Retry-After': '60' })
      const listener = joined.right
      c.header('X-Accel-Buffering', 'no')
      return streamSSE(c, async (stream) => {
        stream.onAbort(listener.leave)
        await stream.write('retry: 3000\n\n')
        for (;;) {
          const text = await listener.next()
          if (text === undefined || stream.aborted) return
          await stream.write(text)
        }
      })
    })
    .get('/openapi.json', tagged, (c) => c.json(document, 200, fresh))
}

/** Answers may be kept, but must be asked about each time. */
const fresh = { 'Cache-Control': 'no-cache' }

/** As {@link fresh}, with the address of the next page (RFC 8288). */
function linked(c: Context, next: string | null): Record<string, string> {
  if (next === null) return fresh
  const url = new URL(c.req.url)
  url.searchParams.set('cursor', next)
  return { ...fresh, Link: `<${url.pathname}${url.search}>; rel="next"` }
}

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

/**
 * A page of what the miner of a path has, who must be known. Whether it is need only be asked where a page is empty: to put a whole
 * account together takes longer than any of these pages.
 */
function minersPage<T>(
  c: Context,
  address: string,
  site: Site,
  read: (who: string, page: PageRequest) => Answer<PageOf<T>>,
): E.Either<Problem, PageOf<T>> {
  const who = account(address, site.status().network)
  if (E.isLeft(who)) return who
  const page = pageRequest(c.req.query())
  if (E.isLeft(page)) return page
  const answer = answered(site, read(who.right, page.right))
  if (E.isLeft(answer) || answer.right.items.length > 0) return answer
  const known = answered(site, site.readModels.account(who.right, site.now()))
  if (E.isLeft(known)) return known
  return known.right === undefined ? E.left(unknownMiner) : answer
}

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

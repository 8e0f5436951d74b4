import * as E from 'fp-ts/lib/Either.js'
import { type Context, Hono } from 'hono'
import { account as accountKey, PAGE_LIMIT } from '../api/parameters.ts'
import { type Problem, problem } from '../problem.ts'
import { answered, poolView, type Site } from '../site.ts'
import { blockEntry, type Feed, feedText, minerPaymentEntry, paymentEntry } from './feeds.ts'
import { paths } from './links.ts'
import { originOf } from './requests.ts'

const NEWEST = { after: null, limit: PAGE_LIMIT }

const unknownMiner: Problem = {
  kind: 'not-found',
  detail: 'No miner with this address has connected to this pool yet.',
}

/** Feeds of blocks and payments: of the pool, and of each miner. */
export function feedRoutes(site: Site): Hono {
  const { readModels } = site

  async function send(
    c: Context,
    feed: E.Either<Problem, Omit<Feed, 'pool' | 'site' | 'self' | 'begun'>>,
  ): Promise<Response> {
    if (E.isLeft(feed)) return problem(c, feed.left)
    const pool = poolView(site)
    if (E.isLeft(pool)) return problem(c, pool.left)
    const text = await feedText({
      ...feed.right,
      pool: site.status().name,
      site: originOf(c),
      self: c.req.path,
      begun: pool.right.openedAt,
    })
    c.header('Cache-Control', 'no-cache')
    c.header('Content-Type', 'application/atom+xml; charset=utf-8')
    return c.body(String(text))
  }

  function blocksOf(filter: { readonly account?: string }, about: string, title: string) {
    const blocks = answered(site, readModels.blocks(filter, NEWEST))
    if (E.isLeft(blocks)) return blocks
    const entries = blocks.right.items.map((block) => {
      const view = readModels.block(block.hash)
      const life = E.isLeft(view) ? undefined : view.right?.life
      return blockEntry(block, life?.at(-1)?.at ?? block.foundAt)
    })
    return E.right({ about, title, entries })
  }

  function known(address: string): E.Either<Problem, { readonly account: string; readonly key: string }> {
    const key = accountKey(address, site.status().network)
    if (E.isLeft(key)) return key
    const answer = answered(site, readModels.account(key.right, site.now()))
    if (E.isLeft(answer)) return answer
    return answer.right === undefined
      ? E.left(unknownMiner)
      : E.right({ account: answer.right.account, key: answer.right.address ?? answer.right.account })
  }

  return new Hono()
    .get('/feeds/blocks.atom', (c) => send(c, blocksOf({}, '/blocks', `Blocks of ${site.status().name}`)))
    .get('/feeds/payments.atom', (c) => {
      const payments = answered(site, readModels.payments(NEWEST))
      return send(
        c,
        E.isLeft(payments)
          ? payments
          : E.right({
              about: '/payments',
              title: `Payments of ${site.status().name}`,
              entries: payments.right.items.map(paymentEntry),
            }),
      )
    })
    .get('/miners/:address/blocks.atom', async (c) => {
      const miner = known(c.req.param('address'))
      if (E.isLeft(miner)) return problem(c, miner.left)
      const { account, key } = miner.right
      return send(c, blocksOf({ account }, paths.account(key), `Blocks of ${key}`))
    })
    .get('/miners/:address/payments.atom', async (c) => {
      const miner = known(c.req.param('address'))
      if (E.isLeft(miner)) return problem(c, miner.left)
      const { key } = miner.right
      const payments = answered(site, readModels.minerPayments(key, NEWEST))
      return send(
        c,
        E.isLeft(payments)
          ? payments
          : E.right({
              about: paths.account(key),
              title: `Payments to ${key}`,
              entries: payments.right.items.map(minerPaymentEntry),
            }),
      )
    })
}

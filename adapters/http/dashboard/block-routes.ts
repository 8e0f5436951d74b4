import * as E from 'fp-ts/lib/Either.js'
import { Hono } from 'hono'
import type { ShareReference } from '../../../domain/events.ts'
import { PAGE_LIMIT_MAX } from '../../read-models/port.ts'
import { blockHash } from '../api/parameters.ts'
import type { Problem } from '../problem.ts'
import { answered, poolView, type Site } from '../site.ts'
import { blockPage } from './block-page.ts'
import { blocksPage } from './blocks-page.ts'
import { paths } from './links.ts'
import { listRequest } from './requests.ts'
import { CHART_SCRIPTS, type Show } from './show.ts'

const noBlock: Problem = { kind: 'not-found', detail: 'This is not a block of this pool.' }

/** Blocks, and each of them. */
export function blockRoutes(site: Site, show: Show): Hono {
  const { readModels } = site

  /** The entry that holds a share; null where it is not known. */
  function entryOf(share: ShareReference | null): number | null {
    if (share === null) return null
    const entry = answered(site, readModels.entryOf(share.stream, share.revision))
    return E.isLeft(entry) ? null : (entry.right ?? null)
  }

  return new Hono()
    .get('/blocks', (c) => {
      const asked = listRequest(c, '/blocks', ['height', 'effort'])
      if (E.isLeft(asked)) return show.problem(c, asked.left)
      const pool = poolView(site)
      if (E.isLeft(pool)) return show.problem(c, pool.left)
      const { page, order, sorting, nextOf, first } = asked.right
      const blocks = answered(site, readModels.blocks({ order }, page))
      if (E.isLeft(blocks)) return show.problem(c, blocks.left)
      const newest = answered(site, readModels.blocks({}, { after: null, limit: PAGE_LIMIT_MAX }))
      if (E.isLeft(newest)) return show.problem(c, newest.left)
      const body = blocksPage({
        pool: pool.right,
        blocks: blocks.right.items,
        newest: newest.right.items,
        sorting,
        next: nextOf(blocks.right.next),
        first,
        now: site.now(),
      })
      return show.page(c, 'Blocks', '/blocks', CHART_SCRIPTS, body)
    })
    .get('/blocks/:hash', (c) => {
      const hash = blockHash(c.req.param('hash'))
      if (E.isLeft(hash)) return show.problem(c, noBlock)
      const block = answered(site, readModels.block(hash.right))
      if (E.isLeft(block)) return show.problem(c, block.left)
      if (block.right === undefined) return show.problem(c, noBlock)
      const page = { after: c.req.query('cursor') ?? null, limit: PAGE_LIMIT_MAX }
      const allocation = answered(site, readModels.allocation(hash.right, page))
      if (E.isLeft(allocation)) return show.problem(c, allocation.left)
      const cursor = allocation.right?.next ?? null
      const { window } = allocation.right ?? { window: null }
      const body = blockPage({
        block: block.right,
        entries: {
          share: entryOf(block.right.share),
          from: entryOf(window?.from ?? null),
          to: entryOf(window?.to ?? null),
        },
        allocation: allocation.right,
        status: site.status(),
        next: cursor === null ? null : `${paths.block(hash.right)}?cursor=${encodeURIComponent(cursor)}`,
        now: site.now(),
      })
      return show.page(c, `Block ${block.right.height}`, c.req.path, [], body)
    })
}

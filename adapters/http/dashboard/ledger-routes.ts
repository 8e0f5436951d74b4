import * as E from 'fp-ts/lib/Either.js'
import { Hono } from 'hono'
import { shareAt } from '../../ledger/find-shares.ts'
import type { LedgerSource } from '../../ledger/port.ts'
import { wholeNumber } from '../api/parameters.ts'
import { shareLookUps } from '../api/share-look-ups.ts'
import { sharePlace, shareProblem } from '../api/share-query.ts'
import type { Problem } from '../problem.ts'
import { answered, type Site } from '../site.ts'
import { entriesPage, entryPage } from './entry-page.ts'
import type { LedgerEntries } from './ledger-entries.ts'
import { ledgerPage } from './ledger-page.ts'
import { originOf } from './requests.ts'
import { sharePage } from './share-page.ts'
import { CHART_SCRIPTS, type Show } from './show.ts'
import { VERIFY_SCRIPT } from './verify-form.ts'

/** Entries in a list. */
const ENTRIES_SHOWN = 50

/** Entries on the Ledger page. */
const NEWEST_SHOWN = 12

const noEntry: Problem = {
  kind: 'not-found',
  detail: 'The published ledger has no such entry. The newest ones are signed within a second: try again.',
}
const noShare: Problem = { kind: 'not-found', detail: 'The ledger has no accepted share at this place.' }

/** The ledger, its entries, and the shares in them. */
export function ledgerRoutes(site: Site, show: Show, ledger: LedgerSource, entries: LedgerEntries): Hono {
  const inTurn = shareLookUps()
  const sizeNow = (): number => site.status().ledger.checkpoint?.size ?? 0

  return new Hono()
    .get('/ledger', async (c) => {
      const policies = answered(site, site.readModels.policies())
      if (E.isLeft(policies)) return show.problem(c, policies.left)
      const size = sizeNow()
      const newest = await entries.some(size, Math.max(0, size - NEWEST_SHOWN), size)
      const growth = await entries.growth(size)
      const body = ledgerPage({
        ledger: site.status().ledger,
        address: `${originOf(c)}/ledger/`,
        policies: policies.right,
        entries: E.isLeft(newest) ? null : newest.right.toReversed(),
        growth: E.isLeft(growth) ? null : growth.right,
        now: site.now(),
      })
      return show.page(c, 'Ledger', '/ledger', [...CHART_SCRIPTS, 'copy.js', VERIFY_SCRIPT], body)
    })
    .get('/ledger-entries', async (c) => {
      const query = c.req.query()
      const size = sizeNow()
      const before = wholeNumber(query, 'before', 0, Number.MAX_SAFE_INTEGER)
      if (E.isLeft(before)) return show.problem(c, before.left)
      const end = Math.min(size, before.right ?? size)
      const from = Math.max(0, end - ENTRIES_SHOWN)
      const some = await entries.some(size, from, end)
      if (E.isLeft(some)) return show.problem(c, some.left)
      const body = entriesPage({ entries: some.right.toReversed(), from, size, now: site.now() })
      return show.page(c, 'Ledger entries', c.req.path, [], body)
    })
    .get('/ledger-entries/:index', async (c) => {
      const index = wholeNumber(c.req.param(), 'index', 0, Number.MAX_SAFE_INTEGER)
      if (E.isLeft(index)) return show.problem(c, noEntry)
      const size = sizeNow()
      const entry = await entries.one(size, index.right ?? 0)
      if (E.isLeft(entry)) return show.problem(c, entry.left)
      if (entry.right === undefined) return show.problem(c, noEntry)
      const body = entryPage({ entry: entry.right, size })
      return show.page(c, `Ledger entry ${entry.right.index}`, c.req.path, [], body)
    })
    .get('/shares/:entry/:position', async (c) => {
      const place = sharePlace(c.req.param())
      if (E.isLeft(place)) return show.problem(c, noShare)
      const { entry, position } = place.right
      const share = await inTurn(() => shareAt(ledger, site.readModels, entry, position))
      if (E.isLeft(share)) return show.problem(c, shareProblem(share.left))
      const { gateway, connection, owner } = share.right
      const miner = answered(site, site.readModels.account(owner?.account ?? '', site.now()))
      if (E.isLeft(miner)) return show.problem(c, miner.left)
      const connected = answered(site, site.readModels.entryOf(`connection-${gateway}.${connection}`, 0))
      if (E.isLeft(connected)) return show.problem(c, connected.left)
      const body = sharePage({
        share: share.right,
        address: miner.right?.address ?? null,
        connected: connected.right ?? null,
        key: site.status().ledger.keys[0] ?? null,
      })
      return show.page(c, `Share ${entry}:${position}`, '/ledger-entries', [VERIFY_SCRIPT], body)
    })
}

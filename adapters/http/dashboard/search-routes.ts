import * as E from 'fp-ts/lib/Either.js'
import { Hono } from 'hono'
import { findShares } from '../../ledger/find-shares.ts'
import type { LedgerSource } from '../../ledger/port.ts'
import { shareLookUps } from '../api/share-look-ups.ts'
import { shareProblem, shareQuery } from '../api/share-query.ts'
import { answered, type Site } from '../site.ts'
import { paths } from './links.ts'
import { placeOf, searchPage } from './search-page.ts'
import type { Show } from './show.ts'

/** Text longer than this names nothing. */
const TEXT_MAX = 128

/** The search box: straight to what it finds, or to a list. */
export function searchRoutes(site: Site, show: Show, ledger: LedgerSource): Hono {
  const inTurn = shareLookUps()
  return new Hono().get('/search', async (c) => {
    const text = withoutCommas((c.req.query('q') ?? '').trim().slice(0, TEXT_MAX))
    const place = /^([0-9]{1,15}):([0-9]{1,9})$/.exec(text)
    if (place !== null) return c.redirect(paths.share(Number(place[1]), Number(place[2])))
    const [, job, nonce] = /^([0-9a-f]{12})\/([0-9a-f]{8})$/i.exec(text) ?? []
    if (job !== undefined && nonce !== undefined) {
      const query = shareQuery({ job, nonce }, site)
      if (E.isLeft(query)) return show.problem(c, query.left)
      const shares = await inTurn(() => findShares(ledger, site.readModels, query.right))
      if (E.isLeft(shares)) return show.problem(c, shareProblem(shares.left))
      const [share] = shares.right
      if (share !== undefined) return c.redirect(paths.share(share.entry, share.position))
    }
    const found = answered(site, site.readModels.find(text))
    if (E.isLeft(found)) return show.problem(c, found.left)
    const [first, ...others] = found.right
    if (first !== undefined && others.length === 0) return c.redirect(placeOf(first))
    const body = searchPage({ text, found: found.right, isShare: job !== undefined })
    return show.page(c, 'Search', '/search', [], body, 200, { search: text })
  })
}

/** Figures as people write them, `1,216:1` or `1,042,399`, are looked for as they are called. */
const withoutCommas = (text: string): string =>
  /^\d{1,3}(,\d{3})+(:\d+)?$/.test(text) ? text.replaceAll(',', '') : text

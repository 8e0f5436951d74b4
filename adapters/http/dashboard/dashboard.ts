import { Hono } from 'hono'
import type { LedgerSource } from '../../ledger/port.ts'
import { openApi } from '../api/openapi.ts'
import type { Site } from '../site.ts'
import { apiPage } from './api-page.ts'
import { type Assets, assetResponse } from './assets.ts'
import { blockRoutes } from './block-routes.ts'
import { feedRoutes } from './feed-routes.ts'
import { ledgerEntries } from './ledger-entries.ts'
import { ledgerRoutes } from './ledger-routes.ts'
import { minerRoutes } from './miner-routes.ts'
import { moneyRoutes } from './money-routes.ts'
import { poolRoutes } from './pool-routes.ts'
import { searchRoutes } from './search-routes.ts'
import { pageMaker } from './show.ts'

/** The dashboard's pages, their feeds and their static files. */
export function dashboard(site: Site, assets: Assets, ledger: LedgerSource): Hono {
  const document = openApi(site.status())
  const show = pageMaker(site, assets)
  const entries = ledgerEntries(ledger)

  return new Hono()
    .get(`${assets.root}/:name`, (c) => {
      const file = assetResponse(assets, c.req.param('name'), c.req.header('Accept-Encoding') ?? '')
      return file ?? c.notFound()
    })
    .route('/', poolRoutes(site, show))
    .route('/', minerRoutes(site, show, entries))
    .route('/', blockRoutes(site, show))
    .route('/', moneyRoutes(site, show))
    .route('/', ledgerRoutes(site, show, ledger, entries))
    .route('/', searchRoutes(site, show, ledger))
    .route('/', feedRoutes(site))
    .get('/api', (c) => show.page(c, 'API', '/api', [], apiPage(document)))
}

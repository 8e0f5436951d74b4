import { Hono } from 'hono'
import { type Finding, WORK_AGE_MS_MAX } from './health.ts'
import type { Metrics } from './metrics.ts'
import { siteMetrics } from './metrics.ts'
import type { Site } from './site.ts'

/** What stands between the pool and being ready for miners. A fault that costs miners nothing does not. */
const blocking = ({ level, subject }: Finding): boolean =>
  level === 'down' || (subject !== 'node' && subject !== 'ledger')

/** `/healthz` for whoever restarts a dead process, `/readyz` for whoever sends miners here, `/metrics` for Prometheus. */
export function probes(site: Site, metrics: Metrics, streams: () => number): Hono {
  const refresh = siteMetrics(metrics, site, streams)
  return new Hono()
    .get('/healthz', (c) => c.json({ alive: true }, 200, uncached))
    .get('/readyz', (c) => {
      const status = site.status()
      const reasons = site.health(status).findings.filter(blocking)
      return c.json(
        {
          ready: reasons.length === 0,
          reasons,
          checks: {
            node: status.nodes.some((node) => node.state === 'up'),
            work: status.work !== null && site.now() - status.work.issuedAt <= WORK_AGE_MS_MAX,
            store: status.journal.state === 'ok',
            projections: !reasons.some((finding) => finding.subject === 'projections'),
          },
        },
        reasons.length === 0 ? 200 : 503,
        uncached,
      )
    })
    .get('/metrics', async (c) => {
      refresh()
      const text = await metrics.registry.metrics()
      return c.body(text, 200, { 'Content-Type': metrics.registry.contentType, ...uncached })
    })
}

const uncached = { 'Cache-Control': 'no-store' }

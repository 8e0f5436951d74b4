import { existsSync } from 'node:fs'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import type { Measure } from './measure.ts'
import { type Asked, withHistory } from './pages.ts'

/** Where Chromium is; these benchmarks are left out where there is none. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Whether there is a browser to paint with. */
export const hasBrowser = existsSync(executablePath)

/** Loads of each page, each by a browser that has seen nothing before. The best is taken: what else the machine does only adds. */
const LOADS = 5

/** What links lead to and is not for people. */
const NO_PAGE = /\.atom$|^\/(metrics|readyz)$/

/** A page's budget over the wire, with all that it needs, on a first visit. */
const BYTES_MAX = 100_000

/**
 * First contentful paint and bytes over the wire of every page that links lead to, on a first visit to a pool with a long history, with
 * 2 000 accounts. Chromium and the pool share this machine.
 */
export const benchPaint = (shares: number): Promise<readonly Measure[]> =>
  withHistory(shares, async (url, pages) => {
    const browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu'],
    })
    try {
      const measures: Measure[] = []
      for (const each of pages.filter(({ kind }) => !NO_PAGE.test(kind))) {
        const loads: Load[] = []
        for (let i = 0; i < LOADS; i++) {
          // As a visitor of its own, so that nobody asks too often.
          const from = `10.1.${measures.length % 256}.${i + 1}`
          const context = await browser.newContext({ extraHTTPHeaders: { 'X-Forwarded-For': from } })
          loads.push(await load(context, url + each.path))
          await context.close()
        }
        measures.push(measureOf(each, loads))
      }
      return measures
    } finally {
      await browser.close()
    }
  })

/** One visit. */
interface Load {
  readonly paintMs: number
  readonly bytes: number
}

async function load(context: BrowserContext, address: string): Promise<Load> {
  const page = await context.newPage()
  const network = await context.newCDPSession(page)
  await network.send('Network.enable')
  let bytes = 0
  network.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  await page.goto(address, { waitUntil: 'load' })
  return { paintMs: await paintOf(page), bytes }
}

/** When the first text or drawing was seen, ms after the address was asked for. */
const paintOf = (page: Page): Promise<number> =>
  page.evaluate(
    `new Promise((resolve) => new PerformanceObserver((list) => {
      const [paint] = list.getEntriesByName('first-contentful-paint')
      if (paint !== undefined) resolve(paint.startTime)
    }).observe({ type: 'paint', buffered: true }))`,
  )

function measureOf({ kind }: Asked, loads: readonly Load[]): Measure {
  const paintMs = Math.min(...loads.map((each) => each.paintMs))
  const bytes = Math.max(...loads.map((each) => each.bytes))
  return {
    id: 'paint',
    measure: `${kind}: first contentful paint; ${bytes} bytes over the wire`,
    value: paintMs,
    unit: 'ms',
    baseline: null,
    budget: `${BYTES_MAX} bytes`,
    met: bytes < BYTES_MAX,
  }
}

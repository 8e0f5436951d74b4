import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Route, routes } from '../../adapters/http/api/catalogue.ts'
import { hardDevnet, temporaryDirectory } from '../support/running-pool.ts'
import type { Measure } from './measure.ts'
import { startPoolChild } from './pool-child.ts'
import { writeHistory } from './restart.ts'

/** Requests for each address, one after the other. */
const REQUESTS = 100

/** A page or an answer of the API, as a visitor asks for it. */
export interface Asked {
  readonly path: string
  /** Alike for pages of one kind: `/miners/*`. */
  readonly kind: string
}

/**
 * Time and bytes of every route of the API and of every page that links lead to, on a long history with 2 000 accounts. Bytes are those
 * on the wire, compressed as for a browser.
 */
export const benchPages = (shares: number): Promise<readonly Measure[]> =>
  withHistory(shares, async (url, pages) => {
    const asked = [...(await apiAddresses(url)), ...pages]
    const measures: Measure[] = []
    for (const each of asked) measures.push(await timed(url, each))
    return measures
  })

/** Runs a pool on a long history while it is used, with a page of each kind. It believes what visitors say of their address. */
export async function withHistory<T>(
  shares: number,
  use: (url: string, pages: readonly Asked[]) => Promise<T>,
): Promise<T> {
  const devnet = await hardDevnet()
  const directory = temporaryDirectory()
  // An account has three workers on average. One share a minute makes a day of ten million, with a block every five minutes; it ends now.
  const load = { shares, workers: 6_000, sharesPerMinute: 1, secondsPerOwnBlock: 300 }
  const startMs = Date.now() - Math.round((shares / load.workers / load.sharesPerMinute) * 60_000)
  await writeHistory(directory, { ...load, startMs })
  const pool = await startPoolChild(directory, devnet, { http: { behindProxy: true } })
  try {
    await caughtUp(pool.url)
    return await use(pool.url, await pages(pool.url))
  } finally {
    await pool.stop()
    await devnet.stop()
  }
}

/** Asks as a visitor of its own each time, so that nobody asks too often. */
const ask = (url: string, path: string): Promise<Response> => {
  const byte = () => randomInt(1, 255)
  return fetch(`${url}${path}`, {
    headers: { 'X-Forwarded-For': `10.${byte()}.${byte()}.${byte()}`, 'Accept-Encoding': 'gzip' },
  })
}

/** Waits until figures and ledger have the whole history. */
async function caughtUp(url: string): Promise<void> {
  let before = ''
  for (;;) {
    const [size = ''] = /^lodebook_ledger_size .*$/m.exec(await (await ask(url, '/metrics')).text()) ?? []
    if (size === before && !size.endsWith('-1')) return
    before = size
    await sleep(3_000)
  }
}

/** Every route that answers JSON, its parameters taken from the history itself. */
async function apiAddresses(url: string): Promise<readonly Asked[]> {
  const first = async (path: string, field: string): Promise<string> => {
    const { items } = JSON.parse(await (await ask(url, path)).text())
    return String(items[0]?.[field] ?? '')
  }
  const values: Readonly<Record<string, string>> = {
    address: await first('/api/v1/miners', 'address'),
    number: await first('/api/v1/payments', 'number'),
    hash: await allocatedBlock(url),
  }
  return Object.values<Route>(routes)
    .filter((route) => route.answer !== null)
    .flatMap((route) => {
      const path = `/api/v1${route.path.replaceAll(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole)}`
      if (path.includes('{')) return []
      const whole = { path, kind: `/api/v1${route.path}` }
      const isList = route.parameters.some(({ name }) => name === 'limit')
      return isList ? [whole, { path: `${path}?limit=100`, kind: `${whole.kind}?limit=100` }] : [whole]
    })
}

/** A block whose reward is shared. */
async function allocatedBlock(url: string): Promise<string> {
  const { items } = JSON.parse(await (await ask(url, '/api/v1/blocks?limit=100')).text())
  for (const { hash } of items) if ((await ask(url, `/api/v1/blocks/${hash}/allocation`)).ok) return hash
  throw new Error('no block of the history was shared')
}

/** Pages that links lead to from the first one on, one of each kind. */
async function pages(url: string): Promise<readonly Asked[]> {
  const found = new Map<string, Asked>([['/', { path: '/', kind: '/' }]])
  for (const { path } of found.values()) {
    const response = await ask(url, path)
    if (!response.headers.get('Content-Type')?.startsWith('text/html')) continue
    for (const [, link = ''] of (await response.text()).matchAll(/<a [^>]*href="(\/[^"#]*)"/g)) {
      const target = link.replaceAll('&amp;', '&')
      const kind = target
        .replaceAll(/[0-9a-f]{64}|[DTSR][a-km-zA-HJ-NP-Z1-9]{34}|\d+/g, '*')
        .replace(/=[^&]*/g, '=*')
      const isOther = kind.startsWith('/api/') || kind.startsWith('/assets/') || kind.startsWith('/ledger/')
      if (!isOther && !found.has(kind)) found.set(kind, { path: target, kind })
    }
  }
  return [...found.values()]
}

async function timed(url: string, { path, kind }: Asked): Promise<Measure> {
  const times: number[] = []
  let bytes = 0
  let status = 0
  for (let i = 0; i < REQUESTS; i++) {
    const beganMs = performance.now()
    const response = await ask(url, path)
    await response.arrayBuffer()
    times.push(performance.now() - beganMs)
    bytes = Number(response.headers.get('Content-Length') ?? 0)
    status = response.status
  }
  times.sort((a, b) => a - b)
  const quantile = (q: number): number => times[Math.floor(q * (times.length - 1))] ?? 0
  const p99 = quantile(0.99)
  return {
    id: 'pages',
    measure: `${kind}: p99; p50 ${quantile(0.5).toFixed(1)} ms, ${bytes} bytes${status === 200 ? '' : `, ${status}`}`,
    value: p99,
    unit: 'ms',
    baseline: null,
    budget: '≤ 50 ms',
    met: p99 <= 50,
  }
}

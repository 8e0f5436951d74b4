import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startHttp } from '../../adapters/http/server.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { signingKey } from '../../domain/transparency/key.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import { type PoolExample, poolExample } from '../adapters/http/pool-example.ts'
import { withChromium } from './chromium.ts'

/** What pages do by themselves: reading again what changed, and drawing charts again. */

const open = withChromium()

async function example(
  change: (pool: PoolExample) => void = () => {},
): Promise<PoolExample & { readonly url: string }> {
  const pool = poolExample(Date.now())
  change(pool)
  const started = await startHttp({ ...pool.options(), now: Date.now })()
  if (E.isLeft(started)) throw new Error(started.left.message)
  onTestFinished(() => started.right.stop())
  return Object.assign(pool, { url: started.right.url })
}

/** Requests that scripts of the page make of it, from now on. */
function readsOf(page: Page): () => number {
  let reads = 0
  page.on('request', (request) => {
    if (request.resourceType() === 'fetch') reads += 1
  })
  return () => reads
}

describe('a page', () => {
  test('that is told of a change while it is being read is read once more', async () => {
    const pool = await example()
    const { page } = await open({})
    let arrived = (): void => {}
    const isRead = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await page.goto(pool.url)
    await page.locator('#freshness.live').waitFor()
    // The greeting of the stream has been taken; nothing more is read by itself for ten seconds.
    await page.waitForTimeout(1500)
    let letGo = (): void => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    let isFirst = true
    await page.route('**/*', async (route) => {
      if (route.request().resourceType() !== 'fetch' || !isFirst) return route.continue()
      isFirst = false
      const response = await route.fetch()
      arrived()
      await held
      return route.fulfill({ response })
    })
    const setMiners = (miners: number): void => {
      if (pool.pool !== undefined) pool.pool = { ...pool.pool, miners }
      pool.changes.next({ position: 900 + miners, entries: 900 + miners, blocks: [] })
    }
    setMiners(71)
    await isRead
    setMiners(72)
    await page.waitForTimeout(1500)
    letGo()
    await page.locator('#miners', { hasText: '72' }).waitFor({ timeout: 3000 })
  })

  test.each([
    ['that is missing', '/nowhere', 404],
    ['whose address is wrong', '/blocks?sort=nothing', 400],
  ])('%s is not read again', async (_, path, status) => {
    const pool = await example()
    const { page } = await open({})
    const reads = readsOf(page)
    expect((await page.goto(pool.url + path))?.status()).toBe(status)
    for (let i = 0; i < 10; i++) {
      pool.changes.next({ position: 901 + i, entries: 901 + i, blocks: [] })
      await page.waitForTimeout(300)
    }
    expect(reads()).toBe(0)
    expect(await page.locator('#freshness').isVisible()).toBe(false)
  })
})

test('a chart of what only grows never goes back, where several entries are of one moment', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lodebook-growth-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const at = Date.now() - 60_000
  async function* events() {
    yield Array.from({ length: 40 }, (_, revision) => ({
      stream: 'pool',
      revision,
      type: 'Any',
      data: `{"at":${at + 1000 * Math.floor(revision / 10)},"v":1}`,
    }))
  }
  const key = signingKey('growth.example/ledger', 'note', new Uint8Array(32).fill(7))
  expect(E.isRight(await publishAll(events(), folder, key)())).toBe(true)
  const pool = await example((each) => {
    each.ledger = ledgerFolder(folder)
    const checkpoint = { size: 40, root: '', time: each.now }
    each.status = { ...each.status, ledger: { ...each.status.ledger, checkpoint } }
  })
  const { page, complaints } = await open({})
  // What uPlot is given to draw.
  await page.addInitScript(`{
    let plot
    Object.defineProperty(globalThis, 'uPlot', {
      configurable: true,
      get: () => plot,
      set: (real) => {
        plot = class extends real { constructor(...all) { super(...all); globalThis.drawn = all[1] } }
      },
    })
  }`)
  await page.goto(`${pool.url}/ledger`)
  await page.locator('#growth-chart .plot canvas').waitFor()
  const drawn: unknown = await page.evaluate('drawn')
  const sizes = Array.from({ length: 40 }, (_, index) => index + 1)
  expect(drawn).toEqual([sizes.map((size) => (at + 1000 * Math.floor((size - 1) / 10)) / 1000), sizes])
  expect(complaints).toEqual([])
})

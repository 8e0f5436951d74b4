import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startHttp } from '../../adapters/http/server.ts'
import { examplePages } from '../adapters/http/every-page.ts'
import { exampleAddress, exampleHash, type PoolExample, poolExample } from '../adapters/http/pool-example.ts'
import { shown, withChromium } from './chromium.ts'

const open = withChromium()

/** An example pool by the real clock, and where it is served. */
async function example(): Promise<PoolExample & { readonly url: string }> {
  const pool = poolExample(Date.now())
  const started = await startHttp({ ...pool.options(), now: Date.now })()
  if (E.isLeft(started)) throw new Error(started.left.message)
  onTestFinished(() => started.right.stop())
  return Object.assign(pool, { url: started.right.url })
}

const wide = { width: 1440, height: 900 }
const phone = { width: 390, height: 844 }
const address = exampleAddress(0)

const looks = [
  ['wide and light', wide, 'light'],
  ['wide and dark', wide, 'dark'],
  ['on a phone, light', phone, 'light'],
  ['on a phone, dark', phone, 'dark'],
] as const

/** What is no page of its own: a server answers 404 to it, and the browser says so. */
const isMissing = (path: string): boolean => path === '/nowhere'

describe.each(looks)('%s', (_, viewport, colorScheme) => {
  test('every page is clean, fits, and can be read by all', async () => {
    const pool = await example()
    const { page, complaints, ask, violations } = await open({ viewport, colorScheme })
    const faults: unknown[] = []
    for (const [name, path] of examplePages) {
      await page.goto(pool.url + path)
      if (!isMissing(path)) await page.locator('#freshness.live').waitFor()
      const found = {
        complaints: complaints.splice(0).filter((text) => !(isMissing(path) && text.includes('404'))),
        overflow: await ask('overflow'),
        accessibility: await ask('accessibilityFaults'),
        violations: await violations(),
        small: await ask('smallTargets'),
      }
      const isClean = Object.values(found).every(
        (each) => each === 0 || (Array.isArray(each) && each.length === 0),
      )
      if (!isClean) faults.push({ name, ...found })
    }
    expect(faults).toEqual([])
  })
})

describe('the keyboard', () => {
  test.each([
    ['Pool', '/'],
    ['Miner', `/miners/${address}`],
    ['Connect', `/connect?address=${address}`],
  ])('reaches everything on %s, and one sees where it is', async (_, path) => {
    const pool = await example()
    const { page, ask } = await open({ viewport: wide })
    await page.goto(pool.url + path)
    await page.keyboard.press('Tab')
    expect(await ask('focus')).toMatchObject({ what: 'A Skip to the content', seen: true })
    const targets = await page
      .locator('a:visible, button:visible, input:visible, select:visible, summary:visible')
      .count()
    const reached = new Set<string>()
    for (let i = 1; i < targets; i++) {
      await page.keyboard.press('Tab')
      const focus = await ask('focus')
      expect(focus).toMatchObject({ seen: true })
      reached.add(JSON.stringify(focus))
    }
    expect(reached.size).toBeGreaterThan(8)
  })

  test('skips to the content', async () => {
    const pool = await example()
    const { page } = await open({ viewport: wide })
    await page.goto(pool.url)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(new URL(page.url()).hash).toBe('#content')
  })
})

describe('the keyboard alone', () => {
  test('finds a miner, sorts the blocks, opens one, and turns a chart into its table', async () => {
    const pool = await example()
    const { page, complaints } = await open({ viewport: wide })
    await page.goto(pool.url)
    const reach = async (selector: string): Promise<void> => {
      for (let i = 0; i < 120; i++) {
        if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return
        await page.keyboard.press('Tab')
      }
      throw new Error(`the keyboard does not reach ${selector}`)
    }
    await reach('#search')
    await page.keyboard.type(address.slice(0, 10))
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/miners/${address}`)
    await reach('#history .values summary')
    await page.keyboard.press('Enter')
    await page.locator('#history-rows tr').first().waitFor()
    await reach('nav a[href="/blocks"]')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/blocks')
    await reach('.sort[href*="effort"]')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/blocks?sort=effort&order=desc')
    expect(await page.locator('th[aria-sort]').innerText()).toContain('Effort')
    await reach('#blocks tbody a')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/blocks/0*')
    expect(await shown(page.locator('h1'))).toMatch(/^Block [\d,]+$/)
    expect(complaints).toEqual([])
  })
})

describe('live', () => {
  test.each([
    ['the Pool', '/', '#miners'],
    ['the list of miners', '/miners', '#miners-lead'],
  ])('%s shows a change within a second of its event', async (_, path, part) => {
    const pool = await example()
    const { page } = await open({ viewport: wide })
    await page.goto(pool.url + path)
    await page.locator('#freshness.live').waitFor()
    for (const miners of [71, 72, 73]) {
      if (pool.pool !== undefined) pool.pool = { ...pool.pool, miners }
      const at = performance.now()
      pool.changes.next({ position: 900 + miners, entries: 900 + miners, blocks: [] })
      await page.locator(part, { hasText: String(miners) }).waitFor()
      expect(performance.now() - at).toBeLessThan(1000)
    }
  })

  test('the page of a block follows its life, that of a miner its money', async () => {
    const pool = await example()
    const { page } = await open({ viewport: phone })
    const [block] = pool.blocks
    if (block === undefined) throw new Error('no block')
    await page.goto(`${pool.url}/blocks/${block.hash}`)
    await page.locator('#freshness.live').waitFor()
    pool.blocks[0] = { ...block, state: 'orphaned' }
    pool.changes.next({ position: 901, entries: 902, blocks: [block.hash] })
    await page.locator('#state', { hasText: 'Orphaned' }).waitFor()
    await page.goto(`${pool.url}/miners/${address}`)
    await page.locator('#freshness.live').waitFor()
    const known = pool.accounts.get(address)
    if (known !== undefined)
      pool.accounts.set(address, { ...known, balances: { ...known.balances, paid: '123456789' } })
    pool.changes.next({ position: 902, entries: 903, blocks: [] })
    await page.locator('#paid', { hasText: '1.23456789' }).waitFor()
  })

  test('figures, health and blocks follow the pool without a reload', async () => {
    const pool = await example()
    const { page, complaints } = await open({ viewport: wide })
    await page.goto(pool.url)
    await page.locator('#freshness.live').waitFor()
    await page.evaluate('globalThis.notReloaded = true')
    if (pool.pool !== undefined) pool.pool = { ...pool.pool, miners: 21, workers: 1 }
    const newest = pool.blocks[0]
    if (newest !== undefined)
      pool.blocks.unshift({ ...newest, hash: exampleHash(77), height: 1_042_399, state: 'found' })
    pool.status = {
      ...pool.status,
      nodes: [{ name: 'main', state: 'down', message: 'It <b>refuses</b> the password.', tip: null }],
    }
    pool.changes.next({ position: 901, entries: 902, blocks: [exampleHash(77)] })
    await page.locator('#health.down').waitFor()
    expect(await shown(page.locator('#health'))).toContain('It <b>refuses</b> the password.')
    expect(await shown(page.locator('#miners'))).toContain('1 worker on 46 connections')
    expect(await shown(page.locator('#blocks tbody tr').first())).toContain('1042399')
    expect(await page.evaluate('globalThis.notReloaded')).toBe(true)
    expect(complaints).toEqual([])
  })

  test('times count on by themselves', async () => {
    const pool = await example()
    const { page } = await open({ viewport: wide })
    await page.goto(pool.url)
    const time = page.locator('#health-work time')
    const first = await shown(time)
    await expect.poll(() => shown(time)).not.toBe(first)
    expect(await shown(time)).toMatch(/^\d+ s ago$/)
    expect(await time.getAttribute('title')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/)
  })

  test('a reader who has opened the table of the chart keeps it open', async () => {
    const pool = await example()
    const { page } = await open({ viewport: wide })
    await page.goto(pool.url)
    await page.locator('#freshness.live').waitFor()
    await page.locator('#history .values summary').click()
    if (pool.pool !== undefined) pool.pool = { ...pool.pool, miners: 3 }
    pool.changes.next({ position: 901, entries: 902, blocks: [] })
    await page.locator('#miners', { hasText: '3' }).waitFor()
    expect(await page.locator('#history .values').getAttribute('open')).not.toBeNull()
  })

  test('the pool’s end is said, and so is its return', async () => {
    const pool = poolExample(Date.now())
    const options = { ...pool.options(), now: Date.now }
    const first = await startHttp(options)()
    if (E.isLeft(first)) throw new Error(first.left.message)
    const { page } = await open({ viewport: wide })
    await page.goto(first.right.url)
    await page.locator('#freshness.live').waitFor()
    await first.right.stop()
    await page.locator('#freshness.stale').waitFor()
    expect(await shown(page.locator('#freshness'))).toMatch(/^Not live: the pool was last heard \d+ s ago$/)
    const again = await startHttp({ ...pool.options(Number(new URL(first.right.url).port)), now: Date.now })()
    if (E.isLeft(again)) throw new Error(again.left.message)
    onTestFinished(() => again.right.stop())
    await page.locator('#freshness.live').waitFor()
  })

  test('a miner that arrives is seen', async () => {
    const pool = await example()
    const newcomer = exampleAddress(70)
    const { page } = await open({ viewport: phone })
    await page.goto(pool.url)
    await page.goto(`${pool.url}/connect?address=${newcomer}`)
    await page.locator('.verdict', { hasText: 'Not seen yet.' }).waitFor()
    await page.locator('#freshness.live').waitFor()
    const known = pool.accounts.get(address)
    if (known !== undefined) pool.accounts.set(newcomer, { ...known, address: newcomer })
    pool.changes.next({ position: 901, entries: 902, blocks: [] })
    await page.locator('.verdict.here').waitFor()
  })
})

describe('the chart', () => {
  test('can be read at every point', async () => {
    const pool = await example()
    const { page, complaints } = await open({ viewport: wide })
    await page.goto(pool.url)
    const plot = page.locator('#history .plot canvas')
    await plot.waitFor()
    const box = await plot.boundingBox()
    if (box === null) throw new Error('the chart has no size')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    expect(await shown(page.locator('.readout'))).toMatch(/^.+, \d\d:\d\d: [\d.]+ TH\/s ± [\d.]+ TH\/s$/)
    expect(complaints).toEqual([])
  })
})

describe('on a phone', () => {
  test('the header leaves the screen to the page, and the way to mine is on the first', async () => {
    const pool = await example()
    const { page } = await open({ viewport: phone })
    pool.status = { ...pool.status, devnet: true }
    await page.goto(pool.url)
    expect((await page.locator('.banner').boundingBox())?.height).toBeLessThan(32)
    expect((await page.locator('.top').boundingBox())?.height).toBeLessThan(140)
    const links = await page.locator('.top nav li').all()
    const tops = await Promise.all(links.map(async (link) => (await link.boundingBox())?.y))
    expect(new Set(tops).size).toBe(1)
    const connect = await page.getByRole('link', { name: 'Connect a miner' }).boundingBox()
    expect(connect?.y).toBeLessThan(phone.height)
  })

  test.each([
    ['the Pool', '/', '#blocks', 5],
    ['the blocks', '/blocks', '#blocks', 25],
    ['the payments of a miner', `/miners/${address}`, '#payments', 5],
    ['the shares of a miner', `/miners/${address}`, '#recent', 5],
    ['the newest entries', '/ledger', '#entries', 5],
  ])('a list of %s has two lines for each thing', async (_, path, list, rows) => {
    const pool = await example()
    const { page } = await open({ viewport: phone })
    await page.goto(pool.url + path)
    const shownRows = page.locator(`${list} tbody tr:visible`)
    expect(await shownRows.count()).toBe(rows)
    expect((await shownRows.nth(3).boundingBox())?.height).toBeLessThan(70)
  })

  test('the page of a miner is a few screens, its money first', async () => {
    const pool = await example()
    const { page } = await open({ viewport: phone })
    await page.goto(`${pool.url}/miners/${address}`)
    expect((await page.locator('body').boundingBox())?.height).toBeLessThan(6 * phone.height)
    const [money, workers] = [page.locator('#balances'), page.locator('#workers')]
    expect((await money.boundingBox())?.y).toBeLessThan((await workers.boundingBox())?.y ?? 0)
  })
})

describe('settings', () => {
  test('are copied with one click', async () => {
    const pool = await example()
    const { page } = await open({ viewport: wide, permissions: ['clipboard-read', 'clipboard-write'] })
    await page.goto(`${pool.url}/connect?address=${address}&worker=rig1`)
    await page.getByRole('button', { name: 'Copy the command for gominer 2.x' }).click()
    await page
      .getByRole('button', { name: 'Copy the command for gominer 2.x' })
      .filter({ hasText: 'Copied' })
      .waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      `gominer -o stratum+tcp://127.0.0.1:5550 -m ${address}.rig1 -n x`,
    )
  })

  test('are made from the form', async () => {
    const pool = await example()
    const { page } = await open({ viewport: phone })
    await page.goto(`${pool.url}/connect`)
    await page.getByLabel('Your address').fill(address)
    await page.getByLabel('Machine').fill('attic')
    await page.getByLabel('First difficulty').fill('512')
    await page.getByRole('button', { name: 'Show my settings' }).click()
    await page.locator('code', { hasText: `${address}.attic -n d=512` }).waitFor()
  })
})

describe('charts', () => {
  test.each([
    [
      '/blocks',
      '#effort-chart',
      /^longer than [\d.]+ %: rounds of this pool [\d.]+ %; chance [\d.]+ % ± [\d.]+ %$/,
    ],
    ['/blocks', '#luck-chart', /^the last \d+: luck \d+(\.\d)? %; expectation 100 % ± [\d.]+ %$/],
    ['/books', '#books-chart', /: owed to miners and pool [\d.]+ DCR; reserve -0\.00000412 DCR$/],
    ['/ledger', '#growth-chart', /, \d\d:\d\d: [\d,]+$/],
    [`/miners/${address}`, '#history', /: rig1 [\d.]+ TH\/s ± [\d.]+ TH\/s; <script>/],
  ])('%s %s answers under the pointer', async (path, id, words) => {
    const pool = await example()
    const { page, complaints } = await open({ viewport: wide })
    await page.goto(pool.url + path)
    const plot = page.locator(`${id} .plot canvas`)
    await plot.scrollIntoViewIfNeeded()
    const box = await plot.boundingBox()
    if (box === null) throw new Error('the chart has no size')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    expect(await shown(page.locator(`${id} .readout`))).toMatch(words)
    expect(complaints).toEqual([])
  })
})

describe('without JavaScript', () => {
  test.each([
    ['wide', wide],
    ['on a phone', phone],
  ])('every page says the same, %s', async (_, viewport) => {
    const pool = await example()
    const { page, complaints } = await open({ viewport, javaScriptEnabled: false })
    for (const [name, path] of examplePages) {
      await page.goto(pool.url + path)
      const found = complaints.splice(0).filter((text) => !(isMissing(path) && text.includes('404')))
      expect([name, found]).toEqual([name, []])
      expect(await shown(page.locator('#health'))).toContain('Everything works')
      expect(await page.locator('#freshness').isVisible()).toBe(false)
      const body = await page.locator('body').boundingBox()
      expect(body?.width).toBe(viewport.width)
    }
  })

  test('charts have their drawing, their sentence and their values', async () => {
    const pool = await example()
    const { page } = await open({ viewport: wide, javaScriptEnabled: false })
    await page.goto(pool.url)
    const box = await page.locator('#history .drawing polyline.line').boundingBox()
    expect(box?.width).toBeGreaterThan(500)
    expect(await shown(page.locator('#history-says'))).toMatch(/^On average 4\d\.\d TH\/s ± /)
    expect(await page.locator('#history-rows tr').count()).toBeGreaterThan(140)
    await page.getByRole('link', { name: '1 h' }).click()
    await page.waitForURL('**/?range=1h')
    expect(await page.locator('#history-rows tr').count()).toBeLessThan(65)
  })

  test('the search box answers', async () => {
    const pool = await example()
    const { page } = await open({ viewport: phone, javaScriptEnabled: false })
    await page.goto(pool.url)
    await page.getByRole('searchbox').fill('nobody')
    await page.keyboard.press('Enter')
    await page.locator('h1', { hasText: 'Search' }).waitFor()
    expect(await shown(page.locator('main'))).toContain('Nothing here is called “nobody”.')
  })

  test('the Connect page answers its form', async () => {
    const pool = await example()
    const { page } = await open({ viewport: phone, javaScriptEnabled: false })
    await page.goto(`${pool.url}/connect`)
    await page.getByLabel('Your address').fill(address)
    await page.getByRole('button', { name: 'Show my settings' }).click()
    expect(await shown(page.locator('.verdict'))).toContain('Seen.')
    expect(await page.locator('.copy').count()).toBe(0)
    await page.goto(`${pool.url}/connect?address=${exampleAddress(70)}`)
    expect(await shown(page.locator('.verdict'))).toMatch(/Load this page again to look again\.$/)
    expect(await shown(page.locator('.verdict'))).not.toContain('by itself')
  })
})

describe('weight', () => {
  test('the Pool page takes less than 100 KB, all in all', async () => {
    const pool = await example()
    const { page } = await open({ viewport: wide })
    const network = await page.context().newCDPSession(page)
    await network.send('Network.enable')
    let bytes = 0
    network.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength
    })
    await page.goto(pool.url)
    await page.locator('.plot canvas').waitFor()
    expect(bytes).toBeGreaterThan(20_000)
    expect(bytes).toBeLessThan(100_000)
  })
})

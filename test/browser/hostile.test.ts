import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Devnet } from '../../src/devnet/devnet.ts'
import {
  attackedPool,
  crawl,
  HOSTILE_NAMES,
  mineWithHostileNames,
  settled,
} from '../hostile/attacked-pool.ts'
import { address, easyChain, type House, stopHouses } from '../support/house.ts'
import type { Miner } from '../support/miner.ts'
import { withChromium } from './chromium.ts'

/** Pages of a real pool whose miner chose his names with care, in a real browser. The same without one: test/hostile/names.test.ts. */

const open = withChromium()

let devnet: Devnet
let house: House
let rig: Miner
beforeAll(async () => {
  devnet = await easyChain()
  house = await attackedPool(devnet)
  rig = await mineWithHostileNames(house)
  await settled(house)
}, 30_000)
afterAll(async () => {
  await rig.client.close()
  await stopHouses()
  await devnet.stop()
})

/** One page of each kind, and the entries and workers with names. */
const kindOf = (path: string): string =>
  path.includes('/worker?')
    ? path.replace(/&range=.*/, '')
    : path.replaceAll(/[0-9a-f]{64}|\bS[a-km-zA-HJ-NP-Z1-9]{34}|\d+/g, '*').replaceAll(/=[^&]*/g, '=*')

test('attack: markup in names runs no script in a browser, on any page, nor when the page is renewed under it', async () => {
  const { page, complaints, violations } = await open({})
  page.on('dialog', (dialog) => {
    complaints.push(`dialog ${dialog.message()}`)
    void dialog.dismiss()
  })
  const names = house
    .log()
    .flatMap(({ type }, n) => (type === 'WorkerAuthorized' ? [`/ledger-entries/${n}`] : []))
  const found = [...(await crawl(house, kindOf))].flatMap(([path, text]) =>
    text.startsWith('<!doctype') ? [path] : [],
  )
  const paths = new Set([...found, ...names, `/search?q=${encodeURIComponent(HOSTILE_NAMES[0] ?? '')}`])
  expect(paths.size).toBeGreaterThan(40)
  for (const path of paths) {
    await page.goto(house.pool.httpUrl + path, { waitUntil: 'load' })
    const ran = await page.evaluate(
      '[typeof attacked, document.querySelectorAll("img, [onerror], [onload]").length]',
    )
    expect([path, ran]).toEqual([path, ['undefined', 0]])
  }
  await page.goto(`${house.pool.httpUrl}/miners/${address(1)}`)
  await page.locator('#freshness.live').waitFor()
  const before = await page.locator('main').innerText()
  await rig.submit(await rig.find('share or block'))
  await expect.poll(() => page.locator('main').innerText()).not.toBe(before)
  expect(await page.evaluate('typeof attacked')).toBe('undefined')
  expect(await violations()).toEqual([])
  expect(complaints).toEqual([])
})

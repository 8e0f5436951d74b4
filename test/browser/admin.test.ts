import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hashPassword } from '../../adapters/http/admin/password.ts'
import { restoreBackup } from '../../src/backup/restore.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import {
  type AdminExample,
  adminExample,
  ownAddress,
  PASSWORD,
  waitingPayout,
} from '../adapters/http/admin-example.ts'
import { cpuMiner } from '../support/devices.ts'
import { address, mixedChain, newDirectory, openHouse, poll, readLog, stopHouses } from '../support/house.ts'
import { startMiner } from '../support/miner.ts'
import { withChromium } from './chromium.ts'

const open = withChromium()

const PAGES = ['', '/payouts', '/connections', '/bans', '/backups', '/settings'] as const

async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/admin`)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('button', { name: 'Log out' }).waitFor()
}

const wide = { width: 1440, height: 900 }
const phone = { width: 390, height: 844 }

describe.each([
  ['wide and light', wide, 'light'],
  ['wide and dark', wide, 'dark'],
  ['on a phone, light', phone, 'light'],
  ['on a phone, dark', phone, 'dark'],
] as const)('%s', (_, viewport, colorScheme) => {
  test("every page of the administrator's is clean, fits, and can be read by all", async () => {
    const admin = await adminExample()
    const number = waitingPayout(admin)
    const { page, complaints, ask, violations } = await open({ viewport, colorScheme })
    await page.goto(`${admin.url}/admin`)
    const faults: unknown[] = []
    const look = async (name: string) => {
      const found = {
        complaints: complaints.splice(0),
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
    await look('login')
    await logIn(page, admin.url)
    for (const path of PAGES) {
      await page.goto(`${admin.url}/admin${path}`)
      await look(path)
      if (path === '/payouts') await page.getByRole('button', { name: `Approve payout ${number}` }).waitFor()
    }
    expect(faults).toEqual([])
  })
})

/** Something happens in the pool, again and again, until the test ends. */
function busy({ pool }: AdminExample): void {
  let position = 901
  const events = setInterval(() => {
    position += 1
    pool.changes.next({ position, entries: position, blocks: [] })
  }, 300)
  onTestFinished(() => clearInterval(events))
}

describe('a login', () => {
  test('that takes its time to be typed, in a pool where something happens all the time', async () => {
    const admin = await adminExample()
    busy(admin)
    const { page, complaints } = await open({ viewport: wide })
    let reads = 0
    page.on('request', (request) => {
      if (request.url().endsWith('/admin/login')) reads += 1
    })
    await page.goto(`${admin.url}/admin`)
    await page.waitForTimeout(5000)
    expect(reads).toBe(1)
    await page.getByLabel('Password').pressSequentially(PASSWORD, { delay: 50 })
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForURL('**/admin')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    expect(complaints).toEqual([])
  })

  test('in the first of two tabs, though the second opened the page later; and then in the second', async () => {
    const admin = await adminExample()
    const { page: first, complaints } = await open({ viewport: wide })
    const second = await first.context().newPage()
    for (const page of [first, second]) await page.goto(`${admin.url}/admin`)
    for (const page of [first, second]) {
      await page.getByLabel('Password').fill(PASSWORD)
      await page.getByRole('button', { name: 'Log in' }).click()
      await page.getByRole('button', { name: 'Log out' }).waitFor()
    }
    // By the login of the first: the second has not ended it.
    expect(admin.entered).toEqual(['log-in'])
    await first.getByRole('link', { name: 'Backups' }).click()
    await first.getByRole('button', { name: 'Make a backup now' }).click()
    await first.getByText('Done: back-up.').waitFor()
    expect(complaints).toEqual([])
  })
})

describe('live', () => {
  test.each([
    ['at the address of the dashboard', undefined],
    ['at an address of their own', ownAddress],
  ])('a backup begins and ends on its page, which nobody loads again, %s', async (_, change) => {
    const admin = await adminExample(change)
    const { page, complaints } = await open({ viewport: wide })
    await logIn(page, admin.url)
    await page.goto(`${admin.url}/admin/backups`)
    await page.locator('#freshness.live').waitFor()
    const idle = admin.administration.backups()
    const show = (doing: string | null): void => {
      Object.assign(admin.administration, { backups: () => ({ ...idle, doing }) })
      admin.pool.changes.next({ position: 901, entries: 902, blocks: [] })
    }
    show('12 of 900 events')
    await page.getByText('One is being made: 12 of 900 events.').waitFor()
    expect(await page.getByRole('button', { name: 'Make a backup now' }).count()).toBe(0)
    show(null)
    await page.getByRole('button', { name: 'Make a backup now' }).waitFor()
    expect(await page.getByText('One is being made').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  test('the overview follows the pool', async () => {
    const admin = await adminExample()
    const { page } = await open({ viewport: wide })
    await logIn(page, admin.url)
    await page.locator('#freshness.live').waitFor()
    waitingPayout(admin)
    admin.pool.changes.next({ position: 901, entries: 902, blocks: [] })
    await page.getByText('A payout waits for your decision.').waitFor()
  })
})

test('a ban takes two clicks where a connection is seen', async () => {
  const admin = await adminExample()
  const { page, complaints } = await open({ viewport: wide })
  await logIn(page, admin.url)
  await page.goto(`${admin.url}/admin/connections`)
  const button = page.getByRole('button', { name: 'Ban 203.0.113.7' })
  expect(await button.isVisible()).toBe(false)
  await page.getByText('Ban …').click()
  await button.click()
  await page.waitForURL('**/admin/bans')
  await page.getByText('Done: ban-address.').waitFor()
  expect(admin.orders.map(({ order }) => order)).toEqual([
    { kind: 'ban-address', range: '203.0.113.7', until: null },
  ])
  expect(complaints).toEqual([])
})

describe.each([
  ['with JavaScript', true],
  ['without JavaScript', false],
])('a real pool, %s', (_, javaScriptEnabled) => {
  let devnet: Devnet
  beforeAll(async () => {
    devnet = await mixedChain()
  })
  afterAll(async () => {
    await stopHouses()
    await devnet.stop()
  })

  test('login by keyboard, a backup made and downloaded, and restored into a pool that goes on', async () => {
    const passwordHash = await hashPassword(PASSWORD)
    const house = await openHouse([devnet], { admin: { passwordHash } })
    const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
    expect((await miner.submit(await miner.find('share'))).result).toBe(true)
    miner.client.close()
    const { page, complaints } = await open({ javaScriptEnabled, acceptDownloads: true })
    await page.goto(`${house.pool.httpUrl}/admin`)
    await page.getByLabel('Password').focus()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Backups' }).click()
    await page.getByRole('button', { name: 'Make a backup now' }).click()
    await page.getByText('The backup is being made, and verified after it.').waitFor()
    await poll(async () => {
      await page.goto(`${house.pool.httpUrl}/admin/backups`)
      return page.getByRole('link', { name: /^lodebook-/ }).count()
    }).toBe(1)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /^lodebook-/ }).click(),
    ])
    const directory = newDirectory()
    const file = join(directory, 'downloaded.db')
    await download.saveAs(file)
    expect(download.suggestedFilename()).toMatch(/^lodebook-[0-9TZ-]+\.db$/)
    expect(readFileSync(file).length).toBe(
      readFileSync(join(house.directory, 'backups', download.suggestedFilename())).length,
    )
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Password').waitFor()
    expect(complaints).toEqual([])
    await house.stop()

    const order = {
      file,
      storeUrl: `sqlite:${join(directory, 'lodebook.db')}`,
      dataDirectory: directory,
      ledger: null,
      keys: [],
    }
    const restored = await restoreBackup(order, () => undefined)
    if (E.isLeft(restored)) throw new Error(restored.left)
    const again = await openHouse([devnet], {}, directory)
    const other = await startMiner({ port: again.port, device: cpuMiner, user: address(1) })
    expect((await other.submit(await other.find('share'))).result).toBe(true)
    other.client.close()
    await again.stop()
    expect(readLog(directory).filter(({ type }) => type === 'SharesAccepted')).toHaveLength(2)
  })
})

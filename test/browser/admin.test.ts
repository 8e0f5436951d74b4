import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashPassword } from '../../adapters/http/admin/password.ts'
import { restoreBackup } from '../../src/backup/restore.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { adminExample, PASSWORD } from '../adapters/http/admin-example.ts'
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
    const [payment] = admin.pool.money.payments
    if (payment === undefined) throw new Error('the example has no payment')
    Object.assign(payment, { phase: 'planned', mode: 'manual' })
    admin.pool.status = {
      ...admin.pool.status,
      money: {
        state: 'ready',
        message: '',
        shares: 9,
        readMs: 1,
        wallet: true,
        problems: [
          { about: 'payouts', kind: 'locked', message: 'The wallet is locked.', since: admin.pool.now },
        ],
        payouts: [{ payout: payment.number, phase: 'planned', atoms: '500000000' }],
      },
    }
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
      if (path === '/payouts')
        await page.getByRole('button', { name: `Approve payout ${payment.number}` }).waitFor()
    }
    expect(faults).toEqual([])
  })
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

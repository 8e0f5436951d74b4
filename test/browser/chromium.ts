import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A page with what it complained about. */
export interface Watched {
  readonly page: Page
  /** Errors and warnings of its console, errors of its scripts, and requests to other places. */
  readonly complaints: string[]
  /** Asks `in-page.js`. */
  readonly ask: (question: string) => Promise<unknown>
  /** What axe-core finds wrong with the page, each with the elements. */
  readonly violations: () => Promise<unknown>
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Starts Chromium for the tests of a file; the returned function opens a watched page that closes with its test. */
export function withChromium(): (options: BrowserContextOptions) => Promise<Watched> {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (!existsSync(executablePath))
      throw new Error(
        `These tests need Chromium and there is none at ${executablePath}: install it (apt-get install chromium) or name it with CHROMIUM.`,
      )
    browser = await chromium.launch({ executablePath, args: flags })
  })
  afterAll(() => browser?.close())

  return async (options) => {
    if (browser === undefined) throw new Error('Chromium has not started')
    const context = await browser.newContext(options)
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (new URL(request.url()).hostname !== '127.0.0.1') complaints.push(`request to ${request.url()}`)
    })
    await page.addInitScript({ path: new URL('./in-page.js', import.meta.url).pathname })
    if (options.javaScriptEnabled !== false) await page.addInitScript({ path: axe })
    return {
      page,
      complaints,
      ask: (question) => page.evaluate(`inPage.${question}()`),
      violations: () => page.evaluate('inPage.violations()'),
    }
  }
}

/** The text of an element as it is shown, without what is hidden. */
export const shown = (locator: Locator): Promise<string> => locator.innerText()

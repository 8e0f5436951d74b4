import { describe, expect, test } from 'vitest'
import { VISITOR_LIMIT } from '../../../adapters/http/rate-limit.ts'
import { everyPage } from './every-page.ts'
import { exampleAddress } from './pool-example.ts'
import { type RunningExample, runningExample } from './running.ts'

const textOf = async (pool: RunningExample, path: string, init?: RequestInit): Promise<string> =>
  (await pool.get(path, init)).text()

describe('the name of the pool', () => {
  test('is the brand and in the title of every page', async () => {
    const pool = await runningExample()
    for (const path of everyPage()) {
      pool.now += 10_000
      const text = await textOf(pool, path)
      expect([path, /<title>.+ · Ore &amp; Sons<\/title>/.test(text)]).toEqual([path, true])
      expect([path, /<a class="brand" href="\/">.*<\/svg>Ore &amp; Sons<\/a>/.test(text)]).toEqual([
        path,
        true,
      ])
      expect([path, /<title>.*Lodebook/.test(text)]).toEqual([path, false])
    }
  })

  test('is that of its feeds and their author', async () => {
    const pool = await runningExample()
    expect(await textOf(pool, '/')).toContain('title="Blocks of Ore &amp; Sons"')
    for (const [path, title] of [
      ['/feeds/blocks.atom', 'Blocks of Ore &amp; Sons'],
      ['/feeds/payments.atom', 'Payments of Ore &amp; Sons'],
      [`/miners/${exampleAddress(0)}/blocks.atom`, `Blocks of ${exampleAddress(0)}`],
    ]) {
      const text = await textOf(pool, path ?? '')
      expect(text).toContain(`<title>${title}</title>`)
      expect(text).toContain('<author><name>Ore &amp; Sons</name></author>')
    }
  })

  test('is in the API and its document', async () => {
    const pool = await runningExample()
    expect(await (await pool.get('/api/v1/pool')).json()).toMatchObject({ live: { name: 'Ore & Sons' } })
    expect(await (await pool.get('/api/v1/openapi.json')).json()).toMatchObject({
      info: { title: 'Ore & Sons' },
    })
  })
})

describe('a page keeps itself fresh', () => {
  test.each([
    ['where it shows the pool', '/', 200, true],
    ['not where there is nothing', '/nowhere', 404, false],
    ['not where the address is wrong', '/blocks?sort=nothing', 400, false],
  ])('%s', async (_, path, status, isLive) => {
    const pool = await runningExample()
    const response = await pool.get(path)
    expect(response.status).toBe(status)
    expect((await response.text()).includes('live.js')).toBe(isLive)
  })

  test('not where a visitor has asked too often', async () => {
    const pool = await runningExample()
    const init = { headers: { Accept: 'text/html' } }
    for (let n = 0; n < VISITOR_LIMIT.burst; n++) await (await pool.get('/readyz')).text()
    const response = await pool.get('/', init)
    expect(response.status).toBe(429)
    expect(await response.text()).not.toContain('live.js')
  })
})

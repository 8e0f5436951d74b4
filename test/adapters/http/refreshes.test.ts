import { setTimeout as sleep } from 'node:timers/promises'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { LISTENERS_MAX } from '../../../adapters/http/live-feed.ts'
import { refreshesInTurn } from '../../../adapters/http/refreshes.ts'

const refresh = { headers: { 'Lodebook-Refresh': 'yes' } }
const PAGE_MS = 20

function slowPages() {
  let made = 0
  let most = 0
  const app = new Hono().use(refreshesInTurn()).get('/', async (c) => {
    made += 1
    most = Math.max(most, made)
    await sleep(PAGE_MS)
    made -= 1
    return c.text('page')
  })
  return { app, mostAtOnce: () => most }
}

test('pages that many read again are made few at a time, with rests; who opens one does not wait', async () => {
  const { app, mostAtOnce } = slowPages()
  // The first answer of a process takes longer than others.
  await app.request('/')
  const begun = performance.now()
  const took = async (answer: Response | Promise<Response>): Promise<number> => {
    expect(await (await answer).text()).toBe('page')
    return performance.now() - begun
  }
  const again = Array.from({ length: 9 }, () => took(app.request('/', refresh)))
  expect(await again[3]).toBeLessThan(12 * PAGE_MS)
  expect(mostAtOnce()).toBe(4)
  expect(await took(app.request('/'))).toBeLessThan(12 * PAGE_MS)
  expect(await again[4]).toBeGreaterThan(12 * PAGE_MS)
  expect(await again[8]).toBeGreaterThan(24 * PAGE_MS)
})

test('a page that fails gives its turn on', async () => {
  const app = new Hono()
    .use(refreshesInTurn())
    .get('/', () => {
      throw new Error('its own')
    })
    .onError((error, c) => c.text(error.message, 500))
  for (let n = 0; n < 3; n++) expect(await (await app.request('/', refresh)).text()).toBe('its own')
})

test('who finds too many waiting is told at once', async () => {
  const { app } = slowPages()
  const waiting = Array.from({ length: LISTENERS_MAX + 4 }, () => app.request('/', refresh))
  const refused = await app.request('/', refresh)
  expect([refused.status, await refused.json()]).toEqual([
    503,
    expect.objectContaining({ detail: 'Too many pages are read again. Try again later.' }),
  ])
  expect((await waiting[0])?.status).toBe(200)
})

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runningExample } from '../adapters/http/running.ts'

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
const calls = [...page.matchAll(/^curl .*https:\/\/pool\.example(\/[^\s']*)/gm)].map(([, path]) => path ?? '')

test.each(calls)('%s can be asked for, as docs/api.md says', async (path) => {
  const pool = await runningExample()
  const response = await pool.get(path)
  expect(response.status).toBe(200)
  await response.body?.cancel()
})

test('limits and errors are as the page prints them', async () => {
  const pool = await runningExample()
  const { headers } = await pool.get('/api/v1/pool')
  for (const name of ['RateLimit-Policy', 'RateLimit'])
    expect(page).toContain(`${name}: ${headers.get(name)}\n`)
  const problem: unknown = await (await pool.get('/api/v1/blocks?limit=0')).json()
  const [, printed = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
  expect(problem).toEqual(JSON.parse(printed))
})

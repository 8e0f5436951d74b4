import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { expect, test } from 'vitest'
import { runningExample } from '../adapters/http/running.ts'

/** What nginx puts in place of its variables for a visitor of https://pool.example. */
const variables: Readonly<Record<string, string>> = {
  $http_host: 'pool.example',
  $scheme: 'https',
  $remote_addr: '203.0.113.7',
}

/** Headers that the sample in the operators' manual sends on to the pool. */
function sampleHeaders(): Record<string, string> {
  const [, sample = ''] = /```nginx\n([\s\S]*?)```/.exec(readFileSync('docs/operators.md', 'utf8')) ?? []
  return Object.fromEntries(
    [...sample.matchAll(/proxy_set_header ([\w-]+) (\$\w+);/g)].map(([, name = '', value = '']) => [
      name,
      variables[value] ?? '',
    ]),
  )
}

/** Asks as the proxy does. `fetch` would not let us say whose host it is. */
const askAsProxy = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    request(url, { headers: sampleHeaders() }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })

test('behind the nginx of the manual pages print the addresses by which visitors came', async () => {
  const { server } = await runningExample()
  expect(await askAsProxy(`${server.url}/connect`)).toContain('stratum+tcp://pool.example:')
  expect(await askAsProxy(`${server.url}/ledger`)).toContain('audit https://pool.example/ledger/ --key')
  const feed = await askAsProxy(`${server.url}/feeds/blocks.atom`)
  expect(feed).toContain('href="https://pool.example/feeds/blocks.atom"')
  expect(feed).not.toContain('127.0.0.1')
})

test('no page leads to what the manual tells nginx to refuse', async () => {
  const { get } = await runningExample()
  const page = await (await get('/')).text()
  expect(page).not.toContain('href="/metrics"')
  expect(page).not.toContain('href="/readyz"')
})

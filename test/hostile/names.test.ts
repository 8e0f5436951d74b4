import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textLine } from '../../src/cli/log.ts'
import { blockLine } from '../../src/cli/narration.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { lodebook } from '../cli/child.ts'
import { address, easyChain, type House, poll, stopHouses } from '../support/house.ts'
import type { Miner } from '../support/miner.ts'
import { ask, attackedPool, crawl, HOSTILE_NAMES, mineWithHostileNames, settled } from './attacked-pool.ts'

/**
 * What miners call themselves, as an attack on everybody who reads it: a real miner with hostile names and a hostile agent finds blocks at a
 * real pool, and everything that the pool says of it is looked at. In Chromium: test/browser/hostile.test.ts.
 */

let devnet: Devnet
let house: House
const told: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
const receiver = createServer(async (request, response) => {
  const body = (await request.setEncoding('utf8').toArray()).join('')
  told.push({ headers: request.headers, body })
  response.end()
})
let rig: Miner
beforeAll(async () => {
  devnet = await easyChain()
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
  house = await attackedPool(devnet, {
    webhooks: [{ name: 'hook', url, secret: Buffer.alloc(32, 7).toString('base64'), events: 'all' }],
  })
  rig = await mineWithHostileNames(house)
  await settled(house)
})
afterAll(async () => {
  await rig.client.close()
  await stopHouses()
  await devnet.stop()
  receiver.close()
})

/** Pieces of the names as no page may have them: outside of text and of quoted values. */
const MARKUP = [
  /<script(?! (?:type="module"|defer) src="\/assets\/)/i,
  /<img/i,
  /<svg onload/i,
  /<!--/,
  /<h1>split/,
  /<entry xmlns/,
  /href="javascript:/i,
]

const TAG = /<\/?[a-zA-Z][\w:-]*(?:\s+[\w:-]+(?:="[^"<>]*")?)*\s*\/?>/g

/** What would be wrong with a page: an attribute that is a script, or anything left of a tag beside those that are whole. */
function faultsOf(page: string): readonly string[] {
  const text = page.replaceAll(/<!doctype html>|<\?xml[^>]*\?>/g, '')
  const scripted = (text.match(TAG) ?? []).filter((tag) => /\son/i.test(tag.replaceAll(/="[^"]*"/g, '')))
  const patterns = MARKUP.filter((pattern) => pattern.test(text)).map(String)
  return [...scripted, ...patterns, ...(text.replaceAll(TAG, '').match(/.{0,40}[<>].{0,40}/g) ?? [])]
}

/** Whatever moves a cursor or turns text around, but for the end of a line. */
const controls = /[^\P{C}\r\n]/u

/** One page of each kind, and each worker's and each entry's. */
const kindOf = (path: string): string =>
  /\/worker\?|^\/ledger-entries\/\d/.test(path)
    ? path
    : path.replaceAll(/[0-9a-f]{64}|\bS[a-km-zA-HJ-NP-Z1-9]{34}|\d+/g, '*').replaceAll(/=[^&]*/g, '=*')

test('attack: markup in worker names and agents, on every page, answer, table and feed that links lead to', async () => {
  const pages = await crawl(house, kindOf)
  const found: string[] = []
  let html = 0
  for (const [path, text] of pages) {
    if (path.startsWith('/assets/') || path.startsWith('/ledger/')) continue
    if (/^<!doctype|^<\?xml/.test(text)) {
      html += 1
      found.push(...faultsOf(text).map((fault) => `${path}: ${fault}`))
    }
    if (controls.test(text)) found.push(`${path}: a control character`)
  }
  expect(found).toEqual([])
  expect(html).toBeGreaterThan(25)
  const workers = [...pages.keys()].filter((path) => path.includes('/worker?'))
  expect(workers.length).toBeGreaterThanOrEqual(HOSTILE_NAMES.length)
  expect(pages.get(workers.find((path) => path.includes('script')) ?? '')).toContain(
    '&lt;script&gt;attacked=1;alert(1)&lt;/script&gt;',
  )
})

describe('attack: names that are more than text', () => {
  test('in JSON: they are text and nothing else', async () => {
    const answer = await ask(house, `/api/v1/miners/${address(1)}/workers?limit=100`)
    const { items } = JSON.parse(await answer.text()) as { items: { name: string }[] }
    const names = items.map(({ name }) => name)
    for (const name of names) expect(name).toMatch(/^[\x20-\x7e]{0,64}$/)
    expect(names).toContain('__proto__')
    expect(names).toContain('constructor')
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/)
  })

  test('in CSV: no formula, no line of its own, as many cells in each line', async () => {
    const answer = await ask(house, `/api/v1/miners/${address(1)}/workers?limit=100&format=csv`)
    const lines = (await answer.text()).trimEnd().split('\r\n')
    // A heading, and the one that is not hostile.
    expect(lines).toHaveLength(2 + HOSTILE_NAMES.length)
    expect(lines.filter((line) => /(?:^|,)"?[=+\-@\t]/.test(line))).toEqual([])
    const cells = lines.map((line) => line.replaceAll(/"(?:[^"]|"")*"/g, 'quoted').split(',').length)
    expect(new Set(cells).size).toBe(1)
    expect(answer.headers.get('Content-Disposition')).toMatch(
      /^attachment; filename="workers-S[0-9A-Za-z]{34}-\d{4}-\d\d-\d\d\.csv"$/,
    )
  })

  test('in the event stream: none begins an event of its own', async () => {
    const stream = await ask(house, '/api/v1/events')
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!/event: block\n/.test(text)) {
      const part = await reader?.read()
      if (part === undefined || part.done) break
      text += part.value
      if (!/event: block\n/.test(text)) await rig.submit(await rig.find('block'))
    }
    await reader?.cancel()
    expect(text).toContain('event: block\n')
    for (const line of text.split('\n'))
      expect(line).toMatch(/^(retry: 3000|event: [a-z]+|id: \d+|data: [{n].*|)$/)
    expect(text).not.toContain('"forged":true}\n\n')
  })

  test('in a webhook: the body is what the ledger has, and no header comes from it', async () => {
    const found = house.events('BlockFound').find(({ data }) => data.worker?.includes('img'))
    await poll(() => told.some(({ body }) => JSON.parse(body).block === found?.stream.slice(6))).toBe(true)
    const messages = told.map(({ body }) => JSON.parse(body))
    expect(messages.filter(({ type }) => type === 'BlockFound').map(({ data }) => data)).toContainEqual(
      found?.data,
    )
    expect(JSON.stringify(told.map(({ headers }) => headers))).not.toMatch(/script|alert|Set-Cookie/)
  })

  test('on a terminal: no line of the log and of the narration moves a cursor', () => {
    const view = house.events('BlockFound').map(({ stream }) => house.pool.readModels.block(stream.slice(6)))
    const lines = view.flatMap((block) =>
      E.isRight(block) && block.right !== undefined
        ? [blockLine({ ...block.right, state: 'found' }, undefined)]
        : [],
    )
    expect(lines.length).toBeGreaterThan(2)
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]+$/)
    const time = new Date().toISOString()
    for (const name of HOSTILE_NAMES) {
      const err = { message: name, stack: `Error: ${name}\n    at x` }
      const line = textLine(
        JSON.stringify({ level: 'warn', time, msg: name, agent: name, list: [name], err }),
      )
      expect(line.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
    }
  })

  test('on a terminal: the list of connections of the command line', async () => {
    const listed = await lodebook(['admin', 'connections', '--pool.data_directory', house.directory], {
      directory: house.directory,
    })
    expect([listed.code, listed.stderr]).toEqual([0, ''])
    expect(listed.stdout).toContain('<script>attacked=1;alert(1)</script>')
    expect(listed.stdout.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
  })
})

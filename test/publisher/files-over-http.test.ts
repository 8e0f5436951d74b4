import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import { runningExample } from '../adapters/http/running.ts'
import { temporaryDirectory } from '../support/running-pool.ts'
import { inBatches, someEvents } from './events.ts'
import { right } from './running-publisher.ts'
import { exampleKey } from './small-log.ts'

const root = temporaryDirectory()
const folder = join(root, 'ledger')
let note = ''

beforeAll(async () => {
  writeFileSync(join(root, 'secret'), 'nobody may read this')
  note = right(
    await publishAll(inBatches(someEvents(600), 100), folder, exampleKey('pool.example.com/ledger'))(),
  ).note
})

const served = () =>
  runningExample((example) => {
    example.ledger = ledgerFolder(folder)
  })

const LONG = 'public, max-age=31536000, immutable'

test.each([
  ['checkpoint', 'text/plain; charset=utf-8', 'no-cache'],
  ['tile/0/000', 'application/octet-stream', LONG],
  ['tile/0/002.p/88', 'application/octet-stream', 'public, max-age=3600'],
  ['tile/1/000.p/2', 'application/octet-stream', 'public, max-age=3600'],
  ['tile/entries/001', 'application/octet-stream', LONG],
  ['tile/entries/002.p/88', 'application/octet-stream', 'public, max-age=3600'],
])(
  '%s has its type, says how long it may be kept, and is open to every origin',
  async (path, type, cache) => {
    const pool = await served()
    const response = await pool.get(`/ledger/${path}`, { headers: { Origin: 'https://elsewhere.example' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(type)
    expect(response.headers.get('cache-control')).toBe(cache)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const etag = response.headers.get('etag') ?? ''
    expect(etag).toMatch(/^W\/"\S{22}"$/)
    const again = await pool.get(`/ledger/${path}`, { headers: { 'If-None-Match': etag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    const head = await pool.get(`/ledger/${path}`, { method: 'HEAD' })
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, ''])
  },
)

test('the bytes are those of the files', async () => {
  const pool = await served()
  expect(await (await pool.get('/ledger/checkpoint')).text()).toBe(note)
  const tile = await (await pool.get('/ledger/tile/0/000')).bytes()
  expect(Buffer.compare(tile, right(await ledgerFolder(folder).tile(0, 0, 256)()))).toBe(0)
})

test('bundles come compressed to whoever takes that, and plain to others', async () => {
  const pool = await served()
  const ask = (headers: Record<string, string>) =>
    new Promise<{ encoding: string | undefined; bytes: Buffer }>((resolve, reject) => {
      request(`${pool.server.url}/ledger/tile/entries/000`, { headers }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () =>
          resolve({ encoding: answer.headers['content-encoding'], bytes: Buffer.concat(parts) }),
        )
      })
        .on('error', reject)
        .end()
    })
  const plain = await ask({})
  const zipped = await ask({ 'Accept-Encoding': 'gzip, identity' })
  expect([plain.encoding, zipped.encoding]).toEqual([undefined, 'gzip'])
  expect(Buffer.compare(gunzipSync(zipped.bytes), plain.bytes)).toBe(0)
  expect(zipped.bytes.length).toBeLessThan(plain.bytes.length / 2)
})

describe('there is nothing but a ledger', () => {
  test.each([
    'tile/0/003',
    'tile/0/002.p/89',
    'tile/7/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/00',
    'tile/00/000',
    'tile/entries',
    'tile/0/x000/000',
    '..%2fsecret',
    'tile/0/..%2f..%2f..%2fsecret',
    'tile/0/%2e%2e/%2e%2e/%2e%2e/secret',
    'checkpoint.new',
    'checkpoint/',
    'checkpoint%00',
    '',
  ])('at /ledger/%s', async (path) => {
    const pool = await served()
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      request(pool.server.url, { path: `/ledger/${path}` }, (response) => {
        let text = ''
        response.on('data', (part) => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode, text }))
      })
        .on('error', reject)
        .end()
    })
    expect(answer.status).toBe(404)
    expect(answer.text).toContain('here is nothing here')
    expect(answer.text).not.toContain('nobody may read this')
  })

  test('and it can only be read', async () => {
    const pool = await served()
    const response = await pool.get('/ledger/checkpoint', { method: 'POST' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('before the first checkpoint', async () => {
    const pool = await runningExample((example) => {
      example.ledger = ledgerFolder(join(root, 'not-yet'))
    })
    const response = await pool.get('/ledger/checkpoint')
    expect(await response.json()).toMatchObject({
      status: 404,
      detail: 'Nothing is signed yet. Ask again in a second.',
    })
  })
})

import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashPassword } from '../../adapters/http/admin/password.ts'
import { PoolAnswer } from '../../adapters/http/api/answers.ts'
import { type Route, routes } from '../../adapters/http/api/catalogue.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { address, easyChain, type House, stopHouses } from '../support/house.ts'
import { ask, attackedPool, mineWithHostileNames, settled, talk } from './attacked-pool.ts'

/** Requests that are attacks, against a real pool with a history, over real sockets. */

let devnet: Devnet
let house: House
beforeAll(async () => {
  devnet = await easyChain()
  house = await attackedPool(devnet, { admin: { passwordHash: await hashPassword('correct horse battery') } })
  const rig = await mineWithHostileNames(house)
  await rig.client.close()
  await settled(house)
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const statusOf = async (path: string, init?: RequestInit): Promise<number> => {
  const response = await ask(house, path, init)
  await response.arrayBuffer()
  return response.status
}

/** Every place of a request that a visitor fills, with a text put into it; the other places hold what is right. */
function placesFor(text: string): readonly string[] {
  const hostile = encodeURIComponent(text)
  const good: Readonly<Record<string, string>> = {
    ...{
      address: address(1),
      account: address(1),
      hash: '00'.repeat(32),
      number: '0',
      entry: '0',
      position: '0',
    },
    ...{ job: '000000000001', nonce: '00000000', from: '0', to: '60000', step: '600', limit: '5' },
  }
  const api = Object.values<Route>(routes).flatMap(({ path, parameters }) =>
    parameters
      .filter((parameter) => parameter.in !== 'header')
      .map(({ name }) => {
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, part) =>
          part === name ? hostile : (good[part] ?? ''),
        )
        return `/api/v1${filled}${path.includes(`{${name}}`) ? '' : `?${name}=${hostile}`}`
      }),
  )
  return [
    ...api,
    `/api/v1/hashrate?account=${address(1)}&worker=${hostile}`,
    `/search?q=${hostile}`,
    `/?range=${hostile}`,
    ...['sort', 'order', 'cursor'].flatMap((name) =>
      ['/miners', '/blocks', '/payments'].map((path) => `${path}?${name}=${hostile}`),
    ),
    ...['address', 'worker', 'd', 'port'].map((name) => `/connect?${name}=${hostile}`),
    ...['/miners/', '/blocks/', '/payments/', '/ledger-entries/', '/shares/0/'].map((path) => path + hostile),
    `/miners/${hostile}/worker?name=rig`,
    `/miners/${address(1)}?range=${hostile}`,
    `/miners/${address(1)}/worker?name=${hostile}`,
    `/miners/${hostile}/blocks.atom`,
    `/miners/${hostile}/payments.atom`,
    `/ledger-entries?before=${hostile}`,
    `/${hostile}`,
  ]
}

/** What a place may answer to nonsense: nothing found, not understood, or the page as if it had not been asked. */
const CALM = [200, 302, 400, 404]

/** Asks at every place and tells of those that lose their calm. */
async function uncalm(text: string, isWrong: (answer: Response, body: string) => boolean = () => false) {
  const found: string[] = []
  for (const path of placesFor(text)) {
    const answer = await ask(house, path, { signal: AbortSignal.timeout(5_000) })
    if (path.startsWith('/api/v1/events') && answer.status === 200) {
      await answer.body?.cancel()
      continue
    }
    const body = await answer.text()
    if (!CALM.includes(answer.status) || isWrong(answer, body)) found.push(`${path}: ${answer.status}`)
  }
  return found
}

describe('attack: SQL injection in every parameter and path', () => {
  test.each([
    "' OR '1'='1",
    "'; DROP TABLE account; --",
    '" UNION SELECT sql FROM sqlite_master --',
    "1' AND (SELECT count(*) FROM sqlite_master, sqlite_master, sqlite_master, sqlite_master) > 0 --",
    '1) OR 1=1 --',
    '%',
    '_',
    '*',
    '[a-z]*',
    '\\',
    '?1',
    ':name',
    '9223372036854775808',
    '-1',
    '1e999',
    '\u0000',
  ])('%j', async (text) => {
    const counts = await countsOf(house)
    expect(
      await uncalm(text, (_, body) =>
        /CREATE TABLE|SQLITE_|near ".*": syntax error|no such column/.test(body),
      ),
    ).toEqual([])
    expect(await countsOf(house)).toEqual(counts)
  })

  test('a search for what stands for anything finds nothing', async () => {
    for (const text of ['%', '_', '*', '?', '%%%%%%%%', '______', "' OR '1'='1"]) {
      const page = await (await ask(house, `/search?q=${encodeURIComponent(text)}`)).text()
      expect(page).toContain('Nothing here is called')
    }
  })
})

/** What the read models count, and would not if something had been dropped. */
async function countsOf(of: House) {
  const { shares, blocks } = await of.api('pool', PoolAnswer)
  return [shares.accepted, blocks]
}

describe('attack: header injection', () => {
  test.each([
    'x\r\nSet-Cookie: owned=1',
    'x\nX-Owned: 1\n\n<script>',
    'x"; filename="evil.exe',
    '>; rel="owned", <https://evil.example',
    '\u560d\u560aSet-Cookie: owned=1',
    '\u00ff\u2028',
  ])('%j, in what is echoed in headers', async (text) => {
    expect(
      await uncalm(text, ({ headers }) => {
        const all = [...headers].flat().join(' ')
        return (
          headers.has('Set-Cookie') || headers.has('X-Owned') || /owned=1|evil\.exe|https:\/\/evil/.test(all)
        )
      }),
    ).toEqual([])
  })

  test('the names of downloads and the address of the next page come from the pool alone', async () => {
    const evil = encodeURIComponent('>; rel="owned"\r\nX-Owned: 1')
    const answer = await ask(house, `/api/v1/blocks?limit=1&format=csv`)
    expect(answer.headers.get('Content-Disposition')).toMatch(
      /^attachment; filename="blocks-\d{4}-\d\d-\d\d\.csv"$/,
    )
    expect(answer.headers.get('Link')).toMatch(
      /^<\/api\/v1\/blocks\?limit=1&format=csv&cursor=[\w%]+>; rel="next"$/,
    )
    expect(await statusOf(`/api/v1/blocks?limit=1&evil=${evil}`)).toBe(400)
  })
})

describe('attack: open redirect from /search', () => {
  test.each([
    '//evil.example',
    'https://evil.example/',
    '/\\evil.example',
    'javascript:alert(1)',
    '0:0/../../../evil.example',
    '@evil.example',
    '1:1@evil.example',
    '\t//evil.example',
    '000000000001/00000000',
  ])('%j', async (text) => {
    const answer = await ask(house, `/search?q=${encodeURIComponent(text)}`)
    await answer.arrayBuffer()
    expect(answer.headers.get('Location') ?? '/').toMatch(/^\/(?![/\\])/)
    expect(answer.headers.get('Location') ?? '').not.toContain('evil')
  })

  test('a worker called like another place leads to that worker', async () => {
    const names = ['../../../../etc/passwd', '__proto__']
    for (const name of names) {
      const answer = await ask(house, `/search?q=${encodeURIComponent(name)}`)
      expect(answer.headers.get('Location')).toBe(
        `/miners/${address(1)}/worker?name=${encodeURIComponent(name)}`,
      )
    }
  })
})

describe('attack: path traversal', () => {
  const ups = [
    '../lodebook.db',
    '..%2flodebook.db',
    '..%5clodebook.db',
    '%2e%2e/lodebook.db',
    '%252e%252e%252flodebook.db',
    '....//lodebook.db',
    '..;/lodebook.db',
    '..\\lodebook.db',
    'tile/entries/..%00/../../lodebook.db',
    'tile/0/x001/..%2f..%2f..%2f..%2flodebook.db',
    '%c0%ae%c0%ae%c0%aflodebook.db',
    'checkpoint%00.db',
    'checkpoint/../../ledger.key',
    '/etc/passwd',
    'file:///etc/passwd',
  ]
  test.each(ups)('%s, below /ledger/ and /assets/', async (up) => {
    const page = await (await ask(house, '/')).text()
    const [root = ''] = /\/assets\/[0-9a-f]{16}\//.exec(page) ?? []
    expect(root).not.toBe('')
    for (const folder of ['/ledger/', '/assets/', root, '/', '/feeds/', '/admin/backups/']) {
      // Written by hand: fetch would resolve it before it is sent.
      const answer = await talk(
        house.pool.httpUrl,
        `GET ${folder}${up} HTTP/1.1\r\nHost: pool.example\r\nConnection: close\r\n\r\n`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 (400|404|303) /)
      expect(answer).not.toMatch(/SQLite format 3|PRIVATE KEY|root:x:/)
    }
  })
})

describe('attack: prototype keys', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'])(
    '%s, as every parameter and as a name of one',
    async (key) => {
      expect(await uncalm(key)).toEqual([])
      for (const path of ['/', '/miners', '/connect', '/search', '/api/v1/pool', '/api/v1/miners'])
        expect(CALM).toContain(await statusOf(`${path}?${key}=1&${key}[x]=2&${key}.y=3`))
      expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    },
  )
})

describe('attack: regular expressions that blow up', () => {
  test.each([
    'a'.repeat(128),
    `${'a'.repeat(64)}!`,
    `${'0'.repeat(127)}x`,
    `${'1'.repeat(60)}:${'1'.repeat(60)}x`,
    '['.repeat(128),
    `${' '.repeat(10_000)}x`,
    `${'.'.repeat(4_000)}`,
    '%'.repeat(3_000),
    `${'ab/'.repeat(2_000)}`,
    '\u{1f600}'.repeat(64),
  ])('%#: an answer in a moment', async (text) => {
    const begun = performance.now()
    const answer = await ask(house, `/search?q=${encodeURIComponent(text)}`)
    await answer.text()
    expect([200, 302, 431]).toContain(answer.status)
    expect(performance.now() - begun).toBeLessThan(2_000)
  })
})

describe('attack: oversized requests', () => {
  const post = 'POST /api/v1/pool HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n'

  test('an address of 20 000 characters, a thousand parameters, a thousand headers, one header of 20 000 characters', async () => {
    const headers = Array.from({ length: 3_000 }, (_, n) => `X-${n}: 1\r\n`).join('')
    const parameters = Array.from({ length: 2_000 }, (_, n) => `p${n}=1`).join('&')
    const bytes = [
      `GET /search?q=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'x'.repeat(20_000)}\r\nConnection: close\r\n\r\n`,
    ]
    for (const each of bytes) expect(await talk(house.pool.httpUrl, each)).toMatch(/^HTTP\/1\.1 431 /)
    const many = `GET /api/v1/pool?${parameters} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
    expect(await talk(house.pool.httpUrl, many)).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('a body of a gigabyte where none is read: it is refused before it has come, and not kept', async () => {
    const before = process.memoryUsage().rss
    const answer = await talk(house.pool.httpUrl, post + 'x'.repeat(20_000_000), 2_000)
    expect(answer).toMatch(/^HTTP\/1\.1 405 /)
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
    expect(await statusOf('/healthz')).toBe(200)
  })

  test('a body that comes with a GET changes nothing', async () => {
    const get = 'GET /api/v1/pool HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello'
    expect(await talk(house.pool.httpUrl, get)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('attack: compressed bombs', () => {
  test('a small form that would unpack to 100 MB is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(7_000_000, 'token='), { level: 9 })
    const origin = house.pool.httpUrl ?? ''
    const before = process.memoryUsage().rss
    const answer = await ask(house, '/admin/login', {
      method: 'POST',
      headers: {
        ...{ Origin: origin, 'Sec-Fetch-Site': 'same-origin', 'Content-Encoding': 'gzip' },
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: new Uint8Array(bomb.subarray(0, 8_000)),
    })
    await answer.text()
    expect(answer.status).toBe(403)
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })
})

describe('attack: request smuggling', () => {
  const smuggled = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
  test.each([
    ['both lengths', 'Content-Length: 40\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`],
    ['two lengths', 'Content-Length: 0\r\nContent-Length: 39', smuggled],
    ['a length with a sign', 'Content-Length: +0', smuggled],
    ['a length in hex', 'Content-Length: 0x0', smuggled],
    ['chunked, hidden', 'Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`],
    ['chunked by a space before the colon', 'Transfer-Encoding : chunked', `0\r\n\r\n${smuggled}`],
    ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `0\r\n\r\n${smuggled}`],
    ['a folded header', 'X: 1\r\n Content-Length: 39', smuggled],
    ['a line that ends with LF alone', 'X: 1\nContent-Length: 39', smuggled],
    ['a chunk of no size', 'Transfer-Encoding: chunked', `x\r\n\r\n${smuggled}`],
    ['a NUL in a header', 'X: \u0000', smuggled],
  ])('%s: one answer, that it is a bad request, and the end', async (_, header, rest) => {
    const bytes = `POST /api/v1/pool HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n${rest}`
    const answer = await talk(house.pool.httpUrl, bytes, 3_000)
    expect(answer).not.toContain('"alive":true')
    expect(answer.match(/HTTP\/1\.1 \d+/g)?.at(-1)).toBe('HTTP/1.1 400')
  })
})

describe('attack: poisoning by Host and X-Forwarded-Host', () => {
  const pages = [
    '/',
    '/miners',
    '/ledger',
    '/connect',
    '/feeds/blocks.atom',
    '/search?q=x',
    '/api',
    '/api/v1/pool',
    '/api/v1/openapi.json',
    '/nowhere',
  ]

  test.each(pages)(
    '%s never names a forwarded host, and its own only where no cache may keep it',
    async (path) => {
      const request = [
        `GET ${path} HTTP/1.1`,
        ...['Host: poison.example', 'X-Forwarded-Host: evil.example', 'X-Host: evil.example'],
        ...[
          'X-Original-URL: /evil.example',
          'Forwarded: host=evil.example',
          'X-Forwarded-Proto: evil.example',
        ],
        'Connection: close',
      ].join('\r\n')
      const answer = await talk(house.pool.httpUrl, `${request}\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 (200|404) /)
      expect(answer).not.toContain('evil.example')
      if (answer.includes('poison.example'))
        expect(answer.toLowerCase()).toMatch(/cache-control: no-(cache|store)\r\n/)
      // Nothing of it is remembered for others.
      expect(await (await ask(house, path)).text()).not.toContain('poison.example')
    },
  )

  test.each([
    '"><script>alert(1)</script>',
    "x' onload=alert(1)",
    'a b',
    'x\u0000',
    'x@evil.example',
    'x/..',
    '',
  ])('a Host like %j is a bad request', async (host) => {
    const answer = await talk(
      house.pool.httpUrl,
      `GET /feeds/blocks.atom HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).not.toContain('<script>')
  })
})

describe('attack: odd methods and protocols', () => {
  test.each(['TRACE', 'CONNECT', 'PROPFIND', 'POST', 'PUT', 'DELETE', 'PATCH'])('%s', async (method) => {
    const bytes = `${method} /api/v1/pool HTTP/1.1\r\nHost: x\r\nCookie: secret=1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
    const answer = await talk(house.pool.httpUrl, bytes, 2_000)
    expect(answer).not.toContain('secret=1')
    expect(answer).not.toMatch(/^HTTP\/1\.1 (200|5\d\d)/)
  })

  test('an upgrade to a web socket or to HTTP/2 is not taken', async () => {
    for (const protocol of ['websocket', 'h2c']) {
      const bytes = `GET /api/v1/pool HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`
      expect(await talk(house.pool.httpUrl, bytes, 2_000)).not.toMatch(/^HTTP\/1\.1 101/)
    }
    expect(await statusOf('/healthz')).toBe(200)
  })
})

describe('attack: on the real pool’s administrator', () => {
  test('forged cookies open nothing', async () => {
    for (const cookie of [
      'lodebook-admin=x',
      '__Host-lodebook-admin=x',
      `__Host-lodebook-admin=${'A'.repeat(43)}`,
      '__Host-lodebook-admin=__proto__; lodebook-admin=constructor',
    ]) {
      const answer = await ask(house, '/admin', { headers: { Cookie: cookie } })
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/admin/login'])
    }
  })

  test('a post of another site orders nothing', async () => {
    const body = new URLSearchParams({ order: 'ban-account', miner: address(1) })
    for (const Origin of ['https://evil.example', 'null'])
      expect(await statusOf('/admin/orders', { method: 'POST', headers: { Origin }, body })).toBe(403)
    expect(house.events('AdministratorActed')).toEqual([])
  })
})

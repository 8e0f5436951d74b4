import { Agent, get } from 'node:https'
import { connect } from 'node:net'
import * as E from 'fp-ts/lib/Either.js'
import { generate } from 'selfsigned'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type HttpOptions, startHttp } from '../../../adapters/http/server.ts'
import { poolExample } from './pool-example.ts'
import { runningExample } from './running.ts'

const optionsWith = (change: Partial<HttpOptions>): HttpOptions => ({
  ...poolExample(1_790_000_000_000).options(),
  ...change,
})

/** Sends bytes and reads until the server ends the connection or has answered. */
const talk = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => {
      answer += chunk
      socket.end()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

describe('starting', () => {
  test('on a port that is in use fails with a sentence', async () => {
    const pool = await runningExample()
    const port = Number(new URL(pool.server.url).port)
    const second = await startHttp(optionsWith({ port }))()
    expect(second).toEqual(
      E.left({
        kind: 'port-in-use',
        message: `The dashboard cannot use 127.0.0.1:${port}: another program has this port. Stop it or choose another port.`,
      }),
    )
  })

  test.each([
    ['an address of another machine', { host: '203.0.113.9' }, 'no-such-address'],
    ['a certificate that is none', { tls: { certificate: 'x', key: 'y' } }, 'bad-certificate'],
  ] as const)('with %s fails with a sentence', async (_, change, kind) => {
    const started = await startHttp(optionsWith(change))()
    if (E.isRight(started)) throw new Error('it started')
    expect(started.left.kind).toBe(kind)
    expect(started.left.message).toMatch(/\.$/)
  })

  test('with a certificate speaks TLS and says so to browsers', async () => {
    const pair = await generate([{ name: 'commonName', value: 'pool.example' }])
    const started = await startHttp(optionsWith({ tls: { certificate: pair.cert, key: pair.private } }))()
    if (E.isLeft(started)) throw new Error(started.left.message)
    onTestFinished(() => started.right.stop())
    expect(started.right.url).toMatch(/^https:/)
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      const agent = new Agent({ rejectUnauthorized: false })
      get(`${started.right.url}/`, { agent }, (response) => {
        response.resume()
        resolve(response.headers)
      }).on('error', reject)
    })
    expect(headers['strict-transport-security']).toMatch(/^max-age=/)
  })
})

describe('stopping', () => {
  test('cuts a request that does not end, within seconds', async () => {
    const pool = await runningExample()
    const socket = connect(Number(new URL(pool.server.url).port), '127.0.0.1')
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => {})
    await new Promise((resolve) => socket.on('connect', resolve))
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
    await pool.get('/healthz')
    const begun = performance.now()
    await pool.server.stop()
    await closed
    expect(performance.now() - begun).toBeLessThan(4000)
  })

  test('twice is the same as once, and the port is free after it', async () => {
    const pool = await runningExample()
    await Promise.all([pool.server.stop(), pool.server.stop()])
    const again = await startHttp(optionsWith({ port: Number(new URL(pool.server.url).port) }))()
    if (E.isLeft(again)) throw new Error(again.left.message)
    await again.right.stop()
  })
})

describe('what every answer has', () => {
  test.each([
    '/',
    '/connect',
    '/payments',
    '/api',
    '/api/v1/pool',
    '/healthz',
    '/metrics',
    '/nowhere',
    '/api/v1/nowhere',
  ])('%s has its security headers', async (path) => {
    const pool = await runningExample()
    const { headers } = await pool.get(path)
    const policy = headers.get('Content-Security-Policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("style-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Strict-Transport-Security')).toBeNull()
    expect(headers.get('X-Powered-By')).toBeNull()
  })

  test('a fault of our own is told to the operator, not to the visitor', async () => {
    const pool = await runningExample((example) => {
      Object.assign(example.readModels, {
        miners: () => {
          throw new Error('secret detail')
        },
      })
    })
    const response = await pool.get('/api/v1/miners')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(pool.reported).toEqual([new Error('secret detail')])
  })

  test.each([
    ['no Host', 'GET / HTTP/1.0\r\n\r\n'],
    ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a b<c>\r\n\r\n'],
    ['something else than HTTP', '{"id":1,"method":"mining.subscribe","params":[]}\n\n'],
  ])('%s is a bad request', async (_, bytes) => {
    const pool = await runningExample()
    expect(await talk(Number(new URL(pool.server.url).port), bytes)).toMatch(/^HTTP\/1.1 400 /)
    expect((await pool.get('/healthz')).status).toBe(200)
  })

  test('long headers are refused', async () => {
    const pool = await runningExample()
    const bytes = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`
    expect(await talk(Number(new URL(pool.server.url).port), bytes)).toMatch(/^HTTP\/1.1 431 /)
  })
})

describe('behind a proxy', () => {
  test('visitors are told apart by the address that the proxy wrote', async () => {
    const started = await startHttp(optionsWith({ behindProxy: true }))()
    if (E.isLeft(started)) throw new Error(started.left.message)
    onTestFinished(() => started.right.stop())
    const left = async (forwarded: string): Promise<string | null> =>
      (await fetch(`${started.right.url}/readyz`, { headers: { 'X-Forwarded-For': forwarded } })).headers.get(
        'RateLimit',
      )
    expect(await left('203.0.113.1')).toContain('r=119')
    expect(await left('198.51.100.9, 203.0.113.1')).toContain('r=118')
    expect(await left('203.0.113.1, 203.0.113.2')).toContain('r=119')
  })

  test('but without one nobody can choose his own', async () => {
    const pool = await runningExample()
    const left = async (forwarded: string): Promise<string | null> =>
      (await pool.get('/readyz', { headers: { 'X-Forwarded-For': forwarded } })).headers.get('RateLimit')
    expect(await left('203.0.113.1')).toContain('r=119')
    expect(await left('203.0.113.2')).toContain('r=118')
  })
})

describe('static files', () => {
  test('have addresses with a hash, are kept for ever, and come compressed', async () => {
    const pool = await runningExample()
    const page = await (await pool.get('/')).text()
    const files = [...page.matchAll(/(?:href|src)="(\/assets\/[0-9a-f]{16}\/[^"]+)"/g)].map(
      (match) => match[1] ?? '',
    )
    expect(files.map((file) => file.split('/').at(-1)).sort()).toEqual([
      'chart.js',
      'live.js',
      'mark.svg',
      'styles.css',
      'uplot.css',
      'uplot.js',
    ])
    for (const file of files) {
      const response = await pool.get(file)
      expect(response.status).toBe(200)
      expect(response.headers.get('Cache-Control')).toBe('public, max-age=31536000, immutable')
      expect(response.headers.get('Content-Encoding')).toBe('gzip')
      expect((await response.text()).length).toBeGreaterThan(100)
      const plain = await pool.get(file, { headers: { 'Accept-Encoding': 'identity' } })
      expect(plain.headers.get('Content-Encoding')).toBeNull()
    }
    expect((await pool.get(`${files[0]?.replace(/[^/]+$/, '')}..%2f..%2fserver.ts`)).status).toBe(404)
    expect((await pool.get('/assets/0000000000000000/live.js')).status).toBe(404)
  })
})

import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { type Route, routes } from '../../../adapters/http/api/catalogue.ts'
import { apiClient } from '../../../adapters/http/api/client.ts'
import { CSV_ROWS_MAX } from '../../../adapters/http/api/csv-answers.ts'
import { encodeAddress } from '../../../domain/decred/address.ts'
import { networks } from '../../../domain/decred/network.ts'
import { exampleAddress, exampleHash, HOSTILE_NAME } from './pool-example.ts'
import { type RunningExample, runningExample } from './running.ts'

const Problem = t.intersection([
  t.type({ type: t.string, title: t.string, status: t.number, detail: t.string }),
  t.partial({ parameter: t.string }),
])

/** Checks that an answer is a problem of this kind, and gives it back. */
async function problemOf(
  response: Response,
  status: number,
  kind: string,
): Promise<t.TypeOf<typeof Problem>> {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  const problem = Problem.decode(await response.json())
  if (E.isLeft(problem)) throw new Error('not a problem')
  expect([response.status, problem.right.status]).toEqual([status, status])
  expect(problem.right.type).toBe(`/api#problem-${kind}`)
  expect(problem.right.detail).toMatch(/[.]$/)
  return problem.right
}

const address = exampleAddress(0)
const script = encodeAddress('script-hash', new Uint8Array(20).fill(7), networks.mainnet)

/** Every route that answers JSON, with an address that works. */
const good: readonly (readonly [string, Route])[] = [
  ['/pool', routes.pool],
  ['/miners', routes.miners],
  ['/miners?limit=3', routes.miners],
  [`/miners/${address}`, routes.miner],
  [`/miners/${address}/workers`, routes.workers],
  ['/blocks', routes.blocks],
  [`/blocks?account=${address}`, routes.blocks],
  [`/blocks/${exampleHash(3)}`, routes.block],
  [`/miners/${address}/earnings`, routes.earnings],
  [`/miners/${address}/payments?limit=5`, routes.minerPayments],
  [`/miners/${address}/statement`, routes.statement],
  [`/blocks/${exampleHash(3)}/allocation?limit=10`, routes.allocation],
  ['/payments', routes.payments],
  ['/payments/6', routes.payment],
  ['/policy', routes.policy],
  ['/books', routes.books],
  ['/hashrate', routes.hashrate],
  ['/hashrate?from=1789990000000&to=1790000000000&step=60', routes.hashrate],
  [`/hashrate?account=${address}&worker=rig1`, routes.hashrate],
]

describe('every route', () => {
  test.each(good)('%s answers as its codec says, with an ETag, for any origin', async (path, route) => {
    const pool = await runningExample()
    const response = await pool.get(`/api/v1${path}`, { headers: { Origin: 'https://elsewhere.example' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(response.headers.get('Cache-Control')).toBe('no-cache')
    const decoded = route.answer?.decode(await response.json())
    expect(decoded !== undefined && E.isRight(decoded)).toBe(true)

    const tag = response.headers.get('ETag') ?? ''
    expect(tag).toMatch(/^W\/"[0-9a-f]+"$/)
    const again = await pool.get(`/api/v1${path}`, { headers: { 'If-None-Match': tag } })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    expect(again.headers.get('ETag')).toBe(tag)
  })

  test('an ETag changes with the answer', async () => {
    const pool = await runningExample()
    const tag = (await pool.get('/api/v1/miners')).headers.get('ETag') ?? ''
    pool.miners.pop()
    expect((await pool.get('/api/v1/miners', { headers: { 'If-None-Match': tag } })).status).toBe(200)
  })

  test.each(good)('%s refuses what it does not know', async (path) => {
    const pool = await runningExample()
    const problem = await problemOf(
      await pool.get(`/api/v1${path}${path.includes('?') ? '&' : '?'}colour=red`),
      400,
      'bad-parameter',
    )
    expect(problem.parameter).toBe('colour')
  })

  test.each(good)('%s says so when the read models are away, and tells the operator why', async (path) => {
    const pool = await runningExample((example) => {
      example.fault = E.left({ kind: 'damaged', message: '/secret/path is damaged' })
    })
    const problem = await problemOf(await pool.get(`/api/v1${path}`), 503, 'unavailable')
    expect(problem.detail).not.toContain('secret')
    expect(pool.reported).toEqual([{ kind: 'damaged', message: '/secret/path is damaged' }])
  })

  test.each(good)('%s answers HEAD without a body, and CORS preflight', async (path) => {
    const pool = await runningExample()
    const head = await pool.get(`/api/v1${path}`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const preflight = await pool.get(`/api/v1${path}`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'GET' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('Access-Control-Allow-Methods')).toBe('GET,HEAD')
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('cannot be used with %s', async (method) => {
    const pool = await runningExample()
    const response = await pool.get('/api/v1/pool', { method })
    expect(response.headers.get('Allow')).toBe('GET, HEAD')
    await problemOf(response, 405, 'method-not-allowed')
  })

  test('that does not exist is a problem', async () => {
    const pool = await runningExample()
    await problemOf(await pool.get('/api/v1/coins'), 404, 'not-found')
    await problemOf(await pool.get('/api/v2/pool'), 404, 'not-found')
    await problemOf(await pool.get('/api/v1/coins', { method: 'POST' }), 404, 'not-found')
  })
})

describe('pages of other origins', () => {
  const Origin = 'https://elsewhere.example'

  test('may read problems too, and the headers that say how to go on', async () => {
    const pool = await runningExample()
    for (const path of ['/api/v1/blocks?limit=0', '/api/v1/coins', '/api/v2/pool']) {
      const response = await pool.get(path, { headers: { Origin } })
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    }
    const posted = await pool.get('/api/v1/pool', { method: 'POST', headers: { Origin } })
    expect([posted.status, posted.headers.get('Access-Control-Allow-Origin')]).toEqual([405, '*'])
    for (let i = 0; i < 120; i++) await pool.get('/api/v1/pool', { method: 'HEAD' })
    const refused = await pool.get('/api/v1/pool', { headers: { Origin } })
    expect([refused.status, refused.headers.get('Access-Control-Allow-Origin')]).toEqual([429, '*'])
    expect(refused.headers.get('Access-Control-Expose-Headers')?.split(',')).toEqual(
      expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After', 'ETag', 'Link']),
    )
  })

  test('may ask with If-None-Match after one preflight, which costs no request of the limit', async () => {
    const pool = await runningExample()
    for (let i = 0; i < 150; i++) {
      const preflight = await pool.get('/api/v1/pool', {
        method: 'OPTIONS',
        headers: {
          Origin,
          'Access-Control-Request-Method': 'GET',
          'Access-Control-Request-Headers': 'if-none-match',
        },
      })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('Access-Control-Allow-Headers')).toBe('if-none-match')
      expect(preflight.headers.get('Access-Control-Max-Age')).toBe('7200')
    }
    expect((await pool.get('/api/v1/pool', { headers: { Origin } })).status).toBe(200)
  })

  test('are told nothing by the pages for people, and may send no cookie', async () => {
    const pool = await runningExample()
    for (const path of ['/', '/metrics', '/readyz'])
      expect(
        (await pool.get(path, { headers: { Origin } })).headers.get('Access-Control-Allow-Origin'),
      ).toBeNull()
    const answer = await pool.get('/api/v1/pool', { headers: { Origin } })
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull()
  })
})

describe('addresses', () => {
  const mainnet = networks.mainnet
  const twenty = new Uint8Array(20).fill(9)
  const key = Uint8Array.from([2, ...new Uint8Array(32).fill(5)])
  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['nonsense', 'not0an1address', /address/i],
    ['a wrong checksum', `${address.slice(0, -1)}${address.endsWith('z') ? 'y' : 'z'}`, /./],
    ['one of testnet', encodeAddress('public-key-hash-ecdsa', twenty, networks.testnet3), /testnet|network/i],
    ['a Schnorr key hash', encodeAddress('public-key-hash-schnorr', twenty, mainnet), /Ds|Dc/],
    ['an Ed25519 key hash', encodeAddress('public-key-hash-ed25519', twenty, mainnet), /Ds|Dc/],
    ['a public key', encodeAddress('public-key-ecdsa', key, mainnet), /Ds|Dc/],
    ['a long text', 'D'.repeat(4000), /./],
  ]
  test.each(bad)('%s is refused everywhere, in words', async (_, text, words) => {
    const pool = await runningExample()
    for (const path of [
      `/miners/${text}`,
      `/miners/${text}/workers`,
      `/blocks?account=${text}`,
      `/hashrate?account=${text}`,
    ]) {
      const problem = await problemOf(await pool.get(`/api/v1${path}`), 400, 'bad-address')
      expect(problem.detail).toMatch(words)
      expect(problem.detail).not.toContain(text)
    }
  })

  test('a payable one that never mined here is not found', async () => {
    const pool = await runningExample()
    await problemOf(await pool.get(`/api/v1/miners/${script}`), 404, 'not-found')
    await problemOf(await pool.get(`/api/v1/miners/${script}/workers`), 404, 'not-found')
    await problemOf(await pool.get(`/api/v1/hashrate?account=${script}`), 404, 'not-found')
    expect(await (await pool.get(`/api/v1/blocks?account=${script}`)).json()).toEqual({
      items: [],
      next: null,
    })
  })

  test('an account id will do as well', async () => {
    const pool = await runningExample()
    const id = pool.miners[0]?.account
    expect((await pool.get(`/api/v1/miners/${id}`)).status).toBe(200)
    await problemOf(await pool.get(`/api/v1/miners/${'ab'.repeat(32)}`), 404, 'not-found')
  })
})

describe('parameters', () => {
  test.each([
    ['/miners?limit=0', 'limit'],
    ['/miners?limit=101', 'limit'],
    ['/miners?limit=ten', 'limit'],
    ['/miners?limit=1e1', 'limit'],
    ['/miners?limit=-1', 'limit'],
    ['/miners?limit=', 'limit'],
    ['/blocks?cursor=', 'cursor'],
    [`/blocks?cursor=${'x'.repeat(300)}`, 'cursor'],
    ['/blocks?format=xml', 'format'],
    ['/blocks?after=x', 'after'],
    ['/blocks/abc', 'hash'],
    [`/blocks/${'A'.repeat(64)}`, 'hash'],
    ['/hashrate?step=59', 'step'],
    ['/hashrate?from=-1', 'from'],
    ['/hashrate?to=9007199254740992', 'to'],
    ['/hashrate?worker=rig1', 'worker'],
    ['/pool?format=csv', 'format'],
    ['/events?x=1', 'x'],
  ])('%s is refused', async (path, parameter) => {
    const pool = await runningExample()
    const problem = await problemOf(await pool.get(`/api/v1${path}`), 400, 'bad-parameter')
    expect(problem.parameter).toBe(parameter)
  })

  test.each(['/miners?cursor=mine', '/hashrate?from=5&to=5'])(
    '%s, which only the read models understand, is refused too',
    async (path) => {
      const pool = await runningExample()
      await problemOf(await pool.get(`/api/v1${path}`), 400, 'bad-parameter')
      expect(pool.reported).toEqual([])
    },
  )

  test.each([
    '/miners/%00',
    '/miners/%E0%A4%A',
    '/miners/..%2f..%2fetc%2fpasswd',
    '/blocks/%0d%0aSet-Cookie:x',
  ])('%s is refused like any other that is wrong', async (path) => {
    const pool = await runningExample()
    const response = await pool.get(`/api/v1${path}`)
    expect(response.status).toBe(400)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(response.headers.get('Set-Cookie')).toBeNull()
    expect(pool.reported).toEqual([])
  })

  test('one given twice counts as it is given first', async () => {
    const pool = await runningExample()
    const page = await pool.get('/api/v1/blocks?limit=2&limit=0')
    expect(JSON.parse(await page.text()).items).toHaveLength(2)
    await problemOf(await pool.get('/api/v1/blocks?limit=0&limit=2'), 400, 'bad-parameter')
  })

  test('a block of others is not found', async () => {
    const pool = await runningExample()
    await problemOf(await pool.get(`/api/v1/blocks/${'0'.repeat(64)}`), 404, 'not-found')
  })

  test.each([
    `/blocks/${exampleHash(4)}/allocation`,
    '/payments/12',
    `/miners/${exampleAddress(99)}/earnings`,
    `/miners/${exampleAddress(99)}/payments`,
    `/miners/${exampleAddress(99)}/statement`,
  ])('%s is not found', async (path) => {
    const pool = await runningExample()
    await problemOf(await pool.get(`/api/v1${path}`), 404, 'not-found')
  })

  test.each([
    ['/payments/last', 'number'],
    ['/payments/-1', 'number'],
    ['/blocks/0/allocation', 'hash'],
    [`/miners/${address}/statement?limit=1000`, 'limit'],
  ])('%s is no such thing', async (path, parameter) => {
    const pool = await runningExample()
    expect(await problemOf(await pool.get(`/api/v1${path}`), 400, 'bad-parameter')).toMatchObject({
      parameter,
    })
  })

  test('a pool that has not opened yet says so', async () => {
    const pool = await runningExample((example) => {
      example.pool = undefined
    })
    await problemOf(await pool.get('/api/v1/pool'), 503, 'unavailable')
  })
})

describe('pages of a list', () => {
  test('follow each other by Link and by cursor, and hold each item once', async () => {
    const pool = await runningExample()
    const seen: unknown[] = []
    let path: string | undefined = '/api/v1/blocks?limit=7'
    while (path !== undefined) {
      const response: Response = await pool.get(path)
      const page: { items: { hash: string }[]; next: string | null } = JSON.parse(await response.text())
      seen.push(...page.items.map(({ hash }) => hash))
      path = /^<(.*)>; rel="next"$/.exec(response.headers.get('Link') ?? '')?.[1]
      expect(path === undefined).toBe(page.next === null)
      if (path !== undefined)
        expect(new URL(path, pool.server.url).searchParams.get('cursor')).toBe(page.next)
    }
    expect(seen).toEqual(pool.blocks.map(({ hash }) => hash))
  })
})

/** A pool whose first miner has a statement of so many lines, each of an entry of its own. */
const withStatementOf = (lines: number): Promise<RunningExample> =>
  runningExample(({ money }) => {
    const [line] = money.statement
    if (line === undefined) throw new Error('no line')
    money.statement = Array.from({ length: lines }, (_, n) => ({ ...line, entry: lines - n }))
  })

describe('CSV', () => {
  test.each([
    ['/miners', 'miners', 24],
    [`/miners/${address}/workers`, `workers-${address}`, 4],
    ['/blocks', 'blocks', 41],
    [`/miners/${address}/earnings`, `earnings-${address}`, 31],
    [`/miners/${address}/payments`, `payments-${address}`, 13],
    [`/miners/${address}/statement`, `statement-${address}`, 31],
    [`/blocks/${exampleHash(3)}/allocation`, `allocation-${exampleHash(3)}`, 24],
    ['/payments', 'payments', 13],
    ['/payments/11', 'payment-11', 3],
    ['/hashrate?from=1789996380000&to=1789999980000&step=60', 'hashrate', 61],
  ])('of %s', async (path, name, lines) => {
    const pool = await runningExample()
    const response = await pool.get(`/api/v1${path}${path.includes('?') ? '&' : '?'}format=csv`)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8')
    expect(response.headers.get('Content-Disposition')).toBe(`attachment; filename="${name}-2026-09-21.csv"`)
    expect((await response.text()).trimEnd().split('\r\n')).toHaveLength(lines)
  })

  test('of money names whose it is, in atoms and DCR with their sign, which no spreadsheet takes for a formula', async () => {
    const pool = await runningExample()
    const text = await (await pool.get(`/api/v1/miners/${address}/statement?format=csv`)).text()
    const [heading, reversed] = text.split('\r\n')
    expect(heading).toBe(
      'miner,date,kind,block,payout,transaction,immature_atoms,immature_dcr,available_atoms,available_dcr,in_payout_atoms,in_payout_dcr,chain_fee_atoms,chain_fee_dcr,amount_atoms,amount_dcr,balance_atoms,balance_dcr,entry',
    )
    expect(reversed).toBe(
      `${address},2026-09-21T08:40:00.000Z,reversed,${exampleHash(3)},,,-2779012,-0.02779012,0,0.00000000,0,0.00000000,0,0.00000000,-2779012,-0.02779012,0,0.00000000,880`,
    )
  })

  test('neutralises formulas and quotes what miners call themselves', async () => {
    const pool = await runningExample()
    const text = await (await pool.get(`/api/v1/miners/${address}/workers?format=csv`)).text()
    expect(text).toContain(`"'=HYPERLINK(""x"")"`)
    expect(text).toContain(`"${HOSTILE_NAME.replaceAll('"', '""')}"`)
  })

  test('has all of a list, however many pages that takes', async () => {
    const pool = await withStatementOf(1_234)
    const text = await (await pool.get(`/api/v1/miners/${address}/statement?format=csv`)).text()
    const entries = text
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(',').at(-1))
    expect(entries).toHaveLength(1_235)
    expect(new Set(entries).size).toBe(1_235)
  })

  test('of more than its most rows says so in its last line, and where the rest is', async () => {
    const pool = await withStatementOf(CSV_ROWS_MAX + 150)
    const text = await (await pool.get(`/api/v1/miners/${address}/statement?format=csv`)).text()
    const last = text.trimEnd().split('\r\n').at(-1) ?? ''
    const [, rest = ''] =
      /^# These are the first 100000 rows\. The rest: (\/api\/v1\/miners\/\w+\/statement\?format=csv&cursor=\S+)$/.exec(
        last,
      ) ?? []
    expect((await (await pool.get(rest)).text()).trimEnd().split('\r\n')).toHaveLength(151)
  }, 30_000)

  test('leaves the thread to others while it is made', async () => {
    const pool = await withStatementOf(CSV_ROWS_MAX)
    const long = pool.get(`/api/v1/miners/${address}/statement?format=csv`).then((all) => all.text())
    let isOver = false
    const over = long.then(() => {
      isOver = true
    })
    let meanwhile = 0
    while (!isOver) {
      await (await pool.get('/healthz')).text()
      meanwhile += 1
    }
    await over
    expect(meanwhile).toBeGreaterThan(50)
  }, 30_000)

  test('that can not be read to its end is cut, and never looks whole', async () => {
    const pool = await withStatementOf(CSV_ROWS_MAX)
    const response = await pool.get(`/api/v1/miners/${address}/statement?format=csv`)
    pool.fault = E.left({ kind: 'unavailable', message: 'The disk is full.' })
    await expect(response.text()).rejects.toThrow('terminated')
  })

  test('with a limit is one page with the address of the next, and problems stay as they are', async () => {
    const pool = await runningExample()
    const page = await pool.get('/api/v1/blocks?limit=2&format=csv')
    expect(page.headers.get('Link')).toMatch(
      /^<\/api\/v1\/blocks\?limit=2&format=csv&cursor=.+>; rel="next"$/,
    )
    expect((await page.text()).trimEnd().split('\r\n')).toHaveLength(3)
    await problemOf(await pool.get('/api/v1/blocks?limit=0&format=csv'), 400, 'bad-parameter')
    await problemOf(await pool.get('/api/v1/miners/Dsnobody/statement?format=csv'), 400, 'bad-address')
  })
})

describe('waiting for a ledger entry', () => {
  test('is over at once when it is there', async () => {
    const pool = await runningExample()
    expect((await pool.get('/api/v1/pool?after=900')).status).toBe(200)
  })

  test('ends when it comes', async () => {
    const pool = await runningExample()
    let answered = false
    const waiting = pool.get('/api/v1/pool?after=950').then((response) => {
      answered = true
      return response
    })
    await pool.get('/healthz')
    pool.changes.next({ position: 930, entries: 931, blocks: [] })
    await pool.get('/healthz')
    expect(answered).toBe(false)
    pool.changes.next({ position: 950, entries: 951, blocks: [] })
    expect((await waiting).status).toBe(200)
  })

  test('ends with a problem when the log has ended', async () => {
    const pool = await runningExample()
    const waiting = pool.get('/api/v1/pool?after=950')
    await pool.get('/healthz')
    pool.changes.complete()
    await problemOf(await waiting, 503, 'unavailable')
  })
})

describe('rate limits', () => {
  test('are told with every answer and end in 429 with the time to wait', async () => {
    const pool = await runningExample()
    const first = await pool.get('/api/v1/pool')
    expect(first.headers.get('RateLimit-Policy')).toBe('"visitor";q=120;w=6')
    expect(first.headers.get('RateLimit')).toBe('"visitor";r=119;t=1')
    for (let i = 0; i < 119; i++)
      expect((await pool.get('/api/v1/pool', { method: 'HEAD' })).status).toBe(200)
    const refused = await pool.get('/api/v1/pool')
    expect(refused.headers.get('Retry-After')).toBe('1')
    await problemOf(refused, 429, 'too-many-requests')
    pool.now += 1000
    expect((await pool.get('/api/v1/pool')).status).toBe(200)
  })

  test('never stop a probe of life or a static file', async () => {
    const pool = await runningExample()
    const style = /href="(\/assets\/[^"]+\.css)"/.exec(await (await pool.get('/')).text())?.[1] ?? ''
    for (let i = 0; i < 130; i++) await pool.get('/api/v1/pool', { method: 'HEAD' })
    expect((await pool.get('/')).status).toBe(429)
    expect((await pool.get('/healthz')).status).toBe(200)
    expect((await pool.get(style)).status).toBe(200)
  })
})

describe('the typed client', () => {
  test('reads the API', async () => {
    const pool = await runningExample()
    const client = apiClient(pool.server.url)
    const answer = await client.pool.$get()
    expect(answer.ok).toBe(true)
    if (answer.ok) expect((await answer.json()).live.software).toBe('lodebook 0.1.0')
    const missing = await client.miners[':address'].$get({ param: { address: script } })
    expect(missing.status).toBe(404)
  })
})

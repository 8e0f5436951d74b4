import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FORM_BYTES_MAX, FORM_MS_MAX } from '../../../adapters/http/admin/form.ts'
import { openSessions } from '../../../adapters/http/admin/sessions.ts'
import {
  adminExample,
  cookiesOf,
  NOW,
  ownAddress,
  PASSWORD,
  tryPassword,
  waitingPayout,
} from './admin-example.ts'
import { exampleAddress } from './pool-example.ts'

const PAGES = ['', '/payouts', '/connections', '/bans', '/backups', '/settings'] as const

/** Sends bytes as they are, and reads until the server ends the connection or `ms` are over. */
const talk = (url: string, bytes: string, ms: number): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes))
    const late = setTimeout(() => socket.destroy(), ms)
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => {
      clearTimeout(late)
      resolve(answer)
    })
    socket.on('error', reject)
  })

/** It takes its five seconds while the other tests run. */
let slowForm: Promise<{ readonly answer: string; readonly tookMs: number }>
beforeAll(async () => {
  const { url } = await adminExample(undefined, afterAll)
  const head = `POST /admin/login HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n`
  const begun = performance.now()
  slowForm = talk(url, `${head}token=`, FORM_MS_MAX + 5_000).then((answer) => ({
    answer,
    tookMs: performance.now() - begun,
  }))
})

describe('an administrator', () => {
  test('logs in, sees every page, orders something and logs out', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    for (const page of PAGES) {
      const answer = await admin.get(`/admin${page}`, { Cookie: cookie })
      expect(answer.status, page).toBe(page === '/payouts' ? 503 : 200)
      expect(answer.headers.get('Cache-Control')).toBe('no-store')
      expect(answer.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    }
    const token = await admin.tokenOf('/admin/bans', cookie)
    const ordered = await admin.post(
      '/admin/orders',
      { token, order: 'ban-address', range: ' 192.0.2.1 ', hours: '2' },
      { Cookie: cookie },
    )
    expect([ordered.status, ordered.headers.get('Location')]).toEqual([303, '/admin/bans'])
    expect(admin.orders).toEqual([
      {
        order: expect.objectContaining({ kind: 'ban-address', range: '192.0.2.1', until: NOW + 7_200_000 }),
        way: 'web',
      },
    ])
    expect(await (await admin.get('/admin/bans', { Cookie: cookie })).text()).toContain('Done: ban-address.')
    expect(await (await admin.get('/admin/bans', { Cookie: cookie })).text()).not.toContain(
      'Done: ban-address.',
    )

    const out = await admin.post('/admin/logout', { token }, { Cookie: cookie })
    expect(out.headers.getSetCookie().join()).toMatch(/lodebook-admin=; Max-Age=0/)
    expect((await admin.get('/admin', { Cookie: cookie })).headers.get('Location')).toBe('/admin/login')
    expect(admin.entered).toEqual(['log-in', 'log-out'])
  })

  test('is told why an order was not carried out', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    const token = await admin.tokenOf('/admin/bans', cookie)
    await admin.post('/admin/orders', { token, order: 'retry' }, { Cookie: cookie })
    expect(await (await admin.get('/admin/bans', { Cookie: cookie })).text()).toContain(
      'The wallet is locked.',
    )
    const odd = await admin.post(
      '/admin/orders',
      { token, order: 'ban-address', range: '1.2.3.4', hours: 'ever' },
      { Cookie: cookie },
    )
    expect([odd.status, await odd.text()]).toEqual([
      400,
      expect.stringContaining('A ban lasts a whole number of hours'),
    ])
    const unknown = await admin.post('/admin/orders', { token, order: 'log-in' }, { Cookie: cookie })
    expect([unknown.status, await unknown.text()]).toEqual([
      400,
      expect.stringContaining('This form orders nothing that there is.'),
    ])
  })

  test('gets a cookie that scripts and other sites never have, of HTTPS alone where there is HTTPS', async () => {
    const plain = await adminExample()
    const [set] = (await tryPassword(plain, PASSWORD)).headers.getSetCookie()
    expect(set).toMatch(/^lodebook-admin=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    const proxied = await adminExample((options) => ({ ...options, behindProxy: true }))
    const [secure] = (await tryPassword(proxied, PASSWORD)).headers.getSetCookie()
    expect(secure).toMatch(/^__Host-lodebook-admin=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
  })

  test('downloads a backup, streamed', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    const answer = await admin.get('/admin/backups/lodebook-x.db', { Cookie: cookie })
    expect(await answer.text()).toBe('hello there')
    expect(answer.headers.get('Content-Disposition')).toBe('attachment; filename="lodebook-x.db"')
    expect((await admin.get('/admin/backups/other.db', { Cookie: cookie })).status).toBe(404)
  })

  test('has no pages where no password is set, and none on the dashboard where they have an address of their own', async () => {
    const without = await adminExample((options) =>
      options.admin === null ? options : { ...options, admin: { ...options.admin, pages: null } },
    )
    expect((await without.get('/admin')).status).toBe(404)
    expect((await without.get('/')).status).toBe(200)
    const apart = await adminExample(ownAddress)
    expect((await apart.get('/admin/login')).status).toBe(200)
    expect((await apart.get('/')).headers.get('Location')).toBe('/admin')
    expect((await apart.get('/connect')).status).toBe(404)
  })

  test('at an address of his own is told by its title what is missing', async () => {
    const admin = await adminExample(ownAddress)
    const missing = await admin.get('/blocks')
    expect(missing.status).toBe(404)
    expect(await missing.text()).toContain('<title>There is nothing here · Ore &amp; Sons</title>')
  })

  test('at an address of his own finds no link that leads nowhere', async () => {
    const admin = await adminExample(ownAddress)
    waitingPayout(admin)
    const cookie = await admin.logIn()
    const seen = new Set<string>()
    for (const page of ['/admin/nowhere', ...PAGES.map((path) => `/admin${path}`)]) {
      const text = await (await admin.get(page, { Cookie: cookie })).text()
      for (const [, link = ''] of text.matchAll(/(?:href|src|action)="(\/[^"]*)"/g)) seen.add(link)
    }
    for (const link of seen) {
      const { status } = await admin.get(link, { Cookie: cookie })
      expect([link, status]).toEqual([link, /logout|orders/.test(link) ? 404 : 200])
    }
    expect(seen).toContain('/admin')
    expect(seen.size).toBeGreaterThan(8)
  })

  test('at an address of his own hears what changes, once logged in', async () => {
    const admin = await adminExample(ownAddress)
    expect((await admin.get('/admin/events')).headers.get('Location')).toBe('/admin/login')
    const known = await admin.get('/admin/events', { Cookie: await admin.logIn() })
    expect([known.status, known.headers.get('Content-Type')]).toEqual([200, 'text/event-stream'])
    await known.body?.cancel()
  })

  test('reads what came of an order on the page that a person opens, not on one that keeps itself fresh', async () => {
    const admin = await adminExample()
    const Cookie = await admin.logIn()
    const token = await admin.tokenOf('/admin/bans', Cookie)
    await admin.post('/admin/orders', { token, order: 'back-up' }, { Cookie })
    const read = async (headers: Record<string, string>): Promise<string> =>
      (await admin.get('/admin/backups', { Cookie, ...headers })).text()
    expect(await read({ 'Sec-Fetch-Dest': 'empty' })).not.toContain('Done: back-up.')
    expect(await read({ 'Lodebook-Refresh': 'yes' })).not.toContain('Done: back-up.')
    expect(await read({ 'Sec-Fetch-Dest': 'document' })).toContain('Done: back-up.')
    expect(await read({})).not.toContain('Done: back-up.')
  })

  test('stays logged in by what a person does, not by a page that keeps itself fresh', async () => {
    const admin = await adminExample()
    const Cookie = await admin.logIn()
    admin.pool.now += 20 * 60_000
    expect((await admin.get('/admin', { Cookie, 'Lodebook-Refresh': 'yes' })).status).toBe(200)
    admin.pool.now += 20 * 60_000
    expect((await admin.get('/admin', { Cookie })).status).toBe(303)
  })

  test('finds each payout once: with its sum while it waits, in words while it is under way', async () => {
    const admin = await adminExample()
    const number = waitingPayout(admin, [{ payout: 77, phase: 'published', atoms: '100' }])
    const text = await (await admin.get('/admin/payouts', { Cookie: await admin.logIn() })).text()
    expect(text.match(/<h2 id="payout-/g)).toHaveLength(1)
    expect(text).toContain(`Payout ${number} waits`)
    expect(text).toMatch(/A payout waits for your decision: .*DCR/)
    expect(text).toMatch(/<details class="values"><summary>.*: who gets what<\/summary>/)
    const underWay = text.slice(text.indexOf('id="way"'), text.indexOf('Next run'))
    expect(underWay).toContain('>77<')
    expect(underWay).toContain('On its way')
    expect(underWay).not.toContain(`>${number}<`)
    expect(text).not.toMatch(/planned<|published/)
  })

  test('bans a miner or an address where it is seen, whole', async () => {
    const admin = await adminExample()
    const user = `${exampleAddress(3)}.rig1`
    const [first] = admin.administration.connections()
    if (first === undefined) throw new Error('nobody is connected')
    const account = 'cd'.repeat(32)
    const workers = [
      { account, user },
      { account, user: `${exampleAddress(3)}.rig2` },
    ]
    Object.assign(admin.administration, {
      connections: () => [{ ...first, address: '2001:db8::7', workers }],
    })
    const Cookie = await admin.logIn()
    const text = await (await admin.get('/admin/connections', { Cookie })).text()
    expect(text).toContain(`>${user}<`)
    const forms = [...text.matchAll(/<form method="post" action="\/admin\/orders".*?<\/form>/gs)].map(
      ([form]) =>
        Object.fromEntries(
          [...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
        ),
    )
    expect(forms).toEqual([
      { token: expect.any(String), order: 'ban-account', miner: account },
      { token: expect.any(String), order: 'ban-address', range: '2001:db8::7' },
    ])
    for (const form of forms) expect((await admin.post('/admin/orders', form, { Cookie })).status).toBe(303)
    expect(admin.orders.map(({ order }) => order)).toEqual([
      { kind: 'ban-account', miner: account, until: null },
      { kind: 'ban-address', range: '2001:db8::7', until: null },
    ])
  })

  test('who opened the login page twice logs in by either, and finds the other logged in', async () => {
    const admin = await adminExample()
    const first = await admin.get('/admin/login')
    const Cookie = cookiesOf(first).join('; ')
    const token = /name="token" value="([^"]+)"/.exec(await first.text())?.[1] ?? ''
    const second = await admin.get('/admin/login', { Cookie })
    expect(cookiesOf(second)).toEqual([])
    const answer = await admin.post('/admin/login', { token, password: PASSWORD }, { Cookie })
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/admin'])
    const session = cookiesOf(answer).find((each) => each.startsWith('lodebook-admin=')) ?? ''
    const late = await admin.post('/admin/login', { token, password: PASSWORD }, { Cookie: session })
    expect([late.status, late.headers.get('Location')]).toEqual([303, '/admin'])
    expect(admin.entered).toEqual(['log-in'])
  })
})

describe('strangers', () => {
  test.each([...PAGES.map((page) => `/admin${page}`), '/admin/backups/lodebook-x.db'])(
    '%s sends them to the login page',
    async (path) => {
      const admin = await adminExample()
      const answer = await admin.get(path)
      expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/admin/login'])
      expect(await answer.text()).toBe('')
    },
  )

  test('order nothing', async () => {
    const admin = await adminExample()
    const answer = await admin.post('/admin/orders', { token: '', order: 'plan-payouts' })
    expect([answer.status, admin.orders]).toEqual([401, []])
  })
})

describe('attack:', () => {
  test('forged cookie', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    const forged = [
      'lodebook-admin=',
      `lodebook-admin=${'A'.repeat(43)}`,
      `${cookie}x`,
      cookie.slice(0, -1),
      `lodebook-admin=__proto__`,
      `lodebook-admin=${Buffer.from('{"IsAdmin":true}').toString('base64url')}`,
    ]
    for (const each of forged) {
      expect((await admin.get('/admin', { Cookie: each })).status, each).toBe(303)
      const token = await admin.tokenOf('/admin/bans', cookie)
      expect(
        (await admin.post('/admin/orders', { token, order: 'plan-payouts' }, { Cookie: each })).status,
        each,
      ).toBe(401)
    }
    expect(admin.orders).toEqual([])
  })

  test('cross-site post: another origin, no origin, a null origin, a browser that says cross-site', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    const token = await admin.tokenOf('/admin/bans', cookie)
    const foreign: readonly Record<string, string>[] = [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: `${admin.url}.evil.example` },
      { Origin: admin.url, 'Sec-Fetch-Site': 'cross-site' },
      { Origin: admin.url, 'Sec-Fetch-Site': 'same-site' },
    ]
    for (const headers of foreign) {
      const answer = await admin.post(
        '/admin/orders',
        { token, order: 'plan-payouts' },
        { Cookie: cookie, ...headers },
      )
      expect(answer.status, JSON.stringify(headers)).toBe(403)
    }
    const bare = `POST /admin/orders HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 24\r\nConnection: close\r\n\r\ntoken=&order=plan-payouts`
    expect(await talk(admin.url, bare, 5_000)).toMatch(/^HTTP\/1.1 403 /)
    expect(admin.orders).toEqual([])
  })

  test('cross-site post with the right origin but without the token of the session, or with that of another', async () => {
    const admin = await adminExample()
    const [mine, other] = [await admin.logIn(), await admin.logIn()]
    const foreign = await admin.tokenOf('/admin/bans', other)
    for (const token of ['', 'x', foreign])
      expect(
        (await admin.post('/admin/orders', { token, order: 'plan-payouts' }, { Cookie: mine })).status,
      ).toBe(403)
    expect(admin.orders).toEqual([])
  })

  test('cross-site login: the form of another site logs nobody in', async () => {
    const admin = await adminExample()
    expect((await tryPassword(admin, PASSWORD, { Origin: 'https://evil.example' })).status).toBe(403)
    expect((await admin.post('/admin/login', { token: 'x', password: PASSWORD })).status).toBe(403)
    expect(admin.entered).toEqual([])
  })

  test('login guessing: five tries, then a wait that says how long, also for the right password', async () => {
    const admin = await adminExample()
    const statuses: number[] = []
    for (let n = 0; n < 7; n++) statuses.push((await tryPassword(admin, `guess number ${n}`)).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    const right = await tryPassword(admin, PASSWORD)
    expect([right.status, right.headers.get('Retry-After')]).toEqual([429, '120'])
    admin.pool.now += 121_000
    expect((await tryPassword(admin, PASSWORD)).status).toBe(303)
  })

  test('login guessing from many addresses: thirty tries in all', async () => {
    const admin = await adminExample((options) => ({ ...options, behindProxy: true }))
    const statuses = new Map<number, number>()
    for (let n = 0; n < 40; n++) {
      const { status } = await tryPassword(admin, 'a guess of many', { 'X-Forwarded-For': `198.51.100.${n}` })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: 30, 429: 10 })
  })

  test('session fixation: a cookie from before the login is worth nothing after it', async () => {
    const admin = await adminExample()
    const planted = `lodebook-admin=${'B'.repeat(43)}`
    const before = await admin.logIn()
    for (const had of [planted, before]) {
      const page = await admin.get('/admin/login')
      const token = /name="token" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
      const Cookie = [had, ...cookiesOf(page)].join('; ')
      const answer = await admin.post('/admin/login', { token, password: PASSWORD }, { Cookie })
      expect(answer.headers.get('Location')).toBe('/admin')
      expect(cookiesOf(answer)).not.toContain(had)
      expect((await admin.get('/admin', { Cookie: had })).headers.get('Location')).toBe('/admin/login')
    }
  })

  test('a cookie of the login page that is none of ours is replaced', async () => {
    const admin = await adminExample()
    for (const planted of ['', 'x', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}!`]) {
      const page = await admin.get('/admin/login', { Cookie: `lodebook-login=${planted}` })
      expect(cookiesOf(page)).toEqual([expect.stringMatching(/^lodebook-login=[\w-]{43}$/)])
    }
  })

  test('session theft by age: over after half an hour in which nobody did anything, and after twelve hours', async () => {
    const sessions = openSessions()
    const { id } = sessions.begin(0)
    expect(sessions.find(id, 29 * 60_000, false)).toBeDefined()
    expect(sessions.find(id, 31 * 60_000, true)).toBeUndefined()
    const busy = sessions.begin(0).id
    for (let minute = 0; minute < 12 * 60; minute += 20)
      expect(sessions.find(busy, minute * 60_000, true)).toBeDefined()
    expect(sessions.find(busy, 12 * 3_600_000 + 1, true)).toBeUndefined()
  })

  test('sessions by the thousand: sixteen at most, the oldest is out', () => {
    const sessions = openSessions()
    const ids = Array.from({ length: 1_000 }, (_, n) => sessions.begin(n).id)
    expect(ids.map((id) => sessions.find(id, 1_000, true) !== undefined)).toEqual(ids.map((_, n) => n >= 984))
  })

  test('header injection in login: line breaks in password and token set no header', async () => {
    const admin = await adminExample()
    const evil = 'x\r\nSet-Cookie: lodebook-admin=evil\r\n\r\n<script>'
    const answer = await tryPassword(admin, evil)
    expect(answer.status).toBe(401)
    expect(answer.headers.getSetCookie().join()).not.toContain('evil')
    expect(await answer.text()).not.toContain('<script>')
    const bare = `POST /admin/login HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nCookie: lodebook-login=a\r\n\r\na=b`
    expect(await talk(admin.url, bare, 5_000)).toMatch(/^HTTP\/1.1 403 /)
  })

  test('oversized body: refused by its length, and while it comes without one', async () => {
    const admin = await adminExample()
    const large = await admin.post('/admin/login', { token: 'x', password: 'p'.repeat(FORM_BYTES_MAX) })
    expect([large.status, await large.text()]).toEqual([
      413,
      expect.stringContaining('No form of these pages is that large.'),
    ])
    const head = `POST /admin/login HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n`
    const chunk = `1000\r\n${'a'.repeat(0x1000)}\r\n`
    expect(await talk(admin.url, head + chunk.repeat(20), 5_000)).toMatch(/^HTTP\/1.1 413 /)
  })

  test('slow body: a form that does not come in time is refused, and the connection closed', async () => {
    const { answer, tookMs } = await slowForm
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
    expect(tookMs).toBeLessThan(FORM_MS_MAX + 2_000)
  })

  test('a body that is no form', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    const answer = await fetch(`${admin.url}/admin/orders`, {
      method: 'POST',
      headers: { Origin: admin.url, Cookie: cookie, 'Content-Type': 'application/json' },
      body: '{"order":"plan-payouts"}',
    })
    expect([answer.status, admin.orders]).toEqual([400, []])
  })

  test('markup in what miners say', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    for (const path of ['/admin/connections', '/admin/connections?q=%3Cscript%3Ealert(3)%3C/script%3E']) {
      const text = await (await admin.get(path, { Cookie: cookie })).text()
      expect(text).not.toMatch(/<script>alert|<img src=x|<b>/)
    }
  })

  test('path traversal in the name of a backup', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    for (const name of ['..%2F..%2Fetc%2Fpasswd', '%2e%2e%2flodebook.db', 'lodebook-x.db%00', '....//x'])
      expect((await admin.get(`/admin/backups/${name}`, { Cookie: cookie })).status, name).toBe(404)
  })

  test('secrets: no page shows a password hash', async () => {
    const admin = await adminExample()
    const cookie = await admin.logIn()
    for (const page of PAGES)
      expect(await (await admin.get(`/admin${page}`, { Cookie: cookie })).text()).not.toContain('scrypt:')
  })
})

import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import * as E from 'fp-ts/lib/Either.js'
import { onTestFinished } from 'vitest'
import { openLogins } from '../../../adapters/http/admin/logins.ts'
import type { AdminOrder } from '../../../adapters/http/admin/order.ts'
import { readPasswordHash } from '../../../adapters/http/admin/password.ts'
import type { Administration, LiveConnection } from '../../../adapters/http/admin/port.ts'
import type { OpenPayoutStatus } from '../../../adapters/http/port.ts'
import { type HttpOptions, startHttp } from '../../../adapters/http/server.ts'
import type { AdminWay } from '../../../domain/events.ts'
import { exampleAddress, HOSTILE_NAME, type PoolExample, poolExample } from './pool-example.ts'

/** The password of the example: its hash is a cheap one (2^10), so that guessing it can be tested. */
export const PASSWORD = 'correct horse battery'
const HASH = 'scrypt:10:8:1:bG9kZWJvb2stdGVzdC1zYWx0:V61h-40Da7jqulqDfHrji3PdTA6ZqZTeU-Q-Zxs_fC0'

export const NOW = 1_790_000_000_000

/** A connection whose miner chose its names with care. */
const connection: LiveConnection = {
  number: 7,
  address: '203.0.113.7',
  listener: 'main',
  agent: '"><img src=x onerror=alert(2)>',
  connectedAt: NOW - 60_000,
  heardAt: NOW - 1_000,
  isMining: true,
  workers: [{ account: 'ab'.repeat(32), user: HOSTILE_NAME }],
  difficulty: 4096,
  accepted: 12,
  rejected: [{ reason: 'stale', count: 3 }],
  refusal: 'Stale share <b>',
}

export interface AdminExample {
  readonly url: string
  readonly controlSocket: string
  readonly pool: PoolExample
  /** What the pages ask. */
  readonly administration: Administration
  /** What was ordered, and by which way. */
  readonly orders: { readonly order: AdminOrder; readonly way: AdminWay }[]
  readonly entered: string[]
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>
  /** Sends a form as a browser does that shows a page of this pool. */
  readonly post: (
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ) => Promise<Response>
  /** Logs in, and gives the cookie. */
  readonly logIn: () => Promise<string>
  /** The token of a page's forms. */
  readonly tokenOf: (path: string, cookie: string) => Promise<string>
}

/** For {@link adminExample}: the pages have an address of their own. */
export const ownAddress = (options: HttpOptions): HttpOptions =>
  options.admin?.pages == null
    ? options
    : {
        ...options,
        admin: { ...options.admin, pages: { ...options.admin.pages, own: { host: '127.0.0.1', port: 0 } } },
      }

/** Adds a plan that waits for a decision to the example's payouts, beside what is `open`, and gives its number. */
export function waitingPayout({ pool }: AdminExample, open: readonly OpenPayoutStatus[] = []): number {
  const [payment] = pool.money.payments
  if (payment === undefined) throw new Error('the example has no payment')
  Object.assign(payment, { phase: 'planned', mode: 'manual' })
  pool.status = {
    ...pool.status,
    money: {
      state: 'ready',
      message: '',
      shares: 9,
      readMs: 1,
      wallet: true,
      problems: [{ about: 'payouts', kind: 'locked', message: 'The wallet is locked.', since: pool.now }],
      payouts: [{ payout: payment.number, phase: 'planned', atoms: '500000000' }, ...open],
    },
  }
  return payment.number
}

/** A server of the example pool with pages for an administrator. It ends with the test unless told otherwise. */
export async function adminExample(
  change: (options: HttpOptions) => HttpOptions = (same) => same,
  atEnd: (end: () => Promise<void>) => void = onTestFinished,
): Promise<AdminExample> {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-admin-'))
  atEnd(() => rm(directory, { recursive: true, force: true }))
  const pool = poolExample(NOW)
  const balance = { ...pool.money.balances, account: 'ab'.repeat(32), address: exampleAddress(0) }
  Object.assign(pool.readModels, { balances: () => E.right({ items: [balance], next: null }) })
  const orders: AdminExample['orders'] = []
  const entered: string[] = []
  const administration: Administration = {
    order: async (order, way) => {
      orders.push({ order, way })
      return order.kind === 'retry'
        ? E.left({ kind: 'failed', message: 'The wallet is locked.' })
        : E.right(`Done: ${order.kind}.`)
    },
    connections: () => [connection],
    bans: () => [
      { kind: 'address', range: '198.51.100.0/24', since: NOW - 1000, until: null },
      { kind: 'account', account: 'cd'.repeat(32), address: null, since: NOW - 1000, until: NOW + 3_600_000 },
    ],
    backups: () => ({
      directory: '/backup',
      everyMs: null,
      doing: null,
      failure: null,
      backups: [
        {
          name: 'lodebook-x.db',
          madeAt: NOW - 5000,
          bytes: 11,
          sha256: 'ee'.repeat(32),
          events: 9,
          lastAt: NOW,
        },
      ],
    }),
    openBackup: (name) =>
      name === 'lodebook-x.db'
        ? {
            figures: { name, madeAt: NOW, bytes: 11, sha256: '', events: 9, lastAt: NOW },
            bytes: Readable.from([Buffer.from('hello '), Buffer.from('there')]),
          }
        : undefined,
    machine: () => ({
      store: 'sqlite:/x.db',
      logLevel: 'info',
      settings: [{ key: 'admin.password_hash', value: '(hidden)', from: 'file:1' }],
      rebuilding: false,
      logins: { right: 0, wrong: 0, limited: 0 },
    }),
    entered: async (act) => {
      entered.push(act)
      return E.right(undefined)
    },
  }
  const hash = readPasswordHash(HASH)
  if (E.isLeft(hash)) throw new Error(hash.left)
  const controlSocket = join(directory, 'control.sock')
  const started = await startHttp(
    change({
      ...pool.options(),
      admin: {
        administration,
        controlSocket,
        pages: { logins: openLogins(hash.right, () => undefined), own: null },
      },
    }),
  )()
  if (E.isLeft(started)) throw new Error(started.left.message)
  const server = started.right
  atEnd(() => server.stop())
  const url = new URL(server.adminUrl ?? server.url).origin

  const get = (path: string, headers = {}) => fetch(url + path, { redirect: 'manual', headers })
  const post: AdminExample['post'] = (path, fields, headers = {}) =>
    fetch(url + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { Origin: url, 'Sec-Fetch-Site': 'same-origin', ...headers },
      body: new URLSearchParams(fields),
    })
  const tokenOf = async (path: string, cookie: string) =>
    /name="token" value="([^"]+)"/.exec(await (await get(path, { Cookie: cookie })).text())?.[1] ?? ''

  return {
    url,
    controlSocket,
    pool,
    administration,
    orders,
    entered,
    get,
    post,
    tokenOf,
    logIn: async () => {
      const answer = await tryPassword({ get, post }, PASSWORD)
      const cookie = cookiesOf(answer).find((each) => each.startsWith('lodebook-admin='))
      if (answer.status !== 303 || cookie === undefined) throw new Error(`no login: ${answer.status}`)
      return cookie
    },
  }
}

/** The cookies that an answer sets, without their attributes. */
export const cookiesOf = (answer: Response): readonly string[] =>
  answer.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '')

/** Opens the login page and sends a password with what it said. */
export async function tryPassword(
  { get, post }: Pick<AdminExample, 'get' | 'post'>,
  password: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const page = await get('/admin/login')
  const token = /name="token" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  return post('/admin/login', { token, password }, { Cookie: cookiesOf(page).join('; '), ...headers })
}

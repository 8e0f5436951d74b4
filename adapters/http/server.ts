import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Hono } from 'hono'
import { errorText } from '../error-text.ts'
import type { LedgerSource } from '../ledger/port.ts'
import type { ReadModels } from '../read-models/port.ts'
import { adminApp } from './admin/app.ts'
import { openControl } from './admin/control.ts'
import { openGuard } from './admin/guard.ts'
import type { Logins } from './admin/logins.ts'
import type { Administration } from './admin/port.ts'
import { openSessions } from './admin/sessions.ts'
import { app } from './app.ts'
import { type Assets, loadAssets } from './dashboard/assets.ts'
import { healthOf } from './health.ts'
import { type LiveFeed, liveFeed } from './live-feed.ts'
import type { Metrics } from './metrics.ts'
import type { PoolStatus } from './port.ts'
import { bareProblem } from './problem.ts'
import { noLag, observeLag } from './projection-lag.ts'
import type { Site } from './site.ts'
import { guardSockets, SOCKET_LIMITS } from './sockets.ts'
import { visitorOf } from './visitor.ts'

/** What the HTTP side is started with. */
export interface HttpOptions {
  /** Address to listen on: `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** PEM texts; null for plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | null
  /** True when every visitor comes through a proxy that sets `X-Forwarded-For`, which is then believed. */
  readonly behindProxy: boolean
  readonly readModels: ReadModels
  /** The files of the public ledger. */
  readonly ledger: LedgerSource
  readonly status: () => PoolStatus
  readonly metrics: Metrics
  /** Unix ms. */
  readonly now: () => number
  /** Told of what should not have happened: an error, or one of the read models. */
  readonly report: (error: unknown) => void
  /** What the administrator can do; null for nothing. */
  readonly admin: AdminOptions | null
}

/** How an administrator comes in. */
export interface AdminOptions {
  readonly administration: Administration
  /** Path of the socket for the command line. */
  readonly controlSocket: string
  /** Null for no pages. */
  readonly pages: {
    readonly logins: Logins
    /** An address of their own; null for the dashboard's. */
    readonly own: Address | null
  } | null
}

/** Where to listen. */
interface Address {
  readonly host: string
  readonly port: number
}

/** Why the HTTP side could not start. `message` is a sentence for the operator. */
export interface HttpError {
  readonly kind: 'port-in-use' | 'not-allowed' | 'no-such-address' | 'bad-certificate' | 'failed'
  readonly message: string
}

/** The running HTTP side. */
export interface HttpServer {
  /** Where it can be reached: `http://127.0.0.1:8080`. */
  readonly url: string
  /** Where the administrator's pages are; null for no pages. */
  readonly adminUrl: string | null
  /** Why the command line can't reach this pool; null when it can. */
  readonly controlFault: string | null
  /** Ends event streams, lets running requests end for a moment, then cuts what is left. Idempotent. */
  readonly stop: () => Promise<void>
}

/** A socket on which nothing moves for so long is cut: longer than eight heartbeats of an event stream. */
const SOCKET_IDLE_MS_MAX = 120_000

/** How long running requests may take to end when the pool stops. */
const STOP_MS_MAX = 2000

/** A connection that is kept alive becomes idle only when its answer is out. */
const STOP_SWEEP_MS = 50

/** How often requests that do not come in time are looked for. */
const LATE_LOOK_MS = 2_000

const LAG_LOOK_MS = 1000

/** Starts the API, the dashboard, the probes and the metrics. */
export const startHttp = (options: HttpOptions): TE.TaskEither<HttpError, HttpServer> =>
  TE.tryCatch(
    () => start(options),
    (error) =>
      error instanceof ListenFailure ? explain(error.cause, error.address) : explain(error, options),
  )

/** An address that can't be listened on. */
class ListenFailure extends Error {
  readonly address: Address

  constructor(cause: unknown, address: Address) {
    super('can not listen', { cause })
    this.address = address
  }
}

async function start(options: HttpOptions): Promise<HttpServer> {
  let lag = noLag
  const look = (): void => {
    const { position, head } = options.status().projections
    lag = observeLag(lag, position, head, options.now())
  }
  const site: Site = {
    readModels: options.readModels,
    status: options.status,
    health: (status) => healthOf(status, lag.lagMs, options.now()),
    projectionLagMs: () => lag.lagMs,
    now: options.now,
    report: options.report,
  }
  const feed = liveFeed(site)
  const assets = loadAssets()
  const admin = adminRoutes(options, site, assets, feed)
  const own = options.admin?.pages?.own ?? null
  const routes = app({
    site,
    assets,
    admin: own === null ? admin : null,
    feed,
    ledger: options.ledger,
    metrics: options.metrics,
    visitorOf: visitorOf(options.behindProxy),
    secure: options.tls !== null,
  })
  const adminServer =
    own === null || admin === null
      ? null
      : await listening(newServer({ ...options, behindProxy: false }, admin.fetch), own)
  const server = await listening(newServer(options, routes.fetch), options).catch((error: unknown) => {
    adminServer?.close()
    throw error
  })
  const control =
    options.admin === null
      ? null
      : await openControl(options.admin.controlSocket, site, options.admin.administration)
  const timer = setInterval(look, LAG_LOOK_MS)
  const url = urlOf(server.address(), options, options.tls)

  let stopping: Promise<void> | undefined
  const end = async (): Promise<void> => {
    const nothing = (): void => undefined
    await Promise.all([
      stop(server, () => {
        clearInterval(timer)
        feed.close()
      }),
      adminServer === null ? undefined : stop(adminServer, nothing),
      control === null || E.isLeft(control) ? undefined : control.right.stop(),
    ])
  }
  return {
    url,
    adminUrl:
      admin === null
        ? null
        : `${own === null || adminServer === null ? url : urlOf(adminServer.address(), own, options.tls)}/admin`,
    controlFault: control === null || E.isRight(control) ? null : control.left.message,
    stop: () => {
      stopping ??= end()
      return stopping
    },
  }
}

/** Null where there are no pages for the administrator. */
function adminRoutes(options: HttpOptions, site: Site, assets: Assets, feed: LiveFeed): Hono | null {
  const { admin, tls, behindProxy, now } = options
  if (admin === null || admin.pages === null) return null
  const { logins, own } = admin.pages
  // Whoever reaches an address of their own does not come through the proxy of the dashboard.
  const isProxied = behindProxy && own === null
  const secure = tls !== null || isProxied
  return adminApp({
    site,
    assets,
    administration: admin.administration,
    logins,
    guard: openGuard({ sessions: openSessions(), secure, now }),
    visitorOf: visitorOf(isProxied),
    feed: own === null ? null : feed,
    secure,
  })
}

function newServer({ tls, behindProxy }: HttpOptions, fetch: Hono['fetch']): Server {
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    errorHandler: () => bareProblem({ kind: 'bad-request', detail: 'Send a valid address and Host header.' }),
  })
  const limits = {
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    connectionsCheckingInterval: LATE_LOOK_MS,
    keepAliveTimeout: 10_000,
    maxHeaderSize: 16_384,
  }
  const server =
    tls === null
      ? createServer(limits, listener)
      : createSecureServer(
          { ...limits, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' },
          listener,
        )
  guardSockets(server, SOCKET_LIMITS, behindProxy)
  server.timeout = SOCKET_IDLE_MS_MAX
  return server
}

const listening = (server: Server, { host, port }: Address): Promise<Server> =>
  new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(new ListenFailure(error, { host, port }))
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      resolve(server)
    })
  })

function stop(server: Server, release: () => void): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), STOP_MS_MAX)
    const sweep = setInterval(() => server.closeIdleConnections(), STOP_SWEEP_MS)
    server.close(() => {
      clearTimeout(cut)
      clearInterval(sweep)
      resolve()
    })
    release()
  })
}

function urlOf(
  address: AddressInfo | string | null,
  { host, port }: Address,
  tls: HttpOptions['tls'],
): string {
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${tls === null ? 'http' : 'https'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${bound}`
}

function explain(error: unknown, { host, port }: Address): HttpError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const where = `${host}:${port}`
  if (code === 'EADDRINUSE')
    return {
      kind: 'port-in-use',
      message: `The dashboard cannot use ${where}: another program has this port. Stop it or choose another port.`,
    }
  if (code === 'EACCES')
    return {
      kind: 'not-allowed',
      message: `The dashboard may not use ${where}: ports below 1024 need a privilege. Choose a higher one.`,
    }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return {
      kind: 'no-such-address',
      message: `The dashboard cannot use ${where}: this machine does not have the address ${host}.`,
    }
  if (code.startsWith('ERR_OSSL') || code.startsWith('ERR_SSL'))
    return {
      kind: 'bad-certificate',
      message: 'The dashboard’s certificate and key cannot be used: both must be PEM and belong together.',
    }
  const detail = errorText(error)
  return { kind: 'failed', message: `The dashboard could not start on ${where}: ${detail}.` }
}

import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { ReadModels } from '../read-models/port.ts'
import { app } from './app.ts'
import { healthOf } from './health.ts'
import { liveFeed } from './live-feed.ts'
import type { Metrics } from './metrics.ts'
import { bareProblem } from './problem.ts'
import { noLag, observeLag } from './projection-lag.ts'
import type { Site } from './site.ts'
import type { PoolStatus } from './status.ts'
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
  readonly status: () => PoolStatus
  readonly metrics: Metrics
  /** Unix ms. */
  readonly now: () => number
  /** Told of what should not have happened: an error, or one of the read models. */
  readonly report: (error: unknown) => void
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
  /** Ends event streams, lets running requests end for a moment, then cuts what is left. Idempotent. */
  readonly stop: () => Promise<void>
}

/** Sockets open at once: event streams, and some hundreds of short requests. */
const SOCKETS_MAX = 4000

/** A socket on which nothing moves for so long is cut: longer than eight heartbeats of an event stream. */
const SOCKET_IDLE_MS_MAX = 120_000

/** How long running requests may take to end when the pool stops. */
const STOP_MS_MAX = 2000

/** A connection that is kept alive becomes idle only when its answer is out. */
const STOP_SWEEP_MS = 50

const LAG_LOOK_MS = 1000

/** Starts the API, the dashboard, the probes and the metrics. */
export const startHttp = (options: HttpOptions): TE.TaskEither<HttpError, HttpServer> =>
  TE.tryCatch(
    () => start(options),
    (error) => explain(error, options),
  )

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
  const routes = app({
    site,
    feed,
    metrics: options.metrics,
    visitorOf: visitorOf(options.behindProxy),
    secure: options.tls !== null,
  })
  const listener = getRequestListener(routes.fetch, {
    overrideGlobalObjects: false,
    errorHandler: () => bareProblem({ kind: 'bad-request', detail: 'Send a valid address and Host header.' }),
  })
  const server = newServer(options, listener)
  await listening(server, options)
  const timer = setInterval(look, LAG_LOOK_MS)

  let stopping: Promise<void> | undefined
  return {
    url: urlOf(server.address(), options),
    stop: () => {
      stopping ??= stop(server, () => {
        clearInterval(timer)
        feed.close()
      })
      return stopping
    },
  }
}

function newServer({ tls }: HttpOptions, listener: Parameters<typeof createServer>[1]): Server {
  const limits = {
    requestTimeout: 30_000,
    headersTimeout: 10_000,
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
  server.maxConnections = SOCKETS_MAX
  server.timeout = SOCKET_IDLE_MS_MAX
  return server
}

const listening = (server: Server, { host, port }: HttpOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
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

function urlOf(address: AddressInfo | string | null, { host, port, tls }: HttpOptions): string {
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `${tls === null ? 'http' : 'https'}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${bound}`
}

function explain(error: unknown, { host, port }: HttpOptions): HttpError {
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
  const detail = error instanceof Error ? error.message : String(error)
  return { kind: 'failed', message: `The dashboard could not start on ${where}: ${detail}.` }
}

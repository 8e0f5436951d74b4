import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import { defer, retry, timer } from 'rxjs'
import type { EventStore } from '../adapters/event-store/port.ts'
import { type Metrics, poolMetrics } from '../adapters/http/metrics.ts'
import { type HttpServer, startHttp } from '../adapters/http/server.ts'
import type { JournalStatus, ListenerStatus, PoolStatus } from '../adapters/http/status.ts'
import { dcrdNode } from '../adapters/node/dcrd/node.ts'
import { realAfter } from '../adapters/node/dcrd/timers.ts'
import type { Node } from '../adapters/node/port.ts'
import { severalNodes } from '../adapters/node/several.ts'
import { JOB_HEIGHTS_KEPT, type ReadModels } from '../adapters/read-models/port.ts'
import { openReadModels } from '../adapters/read-models/sqlite.ts'
import { connectionLimits, stratumLimits } from '../adapters/stratum/limits.ts'
import { type Listener, startListener } from '../adapters/stratum/listener.ts'
import { dcrwallet } from '../adapters/wallet/dcrwallet/wallet.ts'
import { networks } from '../domain/decred/network.ts'
import { watchBlocks } from './actors/blocks.ts'
import { type Gateway, openGateway } from './actors/gateway.ts'
import { watchNode } from './actors/node-watcher.ts'
import { closeAbandonedEpochs, openPool } from './actors/opening.ts'
import { type Projector, project } from './actors/projector.ts'
import type { Config, ListenerConfig, TlsFiles } from './config/config.ts'
import { type JournalState, openJournal } from './journal.ts'
import { openEventStore } from './open-store.ts'
import type { PayingWallet } from './treasury/payout.ts'
import { policyOf } from './treasury/policy.ts'
import { openTreasury, type Treasury } from './treasury/treasury.ts'

/** A running pool. */
export interface Pool {
  /** Where the dashboard and the API are. */
  readonly httpUrl: string
  readonly listeners: readonly ListenerStatus[]
  readonly status: () => PoolStatus
  readonly readModels: ReadModels
  /** What shares rewards and pays miners; null in mode `solo`. */
  readonly treasury: Treasury | null
  /** Resolves when the pool can't go on: its journal has stopped. Miners get no more `true` from then on. */
  readonly failed: Promise<PoolError>
  /** Asks miners to come back, writes what is queued and ends, within 10 s. Resolves false when something could not be written. */
  readonly stop: () => Promise<boolean>
}

/** Why the pool could not start or go on; a sentence for the operator. */
export interface PoolError {
  readonly message: string
}

/** What the command line tells a pool beside its configuration. */
export interface PoolOptions {
  readonly log: Logger
  /** Name and version of this program. */
  readonly software: string
  /** The node is a devnet of ours: the pages say so. */
  readonly devnet: boolean
  /** Blocks on a coinbase before it may be spent, on a devnet that has another number than its network. */
  readonly coinbaseMaturity?: number
}

/** How long miners' last shares may come after they were asked to reconnect, and how long the store may take for the rest. */
const DRAIN_MS = 500
const FLUSH_MS_MAX = 6_000
const BLOCKS_MS_MAX = 1_000
/** What is under way is taken up again at the next start, wherever it ends. */
const MONEY_MS_MAX = 1_000
const RECOVER_AGAIN_MS = 1_000

/** Everything that was opened so far, to be closed in reverse when the start fails or the pool stops. */
type Closers = (() => Promise<unknown>)[]

/**
 * Starts the whole pool: store, journal, read models, node, gateway, listeners, HTTP. Miners are served as soon as their
 * listener is up; the read models catch up beside it.
 */
export const startPool =
  (config: Config, options: PoolOptions): TaskEither<PoolError, Pool> =>
  async () => {
    const closers: Closers = []
    const started = await start(config, options, closers)
    if (E.isLeft(started)) for (const close of closers.reverse()) await close()
    return started
  }

async function start(
  config: Config,
  options: PoolOptions,
  closers: Closers,
): Promise<E.Either<PoolError, Pool>> {
  const { log } = options
  const nowMs = (): number => Date.now()
  const startedAt = nowMs()
  const network = networks[config.pool.network]
  const metrics = poolMetrics()

  const nodes = openNodes(config)
  if (E.isLeft(nodes)) return nodes

  const paying = openWallet(config)
  if (E.isLeft(paying)) return paying

  const directory = makeDataDirectory(config)
  if (E.isLeft(directory)) return directory
  const store = await openEventStore(config.store.url)()
  if (E.isLeft(store)) return store
  closers.push(() => store.right.close())
  const opening = await openPool(store.right, config.pool, policyOf(config), options.software, startedAt)()
  if (E.isLeft(opening)) return opening
  const { gateway: ordinal, prefix, earlier } = opening.right

  const readModels = openReadModels({
    file: join(config.pool.dataDirectory, 'read-models.db'),
    log: store.right.log,
    coinbaseMaturity: options.coinbaseMaturity,
    nowMs: () => performance.now(),
  })
  if (E.isLeft(readModels)) return readModels
  closers.push(async () => readModels.right.close())
  const projector = project(store.right, readModels.right, log)
  closers.push(async () => projector.stop())

  const failure = Promise.withResolvers<PoolError>()
  const journal = openJournal({
    store: store.right,
    gateway: ordinal,
    nowMs,
    ...config.journal,
    onCommit: (shares, difficulty, seconds) => {
      metrics.sharesAccepted.inc(shares)
      metrics.difficultyAccepted.inc(difficulty)
      if (shares > 0) metrics.commitSeconds.observe(seconds)
    },
    onRejected: (reason) => metrics.sharesRejected.inc({ reason }),
    onStoreError: (error) => {
      if (error === null) return log.info('the store is back: what waited is written')
      metrics.storeErrors.inc({ kind: error.kind })
      log.warn({ kind: error.kind }, error.message)
    },
    onStopped: (error) => {
      log.fatal(
        { kind: error.kind },
        `The journal has stopped, no share is accepted any more: ${error.message}`,
      )
      failure.resolve({ message: error.message })
    },
  })
  closers.push(() => journal.stop(FLUSH_MS_MAX))

  const node = severalNodes(nodes.right)
  closers.push(() => node.stop())
  const blocks = watchBlocks({
    gateway: ordinal,
    node,
    network: { ...network, coinbaseMaturity: options.coinbaseMaturity ?? network.coinbaseMaturity },
    journal,
    readModels: readModels.right,
    nowMs,
    log,
  })
  closers.push(() => Promise.race([blocks.stop(), sleep(BLOCKS_MS_MAX)]))
  const treasury =
    config.pool.mode === 'solo'
      ? null
      : openTreasury({
          store: store.right,
          node,
          network,
          paying: paying.right,
          nowMs,
          log,
          onWalletError: ({ kind }) => metrics.walletErrors.inc({ kind }),
          onStoreError: ({ kind }) => metrics.storeErrors.inc({ kind }),
          onWritten: (type, seconds) => {
            metrics.moneyEvents.inc({ type })
            if (type === 'RewardAllocated') metrics.settlementSeconds.observe(seconds)
          },
        })
  closers.push(() =>
    Promise.race([Promise.all([treasury?.stop(), paying.right?.wallet.stop()]), sleep(MONEY_MS_MAX)]),
  )
  const gateway = openGateway({
    ordinal,
    prefix,
    network,
    config,
    journal,
    nowMs,
    newSessionId: () => randomBytes(12).toString('hex'),
    solved: blocks.solved,
    log,
  })

  const listeners = await openListeners(config, gateway)
  if (E.isLeft(listeners)) return listeners
  closers.push(async () => {
    await Promise.all(listeners.right.map(({ listener }) => listener.close()))
    gateway.end()
  })

  const watcher = watchNode({
    node,
    members: nodes.right,
    nodeGoneMsMax: config.mining.nodeGoneMsMax,
    work: gateway.work,
    holdWork: gateway.holdWork,
    chainMoved: () => {
      blocks.chainMoved()
      void treasury?.chainMoved()
    },
    blockConnected: blocks.blockConnected,
    catchUpBlocksMax: JOB_HEIGHTS_KEPT,
    onError: (kind) => metrics.nodeErrors.inc({ kind }),
    log,
  })
  closers.push(async () => watcher.stop())

  const listenerStatus = listeners.right.map(({ listener, listening }) => statusOf(listener, listening))
  const status = (): PoolStatus => {
    const job = gateway.job()
    return {
      software: options.software,
      network: network.name,
      mode: config.pool.mode,
      startedAt,
      powAlgorithm: job?.powAlgorithm ?? 'blake3',
      devnet: options.devnet,
      nodes: watcher.health(),
      work:
        job === null
          ? null
          : { height: job.height, issuedAt: job.issuedAtMs, job: job.number, reason: job.reason },
      connections: gateway.connections().connected,
      listeners: listenerStatus,
      journal: journalStatus(journal.state()),
      money: treasury?.status() ?? null,
      projections: { position: readModels.right.checkpoint(), head: projector.head() },
    }
  }
  const http = await openHttp(config, readModels.right, status, metrics, log)
  if (E.isLeft(http)) return http
  closers.push(() => http.right.stop())

  node.start()
  const recovering = defer(() => recover(store.right, earlier, projector, blocks.recover, log))
    .pipe(
      retry({
        delay: (error: unknown) => {
          log.error({ err: error }, 'could not take up what an earlier process left; trying again')
          return timer(RECOVER_AGAIN_MS)
        },
      }),
    )
    .subscribe()
  closers.push(async () => recovering.unsubscribe())

  let stopping: Promise<boolean> | null = null
  const stop = async (): Promise<boolean> => {
    log.info('stopping: miners are asked to come back')
    for (const { listener } of listeners.right) listener.stopAccepting()
    gateway.drain()
    await sleep(DRAIN_MS)
    gateway.end()
    let complete = true
    for (const close of closers.reverse()) if ((await close()) === false) complete = false
    return complete
  }
  return E.right({
    httpUrl: http.right.url,
    listeners: listenerStatus,
    status,
    readModels: readModels.right,
    treasury,
    failed: failure.promise,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  })
}

/** What an earlier process left undone: its open hour and its blocks. Needs the read models, so it waits for them. */
async function recover(
  store: EventStore,
  earlier: Parameters<typeof closeAbandonedEpochs>[1],
  projector: Projector,
  recoverBlocks: () => Promise<void>,
  log: Logger,
): Promise<void> {
  const closed = await closeAbandonedEpochs(store, earlier, Date.now())()
  if (E.isLeft(closed))
    log.warn(`an hour left open by an earlier process was not closed: ${closed.left.message}`)
  await projector.caughtUp()
  await recoverBlocks()
}

function makeDataDirectory({ pool }: Config): E.Either<PoolError, void> {
  try {
    mkdirSync(pool.dataDirectory, { recursive: true })
    return E.right(undefined)
  } catch (error) {
    return E.left({ message: `The data directory can't be made: ${messageOf(error)}` })
  }
}

function openNodes(config: Config): E.Either<PoolError, readonly Node[]> {
  if (config.nodes.length === 0)
    return E.left({ message: 'No node is configured: add a [[nodes]] section with the address of a dcrd.' })
  const nodes: Node[] = []
  for (const { name, address, certificateFile, user, password } of config.nodes) {
    const certificate = readText(certificateFile)
    if (E.isLeft(certificate))
      return E.left({ message: `The certificate of node ${name} can't be read: ${certificate.left.message}` })
    nodes.push(
      dcrdNode({
        name,
        address,
        certificate: certificate.right,
        user,
        password,
        network: config.pool.network,
        after: realAfter,
        random: Math.random,
      }),
    )
  }
  return E.right(nodes)
}

/** Connects with its first call: a wallet that is away keeps no pool from starting. */
function openWallet({ wallet, pool }: Config): E.Either<PoolError, PayingWallet | null> {
  if (wallet === null || pool.mode === 'solo') return E.right(null)
  const { address, passphrase, account } = wallet
  const files = [wallet.certificateFile, wallet.clientCertificateFile, wallet.clientKeyFile].map(readText)
  const unreadable = files.find(E.isLeft)
  if (unreadable !== undefined)
    return E.left({ message: `A file of the [wallet] section can't be read: ${unreadable.left.message}` })
  const [certificate = '', clientCertificate = '', clientKey = ''] = files.map(E.getOrElse(() => ''))
  const { network } = pool
  const peer = { address, certificate, clientCertificate, clientKey, passphrase }
  return E.right({ wallet: dcrwallet({ ...peer, network, after: realAfter }), account })
}

interface OpenListener {
  readonly listener: Listener
  readonly listening: ListenerConfig
}

async function openListeners(
  config: Config,
  gateway: Gateway,
): Promise<E.Either<PoolError, readonly OpenListener[]>> {
  const { lineBytesMax, connectionsMax, connectionsPerAddressMax, backlogBytesMax } = config.limits
  const limits = connectionLimits({
    ...stratumLimits,
    lineBytesMax,
    connectionsMax,
    connectionsPerAddressMax,
    backlogBytesMax,
  })
  const open: OpenListener[] = []
  for (const listening of config.listeners) {
    const started = await openListener(listening, limits, gateway)
    if (E.isLeft(started)) {
      await Promise.all(open.map(({ listener }) => listener.close()))
      return started
    }
    open.push({ listener: started.right, listening })
  }
  return E.right(open)
}

async function openListener(
  listening: ListenerConfig,
  limits: Parameters<typeof startListener>[0]['limits'],
  gateway: Gateway,
): Promise<E.Either<PoolError, Listener>> {
  const { name, host, port, proxyProtocol } = listening
  const base = { name, host, port, limits, proxyProtocol: proxyProtocol ? 'required' : 'off' } as const
  if (listening.tls === null) return startListener(base, gateway.acceptOn(listening))()
  const tls = readTls(listening.tls)
  if (E.isLeft(tls)) return E.left({ message: `Listener ${name}: ${tls.left.message}` })
  return startListener({ ...base, tls: tls.right }, gateway.acceptOn(listening))()
}

async function openHttp(
  config: Config,
  readModels: ReadModels,
  status: () => PoolStatus,
  metrics: Metrics,
  log: Logger,
): Promise<E.Either<PoolError, HttpServer>> {
  const { host, port, tls: files, behindProxy } = config.http
  const tls = files === null ? E.right(null) : readTls(files)
  if (E.isLeft(tls)) return tls
  const pair = tls.right
  return startHttp({
    host,
    port,
    tls: pair === null ? null : { certificate: pair.cert, key: pair.key },
    behindProxy,
    readModels,
    status,
    metrics,
    now: Date.now,
    report: (error) => log.error({ err: error }, 'a page or an answer of the API failed'),
  })()
}

function readTls(files: TlsFiles): E.Either<PoolError, { readonly key: string; readonly cert: string }> {
  const key = readText(files.keyFile)
  if (E.isLeft(key)) return key
  const cert = readText(files.certificateFile)
  return E.isLeft(cert) ? cert : E.right({ key: key.right, cert: cert.right })
}

function statusOf(listener: Listener, { host, difficulty }: ListenerConfig): ListenerStatus {
  return {
    name: listener.name,
    host,
    port: listener.port,
    tls: listener.fingerprint ?? null,
    difficulty:
      difficulty.fixed !== null
        ? { kind: 'fixed', difficulty: difficulty.fixed }
        : { kind: 'variable', start: difficulty.start, min: difficulty.min, max: difficulty.max },
  }
}

const journalStatus = (state: JournalState): JournalStatus => ({
  state: state.kind === 'stopped' ? 'full' : state.kind,
  queued: state.queuedShares,
  queueMax: state.queueSharesMax,
})

function readText(file: string): E.Either<PoolError, string> {
  try {
    return E.right(readFileSync(file, 'utf8'))
  } catch (error) {
    return E.left({ message: `${file}: ${messageOf(error)}` })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import { defer, retry, timer } from 'rxjs'
import type { EventStore } from '../adapters/event-store/port.ts'
import { controlSocketOf } from '../adapters/http/admin/control.ts'
import { type Logins, openLogins } from '../adapters/http/admin/logins.ts'
import { readPasswordHash } from '../adapters/http/admin/password.ts'
import type { MachineStatus } from '../adapters/http/admin/port.ts'
import { type Metrics, poolMetrics } from '../adapters/http/metrics.ts'
import { type AdminOptions, type HttpServer, startHttp } from '../adapters/http/server.ts'
import type { JournalStatus, ListenerStatus, PoolStatus } from '../adapters/http/status.ts'
import { ledgerFolder } from '../adapters/ledger/folder.ts'
import type { LedgerSource } from '../adapters/ledger/port.ts'
import { dcrdNode } from '../adapters/node/dcrd/node.ts'
import type { Node } from '../adapters/node/port.ts'
import { severalNodes } from '../adapters/node/several.ts'
import { JOB_HEIGHTS_KEPT, type ReadModels } from '../adapters/read-models/port.ts'
import { openReadModels } from '../adapters/read-models/sqlite.ts'
import { connectionLimits, stratumLimits } from '../adapters/stratum/limits.ts'
import { type Listener, startListener } from '../adapters/stratum/listener.ts'
import { realAfter } from '../adapters/timers.ts'
import { dcrwallet } from '../adapters/wallet/dcrwallet/wallet.ts'
import { networks } from '../domain/decred/network.ts'
import { verifierKeyText } from '../domain/transparency/key.ts'
import { watchBlocks } from './actors/blocks.ts'
import { type Gateway, openGateway } from './actors/gateway.ts'
import { watchNode } from './actors/node-watcher.ts'
import { closeAbandonedEpochs, type LedgerName, openPool } from './actors/opening.ts'
import type { Projector } from './actors/projector.ts'
import { openRebuildable } from './actors/read-model-rebuild.ts'
import { openAdministration } from './admin/administration.ts'
import { openBans } from './admin/bans.ts'
import { openAdminRecord } from './admin/record.ts'
import { openBackups } from './backup/backups.ts'
import type { Config, ListenerConfig, TlsFiles } from './config/config.ts'
import { type JournalState, openJournal } from './journal.ts'
import { openEventStore } from './open-store.ts'
import { type LedgerKeys, openLedgerKeys } from './publisher/keys.ts'
import { openPublisher } from './publisher/publisher.ts'
import { witnessName } from './publisher/witnesses.ts'
import { watchReserves } from './reserves.ts'
import type { PayingWallet } from './treasury/payout.ts'
import { policyOf } from './treasury/policy.ts'
import { openTreasury, type Treasury } from './treasury/treasury.ts'
import { openWebhooks, type Webhooks } from './webhooks/webhooks.ts'

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
  /** Every key of the configuration, without its secrets, for the administrator's pages. */
  readonly settings?: MachineStatus['settings']
}

/** How long miners' last shares may come after they were asked to reconnect, and how long the store may take for the rest. */
const DRAIN_MS = 500
const FLUSH_MS_MAX = 6_000
const BLOCKS_MS_MAX = 1_000
/** What is under way is taken up again at the next start, wherever it ends. */
const MONEY_MS_MAX = 1_000
const RECOVER_AGAIN_MS = 1_000
const WEBHOOK_ANSWER_MS_MAX = 15_000

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
  const bans = openBans(join(config.pool.dataDirectory, 'bans.json'))
  if (E.isLeft(bans)) return E.left({ message: bans.left })
  const store = await openEventStore(config.store.url)()
  if (E.isLeft(store)) return store
  closers.push(() => store.right.close())
  const ledgerDirectory = join(config.pool.dataDirectory, 'ledger')
  const ledgerKeys = openLedgerKeys(config.ledger, ledgerDirectory)
  const ledgerName = ledgerNameOf(ledgerKeys, log)
  const policy = policyOf(config)
  const opening = await openPool(store.right, config.pool, policy, ledgerName, options.software, startedAt)()
  if (E.isLeft(opening)) return opening
  const { gateway: ordinal, prefix, earlier } = opening.right

  const followed = openRebuildable({
    file: join(config.pool.dataDirectory, 'read-models.db'),
    open: (file) =>
      openReadModels({
        file,
        log: store.right.log,
        coinbaseMaturity: options.coinbaseMaturity,
        nowMs: () => performance.now(),
      }),
    store: store.right,
    log,
  })
  if (E.isLeft(followed)) return followed
  const projector = followed.right
  const { readModels } = projector
  closers.push(async () => projector.stop())

  for (const { key } of config.witnesses) metrics.witnessErrors.inc({ witness: witnessName(key) }, 0)
  const publisher = openPublisher({
    store: store.right,
    keys: ledgerKeys,
    folder: ledgerDirectory,
    checkpointMsMax: config.ledger.checkpointMsMax,
    witnesses: config.witnesses,
    nowMs,
    log,
    onWitnessError: (witness) => metrics.witnessErrors.inc({ witness }),
  })
  closers.push(() => publisher.stop())
  const webhooks = startWebhooks(config, store.right, metrics, nowMs, log)
  closers.push(() => webhooks.stop())

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
    readModels,
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
  const reserves =
    paying.right === null
      ? null
      : watchReserves({
          paying: paying.right,
          readModels,
          confirmations: config.payout.confirmations,
          nowMs,
          log,
          onWalletError: ({ kind }) => metrics.walletErrors.inc({ kind }),
        })
  closers.push(async () => reserves?.stop())
  const gateway = openGateway({
    ordinal,
    prefix,
    network,
    config,
    journal,
    nowMs,
    newSessionId: () => randomBytes(12).toString('hex'),
    solved: blocks.solved,
    bans: bans.right,
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
      reserves: reserves?.status() ?? null,
      ledger: publisher.status(),
      projections: { position: readModels.checkpoint(), head: projector.head() },
    }
  }
  const backups = openBackups({
    ...config.backup,
    storeUrl: config.store.url,
    nowMs,
    log,
    onEnd: (made) => metrics.backups.inc({ result: E.isRight(made) ? 'made' : 'failed' }),
  })
  closers.push(() => backups.stop())
  const logins = openLoginsOf(config, metrics)
  const administration = openAdministration({
    record: openAdminRecord(store.right, nowMs),
    network,
    treasury,
    gateway,
    bans: bans.right,
    backups,
    readModels,
    rebuilding: projector,
    store: store.right.name,
    settings: options.settings ?? [],
    logins: () => logins?.counts() ?? { right: 0, wrong: 0, limited: 0 },
    nowMs,
    log,
  })
  const admin = {
    administration,
    controlSocket: controlSocketOf(config.pool.dataDirectory),
    pages: logins === null ? null : { logins, own: config.admin.own },
  }
  const http = await openHttp(config, readModels, ledgerFolder(ledgerDirectory), status, metrics, admin, log)
  if (E.isLeft(http)) return http
  closers.push(() => http.right.stop())
  const { controlFault, adminUrl } = http.right
  if (controlFault !== null) log.warn(controlFault)
  if (adminUrl !== null) log.info(`the administrator's pages are at ${adminUrl}`)

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
    readModels,
    treasury,
    failed: failure.promise,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  })
}

/** What the log is told of the ledger; null when nothing can be signed. */
function ledgerNameOf(keys: E.Either<string, LedgerKeys>, log: Logger): LedgerName | null {
  if (E.isLeft(keys)) return null
  const { origin, signing, made } = keys.right
  const key = verifierKeyText(signing[0].verifier)
  if (made !== null)
    log.info(
      `Made a key that signs the public ledger: ${made}. Keep a copy of it where nobody else can read it. Its verifier key is for everybody: ${key}`,
    )
  return { origin, key }
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

/** Null when no password is set. */
function openLoginsOf({ admin }: Config, metrics: Metrics): Logins | null {
  if (admin.passwordHash === null) return null
  const hash = readPasswordHash(admin.passwordHash)
  return E.isLeft(hash) ? null : openLogins(hash.right, (result) => metrics.adminLogins.inc({ result }))
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

function startWebhooks(
  { webhooks, pool }: Config,
  store: EventStore,
  { webhookAttempts, webhookOldestSeconds }: Metrics,
  nowMs: () => number,
  log: Logger,
): Webhooks {
  for (const { name: receiver } of webhooks) {
    for (const outcome of ['delivered', 'failed']) webhookAttempts.inc({ receiver, outcome }, 0)
    webhookOldestSeconds.set({ receiver }, 0)
  }
  return openWebhooks({
    receivers: webhooks,
    store,
    directory: join(pool.dataDirectory, 'webhooks'),
    sender: { pool: pool.name, network: pool.network },
    nowMs,
    answerMsMax: WEBHOOK_ANSWER_MS_MAX,
    random: Math.random,
    onAttempt: (receiver, outcome, ageSeconds) => {
      webhookAttempts.inc({ receiver, outcome })
      webhookOldestSeconds.set({ receiver }, ageSeconds)
    },
    log,
  })
}

async function openHttp(
  config: Config,
  readModels: ReadModels,
  ledger: LedgerSource,
  status: () => PoolStatus,
  metrics: Metrics,
  admin: AdminOptions,
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
    ledger,
    status,
    metrics,
    now: Date.now,
    report: (error) => log.error({ err: error }, 'a page or an answer of the API failed'),
    admin,
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

import { randomBytes, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import { defer, retry, timer } from 'rxjs'
import type { EventStore } from '../adapters/event-store/port.ts'
import { controlSocketOf } from '../adapters/http/admin/control.ts'
import type { MachineStatus } from '../adapters/http/admin/port.ts'
import { poolMetrics } from '../adapters/http/metrics.ts'
import type { ListenerStatus, PoolStatus } from '../adapters/http/port.ts'
import { ledgerFolder } from '../adapters/ledger/folder.ts'
import { severalNodes } from '../adapters/node/several.ts'
import { JOB_HEIGHTS_KEPT, type ReadModels } from '../adapters/read-models/port.ts'
import { openReadModels } from '../adapters/read-models/sqlite.ts'
import { networks } from '../domain/decred/network.ts'
import { COUNTERS } from '../domain/mining/session-book.ts'
import { watchBlocks } from './actors/blocks.ts'
import { openGateway } from './actors/gateway.ts'
import { watchNode } from './actors/node-watcher.ts'
import { closeAbandonedEpochs, openPool } from './actors/opening.ts'
import type { Projector } from './actors/projector.ts'
import { openRebuildable } from './actors/read-model-rebuild.ts'
import { openAdministration } from './admin/administration.ts'
import { openBans } from './admin/bans.ts'
import { openAdminRecord } from './admin/record.ts'
import { openBackups } from './backup/backups.ts'
import type { Config } from './config/config.ts'
import type { PoolError } from './parts/error.ts'
import { makeDataDirectory } from './parts/files.ts'
import { openHttp, openLoginsOf } from './parts/http.ts'
import { journalStatus, openMeteredJournal } from './parts/journal.ts'
import { ledgerNameOf, openLedgerOf } from './parts/ledger.ts'
import { listenerStatus, openListeners } from './parts/listeners.ts'
import { openNodes } from './parts/nodes.ts'
import { openWallet } from './parts/wallet.ts'
import { startWebhooks } from './parts/webhooks.ts'
import { openPublisher } from './publisher/publisher.ts'
import { witnessName } from './publisher/witnesses.ts'
import { openEventStore } from './store/open-store.ts'
import { payoutHold } from './treasury/payout-hold.ts'
import { policyOf } from './treasury/policy.ts'
import { watchReserves } from './treasury/reserves.ts'
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
  const ledger = await openLedgerOf(store.right, config.ledger, ledgerDirectory)
  if (E.isLeft(ledger)) return ledger
  const ledgerKeys = ledger.right
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
  const journal = openMeteredJournal(config, store.right, ordinal, nowMs, metrics, log, failure.resolve)
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
          payoutHold: () => payoutHold(publisher.logCheck()),
          untilSigned: publisher.untilSigned,
          nowMs,
          log,
          onWalletError: ({ kind }) => metrics.walletErrors.inc({ kind }),
          onStoreError: ({ kind }) => metrics.storeErrors.inc({ kind }),
          onWritten: (type, seconds) => {
            metrics.moneyEvents.inc({ type })
            if (type === 'RewardAllocated') metrics.settlementSeconds.observe(seconds)
          },
        })
  void publisher.checked.then(() => treasury?.chainMoved())
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
    monotonicMs: () => performance.now(),
    extranonceCounter: randomInt(COUNTERS),
    newSessionId: () => randomBytes(12).toString('hex'),
    renewWork: () => void node.renewWork()(),
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

  const doors = listeners.right.map(listenerStatus)
  const status = (): PoolStatus => {
    const job = gateway.job()
    return {
      name: config.pool.name,
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
      listeners: doors,
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
    listeners: doors,
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

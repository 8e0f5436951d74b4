import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Logger } from 'pino'
import type { MachineStatus } from '../adapters/http/admin/port.ts'
import { poolMetrics } from '../adapters/http/metrics.ts'
import type { ListenerStatus, PoolStatus } from '../adapters/http/port.ts'
import { ledgerFolder } from '../adapters/ledger/folder.ts'
import { severalNodes } from '../adapters/node/several.ts'
import type { ReadModels } from '../adapters/read-models/port.ts'
import { networks } from '../domain/decred/network.ts'
import { watchBlocks } from './actors/blocks.ts'
import type { Gateway } from './actors/gateway.ts'
import { openPool } from './actors/opening.ts'
import { openBans } from './admin/bans.ts'
import type { Config } from './config/config.ts'
import { openAdministrationOf } from './parts/administration.ts'
import { startBackups } from './parts/backups.ts'
import { openClock } from './parts/clock.ts'
import type { PoolContext } from './parts/context.ts'
import type { PoolError } from './parts/error.ts'
import { makeDataDirectory } from './parts/files.ts'
import { openGatewayOf } from './parts/gateway.ts'
import { openHttp } from './parts/http.ts'
import { openMeteredJournal } from './parts/journal.ts'
import { ledgerNameOf, openLedgerOf } from './parts/ledger.ts'
import { listenerStatus, type OpenListener, openListeners } from './parts/listeners.ts'
import { openNodes, startNodeWatcher } from './parts/nodes.ts'
import { startPublisher } from './parts/publisher.ts'
import { openReadModelsOf } from './parts/read-models.ts'
import { startRecovery } from './parts/recovery.ts'
import { poolStatus } from './parts/status.ts'
import { startReserves, startTreasury } from './parts/treasury.ts'
import { openWallet } from './parts/wallet.ts'
import { startWebhooks } from './parts/webhooks.ts'
import { openEventStore } from './store/open-store.ts'
import { policyOf } from './treasury/policy.ts'
import type { Treasury } from './treasury/treasury.ts'

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

/** One step for each part, in the order in which they need each other, and beside it what closes it again. */
async function start(
  config: Config,
  options: PoolOptions,
  closers: Closers,
): Promise<E.Either<PoolError, Pool>> {
  const { log, software, devnet, coinbaseMaturity, settings = [] } = options
  const network = networks[config.pool.network]

  const nodes = openNodes(config)
  if (E.isLeft(nodes)) return nodes
  const paying = openWallet(config)
  if (E.isLeft(paying)) return paying
  const directory = makeDataDirectory(config)
  if (E.isLeft(directory)) return directory
  const bans = openBans(join(config.pool.dataDirectory, 'bans.json'))
  if (E.isLeft(bans)) return E.left({ message: bans.left })

  const stored = await openEventStore(config.store.url)()
  if (E.isLeft(stored)) return stored
  const store = stored.right
  closers.push(() => store.close())

  const clock = await openClock(store, log, Date.now)
  if (E.isLeft(clock)) return clock
  const nowMs = clock.right
  const context: PoolContext = { config, network, metrics: poolMetrics(), nowMs, log }
  const startedAt = nowMs()

  const ledgerDirectory = join(config.pool.dataDirectory, 'ledger')
  const keys = await openLedgerOf(store, config.ledger, ledgerDirectory)
  if (E.isLeft(keys)) return keys
  const ledger = ledgerNameOf(keys.right, log)
  const opening = await openPool(store, config.pool, policyOf(config), ledger, software, startedAt)()
  if (E.isLeft(opening)) return opening
  const { gateway: ordinal, earlier } = opening.right

  const followed = openReadModelsOf(context, store, coinbaseMaturity)
  if (E.isLeft(followed)) return followed
  const projector = followed.right
  const { readModels } = projector
  closers.push(async () => projector.stop())

  const publisher = startPublisher(context, store, keys.right, ledgerDirectory)
  closers.push(() => publisher.stop())

  const webhooks = startWebhooks(context, store)
  closers.push(() => webhooks.stop())

  const failure = Promise.withResolvers<PoolError>()
  const journal = openMeteredJournal(context, store, ordinal, failure.resolve)
  closers.push(() => journal.stop(FLUSH_MS_MAX))

  const node = severalNodes(nodes.right)
  closers.push(() => node.stop())

  const blocks = watchBlocks({
    gateway: ordinal,
    node,
    network: { ...network, coinbaseMaturity: coinbaseMaturity ?? network.coinbaseMaturity },
    journal,
    readModels,
    nowMs,
    log,
  })
  closers.push(() => Promise.race([blocks.stop(), sleep(BLOCKS_MS_MAX)]))

  const treasury = startTreasury(context, store, node, paying.right, publisher)
  closers.push(() =>
    Promise.race([Promise.all([treasury?.stop(), paying.right?.wallet.stop()]), sleep(MONEY_MS_MAX)]),
  )

  const reserves = startReserves(context, paying.right, readModels)
  closers.push(async () => reserves?.stop())

  const gateway = openGatewayOf(context, opening.right, journal, node, blocks, bans.right)
  const doors = await openListeners(config, gateway)
  if (E.isLeft(doors)) return doors
  closers.push(async () => {
    await Promise.all(doors.right.map(({ listener }) => listener.close()))
    gateway.end()
  })

  const watcher = startNodeWatcher(context, node, nodes.right, gateway, blocks, treasury)
  closers.push(async () => watcher.stop())

  const backups = startBackups(context)
  closers.push(() => backups.stop())

  const listeners = doors.right.map(listenerStatus)
  const parts = { gateway, watcher, journal, treasury, reserves, publisher, projector, readModels }
  const status = () => poolStatus(context, { ...parts, software, devnet, startedAt, listeners })
  const admin = openAdministrationOf(context, {
    store,
    treasury,
    gateway,
    bans: bans.right,
    backups,
    projector,
    settings,
  })
  const http = await openHttp(context, readModels, ledgerFolder(ledgerDirectory), status, admin)
  if (E.isLeft(http)) return http
  closers.push(() => http.right.stop())

  node.start()
  const stopRecovery = startRecovery(context, { store, earlier, projector, blocks })
  closers.push(async () => stopRecovery())

  let stopping: Promise<boolean> | null = null
  return E.right({
    httpUrl: http.right.url,
    listeners,
    status,
    readModels,
    treasury,
    failed: failure.promise,
    stop: () => {
      stopping ??= stop(doors.right, gateway, closers, log)
      return stopping
    },
  })
}

async function stop(
  doors: readonly OpenListener[],
  gateway: Gateway,
  closers: Closers,
  log: Logger,
): Promise<boolean> {
  log.info('stopping: miners are asked to come back')
  for (const { listener } of doors) listener.stopAccepting()
  gateway.drain()
  await sleep(DRAIN_MS)
  gateway.end()
  let complete = true
  for (const close of closers.reverse()) if ((await close()) === false) complete = false
  return complete
}

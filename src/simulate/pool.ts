import { setImmediate as turn } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { JOB_HEIGHTS_KEPT, type ReadModels } from '../../adapters/read-models/port.ts'
import type { Accept } from '../../adapters/stratum/port.ts'
import type { Wallet } from '../../adapters/wallet/port.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { EXTRANONCES } from '../../domain/mining/session-book.ts'
import { watchBlocks } from '../actors/blocks.ts'
import { openGateway } from '../actors/gateway.ts'
import { watchNode } from '../actors/node-watcher.ts'
import { type LedgerName, openPool } from '../actors/opening.ts'
import type { Config } from '../config/config.ts'
import type { DevnetNode } from '../devnet/node.ts'
import { openJournal } from '../journal.ts'
import type { Timers } from '../timers.ts'
import { policyOf } from '../treasury/policy.ts'
import { openTreasury } from '../treasury/treasury.ts'
import { version } from '../version.ts'
import type { Chance } from './chance.ts'
import { simulatedNode } from './node.ts'
import type { SimulatedStore } from './store.ts'
import type { SimulatedTime } from './time.ts'

/** A pool of which one process runs after another: the same parts as live, in simulated time. What goes wrong is thrown. */
export interface SimulatedPool {
  /** Starts a process on what earlier ones have left. */
  readonly start: (config: Config) => Promise<void>
  /** Where miners come in; null while there is no process. */
  readonly door: () => Accept | null
  /** Accepted shares in all, committed or not. */
  readonly shares: () => number
  /** Whether something follows from what has just happened that can't wait. */
  readonly isStirred: () => boolean
  /** Lets the pool do all that follows. */
  readonly settle: () => Promise<void>
  /** Lets it write what waits for company. */
  readonly flush: () => Promise<void>
  /** Ends the process as an operator would. */
  readonly stop: () => Promise<void>
}

/** What the processes of a simulated pool have in common. */
export interface PoolWorld {
  readonly time: SimulatedTime
  readonly store: SimulatedStore
  readonly devnet: DevnetNode
  readonly wallet: Wallet
  /** Asked at a start: what an earlier process left. */
  readonly readModels: ReadModels
  readonly chance: Chance
  readonly ledger: LedgerName
}

/** Turns of the event loop without a new event, after which nothing more comes by itself: a commit takes two. */
const QUIET_TURNS = 3
/** Simulated milliseconds in which a node judges a block. */
const JUDGING_MS = 3
/** Simulated milliseconds in which shares wait for others, for each that is wanted in an event. */
const LINGER_MS_PER_SHARE = 40
/** For a journal that writes into memory: this much real time means that it hangs. */
const FLUSH_MS_MAX = 60_000

type Process = Omit<SimulatedPool, 'start' | 'door'> & { readonly accept: Accept }

/** A pool that has not been started yet. */
export function simulatedPool(world: PoolWorld): SimulatedPool {
  let running: Process | null = null
  let sharesBefore = 0
  return {
    start: async (config) => {
      running = await startProcess(world, config)
    },
    door: () => running?.accept ?? null,
    shares: () => sharesBefore + (running?.shares() ?? 0),
    isStirred: () => running?.isStirred() ?? false,
    settle: async () => running?.settle(),
    flush: async () => running?.flush(),
    stop: async () => {
      const ending = running
      if (ending === null) return
      await ending.stop()
      sharesBefore += ending.shares()
      running = null
    },
  }
}

async function startProcess(world: PoolWorld, config: Config): Promise<Process> {
  const { time, store, devnet, readModels } = world
  const { nowMs } = time
  const network = networks.simnet
  const opened = await openPool(
    store.store,
    config.pool,
    policyOf(config),
    world.ledger,
    `lodebook ${version} simulate`,
    nowMs(),
  )()
  if (E.isLeft(opened)) throw new Error(opened.left.message)
  const { gateway: ordinal, prefix } = opened.right
  await catchUp(readModels, store)

  let committed = 0
  /** Something happened that the blocks may have to do with, or only something to be committed. */
  let isMoved = true
  let isCommitting = false
  /** Ends the journal's wait for company. */
  let endLinger: (() => void) | null = null
  const faults: string[] = []
  // An error of the engine would be logged, and it would go on: here it ends the simulation.
  const log = pino({ level: 'error' }, { write: (line: string) => faults.push(line.trim()) })

  const journal = openJournal({
    store: store.store,
    gateway: ordinal,
    nowMs,
    ...config.journal,
    lingerMsMax: LINGER_MS_PER_SHARE * config.journal.batchSharesTarget,
    onCommit: (shares) => {
      committed += shares
    },
    onRejected: () => undefined,
    onStoreError: () => undefined,
    onStopped: ({ message }) => faults.push(message),
    timers: journalTimers(),
  })
  const node = simulatedNode(devnet)
  const blocks = watchBlocks({
    gateway: ordinal,
    node,
    network,
    journal,
    readModels,
    nowMs,
    log,
    timers: {
      after: time.after,
      every: (ms, run) =>
        time.every(ms, () => {
          isMoved = true
          run()
        }),
    },
  })
  const treasury =
    config.pool.mode === 'solo'
      ? null
      : openTreasury({
          store: store.shown,
          node,
          network,
          paying: { wallet: world.wallet, account: 'default' },
          payoutHold: () => null,
          untilSigned: () => null,
          nowMs,
          log,
          onWalletError: () => undefined,
          onStoreError: () => undefined,
          onWritten: () => undefined,
          // It looks whenever the pool settles.
          timers: { after: time.after, every: () => () => undefined },
        })
  let extranonces = 0
  const gateway = openGateway({
    ordinal,
    prefix,
    network,
    config,
    journal,
    nowMs,
    machineMs: nowMs,
    monotonicMs: nowMs,
    drawExtranonce: () => {
      extranonces = (extranonces % EXTRANONCES) + 1
      return extranonces
    },
    newSessionId: () => toHex(world.chance.bytes(12)),
    renewWork: () => void node.renewWork()(),
    solved: blocks.solved,
    bans: NO_BANS,
    log,
    timers: time,
  })
  const watcher = watchNode({
    node,
    members: [],
    nodeGoneMsMax: config.mining.nodeGoneMsMax,
    work: gateway.work,
    holdWork: gateway.holdWork,
    chainMoved: blocks.chainMoved,
    blockConnected: blocks.blockConnected,
    catchUpBlocksMax: JOB_HEIGHTS_KEPT,
    onError: () => undefined,
    log,
  })
  let job = gateway.job()

  function journalTimers(): Timers {
    return {
      after: (ms, run) => {
        const callOff = time.after(ms, () => end())
        const end = (): void => {
          endLinger = null
          callOff()
          isCommitting = true
          run()
        }
        endLinger = end
        return () => {
          endLinger = null
          callOff()
        }
      },
      every: (ms, run) =>
        time.every(ms, () => {
          isCommitting = true
          run()
        }),
    }
  }

  const isBatchFull = (): boolean => journal.state().queuedShares >= config.journal.batchSharesTarget
  const isMoving = (): boolean => isMoved || node.hasBlocks() || gateway.job() !== job

  async function turns(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) await turn()
  }

  async function commit(): Promise<void> {
    do {
      isCommitting = false
      await turns()
    } while (isBatchFull() && faults.length === 0)
  }

  async function settle(): Promise<void> {
    if (!isMoving()) await commit()
    else await settleAll()
    const [fault] = faults
    if (fault !== undefined) throw new Error(messageIn(fault))
  }

  async function settleAll(): Promise<void> {
    isMoved = false
    isCommitting = false
    for (;;) {
      const before = store.appends()
      await turns()
      if (store.appends() !== before) continue
      if (node.hasBlocks()) {
        time.pass(JUDGING_MS)
        node.takeBlocks()
        continue
      }
      await store.show()
      await treasury?.chainMoved()
      if (store.appends() === before) break
    }
    job = gateway.job()
  }

  async function flush(): Promise<void> {
    endLinger?.()
    isMoved = true
    await settle()
  }

  node.start()
  // What it submits anew is taken while the pool settles.
  const recovered = blocks.recover()
  await settle()
  await recovered
  await flush()

  return {
    accept: gateway.acceptOn(listenerOf(config)),
    shares: () => committed + journal.state().queuedShares,
    isStirred: () => isCommitting || isMoving() || isBatchFull(),
    settle,
    flush,
    stop: async () => {
      await flush()
      gateway.drain()
      gateway.end()
      await flush()
      watcher.stop()
      const isWritten = await journal.stop(FLUSH_MS_MAX)
      await blocks.stop()
      await treasury?.stop()
      await node.stop()
      await store.flush()
      if (!isWritten) throw new Error('the journal could not end')
    },
  }
}

/** Nobody is banned. */
const NO_BANS = { accountRefusal: () => null, addressRefusal: () => null }

function listenerOf({ listeners }: Config): Config['listeners'][number] {
  const [listener] = listeners
  if (listener === undefined) throw new Error('a simulated pool has a listener')
  return listener
}

/** Events folded at once. */
const PAGE = 256

/** The read models are asked for what an earlier process left: they are brought up to it. */
async function catchUp(readModels: ReadModels, { store }: SimulatedStore): Promise<void> {
  for (;;) {
    const page = await store.readAll(readModels.checkpoint(), PAGE)()
    if (E.isLeft(page)) throw new Error(page.left.message)
    if (page.right.length === 0) return
    const applied = readModels.apply(page.right)
    if (E.isLeft(applied)) throw new Error(applied.left.message)
  }
}

/** What a line of the log says, or a sentence itself. */
function messageIn(fault: string): string {
  if (!fault.startsWith('{')) return fault
  const line: unknown = JSON.parse(fault)
  const text = (value: unknown, name: string): string =>
    typeof value === 'object' && value !== null && name in value ? String(Reflect.get(value, name)) : ''
  const inner = typeof line === 'object' && line !== null && 'err' in line ? text(line.err, 'message') : ''
  return [text(line, 'msg'), inner].filter((each) => each !== '').join(': ')
}

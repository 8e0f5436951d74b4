import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { openEventStoreDb } from '../../adapters/event-store/eventstoredb/open.ts'
import type { EventStore, RecordedEvent, StreamAppend } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { decodeEvent } from '../../domain/events.ts'
import { type Dump, dump, withoutCheckpoint } from '../adapters/read-models/scratch.ts'
import { startPoolProcess } from '../crash/killed-pool.ts'
import { loadMiner, type Memory } from '../crash/load.ts'
import { sharesIn } from '../crash/logged-shares.ts'
import { eventHistory } from '../support/event-histories.ts'
import type { LoggedEvent } from '../support/house.ts'
import { easyDevnet, poolConfig, runningPool, temporaryDirectory } from '../support/running-pool.ts'

/** A server with nothing of ours in it, and the power to take it away. */
export interface ServerWorld {
  /** Connection string. */
  readonly url: string
  /** From now on it can't be reached, and whatever was on its way is lost. */
  readonly kill: () => Promise<void>
  readonly restart: () => Promise<void>
  readonly dispose: () => Promise<void>
}

const MINERS = 5
const KILLS = 5
/** Some hundred shares for a block. */
const BLOCK_DIFFICULTY = 300
/** Shares that must be answered between two kills, so that each hits a pool at work. */
const SHARES_BETWEEN = 60

/** The whole pool with its history on an EventStoreDB: what holds whatever happens to either. */
export function poolOnServer(name: string, start: () => Promise<ServerWorld>): void {
  describe(`the pool on ${name}`, () => {
    test('its store killed five times under load: miners stay, nothing acknowledged is lost, nothing is counted twice', async () => {
      const world = await start()
      const directory = temporaryDirectory()
      const devnet = await easyDevnet({ startDifficulty: BLOCK_DIFFICULTY })
      const config = poolConfig(directory, [devnet])
      const pool = await runningPool({ ...config, store: { url: world.url } })
      const port = pool.listeners[0]?.port ?? 0
      const memory: Memory = { sent: new Set(), acknowledged: [], refused: new Map() }
      const miners = Array.from({ length: MINERS }, (_, n) => loadMiner(n, memory))
      let stayed = true
      const mining = Promise.all(miners.map((miner) => miner.mine(port))).then(() => {
        stayed = false
      })
      for (let kill = 0; kill < KILLS; kill++) {
        await answered(memory, SHARES_BETWEEN)
        await sleep(randomInt(50))
        await world.kill()
        await sleep(randomInt(400))
        await world.restart()
      }
      await answered(memory, SHARES_BETWEEN)
      expect(stayed).toBe(true)
      expect(await pool.stop()).toBe(true)
      await mining
      await devnet.stop()

      const store = await openedStore(world.url)
      const recorded = await everything(store)
      const log = decoded(recorded)
      expectSharesOf(memory, log)
      expect(log.filter(({ type }) => type === 'MinerConnected')).toHaveLength(MINERS)
      expect(log.filter(({ type }) => type === 'BlockFound').length).toBeGreaterThan(0)
      expect(folded(store.log, recorded, 777, join(directory, 'read-models.db'))).toEqual(
        folded(store.log, recorded, 777),
      )
      await store.close()
      await world.dispose()
    }, 120_000)

    test('the pool killed at any moment and started again: the same', async () => {
      const world = await start()
      const directory = temporaryDirectory()
      const devnet = await easyDevnet({ startDifficulty: BLOCK_DIFFICULTY })
      const memory: Memory = { sent: new Set(), acknowledged: [], refused: new Map() }
      const miners = Array.from({ length: MINERS }, (_, n) => loadMiner(n, memory))
      for (let life = 0; life < KILLS; life++) {
        const pool = startPoolProcess(directory, devnet, world.url)
        const { port } = await pool.ready
        const mining = Promise.all(miners.map((miner) => miner.mine(port)))
        await answered(memory, SHARES_BETWEEN)
        await sleep(randomInt(50))
        await pool.kill()
        await mining
      }
      const last = await runningPool({ ...poolConfig(directory, [devnet]), store: { url: world.url } })
      expect(await last.stop()).toBe(true)
      await devnet.stop()

      const store = await openedStore(world.url)
      const recorded = await everything(store)
      expectSharesOf(memory, decoded(recorded))
      expect(folded(store.log, recorded, 13, join(directory, 'read-models.db'))).toEqual(
        folded(store.log, recorded, 13),
      )
      await store.close()
      await world.dispose()
    }, 120_000)

    test('the same history through SQLite and through it gives the same read models, byte for byte', async () => {
      const world = await start()
      const history = [
        ...eventHistory({ seed: 11, shares: 20_000, workers: 12, sharesPerEvent: 20, trouble: 4 }),
      ]
      const embedded = right(
        await openSqliteEventStore({ file: join(temporaryDirectory(), 'lodebook.db') })(),
      )
      const remote = await openedStore(world.url)
      const tables: Dump[] = []
      for (const store of [embedded, remote]) {
        const appends = history.map(appendOf)
        for (let i = 0; i < appends.length; i += 50) right(await store.append(appends.slice(i, i + 50))())
        tables.push(await followed(store, history.length))
        await store.close()
      }
      expect(tables[0]?.['blocks']?.length).toBeGreaterThan(0)
      expect(withoutCheckpoint(tables[1] ?? {})).toEqual(withoutCheckpoint(tables[0] ?? {}))
      await world.dispose()
    }, 120_000)
  })
}

/** Resolves when so many more shares were answered `true`. */
async function answered({ acknowledged }: Memory, more: number): Promise<void> {
  const wanted = acknowledged.length + more
  const patience = performance.now() + 30_000
  while (acknowledged.length < wanted) {
    if (performance.now() > patience)
      throw new Error(`no share was answered any more after ${acknowledged.length}`)
    await sleep(5)
  }
}

function expectSharesOf(memory: Memory, log: readonly LoggedEvent[]): void {
  const logged = sharesIn(log).map(({ header }) => header)
  expect(memory.acknowledged.length).toBeGreaterThan(SHARES_BETWEEN)
  expect(memory.acknowledged.filter((header) => !new Set(logged).has(header))).toEqual([])
  expect(new Set(memory.acknowledged).size).toBe(memory.acknowledged.length)
  expect(new Set(logged).size).toBe(logged.length)
  expect(logged.filter((header) => !memory.sent.has(header))).toEqual([])
  const next = new Map<string, number>()
  for (const { stream, revision } of log) {
    expect({ stream, revision }).toEqual({ stream, revision: next.get(stream) ?? 0 })
    next.set(stream, revision + 1)
  }
}

/** Read models brought to the end of the log in batches of this size: those of a pool that has stopped, or new ones. */
function folded(
  log: string,
  recorded: readonly RecordedEvent[],
  batch: number,
  file = join(temporaryDirectory(), 'read-models.db'),
): Dump {
  const models = right(openReadModels({ file, log, nowMs: () => performance.now() }))
  const rest = recorded.filter(({ position }) => position > (models.checkpoint() ?? -1))
  for (let i = 0; i < rest.length; i += batch) right(models.apply(rest.slice(i, i + batch)))
  right(models.close())
  return dump(file)
}

/** Read models that have followed a store to the end of so many events. */
async function followed(store: EventStore, events: number): Promise<Dump> {
  const file = join(temporaryDirectory(), 'read-models.db')
  const models = right(openReadModels({ file, log: store.log, nowMs: () => performance.now() }))
  await new Promise<void>((resolve, reject) => {
    const following = store
      .follow(null, 16, async (batch) => {
        right(models.apply(batch))
        if (models.status().entries < events) return
        following.unsubscribe()
        resolve()
      })
      .subscribe({ error: reject })
  })
  right(models.close())
  return dump(file)
}

async function everything(store: EventStore): Promise<readonly RecordedEvent[]> {
  return right(await store.readAll(null, 1_000_000)())
}

const decoded = (recorded: readonly RecordedEvent[]): readonly LoggedEvent[] =>
  recorded.map(({ stream, revision, type, data }) => ({
    ...right(decodeEvent(type, data)),
    stream,
    revision,
  }))

const appendOf = ({ stream, revision, id, type, data }: RecordedEvent): StreamAppend => ({
  stream,
  expected: revision - 1,
  events: [{ id, type, data }],
})

const openedStore = async (url: string): Promise<EventStore> => right(await openEventStoreDb(url)())

function right<A>(result: E.Either<{ readonly message: string }, A>): A {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

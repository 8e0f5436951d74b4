import { createHash, randomInt } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EMBEDDED_LOG } from '../../adapters/event-store/follow.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { blockHash } from '../../domain/decred/header.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { type LoggedEvent, openHouse, readLog } from '../support/house.ts'
import { easyDevnet, temporaryDirectory } from '../support/running-pool.ts'
import { lockStore, newBlock, startPoolProcess } from './killed-pool.ts'
import { type LoadMiner, loadMiner, type Memory, sendBlock } from './load.ts'
import { type LoggedShare, sharesIn } from './logged-shares.ts'

/**
 * A real pool is killed again and again under load and started again on what it left, while chain and miners live on. In the
 * end the log is compared with what the miners and the chain remember. LODEBOOK_KILLS=20 kills twenty times.
 */

const KILLS = Number(process.env['LODEBOOK_KILLS'] ?? 10)
const MINERS = 6
/** Some hundred shares for a block: some blocks in each life of the pool. */
const BLOCK_DIFFICULTY = 300

const seed = Number(process.env['LODEBOOK_CRASH_SEED'] ?? randomInt(2 ** 31))
const directory = temporaryDirectory()
const memory: Memory = { sent: new Set(), acknowledged: [], refused: new Map() }
/** Blocks of the chain of which a killed pool could write nothing at all. */
const unwritten = new Set<string>()
let devnet: Devnet
let log: readonly LoggedEvent[]
let shares: readonly LoggedShare[]

beforeAll(async () => {
  console.log(`kill times of seed ${seed}; LODEBOOK_CRASH_SEED=${seed} gives the same again`)
  devnet = await easyDevnet({ startDifficulty: BLOCK_DIFFICULTY })
  const miners = Array.from({ length: MINERS }, (_, n) => loadMiner(n, memory))
  for (const kill of killTimes(seed)) await oneLife(kill, miners)
  await lastLife()
  log = readLog(directory)
  shares = sharesIn(log)
}, 120_000)
afterAll(() => devnet.stop())

/**
 * When a process is killed: so many milliseconds after it was started, after miners connect, after the next block, or after
 * a block whose share can't be written.
 */
interface Kill {
  readonly after: 'start' | 'miners' | 'block' | 'block of a locked store'
  readonly ms: number
}

/** The same ones for the same seed. */
function killTimes(seed: number): readonly Kill[] {
  const kinds = [
    { after: 'start', msMax: 600 },
    { after: 'miners', msMax: 800 },
    { after: 'block', msMax: 5 },
    { after: 'block', msMax: 50 },
    { after: 'block of a locked store', msMax: 50 },
  ] as const
  return Array.from({ length: KILLS }, (_, n) => {
    const { after, msMax } = kinds[n % kinds.length] ?? kinds[0]
    const random = createHash('sha256').update(`${seed}.${n}`).digest()
    return { after, ms: random.readUInt32LE() % (msMax + 1) }
  })
}

/** Starts the pool, lets the miners mine on it, and kills it. */
async function oneLife(kill: Kill, miners: readonly LoadMiner[]): Promise<void> {
  const pool = startPoolProcess(directory, devnet)
  if (kill.after === 'start') {
    await sleep(kill.ms)
    return pool.kill()
  }
  const { port } = await pool.ready
  const mining = Promise.all(miners.map((miner) => miner.mine(port)))
  const undo = await Promise.race([mining, momentOf(kill, port)])
  await pool.kill()
  if (typeof undo === 'function') undo()
  await mining
}

/** Resolves when it is time. Returns what is to be done after the kill. */
async function momentOf({ after, ms }: Kill, port: number): Promise<() => void> {
  const undo = after === 'block of a locked store' ? await lockLog() : () => {}
  const block = after === 'miners' ? undefined : newBlock(devnet)
  // With their shares unanswered the others soon stop sending.
  if (after === 'block of a locked store') await sendBlock(port, MINERS, memory)
  await block
  await sleep(ms)
  return undo
}

/** Nothing is written from now on but what was on the tip: of a second block not even the work is. */
async function lockLog(): Promise<() => void> {
  const unlock = await lockStore(directory, devnet)
  const { height } = devnet.chain.tip
  return () => {
    for (const block of minedBlocks()) if (block.height > height + 1) unwritten.add(block.hash)
    unlock()
  }
}

/** Starts the pool once more, lets it take up what the others left, and stops it in good order. */
async function lastLife(): Promise<void> {
  const house = await openHouse([devnet], {}, directory)
  for (const { hash } of minedBlocks())
    if (!unwritten.has(hash)) await house.block(hash, ({ state }) => state !== 'found')
  expect(await house.stop()).toBe(true)
}

/** The main chain without the two blocks that a devnet begins with. */
const minedBlocks = () =>
  Array.from({ length: devnet.chain.tip.height - 1 }, (_, i) => {
    const block = devnet.chain.at(i + 2)
    if (block === undefined) throw new Error(`no block at ${i + 2}`)
    return block
  })

test('there was something to lose', () => {
  const refused = Object.fromEntries(memory.refused)
  const found = log.flatMap((each) => (each.type === 'BlockFound' ? [each.data] : []))
  const recognised = found.filter(({ share }) => share === null)
  console.log(
    `${memory.sent.size} shares sent, ${memory.acknowledged.length} answered true, refused ${JSON.stringify(refused)}; ` +
      `${shares.length} in the log; chain at ${devnet.chain.tip.height}; ${found.length} blocks found, ` +
      `${recognised.length} recognised on the chain, ${unwritten.size} could not be`,
  )
  expect(log.filter(({ type }) => type === 'GatewayJoined').length).toBeGreaterThan(KILLS / 2)
  expect(memory.acknowledged.length).toBeGreaterThan(500)
  expect(minedBlocks().length).toBeGreaterThan(KILLS / 2)
  expect(recognised.length).toBeGreaterThan(0)
})

describe('shares', () => {
  test('each one that was answered true is in the log', () => {
    const logged = new Set(shares.map(({ header }) => header))
    expect(memory.acknowledged.filter((header) => !logged.has(header))).toEqual([])
  })

  test('none was answered true twice, none is in the log twice', () => {
    expect(repeated(memory.acknowledged)).toEqual([])
    expect(repeated(shares.map(({ header }) => header))).toEqual([])
  })

  test('none is in the log that no miner sent', () => {
    expect(shares.filter(({ header }) => !memory.sent.has(header))).toEqual([])
  })
})

test('every stream has dense revisions', () => {
  const next = new Map<string, number>()
  const gaps = log.filter(({ stream, revision }) => {
    const expected = next.get(stream) ?? 0
    next.set(stream, revision + 1)
    return revision !== expected
  })
  expect(gaps).toEqual([])
})

describe('blocks', () => {
  const found = () =>
    new Map(log.flatMap((each) => (each.type === 'BlockFound' ? [[each.stream, each.data] as const] : [])))

  test('each one of the chain is in the log', () => {
    const missing = minedBlocks().filter(({ hash }) => !unwritten.has(hash) && !found().has(`block-${hash}`))
    expect(missing.map(({ hash }) => hash)).toEqual([])
  })

  test('each share that solved one has it, and each one that was found by a share names that share', () => {
    const solved = shares.flatMap(({ hash }) => (hash === null ? [] : [`block-${hash}`]))
    expect(solved.filter((stream) => !found().has(stream))).toEqual([])
    const place = new Map(shares.map((share) => [share.place, share]))
    for (const [stream, { share, header }] of found())
      if (share !== null) {
        const named = place.get(`${share.stream}@${share.revision}.${share.index}`)
        expect({ stream, header }).toEqual({ stream: `block-${named?.hash}`, header: named?.header })
      }
  })

  test('each one has the header of its name, and one that nobody is known to have found has no share', () => {
    const logged = new Set(shares.map(({ header }) => header))
    for (const [stream, { header, share }] of found()) {
      expect(stream).toBe(`block-${blockHash(Buffer.from(header, 'hex'))}`)
      expect(logged.has(header)).toBe(share !== null)
    }
  })
})

test('the read models are what a rebuild from nothing gives', async () => {
  const rebuilt = join(temporaryDirectory(), 'read-models.db')
  await fold(join(directory, 'lodebook.db'), rebuilt)
  const tables = tablesOf(rebuilt)
  expect(tables.get('pool')).toHaveLength(1)
  expect(tables.get('blocks')?.length).toBeGreaterThan(KILLS / 2)
  expect(tablesOf(join(directory, 'read-models.db'))).toEqual(tables)
})

async function fold(logFile: string, readModelFile: string): Promise<void> {
  const store = rightOf(await openSqliteEventStore({ file: logFile })())
  const readModels = rightOf(
    openReadModels({ file: readModelFile, log: EMBEDDED_LOG, nowMs: () => performance.now() }),
  )
  for (let more = true; more; ) {
    const page = rightOf(await store.readAll(readModels.checkpoint(), 777)())
    rightOf(readModels.apply(page))
    more = page.length > 0
  }
  rightOf(readModels.close())
  await store.close()
}

/** Every row of every table, in the order of its columns' text. */
function tablesOf(file: string): ReadonlyMap<string, readonly string[]> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    return new Map(
      names.map(({ name }) => [
        String(name),
        db
          .prepare(`SELECT * FROM ${name}`)
          .all()
          .map((row) => JSON.stringify(row))
          .sort(),
      ]),
    )
  } finally {
    db.close()
  }
}

function repeated(texts: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  return texts.filter((text) => seen.size === seen.add(text).size)
}

function rightOf<T>(answer: E.Either<{ readonly message: string }, T>): T {
  if (E.isLeft(answer)) throw new Error(answer.left.message)
  return answer.right
}

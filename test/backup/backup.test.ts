import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openBackups } from '../../src/backup/backups.ts'
import { readFigures } from '../../src/backup/figures.ts'
import { makeBackup } from '../../src/backup/make.ts'
import { type Restored, restoreBackup } from '../../src/backup/restore.ts'
import { runningPoolOf } from '../../src/cli/admin/control-client.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { lodebook } from '../cli/child.ts'
import { fill, history } from '../store/logs.ts'
import { cpuMiner } from '../support/devices.ts'
import { startConformanceServer } from '../support/eventstoredb/server.ts'
import {
  address,
  easyChain,
  type House,
  newDirectory,
  openHouse,
  poll,
  readLog,
  stopHouses,
} from '../support/house.ts'
import { type Miner, startMiner } from '../support/miner.ts'

/** Backups of a pool that mines, and what becomes of them. */

const OVER = { wallet: true, coinbaseMaturity: 3 } as const
let devnet: Devnet
beforeAll(async () => {
  devnet = await easyChain({ coinbaseMaturity: 3, startDifficulty: 64 })
})
afterAll(async () => {
  await stopHouses()
  await devnet.stop()
})

const quiet = () => undefined
const urlOf = (directory: string) => `sqlite:${join(directory, 'lodebook.db')}`

const Balances = t.type({
  liabilities: t.UnknownRecord,
  fees: t.UnknownRecord,
  reserve: t.string,
  coinbases: t.string,
  paid: t.string,
  agrees: t.boolean,
})
const balancesOf = async (house: House) => {
  const { liabilities, fees, reserve, coinbases, paid, agrees } = await house.api('books', Balances)
  return { liabilities, fees, reserve, coinbases, paid, agrees }
}

async function right<A>(of: Promise<E.Either<string, A>>): Promise<A> {
  const made = await of
  if (E.isLeft(made)) throw new Error(made.left)
  return made.right
}

/** Sends shares as fast as they are answered, until told otherwise. */
function load(miner: Miner): () => Promise<number> {
  let goesOn = true
  let shares = 0
  const sending = (async () => {
    while (goesOn) {
      const { result } = await miner.submit(await miner.find('share'))
      if (result === true) shares++
    }
  })()
  return async () => {
    goesOn = false
    await sending
    return shares
  }
}

/** Events that are under no checkpoint yet. */
const unsigned = (house: House): number =>
  house.log().length - (house.pool.status().ledger.checkpoint?.size ?? 0)

/** A directory as it is after its disk was lost: the ledger and its key were kept. */
function afterTheLoss(house: House): string {
  const directory = newDirectory()
  cpSync(join(house.directory, 'ledger'), join(directory, 'ledger'), { recursive: true })
  copyFileSync(join(house.directory, 'ledger.key'), join(directory, 'ledger.key'))
  return directory
}

const restore = (
  file: string,
  directory: string,
  ledger: string | null = null,
): Promise<E.Either<string, Restored>> =>
  restoreBackup({ file, storeUrl: urlOf(directory), dataDirectory: directory, ledger, keys: [] }, quiet)

/** A pool that has found a block, was backed up under load, and went on. */
async function poolWithBackup() {
  const house = await openHouse([devnet], OVER)
  const miner = await startMiner({ port: house.port, device: cpuMiner, user: address(1) })
  const found = await miner.find('block')
  await miner.submit(found)
  await house.block(found.hash, ({ state }) => state === 'connected')
  await devnet.generate(2)
  await poll(() => house.events('RewardAllocated').length).toBe(1)
  const stopLoad = load(miner)
  await sleep(400)
  const file = join(newDirectory(), 'backup.db')
  const answered = house.events('SharesAccepted').length
  const figures = await right(makeBackup({ storeUrl: urlOf(house.directory), file, now: 1 }, quiet))
  await sleep(400)
  const shares = await stopLoad()
  miner.client.close()
  expect(shares).toBeGreaterThan(5)
  expect(figures.events).toBeGreaterThan(answered)
  return { house, file, figures }
}

describe('a backup under load', () => {
  test('restored without the ledger is the log as it was; with the ledger it is all that was signed, and the pool goes on with equal balances', async () => {
    const { house, file, figures } = await poolWithBackup()
    const whole = house.log()
    await poll(() => unsigned(house)).toBe(0)
    const before = await balancesOf(house)
    await house.stop()
    const log = readLog(house.directory)
    expect(log.length).toBeGreaterThan(figures.events)

    const alone = newDirectory()
    expect(await right(restore(file, alone, ''))).toMatchObject({ events: figures.events, continued: null })
    expect(readLog(alone)).toEqual(whole.slice(0, figures.events))

    const directory = afterTheLoss(house)
    writeFileSync(join(directory, 'read-models.db'), 'of the store that is gone')
    const restored = await right(restore(file, directory))
    expect(restored).toMatchObject({ events: log.length, readModelsRemoved: true })
    expect(restored.continued).toEqual({
      from: join(directory, 'ledger'),
      isOwn: true,
      signed: log.length,
      added: log.length - figures.events,
    })
    expect(readLog(directory)).toEqual(log)
    expect(readdirSync(directory).filter((name) => /restoring|partial/.test(name))).toEqual([])

    const again = await openHouse([devnet], OVER, directory)
    await poll(() => balancesOf(again)).toEqual(before)
    const miner = await startMiner({ port: again.port, device: cpuMiner, user: address(2) })
    expect((await miner.submit(await miner.find('share'))).result).toBe(true)
    miner.client.close()
    await poll(() => again.pool.status().ledger).toMatchObject({ state: 'publishing', message: '' })
    await poll(() => unsigned(again)).toBe(0)
    await again.stop()
  })

  test('that is behind the signed ledger, started without it, stops the publisher and not the pool', async () => {
    const { house, file } = await poolWithBackup()
    await poll(() => unsigned(house)).toBe(0)
    await house.stop()
    const directory = afterTheLoss(house)
    await right(restore(file, directory, ''))
    const again = await openHouse([devnet], OVER, directory)
    await poll(() => again.pool.status().ledger).toMatchObject({ state: 'stopped' })
    const miner = await startMiner({ port: again.port, device: cpuMiner, user: address(2) })
    expect((await miner.submit(await miner.find('share'))).result).toBe(true)
    miner.client.close()
    await again.stop()
  })
})

describe('after a disk is lost with its ledger, and the key was put back', () => {
  const NAMED = /^The log names the ledger "[^"]+", which was signed before, and .* has no checkpoint: /

  /** A directory with the key alone, and the ledger as a mirror has it. */
  async function afterTheFire() {
    const { house, file, figures } = await poolWithBackup()
    await poll(() => unsigned(house)).toBe(0)
    await house.stop()
    const directory = newDirectory()
    copyFileSync(join(house.directory, 'ledger.key'), join(directory, 'ledger.key'))
    return {
      directory,
      file,
      figures,
      mirror: join(house.directory, 'ledger'),
      log: readLog(house.directory),
    }
  }

  test('a backup alone signs nothing and pays nobody, until the operator says that there is no other', async () => {
    const { directory, file, figures } = await afterTheFire()
    await right(restore(file, directory, ''))
    const health = await lodebook(['doctor', '--json', '--pool.data_directory', directory], { directory })
    expect(health.stdout).toMatch(
      /the log names the ledger \S+, and \S+ has no checkpoint: nothing would be signed and nobody paid/,
    )
    const held = await openHouse([devnet], OVER, directory)
    expect(held.pool.status().ledger).toMatchObject({
      state: 'stopped',
      message: expect.stringMatching(NAMED),
    })
    await devnet.generate(3)
    await poll(() =>
      held.pool.status().money?.problems.map(({ about, kind }) => `${about}: ${kind}`),
    ).toEqual(['payouts: log-unknown'])
    held.pool.treasury?.payNow()
    await held.pool.treasury?.chainMoved()
    expect(held.events('PayoutPlanned')).toEqual([])
    expect(held.events('LedgerKeyAdopted')).toHaveLength(1)
    expect(existsSync(join(directory, 'ledger', 'checkpoint'))).toBe(false)

    const begin = (...words: readonly string[]) =>
      lodebook(['begin-ledger', '--pool.data_directory', directory, '--pool.network', 'simnet', ...words], {
        directory,
      })
    expect(await begin()).toMatchObject({
      code: 1,
      stderr: `lodebook: a pool runs on ${directory}: stop it first\n`,
    })
    await held.stop()
    const begun = await begin('--json')
    expect(begun).toMatchObject({ code: 0, stderr: '' })
    const { origin, key } = held.events('LedgerKeyAdopted')[0]?.data ?? {}
    expect(JSON.parse(begun.stdout)).toEqual({ origin, verifierKey: key, made: null })
    expect(await begin()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has a checkpoint: the pool goes on from it, and nothing is begun'),
    })

    const again = await openHouse([devnet], OVER, directory)
    await poll(() => unsigned(again)).toBe(0)
    expect(again.pool.status().ledger).toMatchObject({ state: 'publishing', origin })
    expect(again.log().length).toBeGreaterThan(figures.events)
    await again.stop()
  })

  test('without its key either, a ledger of another name is begun only when the operator says so', async () => {
    const { directory, file } = await afterTheFire()
    rmSync(join(directory, 'ledger.key'))
    await right(restore(file, directory, ''))
    const held = await openHouse([devnet], OVER, directory)
    expect(held.pool.status().ledger).toMatchObject({
      state: 'stopped',
      message: expect.stringMatching(NAMED),
    })
    await held.stop()
    expect(existsSync(join(directory, 'ledger.key'))).toBe(false)
    const begun = await lodebook(['begin-ledger', '--pool.data_directory', directory], { directory })
    expect(begun).toMatchObject({ code: 0, stderr: '' })
    expect(begun.stdout).toContain(`Its key was made: ${join(directory, 'ledger.key')}.`)
    const again = await openHouse([devnet], OVER, directory)
    await poll(() => unsigned(again)).toBe(0)
    expect(again.events('LedgerKeyAdopted')).toHaveLength(2)
    await again.stop()
  })

  test('the ledger comes from a mirror, and only a log that holds all of that is signed on', async () => {
    const { directory, file, mirror, log } = await afterTheFire()
    const restored = await right(restore(file, directory, mirror))
    expect(restored.continued).toMatchObject({ from: mirror, isOwn: false, signed: log.length })
    expect(readFileSync(join(directory, 'ledger', 'checkpoint'), 'utf8')).toBe(
      readFileSync(join(mirror, 'checkpoint'), 'utf8'),
    )
    const again = await openHouse([devnet], OVER, directory)
    await poll(() => unsigned(again)).toBe(0)
    await again.stop()
    expect(readLog(directory).slice(0, log.length)).toEqual(log)

    for (const suffix of ['', '-wal', '-shm'])
      rmSync(join(directory, `lodebook.db${suffix}`), { force: true })
    await right(restore(file, directory, ''))
    const older = await openHouse([devnet], OVER, directory)
    await poll(() => older.pool.status().ledger).toMatchObject({
      state: 'stopped',
      message: expect.stringContaining('The log does not fit the ledger'),
    })
    await older.stop()
  })

  test('a pool that never had a ledger begins one by itself, and "begin-ledger" says so', async () => {
    const directory = newDirectory()
    const store = await right(openEventStore(urlOf(directory))().then(E.mapLeft(({ message }) => message)))
    await store.close()
    const begin = () => lodebook(['begin-ledger', '--pool.data_directory', directory], { directory })
    expect(await begin()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no ledger yet: the pool begins one at its next start'),
    })
    // Killed before its first checkpoint: what it has begun it goes on with.
    const house = await openHouse([devnet], { ledger: { checkpointMsMax: 60_000 } }, directory)
    const image = house.imageOfCrash()
    await house.stop()
    expect(readFileSync(join(image, 'ledger', 'checkpoint'), 'utf8')).toMatch(/^[^\n]+\n0\n/)
    const again = await openHouse([devnet], {}, image)
    await poll(() => unsigned(again)).toBe(0)
    await again.stop()
  })
})

describe('nothing is restored', () => {
  let made: ReturnType<typeof stopped> | undefined
  const stopped = async () => {
    const { house, file } = await poolWithBackup()
    await poll(() => unsigned(house)).toBe(0)
    await house.stop()
    return { house, file }
  }
  /** One pool for all of them: nothing is done to it. */
  const stoppedPool = () => {
    made ??= stopped()
    return made
  }

  const nothingIn = (directory: string) =>
    expect(readdirSync(directory).filter((name) => name.startsWith('lodebook.db'))).toEqual([])

  test('over a store that is there', async () => {
    const { house, file } = await stoppedPool()
    expect(await restore(file, house.directory)).toEqual(
      E.left(
        `${join(house.directory, 'lodebook.db')} is there already and is not overwritten: move it away first, if it is damaged`,
      ),
    )
    const directory = newDirectory()
    writeFileSync(join(directory, 'lodebook.db-wal'), 'events')
    expect(await restore(file, directory)).toEqual(
      E.left(
        `${join(directory, 'lodebook.db-wal')} is still there, and holds events of the store that it belongs to: move it to where that is`,
      ),
    )
    expect(readFileSync(join(directory, 'lodebook.db-wal'), 'utf8')).toBe('events')
  })

  test('onto a server, from a file that is not there, from one that is no store', async () => {
    const { file } = await stoppedPool()
    const directory = newDirectory()
    const server = {
      file,
      storeUrl: 'esdb://db:2113?tls=false',
      dataDirectory: directory,
      ledger: null,
      keys: [],
    }
    expect(await restoreBackup(server, quiet)).toEqual(
      E.left(
        `a backup is a store itself, and a server is filled by a copy: lodebook store copy --from sqlite:${file} --to <store.url>`,
      ),
    )
    expect(await restore('/nowhere/x.db', directory)).toEqual(
      E.left('/nowhere/x.db is not there: name a backup'),
    )
    const text = join(directory, 'text.db')
    writeFileSync(text, 'this is no database, and it is long enough to be one by its size'.repeat(100))
    expect(await restore(text, directory)).toEqual(
      E.left(expect.stringMatching(/^\S*\/text\.db .*it is not an SQLite database/)),
    )
    nothingIn(directory)
  })

  test('of a backup in which a byte has changed: by its figures, and without them by reading it', async () => {
    const { file } = await stoppedPool()
    const directory = newDirectory()
    const damaged = join(directory, 'damaged.db')
    const bytes = readFileSync(file)
    bytes.write('?', bytes.lastIndexOf('extranonce2'))
    writeFileSync(damaged, bytes)
    const figures = await right(
      makeBackup({ storeUrl: `sqlite:${file}`, file: join(directory, 'sound.db'), now: 1 }, quiet),
    )
    writeFileSync(`${damaged}.json`, JSON.stringify(figures))
    expect(await restore(damaged, directory)).toEqual(
      E.left(expect.stringContaining('is not what it was when it was made: its SHA-256 is')),
    )
    rmSync(`${damaged}.json`)
    expect(await restore(damaged, directory)).toEqual(E.left(expect.stringContaining('fails its checksum')))
    nothingIn(directory)
  })

  test('when the ledger is of another pool, or was changed, until the operator says so', async () => {
    const { house, file } = await stoppedPool()
    const directory = afterTheLoss(house)
    const other = await openHouse([devnet], OVER)
    await poll(() => other.pool.status().ledger.checkpoint !== null).toBe(true)
    await other.stop()
    expect(await restore(file, directory, join(other.directory, 'ledger'))).toEqual(
      E.left(expect.stringMatching(/Nothing was restored; without the ledger: --no-ledger$/)),
    )
    const bundles = join(directory, 'ledger', 'tile', 'entries')
    for (const name of readdirSync(bundles, { recursive: true, withFileTypes: true }))
      if (name.isFile()) {
        const path = join(name.parentPath, name.name)
        const bytes = readFileSync(path)
        bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1
        writeFileSync(path, bytes)
      }
    expect(await restore(file, directory)).toEqual(
      E.left(expect.stringContaining('is not what the checkpoint of')),
    )
    nothingIn(directory)
    expect(E.isRight(await restore(file, directory, ''))).toBe(true)
  })
})

describe('a backup', () => {
  test('never goes over another file, and leaves none behind when it fails', async () => {
    const directory = newDirectory()
    writeFileSync(join(directory, 'there.db'), 'mine')
    expect(
      await makeBackup({ storeUrl: urlOf(directory), file: join(directory, 'there.db'), now: 1 }, quiet),
    ).toEqual(
      E.left(`${join(directory, 'there.db')} is there already and is not overwritten: name another file`),
    )
    expect(
      await makeBackup({ storeUrl: urlOf(directory), file: join(directory, 'new.db'), now: 1 }, quiet),
    ).toEqual(E.left(`${join(directory, 'lodebook.db')} is not there: name the file of a store`))
    expect(readdirSync(directory)).toEqual(['there.db'])
  })

  test('of an EventStoreDB holds every event of it', async () => {
    const server = await startConformanceServer()
    onTestFinished(() => server.kill())
    const storeUrl = `esdb://127.0.0.1:${server.port}?tls=false`
    const store = await right(openEventStore(storeUrl)().then(E.mapLeft(({ message }) => message)))
    await fill(store, history())
    await store.close()
    const file = join(newDirectory(), 'copy.db')
    expect(await right(makeBackup({ storeUrl, file, now: 1 }, quiet))).toMatchObject({
      name: 'copy.db',
      events: history().length,
    })
  })

  test('is made by a running pool on order, in a thread of its own, and the oldest ones go', async () => {
    const house = await openHouse([devnet], { backup: { keep: 1 } })
    const admin = runningPoolOf(house.directory)
    const Status = t.type({
      doing: t.union([t.string, t.null]),
      backups: t.array(t.type({ name: t.string, events: t.number })),
    })
    const status = () => admin.read('/backups', Status)
    const names = new Set<string>()
    for (let n = 1; n <= 2; n++) {
      expect(await admin.order({ kind: 'back-up' })).toEqual(
        E.right('The backup is being made, and verified after it.'),
      )
      await expect
        .poll(async () => E.isRight(await status()) && (await right(status())).doing, { timeout: 20_000 })
        .toBeNull()
      const { backups } = await right(status())
      names.add(backups[0]?.name ?? '')
      expect(backups).toHaveLength(1)
      await sleep(1_000)
    }
    const { backups, directory } = { ...(await right(status())), directory: join(house.directory, 'backups') }
    expect(names.size).toBe(2)
    expect(readdirSync(directory).sort()).toEqual(
      backups.flatMap(({ name }) => [name, `${name}.json`]).sort(),
    )
    const [newest] = backups
    expect(await right(Promise.resolve(readFigures(join(directory, newest?.name ?? ''))))).toMatchObject({
      events: newest?.events,
    })
    const metrics = await (await fetch(`${house.pool.httpUrl}/metrics`)).text()
    expect(metrics).toMatch(/^lodebook_backups_total\{result="made"\} 2$/m)
    await house.stop()
  })

  test('is due by the clock; one that failed is told and tried again', async () => {
    const directory = newDirectory()
    let now = 10_000_000_000
    const ended: string[] = []
    const backups = openBackups({
      directory: join(directory, 'backups'),
      everyMs: 86_400_000,
      keep: 3,
      storeUrl: urlOf(directory),
      nowMs: () => now,
      log: pino({ level: 'silent' }),
      onEnd: (made) => ended.push(E.isRight(made) ? 'made' : made.left),
    })
    expect(E.isRight(backups.begin())).toBe(true)
    expect(backups.begin()).toEqual(E.left('A backup is being made already: wait until it is finished.'))
    await poll(() => ended).toEqual([
      `${join(directory, 'lodebook.db')} is not there: name the file of a store`,
    ])
    expect(backups.status()).toMatchObject({ doing: null, failure: { at: now }, backups: [] })
    mkdirSync(join(directory, 'backups'), { recursive: true })
    now += 1
    expect(existsSync(join(directory, 'backups'))).toBe(true)
    await backups.stop()
  })
})

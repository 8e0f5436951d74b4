import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../../adapters/read-models/port.ts'
import { SCHEMA_VERSION } from '../../../adapters/read-models/schema.ts'
import { openReadModels } from '../../../adapters/read-models/sqlite.ts'
import {
  ALICE,
  accept,
  connect,
  connectBlock,
  find,
  HASH,
  openedLog,
  readModelsOf,
  right,
  START,
} from './log.ts'
import { dump, inScratch } from './scratch.ts'

const open = (file: string, nowMs: () => number = () => 0) => openReadModels({ file, log: 'test', nowMs })

function someLog() {
  const log = openedLog()
  connect(log, 1, ALICE, 'rig')
  accept(log, 0, [{ connection: 1, difficulty: 5 }])
  return log
}

const changed = (file: string, sql: string): void => {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

describe('a file', () => {
  test('holds checkpoint and results together, and goes on from there', () =>
    inScratch((directory) => {
      const file = join(directory, 'read-models.db')
      const log = someLog()
      const first = right(open(file))
      expect(first.checkpoint()).toBeNull()
      right(first.apply(log.events))
      right(first.close())

      const again = right(open(file))
      expect(again.name).toBe(`sqlite:${file}`)
      expect(again.checkpoint()).toBe(log.events.at(-1)?.position)
      right(again.apply([accept(log, 1_000, [{ connection: 1, difficulty: 6 }])]))
      expect(right(again.pool(START))?.shares).toMatchObject({ accepted: 2, difficulty: '11' })
      right(again.close())
    }))

  test('is written when a second has passed, all or nothing', () =>
    inScratch((directory) => {
      const file = join(directory, 'read-models.db')
      const log = someLog()
      let now = 0
      const models = right(open(file, () => now))
      const stored = (): unknown => dump(file)['pool']
      right(models.apply(log.events.slice(0, 3)))
      now = 999
      right(models.apply(log.events.slice(3, 4)))
      expect(stored()).toMatchObject([{ position: null, entries: 0 }])
      now = 1_000
      right(models.apply(log.events.slice(4, 5)))
      expect(stored()).toMatchObject([{ position: log.events[4]?.position, entries: 5 }])
      right(models.close())
    }))

  test('of another version is made anew', () =>
    inScratch((directory) => {
      const file = join(directory, 'read-models.db')
      const models = right(open(file))
      right(models.apply(someLog().events))
      right(models.close())
      changed(file, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
      const anew = right(open(file))
      expect(anew.checkpoint()).toBeNull()
      right(anew.apply(someLog().events))
      expect(right(anew.pool(START))?.shares.accepted).toBe(1)
      right(anew.close())
    }))

  test('of another log is made anew: its checkpoint would mean another place there', () =>
    inScratch((directory) => {
      const file = join(directory, 'read-models.db')
      const models = right(open(file))
      right(models.apply(someLog().events))
      right(models.close())
      const moved = right(openReadModels({ file, log: 'esdb://db lodebook:', nowMs: () => 0 }))
      expect(moved.checkpoint()).toBeNull()
      right(moved.close())
    }))

  test('that belongs to something else is left alone', () =>
    inScratch((directory) => {
      const file = join(directory, 'events.db')
      changed(file, 'CREATE TABLE events (data TEXT)')
      const before = readFileSync(file)
      expect(open(file)).toMatchObject({ left: { kind: 'damaged' } })
      expect(readFileSync(file).equals(before)).toBe(true)
    }))

  test('that is no database, or not there to be made, is told of', () =>
    inScratch((directory) => {
      const file = join(directory, 'text')
      writeFileSync(file, 'This is a text that is no database at all.'.repeat(100))
      expect(open(file)).toMatchObject({ left: { kind: 'damaged', message: expect.stringContaining(file) } })
      expect(open(join(directory, 'nowhere', 'read-models.db'))).toMatchObject({
        left: { kind: 'unavailable' },
      })
    }))

  test('with a damaged row is told of when the row is read', () =>
    inScratch((directory) => {
      const file = join(directory, 'read-models.db')
      const log = someLog()
      find(log, HASH(1), 100, 0)
      const models = right(open(file))
      right(models.apply(log.events))
      right(models.close())
      changed(file, `UPDATE blocks SET state = 'eaten by mice'`)
      const again = right(open(file))
      expect(again.block(HASH(1))).toMatchObject({ left: { kind: 'damaged' } })
      expect(right(again.account(ALICE, START))?.shares.accepted).toBe(1)
      right(again.close())
      for (const damage of [`network = 'morenet'`, `network = 'mainnet', effort = 'much'`]) {
        changed(file, `UPDATE pool SET ${damage}`)
        expect(open(file)).toMatchObject({ left: { kind: 'damaged' } })
      }
    }))

  test('that is locked for now is written later: nothing is lost', () =>
    inScratch((directory) => {
      const file = join(directory, 'read-models.db')
      const log = someLog()
      let now = 0
      const models = right(open(file, () => now))
      const other = new DatabaseSync(file)
      other.exec('BEGIN IMMEDIATE')
      now = 1_000
      expect(models.apply(log.events)).toMatchObject({ left: { kind: 'unavailable' } })
      expect(models.pool(START)).toMatchObject({ left: { kind: 'unavailable' } })
      other.exec('ROLLBACK')
      other.close()
      right(models.apply(log.events))
      expect(right(models.pool(START))?.shares.accepted).toBe(1)
      right(models.close())
    }))

  test('that another process writes to is given up', () =>
    inScratch((directory) => {
      const file = join(directory, 'read-models.db')
      const log = someLog()
      const one = right(open(file))
      const two = right(open(file))
      right(one.apply(log.events.slice(0, 2)))
      right(two.apply(log.events))
      right(two.pool(START))
      expect(one.pool(START)).toMatchObject({ left: { kind: 'in-use' } })
      expect(one.apply(log.events)).toMatchObject({ left: { kind: 'in-use' } })
      expect(one.close()).toMatchObject({ left: { kind: 'in-use' } })
      expect(right(two.pool(START))?.shares.accepted).toBe(1)
      right(two.close())
    }))
})

describe('an event', () => {
  test('of an unknown type is skipped and counted', () => {
    const log = someLog()
    log.addText('settlement-1', 'SomethingOfTomorrow', 'not even JSON')
    const models = readModelsOf(log.events)
    expect(models.status()).toMatchObject({
      position: log.events.at(-1)?.position,
      entries: log.events.length,
      skipped: 1,
    })
  })

  test.each([
    ['unknown-version', 'SharesAccepted', '{"at":1,"v":2}'],
    ['malformed', 'SharesAccepted', '{"at":1,"v":1}'],
    ['malformed', 'SharesAccepted', 'not JSON'],
    ['malformed', 'PoolOpened', '{"at":1,"mode":"solo","network":"simnet","software":"x","v":1}'],
  ])('that can not be read (%s %s) stops the fold where it is', (kind, type, data) => {
    const log = someLog()
    const last = log.events.at(-1)?.position ?? -1
    log.addText('shares-0-2026092114', type, data)
    accept(log, 1_000, [{ connection: 1, difficulty: 6 }])
    const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
    for (let again = 0; again < 2; again++) {
      expect(models.apply(log.events)).toMatchObject({
        left: { kind, message: expect.stringContaining('shares-0-') },
      })
      expect(models.checkpoint()).toBe(last)
      expect(right(models.pool(START))?.shares).toMatchObject({ accepted: 1, difficulty: '5' })
    }
  })

  test('that names a solved share which it does not hold is not read', () => {
    const log = openedLog()
    const data = accept(log, 0, [{ connection: 1, difficulty: 5, solves: HASH(1) }]).data
    log.events.pop()
    log.addText('shares-0-2026092114', 'SharesAccepted', data.replace('"share":0', '"share":1'))
    const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
    expect(models.apply(log.events)).toMatchObject({ left: { kind: 'malformed' } })
  })
})

describe('changes', () => {
  test('come after each batch with where it ended and the blocks it is about, and end with the read models', () => {
    const log = someLog()
    find(log, HASH(1), 100, 0)
    connectBlock(log, HASH(1), 1_000)
    find(log, HASH(2), 101, 2_000)
    const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
    const seen: (Change | 'complete')[] = []
    models.changes.subscribe({ next: (change) => seen.push(change), complete: () => seen.push('complete') })
    const { length } = log.events
    right(models.apply(log.events.slice(0, 5)))
    right(models.apply(log.events.slice(0, 5)))
    right(models.apply([]))
    right(models.apply(log.events.slice(5)))
    right(models.close())
    expect(seen).toEqual([
      { position: log.events[4]?.position, entries: 5, blocks: [] },
      { position: log.events.at(-1)?.position, entries: length, blocks: [HASH(1), HASH(2)] },
      'complete',
    ])
  })

  test('are told once they can be read', () => {
    const log = someLog()
    const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
    let accepted = 0
    models.changes.subscribe(() => {
      accepted = right(models.pool(START))?.shares.accepted ?? 0
    })
    right(models.apply(log.events))
    expect(accepted).toBe(1)
  })
})

test('closed read models answer that they are', () => {
  const models = readModelsOf(someLog().events)
  right(models.close())
  right(models.close())
  expect(models.pool(START)).toMatchObject({ left: { kind: 'closed' } })
  expect(models.apply([])).toMatchObject({ left: { kind: 'closed' } })
})

test('the file stays small: what a chart does not need is not kept', () =>
  inScratch((directory) => {
    const file = join(directory, 'read-models.db')
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    const models = right(open(file))
    // 25 days of a share every half minute, told every hour.
    for (let hour = 0; hour < 600; hour++)
      accept(
        log,
        hour * 3_600_000,
        Array.from({ length: 120 }, (_, i) => ({ connection: 1, difficulty: 1, elapsed: i * 30_000 })),
      )
    for (const event of log.events) right(models.apply([event]))
    // No time has passed, but so much waited that it was stored.
    expect(dump(file)['pool']).toMatchObject([{ position: expect.any(Number) }])
    right(models.close())
    const work = dump(file)['work'] ?? []
    const rowsOf = (level: number): number =>
      work.filter((row) => JSON.stringify(row).startsWith(`{"level":${level},"scope":2,`)).length
    // One share in 30 s, the last at 14:12:50: four in 90 s, 120 whole minutes in 2 h, 288 in 2 d, and every hour that began.
    expect([rowsOf(0), rowsOf(1), rowsOf(2), rowsOf(3)]).toEqual([4, 120, 288, 601])
    expect(statSync(file).size).toBeLessThan(400_000)
  }))

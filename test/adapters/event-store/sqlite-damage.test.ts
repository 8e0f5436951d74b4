import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { lastValueFrom } from 'rxjs'
import { beforeEach, describe, expect, test } from 'vitest'
import { NO_STREAM, type RecordedEvent } from '../../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../../adapters/event-store/sqlite/open.ts'
import { appendMany, left, open, openError, proposed, readLog, right, scratchDirectory } from './scratch.ts'

/** More than are checked at opening, so that older ones are found damaged only when they are read. */
const EVENTS = 3000
const PAGE_BYTES = 4096

let file: string
let log: readonly RecordedEvent[]
beforeEach(async () => {
  file = join(scratchDirectory(), 'events.db')
  const store = await open(file)
  for (let i = 0; i < EVENTS / 100; i++) await appendMany(store, i % 3 === 0 ? 'a' : 'b', 100, 60)
  log = await readLog(store)
  await store.close()
})

/** Changes the file with plain SQL, as nobody should. */
function tamper(sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

describe('a changed row is found when it is read', () => {
  test.each([
    ['data', `UPDATE event SET data = replace(data, 'x', 'y') WHERE position = 500`],
    ['type', `UPDATE event SET type = 'U' WHERE position = 500`],
    ['id', `UPDATE event SET id = replace(id, '-5', '-4') WHERE position = 500`],
    ['stream', `UPDATE event SET stream = 3 - stream, revision = 9999 WHERE position = 500`],
    ['stream name', `UPDATE stream SET name = 'c' WHERE name = 'b'`],
    ['checksum', `UPDATE event SET checksum = checksum + 1 WHERE position = 500`],
    [
      'two swapped',
      `UPDATE event SET position = -1 WHERE position = 500;
      UPDATE event SET position = 500 WHERE position = 501; UPDATE event SET position = 501 WHERE position = -1`,
    ],
    ['one gone', `DELETE FROM event WHERE position = 500`],
    ['number that is none', `UPDATE event SET checksum = 9007199254740993 WHERE position = 500`],
  ])('%s', async (_, sql) => {
    tamper(sql)
    // The newest thousand are of every stream, so a stream's name is missed at once.
    const store = await openSqliteEventStore({ file })()
    const read = E.isLeft(store) ? store : await store.right.readAll(490, 100)()
    if (E.isRight(store)) await store.right.close()
    expect(left(read).kind).toBe('damaged')
    expect(left(read).message).toContain(file)
  })

  test('a reader that follows is told, after what was whole', async () => {
    tamper(`UPDATE event SET data = '{}' WHERE position = 500`)
    const store = await open(file)
    const seen: RecordedEvent[] = []
    const followed = store.follow(null, 100, async (events) => {
      seen.push(...events)
    })
    await expect(lastValueFrom(followed)).rejects.toMatchObject({ kind: 'damaged' })
    expect(seen).toEqual(log.slice(0, 400))
  })

  test('a stream that lacks an event, read either way', async () => {
    tamper(`DELETE FROM event WHERE position = 150`)
    const store = await open(file)
    for (const direction of ['forwards', 'backwards'] as const) {
      const from = direction === 'forwards' ? 0 : 100
      expect(left(await store.readStream('b', { from, direction, limit: 60 })()).kind).toBe('damaged')
    }
    expect(
      right(await store.readStream('a', { from: 'start', direction: 'forwards', limit: EVENTS })()),
    ).toEqual(log.filter((event) => event.stream === 'a'))
  })

  test('the same events proposed again are compared with whole ones only', async () => {
    tamper(`UPDATE event SET data = '{}' WHERE position = 1`)
    const store = await open(file)
    const again = { stream: 'a', expected: NO_STREAM, events: proposed('a', 0, 1, 60) }
    expect(left(await store.append([again])()).kind).toBe('damaged')
  })
})

describe('at opening', () => {
  test('a damaged event among the newest', async () => {
    tamper(`UPDATE event SET data = '{}' WHERE position = ${EVENTS - 900}`)
    expect((await openError(file)).kind).toBe('damaged')
  })

  test('the newest gone from the middle', async () => {
    tamper(`DELETE FROM event WHERE position = ${EVENTS - 1}`)
    expect((await openError(file)).kind).toBe('damaged')
  })

  test('a table gone', async () => {
    tamper('DROP VIEW event_log; DROP TABLE stream')
    expect((await openError(file)).kind).toBe('damaged')
  })

  test('a header overwritten', async () => {
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 0, 100)
    writeFileSync(file, bytes)
    expect((await openError(file)).kind).toBe('damaged')
  })

  test('a file cut short', async () => {
    const bytes = readFileSync(file).length
    for (const kept of [bytes - PAGE_BYTES, bytes / 2, PAGE_BYTES, PAGE_BYTES - 1, 100]) {
      copyFileSync(file, `${file}.cut`)
      truncateSync(`${file}.cut`, kept)
      expect(await openError(`${file}.cut`), `${kept} bytes kept`).toMatchObject({ kind: 'damaged' })
    }
  })
})

test('bytes flipped anywhere: either it is noticed, or every event is as it was', async () => {
  const whole = readFileSync(file)
  const flipped = join(scratchDirectory(), 'flipped.db')
  let noticed = 0
  let flips = 0
  // A stride that is prime to the page, so that every part of a page has its turn.
  for (let at = 0; at < whole.length; at += 2741) {
    const bytes = Buffer.from(whole)
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at)
    writeFileSync(flipped, bytes)
    flips++
    noticed += (await isNoticed(flipped)) ? 1 : 0
    for (const suffix of ['-wal', '-shm']) rmSync(`${flipped}${suffix}`, { force: true })
  }
  expect(flips).toBeGreaterThan(100)
  // The rest is free space, or in an index where the same can be read from the table.
  expect(noticed / flips).toBeGreaterThan(0.5)
})

/** Reads all of a damaged store in every way. Fails when it answers with events that were never written. */
async function isNoticed(damagedFile: string): Promise<boolean> {
  const store = await openSqliteEventStore({ file: damagedFile })()
  if (E.isLeft(store)) return store.left.kind === 'damaged'
  const all = await store.right.readAll(null, EVENTS)()
  if (E.isRight(all)) expect(all.right).toEqual(log)
  const streams = await Promise.all(
    ['a', 'b'].map(async (stream) => {
      const events = await store.right.readStream(stream, {
        from: 'start',
        direction: 'forwards',
        limit: EVENTS,
      })()
      if (E.isRight(events)) expect(events.right).toEqual(log.filter((event) => event.stream === stream))
      return events
    }),
  )
  await store.right.close()
  return [all, ...streams].some(E.isLeft)
}

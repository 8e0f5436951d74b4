import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NO_STREAM } from '../../../adapters/event-store/port.ts'
import { openFile } from '../../../adapters/event-store/sqlite/file.ts'
import { sqliteEventStore } from '../../../adapters/event-store/sqlite/store.ts'
import { start } from './processes/start.ts'
import { appendMany, left, open, openError, proposed, readLog, right, scratchDirectory } from './scratch.ts'

describe('a file', () => {
  test('keeps the log for the next one who opens it', async () => {
    const file = join(scratchDirectory(), 'events.db')
    const first = await open(file)
    expect(first.name).toBe(`sqlite:${file}`)
    await appendMany(first, 'a', 3, 100)
    await appendMany(first, 'b', 2, 50_000)
    const log = await readLog(first)
    await first.close()
    const second = await open(file)
    expect(await readLog(second)).toEqual(log)
    await appendMany(second, 'a', 1, 100)
    expect((await readLog(second)).at(-1)).toMatchObject({ stream: 'a', revision: 3, position: 6 })
  })

  test('is synced at each commit', () => {
    const db = right(openFile(join(scratchDirectory(), 'events.db')))
    onTestFinished(() => db.close())
    const FULL = 2
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: FULL })
    expect(db.prepare('PRAGMA fullfsync').get()).toEqual({ fullfsync: 1 })
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  })

  test('is read by others with plain SQL while it is written', async () => {
    const file = join(scratchDirectory(), 'events.db')
    const store = await open(file)
    await appendMany(store, 'a', 2, 10)
    const auditor = start('read-log', file)
    for (const event of await readLog(store)) expect(JSON.parse((await auditor.line()) ?? '')).toEqual(event)
    expect(await auditor.line()).toBe('done')
    await appendMany(store, 'a', 1, 10)
    expect(await readLog(store)).toHaveLength(3)
  })

  test('does not wait for a reader in the middle of a long query', async () => {
    const file = join(scratchDirectory(), 'events.db')
    const store = await open(file)
    await appendMany(store, 'a', 2, 10)
    const reader = new DatabaseSync(file, { readOnly: true })
    onTestFinished(() => reader.close())
    const count = (): unknown => reader.prepare('SELECT count(*) AS events FROM event_log').get()
    reader.exec('BEGIN')
    expect(count()).toEqual({ events: 2 })
    // Enough for several checkpoints, each of which finds the reader in its way.
    for (let i = 0; i < 100; i++) await appendMany(store, 'a', 100, 400)
    expect(count()).toEqual({ events: 2 })
    reader.exec('COMMIT')
    expect(count()).toEqual({ events: 10_002 })
  })
})

test('a call is one transaction: when one append fails, none is kept', async () => {
  const store = await open(join(scratchDirectory(), 'events.db'))
  const call = [
    { stream: 'a', expected: NO_STREAM, events: proposed('a', 0, 1, 10) },
    { stream: 'b', expected: 0, events: proposed('b', 1, 1, 10) },
  ]
  expect(left(await store.append(call)()).kind).toBe('wrong-expected-revision')
  expect(right(await store.readStream('a', { from: 'start', direction: 'forwards', limit: 1 })())).toEqual([])
})

describe('no room', () => {
  test('unavailable, nothing of the call written; with room again it goes on', async () => {
    const path = join(scratchDirectory(), 'events.db')
    const db = right(openFile(path))
    const store = sqliteEventStore({ path, db, release: () => {} })
    onTestFinished(() => store.close())
    await appendMany(store, 'a', 10, 400)
    const log = await readLog(store)
    db.exec('PRAGMA max_page_count = 20')
    const call = [
      { stream: 'b', expected: NO_STREAM, events: proposed('b', 0, 10, 400) },
      { stream: 'a', expected: 9, events: proposed('a', 10, 200, 400) },
    ]
    for (let attempt = 0; attempt < 3; attempt++) {
      const error = left(await store.append(call)())
      expect(error.kind).toBe('unavailable')
      expect(error.message).toContain('free some space')
      expect(await readLog(store)).toEqual(log)
    }
    db.exec('PRAGMA max_page_count = 1000000')
    right(await store.append(call)())
    expect(await readLog(store)).toHaveLength(220)
  })
})

describe('one writer', () => {
  test('a second process is refused, with the file and who has it; a killed one is gone', async () => {
    const file = join(scratchDirectory(), 'events.db')
    const holder = start('hold', file)
    expect(await holder.line()).toBe('open')
    const error = await openError(file)
    expect(error.kind).toBe('in-use')
    expect(error.message).toContain(file)
    expect(error.message).toContain(`process ${holder.pid}`)
    await holder.kill()
    const store = await open(file)
    const other = start('hold', file)
    expect(await other.line()).toContain(`process ${process.pid}`)
    await appendMany(store, 'a', 1, 10)
  })

  test('nor twice in one process, nor by another name', async () => {
    const directory = scratchDirectory()
    const file = join(directory, 'events.db')
    const store = await open(file)
    symlinkSync(file, join(directory, 'link.db'))
    expect((await openError(file)).kind).toBe('in-use')
    expect((await openError(join(directory, 'link.db'))).kind).toBe('in-use')
    await store.close()
    await open(join(directory, 'link.db'))
  })

  test('one that could not be opened is given free', async () => {
    const file = join(scratchDirectory(), 'events.db')
    writeFileSync(file, 'not a database, but long enough to be taken for a header. '.repeat(20))
    expect((await openError(file)).kind).toBe('damaged')
    writeFileSync(file, '')
    await open(file)
  })

  test('a lock file that is something else is named', async () => {
    const file = join(scratchDirectory(), 'events.db')
    writeFileSync(
      `${file}.lock`,
      'somebody wrote his own process id here, in a file of the same name. '.repeat(20),
    )
    expect((await openError(file)).message).toContain(`${file}.lock`)
  })
})

describe('refused', () => {
  test('a directory that is not there', async () => {
    const file = join(scratchDirectory(), 'nowhere', 'events.db')
    const error = await openError(file)
    expect(error).toMatchObject({ kind: 'unavailable' })
    expect(error.message).toContain('nowhere')
    expect(existsSync(`${file}.lock`)).toBe(false)
  })

  test('a directory instead of a file', async () => {
    const file = join(scratchDirectory(), 'events.db')
    mkdirSync(file)
    expect(await openError(file)).toMatchObject({ kind: 'unavailable' })
  })

  test('a file that may only be read, and a directory', async () => {
    const directory = scratchDirectory()
    const file = join(directory, 'events.db')
    await (await open(file)).close()
    onTestFinished(() => chmodSync(directory, 0o777))
    chmodSync(directory, 0o777)
    chmodSync(file, 0o444)
    chmodSync(`${file}.lock`, 0o666)
    const onFile = await start('open-as-nobody', file).line()
    expect(onFile).toContain('unavailable')
    expect(onFile).toContain('write permission')
    chmodSync(`${file}.lock`, 0o444)
    expect(await start('open-as-nobody', file).line()).toContain('write permission')
    chmodSync(directory, 0o555)
    expect(await start('open-as-nobody', join(directory, 'new.db')).line()).toContain('unavailable')
  })

  test('the database of another program', async () => {
    const file = join(scratchDirectory(), 'events.db')
    const foreign = new DatabaseSync(file)
    foreign.exec('CREATE TABLE event (position INTEGER PRIMARY KEY)')
    foreign.close()
    const error = await openError(file)
    expect(error.kind).toBe('damaged')
    expect(error.message).toContain('not an event store of Lodebook')
  })

  test('a format from the future', async () => {
    const file = join(scratchDirectory(), 'events.db')
    await (await open(file)).close()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 2')
    db.close()
    const error = await openError(file)
    expect(error.kind).toBe('damaged')
    expect(error.message).toContain('newer Lodebook (format 2')
  })
})

import { hash } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventReader } from '../../../adapters/event-store/port.ts'
import { copyStoreFile } from '../../../adapters/event-store/sqlite/copy-file.ts'
import { openSqliteEventReader } from '../../../adapters/event-store/sqlite/open.ts'
import { start } from './processes/start.ts'
import { appendMany, left, open, readLog, right, scratchDirectory } from './scratch.ts'

async function openReader(file: string): Promise<EventReader> {
  const reader = right(await openSqliteEventReader({ file })())
  onTestFinished(() => reader.close())
  return reader
}

const openError = async (file: string) => left(await openSqliteEventReader({ file })())

/** Everything that a directory holds, with the times of its files and its own. */
const contents = (directory: string): unknown => ({
  changed: statSync(directory, { bigint: true }).mtimeNs,
  files: readdirSync(directory).map((name) => {
    const { mtimeNs, size } = statSync(join(directory, name), { bigint: true })
    return { name, mtimeNs, size, sha256: hash('sha256', readFileSync(join(directory, name))) }
  }),
})

/** A store that was closed, alone in its directory as a backup is, under a name that an address would have to quote. */
async function atRest() {
  const directory = scratchDirectory()
  const file = join(directory, 'a ?b=c&d#e%20.db')
  const store = await open(file)
  await appendMany(store, 'a', 3, 100)
  await appendMany(store, 'b', 2, 100)
  const log = await readLog(store)
  await store.close()
  rmSync(`${file}.lock`)
  return { directory, file, log }
}

/** Every way to read. */
async function readAllOf(reader: EventReader) {
  return {
    head: right(await reader.head()()),
    all: right(await reader.readAll(null, 100)()),
    some: right(await reader.readAll(1, 2)()),
    frequent: right(await reader.readAll(null, 100, ['T', 'SharesAccepted'])()),
    rare: right(await reader.readAll(null, 100, ['T'])()),
    forwards: right(await reader.readStream('a', { from: 'start', direction: 'forwards', limit: 9 })()),
    backwards: right(await reader.readStream('b', { from: 'end', direction: 'backwards', limit: 1 })()),
    none: right(await reader.readStream('c', { from: 'start', direction: 'forwards', limit: 9 })()),
  }
}

describe('a file that nobody writes', () => {
  test('is read as it is; nothing in it or beside it is changed or made', async () => {
    const { directory, file, log } = await atRest()
    const before = contents(directory)
    const reader = await openReader(file)
    expect(reader.name).toBe(`sqlite:${file}`)
    expect(await readAllOf(reader)).toEqual({
      head: O.some(5),
      all: log,
      some: log.slice(1, 3),
      frequent: log,
      rare: log,
      forwards: log.slice(0, 3),
      backwards: log.slice(4),
      none: [],
    })
    expect(contents(directory)).toEqual(before)
    await reader.close()
    await reader.close()
    expect(contents(directory)).toEqual(before)
    expect(left(await reader.head()())).toEqual({
      kind: 'closed',
      message: `${file} was closed: open it again`,
    })
  })

  test('by another name is the same file', async () => {
    const { directory, file, log } = await atRest()
    symlinkSync(file, join(directory, 'link.db'))
    expect(await readLog(await openReader(join(directory, 'link.db')))).toEqual(log)
  })

  test('with a log beside it that is empty, as other programs leave it', async () => {
    const { directory, file, log } = await atRest()
    writeFileSync(`${file}-wal`, '')
    const before = contents(directory)
    expect(await readLog(await openReader(file))).toEqual(log)
    expect(contents(directory)).toEqual(before)
  })

  test('and is written all the same: no answer of two states, but a sentence', async () => {
    const { file, log } = await atRest()
    const reader = await openReader(file)
    const store = await open(file)
    await appendMany(store, 'a', 1, 100)
    // What was written is in the log beside, so this is the file as it was.
    expect(await readLog(reader)).toEqual(log)
    await store.close()
    expect(left(await reader.readAll(null, 100)())).toEqual({
      kind: 'in-use',
      message: `${file} was written by another process while it was read: start the same command again`,
    })
    expect(await readLog(await openReader(file))).toHaveLength(6)
  })

  test('that has got another time has been written', async () => {
    const { file } = await atRest()
    const reader = await openReader(file)
    utimesSync(file, 1, 1)
    expect(left(await reader.head()())).toMatchObject({ kind: 'in-use' })
  })
})

describe('a file that a pool writes', () => {
  test('is read as it is now, and the pool goes on', async () => {
    const file = join(scratchDirectory(), 'events.db')
    const store = await open(file)
    const reader = await openReader(file)
    expect(right(await reader.head()())).toEqual(O.none)
    await appendMany(store, 'a', 3, 100)
    expect(await readLog(reader)).toEqual(await readLog(store))
    // Several checkpoints, with the reader in their way.
    for (let i = 0; i < 30; i++) await appendMany(store, 'a', 100, 400)
    expect(await readLog(reader)).toEqual(await readLog(store))
    expect(right(await reader.head()())).toEqual(O.some(3_003))
    await store.close()
    expect(await readLog(reader)).toHaveLength(3_003)
    await reader.close()
    expect(await readLog(await open(file))).toHaveLength(3_003)
  })

  test('of a pool that was killed is read with its log, which stays for its next start', async () => {
    const file = join(scratchDirectory(), 'events.db')
    const writer = start('append-forever', file)
    for (let call = 0; call < 20; call++) await writer.line()
    await writer.kill()
    for (const suffix of ['-shm', '.lock']) rmSync(`${file}${suffix}`, { force: true })
    const written = ['', '-wal'].map((suffix) => readFileSync(`${file}${suffix}`))
    expect(written[1]?.length).toBeGreaterThan(0)
    const reader = await openReader(file)
    const log = await readLog(reader)
    await reader.close()
    expect(log.length).toBeGreaterThanOrEqual(40)
    expect(['', '-wal'].map((suffix) => readFileSync(`${file}${suffix}`))).toEqual(written)
    expect(await readLog(await open(file))).toEqual(log)
  })
})

test('a copy of a file that a pool writes has what is in its log, by whatever name it is copied', async () => {
  const directory = scratchDirectory()
  const [file, link] = [join(directory, 'events.db'), join(directory, 'elsewhere', 'link.db')]
  mkdirSync(dirname(link))
  symlinkSync(file, link)
  const store = await open(file)
  await appendMany(store, 'a', 3, 100)
  for (const [n, from] of [file, link].entries()) {
    right(await copyStoreFile(from, join(directory, `copy-${n}.db`))())
    expect(await readLog(await openReader(join(directory, `copy-${n}.db`)))).toEqual(await readLog(store))
  }
})

describe('refused', () => {
  test('a directory that is not there', async () => {
    const file = join(scratchDirectory(), 'nowhere', 'events.db')
    expect(await openError(file)).toMatchObject({ kind: 'unavailable' })
  })

  test('a file that is empty, and the database of another program: neither is made a store', async () => {
    const directory = scratchDirectory()
    const [empty, foreign] = [join(directory, 'empty.db'), join(directory, 'foreign.db')]
    writeFileSync(empty, '')
    const db = new DatabaseSync(foreign)
    db.exec('CREATE TABLE event (position INTEGER PRIMARY KEY)')
    db.close()
    const before = contents(directory)
    for (const file of [empty, foreign])
      expect(await openError(file)).toEqual({
        kind: 'damaged',
        message: `${file} is damaged or not what it should be: it is not an event store of Lodebook. Keep a copy, then restore the newest backup`,
      })
    expect(contents(directory)).toEqual(before)
  })

  test('a format from the future', async () => {
    const { file } = await atRest()
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 2')
    db.close()
    expect((await openError(file)).message).toContain('newer Lodebook (format 2')
  })
})

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { StreamEvent } from '../../adapters/event-store/port.ts'
import { checksum } from '../../adapters/event-store/sqlite/checksum.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { eventAt, fill, history, sha256Of } from '../store/logs.ts'
import { startConformanceServer } from '../support/eventstoredb/server.ts'
import { lodebook, temporaryDirectory } from './child.ts'

const EVENTS = history()

/** Fills a store, and closes it again. */
async function filled(url: string, events: readonly StreamEvent[]): Promise<void> {
  const store = await openEventStore(url)()
  if (E.isLeft(store)) throw new Error(store.left.message)
  await fill(store.right, events)
  await store.right.close()
}

/** A directory with a history in `lodebook.db`. */
async function verifying(events: readonly StreamEvent[] = EVENTS) {
  const { path: directory, remove } = temporaryDirectory()
  onTestFinished(remove)
  const file = join(directory, 'lodebook.db')
  await filled(`sqlite:${file}`, events)
  const verify = (...words: readonly string[]) => lodebook(['store', 'verify', ...words], { directory })
  return { directory, file, verify }
}

test('a whole store: what is in it, for people and for programs', async () => {
  const { file, verify } = await verifying()
  const text = await verify('sqlite:lodebook.db')
  expect(text).toMatchObject({ code: 0, stderr: '' })
  expect(text.stdout).toMatch(new RegExp(`^sqlite:${file} is whole\\.\n  Events {6}1,\\d{3}\n`))
  expect(text.stdout).toMatch(/^ {2}Time {8}2026-09-21 14:13:20 UTC to 2026-09-\d\d /m)
  expect(text.stdout).toMatch(/^ {2}Unknown {5}\d+ of type SomethingOfTomorrow, of a later version perhaps$/m)
  expect(text.stdout).toMatch(new RegExp(`^ {2}SHA-256 {5}${sha256Of(EVENTS)}$`, 'm'))

  const json = await verify('sqlite:lodebook.db', '--json')
  expect(json).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(json.stdout)).toEqual({
    store: `sqlite:${file}`,
    whole: true,
    events: EVENTS.length,
    streams: new Set(EVENTS.map(({ stream }) => stream)).size,
    bytes: expect.any(Number),
    sha256: sha256Of(EVENTS),
    first: '2026-09-21T14:13:20.000Z',
    last: expect.stringMatching(/^2026-09-/),
    unknownTypes: { SomethingOfTomorrow: expect.any(Number) },
    problems: [],
    problemsFound: 0,
  })
})

test('EventStoreDB comes to the same hash', async () => {
  const server = await startConformanceServer()
  onTestFinished(() => server.kill())
  await filled(server.url, EVENTS)
  const { verify } = await verifying()
  const { code, stdout } = await verify(server.url, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ whole: true, sha256: sha256Of(EVENTS) })
})

describe('what is wrong: 1, and each problem in a line', () => {
  /** Takes one event out of the file as somebody would who knows its format, so that only the stream's gap is left. */
  function takeOut(file: string, position: number): void {
    const db = new DatabaseSync(file)
    db.exec(`DELETE FROM event WHERE position = ${position}`)
    const rows = db
      .prepare(
        'SELECT position, stream, revision, id, type, data FROM event_log WHERE position > ? ORDER BY 1',
      )
      .all(position)
    const change = db.prepare('UPDATE event SET position = ?, checksum = ? WHERE position = ?')
    for (const row of rows) {
      const event = {
        position: Number(row['position']) - 1,
        stream: String(row['stream']),
        revision: Number(row['revision']),
        id: String(row['id']),
        type: String(row['type']),
        data: String(row['data']),
      }
      change.run(event.position, checksum(event), event.position + 1)
    }
    db.close()
  }

  test('a gap', async () => {
    const { file, verify } = await verifying()
    takeOut(file, EVENTS.findIndex(({ type }) => type === 'SharesAccepted') + 1)
    const { code, stdout } = await verify('sqlite:lodebook.db')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^wrong {2}shares-0-\d+@1 SharesAccepted \(position \d+\) stands where revision 0 belongs: 1 event is missing/,
    )
    expect(stdout).toMatch(/ is not whole: \d+ problems?\.$/m)
  })

  test('a wrong id, and more problems than are named', async () => {
    const wrong = { ...eventAt('other', 0, 'T', '{"at":1,"v":1}'), id: eventAt('pool', 0, 'T', '{}').id }
    const { verify } = await verifying([...EVENTS, wrong])
    const one = await verify('sqlite:lodebook.db', '--json')
    expect(one.code).toBe(1)
    expect(JSON.parse(one.stdout)).toMatchObject({
      whole: false,
      problemsFound: 1,
      problems: [expect.stringMatching(/^other@0 T \(position \d+\) has the id /)],
    })
    const many = await verifying(
      Array.from({ length: 30 }, (_, n) => ({ ...eventAt('s', n, 'T', '{}'), id: wrong.id })),
    )
    const { code, stdout } = await many.verify('sqlite:lodebook.db')
    expect(code).toBe(1)
    expect(stdout.match(/^wrong /gm)).toHaveLength(20)
    expect(stdout).toContain('       and 10 more\n')
    expect(stdout).toContain('is not whole: 30 problems.')
  })

  test('a store that is not there or is no store: a sentence, and nothing is made', async () => {
    const { directory, verify } = await verifying()
    const before = readdirSync(directory)
    expect(await verify('sqlite:none.db')).toEqual({
      code: 1,
      stdout: '',
      stderr: `lodebook: ${join(directory, 'none.db')} is not there: name the file of a store\n`,
    })
    expect(await verify('postgres://u:hunter2@db')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'lodebook: URL: found "postgres://…@db", allowed: sqlite: and a path, or a connection string of EventStoreDB; there is no such store\n',
    })
    expect(readdirSync(directory)).toEqual(before)
  })
})

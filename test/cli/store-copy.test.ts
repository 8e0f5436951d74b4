import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventStore, RecordedEvent, StreamEvent } from '../../adapters/event-store/port.ts'
import { openEventStore } from '../../src/store/open-store.ts'
import { eventAt, eventsIn, fill, history, sha256Of, withoutPosition } from '../store/logs.ts'
import { type ConformanceServer, startConformanceServer } from '../support/eventstoredb/server.ts'
import { type Child, lodebook, start, temporaryDirectory } from './child.ts'

const EVENTS = history()

/** A directory with a history in `source.db`. */
async function moving(events: readonly RecordedEvent[] = EVENTS) {
  const { path: directory, remove } = temporaryDirectory()
  onTestFinished(remove)
  await withStore(`sqlite:${join(directory, 'source.db')}`, (store) => fill(store, events))
  const file = (name: string): string => join(directory, name)
  return {
    directory,
    file,
    copy: (from: string, to: string, ...more: readonly string[]) =>
      lodebook(['store', 'copy', '--from', from, '--to', to, ...more], { directory }),
    startCopy: (from: string, to: string): Child =>
      start(['store', 'copy', '--from', from, '--to', to, '--json'], { directory }),
    eventsOf: (name: string) => withStore(`sqlite:${file(name)}`, eventsIn),
  }
}

async function withStore<A>(url: string, work: (store: EventStore) => Promise<A>): Promise<A> {
  const store = await openEventStore(url)()
  if (E.isLeft(store)) throw new Error(store.left.message)
  try {
    return await work(store.right)
  } finally {
    await store.right.close()
  }
}

async function running(): Promise<ConformanceServer> {
  const server = await startConformanceServer()
  onTestFinished(() => server.kill())
  return server
}

describe('store copy', () => {
  test('from a file to another, and says so; again, nothing is left to do', async () => {
    const { file, copy, eventsOf } = await moving()
    const first = await copy('sqlite:source.db', 'sqlite:new/target.db')
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(
      new RegExp(
        `^Copied 1,\\d{3} events from sqlite:${file('source.db')} to sqlite:${file('new/target.db')} in \\d+\\.\\d s\\.\n` +
          `Verified: the target holds the same 1,\\d{3} events in the same order\\.\nSHA-256 of all entries: ${sha256Of(EVENTS)}\n$`,
      ),
    )
    expect(await eventsOf('new/target.db')).toEqual(EVENTS.map(withoutPosition))

    const again = await copy('sqlite:source.db', 'sqlite:new/target.db', '--json')
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(again.stdout)).toEqual({
      from: `sqlite:${file('source.db')}`,
      to: `sqlite:${file('new/target.db')}`,
      events: EVENTS.length,
      written: 0,
      bytes: expect.any(Number),
      sha256: sha256Of(EVENTS),
      sourceGrew: false,
      seconds: expect.any(Number),
    })
  })

  test('to EventStoreDB and back: the same file again', async () => {
    const { copy, eventsOf } = await moving()
    const server = await running()
    for (const [from, to] of [
      ['sqlite:source.db', server.url],
      [server.url, 'sqlite:target.db'],
    ] as const) {
      const { code, stdout, stderr } = await copy(from, to, '--json')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toMatchObject({ written: EVENTS.length, sha256: sha256Of(EVENTS) })
    }
    expect(await eventsOf('target.db')).toEqual(await eventsOf('source.db'))
  })
})

describe('killed in the middle, again and again, it goes on and ends with the same', () => {
  const LONG = [...history(120_000)]

  test('into a file', async () => {
    const { file, startCopy, eventsOf } = await moving(LONG)
    const url = 'sqlite:target.db'
    const kills = [1, 4_000, 9_000]
    for (const events of kills) {
      const child = startCopy('sqlite:source.db', url)
      await until(child, () => countIn(file('target.db')) >= events)
      child.process.kill('SIGKILL')
      await child.finished
      const held = await eventsOf('target.db')
      expect(held.length).toBeGreaterThanOrEqual(events)
      expect(held.length).toBeLessThan(LONG.length)
      expect(held).toEqual(LONG.slice(0, held.length).map(withoutPosition))
    }
    await endsWell(startCopy('sqlite:source.db', url), LONG)
    expect(await eventsOf('target.db')).toEqual(LONG.map(withoutPosition))
  })

  test('into EventStoreDB, which is also restarted meanwhile', async () => {
    const { startCopy } = await moving(EVENTS)
    const server = await running()
    for (const events of [10, 400, 800]) {
      const child = startCopy('sqlite:source.db', server.url)
      await until(child, () => server.events().length >= events)
      child.process.kill('SIGKILL')
      await child.finished
      expect(server.events().length).toBeLessThan(EVENTS.length)
    }
    const last = startCopy('sqlite:source.db', server.url)
    await until(last, () => server.events().length >= 1_000)
    await server.kill()
    await last.says('trying again for a minute')
    await server.restart()
    await endsWell(last, EVENTS)
    expect(await withStore(server.url, eventsIn)).toEqual(EVENTS.map(withoutPosition))
  })

  async function endsWell(child: Child, events: readonly StreamEvent[]): Promise<void> {
    const { code, stdout } = await child.finished
    expect(code).toBe(0)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ events: events.length, sha256: sha256Of(events) })
    expect(report.written).toBeLessThan(events.length)
  }

  /** Looks often, as long as the command runs. */
  async function until(child: Child, there: () => boolean): Promise<void> {
    let ended = false
    void child.finished.then(() => {
      ended = true
    })
    while (!there()) {
      if (ended) throw new Error(`the copy was done too soon: ${JSON.stringify(await child.finished)}`)
      await sleep(2)
    }
  }

  function countIn(file: string): number {
    if (!existsSync(file)) return 0
    try {
      const db = new DatabaseSync(file, { readOnly: true })
      try {
        return Number(db.prepare('SELECT max(position) AS newest FROM event').get()?.['newest'] ?? 0)
      } finally {
        db.close()
      }
    } catch {
      // Not made yet, or just being made.
      return 0
    }
  }
})

describe('is refused with a sentence', () => {
  test('a source that is not there: no file is made', async () => {
    const { directory, copy } = await moving()
    const before = readdirSync(directory)
    expect(await copy('sqlite:none.db', 'sqlite:target.db')).toEqual({
      code: 1,
      stdout: '',
      stderr: `lodebook: ${join(directory, 'none.db')} is not there: name the file of a store\n`,
    })
    expect(readdirSync(directory)).toEqual(before)
  })

  test('a server that is not there: no file is made', async () => {
    const { file, copy } = await moving()
    const { code, stderr } = await copy('esdb://127.0.0.1:1?tls=false', 'sqlite:target.db')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^lodebook: esdb:\/\/127\.0\.0\.1:1 /)
    expect(existsSync(file('target.db'))).toBe(false)
  })

  test('the same store twice', async () => {
    const { file, copy } = await moving()
    expect(await copy('sqlite:source.db', `sqlite:${file('source.db')}`)).toEqual({
      code: 2,
      stdout: '',
      stderr: 'lodebook: --from and --to are the same store: name another target\n',
    })
  })

  test('addresses that are none, both at once, without their passwords', async () => {
    const { copy } = await moving()
    const { code, stderr } = await copy('lodebook.db', 'esdb://u:hunter2@db?tls=false')
    expect(code).toBe(2)
    expect(stderr).toBe(
      'lodebook: --from: found "lodebook.db", allowed: sqlite: and a path, or a connection string of EventStoreDB; there is no such store\n' +
        'lodebook: --to: found "esdb://…@db?…", allowed: sqlite: and a path, or a connection string of EventStoreDB; a user and password are only ever sent over TLS: leave tls=false out, or the user\n',
    )
  })

  test('a target that a pool is running on', async () => {
    const { file, copy } = await moving()
    await withStore(`sqlite:${file('target.db')}`, async () => {
      const { code, stderr } = await copy('sqlite:source.db', 'sqlite:target.db')
      expect(code).toBe(1)
      expect(stderr).toContain(`target.db is in use by process ${process.pid}`)
    })
  })

  test.each<[string, readonly StreamEvent[], RegExp]>([
    ['with other events', [eventAt('pool', 0, 'PoolOpened', '{"at":1,"v":1}')], /holds other events than/],
    [
      'that has gone on',
      [...EVENTS, eventAt('new', 0, 'T', '{}')],
      /goes on where .* ends, after 1\d\d\d events/,
    ],
  ])('a target %s: nothing is written', async (_, events, sentence) => {
    const { file, copy, eventsOf } = await moving()
    await withStore(`sqlite:${file('target.db')}`, (store) => fill(store, events))
    const { code, stdout, stderr } = await copy('sqlite:source.db', 'sqlite:target.db')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(sentence)
    expect(await eventsOf('target.db')).toEqual(
      events.map(({ id, stream, revision, type, data }) => ({ id, stream, revision, type, data })),
    )
  })

  test('a source that was tampered with', async () => {
    const { file, copy, eventsOf } = await moving()
    const db = new DatabaseSync(file('source.db'))
    // Newer ones are read when it is opened.
    db.exec(`UPDATE event SET data = replace(data, '1', '2') WHERE position = 150`)
    db.close()
    const { code, stderr } = await copy('sqlite:source.db', 'sqlite:target.db')
    expect(code).toBe(1)
    expect(stderr).toContain('the event at position 150 fails its checksum')
    expect(await eventsOf('target.db')).toEqual([])
  })

  test('a command line that lacks one', async () => {
    const { directory } = await moving()
    const { code, stderr } = await lodebook(['store', 'copy', '--from', 'sqlite:source.db'], { directory })
    expect(code).toBe(2)
    expect(stderr).toContain('--to <url> is missing: ')
  })
})

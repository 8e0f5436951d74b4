import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { project } from '../../src/actors/projector.ts'
import { manualTimers } from '../adapters/node/manual-timers.ts'
import { ALICE, accept, connect, openedLog, right } from '../adapters/read-models/log.ts'
import { dump } from '../adapters/read-models/scratch.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'

/** Read models that follow a log, with a clock that stands still, and who sees what is in their file. */
function following() {
  const directory = mkdtempSync(join(tmpdir(), 'lodebook-projector-'))
  const file = join(directory, 'read-models.db')
  const store = memoryEventStore()
  const timers = manualTimers()
  const warnings: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(JSON.parse(line).msg) })
  let now = 0
  const set = vi.fn(timers.after)
  const models = right(openReadModels({ file, log: store.log, nowMs: () => now }))
  const projector = project(store, models, set, log)
  onTestFinished(async () => {
    projector.stop()
    models.close()
    await store.close()
    rmSync(directory, { recursive: true })
  })
  return {
    ...{ file, projector, warnings, armed: timers.armed, timersSet: () => set.mock.calls.length },
    advance: (ms: number) => {
      now += ms
      timers.advance(ms)
    },
    append: async (events: readonly RecordedEvent[]) => {
      for (const { stream, revision, id, type, data } of events)
        expect(
          E.isRight(await store.append([{ stream, expected: revision - 1, events: [{ id, type, data }] }])()),
        ).toBe(true)
      await projector.caughtUp()
    },
    stored: () => dump(file)['pool']?.[0]?.['entries'],
  }
}

function someLog() {
  const log = openedLog()
  connect(log, 1, ALICE, 'rig')
  return log
}

test('what has happened is on the disk within a second, whether anything comes after it or not', async () => {
  const { append, advance, armed, stored, timersSet } = following()
  const log = someLog()
  advance(300)
  await append(log.events)
  await armed(700)
  advance(699)
  expect(stored()).toBe(0)
  advance(1)
  await vi.waitFor(() => expect(stored()).toBe(log.events.length))

  // At rest nothing waits for its time, and nothing is written.
  const before = timersSet()
  advance(60_000)
  expect(timersSet()).toBe(before)
})

test('batches share one timer, and one that was stored meanwhile is waited for anew', async () => {
  const { append, advance, armed, stored, timersSet } = following()
  const log = someLog()
  const [first, ...rest] = log.events
  if (first === undefined) throw new Error('the log is empty')
  advance(300)
  await append([first])
  await armed(700)
  for (const event of rest) await append([event])
  expect(timersSet()).toBe(1)
  expect(stored()).toBe(0)
  advance(700)
  await vi.waitFor(() => expect(stored()).toBe(log.events.length))
  advance(400)
  const share = accept(log, 1_000, [{ connection: 1, difficulty: 5 }])
  await append([share])
  await armed(600)
  advance(600)
  await vi.waitFor(() => expect(stored()).toBe(log.events.length))
})

test('a file that another program holds locked is written when that lets go', async () => {
  const { file, append, advance, armed, stored, warnings } = following()
  const log = someLog()
  const other = new DatabaseSync(file)
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  advance(300)
  await append(log.events)
  await armed(700)
  advance(700)
  await armed(1_000)
  expect(warnings).toHaveLength(1)
  other.exec('ROLLBACK')
  advance(1_000)
  await vi.waitFor(() => expect(stored()).toBe(log.events.length))
})

import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RecordedEvent } from '../../../adapters/event-store/port.ts'
import { CALL_STREAM, callOf, eventsOf } from './processes/calls.ts'
import { start } from './processes/start.ts'
import { open, readLog, right, scratchDirectory } from './scratch.ts'

/** How many calls the log holds. Fails unless it is calls 0, 1, 2… in order, each one whole. */
function wholeCalls(log: readonly RecordedEvent[]): number {
  let call = 0
  for (let at = 0; at < log.length; call++) {
    const streams = log.slice(at, at + 1 + eventsOf(call)).map((event) => `${event.stream}@${event.revision}`)
    expect(streams).toEqual([
      `${CALL_STREAM}@${call}`,
      ...Array.from({ length: eventsOf(call) }, (_, i) => `batch-${call}@${i}`),
    ])
    at += 1 + eventsOf(call)
  }
  return call
}

test('killed in mid-append, again and again: what was answered is there, and nothing by halves', async () => {
  const file = join(scratchDirectory(), 'events.db')
  let answered = -1
  for (let round = 0; round < 15; round++) {
    const writer = start('append-forever', file)
    for (let lines = 0; lines <= (round * 13) % 60; lines++) answered = Number(await writer.line())
    answered = Number((await writer.kill()).at(-1) ?? answered)
    const store = await open(file)
    const calls = wholeCalls(await readLog(store))
    // One more may have been written whose answer was never printed.
    expect([answered + 1, answered + 2]).toContain(calls)
    await store.close()
  }
  expect(answered).toBeGreaterThan(200)
})

test('the write-ahead log cut off anywhere, as by a power cut: whole calls from the first on', async () => {
  const directory = scratchDirectory()
  const file = join(directory, 'events.db')
  const store = await open(file)
  for (let call = 0; call < 12; call++) right(await store.append(callOf(call))())
  const walBytes = statSync(`${file}-wal`).size
  const cut = join(directory, 'cut.db')
  let before = 0
  for (let bytes = 0; bytes <= walBytes; bytes += 1009) {
    copyFileSync(file, cut)
    copyFileSync(`${file}-wal`, `${cut}-wal`)
    truncateSync(`${cut}-wal`, bytes)
    const reopened = await open(cut)
    const calls = wholeCalls(await readLog(reopened))
    expect(calls).toBeGreaterThanOrEqual(before)
    before = calls
    await reopened.close()
  }
  expect(before).toBeGreaterThanOrEqual(11)
})

test('rubbish in the newest part of the write-ahead log: whole calls from the first on', async () => {
  const directory = scratchDirectory()
  const file = join(directory, 'events.db')
  const store = await open(file)
  for (let call = 0; call < 12; call++) right(await store.append(callOf(call))())
  const wal = readFileSync(`${file}-wal`)
  const torn = join(directory, 'torn.db')
  for (let from = wal.length - 9000; from < wal.length; from += 611) {
    copyFileSync(file, torn)
    writeFileSync(
      `${torn}-wal`,
      Buffer.concat([wal.subarray(0, from), Buffer.alloc(wal.length - from, 0xa5)]),
    )
    const reopened = await open(torn)
    const calls = wholeCalls(await readLog(reopened))
    expect(calls).toBeGreaterThanOrEqual(9)
    expect(calls).toBeLessThan(12)
    // It goes on where it was left.
    right(await reopened.append(callOf(calls))())
    expect(wholeCalls(await readLog(reopened))).toBe(calls + 1)
    await reopened.close()
  }
})

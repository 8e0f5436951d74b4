import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { EMBEDDED_LOG } from '../../adapters/event-store/follow.ts'
import { NO_STREAM, type RecordedEvent, type StreamAppend } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { eventHistory, type HistoryOptions } from '../support/event-histories.ts'
import { hardDevnet, temporaryDirectory } from '../support/running-pool.ts'
import { connectStratum } from '../support/stratum-client.ts'
import type { Measure } from './measure.ts'
import { startPoolChild } from './pool-child.ts'

/** P9: from the start of a pool process on a long history to work in a miner's hands; beside the same with no history. */
export async function benchRestart(shares: number): Promise<Measure> {
  const devnet = await hardDevnet()
  const empty = temporaryDirectory()
  const full = temporaryDirectory()
  await writeHistory(full, { shares, workers: 2_000 })
  const seconds = async (directory: string): Promise<number> => {
    const startedMs = performance.now()
    const pool = await startPoolChild(directory, devnet)
    const miner = await connectStratum({ port: pool.port })
    await miner.request('mining.subscribe', ['cpuminer/1.0.0'])
    await miner.request('mining.authorize', ['SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc', ''])
    await miner.notification('mining.notify')
    const elapsed = (performance.now() - startedMs) / 1000
    await miner.close()
    await pool.stop()
    return elapsed
  }
  const baseline = await seconds(empty)
  const value = await seconds(full)
  await devnet.stop()
  return {
    id: 'P9',
    measure: `start with ${shares} shares of history, to work in a miner's hands`,
    value,
    unit: 's',
    baseline,
    budget: '< 3 s',
    met: value < 3,
  }
}

const BATCH_EVENTS = 8

/** Writes a made-up history through the real store and read models, as a pool would have. */
export async function writeHistory(
  directory: string,
  history: Pick<HistoryOptions, 'shares' | 'workers' | 'sharesPerMinute' | 'secondsPerOwnBlock' | 'startMs'>,
): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const store = await openSqliteEventStore({ file: join(directory, 'lodebook.db') })()
  const models = openReadModels({
    file: join(directory, 'read-models.db'),
    log: EMBEDDED_LOG,
    nowMs: () => performance.now(),
  })
  if (E.isLeft(store) || E.isLeft(models)) throw new Error('the history can not be written')
  let written = 0
  const write = async (events: readonly RecordedEvent[]): Promise<void> => {
    const appended = await store.right.append(events.map(appendOf))()
    if (E.isLeft(appended)) throw new Error(appended.left.message)
    // An embedded log counts its positions from 1.
    const applied = models.right.apply(events.map((event) => ({ ...event, position: ++written })))
    if (E.isLeft(applied)) throw new Error(applied.left.message)
  }
  let batch: RecordedEvent[] = []
  for (const event of eventHistory({
    seed: 9,
    ...history,
    sharesPerEvent: 600,
    network: 'simnet',
  })) {
    batch.push(event)
    if (batch.length < BATCH_EVENTS) continue
    await write(batch)
    batch = []
  }
  await write(batch)
  models.right.close()
  await store.right.close()
}

const appendOf = ({ stream, revision, id, type, data }: RecordedEvent): StreamAppend => ({
  stream,
  expected: revision === 0 ? NO_STREAM : revision - 1,
  events: [{ id, type, data }],
})

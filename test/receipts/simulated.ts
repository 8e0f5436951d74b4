import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import type { SigningKey } from '../../domain/transparency/key.ts'
import { publishAll } from '../../src/publisher/publish-all.ts'
import { DEFAULT_SIMULATION, type SimulationOptions } from '../../src/simulate/options.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'

/** What is right, or a failed test. */
export function right<T>(answer: E.Either<unknown, T>): T {
  if (E.isLeft(answer)) throw new Error(JSON.stringify(answer.left))
  return answer.right
}

/** A simulated pool with its ledger in a folder and its read models in memory. */
export async function simulatedLedger(options: Partial<SimulationOptions> & { readonly shares: number }) {
  const store = memoryEventStore()
  const made = right(await simulate(store, { ...DEFAULT_SIMULATION, miners: 6, ...options })())
  const events = right(await store.readAll(null, 1_000_000)())
  const folder = await publish(events, made.ledgerKey)
  const readModels = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
  right(readModels.apply(events))
  return { events, key: made.ledgerKey, folder, source: ledgerFolder(folder), readModels }
}

/** Publishes events in a new folder. */
export async function publish(events: readonly RecordedEvent[], key: SigningKey): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'lodebook-ledger-'))
  async function* batches() {
    yield events
  }
  right(await publishAll(batches(), folder, key)())
  return folder
}

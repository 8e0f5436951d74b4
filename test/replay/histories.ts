import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import type { SigningKey } from '../../domain/transparency/key.ts'
import type { History } from '../../src/replay/history.ts'
import { type Replayed, type ReplayOptions, replay } from '../../src/replay/replay.ts'
import { DEFAULT_SIMULATION, type SimulationOptions } from '../../src/simulate/options.ts'
import { simulate } from '../../src/simulate/simulate.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'

/** What is right, or a failed test. */
export function right<T>(answer: E.Either<unknown, T>): T {
  if (E.isLeft(answer)) throw new Error(JSON.stringify(answer.left))
  return answer.right
}

/** A history that the pool's own engine wrote, and the key of its ledger. */
export interface Simulated {
  readonly events: readonly RecordedEvent[]
  readonly key: SigningKey
}

const made = new Map<string, Promise<Simulated>>()

/** Simulates a history; the same one once for all tests of a file. */
export function simulated(
  options: Partial<SimulationOptions> & { readonly shares: number },
): Promise<Simulated> {
  const name = JSON.stringify(options)
  const known = made.get(name) ?? simulateNow(options)
  made.set(name, known)
  return known
}

async function simulateNow(
  options: Partial<SimulationOptions> & { readonly shares: number },
): Promise<Simulated> {
  const store = memoryEventStore()
  const { ledgerKey } = right(await simulate(store, { ...DEFAULT_SIMULATION, ...options })())
  return { events: right(await store.readAll(null, 1_000_000)()), key: ledgerKey }
}

/** Events as a history, so many in a batch. */
export const historyOf = (events: readonly RecordedEvent[], batch = 64): History => ({
  name: 'memory',
  batches: async function* () {
    for (let from = 0; from < events.length; from += batch)
      yield E.right({
        events: events.slice(from, from + batch).map((event, i) => ({ ...event, entry: from + i })),
        fraction: Math.min(1, (from + batch) / events.length),
      })
  },
})

/** Replays events; a failure is a failed test. */
export const replayed = async (
  events: readonly RecordedEvent[],
  options: Partial<ReplayOptions> = {},
): Promise<Replayed> =>
  right(
    await replay({
      ...{
        history: historyOf(events),
        until: null,
        scheme: null,
        account: null,
        onProgress: () => undefined,
      },
      ...options,
    }),
  )

/** Read models of the first events of a log. */
export function modelsOf(events: readonly RecordedEvent[]) {
  const models = right(openReadModels({ file: ':memory:', log: 'test', nowMs: () => 0 }))
  right(models.apply(events))
  return models
}

/** The same event with other data. */
export const changed = (
  event: RecordedEvent,
  change: (data: Record<string, unknown>) => unknown,
): RecordedEvent => {
  const data = JSON.parse(event.data)
  change(data)
  return { ...event, data: canonicalJson(data) }
}

/** Events with one of them changed. */
export const withChanged = (
  events: readonly RecordedEvent[],
  index: number,
  change: (data: Record<string, unknown>) => unknown,
): readonly RecordedEvent[] => events.map((event, i) => (i === index ? changed(event, change) : event))

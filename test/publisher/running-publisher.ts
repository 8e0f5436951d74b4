import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { type EventStore, NO_STREAM } from '../../adapters/event-store/port.ts'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { eventId } from '../../domain/event-id.ts'
import { parseVerifierKey } from '../../domain/transparency/key.ts'
import type { LedgerConfig, WitnessConfig } from '../../src/config/config.ts'
import { openLedgerKeys } from '../../src/publisher/keys.ts'
import { openPublisher, type Publisher } from '../../src/publisher/publisher.ts'

/** What is on the right side. @throws what is on the left. */
export function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

export const configIn = (directory: string, over: Partial<LedgerConfig> = {}): LedgerConfig => ({
  origin: null,
  key: null,
  keyFile: join(directory, 'ledger.key'),
  previousKeyFile: null,
  checkpointMsMax: 100,
  ...over,
})

export interface Over {
  readonly config?: Partial<LedgerConfig>
  readonly witnesses?: readonly WitnessConfig[]
  /** Origin of the ledger that the log names. */
  readonly named?: string
}

export function publish(store: EventStore, directory: string, { config, witnesses = [], named }: Over = {}) {
  const ledger = configIn(directory, config)
  const folder = join(directory, 'ledger')
  const refused: string[] = []
  const said: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line).msg) })
  const publisher = openPublisher({
    store,
    keys: openLedgerKeys(ledger, folder, named ?? null),
    folder,
    checkpointMsMax: ledger.checkpointMsMax,
    witnesses,
    nowMs: Date.now,
    log,
    onWitnessError: (witness) => refused.push(witness),
  })
  onTestFinished(() => publisher.stop())
  return { publisher, folder, refused, said }
}

/** Appends so many events, some of them of a type. */
export async function grow(store: EventStore, stream: string, count: number, type = 'SomethingHappened') {
  const events = Array.from({ length: count }, (_, n) => {
    const data = canonicalJson({ at: 1_790_000_000_000, n, v: 1 })
    return { id: eventId(stream, n, type, data), type, data }
  })
  right(await store.append([{ stream, expected: NO_STREAM, events }])())
}

export async function until(holds: () => boolean, what = 'it'): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 1000) throw new Error(`${what} never came`)
    await sleep(10)
  }
}

export const sizeOf = (publisher: Publisher) => publisher.status().checkpoint?.size ?? null

export async function checkedEntries(publisher: Publisher, folder: string): Promise<number> {
  const { origin, keys } = publisher.status()
  const trusted = keys.map((text) => right(parseVerifierKey(text)))
  const source = ledgerFolder(folder)
  const checkpoint = right(
    await readCheckpoint(source, { origin: origin ?? '', keys: trusted, witnesses: [] })(),
  )
  let entries = 0
  for await (const batch of ledgerReader(source, checkpoint).entries(0, checkpoint.size))
    entries += right(batch).entries.length
  return entries
}

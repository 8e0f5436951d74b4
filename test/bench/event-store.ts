import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import {
  type EventStore,
  NO_STREAM,
  type ProposedEvent,
  type RecordedEvent,
} from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { eventId } from '../../domain/event-id.ts'

const BATCHES = [1, 10, 100, 1000]
const EVENT_BYTES = 288
const RUN_MS = 2000
const SCAN_BATCH = 1000

/** How fast batches of one size came to disk, one after the other. */
export interface AppendFigures {
  readonly batch: number
  readonly eventsPerSecond: number
  /** Milliseconds for a batch. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** What {@link benchEventStore} measures. */
export interface EventStoreFigures {
  readonly appends: readonly {
    readonly store: AppendFigures
    /** The same bytes written to a bare file and synced, on the same disk in the same run. */
    readonly bare: AppendFigures
  }[]
  readonly scanned: { readonly events: number; readonly eventsPerSecond: number }
}

/**
 * Measures the embedded event store: durable appends of 288-byte events to one stream, each batch awaited, and a scan
 * of them all with every checksum proven. Writes under `directory`, so that the disk is chosen by the caller, and
 * removes what it wrote.
 */
export async function benchEventStore(directory = process.cwd()): Promise<EventStoreFigures> {
  const scratch = mkdtempSync(join(directory, '.bench-event-store-'))
  try {
    const store = succeeded(await openSqliteEventStore({ file: join(scratch, 'events.db') })())
    const write = writerOf(store)
    const bareFile = openSync(join(scratch, 'bare'), 'w')
    const appends: EventStoreFigures['appends'][number][] = []
    for (const batch of BATCHES) appends.push(await measure(batch, write, bareWriterOf(bareFile, batch)))
    closeSync(bareFile)
    const scanned = await scan(store)
    await store.close()
    return { appends, scanned }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** Takes turns, so that whatever else the disk is doing hits both alike. */
async function measure(
  batch: number,
  write: (batch: number) => Promise<void>,
  writeBare: () => void,
): Promise<EventStoreFigures['appends'][number]> {
  const storeMs: number[] = []
  const bareMs: number[] = []
  const end = performance.now() + RUN_MS
  for (let start = performance.now(); start < end; ) {
    await write(batch)
    const written = performance.now()
    writeBare()
    const both = performance.now()
    storeMs.push(written - start)
    bareMs.push(both - written)
    start = both
  }
  return { store: figuresOf(batch, storeMs), bare: figuresOf(batch, bareMs) }
}

function figuresOf(batch: number, durationsMs: number[]): AppendFigures {
  durationsMs.sort((a, b) => a - b)
  const quantile = (q: number): number => round(durationsMs[Math.ceil(q * durationsMs.length) - 1] ?? 0)
  const sumMs = durationsMs.reduce((sum, ms) => sum + ms, 0)
  return {
    batch,
    eventsPerSecond: Math.round((durationsMs.length * batch * 1000) / sumMs),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: quantile(1),
  }
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000

const DATA = JSON.stringify({ pad: 'x'.repeat(EVENT_BYTES - '{"pad":""}'.length) })

function writerOf(store: EventStore): (batch: number) => Promise<void> {
  let expected = NO_STREAM
  return async (batch) => {
    const events: ProposedEvent[] = []
    for (let i = 0; i < batch; i++) events.push({ id: ID, type: 'SharesAccepted', data: DATA })
    succeeded(await store.append([{ stream: 'shares-0-481234', expected, events }])())
    expected += batch
  }
}

/** One id for all: what is measured is the store, not the hash. */
const ID = eventId('shares-0-481234', 0, '', '')

function bareWriterOf(file: number, batch: number): () => void {
  const bytes = Buffer.from(DATA.repeat(batch))
  return () => {
    writeSync(file, bytes)
    fdatasyncSync(file)
  }
}

async function scan(store: EventStore): Promise<EventStoreFigures['scanned']> {
  const start = performance.now()
  let events = 0
  let after: number | null = null
  let isMore = true
  while (isMore) {
    const read: readonly RecordedEvent[] = succeeded(await store.readAll(after, SCAN_BATCH)())
    events += read.length
    after = read.at(-1)?.position ?? after
    isMore = read.length > 0
  }
  return { events, eventsPerSecond: Math.round((events * 1000) / (performance.now() - start)) }
}

function succeeded<A>(result: E.Either<{ readonly message: string }, A>): A {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { proposeAppend } from '../../adapters/event-store/catalogue.ts'
import { openEventStoreDb } from '../../adapters/event-store/eventstoredb/open.ts'
import { type EventStore, NO_STREAM, type StreamAppend } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { event, type PoolEvent } from '../../domain/events.ts'
import { eventHistory } from '../support/event-histories.ts'
import { startConformanceProcess } from '../support/eventstoredb/conformance-process.ts'
import { type Measure, quantile } from './measure.ts'

/** Shares that a commit of the journal writes, and the most of them in one event. */
const BATCHES = [1, 10, 100, 1_000]
const EVENT_SHARES_MAX = 600
const HISTORY = { seed: 4, shares: 400_000, workers: 1_000, sharesPerEvent: 32 }
const FOLLOW_BATCH = 16

/**
 * The EventStoreDB client against the conformance server, a process of its own on the other core that syncs its file before it answers; beside
 * the embedded store on the same disk, in turns. Durable shares/s and milliseconds by batch, then catching up the read models.
 */
export async function benchEventStoreDb(directory: string, secondsEach: number): Promise<readonly Measure[]> {
  const scratch = mkdtempSync(join(directory, 'bench-eventstoredb-'))
  const server = await startConformanceProcess({ file: join(scratch, 'server.log') })
  const remote = right(await openEventStoreDb(server.url)())
  const embedded = right(await openSqliteEventStore({ file: join(scratch, 'events.db') })())
  try {
    const measures: Measure[] = []
    for (const batch of BATCHES) measures.push(...(await appends(batch, remote, embedded, secondsEach)))
    measures.push(await storm(remote, embedded), await catchUp(scratch, remote, embedded))
    return measures
  } finally {
    await Promise.all([remote.close(), embedded.close()])
    await server.kill()
    rmSync(scratch, { recursive: true })
  }
}

async function appends(
  batch: number,
  remote: EventStore,
  embedded: EventStore,
  seconds: number,
): Promise<readonly Measure[]> {
  const [remoteMs, embeddedMs]: [number[], number[]] = [[], []]
  const [remoteNext, embeddedNext] = [commits(batch), commits(batch)]
  const timed = async (store: EventStore, append: StreamAppend): Promise<number> => {
    const startedMs = performance.now()
    right(await store.append([append])())
    return performance.now() - startedMs
  }
  for (const endMs = performance.now() + seconds * 1_000; performance.now() < endMs; ) {
    remoteMs.push(await timed(remote, remoteNext()))
    embeddedMs.push(await timed(embedded, embeddedNext()))
  }
  const perSecond = (times: readonly number[]): number =>
    (batch * times.length * 1_000) / times.reduce((sum, ms) => sum + ms, 0)
  const free = { id: 'eventstoredb', budget: null, met: null }
  return [
    {
      ...free,
      measure: `durable shares, ${batch} in a commit; baseline SQLite`,
      value: perSecond(remoteMs),
      unit: '1/s',
      baseline: perSecond(embeddedMs),
    },
    ...[0.5, 0.99].map((part) => ({
      ...free,
      measure: `commit of ${batch} shares, p${part * 100}; baseline SQLite`,
      value: quantile(remoteMs, part),
      unit: 'ms',
      baseline: quantile(embeddedMs, part),
    })),
  ]
}

/** Commits of so many shares, one after the other in a stream of their own. */
function commits(batch: number): () => StreamAppend {
  const stream = `shares-0-${batch}`
  let expected = NO_STREAM
  return () => {
    const events: PoolEvent[] = []
    for (let left = batch; left > 0; left -= EVENT_SHARES_MAX)
      events.push(sharesAccepted(Math.min(left, EVENT_SHARES_MAX)))
    const append = proposeAppend(stream, expected, events)
    expected += events.length
    return append
  }
}

function sharesAccepted(count: number): PoolEvent {
  const column = <A>(value: (i: number) => A): readonly A[] =>
    Array.from({ length: count }, (_, i) => value(i))
  return event('SharesAccepted', {
    v: 1,
    at: 1_795_600_000_000,
    connection: column((i) => i * 7),
    worker: column(() => 0),
    job: column(() => 1_812),
    difficulty: column(() => 1_024),
    extranonce2: column((i) => i.toString(16).padStart(8, '0')),
    ntime: column((i) => i % 60),
    nonce: column((i) => (i * 2_654_435_761) % 0x1_0000_0000),
    elapsed: column((i) => i % 100),
    solved: [],
  })
}

/** What a pool writes when a thousand miners come back at once: a stream of its own for each. */
async function storm(remote: EventStore, embedded: EventStore): Promise<Measure> {
  const at = 1_795_600_000_000
  const appends = Array.from({ length: 1_000 }, (_, n) => ({
    ...proposeAppend(`connection-9.${n}`, NO_STREAM, [
      event('MinerConnected', { v: 1, at, extranonce1: '00000001', listener: 'stratum', resumes: null }),
      event('MinerIdentified', { v: 1, at, agent: 'cpuminer/1.0.0', profile: 'cpuminer' }),
      event('WorkerAuthorized', { v: 1, at, account: '00'.repeat(32), worker: 'rig' }),
    ]),
    unordered: true as const,
  }))
  const timed = async (store: EventStore): Promise<number> => {
    const startedMs = performance.now()
    right(await store.append(appends)())
    return performance.now() - startedMs
  }
  return {
    id: 'eventstoredb',
    measure: 'commit of 1 000 new connections, a stream each; baseline SQLite',
    value: await timed(remote),
    unit: 'ms',
    baseline: await timed(embedded),
    budget: null,
    met: null,
  }
}

/** The same history in both stores, followed into read models from nothing. */
async function catchUp(scratch: string, remote: EventStore, embedded: EventStore): Promise<Measure> {
  let history: StreamAppend[] = []
  for (const { stream, revision, id, type, data } of eventHistory(HISTORY)) {
    const last = history.at(-1)
    const next = { id, type, data }
    if (last?.stream === stream && last.events.length < FOLLOW_BATCH)
      history[history.length - 1] = { ...last, events: [...last.events, next] }
    else history.push({ stream, expected: revision - 1, events: [next] })
  }
  const rate = async (name: string, store: EventStore): Promise<number> => {
    const head = right(await store.head()())
    const before = head._tag === 'Some' ? head.value : null
    for (let i = 0; i < history.length; i += 100) right(await store.append(history.slice(i, i + 100))())
    const newest = right(await store.head()())
    const end = newest._tag === 'Some' ? newest.value : 0
    const models = right(
      openReadModels({ file: join(scratch, `${name}.db`), log: store.log, nowMs: () => performance.now() }),
    )
    let events = 0
    const startedMs = performance.now()
    await new Promise<void>((resolve, reject) => {
      const following = store
        .follow(before, FOLLOW_BATCH, async (batch) => {
          right(models.apply(batch))
          events += batch.length
          if (batch.at(-1)?.position === end) {
            following.unsubscribe()
            resolve()
          }
        })
        .subscribe({ error: reject })
    })
    const perSecond = (events * 1_000) / (performance.now() - startedMs)
    models.close()
    return perSecond
  }
  const value = await rate('remote', remote)
  const baseline = await rate('embedded', embedded)
  history = []
  return {
    id: 'eventstoredb',
    measure: 'read models catching up, 32 shares in an event; baseline SQLite',
    value,
    unit: 'events/s',
    baseline,
    budget: null,
    met: null,
  }
}

function right<A>(result: E.Either<{ readonly message: string }, A>): A {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

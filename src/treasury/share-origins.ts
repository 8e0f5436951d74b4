import * as E from 'fp-ts/lib/Either.js'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { EventStore, StoreError, StreamEvent } from '../../adapters/event-store/port.ts'
import type { PoolEvent } from '../../domain/events.ts'
import { epochOf, epochStartMs } from '../../domain/mining/epoch.ts'
import { readStreamName } from '../../domain/stream-name.ts'
import type { ShareKeys } from './accepted-shares.ts'
import type { UnresolvedShare } from './share-records.ts'

/**
 * Hours of work that are looked through, back from the hour of a share, for the job it names. A share names a job of the tip or the one
 * before it; no chain that is alive stands still for so long.
 */
const WORK_HOURS = 48
const HOUR_MS = 3_600_000
const PAGE = 1_000

/**
 * Reads the workers and the work that the shares of an event name and that are not known, from the streams of those connections and of
 * the hours before. What is not there either stays unknown.
 */
export async function readOrigins(
  store: EventStore,
  keys: ShareKeys,
  stream: string,
  { gateway, data }: UnresolvedShare,
): Promise<E.Either<StoreError, void>> {
  const { connections, jobs } = keys.missing(gateway, data)
  const read = await Promise.all(
    connections.map((connection) => readWorkers(store, keys, gateway, connection)),
  )
  const failed = read.find(E.isLeft)
  if (failed !== undefined) return failed
  return jobs.length === 0 ? E.right(undefined) : readWork(store, keys, stream, gateway, jobs)
}

async function readWorkers(
  store: EventStore,
  keys: ShareKeys,
  gateway: number,
  connection: number,
): Promise<E.Either<StoreError, void>> {
  return readEvents(store, `connection-${gateway}.${connection}`, (event, revision) => {
    if (event.type === 'WorkerAuthorized')
      keys.workerAuthorized(gateway, connection, revision, event.data.account)
  })
}

async function readWork(
  store: EventStore,
  keys: ShareKeys,
  stream: string,
  gateway: number,
  jobs: readonly number[],
): Promise<E.Either<StoreError, void>> {
  const wanted = new Set(jobs)
  const name = readStreamName(stream)
  if (name.kind !== 'shares') return E.right(undefined)
  const fromMs = epochStartMs(name.epoch)
  for (let hour = 0; hour < WORK_HOURS && wanted.size > 0; hour++) {
    const epoch = epochOf(fromMs - hour * HOUR_MS)
    const read = await readEvents(store, `work-${gateway}-${epoch}`, ({ type, data }) => {
      if (type !== 'WorkIssued' || !wanted.delete(data.job)) return
      keys.jobFound(gateway, data)
      keys.reached(data.height)
    })
    if (E.isLeft(read)) return read
  }
  return E.right(undefined)
}

/** Hands out a stream from its beginning. An event of it that can't be read is passed over: whoever needs it says so. */
async function readEvents(
  store: EventStore,
  stream: string,
  take: (event: PoolEvent, revision: number) => void,
): Promise<E.Either<StoreError, void>> {
  for (let from = 0; ; from += PAGE) {
    const page: E.Either<StoreError, readonly StreamEvent[]> = await store.readStream(stream, {
      from,
      direction: 'forwards',
      limit: PAGE,
    })()
    if (E.isLeft(page)) return page
    for (const recorded of page.right) {
      const decoded = read(recorded)
      if (E.isRight(decoded)) take(decoded.right, recorded.revision)
    }
    if (page.right.length < PAGE) return E.right(undefined)
  }
}

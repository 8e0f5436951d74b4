import { setImmediate } from 'node:timers/promises'
import { type AllStreamSubscription, START, streamNameFilter } from '@eventstore/db-client'
import { Observable } from 'rxjs'
import type { EventStore, RecordedEvent } from '../port.ts'
import type { DatabaseClient, Server } from './client.ts'
import { NoAnswer, SubscriptionEnded, storeError } from './errors.ts'
import { ofLog } from './recorded.ts'

/**
 * Follows the server's log from a position on, our streams alone, in batches of `batchMax` at most. No more than two batches are in memory. A
 * subscription that the server ends, in good order or not, is an error: whoever follows begins again where it was.
 */
export const subscribe = (
  client: DatabaseClient,
  { name, prefix, answerMsMax }: Server,
  after: number | null,
  batchMax: number,
  handle: Parameters<EventStore['follow']>[2],
): Observable<number> =>
  new Observable((subscriber) => {
    const arrivals = receive(
      client.subscribeToAll(
        {
          fromPosition: after === null ? START : { commit: BigInt(after), prepare: BigInt(after) },
          filter: streamNameFilter({ prefixes: [prefix] }),
          requiresLeader: true,
        },
        { highWaterMark: batchMax },
      ),
      prefix,
      answerMsMax,
    )
    const deliver = async (): Promise<void> => {
      while (!subscriber.closed) {
        const batch = await arrivals.take(batchMax).catch((thrown: unknown) => {
          throw storeError(thrown, name, null)
        })
        if (subscriber.closed) return
        await handle(batch)
        const last = batch.at(-1)
        if (last !== undefined) subscriber.next(last.position)
      }
    }
    deliver().catch((error: unknown) => subscriber.error(error))
    return arrivals.stop
  })

interface Arrivals {
  /** At least one event, `max` at most. Rejects when no more will come. */
  readonly take: (max: number) => Promise<readonly RecordedEvent[]>
  readonly stop: () => void
}

/** The server confirms a subscription before it sends anything; after that it may be silent. */
function receive(subscription: AllStreamSubscription, prefix: string, answerMsMax: number): Arrivals {
  let failure: unknown
  let wake = (): void => undefined
  const fail = (why: unknown): void => {
    failure ??= why
    wake()
  }
  const silence = setTimeout(() => fail(new NoAnswer()), answerMsMax)
  subscription
    .on('confirmation', () => clearTimeout(silence))
    .on('readable', () => wake())
    .on('error', fail)
    .on('end', () => fail(new SubscriptionEnded()))

  /** What has arrived and was not taken yet. */
  function drain(into: RecordedEvent[], max: number): void {
    while (into.length < max) {
      const resolved = subscription.read()
      if (resolved === null) return
      const ours = ofLog(resolved.event, prefix)
      if (ours !== undefined) into.push(ours)
    }
  }

  async function take(max: number): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = []
    for (;;) {
      const before = events.length
      drain(events, max)
      // What comes in one go is handled in one go: a turn of the event loop that brings nothing ends a batch.
      if (events.length === max || (events.length > 0 && events.length === before)) return events
      if (events.length > 0) await setImmediate()
      else if (failure !== undefined) throw failure
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  }

  return {
    take,
    stop: () => {
      clearTimeout(silence)
      subscription.unsubscribe().catch(() => undefined)
    },
  }
}

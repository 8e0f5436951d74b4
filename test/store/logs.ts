import { createHash } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { EventStore, RecordedEvent, StreamEvent } from '../../adapters/event-store/port.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { eventId } from '../../domain/event-id.ts'
import { eventHistory } from '../support/event-histories.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'

/** A history that a pool could have, of some 1,300 events of most kinds. */
export const history = (shares = 6_000): readonly RecordedEvent[] => [
  ...eventHistory({ seed: 4, shares, workers: 12, sharesPerEvent: 8, secondsPerOwnBlock: 60, trouble: 5 }),
]

/** Appends events in their order, as they are. */
export async function fill(store: EventStore, events: readonly StreamEvent[]): Promise<void> {
  const appends = events.map(({ stream, revision, id, type, data }) => ({
    stream,
    expected: revision - 1,
    events: [{ id, type, data }],
  }))
  for (let n = 0; n < appends.length; n += 500) {
    const done = await store.append(appends.slice(n, n + 500))()
    if (E.isLeft(done)) throw new Error(done.left.message)
  }
}

/** Everything in a store, without positions, which are each store's own. */
export async function eventsIn(store: EventStore): Promise<readonly StreamEvent[]> {
  const events = await store.readAll(null, 10_000_000)()
  if (E.isLeft(events)) throw new Error(events.left.message)
  return events.right.map(withoutPosition)
}

/** An event as every store holds it. */
export const withoutPosition = ({ position: _, ...event }: RecordedEvent): StreamEvent => event

/** The SHA-256 that a history has, by the definition. */
export function sha256Of(events: readonly StreamEvent[]): string {
  const lines = events.map(({ stream, revision, type, data: text }) => {
    const data = JSON.parse(text)
    const { at = null, v = null } = data
    return `${canonicalJson({ at, data, revision, stream, type, v })}\n`
  })
  return createHash('sha256').update(lines.join('')).digest('hex')
}

/** An event with the id that belongs to it. */
export const eventAt = (stream: string, revision: number, type: string, data: string): StreamEvent => ({
  stream,
  revision,
  type,
  data,
  id: eventId(stream, revision, type, data),
})

/** A store that holds what no writer of ours could have put there. */
export function storeOf(events: readonly RecordedEvent[]): EventStore {
  return {
    ...memoryEventStore(),
    name: 'made up',
    head: () => async () => E.right(O.fromNullable(events.at(-1)?.position)),
    readAll: (after, limit) => async () => {
      const first = after === null ? 0 : events.findIndex(({ position }) => position === after) + 1
      return E.right(events.slice(first, first + limit))
    },
    readStream:
      (stream, { limit }) =>
      async () =>
        E.right(events.filter((event) => event.stream === stream).slice(0, limit)),
  }
}

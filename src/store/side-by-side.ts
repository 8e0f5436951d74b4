import * as E from 'fp-ts/lib/Either.js'
import type { EventReader, RecordedEvent, StoreError } from '../../adapters/event-store/port.ts'

/** How far two logs have been read side by side: events in each, and the position of the last in each. */
export interface Place {
  readonly events: number
  readonly source: number | null
  readonly target: number | null
}

/** Where both logs begin. */
export const BEGINNING: Place = { events: 0, source: null, target: null }

/** Events that both logs hold at the same place. */
export interface Stretch {
  readonly events: readonly RecordedEvent[]
  /** The place after them. */
  readonly place: Place
}

/** Where two logs are not the same. `message` is a sentence for the operator. */
export interface Difference {
  readonly kind: 'other-events' | 'target-longer'
  readonly message: string
}

/** Events of one read: 30 MB at most, when each is as large as it may be. */
export const READ_EVENTS_MAX = 500

type Log = Pick<EventReader, 'name' | 'readAll'>

/** Reads two logs side by side from a place on, to the end of the target. Ends early with a left: a difference, or a store that fails. */
export async function* sideBySide(
  source: Log,
  target: Log,
  from: Place,
): AsyncGenerator<E.Either<Difference | StoreError, Stretch>> {
  for (let place = from; ; ) {
    const [originals, copies] = await Promise.all([
      source.readAll(place.source, READ_EVENTS_MAX)(),
      target.readAll(place.target, READ_EVENTS_MAX)(),
    ])
    const stretch: E.Either<Difference | StoreError, Stretch> = E.isLeft(originals)
      ? originals
      : E.isLeft(copies)
        ? copies
        : compare(source.name, target.name, originals.right, copies.right, place)
    if (E.isRight(stretch) && stretch.right.events.length === 0) return
    yield stretch
    if (E.isLeft(stretch)) return
    place = stretch.right.place
  }
}

/** A read may bring fewer events than there are, so what is longer is read again. */
function compare(
  source: string,
  target: string,
  originals: readonly RecordedEvent[],
  copies: readonly RecordedEvent[],
  from: Place,
): E.Either<Difference, Stretch> {
  const events: RecordedEvent[] = []
  let place = from
  for (const [i, copy] of copies.entries()) {
    const original = originals[i]
    if (original === undefined) {
      if (events.length > 0) break
      return E.left(longer(source, target, from.events, copy))
    }
    if (!isSame(original, copy)) return E.left(otherEvents(source, target, place.events + 1, original, copy))
    events.push(original)
    place = { events: place.events + 1, source: original.position, target: copy.position }
  }
  return E.right({ events, place })
}

const isSame = (a: RecordedEvent, b: RecordedEvent): boolean =>
  a.stream === b.stream &&
  a.revision === b.revision &&
  a.id === b.id &&
  a.type === b.type &&
  a.data === b.data

const longer = (source: string, target: string, events: number, copy: RecordedEvent): Difference => ({
  kind: 'target-longer',
  message: `${target} goes on where ${source} ends, after ${events} events, with ${named(copy)}: it is the newer one, or has been used since. Name another target, or copy the other way`,
})

function otherEvents(
  source: string,
  target: string,
  event: number,
  original: RecordedEvent,
  copy: RecordedEvent,
): Difference {
  const what =
    named(original) === named(copy)
      ? `${named(copy)} says something else in each`
      : `${named(original)} in the one, ${named(copy)} in the other`
  return {
    kind: 'other-events',
    message: `${target} holds other events than ${source}, from event ${event} on (${what}): name a target that is empty, or an unfinished copy of this source`,
  }
}

/** An event for people: where it is, and what. */
const named = ({ stream, revision, type }: RecordedEvent): string => `${stream}@${revision} ${type}`

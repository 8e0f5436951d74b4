import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import {
  APPEND_BYTES_MAX,
  type EventReader,
  type EventStore,
  type ProposedEvent,
  type RecordedEvent,
  type StoreError,
  type StreamAppend,
} from '../../adapters/event-store/port.ts'
import { entryOf } from '../../domain/transparency/entry.ts'
import { type EntryHash, entryHash } from './entry-hash.ts'
import { BEGINNING, type Difference, type Place, READ_EVENTS_MAX, sideBySide } from './side-by-side.ts'

/**
 * Copies a history from one store to another, in the order of the log, one append at a time. So the target always holds a
 * beginning of the source, however often the copy was killed, and where to go on is where it ends.
 *
 * First what the target holds is compared with the source, event by event: nothing is written when anything differs. Then
 * the rest is written, and read back and compared like the first part. To be sure of a copy all of it must be read once, so
 * that comparing first costs nothing.
 */

/** What a finished copy comes to. Counts and SHA-256 hold for both stores. */
export interface CopyReport {
  readonly events: number
  /** Of these, written now. */
  readonly written: number
  /** Of all ledger entries, a newline after each. */
  readonly bytes: number
  readonly sha256: string
  /** The source has got new events meanwhile, which were not copied. */
  readonly sourceGrew: boolean
}

/** Why a copy did not come to its end. `message` is a sentence for the operator. */
export type CopyError =
  | StoreError
  | Difference
  | { readonly kind: 'nothing-to-copy'; readonly message: string }
  /** The source holds something that is no event of ours, or lacks one. */
  | { readonly kind: 'unsound-source'; readonly message: string }
  /** What was written is not what is read back. */
  | { readonly kind: 'not-copied'; readonly message: string }

/** How far a copy is. */
export interface CopyProgress {
  readonly doing: 'comparing' | 'copying' | 'verifying'
  /** Events from the beginning of the log on. */
  readonly events: number
  /** Share of the source's log, from 0 to 1. */
  readonly fraction: number
}

/** Copies what `source` holds now to `target`. `watch` is told after each few events. */
export const copyStore =
  (
    source: EventReader,
    target: EventStore,
    watch: (progress: CopyProgress) => void,
  ): TaskEither<CopyError, CopyReport> =>
  async () => {
    const head = await source.head()()
    if (E.isLeft(head)) return head
    if (O.isNone(head.right)) return E.left(nothing(source.name))
    const copy = { source, target, head: head.right.value, hash: entryHash(), watch }

    const there = await compare(copy, 'comparing', BEGINNING)
    if (E.isLeft(there)) return there
    const written = await write(copy, there.right)
    if (E.isLeft(written)) return written
    const verified = await compare(copy, 'verifying', there.right)
    if (E.isLeft(verified)) return verified
    const events = copy.hash.events()
    if (verified.right.events !== events) return E.left(lost(target.name, verified.right.events, events))

    const headNow = await source.head()()
    return E.right({
      events,
      written: events - there.right.events,
      bytes: copy.hash.bytes(),
      sha256: copy.hash.finish(),
      sourceGrew: E.isRight(headNow) && O.isSome(headNow.right) && headNow.right.value > copy.head,
    })
  }

interface Copy {
  readonly source: EventReader
  readonly target: EventStore
  /** Position of the source's newest event when the copy began. */
  readonly head: number
  readonly hash: EntryHash
  readonly watch: (progress: CopyProgress) => void
}

/** Compares to the end of the target. The events of the first time are summed up; those of the second time have been when they were written. */
async function compare(
  { source, target, head, hash, watch }: Copy,
  doing: 'comparing' | 'verifying',
  from: Place,
): Promise<E.Either<CopyError, Place>> {
  let place = from
  for await (const stretch of sideBySide(source, target, from)) {
    if (E.isLeft(stretch)) return stretch
    place = stretch.right.place
    if (doing === 'comparing') {
      const summed = sumUp(hash, source.name, stretch.right.events)
      if (E.isLeft(summed)) return summed
    }
    watch({ doing, events: place.events, fraction: Math.min(1, (place.source ?? 0) / head) })
  }
  return E.right(place)
}

async function write(copy: Copy, from: Place): Promise<E.Either<CopyError, void>> {
  const { source, target, head, hash, watch } = copy
  let reading = source.readAll(from.source, READ_EVENTS_MAX)()
  for (;;) {
    const read = await reading
    if (E.isLeft(read)) return read
    const events = read.right.filter(({ position }) => position <= head)
    const last = events.at(-1)
    if (last === undefined) return E.right(undefined)
    reading = source.readAll(last.position, READ_EVENTS_MAX)()
    const summed = sumUp(hash, source.name, events)
    if (E.isLeft(summed)) return summed
    const written = await target.append(appendsOf(events))()
    if (E.isLeft(written)) return E.left(notWritten(written.left, copy))
    watch({ doing: 'copying', events: hash.events(), fraction: Math.min(1, last.position / head) })
  }
}

function sumUp(hash: EntryHash, source: string, events: readonly RecordedEvent[]): E.Either<CopyError, void> {
  for (const event of events) {
    const entry = entryOf(event)
    if (E.isLeft(entry))
      return E.left(
        unsound(source, `the data of ${event.stream}@${event.revision} ${event.type} ${entry.left}`),
      )
    hash.add(entry.right)
  }
  return E.right(undefined)
}

/** Events of one stream that follow each other go into one append, as far as it holds them. */
function appendsOf(events: readonly RecordedEvent[]): readonly StreamAppend[] {
  const appends: (StreamAppend & { readonly events: ProposedEvent[] })[] = []
  let bytes = 0
  for (const { stream, revision, id, type, data } of events) {
    const eventBytes = Buffer.byteLength(data)
    bytes += eventBytes
    const last = appends.at(-1)
    // After a gap an append of its own, which the target refuses.
    const follows = last?.stream === stream && last.expected + last.events.length + 1 === revision
    if (follows && bytes <= APPEND_BYTES_MAX) last.events.push({ id, type, data })
    else {
      appends.push({ stream, expected: revision - 1, events: [{ id, type, data }] })
      bytes = eventBytes
    }
  }
  return appends
}

/** The target has refused an append. Behind where the event belongs, the source lacks one; beyond, somebody else has written. */
function notWritten(error: StoreError, { source, target }: Copy): CopyError {
  switch (error.kind) {
    case 'wrong-expected-revision':
      if (error.actual < error.expected)
        return unsound(source.name, `${error.stream} has no revision ${error.actual + 1}`)
      return writtenByAnother(target.name, error.stream)
    case 'conflicting-events':
      return writtenByAnother(target.name, error.stream)
    default:
      return error
  }
}

const nothing = (source: string): CopyError => ({
  kind: 'nothing-to-copy',
  message: `${source} holds no events: correct its address, perhaps its streamPrefix`,
})

const unsound = (source: string, what: string): CopyError => ({
  kind: 'unsound-source',
  message: `${source} is not whole: ${what}. "lodebook store verify" names everything; copy a store that is whole`,
})

const writtenByAnother = (target: string, stream: string): CopyError => ({
  kind: 'other-events',
  message: `another program has written ${stream} of ${target} meanwhile: stop it, and begin again with an empty target`,
})

const lost = (target: string, found: number, events: number): CopyError => ({
  kind: 'not-copied',
  message: `${target} gives back ${found} of ${events} events: see its log and its disk, and start the same command again`,
})

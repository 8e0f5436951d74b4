import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { EventReader, StoreError } from '../../adapters/event-store/port.ts'
import { Findings, type VerifyReport } from './findings.ts'
import { READ_EVENTS_MAX } from './side-by-side.ts'

/** How far it is. */
export interface VerifyProgress {
  readonly doing: 'reading events' | 'reading streams'
  /** Events or streams so far. */
  readonly count: number
  /** From 0 to 1. */
  readonly fraction: number
}

/** Streams that are asked for at the same time. */
const STREAMS_AT_ONCE = 8

/**
 * Reads the whole log, then the beginning of each stream by itself: what an operator has deleted or truncated stays in the log until it
 * is scavenged, and could still be had back. Left: the store can't be read for now.
 */
export const verifyStore =
  (store: EventReader, watch: (progress: VerifyProgress) => void): TaskEither<StoreError, VerifyReport> =>
  async () => {
    const findings = new Findings()
    const head = await store.head()()
    if (E.isLeft(head)) return head
    if (O.isNone(head.right)) findings.problem('there are no events: is its address right, its streamPrefix?')
    else {
      const read = await readLog(store, head.right.value, findings, watch)
      if (E.isLeft(read)) return read
      const asked = await readStreams(store, findings, watch)
      if (E.isLeft(asked)) return asked
    }
    return E.right(findings.report())
  }

/** Up to `head`: of a log that grows, what was there at the beginning. */
async function readLog(
  store: EventReader,
  head: number,
  findings: Findings,
  watch: (progress: VerifyProgress) => void,
): Promise<E.Either<StoreError, void>> {
  let count = 0
  let reading = store.readAll(null, READ_EVENTS_MAX)()
  for (;;) {
    const read = await reading
    if (E.isLeft(read)) return orFinding(read.left, (why) => findings.cutShort(why))
    const events = read.right.filter(({ position }) => position <= head)
    const last = events.at(-1)
    if (last === undefined) return E.right(undefined)
    reading = store.readAll(last.position, READ_EVENTS_MAX)()
    for (const event of events) findings.add(event)
    count += events.length
    watch({ doing: 'reading events', count, fraction: Math.min(1, last.position / head) })
  }
}

async function readStreams(
  store: EventReader,
  findings: Findings,
  watch: (progress: VerifyProgress) => void,
): Promise<E.Either<StoreError, void>> {
  const streams = findings.streams()
  for (let from = 0; from < streams.length; from += STREAMS_AT_ONCE) {
    const some = streams.slice(from, from + STREAMS_AT_ONCE)
    const asked = await Promise.all(some.map((stream) => readBeginning(store, stream, findings)))
    const away = asked.find(E.isLeft)
    if (away !== undefined) return away
    const count = from + some.length
    watch({ doing: 'reading streams', count, fraction: count / streams.length })
  }
  return E.right(undefined)
}

async function readBeginning(
  store: EventReader,
  stream: string,
  findings: Findings,
): Promise<E.Either<StoreError, void>> {
  const first = await store.readStream(stream, { from: 'start', direction: 'forwards', limit: 1 })()
  if (E.isLeft(first)) return orFinding(first.left, (why) => findings.problem(why))
  if (first.right[0]?.revision !== 0)
    findings.problem(`stream ${stream} is in the log, but can't be read from its beginning`)
  return E.right(undefined)
}

/** Damage is a finding; a store that is away is none about what it holds. */
function orFinding(error: StoreError, found: (why: string) => void): E.Either<StoreError, void> {
  if (error.kind !== 'damaged') return E.left(error)
  found(error.message)
  return E.right(undefined)
}

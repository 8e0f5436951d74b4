import { NO_STREAM, type RecordedEvent } from '../../adapters/event-store/port.ts'
import { entryHash } from './entry-hash.ts'
import { printable } from './printable.ts'
import { soundnessOf } from './soundness.ts'

/** What is in a store. */
export interface VerifyReport {
  readonly events: number
  readonly streams: number
  /** Of all ledger entries, a newline after each, and SHA-256 over them. Null when not every event has an entry. */
  readonly bytes: number | null
  readonly sha256: string | null
  /** Times of the first and the last event that say one, Unix ms. */
  readonly firstAt: number | null
  readonly lastAt: number | null
  /** How many events there are of each type that is not in the catalogue: a later version may have written them. */
  readonly unknownTypes: ReadonlyMap<string, number>
  /** The first {@link PROBLEMS_MAX} of what is wrong, a sentence each. */
  readonly problems: readonly string[]
  readonly problemsFound: number
}

/** Problems that are named: whoever has more has one large problem. */
export const PROBLEMS_MAX = 20

/** Gathers what a log turns out to be, event by event. A number for each stream is kept, nothing else grows. */
export class Findings {
  readonly #hash = entryHash()
  readonly #revisions = new Map<string, number>()
  readonly #unknownTypes = new Map<string, number>()
  readonly #problems: string[] = []
  #problemsFound = 0
  #events = 0
  #entriesMissing = false
  #position = Number.NEGATIVE_INFINITY
  #firstAt: number | null = null
  #lastAt: number | null = null

  /** The next event of the log. */
  add(event: RecordedEvent): void {
    const { stream, revision, position, type } = event
    const here = `${stream}@${revision} ${type} (position ${position})`
    this.#events++
    if (position <= this.#position) this.problem(`${here} comes after position ${this.#position}`)
    this.#position = position
    const expected = (this.#revisions.get(stream) ?? NO_STREAM) + 1
    if (revision !== expected)
      this.problem(`${here} stands where revision ${expected} belongs: ${displaced(revision - expected)}`)
    this.#revisions.set(stream, revision)
    const { entry, isUnknown, problems } = soundnessOf(event)
    for (const problem of problems) this.problem(`${here} ${problem}`)
    if (isUnknown) this.#unknownTypes.set(type, (this.#unknownTypes.get(type) ?? 0) + 1)
    if (entry === null) {
      this.#entriesMissing = true
      return
    }
    this.#hash.add(entry)
    this.#firstAt ??= entry.at
    this.#lastAt = entry.at ?? this.#lastAt
  }

  /** The log can't be read any further. */
  cutShort(why: string): void {
    this.#entriesMissing = true
    this.problem(why)
  }

  problem(sentence: string): void {
    this.#problemsFound++
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(printable(sentence))
  }

  /** Names of the streams that were in the log. */
  streams(): readonly string[] {
    return [...this.#revisions.keys()]
  }

  /** What all of it comes to; nothing can be added afterwards. */
  report(): VerifyReport {
    return {
      events: this.#events,
      streams: this.#revisions.size,
      bytes: this.#entriesMissing ? null : this.#hash.bytes(),
      sha256: this.#entriesMissing ? null : this.#hash.finish(),
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      unknownTypes: this.#unknownTypes,
      problems: this.#problems,
      problemsFound: this.#problemsFound,
    }
  }
}

const displaced = (by: number): string =>
  by > 0
    ? `${by} ${by === 1 ? 'event is' : 'events are'} missing, truncated or deleted by somebody`
    : 'the stream was begun anew, or an event is there twice'

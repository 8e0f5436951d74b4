import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { Books } from '../../domain/bookkeeping/books.ts'
import { HEADER_BYTES, headerBits } from '../../domain/decred/header.ts'
import { fromHex } from '../../domain/decred/hex.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, EventType, PoolEvent } from '../../domain/events.ts'
import { type AdoptedPolicy, policyAt, schemeSince } from '../../domain/policy.ts'
import { type Stretch, stretchesNeeded, windowLimit } from '../../domain/reward/window-limit.ts'
import { readStreamName } from '../../domain/stream-name.ts'
import { erasOf, type Find, isWaiting, type SharesStart } from './share-records.ts'

/** Types by which the books go, and how the log is divided: a small part of it. */
export const OUTLINE_TYPES: readonly EventType[] = [
  'PoolOpened',
  'PolicyAdopted',
  'GatewayJoined',
  'AccountOpened',
  'EpochClosed',
  'BlockFound',
  'BlockConnected',
  'BlockDisconnected',
  'BlockApproved',
  'BlockDisapproved',
  'BlockMatured',
  'BlockOrphaned',
  'RewardAllocated',
  'RewardReversed',
  'WorkSettled',
  'PayoutPlanned',
  'PayoutApproved',
  'PayoutSigned',
  'PayoutPublished',
  'PayoutConfirmed',
  'PayoutReturned',
]

/** The end of a part of the log: an hour of shares that was closed, or a gateway that began. */
interface Mark {
  readonly position: number
  readonly gateway: number
  readonly atMs: number
  /** What was closed there; null where a gateway began. */
  readonly closed: ClosedHour | null
}

interface ClosedHour {
  readonly stream: string
  readonly shares: number
  readonly difficulty: bigint
}

/** A block, and where its beginning stands. */
export interface FoundBlock {
  readonly hash: string
  readonly position: number
  readonly data: EventData<'BlockFound'>
}

/** What is known of the whole log beside its outline. */
export interface OutlinedLog {
  readonly books: Books
  readonly policies: readonly AdoptedPolicy[]
  /** As in {@link SharesStart}. */
  readonly shared: ReadonlyMap<string, number>
}

/** Stands for the header of a block that can't be read: an estimate goes by it. */
const NO_HEADER = new Uint8Array(HEADER_BYTES)

/** The newest work of the log. */
export interface NewestWork {
  readonly height: number
  readonly bits: number
}

/** The last hour of a gateway that is no more, which may hold a solved share that nobody has written as a block. */
export interface LastHour {
  readonly stream: string
  readonly closedMs: number
}

/**
 * How the log is divided, gathered beside the books from the few events that are neither shares nor connections: enough to say from
 * where shares have to be read. What it says is an estimate; whoever reads from there finds out whether it was enough.
 */
export class Outline {
  readonly #network: Network
  readonly #marks: Mark[] = []
  readonly #blocks: FoundBlock[] = []

  constructor(network: Network) {
    this.#network = network
  }

  /** Takes the next event, in the order of the log. */
  take({ stream, position }: RecordedEvent, { type, data }: PoolEvent): void {
    const parsed = readStreamName(stream)
    if (type === 'BlockFound' && parsed.kind === 'block')
      this.#blocks.push({ hash: parsed.hash, position, data })
    if (type === 'GatewayJoined')
      this.#marks.push({ position, gateway: data.gateway, atMs: data.at, closed: null })
    if (type === 'EpochClosed' && parsed.kind === 'shares') {
      const { shares, difficulty, at } = data
      const closed = { stream, shares, difficulty: BigInt(difficulty) }
      this.#marks.push({ position, gateway: parsed.gateway, atMs: at, closed })
    }
  }

  /** When the newest part of the log ended, Unix ms. */
  get lastMs(): number {
    return this.#marks.at(-1)?.atMs ?? 0
  }

  /** Gateways and when each began, newest first. */
  gateways(): readonly { readonly gateway: number; readonly atMs: number }[] {
    return this.#marks.filter(({ closed }) => closed === null).reverse()
  }

  /** The last hours of the newest gateways, so many at most, newest first. */
  lastHours(count: number): readonly LastHour[] {
    const last = new Map<number, LastHour>()
    for (const { gateway, atMs, closed } of this.#marks)
      if (closed !== null) last.set(gateway, { stream: closed.stream, closedMs: atMs })
    return [...last]
      .sort(([a], [b]) => b - a)
      .slice(0, count)
      .map(([, hour]) => hour)
  }

  /**
   * Positions after which shares may be read for every block that waits for its first allocation or is yet to be found, best guess first,
   * each further back than the one before; the beginning of the scheme in force is the last. `unwritten` are streams in which a solved
   * share stands whose block is not in the log.
   */
  *starts(
    log: OutlinedLog,
    { height, bits }: NewestWork,
    unwritten: readonly string[],
    nowMs: number,
  ): Generator<number> {
    const latest = Math.min(...unwritten.map((stream) => this.#beginOf(stream)))
    const since = schemeSince(log.policies, Number.POSITIVE_INFINITY) ?? 0
    const waiting = this.#blocks.find(({ hash, position }) => {
      const block = log.books.blocks.get(hash)
      return (
        position > since && block !== undefined && isWaiting(hash, block, log.shared, height, this.#network)
      )
    })
    const end = waiting?.position ?? Number.POSITIVE_INFINITY
    for (const start of this.#startsBefore(end, waiting?.data.at ?? nowMs, bits, log))
      if (start <= latest) yield start
    yield Math.min(since, latest)
  }

  /** The same for one block that was found under the scheme in force: of its place and what was found later. */
  *startsOf({ position, data }: FoundBlock, log: OutlinedLog): Generator<number> {
    yield* this.#startsBefore(position, data.at, headerBits(fromHex(data.header) ?? NO_HEADER), log)
    yield schemeSince(log.policies, Number.POSITIVE_INFINITY) ?? 0
  }

  /** Where a block's beginning stands. */
  blockFound(hash: string): FoundBlock | undefined {
    return this.#blocks.find((block) => block.hash === hash)
  }

  *#startsBefore(end: number, atMs: number, bits: number, log: OutlinedLog): Generator<number> {
    const since = schemeSince(log.policies, Number.POSITIVE_INFINITY) ?? 0
    const marks = this.#marks.filter(({ position }) => position > since)
    let index = this.#firstGuess(marks, since, end, atMs, bits, log)
    for (let step = 1; index >= 0; index -= step, step *= 2) {
      const mark = marks[index]
      if (mark !== undefined) yield mark.position
    }
  }

  /** Where the hour of a stream begins, at the latest. */
  #beginOf(stream: string): number {
    const end = this.#marks.findIndex(({ closed }) => closed?.stream === stream)
    const { gateway } = this.#marks[end] ?? {}
    return this.#marks.slice(0, end).findLast((mark) => mark.gateway === gateway)?.position ?? 0
  }

  /** Index of the mark from which on there should be enough; -1 where all of the scheme's shares are needed. */
  #firstGuess(
    marks: readonly Mark[],
    since: number,
    end: number,
    atMs: number,
    bits: number,
    { books, policies }: OutlinedLog,
  ): number {
    const scheme = policies.at(-1)?.policy.scheme
    if (scheme === undefined || scheme.kind === 'solo') return marks.length - 1
    const blocks = this.#blocks.filter(({ position }) => position > since)
    const markBefore = (place: number): number => marks.findLastIndex(({ position }) => position < place)
    if (scheme.kind === 'prop') {
      const round = blocks.findLast(({ hash, position }) => position < end && isShared(books, hash))
      return round === undefined ? -1 : markBefore(round.position)
    }
    const limit = windowLimit(scheme, atMs, null, null)
    if (limit === undefined) return -1
    const last = markBefore(end)
    const newestFirst = marks
      .slice(0, last + 1)
      .reverse()
      .map(stretchOf(bits))
    const needed = stretchesNeeded(this.#network, limit, newestFirst)
    return last - needed
  }

  /** What is known at a place of the log after which shares are read. */
  startAt(position: number, { policies, shared }: OutlinedLog): SharesStart {
    const past = policies.filter((each) => each.position <= position)
    const before = this.#blocks.filter((each) => each.position <= position)
    const finds = before.map(({ hash, position: foundAt, data }, i): readonly [string, Find] => {
      // A block may be in the log under a later policy than its share: the policy that it was shared by says which that was.
      const policy =
        policies.find(({ revision }) => revision === shared.get(hash)) ?? policyAt(policies, foundAt)
      return [
        hash,
        {
          share: data.share,
          ordinal: i - before.length,
          atMs: data.at,
          policy,
          height: data.height,
          era: erasOf(policies.filter((each) => each.position <= (policy?.position ?? -1))),
        },
      ]
    })
    return {
      policies: past,
      isWhole: position === 0 || past.at(-1)?.position === position,
      finds: new Map(finds),
      shared,
    }
  }
}

const isShared = (books: Books, hash: string): boolean => {
  const block = books.blocks.get(hash)
  return block !== undefined && block.allocation !== null
}

const stretchOf =
  (bits: number) =>
  ({ atMs, closed }: Mark): Stretch => ({
    shares: closed?.shares ?? 0,
    difficulty: closed?.difficulty ?? 0n,
    hardestBits: bits,
    fromMs: atMs,
  })

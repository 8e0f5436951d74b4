import type { EventType } from '../../../domain/events.ts'
import { epochOf } from '../../../domain/mining/epoch.ts'
import { readStreamName, type StreamName, streamOfType } from '../../../domain/stream-name.ts'
import { ExactSum } from '../exact-sum.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import type { OtherEvent, ReadEntry } from '../read-entry.ts'
import type { References, SharesAtHand } from '../references.ts'
import { AHEAD_MS_MAX, SKEW_MS_MAX, timeText } from '../time.ts'

/** What is remembered of a stream that goes on. */
interface OpenStream {
  revision: number
  latestMs: number
  /** The newest entry of it. */
  entry: number
}

/** What a stream begins with, and what stands nowhere else. */
const FIRST: Readonly<Partial<Record<StreamName['kind'], EventType>>> = {
  pool: 'PoolOpened',
  connection: 'MinerConnected',
  account: 'AccountOpened',
  block: 'BlockFound',
  payout: 'PayoutPlanned',
}
/** What ends a stream. */
const LAST: ReadonlySet<EventType> = new Set<EventType>([
  'EpochClosed',
  'MinerDisconnected',
  'WorkSettled',
  'RewardReversed',
  'PayoutConfirmed',
  'PayoutReturned',
])
/** What a gateway writes only while it is the newest. */
const OF_NEWEST: ReadonlySet<EventType> = new Set<EventType>([
  'MinerConnected',
  'WorkIssued',
  'SharesAccepted',
])

/** A stream of shares that is not closed. */
interface OpenEpoch {
  readonly gateway: number
  readonly epoch: string
  shares: number
  events: number
  readonly difficulty: ExactSum
}

/**
 * A2: every entry decodes, every stream is whole. Streams that are over are forgotten, and what would begin them again is known by its
 * number: those of connections, settlements and payouts count up without a gap.
 */
export class EntriesCheck {
  readonly #report: CheckReport
  readonly #references: References
  readonly #streams = new Map<string, OpenStream>()
  readonly #epochs = new Map<string, OpenEpoch>()
  readonly #accounts = new Set<string>()
  readonly #connections = new Map<number, NumbersInOrder>()
  readonly #settlements = new NumbersInOrder()
  readonly #payouts = new NumbersInOrder()
  /** The latest epoch that is closed, by gateway. */
  readonly #closed = new Map<number, string>()
  readonly #unknown = new Map<string, { count: number; readonly first: number }>()
  readonly #latestMs: number
  #gateways = 0

  /** `nowMs`: the auditor's own clock. */
  constructor(report: Report, references: References, nowMs: number) {
    this.#report = reportOf('A2', report)
    this.#references = references
    this.#latestMs = nowMs + AHEAD_MS_MAX
  }

  /** Entries by type that this program does not know. */
  get unknownTypes(): ReadonlyMap<string, { readonly count: number; readonly first: number }> {
    return this.#unknown
  }

  /** Takes the next entry. What can't be read is only counted in its stream, if it says which. */
  take(index: number, entry: ReadEntry): void {
    if (entry.kind === 'faulty') {
      this.#report.wrong(
        entry.why,
        index,
        `Entry ${index} ${entry.message}.`,
        entry.why === 'unknown-version'
          ? 'Versions that docs/ledger-spec.md describes, or a newer lodebook.'
          : 'Canonical JSON of an event, as docs/ledger-spec.md describes it.',
      )
      if (entry.place !== null)
        this.#step(index, readStreamName(entry.place.stream), entry.place.stream, entry.place.revision, null)
      return
    }
    const name = readStreamName(entry.stream)
    if (entry.kind === 'unknown') {
      this.#step(index, name, entry.stream, entry.revision, null)
      const known = this.#unknown.get(entry.type)
      this.#unknown.set(entry.type, { count: (known?.count ?? 0) + 1, first: known?.first ?? index })
      return
    }
    const at = entry.kind === 'shares' ? entry.at : entry.event.data.at
    if (at > this.#latestMs)
      this.#report.wrong(
        'time-ahead',
        index,
        `Entry ${index} is of ${timeText(at)}, and by the clock of this audit that is yet to come.`,
        `A time before ${timeText(this.#latestMs)}: clocks may differ by ${AHEAD_MS_MAX / 60_000} minutes.`,
      )
    const isOpen = this.#step(index, name, entry.stream, entry.revision, at)
    const type = entry.kind === 'shares' ? 'SharesAccepted' : entry.event.type
    if (name.kind !== streamOfType[type]) {
      this.#report.wrong(
        'wrong-stream',
        index,
        `Entry ${index}, a ${type}, stands in stream ${entry.stream}.`,
        `A stream of the kind ${streamOfType[type]}.`,
      )
      return
    }
    if (!isOpen) return
    this.#begin(index, name, entry, type)
    if (entry.kind === 'event') this.#takeEvent(index, name, entry.stream, entry.event)
    if (LAST.has(type)) this.#end(name, entry.stream)
  }

  /** Takes the shares of an entry once it is known to what they refer. */
  takeShares({ entry, stream, gateway, at, columns, connections }: SharesAtHand): void {
    const name = readStreamName(stream)
    if (name.kind !== 'shares') return
    // What comes after the end of its hour is named as that, and opens none.
    const epoch = this.#isClosed(name) ? undefined : this.#epochFor(entry, stream, name)
    if (epoch !== undefined) {
      epoch.events++
      epoch.shares += columns.count
    }
    epoch?.difficulty.addAll(columns.difficulty, columns.count)
    for (let i = 0; i < columns.count; i++) {
      const difficulty = columns.difficulty[i] ?? 0
      const connection = connections[i]
      if (connection === undefined) continue
      connection.accepted++
      connection.difficulty.add(difficulty)
    }
    if (epochOf(at) > name.epoch)
      this.#report.wrong(
        'wrong-epoch',
        entry,
        `Entry ${entry} holds shares of ${timeText(at)} in stream ${stream}.`,
        `The stream of its hour, shares-${gateway}-${epochOf(at)}.`,
      )
  }

  /** Says what is missing at the end of the log. */
  end(): void {
    for (const [type, { count, first }] of this.#unknown)
      this.#report.notice(
        'unknown-type',
        first,
        `${count} entries are of type ${JSON.stringify(type)}, which this program does not know; the first is entry ${first}.`,
        'Types of docs/ledger-spec.md, or a newer lodebook that knows them.',
      )
    for (const [stream, { gateway }] of this.#epochs)
      if (gateway < this.#gateways - 1)
        this.#report.notice(
          'epoch-not-closed',
          this.#streams.get(stream)?.entry ?? null,
          `Stream ${stream} of a gateway that is no more was never closed.`,
          'An EpochClosed with its totals, written by a later start.',
        )
  }

  /** Counts an entry in its stream. Answers false for one whose stream is over: it says nothing more. */
  #step(index: number, name: StreamName, stream: string, revision: number, at: number | null): boolean {
    const open = this.#streams.get(stream)
    if (open === undefined && revision > 0 && this.#isOver(name)) {
      this.#report.wrong(
        'after-end',
        index,
        `Entry ${index} is revision ${revision} of stream ${stream}, which had ended.`,
        'Nothing more in that stream.',
      )
      return false
    }
    const expected = open === undefined ? 0 : open.revision + 1
    if (revision > expected)
      this.#report.wrong(
        'gap',
        index,
        `Entry ${index} is revision ${revision} of stream ${stream}${open === undefined ? ', of which nothing came before' : `, after revision ${open.revision}`}.`,
        `Revision ${expected}: ${revision - expected} events are missing.`,
      )
    if (revision < expected)
      this.#report.wrong(
        'fork',
        index,
        `Entry ${index} is revision ${revision} of stream ${stream}, which has that already.`,
        `Revision ${expected}.`,
      )
    if (open !== undefined && at !== null && at < open.latestMs - SKEW_MS_MAX)
      this.#report.wrong(
        'time-backwards',
        index,
        `Entry ${index} is of ${timeText(at)}, and stream ${stream} was at ${timeText(open.latestMs)} before.`,
        `A time that goes back by ${SKEW_MS_MAX / 1000} s at most.`,
      )
    this.#streams.set(stream, {
      revision: Math.max(revision, open?.revision ?? revision),
      latestMs: Math.max(at ?? 0, open?.latestMs ?? 0),
      entry: index,
    })
    return true
  }

  /** Whether a stream that is not remembered was there, and ended. */
  #isOver(name: StreamName): boolean {
    switch (name.kind) {
      case 'connection':
        return this.#connections.get(name.gateway)?.has(name.connection) === true
      case 'settlement':
        return this.#settlements.has(name.number)
      case 'payout':
        return this.#payouts.has(name.number)
      case 'shares':
        return this.#isClosed(name)
      case 'pool':
      case 'admin':
      case 'account':
      case 'work':
      case 'block':
      case 'other':
        return false
    }
  }

  #isClosed({ gateway, epoch }: { readonly gateway: number; readonly epoch: string }): boolean {
    return epoch <= (this.#closed.get(gateway) ?? '')
  }

  /** Forgets a stream, whose number remains. One that lacks its beginning is over, too. */
  #end(name: StreamName, stream: string): void {
    this.#streams.delete(stream)
    if (name.kind !== 'shares') this.#takeNumber(name)
  }

  /** Looks at what begins, and whether it may. */
  #begin(
    index: number,
    name: StreamName,
    { stream, revision }: { readonly stream: string; readonly revision: number },
    type: EventType,
  ): void {
    const first = FIRST[name.kind]
    if (index === 0 && type !== 'PoolOpened')
      this.#report.wrong('no-beginning', 0, `The ledger begins with ${type}.`, 'PoolOpened.')
    else if (revision === 0 && first !== undefined && type !== first)
      this.#report.wrong(
        'no-beginning',
        index,
        `Entry ${index} begins stream ${stream} with ${type}.`,
        `${first}.`,
      )
    if (revision !== 0 && type === first)
      this.#report.wrong(
        'begun-again',
        index,
        `Entry ${index}, a ${type}, is revision ${revision} of stream ${stream}.`,
        `${type} as revision 0, and once.`,
      )
    if ('gateway' in name && OF_NEWEST.has(type) && name.gateway !== this.#gateways - 1)
      this.#report.wrong(
        'other-gateway',
        index,
        `Entry ${index} is a ${type} of gateway ${name.gateway}, ${this.#gateways === 0 ? 'and none had joined' : `and the latest that joined was ${this.#gateways - 1}`}.`,
        'One of the gateway of the latest GatewayJoined.',
      )
    if (revision !== 0) return
    const isNew = this.#takeNumber(name)
    if (!isNew.holds)
      this.#report.wrong(
        'numbers',
        index,
        `Entry ${index} begins ${isNew.what}, which there is already.`,
        'Each begins once.',
      )
  }

  /** Notes the number of what begins; says whether it is new. */
  #takeNumber(name: StreamName): { readonly holds: boolean; readonly what: string } {
    switch (name.kind) {
      case 'connection': {
        const numbers = this.#connections.get(name.gateway) ?? new NumbersInOrder()
        this.#connections.set(name.gateway, numbers)
        return {
          holds: numbers.take(name.connection),
          what: `connection ${name.connection} of gateway ${name.gateway}`,
        }
      }
      case 'account': {
        const holds = !this.#accounts.has(name.account)
        this.#accounts.add(name.account)
        return { holds, what: `account ${name.account}` }
      }
      case 'settlement':
        return { holds: this.#settlements.take(name.number), what: `settlement ${name.number}` }
      case 'payout':
        return { holds: this.#payouts.take(name.number), what: `payout ${name.number}` }
      case 'shares':
        return {
          holds: !this.#isClosed(name),
          what: `hour ${name.epoch} of gateway ${name.gateway}`,
        }
      case 'pool':
      case 'admin':
      case 'work':
      case 'block':
      case 'other':
        return { holds: true, what: '' }
    }
  }

  #takeEvent(index: number, name: StreamName, stream: string, event: OtherEvent): void {
    switch (event.type) {
      case 'GatewayJoined':
        if (event.data.gateway !== this.#gateways)
          this.#report.wrong(
            'numbers',
            index,
            `Entry ${index} says that gateway ${event.data.gateway} began.`,
            `Gateway ${this.#gateways}: they count up from 0.`,
          )
        this.#gateways = event.data.gateway + 1
        return
      case 'SharesRejected':
        if (name.kind === 'shares') this.#epochFor(index, stream, name).events++
        return
      case 'EpochClosed':
        if (name.kind === 'shares') this.#closeEpoch(index, stream, name, event.data)
        return
      case 'MinerDisconnected':
        if (name.kind === 'connection') this.#closeConnection(index, name, event.data)
        return
      default:
        return
    }
  }

  #epochFor(
    index: number,
    stream: string,
    { gateway, epoch }: { gateway: number; epoch: string },
  ): OpenEpoch {
    const known = this.#epochs.get(stream)
    if (known !== undefined) return known
    for (const [other, open] of this.#epochs)
      if (open.gateway === gateway) {
        this.#report.wrong(
          'epoch-not-closed',
          index,
          `Entry ${index} begins stream ${stream} while ${other} is open.`,
          'EpochClosed with its totals at the end of each hour.',
        )
        this.#epochs.delete(other)
      }
    const opened = { gateway, epoch, shares: 0, events: 0, difficulty: new ExactSum() }
    this.#epochs.set(stream, opened)
    return opened
  }

  #closeEpoch(
    index: number,
    stream: string,
    { gateway, epoch }: { gateway: number; epoch: string },
    data: { readonly shares: number; readonly events: number; readonly difficulty: string },
  ): void {
    const open = this.#epochs.get(stream)
    const shares = open?.shares ?? 0
    const events = open?.events ?? 0
    const difficulty = String(open?.difficulty.total ?? 0n)
    if (shares !== data.shares || events !== data.events || difficulty !== data.difficulty)
      this.#report.wrong(
        'epoch-totals',
        index,
        `Entry ${index} closes ${stream} with ${data.shares} shares in ${data.events} events, of difficulty ${data.difficulty}.`,
        `What the stream holds: ${shares} shares in ${events} events, of difficulty ${difficulty}.`,
      )
    this.#epochs.delete(stream)
    if (!this.#isClosed({ gateway, epoch })) this.#closed.set(gateway, epoch)
  }

  #closeConnection(
    index: number,
    { gateway, connection: number }: { gateway: number; connection: number },
    data: { readonly accepted: number; readonly difficulty: string },
  ): void {
    const connection = this.#references.connection(gateway, number)
    if (connection === undefined) return
    const difficulty = String(connection.difficulty.total)
    if (connection.accepted !== data.accepted || difficulty !== data.difficulty)
      this.#report.wrong(
        'connection-totals',
        index,
        `Entry ${index} ends connection-${gateway}.${number} with ${data.accepted} accepted shares of difficulty ${data.difficulty}.`,
        `What the log holds of it: ${connection.accepted} shares of difficulty ${difficulty}.`,
      )
  }
}

/** Numbers that are given out in order and come nearly so: says whether one is new. Keeps only those beyond the first one missing. */
class NumbersInOrder {
  #next = 0
  readonly #beyond = new Set<number>()

  has(number: number): boolean {
    return number < this.#next || this.#beyond.has(number)
  }

  take(number: number): boolean {
    if (this.has(number)) return false
    this.#beyond.add(number)
    while (this.#beyond.delete(this.#next)) this.#next++
    return true
  }
}

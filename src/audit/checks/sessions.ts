import type { StreamName } from '../../../domain/stream-name.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'
import type { OtherEvent } from '../read-entry.ts'
import type { Connection, References, SharesAtHand } from '../references.ts'
import { SKEW_MS_MAX, timeText } from '../time.ts'

/**
 * A3: an extranonce1 is one miner's at a time, so that nobody is credited with the shares of another; and a connection that is over has no
 * more shares. A connection is looked at when its first share comes: what it refers to is in the log by then, since streams of one commit
 * come in any order.
 */
export class SessionsCheck {
  readonly #report: CheckReport
  readonly #references: References
  /** Connections of the newest gateway that have not ended, by their extranonce1. */
  readonly #open = new Map<string, Connection[]>()

  constructor(report: Report, references: References) {
    this.#report = reportOf('A3', report)
    this.#references = references
  }

  gatewayJoined(): void {
    this.#open.clear()
  }

  /** Takes an event of a connection, once it is what shares may refer to. */
  take(
    entry: number,
    { gateway, connection: number }: Extract<StreamName, { kind: 'connection' }>,
    { type }: OtherEvent,
  ): void {
    const connection = this.#references.connection(gateway, number)
    if (connection === undefined) return
    const others = this.#open.get(connection.extranonce1) ?? []
    if (type === 'MinerConnected') this.#open.set(connection.extranonce1, [...others, connection])
    if (type !== 'MinerDisconnected' || connection.endedBy !== null) return
    connection.endedBy = entry
    connection.latestMs = Number.NEGATIVE_INFINITY
    const left = others.filter((each) => each !== connection)
    if (left.length > 0) this.#open.set(connection.extranonce1, left)
    else this.#open.delete(connection.extranonce1)
  }

  /** Takes the shares of an entry. */
  takeShares({ entry, at, columns, connections }: SharesAtHand): void {
    const { count, elapsed } = columns
    for (let i = 0; i < count; i++) {
      const connection = connections[i]
      if (connection === undefined) continue
      if (!connection.isIntroduced) this.#introduce(connection)
      const atMs = at + (elapsed[i] ?? 0)
      if (atMs > connection.latestMs) this.#afterEnd(entry, i, connection, atMs)
    }
  }

  #introduce(connection: Connection): void {
    connection.isIntroduced = true
    const before = this.#takenOver(connection)
    const [resumed] = before
    if (
      resumed !== undefined &&
      (resumed.extranonce1 !== connection.extranonce1 || resumed.number >= connection.number)
    )
      this.#shared(connection, `takes over ${nameOf(resumed)}, which had ${resumed.extranonce1}`)
    for (const earlier of before) endWith(earlier, connection)
    for (const other of this.#open.get(connection.extranonce1) ?? []) {
      if (other === connection) continue
      if (other.number < connection.number ? before.includes(other) : this.#isTakenOver(connection, other))
        continue
      this.#shared(connection, `has the extranonce1 of ${nameOf(other)}, which has not ended`)
    }
  }

  /** The same, where the later one's first share came before anything of the earlier one. */
  #isTakenOver(earlier: Connection, later: Connection): boolean {
    const isSo = this.#takenOver(later).includes(earlier)
    if (isSo && later.isIntroduced) endWith(earlier, later)
    return isSo
  }

  /** Those whose session a connection took over, the latest first. */
  #takenOver({ gateway, tookOver }: Connection): readonly Connection[] {
    const before: Connection[] = []
    let next = tookOver === null ? undefined : this.#references.connection(gateway, tookOver)
    while (next !== undefined && !before.includes(next)) {
      before.push(next)
      next = next.tookOver === null ? undefined : this.#references.connection(gateway, next.tookOver)
    }
    return before
  }

  #shared(connection: Connection, what: string): void {
    const { entry, extranonce1 } = connection
    this.#report.wrong(
      'wrong-extranonce',
      entry,
      `Entry ${entry} gives ${nameOf(connection)} the extranonce1 ${extranonce1}; it ${what}.`,
      'An extranonce1 that no other connection has, or that of the one whose session it resumes.',
    )
  }

  #afterEnd(entry: number, share: number, connection: Connection, atMs: number): void {
    const { endedBy } = connection
    this.#report.wrong(
      'ended-connection',
      entry,
      `Share ${share} of entry ${entry}, of ${timeText(atMs)}, came over ${nameOf(connection)}, ${endedBy === null ? 'whose session another one had taken over' : `which had ended with entry ${endedBy}`}.`,
      'A connection that is there.',
    )
  }
}

/** Of a connection come no more shares once another has its session. A clock may have been set back in between. */
function endWith(earlier: Connection, later: Connection): void {
  earlier.latestMs = Math.min(earlier.latestMs, later.atMs + SKEW_MS_MAX)
}

const nameOf = ({ gateway, number }: Connection): string => `connection-${gateway}.${number}`

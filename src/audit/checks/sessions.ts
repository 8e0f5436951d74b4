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
  /** Connections of the newest gateway that have not ended and whose session no other has, by their extranonce1. */
  readonly #open = new Map<string, Set<Connection>>()
  /** Of connections that were asked for: their sessions, numbered. A session goes from one connection to one other. */
  readonly #sessions = new WeakMap<Connection, number>()
  readonly #takenOver = new WeakSet<Connection>()
  #nextSession = 0

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
    if (type === 'MinerConnected') {
      const others = this.#open.get(connection.extranonce1)
      if (others === undefined) this.#open.set(connection.extranonce1, new Set([connection]))
      else others.add(connection)
    }
    if (type !== 'MinerDisconnected' || connection.endedBy !== null) return
    connection.endedBy = entry
    connection.latestMs = Number.NEGATIVE_INFINITY
    this.#close(connection)
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
    const { gateway, number, extranonce1, tookOver } = connection
    const resumed = tookOver === null ? undefined : this.#references.connection(gateway, tookOver)
    if (resumed !== undefined && (resumed.extranonce1 !== extranonce1 || resumed.number >= number))
      this.#shared(connection, `takes over ${nameOf(resumed)}, which had ${resumed.extranonce1}`)
    const session = this.#sessionOf(connection)
    for (const other of this.#open.get(extranonce1) ?? [])
      if (this.#sessionOf(other) !== session)
        this.#shared(connection, `has the extranonce1 of ${nameOf(other)}, which has not ended`)
  }

  /** Looks at each connection once, however long the way is that a session went: at those that were not asked for, the oldest first. */
  #sessionOf(connection: Connection): number {
    const known = this.#sessions.get(connection)
    if (known !== undefined) return known
    const unknown: Connection[] = []
    let next: Connection | undefined = connection
    while (next !== undefined && !this.#sessions.has(next)) {
      unknown.push(next)
      next = this.#resumedBy(next)
    }
    let session = 0
    for (const each of unknown.toReversed()) {
      session = this.#takeOver(each)
      this.#sessions.set(each, session)
    }
    return session
  }

  /** The session of a connection, which is that of the one it resumes; a new one where another had taken that over. */
  #takeOver(connection: Connection): number {
    const earlier = this.#resumedBy(connection)
    if (earlier === undefined) return this.#nextSession++
    endWith(earlier, connection)
    this.#close(earlier)
    const session = this.#takenOver.has(earlier) ? undefined : this.#sessions.get(earlier)
    this.#takenOver.add(earlier)
    return session ?? this.#nextSession++
  }

  /** Numbers go up along a session: no log makes it go in a circle. */
  #resumedBy({ gateway, number, tookOver }: Connection): Connection | undefined {
    return tookOver === null || tookOver >= number
      ? undefined
      : this.#references.connection(gateway, tookOver)
  }

  #close(connection: Connection): void {
    const open = this.#open.get(connection.extranonce1)
    open?.delete(connection)
    if (open?.size === 0) this.#open.delete(connection.extranonce1)
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

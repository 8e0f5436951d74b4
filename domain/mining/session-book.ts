import { newSession, type Session } from './session.ts'

/**
 * All sessions of a gateway: gives each its extranonce1 and keeps closed ones for the grace time. Mutable, one owner.
 *
 * extranonce1 is the gateway's prefix byte and a 24-bit counter, skipping what a live or lately closed session has, so that no
 * two miners ever search the same headers. The prefix changes with each process, so a restart doesn't repeat them either.
 */
export interface SessionBook {
  readonly prefix: number
  readonly graceMs: number
  next: number
  readonly live: Map<string, Session>
  /** Closed sessions by id, oldest first. */
  readonly closed: Map<string, ClosedSession>
  readonly extranonces: Set<string>
}

/** A session put aside, and the number of the connection that had it. */
export interface ClosedSession {
  readonly session: Session
  readonly connection: number
  readonly sinceMs: number
}

/** Closed sessions kept at most, whatever the grace time: about 1 KiB each. */
const CLOSED_MAX = 20_000
const COUNTER_SIZE = 0x100_0000

/** A book without sessions, for a gateway with this prefix byte. */
export const newSessionBook = (prefix: number, graceMs: number): SessionBook => ({
  prefix,
  graceMs,
  next: 0,
  live: new Map(),
  closed: new Map(),
  extranonces: new Set(),
})

/** A session for a new miner. `id` must be unguessable: who knows it can take the session over. */
export function openSession(book: SessionBook, id: string, nowMs: number): Session {
  forgetExpired(book, nowMs)
  let extranonce1: string
  do {
    extranonce1 = (((book.prefix << 24) | book.next) >>> 0).toString(16).padStart(8, '0')
    book.next = (book.next + 1) % COUNTER_SIZE
  } while (book.extranonces.has(extranonce1))
  const session = newSession(id, extranonce1, nowMs)
  book.live.set(id, session)
  book.extranonces.add(extranonce1)
  return session
}

/** Takes a closed session back; undefined when it is unknown, too old or still live. */
export function resumeSession(book: SessionBook, id: string, nowMs: number): ClosedSession | undefined {
  forgetExpired(book, nowMs)
  const closed = book.closed.get(id)
  if (closed === undefined) return undefined
  book.closed.delete(id)
  book.live.set(id, closed.session)
  return closed
}

/** Puts a session aside when its connection has ended. One that never mined (`keep` false) is forgotten at once. */
export function closeSession(
  book: SessionBook,
  session: Session,
  keep: boolean,
  connection: number,
  nowMs: number,
): void {
  book.live.delete(session.id)
  if (keep) book.closed.set(session.id, { session, connection, sinceMs: nowMs })
  else book.extranonces.delete(session.extranonce1)
  forgetExpired(book, nowMs)
}

function forgetExpired(book: SessionBook, nowMs: number): void {
  for (const [id, { session, sinceMs }] of book.closed) {
    if (book.closed.size <= CLOSED_MAX && nowMs - sinceMs < book.graceMs) return
    book.closed.delete(id)
    book.extranonces.delete(session.extranonce1)
  }
}

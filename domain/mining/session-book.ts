import { EXTRA_DATA_OFFSET } from '../decred/header.ts'
import { forgetTemplates, newSession, type Session } from './session.ts'

/**
 * All sessions of a gateway: gives each its extranonce1 and keeps closed ones for the grace time. Mutable, one owner.
 *
 * extranonce1 is the gateway's prefix byte and a number that no live or lately closed session has, so that no two miners ever search the
 * same headers. The prefix changes with each process, so a restart doesn't repeat them either. The number is drawn: nobody is to know
 * it, and search its headers, before there is a session whose difficulty they count.
 */
export interface SessionBook {
  readonly prefix: number
  readonly graceMs: number
  /** Draws a number from 1 to {@link EXTRANONCES}. */
  readonly draw: () => number
  readonly live: Map<string, Session>
  /** Closed sessions by id, oldest first. */
  readonly closed: Map<string, ClosedSession>
  /** Sessions by extranonce1: live, closed, and those of which a solution may still come again from another session. */
  readonly extranonces: Map<string, Session>
}

/** A session put aside. */
export interface ClosedSession {
  readonly session: Session
  /** The newest connection in the log that had it; null when none is. */
  readonly connection: number | null
  readonly sinceMs: number
}

/** Closed sessions kept at most, whatever the grace time: about 1 KiB each. */
const CLOSED_MAX = 20_000
/**
 * Numbers go from 1 to this, so there are no more sessions at a time: a million connections, those closed, and those with a
 * solution, of about 1 KiB each. Fewer than 24 bits and never 0, so that few headers of others look like ours: see `canHaveGiven`.
 */
export const EXTRANONCES = 0xf_ffff
/** At most three quarters of them are given, so that drawing a free one takes four tries on average. */
const SESSIONS_MAX = Math.floor(EXTRANONCES * 0.75)

/** First byte of every extranonce1 that a gateway gives: never 0, which the small numbers begin with that devices count up from. */
export const extranoncePrefix = (gateway: number): number => (gateway % 255) + 1

/** A book without sessions, for a gateway with this prefix byte; see `SessionBook` for the others. */
export const newSessionBook = (prefix: number, graceMs: number, draw: () => number): SessionBook => ({
  prefix,
  graceMs,
  draw,
  live: new Map(),
  closed: new Map(),
  extranonces: new Map(),
})

/**
 * A session for a new miner; undefined while there are as many as extranonces. `id` must be unguessable: who knows it can take the
 * session over.
 */
export function openSession(book: SessionBook, id: string, nowMs: number): Session | undefined {
  forgetExpired(book, nowMs)
  if (book.extranonces.size >= SESSIONS_MAX) return undefined
  let extranonce1: string
  do extranonce1 = (((book.prefix << 24) | book.draw()) >>> 0).toString(16).padStart(8, '0')
  while (book.extranonces.has(extranonce1))
  const session = newSession(id, extranonce1, nowMs)
  book.live.set(id, session)
  book.extranonces.set(extranonce1, session)
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

/** Puts a session aside when its connection has ended. One that was never sent a job is forgotten at once. */
export function closeSession(
  book: SessionBook,
  session: Session,
  connection: number | null,
  nowMs: number,
): void {
  book.live.delete(session.id)
  if (session.difficulties.length > 0) book.closed.set(session.id, { session, connection, sinceMs: nowMs })
  else book.extranonces.delete(session.extranonce1)
  forgetExpired(book, nowMs)
}

function forgetExpired(book: SessionBook, nowMs: number): void {
  for (const [id, { session, sinceMs }] of book.closed) {
    if (book.closed.size <= CLOSED_MAX && nowMs - sinceMs < book.graceMs) return
    book.closed.delete(id)
    if (session.taken === null) book.extranonces.delete(session.extranonce1)
  }
}

/** Where the layouts of devices have extranonce1, in hex characters of the extra data. */
const EXTRANONCE1_PLACES = [0, 8, 16]
const EXTRANONCE1_HEX = 8

/**
 * Whether a header could be another session's as well. Where devices have extranonce1 in several places, it alone does not keep
 * sessions apart: one that has its own at the front may choose what follows so that it is another's, whose layout has it there. Who has
 * both would let the one with the higher difficulty have each hash. `extraData` as in `AcceptedShare`.
 */
export function couldBeAnothers(book: SessionBook, own: Session, extraData: string): boolean {
  return EXTRANONCE1_PLACES.some((place) => {
    const other = book.extranonces.get(extraData.slice(place, place + EXTRANONCE1_HEX))
    return other !== undefined && other !== own
  })
}

/**
 * Whether a gateway can have given the extranonce1 of a header, which stands at one of the places that layouts have for it. Of what
 * others put there at random (dcrd's own miner fills the first eight bytes) one in 2,048 passes for it: twice 2^20 in 2^32. Zeros never do.
 */
export function canHaveGiven(gateway: number, header: Uint8Array): boolean {
  const view = new DataView(header.buffer, header.byteOffset + EXTRA_DATA_OFFSET)
  return EXTRANONCE1_PLACES.some((place) => {
    const extranonce1 = view.getUint32(place / 2)
    const number = extranonce1 & 0xff_ffff
    return extranonce1 >>> 24 === extranoncePrefix(gateway) && number > 0 && number <= EXTRANONCES
  })
}

/** Forgets the solutions of templates that no job can refer to any more, and the sessions that were kept for them alone. */
export function forgetSolutions(book: SessionBook, oldestTemplate: number): void {
  for (const [extranonce1, session] of book.extranonces) {
    if (session.taken === null) continue
    forgetTemplates(session, oldestTemplate)
    const isKept = book.live.has(session.id) || book.closed.has(session.id)
    if (session.taken === null && !isKept) book.extranonces.delete(extranonce1)
  }
}

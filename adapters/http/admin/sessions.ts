import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** An administrator who is logged in. */
export interface Session {
  /** What every form of it must carry. */
  readonly formToken: string
  /** Said on the next page, and then no more. */
  notice: Notice | null
}

/** What came of an order. */
export interface Notice {
  readonly tone: 'good' | 'bad'
  readonly text: string
}

/** Sessions in memory: a restart ends them all. Times are Unix ms. */
export interface Sessions {
  /** Begins one, under a name nobody had before. */
  readonly begin: (now: number) => { readonly id: string; readonly session: Session }
  /** The session of an id that a browser sent. `isLookedAt`: a person did something, which keeps it alive. */
  readonly find: (id: string, now: number, isLookedAt: boolean) => Session | undefined
  readonly end: (id: string) => void
}

/** Nobody did anything for so long. */
const IDLE_MS_MAX = 30 * 60_000
/** Whatever was done. */
const AGE_MS_MAX = 12 * 3_600_000
/** Logged in at once; with one more the oldest is out. */
const SESSIONS_MAX = 16
const ID_BYTES = 32

interface Kept {
  readonly session: Session
  readonly begunAt: number
  usedAt: number
}

/** None yet. Ids are kept as their hashes: neither the order in which they are found nor a memory dump tells one. */
export function openSessions(): Sessions {
  const kept = new Map<string, Kept>()
  const keyOf = (id: string): string => createHash('sha256').update(id).digest('hex')
  const isOver = ({ begunAt, usedAt }: Kept, now: number): boolean =>
    now - usedAt > IDLE_MS_MAX || now - begunAt > AGE_MS_MAX

  function sweep(now: number): void {
    for (const [key, each] of kept) if (isOver(each, now)) kept.delete(key)
  }

  return {
    begin: (now) => {
      sweep(now)
      const oldest = kept.keys().next()
      if (kept.size >= SESSIONS_MAX && oldest.done !== true) kept.delete(oldest.value)
      const id = randomBytes(ID_BYTES).toString('base64url')
      const session = { formToken: randomBytes(ID_BYTES).toString('base64url'), notice: null }
      kept.set(keyOf(id), { session, begunAt: now, usedAt: now })
      return { id, session }
    },
    find: (id, now, isLookedAt) => {
      const each = kept.get(keyOf(id))
      if (each === undefined || isOver(each, now)) return undefined
      if (isLookedAt) each.usedAt = now
      return each.session
    },
    end: (id) => {
      kept.delete(keyOf(id))
    },
  }
}

/** Says whether two texts are the same, in a time that does not tell where they differ. */
export function isSameSecret(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

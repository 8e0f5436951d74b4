import { rateLimiter } from '../rate-limit.ts'
import { isPassword, type PasswordHash } from './password.ts'

/** What came of a try to log in. `limited`: it was not even looked at. */
export type LoginVerdict =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'limited'; readonly retryInSeconds: number }

/** Tries to log in, counted and one after the other. */
export interface Logins {
  /** `visitor` is the key of an address. */
  readonly attempt: (visitor: string, password: string, now: number) => Promise<LoginVerdict>
  readonly counts: () => { readonly right: number; readonly wrong: number; readonly limited: number }
}

/** From one address: five at once, then one in two minutes. */
const VISITOR_LIMIT = { burst: 5, perSecond: 1 / 120 }
/** From all of them together: thirty at once, then one in ten seconds, which is three million guesses a year. */
const TOTAL_LIMIT = { burst: 30, perSecond: 1 / 10 }
const VISITORS_MAX = 10_000
/** Each takes 128 MiB and half a second: more than a few would wait for too long. */
const WAITING_MAX = 4
const BUSY_SECONDS = 5

/** Looks at one password at a time, and tells of each verdict. A right one counts like a wrong one: nobody learns from the limit which it was. */
export function openLogins(hash: PasswordHash, onVerdict: (kind: LoginVerdict['kind']) => void): Logins {
  const byVisitor = rateLimiter(VISITOR_LIMIT, VISITORS_MAX)
  const all = rateLimiter(TOTAL_LIMIT, 1)
  const counts = { right: 0, wrong: 0, limited: 0 }
  let queue: Promise<unknown> = Promise.resolve()
  let waiting = 0

  function refused(visitor: string, now: number): number {
    const own = byVisitor.take(visitor, now)
    if (!own.allowed) return own.retryInSeconds
    const total = all.take('', now)
    if (!total.allowed) return total.retryInSeconds
    return waiting >= WAITING_MAX ? BUSY_SECONDS : 0
  }

  return {
    attempt: async (visitor, password, now) => {
      const retryInSeconds = refused(visitor, now)
      if (retryInSeconds > 0) {
        counts.limited += 1
        onVerdict('limited')
        return { kind: 'limited', retryInSeconds }
      }
      waiting += 1
      const looked = queue.then(() => isPassword(hash, password))
      queue = looked.catch(() => undefined)
      try {
        const kind = (await looked) ? 'right' : 'wrong'
        counts[kind] += 1
        onVerdict(kind)
        return { kind }
      } finally {
        waiting -= 1
      }
    },
    counts: () => ({ ...counts }),
  }
}

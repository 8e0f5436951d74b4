import type { Context, MiddlewareHandler } from 'hono'
import { type Problem, problem } from './problem.ts'
import type { VisitorOf } from './visitor.ts'

/** A bucket of tokens: `burst` at most, filled again with `perSecond`. */
export interface RateLimit {
  readonly burst: number
  readonly perSecond: number
}

/** What a visitor may do: a page takes about ten requests, a live page one every few seconds. */
export const VISITOR_LIMIT: RateLimit = { burst: 120, perSecond: 20 }

/** Addresses remembered: about 100 bytes each. The one unseen for longest goes first; its bucket is likely full. */
export const VISITORS_MAX = 20_000

/** Answer to one request. `remaining` whole tokens; `fullInSeconds` until the bucket is full; `retryInSeconds` 0 when allowed. */
export interface RateVerdict {
  readonly allowed: boolean
  readonly remaining: number
  readonly fullInSeconds: number
  readonly retryInSeconds: number
}

/** Token buckets by visitor, in bounded memory. `take` spends one token of `visitor` at time `now` (ms). */
export interface RateLimiter {
  readonly limit: RateLimit
  readonly take: (visitor: string, now: number) => RateVerdict
  /** Visitors remembered now. */
  readonly size: () => number
}

/** Makes a limiter that remembers `visitorsMax` visitors. */
export function rateLimiter(limit: RateLimit, visitorsMax: number): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>()

  const take = (visitor: string, now: number): RateVerdict => {
    const known = buckets.get(visitor)
    const tokens =
      known === undefined
        ? limit.burst
        : Math.min(limit.burst, known.tokens + (Math.max(0, now - known.at) / 1000) * limit.perSecond)
    const allowed = tokens >= 1
    const left = allowed ? tokens - 1 : tokens
    buckets.delete(visitor)
    buckets.set(visitor, { tokens: left, at: now })
    if (buckets.size > visitorsMax) {
      const oldest = buckets.keys().next()
      if (oldest.done !== true) buckets.delete(oldest.value)
    }
    return {
      allowed,
      remaining: Math.floor(left),
      fullInSeconds: Math.ceil((limit.burst - left) / limit.perSecond),
      retryInSeconds: allowed ? 0 : Math.max(1, Math.ceil((1 - left) / limit.perSecond)),
    }
  }

  return { limit, take, size: () => buckets.size }
}

/** How a refused request is answered: as a program or a person wants it. */
export type Refuse = (
  c: Context,
  what: Problem,
  headers: Readonly<Record<string, string>>,
) => Response | Promise<Response>

/**
 * Limits a visitor's requests. Answers carry `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers),
 * refusals a `Retry-After` as well.
 */
export const limitVisitors =
  (
    limiter: RateLimiter,
    visitorOf: VisitorOf,
    now: () => number,
    refuse: Refuse = problem,
  ): MiddlewareHandler =>
  async (c, next) => {
    const verdict = limiter.take(visitorOf(c), now())
    const window = Math.ceil(limiter.limit.burst / limiter.limit.perSecond)
    c.header('RateLimit-Policy', `"visitor";q=${limiter.limit.burst};w=${window}`)
    c.header('RateLimit', `"visitor";r=${verdict.remaining};t=${verdict.fullInSeconds}`)
    if (verdict.allowed) return next()
    return refuse(
      c,
      { kind: 'too-many-requests', detail: `Wait ${verdict.retryInSeconds} seconds, then ask more slowly.` },
      { 'Retry-After': String(verdict.retryInSeconds) },
    )
  }

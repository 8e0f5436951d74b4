import * as E from 'fp-ts/lib/Either.js'
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { wholeNumber } from './api/parameters.ts'
import type { LiveFeed } from './live-feed.ts'
import { problem } from './problem.ts'

/** Where pages and programs hear of what changes. */
export const EVENTS_PATH = '/api/v1/events'

/** Answers with what changes from now on, or since the event that the reader says was his last. */
export function eventStream(c: Context, feed: LiveFeed, visitor: string): Response {
  // A HEAD request would open a stream that nobody reads.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' })
  const seen = wholeNumber(c.req.header(), 'last-event-id', 0, Number.MAX_SAFE_INTEGER)
  if (E.isLeft(seen)) return problem(c, seen.left)
  const joined = feed.join(visitor, seen.right)
  if (E.isLeft(joined)) return problem(c, joined.left, { 'Retry-After': '60' })
  const listener = joined.right
  c.header('X-Accel-Buffering', 'no')
  return streamSSE(c, async (stream) => {
    stream.onAbort(listener.leave)
    await stream.write('retry: 3000\n\n')
    for (;;) {
      const text = await listener.next()
      if (text === undefined || stream.aborted) return
      await stream.write(text)
    }
  })
}

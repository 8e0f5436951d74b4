import { gzipSync } from 'node:zlib'
import type { MiddlewareHandler } from 'hono'

/** Smaller answers fit into one packet anyway. */
const BYTES_MIN = 1024
/** Larger ones would hold up the miners' loop: at about 50 MB/s this much takes 10 ms. Nothing that the pool answers comes near. */
const BYTES_MAX = 512 * 1024
/** Without what comes in slices: events, and CSV, which may be long. */
const TEXT = /^(text\/(?!event-stream|csv)|application\/(json|problem\+json|openmetrics-text)|image\/svg)/

/**
 * Compresses answers in one go. Hono's own middleware passes them through a stream, which takes several turns of the event loop:
 * with a full load of shares each turn lasts ten milliseconds, and the page would wait for all of them.
 */
export const compressed: MiddlewareHandler = async (c, next) => {
  await next()
  const { headers, body, status } = c.res
  if (!TEXT.test(headers.get('Content-Type') ?? '')) return
  headers.append('Vary', 'Accept-Encoding')
  const wanted = /\bgzip\b/.test(c.req.header('Accept-Encoding') ?? '')
  if (!wanted || body === null || c.req.method === 'HEAD' || headers.has('Content-Encoding')) return
  const bytes = new Uint8Array(await c.res.arrayBuffer())
  const fits = bytes.length >= BYTES_MIN && bytes.length <= BYTES_MAX
  const sent = fits ? gzipSync(bytes) : bytes
  const answer = new Response(sent, { status, headers })
  if (fits) answer.headers.set('Content-Encoding', 'gzip')
  answer.headers.set('Content-Length', String(sent.length))
  c.res = undefined
  c.res = answer
}

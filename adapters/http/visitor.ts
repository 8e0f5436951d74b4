import { isIP } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/** Finds the key under which a visitor is limited. */
export type VisitorOf = (c: Context) => string

/**
 * By the socket's address, or behind a proxy by the last entry of `X-Forwarded-For`, which is the one the proxy wrote
 * itself; those before it are the visitor's claims.
 */
export const visitorOf =
  (behindProxy: boolean): VisitorOf =>
  (c) => {
    const claimed = behindProxy ? c.req.header('X-Forwarded-For')?.split(',').at(-1)?.trim() : undefined
    return visitorKey(claimed ?? getConnInfo(c).remote.address ?? '')
  }

/** One key for all addresses that one visitor has: IPv6 by its /64, IPv4 inside IPv6 as IPv4. What is no address shares one key. */
export function visitorKey(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
  if (isIP(plain) === 4) return plain
  if (isIP(plain) === 0) return 'unknown'
  // URLs know one way to write an IPv6 address, and no zone.
  const [front = [], back] = new URL(`http://[${plain.replace(/%.*/, '')}]`).hostname
    .slice(1, -1)
    .split('::', 2)
    .map((half) => (half === '' ? [] : half.split(':')))
  const zeros = back === undefined ? 0 : 8 - front.length - back.length
  return [...front, ...Array.from({ length: zeros }, () => '0'), ...(back ?? [])].slice(0, 4).join(':')
}

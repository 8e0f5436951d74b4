import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rateLimiter } from '../../../adapters/http/rate-limit.ts'
import { visitorKey } from '../../../adapters/http/visitor.ts'

describe('rate limiter', () => {
  test('allows a burst, then the rate', () => {
    const limiter = rateLimiter({ burst: 3, perSecond: 2 }, 10)
    expect([1, 2, 3].map(() => limiter.take('a', 0).allowed)).toEqual([true, true, true])
    expect(limiter.take('a', 0)).toEqual({
      allowed: false,
      remaining: 0,
      fullInSeconds: 2,
      retryInSeconds: 1,
    })
    expect(limiter.take('a', 499).allowed).toBe(false)
    expect(limiter.take('a', 500).allowed).toBe(true)
    expect(limiter.take('a', 500).allowed).toBe(false)
  })

  test('keeps visitors apart', () => {
    const limiter = rateLimiter({ burst: 1, perSecond: 1 }, 10)
    expect(limiter.take('a', 0).allowed).toBe(true)
    expect(limiter.take('b', 0).allowed).toBe(true)
    expect(limiter.take('a', 0).allowed).toBe(false)
  })

  test('a clock that goes back takes nothing away', () => {
    const limiter = rateLimiter({ burst: 2, perSecond: 1 }, 10)
    limiter.take('a', 10_000)
    expect(limiter.take('a', 0).allowed).toBe(true)
  })

  test('never allows more than the burst and the rate, and never remembers more than its limit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(400)), { maxLength: 300 }), (requests) => {
        const limiter = rateLimiter({ burst: 5, perSecond: 4 }, 8)
        let now = 0
        let allowed = 0
        for (const [visitor, passed] of requests) {
          now += passed
          limiter.take(`noise-${visitor}`, now)
          if (limiter.take('watched', now).allowed) allowed += 1
          expect(limiter.size()).toBeLessThanOrEqual(8)
        }
        expect(allowed).toBeLessThanOrEqual(5 + (now / 1000) * 4)
      }),
    )
  })
})

describe('visitor key', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2'],
    ['2001:db8::7', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::7%eth0', 'fe80:0:0:0'],
  ])('of %s is %s', (address, key) => expect(visitorKey(address)).toBe(key))

  test('is the same for all ways to write an address', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
        expect(visitorKey(address)).toBe(visitorKey(canonical))
        expect(visitorKey(address.toUpperCase())).toBe(visitorKey(canonical))
      }),
    )
  })

  test('is one for everything that is no address', () => {
    expect(visitorKey('x'.repeat(5000))).toBe('unknown')
    expect(visitorKey('')).toBe('unknown')
  })
})

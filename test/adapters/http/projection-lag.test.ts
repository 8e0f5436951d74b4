import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LagMeter, noLag, observeLag } from '../../../adapters/http/projection-lag.ts'

/** The meter after looks at [position, head, time]. */
const after = (...looks: readonly (readonly [number | null, number | null, number])[]): LagMeter =>
  looks.reduce((meter, [position, head, now]) => observeLag(meter, position, head, now), noLag)

describe('projection lag', () => {
  test('is none while nothing is stored, and while all is projected', () => {
    expect(after([null, null, 1000], [null, null, 9000]).lagMs).toBe(0)
    expect(after([5, 5, 1000], [9, 9, 9000]).lagMs).toBe(0)
  })

  test('grows while the position stands still', () => {
    expect(after([5, 9, 1000], [5, 9, 4000]).lagMs).toBe(3000)
    expect(after([null, 9, 1000], [null, 12, 4000]).lagMs).toBe(3000)
  })

  test('is forgotten when the position passes what was the head', () => {
    expect(after([5, 9, 1000], [5, 20, 4000], [9, 30, 5000]).lagMs).toBe(0)
  })

  test('does not grow for ever behind a steady stream of events', () => {
    const looks = Array.from({ length: 60 }, (_, i): [number, number, number] => [
      i * 100,
      i * 100 + 150,
      i * 1000,
    ])
    expect(after(...looks).lagMs).toBeLessThanOrEqual(2000)
  })

  test('never says more than the time since the first look', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(50), fc.nat(1000)), { minLength: 1 }), (steps) => {
        let [position, head, now] = [0, 0, 0]
        const looks = steps.map(([done, more, passed]): [number, number, number] => {
          head += more
          position = Math.min(head, position + done)
          now += passed
          return [position, head, now]
        })
        const meter = after(...looks)
        expect(meter.lagMs).toBeGreaterThanOrEqual(0)
        expect(meter.lagMs).toBeLessThanOrEqual(now - (looks[0]?.[2] ?? 0))
        if (position === head) expect(meter.lagMs).toBe(0)
      }),
    )
  })
})

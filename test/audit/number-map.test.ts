import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NumberMap } from '../../src/audit/number-map.ts'

test('is a map, also for numbers that are remembered in one place', () => {
  // Few numbers, of which many have a place in common.
  const number = fc.constantFrom(0, 1, 1_024, 1_025, 2_048, 4_294_967_295, 4_294_966_271)
  const step = fc.tuple(fc.constantFrom('get', 'set', 'delete'), number, fc.nat())
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const map = new NumberMap<number>()
      const model = new Map<number, number>()
      for (const [what, at, value] of steps) {
        if (what === 'set') {
          map.set(at, value)
          model.set(at, value)
        } else if (what === 'delete') {
          map.delete(at)
          model.delete(at)
        }
        expect(map.get(at)).toBe(model.get(at))
      }
      expect([...map.keys()]).toEqual([...model.keys()])
      expect([...map.values()]).toEqual([...model.values()])
    }),
  )
})

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Chance } from '../../src/simulate/chance.ts'
import { SimulatedTime } from '../../src/simulate/time.ts'

test('things happen in the order of their times, and at the same time in the order in which they were planned', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean()), { minLength: 1, maxLength: 200 }), (plans) => {
      const time = new SimulatedTime(1_000)
      const happened: (readonly [ms: number, plan: number])[] = []
      const off = plans.map(([ms], plan) => time.after(ms, () => void happened.push([time.nowMs(), plan])))
      plans.forEach(([, isOff], plan) => {
        if (isOff) off[plan]?.()
      })
      const expected = plans
        .map(([ms, isOff], plan) => ({ at: 1_000 + ms, plan, isOff }))
        .filter(({ isOff }) => !isOff)
        .sort((a, b) => a.at - b.at || a.plan - b.plan)
        .map(({ at, plan }) => [at, plan])
      for (let i = 0; i < expected.length; i++) time.next()
      expect(happened).toEqual(expected)
      expect(() => time.next()).toThrow('nothing is to happen any more')
    }),
  )
})

test('what comes again and again does so until it is called off; what takes time makes the rest late', () => {
  const time = new SimulatedTime(0)
  const at: number[] = []
  const callOff = time.every(10, () => void at.push(time.nowMs()))
  for (let i = 0; i < 3; i++) time.next()
  time.pass(25)
  time.next()
  time.next()
  callOff()
  time.after(1_000, () => void at.push(-1))
  time.next()
  expect(at).toEqual([10, 20, 30, 55, 65, -1])
})

test('chance is the same for ever, another for another name, and as random as it says', () => {
  const draws = (seed: number, name: string): readonly number[] => {
    const chance = new Chance(seed, name)
    return Array.from({ length: 4 }, () => chance.below(1_000))
  }
  expect(draws(1, 'a')).toEqual(FIRST_DRAWS)
  expect(draws(1, 'b')).not.toEqual(FIRST_DRAWS)
  expect(draws(2, 'a')).not.toEqual(FIRST_DRAWS)

  const chance = new Chance(3, 'many')
  const many = Array.from({ length: 20_000 }, () => chance.wait(100))
  expect(many.reduce((sum, each) => sum + each, 0) / many.length).toBeCloseTo(100, -1)
  const [one, two] = [0, 1].map((value) => many.filter(() => chance.pick([0, 1, 2]) === value).length)
  expect((one ?? 0) / many.length).toBeCloseTo(1 / 3, 1)
  expect((two ?? 0) / many.length).toBeCloseTo(1 / 3, 1)
  expect(chance.bytes(32)).toHaveLength(32)
})

/** By another implementation of the generator. */
const FIRST_DRAWS = [12, 883, 488, 596]

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ForgottenHeights } from '../../src/audit/forgotten-heights.ts'
import { HEIGHTS_KEPT, HeaderSet } from '../../src/audit/header-set.ts'

const HEIGHTS = 2 * HEIGHTS_KEPT
/** Of each height there are as many templates, one after another in the order in which they were issued. */
const TEMPLATES = 3

const oneShare = fc.record({
  height: fc.nat(HEIGHTS - 1),
  place: fc.nat(TEMPLATES - 1),
  nonce: fc.nat(2),
})

test('a header that the set takes twice without knowing is named', () => {
  let named = 0
  fc.assert(
    fc.property(fc.array(oneShare, { minLength: 100, maxLength: 200 }), (shares) => {
      const headers = new HeaderSet()
      const forgotten = new ForgottenHeights()
      const taken = new Set<string>()
      const templates = new Map<string, number>()
      for (const { height, place, nonce } of shares) {
        const key = `${height} ${place}`
        const template = templates.get(key) ?? templates.size
        templates.set(key, template)
        const isNamed = forgotten.take(height, template)
        let isRepeated = false
        headers.add(
          Uint32Array.of(template * 4 + nonce, 1),
          { from: 0, to: 1, height },
          {
            missing: () => undefined,
            repeated: () => {
              isRepeated = true
            },
          },
        )
        if (isNamed) named++
        const was = taken.has(`${key} ${nonce}`)
        taken.add(`${key} ${nonce}`)
        if (was) expect(isRepeated || isNamed).toBe(true)
        else expect(isRepeated).toBe(false)
      }
    }),
  )
  expect(named).toBeGreaterThan(0)
})

test('new work is never named, however deep the reorganisation', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(HEIGHTS - 1), { minLength: 100, maxLength: 200 }), (heights) => {
      const forgotten = new ForgottenHeights()
      return heights.every((height, template) => !forgotten.take(height, template))
    }),
  )
})

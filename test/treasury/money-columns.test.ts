import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { decodeEvent } from '../../domain/events.ts'
import { moneyColumns } from '../../src/treasury/money-columns.ts'

const count = fc.nat({ max: 2 ** 32 })
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((each) => Buffer.from(each).toString('hex'))

const shares = fc.nat({ max: 5 }).chain((length) => {
  const column = <A>(of: fc.Arbitrary<A>) => fc.array(of, { minLength: length, maxLength: length })
  return fc.record({
    v: fc.constant(1),
    at: count,
    connection: column(count),
    worker: column(count),
    job: column(count),
    difficulty: column(count.map((n) => n + 1)),
    extranonce2: column(hex(4)),
    ntime: column(count),
    nonce: column(fc.nat({ max: 2 ** 31 })),
    elapsed: column(count),
    solved: fc.array(fc.record({ share: fc.nat({ max: 5 }), hash: hex(32) }), { maxLength: 2 }),
  })
})

/** What the catalogue reads of the same columns; undefined when it refuses the event. */
function decoded(data: string) {
  const event = decodeEvent('SharesAccepted', data)
  if (E.isLeft(event) || event.right.type !== 'SharesAccepted') return undefined
  const { at, connection, worker, job, difficulty, solved } = event.right.data
  return { at, connection, worker, job, difficulty, solved }
}

test('any event: as the catalogue reads it', () => {
  fc.assert(
    fc.property(shares, (data) => {
      const text = canonicalJson(data)
      expect(moneyColumns(text)).toEqual(decoded(text))
      expect(moneyColumns(text)).toBeDefined()
    }),
  )
})

test('a text that was changed anywhere: as the catalogue reads it where that reads it at all, or undefined', () => {
  fc.assert(
    fc.property(
      shares,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.constantFrom('', ' ', '1', '"', ']', '[', '-', ',', 'e'),
      (data, place, length, put) => {
        const text = canonicalJson(data)
        const at = place % text.length
        const changed = text.slice(0, at) + put + text.slice(at + length)
        const quick = moneyColumns(changed)
        const whole = decoded(changed)
        if (quick !== undefined && whole !== undefined) expect(quick).toEqual(whole)
      },
    ),
    { numRuns: 2_000 },
  )
})

test.each([
  ['another version', { v: 2 }],
  ['a difficulty of nothing', { difficulty: [0] }],
  ['columns of unequal length', { job: [1, 2] }],
  ['a column more', { zone: [1] }],
  ['a hash that is none', { solved: [{ share: 0, hash: 'ab' }] }],
  ['a time before 1970', { at: -1 }],
])('%s is for the catalogue to judge', (_, change) => {
  const data = {
    ...{ v: 1, at: 5, connection: [1], worker: [0], job: [1], difficulty: [8], extranonce2: ['0000002a'] },
    ...{ ntime: [1], nonce: [1], elapsed: [0], solved: [] },
  }
  expect(moneyColumns(canonicalJson(data))).toBeDefined()
  expect(moneyColumns(canonicalJson({ ...data, ...change }))).toBeUndefined()
  expect(moneyColumns(JSON.stringify(data))).toBeUndefined()
})

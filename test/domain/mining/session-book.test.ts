import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HEADER_BYTES } from '../../../domain/decred/header.ts'
import { beginDifficulty, type Session } from '../../../domain/mining/session.ts'
import {
  canHaveGiven,
  closeSession,
  newSessionBook,
  openSession,
  resumeSession,
  type SessionBook,
} from '../../../domain/mining/session-book.ts'
import { profiles } from '../../../domain/stratum/profiles/index.ts'
import { solveHeader } from '../../../domain/stratum/solution.ts'
import { counter } from '../../support/counter.ts'

/** A session, of which there are enough. */
function open(book: SessionBook, id: string, nowMs = 0): Session {
  const session = openSession(book, id, nowMs)
  if (session === undefined) throw new Error('no session')
  return session
}

/** The same, of a miner that was sent a job. */
function mined(book: SessionBook, id: string, nowMs = 0): Session {
  const session = open(book, id, nowMs)
  beginDifficulty(session, { number: 0 }, 1, nowMs)
  return session
}

test('extranonce1 begins with the gateway prefix, and is drawn until it is free', () => {
  const draws = [1, 1, 2, 0xf_ffff, 2, 3]
  const book = newSessionBook(0xfe, 1_000, () => draws.shift() ?? 0)
  expect(['a', 'b', 'c', 'd'].map((id) => open(book, id).extranonce1)).toEqual([
    'fe000001',
    'fe000002',
    'fe0fffff',
    'fe000003',
  ])
})

test('no two live or lately closed sessions share an extranonce1, whatever the order of coming and going', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 }), (steps) => {
      let draws = 0
      const book = newSessionBook(1, 100, () => (draws++ % 256) + 1)
      const live: Session[] = []
      const kept: { session: Session; atMs: number }[] = []
      steps.forEach((step, i) => {
        const nowMs = i * 10
        if (step < 6 || live.length === 0) {
          const session = (step % 2 === 0 ? mined : open)(book, `s${i}`, nowMs)
          const taken = [
            ...live,
            ...kept.filter(({ atMs }) => nowMs - atMs < 100).map(({ session }) => session),
          ]
          expect(taken.map((s) => s.extranonce1)).not.toContain(session.extranonce1)
          live.push(session)
          return
        }
        const [session] = live.splice(step % live.length, 1)
        if (session === undefined) return
        closeSession(book, session, 1, nowMs)
        if (session.difficulties.length > 0) kept.push({ session, atMs: nowMs })
      })
    }),
  )
})

test('a session comes back within the grace time, once, and not while it is live', () => {
  const book = newSessionBook(0, 1_000, counter())
  const session = mined(book, 'id')
  expect(resumeSession(book, 'id', 0)).toBeUndefined()
  closeSession(book, session, 7, 100)
  expect(resumeSession(book, 'id', 1_099)).toMatchObject({ session, connection: 7 })
  expect(resumeSession(book, 'id', 1_099)).toBeUndefined()
  closeSession(book, session, 8, 2_000)
  expect(resumeSession(book, 'id', 3_000)).toBeUndefined()
  expect(book.extranonces.size).toBe(0)
})

test('a session that was never sent a job is not kept', () => {
  const book = newSessionBook(0, 1_000, counter())
  closeSession(book, open(book, 'id'), null, 0)
  expect(resumeSession(book, 'id', 0)).toBeUndefined()
  expect(book.extranonces.size).toBe(0)
})

test('there are no more sessions than three quarters of the extranonces, and one more when one is free again', () => {
  const book = newSessionBook(0, 1_000, counter())
  const first = open(book, 'first')
  for (let n = 2; n <= 786_431; n++) book.extranonces.set(n.toString(16).padStart(8, '0'), first)
  expect(openSession(book, 'more', 0)).toBeUndefined()
  closeSession(book, first, null, 0)
  expect(open(book, 'more').extranonce1).toBe('000c0000')
})

describe('an extranonce1 in a header', () => {
  const header = (area: string): Uint8Array => {
    const bytes = new Uint8Array(HEADER_BYTES)
    bytes.set(Buffer.from(area, 'hex'), 144)
    return bytes
  }

  test.each(profiles)('is known as ours wherever $name has it', ({ wire, powAlgorithms }) => {
    for (const algorithm of powAlgorithms) {
      const { extranonce } = wire(algorithm)
      const { extranonce1 } = open(newSessionBook(0x2e, 0, counter()), 'id')
      const own = extranonce.extranonce1 === 'after' ? extranonce1 : ''
      const solution = {
        ntime: 0,
        nonce: 0,
        extranonce2: own.padStart(2 * Math.max(...extranonce.submittedBytes), 'ab'),
      }
      const bytes = new Uint8Array(HEADER_BYTES)
      solveHeader(bytes, extranonce, extranonce1, solution, bytes)
      expect([300, 301].map((gateway) => canHaveGiven(gateway, bytes))).toEqual([true, false])
    }
  })

  test.each([
    ['none at all', ''],
    ['the first that is never given', '01000000'],
    ['of a counter beyond the last', '01100000'],
    ['of another gateway', '02000001'],
    ['not at a place that a layout has', 'ff00000001'],
  ])('%s is not ours', (_, area) => {
    expect(canHaveGiven(0, header(area))).toBe(false)
  })

  test('that others chose by chance is taken for ours once in 2 048 times', () => {
    let mistakes = 0
    for (let i = 0; i < 200_000; i++)
      if (canHaveGiven(7, header(randomBytes(8).toString('hex')))) mistakes += 1
    // 98 are to be expected, give or take 10.
    expect(mistakes).toBeGreaterThan(40)
    expect(mistakes).toBeLessThan(160)
  })
})

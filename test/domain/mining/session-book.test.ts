import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Session } from '../../../domain/mining/session.ts'
import {
  closeSession,
  newSessionBook,
  openSession,
  resumeSession,
} from '../../../domain/mining/session-book.ts'

test('extranonce1 begins with the gateway prefix and counts', () => {
  const book = newSessionBook(0xfe, 1_000)
  expect([openSession(book, 'a', 0), openSession(book, 'b', 0)].map((s) => s.extranonce1)).toEqual([
    'fe000000',
    'fe000001',
  ])
})

test('no two live or lately closed sessions share an extranonce1, whatever the order of coming and going', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 }), (steps) => {
      const book = newSessionBook(1, 100)
      book.next = 0xff_fffe
      const live: Session[] = []
      const kept: { session: Session; atMs: number }[] = []
      steps.forEach((step, i) => {
        const nowMs = i * 10
        if (step < 6 || live.length === 0) {
          const session = openSession(book, `s${i}`, nowMs)
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
        closeSession(book, session, step % 2 === 0, 1, nowMs)
        if (step % 2 === 0) kept.push({ session, atMs: nowMs })
      })
    }),
  )
})

test('a session comes back within the grace time, once, and not while it is live', () => {
  const book = newSessionBook(0, 1_000)
  const session = openSession(book, 'id', 0)
  expect(resumeSession(book, 'id', 0)).toBeUndefined()
  closeSession(book, session, true, 7, 100)
  expect(resumeSession(book, 'id', 1_099)).toMatchObject({ session, connection: 7 })
  expect(resumeSession(book, 'id', 1_099)).toBeUndefined()
  closeSession(book, session, true, 8, 2_000)
  expect(resumeSession(book, 'id', 3_000)).toBeUndefined()
  expect(book.extranonces.size).toBe(0)
})

test('a session that never mined is not kept', () => {
  const book = newSessionBook(0, 1_000)
  closeSession(book, openSession(book, 'id', 0), false, -1, 0)
  expect(resumeSession(book, 'id', 0)).toBeUndefined()
})

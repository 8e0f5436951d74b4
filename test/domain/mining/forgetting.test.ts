import { expect, test } from 'vitest'
import { HEADER_BYTES } from '../../../domain/decred/header.ts'
import { networks } from '../../../domain/decred/network.ts'
import { issueJob, newJobBook, oldestTemplate } from '../../../domain/mining/job-book.ts'
import {
  beginDifficulty,
  lookUpSolution,
  type Session,
  takeSolution,
} from '../../../domain/mining/session.ts'
import {
  closeSession,
  couldBeAnothers,
  forgetSolutions,
  newSessionBook,
  openSession,
  resumeSession,
} from '../../../domain/mining/session-book.ts'
import { counter } from '../../support/counter.ts'

const GRACE_MS = 1_000

/** A gateway's books, and a session with a solution for each of the jobs it is given. */
function desk() {
  const jobs = newJobBook()
  const sessions = newSessionBook(1, GRACE_MS, counter())
  const join = (id: string): Session => {
    const session = openSession(sessions, id, 0)
    if (session === undefined) throw new Error('no session')
    beginDifficulty(session, { number: 0 }, 1, 0)
    return session
  }
  const session = join('id')
  /** Work on a parent made of one byte; `kind` tells its templates apart. */
  const issue = (parent: number, kind = 0) => {
    const header = new Uint8Array(HEADER_BYTES)
    header.fill(parent, 4, 36).fill(kind, 36, 40)
    const job = issueJob(jobs, 0, networks.simnet, header, 'blake3', 'new-parent', 0)
    forgetSolutions(sessions, oldestTemplate(jobs))
    return job
  }
  const take = (job: { readonly template: number }, by: Session = session) =>
    takeSolution(by, job.template, 'key')
  const knows = (job: { readonly template: number }) => lookUpSolution(session, job.template, 'key')
  return { jobs, sessions, session, join, issue, take, knows }
}

test('solutions are remembered on the tip and the block before it, and not for longer', () => {
  const { session, issue, take, knows } = desk()
  const work = [issue(1), issue(1, 1), issue(2), issue(2, 1)]
  for (const job of work) take(job)
  expect(work.map(knows)).toEqual(['taken', 'taken', 'taken', 'taken'])
  issue(3)
  expect(work.map(knows)).toEqual(['new', 'new', 'taken', 'taken'])
  issue(4)
  expect(session.taken).toBe(null)
})

test('a block that is the tip again after one other has all it had', () => {
  const { jobs, issue, take, knows } = desk()
  const first = issue(1)
  take(first)
  issue(2)
  const again = issue(1)
  expect(again.template).toBe(first.template)
  expect(knows(again)).toBe('taken')
  expect([...jobs.jobs.keys()]).toContain(first.id)
})

test('a block that is the tip again after more has lost its jobs with its memory', () => {
  const { jobs, issue, take, knows } = desk()
  const first = issue(1)
  take(first)
  for (const parent of [2, 3]) issue(parent)
  expect([...jobs.jobs.keys()]).toContain(first.id)
  const again = issue(1)
  expect(again.template).not.toBe(first.template)
  expect(knows(again)).toBe('new')
  expect([...jobs.jobs.keys()]).not.toContain(first.id)
})

test('headers of a session that is gone are nobody else s, as long as a solution of it is remembered', () => {
  const { sessions, session, join, issue, take } = desk()
  const other = join('other')
  const job = issue(1)
  take(job)
  const seen = (place: number): boolean =>
    couldBeAnothers(sessions, other, '00'.repeat(place) + session.extranonce1.padEnd(24 - 2 * place, '0'))
  expect([0, 4, 8].map(seen)).toEqual([true, true, true])
  closeSession(sessions, session, 0, 0)
  expect(seen(4)).toBe(true)
  expect(resumeSession(sessions, 'id', GRACE_MS + 1)).toBeUndefined()
  expect(seen(4)).toBe(true)
  issue(2)
  expect(sessions.extranonces.size).toBe(2)
  issue(3)
  expect([...sessions.extranonces.keys()]).toEqual([other.extranonce1])
})

test('nor are they forgotten because the session was resumed by who did not stay to mine', () => {
  const { sessions, session, join, issue, take } = desk()
  const other = join('other')
  const job = issue(1)
  take(job)
  closeSession(sessions, session, 0, 0)
  closeSession(sessions, resumeSession(sessions, 'id', 0)?.session ?? other, 0, 0)
  expect(couldBeAnothers(sessions, other, session.extranonce1.padEnd(24, '0'))).toBe(true)
  expect(resumeSession(sessions, 'id', 0)?.session).toBe(session)
})

test('a session does not take its own headers for another s', () => {
  const { sessions, session } = desk()
  expect(couldBeAnothers(sessions, session, session.extranonce1.padEnd(24, '0'))).toBe(false)
})

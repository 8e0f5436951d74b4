import { describe, expect, test } from 'vitest'
import { EXTRA_DATA_OFFSET, HEADER_BYTES, TIMESTAMP_OFFSET } from '../../../domain/decred/header.ts'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import { networks } from '../../../domain/decred/network.ts'
import { powHash } from '../../../domain/decred/pow-hash.ts'
import { hashDifficulty } from '../../../domain/decred/target.ts'
import { issueJob, newJobBook, refreshedHeader } from '../../../domain/mining/job-book.ts'
import {
  beginDifficulty,
  changeDifficulty,
  difficultyOf,
  newSession,
  TAKEN_MAX,
  takeSolution,
} from '../../../domain/mining/session.ts'
import { judgeShare, NTIME_AHEAD_SECONDS_MAX } from '../../../domain/mining/share.ts'
import { profileOf } from '../../../domain/stratum/profiles/index.ts'
import { solveHeader } from '../../../domain/stratum/solution.ts'

const network = networks.simnet
const wire = profileOf('cpuminer/1.0.0').wire('blake3')
/** A header of simnet at the network's easiest target, on a parent made of one byte. */
function template(parent: number, bits = 0x207fffff, timestamp = 1_600_000_000): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  header.fill(parent, 4, 36)
  const view = new DataView(header.buffer)
  view.setUint32(116, bits, true)
  view.setUint32(128, 42, true)
  view.setUint32(TIMESTAMP_OFFSET, timestamp, true)
  return header
}

const NOW = 1_600_000_100_000
const hex32 = (n: number): string => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, n, true)
  return toHex(bytes)
}

function table(difficulty = 1, bits?: number) {
  const book = newJobBook()
  const session = newSession('s', 'b072e5dc', NOW)
  /** `kind` tells templates of one parent apart. */
  const issue = (parent: number, nowMs = NOW, timestamp?: number, kind = 0) => {
    const header = template(parent, bits, timestamp)
    header.fill(kind, 36, 40)
    return issueJob(book, 1, network, header, 'blake3', 'new-parent', nowMs)
  }
  const job = issue(1)
  beginDifficulty(session, job, difficulty, 0)
  const submit = (
    over: Partial<{
      job: string
      extranonce2: string
      ntime: string
      nonce: string
      nowMs: number
      graceMs: number
    }> = {},
  ) =>
    judgeShare(network, book, over.nowMs ?? NOW, over.graceMs ?? 2_000, session, wire, {
      worker: '',
      job: over.job ?? job.id,
      extranonce2: over.extranonce2 ?? '00000000',
      ntime: over.ntime ?? hex32(job.timestamp),
      nonce: over.nonce ?? '00000000',
    })
  /** A nonce whose hash has at least, or less than, a difficulty. */
  const nonceWhere = (wanted: (difficulty: number) => boolean, ntime = job.timestamp): string => {
    const header = new Uint8Array(HEADER_BYTES)
    for (let nonce = 0; ; nonce++) {
      solveHeader(
        job.header,
        wire.extranonce,
        session.extranonce1,
        { ntime, nonce, extranonce2: '00000000' },
        header,
      )
      if (wanted(hashDifficulty(network, powHash('blake3', header)))) return hex32(nonce)
    }
  }
  return { book, session, job, issue, submit, nonceWhere }
}

describe('a share', () => {
  test('that meets its difficulty counts at that difficulty', () => {
    const { submit, nonceWhere } = table(16, 0x1f00ffff)
    expect(submit({ nonce: nonceWhere((d) => d >= 16) })).toMatchObject({
      kind: 'accepted',
      difficulty: 16,
      solvedHeader: null,
    })
  })

  test('that misses is told what was needed and what it had', () => {
    const { submit, nonceWhere } = table(16, 0x1f00ffff)
    expect(submit({ nonce: nonceWhere((d) => d === 15) })).toEqual({
      kind: 'rejected',
      reason: 'low-difficulty',
      text: 'Low difficulty share: needed 16, got 15',
      needed: 16,
      best: 15,
    })
  })

  test('on the boundary counts: the target itself passes', () => {
    const { submit, nonceWhere, session, job } = table(1, 0x1f00ffff)
    const exact = new Uint8Array(HEADER_BYTES)
    const nonce = nonceWhere((d) => d >= 3)
    solveHeader(
      job.header,
      wire.extranonce,
      session.extranonce1,
      {
        ntime: job.timestamp,
        nonce: new DataView((fromHex(nonce) ?? exact).buffer).getUint32(0, true),
        extranonce2: '00000000',
      },
      exact,
    )
    const best = hashDifficulty(network, powHash('blake3', exact))
    session.difficulties.length = 0
    beginDifficulty(session, job, best, 0)
    expect(submit({ nonce })).toMatchObject({ kind: 'accepted', difficulty: best })
    session.difficulties.length = 0
    beginDifficulty(session, job, best + 1, 0)
    expect(submit({ nonce })).toMatchObject({ kind: 'rejected', reason: 'low-difficulty', best })
  })

  test('is never judged harder than the network: every block is a share', () => {
    const { submit, nonceWhere } = table(1_000_000)
    const verdict = submit({ nonce: nonceWhere((d) => d >= 1) })
    expect(verdict).toMatchObject({ kind: 'accepted', difficulty: 1 })
    if (verdict.kind !== 'accepted') return
    expect(verdict.solvedHeader).not.toBeNull()
    expect(
      toHex(verdict.solvedHeader?.subarray(EXTRA_DATA_OFFSET, EXTRA_DATA_OFFSET + 8) ?? new Uint8Array()),
    ).toBe('b072e5dc00000000')
  })

  test('is judged by the difficulty its own job was sent with', () => {
    const { book, session, submit, nonceWhere, issue, job } = table(2, 0x1f00ffff)
    const nonce = nonceWhere((d) => d >= 2 && d < 64)
    const later = issue(1, NOW, 1_600_000_001, 1)
    changeDifficulty(session, later, 64, 0)
    expect(submit({ nonce, job: job.id })).toMatchObject({ kind: 'accepted', difficulty: 2 })
    expect(difficultyOf(session, later)).toBe(64)
    expect(book.current).toBe(later)
  })

  test('is judged by the difficulty that its template was first sent with, whatever comes later', () => {
    const { session, submit, nonceWhere, issue, job } = table(2, 0x1f00ffff)
    const nonce = nonceWhere((d) => d >= 64)
    const refreshed = issue(1, NOW, 1_600_000_000)
    expect(refreshed.templateJob).toBe(job.number)
    expect(changeDifficulty(session, refreshed, 64, 0)).toBeNull()
    for (const { id } of [job, refreshed])
      expect(submit({ nonce, job: id })).toMatchObject({ kind: 'accepted', difficulty: 2 })
  })

  test('of a template that comes back after another block is judged as before', () => {
    const { session, issue, job } = table(2, 0x1f00ffff)
    changeDifficulty(session, issue(2), 64, 0)
    const again = issue(1)
    expect(again.templateJob).toBe(job.number)
    expect(changeDifficulty(session, again, 128, 0)).toBeNull()
    expect(difficultyOf(session, again)).toBe(2)
  })

  test('of a session that began in the middle of a template is judged by its first difficulty', () => {
    const { session, issue, job } = table(2, 0x1f00ffff)
    session.difficulties.length = 0
    const refreshed = issue(1)
    beginDifficulty(session, refreshed, 64, 0)
    expect([job, refreshed].map((each) => difficultyOf(session, each))).toEqual([null, 64])
    expect(changeDifficulty(session, issue(1), 128, 0)).toBeNull()
  })

  test('of a job whose difficulty was forgotten is unknown, and not judged by a later one', () => {
    const { session, issue, job } = table(2, 0x1f00ffff)
    for (let kind = 1; kind <= 64; kind++)
      changeDifficulty(session, issue(1, NOW, undefined, kind), 2 + kind, 0)
    expect(difficultyOf(session, job)).toBeNull()
  })

  test('of a job sent before this miner came, or of no job at all, is unknown', () => {
    const { session, submit, issue } = table()
    session.difficulties.length = 0
    expect(submit()).toMatchObject({ reason: 'unknown-job' })
    expect(submit({ job: 'ffffffffffff' })).toMatchObject({ reason: 'unknown-job' })
    expect(submit({ job: '__proto__' })).toMatchObject({ reason: 'unknown-job' })
    issue(1)
  })

  test('on a block that is no longer the tip is stale, but for the grace time', () => {
    const { submit, nonceWhere, issue } = table()
    const nonce = nonceWhere((d) => d >= 1)
    issue(2, NOW)
    expect(submit({ nonce, nowMs: NOW + 1_999 })).toMatchObject({ kind: 'accepted' })
    expect(submit({ nonce, nowMs: NOW + 2_000 })).toMatchObject({ kind: 'rejected', reason: 'stale' })
    expect(submit({ nonce, nowMs: NOW, graceMs: 0 })).toMatchObject({ kind: 'rejected', reason: 'stale' })
    issue(3, NOW + 10)
    expect(submit({ nonce, nowMs: NOW + 20 })).toMatchObject({ kind: 'rejected', reason: 'stale' })
  })

  test('may carry a time from its job to two hours ahead', () => {
    const { submit, nonceWhere, job } = table()
    const latest = NOW / 1000 + NTIME_AHEAD_SECONDS_MAX
    const at = (ntime: number) => submit({ ntime: hex32(ntime), nonce: nonceWhere((d) => d >= 1, ntime) })
    expect(at(job.timestamp - 1)).toMatchObject({ reason: 'time-out-of-range' })
    expect(at(job.timestamp)).toMatchObject({ kind: 'accepted' })
    expect(at(latest)).toMatchObject({ kind: 'accepted' })
    expect(at(latest + 1)).toMatchObject({ reason: 'time-out-of-range' })
  })
})

describe('a duplicate', () => {
  test('is found on its job', () => {
    const { submit, session, job, nonceWhere } = table()
    const share = submit({ nonce: nonceWhere((d) => d >= 1) })
    if (share.kind !== 'accepted') expect.fail(share.text)
    takeSolution(session, job.template, share.key)
    expect(submit({ nonce: nonceWhere((d) => d >= 1) })).toMatchObject({ reason: 'duplicate' })
  })

  test('is found on another job of the same template whose time the miner rolled', () => {
    const { book, submit, session, job, nonceWhere } = table()
    const ntime = NOW / 1000
    const nonce = nonceWhere((d) => d >= 1, ntime)
    const share = submit({ nonce, ntime: hex32(ntime) })
    if (share.kind !== 'accepted') expect.fail(share.text)
    takeSolution(session, job.template, share.key)
    const header = refreshedHeader(book, NOW) ?? expect.fail('no job')
    const refreshed = issueJob(book, 1, network, header, 'blake3', 'refresh', NOW)
    expect(refreshed.timestamp).toBe(ntime)
    expect(submit({ job: refreshed.id, nonce, ntime: hex32(ntime) })).toMatchObject({ reason: 'duplicate' })
  })

  test('memory is bounded', () => {
    const { submit, session, job, nonceWhere } = table()
    for (let i = 0; i < TAKEN_MAX; i++) takeSolution(session, job.template, `x${i}`)
    expect(submit({ nonce: nonceWhere((d) => d >= 1) })).toMatchObject({ reason: 'too-many' })
  })
})

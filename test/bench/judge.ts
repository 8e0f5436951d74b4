import * as E from 'fp-ts/lib/Either.js'
import { HEADER_BYTES } from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { issueJob, newJobBook } from '../../domain/mining/job-book.ts'
import { beginDifficulty, newSession, takeSolution } from '../../domain/mining/session.ts'
import { judgeShare } from '../../domain/mining/share.ts'
import { profileOf } from '../../domain/stratum/profiles/index.ts'
import { decodeRequest } from '../../domain/stratum/request.ts'
import { trueLine } from '../../domain/stratum/response.ts'

const SHARES = 30_000
const ROUNDS = 5

/**
 * Shares a second that one process decodes, judges and answers from memory: real lines with real proofs of work, no socket and no
 * store. What P1 is held against.
 */
export function judgeRate(): number {
  const network = networks.simnet
  const wire = profileOf('cpuminer/1.0.0').wire('blake3')
  const book = newJobBook()
  const header = new Uint8Array(HEADER_BYTES).fill(1, 4, 36)
  const view = new DataView(header.buffer)
  view.setUint32(116, 0x1b00ffff, true)
  view.setUint32(136, 1_600_000_000, true)
  const nowMs = 1_600_000_100_000
  const job = issueJob(book, 0, network, header, 'blake3', 'new-parent', nowMs)
  const sessionOf = () => {
    const session = newSession('s', '00000001', nowMs)
    beginDifficulty(session, job, 1, 0)
    return session
  }
  const lineOf = (nonce: number): string => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, nonce, true)
    const params = ['w', job.id, '00000000', toHex(header.subarray(136, 140)), toHex(bytes)]
    return JSON.stringify({ id: nonce, method: 'mining.submit', params })
  }
  const judge = (session: ReturnType<typeof sessionOf>, line: string): string | null => {
    const request = decodeRequest(line)
    if (E.isLeft(request) || request.right.method !== 'mining.submit') throw new Error('not a share')
    const verdict = judgeShare(network, book, nowMs, 0, session, wire, request.right.submission)
    if (verdict.kind === 'rejected') return null
    takeSolution(session, verdict.job.template, verdict.key)
    return trueLine(request.right.id)
  }
  const good: string[] = []
  const scout = sessionOf()
  for (let nonce = 0; good.length < SHARES; nonce++) {
    const line = lineOf(nonce)
    if (judge(scout, line) !== null) good.push(line)
  }
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const session = sessionOf()
    const startedMs = performance.now()
    for (const line of good) judge(session, line)
    best = Math.max(best, (good.length * 1000) / (performance.now() - startedMs))
  }
  return best
}

import * as E from 'fp-ts/lib/Either.js'
import { expect } from 'vitest'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import { blockHash, HEADER_BYTES, headerTimestamp } from '../../domain/decred/header.ts'
import { fromHex, toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { meetsTarget } from '../../domain/decred/proof-of-work.ts'
import { compactToTarget, difficultyTarget, targetBytes } from '../../domain/decred/target.ts'
import { decodeEvent, type EventData } from '../../domain/events.ts'
import { profileNamed } from '../../domain/stratum/profiles/index.ts'
import { solveHeader } from '../../domain/stratum/solution.ts'

/** What the log says of a connection. */
interface LoggedConnection {
  readonly extranonce1: string
  profile: string
  workers: number
  readonly difficulties: { readonly job: number; readonly difficulty: number }[]
}

/** What a log holds of shares. */
export interface CheckedShares {
  readonly shares: number
  readonly solved: number
}

/**
 * Rebuilds the header of every accepted share from the log alone: it refers to what the log holds before it, its proof of work holds, its
 * difficulty is the assigned one, and no header is there twice. Those that meet the network's target are marked as solved.
 */
export function checkShares(log: readonly RecordedEvent[]): CheckedShares {
  const jobs = new Map<string, EventData<'WorkIssued'>>()
  const connections = new Map<string, LoggedConnection>()
  const headers = new Set<string>()
  let shares = 0
  let solved = 0
  for (const { stream, type, data } of log) {
    const decoded = decodeEvent(type, data)
    if (E.isLeft(decoded)) throw new Error(decoded.left.message)
    const event = decoded.right
    const [, gateway = ''] = /^[a-z]+-([0-9]+)/.exec(stream) ?? []
    const connection = connections.get(stream)
    switch (event.type) {
      case 'WorkIssued':
        jobs.set(`${gateway}.${event.data.job}`, event.data)
        break
      case 'MinerConnected':
        connections.set(stream, {
          extranonce1: event.data.extranonce1,
          profile: '',
          workers: 0,
          difficulties: [],
        })
        break
      case 'MinerIdentified':
        if (connection !== undefined) connection.profile = event.data.profile
        break
      case 'WorkerAuthorized':
        if (connection !== undefined) connection.workers += 1
        break
      case 'DifficultyAssigned':
        connection?.difficulties.push(event.data)
        break
      case 'SharesAccepted': {
        const marked = new Map(event.data.solved.map(({ share, hash }) => [share, hash]))
        solved += marked.size
        for (let i = 0; i < event.data.job.length; i++) {
          const job = jobs.get(`${gateway}.${event.data.job[i]}`)
          const by = connections.get(`connection-${gateway}.${event.data.connection[i]}`)
          if (job === undefined || by === undefined)
            throw new Error(`share ${i} of ${stream} refers to nothing`)
          const header = headerOf(job, by, event.data, i)
          expect(headers.has(header.hash)).toBe(false)
          headers.add(header.hash)
          expect(event.data.worker[i]).toBeLessThan(by.workers)
          const difficulty = event.data.difficulty[i] ?? 0
          // Which of them it is to be is for the auditor to say.
          const assigned = by.difficulties.filter((step) => step.job <= job.job)
          expect(assigned.some((step) => difficulty <= step.difficulty)).toBe(true)
          const pow = powHash(job.powAlgorithm, header.bytes)
          expect(meetsTarget(pow, targetBytes(difficultyTarget(networks.simnet, difficulty)))).toBe(true)
          const isBlock = meetsTarget(pow, targetBytes(compactToTarget(job.bits)))
          if (marked.has(i))
            expect({ isBlock, hash: header.hash }).toEqual({ isBlock: true, hash: marked.get(i) })
          shares += 1
        }
        break
      }
    }
  }
  return { shares, solved }
}

function headerOf(
  job: EventData<'WorkIssued'>,
  { profile, extranonce1 }: LoggedConnection,
  data: EventData<'SharesAccepted'>,
  i: number,
): { readonly bytes: Uint8Array; readonly hash: string } {
  const template = fromHex(job.header) ?? new Uint8Array(0)
  const layout = profileNamed(profile)?.wire(job.powAlgorithm).extranonce
  if (layout === undefined) throw new Error(`no profile ${profile}`)
  const bytes = new Uint8Array(HEADER_BYTES)
  const solution = {
    ntime: headerTimestamp(template) + (data.ntime[i] ?? 0),
    nonce: data.nonce[i] ?? 0,
    extranonce2: data.extranonce2[i] ?? '',
  }
  solveHeader(template, layout, extranonce1, solution, bytes)
  expect(toHex(bytes.subarray(0, 136))).toBe(toHex(template.subarray(0, 136)))
  return { bytes, hash: blockHash(bytes) }
}

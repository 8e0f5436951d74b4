import { expect, test } from 'vitest'
import { networks } from '../../domain/decred/network.ts'
import { SessionsCheck } from '../../src/audit/checks/sessions.ts'
import { Findings } from '../../src/audit/finding.ts'
import type { OtherEvent } from '../../src/audit/read-entry.ts'
import { References } from '../../src/audit/references.ts'

/** Connections of gateway 0 with one extranonce1, in an order in which a store may have taken them, and then shares, by their number. */
function checked(
  connections: readonly { readonly number: number; readonly resumes: number | null; readonly at: number }[],
  shares: readonly { readonly connection: number; readonly at: number }[],
): readonly string[] {
  const findings = new Findings()
  const references = new References(networks.simnet)
  const sessions = new SessionsCheck(findings.report, references)
  let entry = 0
  for (const { number, resumes, at } of connections) {
    const stream = { kind: 'connection', gateway: 0, connection: number } as const
    const begun: readonly OtherEvent[] = [
      { type: 'MinerConnected', data: { v: 1, at, extranonce1: '00000001', listener: 'main', resumes } },
      { type: 'MinerIdentified', data: { v: 1, at, agent: 'x', profile: 'plain' } },
    ]
    for (const each of begun) {
      references.take(entry, stream, each)
      sessions.take(entry++, stream, each)
    }
  }
  for (const { connection, at } of shares) {
    const one = Uint32Array.of(0)
    const columns = {
      ...{
        count: 1,
        connection: Uint32Array.of(connection),
        worker: one,
        job: one,
        elapsed: one,
        ntime: one,
      },
      ...{ nonce: one, difficulty: Float64Array.of(1), extranonce2: new Uint8Array(4) },
      ...{ extranonceStart: Uint32Array.of(0, 4), solved: [] },
    }
    const place = { stream: 'shares-0-2026112518', revision: 0, at }
    sessions.takeShares(references.resolve(entry++, 0, place, columns))
  }
  return findings.list().map(({ kind, entry }) => `${kind} ${entry}`)
}

const first = { number: 0, resumes: null, at: 0 }
const second = { number: 1, resumes: 0, at: 100_000 }
const third = { number: 2, resumes: 1, at: 200_000 }

test.each([
  ['first to last', [first, second, third]],
  ['last to first', [third, second, first]],
  ['out of order', [second, third, first]],
])('sessions that go from one connection to the next, in one commit, %s', (_, connections) => {
  const shares = [
    { connection: 2, at: 200_001 },
    { connection: 0, at: 99_999 },
    { connection: 1, at: 199_999 },
  ]
  expect(checked(connections, shares)).toEqual([])
  expect(checked(connections, shares.toReversed())).toEqual([])
})

test.each([
  ['before', [first, second]],
  ['after', [second, first]],
])(
  'a connection that goes on while another has its session, though it is in the log %s that one',
  (_, both) => {
    expect(
      checked(both, [
        { connection: 1, at: 100_001 },
        { connection: 0, at: 159_999 },
        { connection: 0, at: 160_001 },
      ]),
    ).toEqual(['ended-connection 6'])
  },
)

test.each([
  ['later', [first, { ...second, resumes: null }], 'wrong-extranonce 2'],
  ['earlier', [{ ...second, resumes: null }, first], 'wrong-extranonce 2'],
])('a second connection with the same extranonce1, of a %s number', (_, both, named) => {
  expect(
    checked(both, [
      { connection: 1, at: 100_001 },
      { connection: 0, at: 1 },
    ]),
  ).toContain(named)
})

test('one session that goes over 20,000 connections takes as long as 20,000 sessions', () => {
  const count = 20_000
  const connections = Array.from({ length: count }, (_, number) => ({
    ...{ number, resumes: number === 0 ? null : number - 1, at: number * 10 },
  }))
  const shares = connections.map(({ number, at }) => ({ connection: number, at: at + 1 }))
  const begunMs = performance.now()
  expect(checked(connections, shares)).toEqual([])
  expect(checked(connections, shares.toReversed())).toEqual([])
  expect(performance.now() - begunMs).toBeLessThan(5_000)
})

test('a session that two connections take over', () => {
  const other = { number: 2, resumes: 0, at: 100_000 }
  const shares = [
    { connection: 1, at: 100_001 },
    { connection: 2, at: 100_001 },
  ]
  expect(checked([first, second, other], shares)).toEqual(['wrong-extranonce 2', 'wrong-extranonce 4'])
})

test('a connection takes over from no later one, nor from itself', () => {
  const later = { number: 1, resumes: null, at: 0 }
  const shares = [{ connection: 0, at: 100_001 }]
  expect(checked([{ ...first, resumes: 1 }, later], shares)).toEqual([
    'wrong-extranonce 0',
    'wrong-extranonce 0',
  ])
  expect(checked([{ ...first, resumes: 0 }], shares)).toEqual(['wrong-extranonce 0'])
})

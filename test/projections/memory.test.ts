import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { type FoldError, foldInSlices, type LogEvent } from '../../projections/fold.ts'
import { forgottenConnections, releaseStored, startTally } from '../../projections/memory.ts'
import type { Stored, Tally } from '../../projections/tally.ts'
import {
  ALICE,
  accept,
  BOB,
  connect,
  disconnect,
  HASH,
  issue,
  openedLog,
} from '../adapters/read-models/log.ts'
import { ANN, moneyLog } from '../adapters/read-models/money-log.ts'

const nothingStored: Stored = {
  account: () => undefined,
  worker: () => undefined,
  bucket: () => undefined,
  solved: () => undefined,
  block: () => undefined,
  money: {
    holder: () => undefined,
    advances: () => [],
    lastLine: () => null,
    block: () => undefined,
    payout: () => undefined,
    funding: () => undefined,
  },
}

function foldEvent(tally: Tally, event: LogEvent): E.Either<FoldError, void> {
  const folding = foldInSlices(tally, event)
  for (;;) {
    const step = folding.next()
    if (step.done === true) return step.value
  }
}

/** A tally after these events, and after each of them was stored. */
function folded(log: ReturnType<typeof openedLog>): Tally {
  const tally = startTally(nothingStored)
  for (const event of log.events) {
    expect(foldEvent(tally, event)).toEqual(E.right(undefined))
    releaseStored(tally, forgottenConnections(tally))
  }
  return tally
}

test('who is connected stays in memory, who left is let go', () => {
  const log = openedLog()
  connect(log, 1, ALICE, 'rig')
  connect(log, 2, ALICE, 'rig')
  connect(log, 3, BOB, '')
  accept(
    log,
    0,
    [1, 2, 3].map((connection) => ({ connection, difficulty: 1 })),
  )
  disconnect(log, 2, 1_000)
  disconnect(log, 3, 1_000)
  issue(log, 0, 100, 121_000)
  const before = folded(log)
  expect([...before.workers.values()].map(({ name }) => name)).toEqual(['rig', ''])
  issue(log, 1, 101, 121_001)
  const after = folded(log)
  expect([...after.workers.values()].map(({ name }) => name)).toEqual(['rig'])
  expect([...after.accounts.keys()]).toEqual([ALICE])
  expect(after.connections.get(0)?.size).toBe(1)
  expect(after.ended).toEqual([])

  disconnect(log, 1, 200_000)
  issue(log, 2, 401, 400_000)
  const last = folded(log)
  expect([last.workers.size, last.accounts.size, last.connections.size]).toEqual([0, 0, 0])
  expect([...(last.jobs.get(0)?.keys() ?? [])]).toEqual([2])
})

test('of a meter only its newest buckets stay', () => {
  const log = openedLog()
  connect(log, 1, ALICE, 'rig')
  for (let minute = 0; minute < 30; minute++) accept(log, minute * 60_000, [{ connection: 1, difficulty: 1 }])
  const [worker] = folded(log).workers.values()
  expect(worker?.earlier).toEqual([])
  expect(worker?.newest.map((bucket) => bucket?.shares)).toEqual([1, 1, 3, 30])
})

test('nothing that is stored is a change any more', () => {
  const log = openedLog()
  connect(log, 1, ALICE, 'rig')
  accept(log, 0, [{ connection: 1, difficulty: 1, solves: HASH(1) }])
  const tally = startTally(nothingStored)
  for (const event of log.events) foldEvent(tally, event)
  expect(tally.changes.any).toBe(true)
  releaseStored(tally, [])
  expect(tally.changes).toEqual(startTally(nothingStored).changes)
})

test('of the money only the pool’s own accounts and its rules stay', () => {
  const log = moneyLog()
  log.block(1, 1_000, 'connected', 'approved', 'matured')
  log.settle(2_000, new Map([[ANN, 1n]]))
  log.plan(3_000)
  const tally = startTally(nothingStored)
  for (const event of log.events) foldEvent(tally, event)
  expect(tally.money.holders.size).toBe(1)
  releaseStored(tally, [])
  const { books, holders, plans, policy, openWork } = tally.money
  expect([books.blocks.size, books.payouts.size, books.funding.size, holders.size, plans.size]).toEqual([
    0, 0, 0, 0, 0,
  ])
  expect([...books.balances.keys()]).toEqual(['chain:coinbase', 'pool:fee:in-payout'])
  expect([books.names.ids, books.feePayouts, policy?.feePpm, openWork]).toEqual([[], 1, 10_000, []])
})

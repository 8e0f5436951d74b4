import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, describe, expect, test } from 'vitest'
import type { EventStore, RecordedEvent } from '../../adapters/event-store/port.ts'
import { openSqliteEventStore } from '../../adapters/event-store/sqlite/open.ts'
import type { EventData, EventType } from '../../domain/events.ts'
import { startDevnet } from '../../src/devnet/devnet.ts'
import { DEFAULT_SIMULATION, type SimulationOptions } from '../../src/simulate/options.ts'
import { SCHEMES } from '../../src/simulate/settings.ts'
import { type Simulation, simulate } from '../../src/simulate/simulate.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { checkMoney, recordsOf } from '../support/money-check.ts'
import { checkShares } from './check-shares.ts'

const SMALL = { ...DEFAULT_SIMULATION, shares: 2_000, miners: 20, sharesPerBlock: 50 }

interface History {
  readonly made: Simulation
  readonly log: readonly RecordedEvent[]
}

async function history(
  options: Partial<SimulationOptions>,
  store: EventStore = memoryEventStore(),
): Promise<History> {
  const made = await simulate(store, { ...SMALL, ...options })()
  if (E.isLeft(made)) throw new Error(made.left.message)
  const log = await store.readAll(null, 1_000_000)()
  if (E.isLeft(log)) throw new Error(log.left.message)
  return { made: made.right, log: log.right }
}

const dataOf = <T extends EventType>(log: readonly RecordedEvent[], type: T): readonly EventData<T>[] =>
  log.filter((each) => each.type === type).map(({ data }) => JSON.parse(data) as EventData<T>)

const directory = mkdtempSync(join(tmpdir(), 'lodebook-simulate-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the same options give the same history, byte for byte', () => {
  test('in whatever store', async () => {
    const store = await openSqliteEventStore({ file: join(directory, 'lodebook.db') })()
    if (E.isLeft(store)) throw new Error(store.left.message)
    const [inMemory, inFile] = [await history({ seed: 1 }), await history({ seed: 1 }, store.right)]
    await store.right.close()
    expect(inFile.log).toEqual(inMemory.log)
    expect(inFile.made.chain.tip.hash).toBe(inMemory.made.chain.tip.hash)
  })

  test('and another seed another one', async () => {
    const [one, other] = [await history({ seed: 1 }), await history({ seed: 2 })]
    expect(other.log.length).not.toBe(one.log.length)
    expect(other.made.chain.tip.hash).not.toBe(one.made.chain.tip.hash)
  })

  test('with the same shares, however many of them are one event', async () => {
    const sharesOf = async (sharesPerEvent: number) => {
      const { log } = await history({ seed: 3, sharesPerEvent })
      const events = dataOf(log, 'SharesAccepted')
      return {
        events: events.length,
        shares: events.flatMap(({ at, job, connection, nonce, elapsed }) =>
          nonce.map((each, i) => [at + (elapsed[i] ?? 0), job[i], connection[i], each]),
        ),
      }
    }
    const [small, large] = [await sharesOf(1), await sharesOf(600)]
    // Two at a time come only from devices that send the last one anew, changed.
    expect(small.events).toBeGreaterThan(0.99 * SMALL.shares)
    expect(large.events).toBeLessThan(SMALL.shares / 8)
    expect(large.shares).toEqual(small.shares)
  })
})

describe.each(SCHEMES)('a history under %s', (scheme) => {
  test.each([1, 2])('holds together, seed %i', async (seed) => {
    const { made, log } = await history({ seed, scheme })
    expect(made).toMatchObject({ shares: SMALL.shares, answered: SMALL.shares })
    const { shares, solved } = checkShares(log)
    expect(shares).toBe(SMALL.shares)
    expect(dataOf(log, 'BlockFound')).toHaveLength(solved)
    expect(solved).toBeGreaterThan(20)
    expect(dataOf(log, 'EpochClosed').reduce((sum, epoch) => sum + epoch.shares, 0)).toBe(SMALL.shares)
    for (const { by } of dataOf(log, 'BlockApproved')) expect(made.chain.get(by)).toBeDefined()
    if (scheme === 'solo') expect(recordsOf(log).books.balances.size).toBe(0)
    else checkMoney(log, made.chain, false)
  })
})

test('everything happens that can happen to a pool', async () => {
  const { log, made } = await history({ seed: 4, shares: 10_000, sharesPerBlock: 80 })
  checkMoney(log, made.chain, false)
  const types = new Set(log.map(({ type }) => type))
  const expected: readonly EventType[] = [
    'BlockDisconnected',
    'BlockOrphaned',
    'BlockDisapproved',
    'BlockMatured',
    'RewardReversed',
    'PayoutConfirmed',
    'SharesRejected',
    'MinerDisconnected',
  ]
  expect(expected.filter((type) => !types.has(type))).toEqual([])
  expect(dataOf(log, 'GatewayJoined')).toHaveLength(3)
  expect(dataOf(log, 'PolicyAdopted').map(({ feePpm }) => feePpm)).toEqual([10_000, 15_000])
  expect(dataOf(log, 'MinerConnected').some(({ resumes }) => resumes !== null)).toBe(true)
  const reasons = new Set(dataOf(log, 'SharesRejected').flatMap(({ reason }) => reason))
  expect([...reasons].sort()).toEqual([
    'duplicate',
    'low-difficulty',
    'malformed',
    'stale',
    'time-out-of-range',
    'unknown-job',
  ])
  const difficulties = new Set(dataOf(log, 'SharesAccepted').flatMap(({ difficulty }) => difficulty))
  expect(difficulties.size).toBeGreaterThan(4)
})

test('nothing bad happens without faults', async () => {
  const { log, made } = await history({ seed: 5, faults: false })
  checkMoney(log, made.chain, false)
  const bad = ['BlockDisconnected', 'BlockDisapproved', 'BlockOrphaned', 'RewardReversed']
  expect(log.filter(({ type }) => bad.includes(type))).toEqual([])
  expect(new Set(dataOf(log, 'RewardAllocated').map(({ height }) => height)).size).toBeGreaterThan(20)
})

test('the ASICs of BLAKE-256 mine as well', async () => {
  const { log, made } = await history({ seed: 5, powAlgorithm: 'blake256' })
  expect(checkShares(log).shares).toBe(SMALL.shares)
  checkMoney(log, made.chain, false)
  expect(new Set(dataOf(log, 'MinerIdentified').map(({ profile }) => profile)).size).toBeGreaterThan(3)
})

test('a devnet goes on with its chain and its wallet', async () => {
  const chainDirectory = join(directory, 'devnet')
  const { made } = await history({ seed: 6, chainDirectory })
  const devnet = await startDevnet({ dataDirectory: chainDirectory })
  try {
    expect(devnet.chain.tip.hash).toBe(made.chain.tip.hash)
  } finally {
    await devnet.stop()
  }
})

test('no history is written after another', async () => {
  const store = memoryEventStore()
  await history({ seed: 1, shares: 10 }, store)
  const again = await simulate(store, { ...SMALL, shares: 10 })()
  expect(again).toEqual(E.left({ message: 'memory holds a history already' }))
})

test('a store that fails ends the simulation with its sentence', async () => {
  const store = memoryEventStore()
  const failing: EventStore = {
    ...store,
    append: (appends) => {
      if (appends.some(({ stream }) => stream.startsWith('shares-')))
        store.failNextAppend({ kind: 'too-large', message: 'an event is too large' })
      return store.append(appends)
    },
  }
  const made = await simulate(failing, { ...SMALL, shares: 500 })()
  expect(made).toEqual(E.left({ message: 'an event is too large' }))
})

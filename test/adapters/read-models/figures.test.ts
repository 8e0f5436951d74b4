import { describe, expect, test } from 'vitest'
import { SCHEMA_VERSION } from '../../../adapters/read-models/schema.ts'
import { accountId } from '../../../domain/decred/address.ts'
import {
  ALICE,
  accept,
  BOB,
  connect,
  connectBlock,
  disconnect,
  find,
  HARD_BITS,
  HASH,
  header,
  issue,
  newLog,
  openedLog,
  readModelsOf,
  right,
  START,
} from './log.ts'

const MINUTE = 60_000
const HOUR = 3_600_000
const NOBODY = { after: null, limit: 10 }

describe('hashrates', () => {
  test('of worker, account and pool come from the difficulties of their shares, over each window', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig-1')
    connect(log, 2, ALICE, 'rig-2')
    connect(log, 3, BOB, '')
    accept(log, 0, [
      { connection: 1, difficulty: 1_000 },
      { connection: 3, difficulty: 50 },
    ])
    // An hour later less five minutes, and again just now.
    accept(log, 55 * MINUTE, [{ connection: 1, difficulty: 2_000 }])
    accept(log, HOUR - 1_000, [
      { connection: 1, difficulty: 3_000 },
      { connection: 1, difficulty: 3_000, elapsed: 10 },
      { connection: 2, difficulty: 500, elapsed: 20 },
    ])
    const models = readModelsOf(log.events)
    const account = right(models.account(ALICE, START + HOUR))
    const [first, second] = account?.workers.items ?? []

    // The minute began at 14:12:20 - that is, with a bucket: 60 s. 6000 * 2^32 / 60; sqrt(2 * 3000^2) * 2^32 / 60.
    expect(first?.name).toBe('rig-1')
    expect(first?.hashrate.minute).toEqual({
      seconds: 60,
      hashesPerSecond: '429496729600',
      standardError: '303700049998',
      shares: 2,
      rejected: 0,
    })
    // Ten minutes before 15:13:20 is 15:03:20, in the minute of 15:03:00: 620 s and 8000 of difficulty.
    expect(first?.hashrate.tenMinutes).toMatchObject({
      seconds: 620,
      hashesPerSecond: '55418932851',
      shares: 3,
    })
    // The worker is an hour old: its minute of 14:13 counts, the 20 s before it came do not.
    expect(first?.hashrate.hour).toMatchObject({ seconds: 3_600, hashesPerSecond: '10737418240', shares: 4 })
    expect(first?.hashrate.day).toMatchObject({ seconds: 3_600, hashesPerSecond: '10737418240', shares: 4 })
    expect(second?.hashrate.day).toMatchObject({ hashesPerSecond: '596523235', shares: 1 })

    expect(account?.hashrate.day).toMatchObject({ hashesPerSecond: '11333941475', shares: 5 })
    expect(right(models.pool(START + HOUR))?.hashrate.day).toMatchObject({
      hashesPerSecond: '11393593799',
      shares: 6,
    })
  })

  test('go by the time of the share, not of its event', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    accept(log, 0, [
      { connection: 1, difficulty: 1, elapsed: 0 },
      { connection: 1, difficulty: 2, elapsed: 9_999 },
      { connection: 1, difficulty: 4, elapsed: 10_000 },
      { connection: 1, difficulty: 8, elapsed: 80_000 },
    ])
    const models = readModelsOf(log.events)
    // The minute begins with 14:13:20, then with 14:13:30, so 1 and 2 are gone; 8 is yet to come, and is there at last.
    const sharesAt = (ms: number): number | undefined =>
      right(models.pool(START + ms))?.hashrate.minute.shares
    expect(sharesAt(69_999)).toBe(3)
    expect(sharesAt(70_000)).toBe(1)
    expect(sharesAt(80_000)).toBe(1)
    expect(right(models.account(ALICE, START))?.lastShareAt).toBe(START + 80_000)
  })

  test('end when nothing comes any more', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    accept(log, 0, [{ connection: 1, difficulty: 1 }])
    const models = readModelsOf(log.events)
    const later = right(models.pool(START + 25 * HOUR))
    expect(later?.hashrate.day).toMatchObject({ hashesPerSecond: '0', standardError: '0', shares: 0 })
    expect(later?.shares.accepted).toBe(1)
  })

  test('of a share that came late count in its own time', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    accept(log, 45_000, [{ connection: 1, difficulty: 5 }])
    accept(log, 0, [{ connection: 1, difficulty: 3 }])
    accept(log, 46_000, [{ connection: 1, difficulty: 7 }])
    const { points } = right(
      readModelsOf(log.events).hashrateHistory({ from: START, to: START + MINUTE, stepSeconds: 60 }),
    ) ?? { points: [] }
    // 3 * 2^32 / 40 in what the pool saw of the minute of 14:13, 12 * 2^32 / 20 in that of 14:14 so far.
    expect(points).toMatchObject([
      { at: START - 20_000, seconds: 40, shares: 1, hashesPerSecond: '322122547' },
      { at: START + 40_000, seconds: 20, shares: 2, hashesPerSecond: '2576980377' },
    ])
  })
})

describe('a chart', () => {
  const day = 24 * HOUR

  function aMonth() {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    for (let at = 0; at <= 40 * day; at += 6 * HOUR) accept(log, at, [{ connection: 1, difficulty: 3_600 }])
    return readModelsOf(log.events)
  }

  test('is made of the coarsest buckets that make its step', () => {
    const models = aMonth()
    const now = START + 40 * day
    const chart = right(models.hashrateHistory({ from: now - day, to: now, stepSeconds: 600 }))
    expect(chart?.stepSeconds).toBe(600)
    expect(chart?.points).toHaveLength(145)
    expect(chart?.points.filter(({ shares }) => shares > 0)).toHaveLength(5)
    // 3600 * 2^32 / 600
    expect(chart?.points.find(({ shares }) => shares > 0)).toMatchObject({ hashesPerSecond: '25769803776' })
  })

  test('of old times has the steps that are left of them', () => {
    const models = aMonth()
    const now = START + 40 * day
    const chart = right(models.hashrateHistory({ from: now - 7 * day, to: now, stepSeconds: 60 }))
    expect(chart?.stepSeconds).toBe(3_600)
    const whole = right(models.hashrateHistory({ from: 0, to: now, stepSeconds: 86_400 }))
    expect(whole?.points.length).toBe(31)
    for (const point of whole?.points.slice(0, -1) ?? []) expect(point.shares).toBe(4)
  })

  test('of account and worker', () => {
    const models = aMonth()
    const range = { from: START, to: START + 40 * day, stepSeconds: 3_600 }
    const account = right(models.hashrateHistory({ ...range, account: ALICE }))
    expect(right(models.hashrateHistory({ ...range, account: ALICE, worker: 'rig' }))).toEqual(account)
    expect(account?.points.reduce((sum, { shares }) => sum + shares, 0)).toBeGreaterThan(120)
    expect(right(models.hashrateHistory({ ...range, account: BOB }))).toBeUndefined()
    expect(right(models.hashrateHistory({ ...range, account: ALICE, worker: 'other' }))).toBeUndefined()
  })

  test('that makes no sense is refused', () => {
    const models = aMonth()
    const refused = [
      { from: START, to: START, stepSeconds: 60 },
      { from: START, to: START + 1, stepSeconds: 59 },
      { from: START, to: START + 1, stepSeconds: 60.5 },
      { from: Number.NaN, to: START, stepSeconds: 60 },
      { from: START + 40 * day - HOUR, to: START + 42 * day, stepSeconds: 60 },
    ]
    for (const request of refused)
      expect(models.hashrateHistory(request)).toMatchObject({ left: { kind: 'bad-request' } })
  })
})

describe('shares', () => {
  test('accepted and refused are counted by worker, account and pool, the refused by reason', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    connect(log, 2, ALICE, 'other')
    accept(log, 0, [
      { connection: 1, difficulty: 10 },
      { connection: 2, difficulty: 20 },
      { connection: 99, difficulty: 40 },
    ])
    const rejected = {
      since: START,
      connection: [1, 1, 2, 1, 77],
      worker: [0, 0, 0, null, 0],
      needed: [1_000, 0, 0, 0, 0],
      best: [999, 0, 0, 0, 0],
      others: 100,
    }
    log.add('shares-0-2026092114', 'SharesRejected', 1_000, {
      ...rejected,
      reason: ['low-difficulty', 'stale', 'stale', 'unauthorized', 'duplicate'],
      count: [3, 2, 5, 7, 11],
    })
    log.add('shares-0-2026092114', 'SharesRejected', 2_000, {
      ...rejected,
      reason: ['low-difficulty', 'stale', 'stale', 'unauthorized', 'duplicate'],
      count: [1, 0, 0, 0, 0],
      needed: [2_000, 0, 0, 0, 0],
      best: [1_500, 0, 0, 0, 0],
      others: 0,
    })
    const models = readModelsOf(log.events)
    const pool = right(models.pool(START + 2_000))
    expect(pool?.shares).toMatchObject({ accepted: 3, difficulty: '70', rejected: 129 })
    expect(pool?.shares.reasons.map(({ reason, count }) => [reason, count])).toEqual([
      ['duplicate', 11],
      ['stale', 7],
      ['unauthorized', 7],
      ['low-difficulty', 4],
    ])
    expect(pool?.hashrate.minute.rejected).toBe(129)

    const account = right(models.account(ALICE, START + 2_000))
    expect(account?.shares).toMatchObject({ accepted: 2, difficulty: '30', rejected: 11 })
    expect(account?.hashrate.minute.rejected).toBe(11)
    const rig = account?.workers.items.find(({ name }) => name === 'rig')
    expect(rig?.shares).toEqual({
      accepted: 1,
      difficulty: '10',
      rejected: 6,
      reasons: [
        { reason: 'low-difficulty', count: 4, needed: 2_000, best: 1_500, lastAt: START + 2_000 },
        { reason: 'stale', count: 2, needed: 0, best: 0, lastAt: START + 2_000 },
      ],
    })
  })

  test('whose difficulties sum up past 2^53 are summed exactly', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    for (let i = 0; i < 5; i++) accept(log, i * MINUTE, [{ connection: 1, difficulty: 2 ** 53 - 1 }])
    const models = readModelsOf(log.events)
    expect(right(models.pool(START))?.shares.difficulty).toBe(String(5n * (2n ** 53n - 1n)))
    expect(right(models.account(ALICE, START))?.shares.difficulty).toBe(String(5n * (2n ** 53n - 1n)))
  })
})

describe('miners, workers and connections', () => {
  test('are counted while they are connected', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    connect(log, 2, ALICE, 'rig')
    connect(log, 3, ALICE, 'other')
    connect(log, 4, BOB, '')
    const before = right(readModelsOf(log.events).pool(START))
    expect(before).toMatchObject({ miners: 2, workers: 3, connections: 4 })
    disconnect(log, 1, 1_000)
    disconnect(log, 4, 1_000)
    expect(right(readModelsOf(log.events).pool(START))).toMatchObject({
      miners: 1,
      workers: 2,
      connections: 2,
    })
  })

  test('of a gateway that was killed end when the next one begins', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    connect(log, 2, BOB, 'rig')
    log.add('pool', 'GatewayJoined', MINUTE, { gateway: 1, extranoncePrefix: '01', software: 'lodebook' })
    expect(right(readModelsOf(log.events).pool(START))).toMatchObject({
      miners: 0,
      workers: 0,
      connections: 0,
    })
    connect(log, 1, ALICE, 'rig', MINUTE, 1)
    const models = readModelsOf(log.events)
    expect(right(models.pool(START))).toMatchObject({ miners: 1, workers: 1, connections: 1 })
    const [rig] = right(models.workers(ALICE, NOBODY, START)).items
    expect(rig?.connections).toMatchObject([{ gateway: 1, connection: 1 }])
  })

  test('shares that a connection had under way when it ended still count for its worker', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    disconnect(log, 1, 1_000)
    accept(log, 2_000, [{ connection: 1, difficulty: 7 }])
    const account = right(readModelsOf(log.events).account(ALICE, START + 2_000))
    expect(account?.shares).toMatchObject({ accepted: 1, difficulty: '7' })
  })

  test.each([
    ['stored in between', true],
    ['folded at once', false],
  ])('who comes back finds the work of before, who is long gone is not counted (%s)', (_, stored) => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    accept(log, 0, [{ connection: 1, difficulty: 1 }])
    disconnect(log, 1, 1_000)
    issue(log, 0, 100, 3 * MINUTE)
    issue(log, 1, 100, 3 * MINUTE)
    accept(log, 3 * MINUTE, [{ connection: 1, difficulty: 1 }])
    connect(log, 2, ALICE, 'rig', 3 * MINUTE)
    accept(log, 3 * MINUTE, [{ connection: 2, difficulty: 1 }])
    const models = readModelsOf([])
    for (const event of log.events) {
      right(models.apply([event]))
      if (stored) right(models.pool(START))
    }
    const now = START + 3 * MINUTE
    expect(right(models.pool(now))?.hashrate.day.shares).toBe(3)
    expect(right(models.account(ALICE, now))?.hashrate.day.shares).toBe(2)
    expect(right(models.account(ALICE, now))?.workers.items[0]?.hashrate.day.shares).toBe(2)
  })

  test('a connection tells what its miner said and its newest difficulty', () => {
    const log = openedLog()
    connect(log, 5, ALICE, 'rig', 1_000)
    log.add('connection-0.5', 'DifficultyAssigned', 1_000, { difficulty: 64, job: 0 })
    log.add('connection-0.5', 'DifficultyAssigned', 9_000, { difficulty: 256, job: 3 })
    const [rig] = right(readModelsOf(log.events).workers(ALICE, NOBODY, START + 9_000)).items
    expect(rig).toMatchObject({ connectionCount: 1, lastShareAt: null })
    expect(rig?.connections).toEqual([
      {
        gateway: 0,
        connection: 5,
        listener: 'main',
        agent: 'gominer/2.0.0',
        profile: 'gominer',
        difficulty: 256,
        connectedAt: START + 1_000,
      },
    ])
  })

  test('a worker that never sent a share is forgotten when it has gone; one that did is not', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'silent')
    connect(log, 2, ALICE, 'busy')
    accept(log, 0, [{ connection: 2, difficulty: 1 }])
    disconnect(log, 1, 1_000)
    disconnect(log, 2, 1_000)
    const names = (events: typeof log.events): string[] =>
      right(readModelsOf(events).workers(ALICE, NOBODY, START)).items.map(({ name }) => name)
    expect(names(log.events).sort()).toEqual(['busy', 'silent'])
    issue(log, 0, 100, 5 * MINUTE)
    expect(names(log.events)).toEqual(['busy'])
    issue(log, 1, 101, 32 * 24 * HOUR)
    expect(names(log.events)).toEqual([])
    expect(right(readModelsOf(log.events).account(ALICE, START))?.shares.accepted).toBe(1)
  })

  test('a worker that comes back within a month goes on, after it begins anew', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    accept(log, 0, [{ connection: 1, difficulty: 1 }])
    disconnect(log, 1, 1_000)
    connect(log, 2, ALICE, 'rig', 30 * 24 * HOUR)
    const accepted = (): number | undefined =>
      right(readModelsOf(log.events).workers(ALICE, NOBODY, START)).items[0]?.shares.accepted
    expect(accepted()).toBe(1)
    disconnect(log, 2, 30 * 24 * HOUR)
    connect(log, 3, ALICE, 'rig', 62 * 24 * HOUR)
    expect(accepted()).toBe(0)
  })

  test('an account is found by its address, too', () => {
    const log = openedLog()
    const address = 'DsmcYVbP1Nmag2H4AS17UTvmWXmGeA7nLDx'
    const id = accountId(address)
    log.add(`account-${id}`, 'AccountOpened', 5_000, { address })
    connect(log, 1, id, 'rig', 6_000)
    const models = readModelsOf(log.events)
    const byAddress = right(models.account(address, START + 7_000))
    expect(byAddress).toMatchObject({ account: id, address, openedAt: START + 5_000, workersOnline: 1 })
    expect(right(models.account(id, START + 7_000))).toEqual(byAddress)
    expect(right(models.account('DsNobody', START))).toBeUndefined()
    expect(right(models.workers('DsNobody', NOBODY, START))).toEqual({ items: [], next: null })
  })
})

describe('rounds', () => {
  /** Three shares of half a round each, in jobs of two difficulties; the second one finds block 1 and ends the round. */
  function twoBlocks() {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    issue(log, 0, 100, 0)
    // 2^16 times harder than the limit, then twice that.
    issue(log, 1, 101, 0, 0x1a7fff80)
    accept(log, 1_000, [
      { connection: 1, difficulty: 32_768, job: 0 },
      { connection: 1, difficulty: 65_536, job: 1, solves: HASH(1) },
      { connection: 1, difficulty: 65_536, job: 1 },
    ])
    return log
  }

  test('effort is difficulty over the network difficulty of the job that each share was for', () => {
    const pool = right(readModelsOf(twoBlocks().events).pool(START + 1_000))
    expect(pool?.round).toMatchObject({ block: null, since: START, shares: 3, difficulty: '163840' })
    expect(pool?.round.effort).toBeCloseTo(1.5, 4)
    expect(pool?.luck).toEqual({ last10: { blocks: 0, luck: null }, last100: { blocks: 0, luck: null } })
  })

  test.each([
    ['stored in between', true],
    ['folded at once', false],
  ])('a share of a job that is long gone counts like one of the newest work (%s)', (_, stored) => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    issue(log, 0, 100, 0)
    issue(log, 1, 400, 0, 0x1a7fff80)
    accept(log, 1_000, [{ connection: 1, difficulty: 65_536, job: 0 }])
    const models = readModelsOf([])
    for (const event of log.events) {
      right(models.apply([event]))
      if (stored) right(models.unfinishedBlocks())
    }
    expect(right(models.pool(START))?.round.effort).toBeCloseTo(0.5, 4)
  })

  test('a block ends the round with its share once it is on the main chain', () => {
    const log = twoBlocks()
    find(log, HASH(1), 101, 2_000)
    expect(right(readModelsOf(log.events).pool(START))?.round.block).toBeNull()
    connectBlock(log, HASH(1), 3_000)
    const pool = right(readModelsOf(log.events).pool(START))
    expect(pool?.round).toMatchObject({
      block: HASH(1),
      since: START + 2_000,
      shares: 1,
      difficulty: '65536',
    })
    expect(pool?.round.effort).toBeCloseTo(0.5, 4)
    expect(pool?.lastBlock?.effort).toBeCloseTo(1, 4)
    expect(pool?.luck.last10.luck).toBeCloseTo(1, 4)
  })

  test('a block that leaves the chain gives its round back to the next one', () => {
    const log = twoBlocks()
    find(log, HASH(1), 101, 2_000)
    connectBlock(log, HASH(1), 3_000)
    accept(log, 4_000, [{ connection: 1, difficulty: 65_536, job: 1, solves: HASH(2) }])
    find(log, HASH(2), 102, 5_000)
    connectBlock(log, HASH(2), 6_000)
    const effortOf = (events: typeof log.events, hash: string): number | undefined =>
      right(readModelsOf(events).block(hash))?.effort
    expect(effortOf(log.events, HASH(2))).toBeCloseTo(1, 4)
    const both = right(readModelsOf(log.events).pool(START))
    expect(both?.luck.last10).toMatchObject({ blocks: 2 })
    expect(both?.luck.last10.luck).toBeCloseTo(1, 4)

    log.add(`block-${HASH(1)}`, 'BlockDisconnected', 7_000, {})
    expect(effortOf(log.events, HASH(1))).toBeCloseTo(1, 4)
    expect(effortOf(log.events, HASH(2))).toBeCloseTo(2, 4)
    const one = right(readModelsOf(log.events).pool(START))
    expect(one?.luck.last10).toMatchObject({ blocks: 1 })
    expect(one?.luck.last10.luck).toBeCloseTo(0.5, 4)
    expect(one?.round.block).toBe(HASH(2))
  })

  test('luck looks at the last rounds only', () => {
    const log = openedLog()
    connect(log, 1, ALICE, 'rig')
    issue(log, 0, 100, 0)
    // A round of 91, then ten of one.
    for (let n = 1; n <= 11; n++) {
      const difficulty = n === 1 ? 91 * 65_536 : 65_536
      accept(log, n * 1_000, [{ connection: 1, difficulty, solves: HASH(n) }])
      find(log, HASH(n), 100 + n, n * 1_000)
      connectBlock(log, HASH(n), n * 1_000)
    }
    const luck = right(readModelsOf(log.events).pool(START))?.luck
    expect(luck?.last10.blocks).toBe(10)
    expect(luck?.last10.luck).toBeCloseTo(1, 4)
    expect(luck?.last100.blocks).toBe(11)
    expect(luck?.last100.luck).toBeCloseTo(11 / 101, 4)
  })
})

describe('blocks', () => {
  const life = (log: ReturnType<typeof openedLog>) => right(readModelsOf(log.events).block(HASH(1)))
  const submit = (
    log: ReturnType<typeof openedLog>,
    verdict: 'accepted' | 'rejected' | 'failed',
    message = '',
  ) => log.add(`block-${HASH(1)}`, 'BlockSubmitted', 1_000, { node: 'dcrd-1', verdict, message })

  test('go through the states of their life, and remember it', () => {
    const log = openedLog()
    issue(log, 0, 100, 0)
    find(log, HASH(1), 100, 500)
    expect(life(log)).toMatchObject({ state: 'found', reward: null, decidedBy: null, confirmations: 0 })
    submit(log, 'failed', 'timeout')
    expect(life(log)?.state).toBe('found')
    submit(log, 'rejected')
    expect(life(log)?.state).toBe('rejected')
    submit(log, 'accepted')
    expect(life(log)?.state).toBe('submitted')
    submit(log, 'rejected')
    expect(life(log)?.state).toBe('submitted')
    connectBlock(log, HASH(1), 2_000)
    issue(log, 1, 101, 2_000)
    expect(life(log)).toMatchObject({
      state: 'connected',
      confirmations: 1,
      maturity: 257,
      reward: { transaction: HASH(0xfee), output: 2, atoms: '1000000000' },
    })
    submit(log, 'rejected')
    expect(life(log)?.state).toBe('connected')
    log.add(`block-${HASH(1)}`, 'BlockApproved', 3_000, { by: HASH(2) })
    issue(log, 2, 103, 3_000)
    expect(life(log)).toMatchObject({ state: 'approved', decidedBy: HASH(2), confirmations: 3 })
    log.add(`block-${HASH(1)}`, 'BlockDisapproved', 4_000, { by: HASH(3) })
    expect(life(log)).toMatchObject({ state: 'disapproved', decidedBy: HASH(3) })
    log.add(`block-${HASH(1)}`, 'BlockDisconnected', 5_000, {})
    expect(life(log)).toMatchObject({ state: 'disconnected', decidedBy: null, confirmations: 0 })
    connectBlock(log, HASH(1), 6_000)
    log.add(`block-${HASH(1)}`, 'BlockApproved', 7_000, { by: HASH(2) })
    log.add(`block-${HASH(1)}`, 'BlockMatured', 8_000, { confirmations: 257 })
    const view = life(log)
    expect(view).toMatchObject({ state: 'matured', decidedBy: HASH(2) })
    expect(view?.life.map(({ step, at }) => [step, at - START])).toEqual([
      ['found', 500],
      ['submitted', 1_000],
      ['submitted', 1_000],
      ['submitted', 1_000],
      ['submitted', 1_000],
      ['connected', 2_000],
      ['submitted', 1_000],
      ['approved', 3_000],
      ['disapproved', 4_000],
      ['disconnected', 5_000],
      ['connected', 6_000],
      ['approved', 7_000],
      ['matured', 8_000],
    ])
    expect(view?.submissions[0]).toEqual({
      at: START + 1_000,
      node: 'dcrd-1',
      verdict: 'failed',
      message: 'timeout',
    })
    expect(view?.life[1]?.detail).toBe('Node dcrd-1 did not answer: timeout')
    expect(view?.life[2]?.detail).toBe('Node dcrd-1 refused it.')
  })

  test('are counted by state', () => {
    const log = openedLog()
    for (const n of [1, 2, 3]) find(log, HASH(n), 100 + n, 0)
    connectBlock(log, HASH(1), 1_000)
    log.add(`block-${HASH(2)}`, 'BlockOrphaned', 2_000, { why: 'refused by every node' })
    expect(right(readModelsOf(log.events).pool(START))?.blocks).toMatchObject({
      found: 1,
      connected: 1,
      orphaned: 1,
      matured: 0,
    })
    expect(right(readModelsOf(log.events).block(HASH(2)))?.life.at(-1)?.detail).toBe('refused by every node')
  })

  test('name their finder, or nobody when the share was lost', () => {
    const log = openedLog()
    const address = 'DsmcYVbP1Nmag2H4AS17UTvmWXmGeA7nLDx'
    log.add(`account-${ALICE}`, 'AccountOpened', 0, { address })
    find(log, HASH(1), 100, 0)
    find(log, HASH(2), 101, 0, { share: null, connection: null, account: null, worker: null })
    const models = readModelsOf(log.events)
    expect(right(models.block(HASH(1)))?.finder).toEqual({
      account: ALICE,
      address,
      worker: 'rig',
      connection: 1,
    })
    expect(right(models.block(HASH(1)))?.share).toEqual({
      stream: 'shares-0-2026092114',
      revision: 0,
      index: 0,
    })
    expect(right(models.block(HASH(2)))).toMatchObject({ finder: null, share: null })
    expect(right(models.account(ALICE, START))?.blocksFound).toBe(1)
    expect(right(models.blocks({ account: ALICE }, NOBODY)).items.map(({ hash }) => hash)).toEqual([HASH(1)])
    expect(right(models.block(HASH(3)))).toBeUndefined()
  })

  test('that are not over are there for who has to follow them up', () => {
    const log = openedLog()
    for (const n of [1, 2, 3, 4]) find(log, HASH(n), 100 + n, n)
    connectBlock(log, HASH(1), 1_000)
    log.add(`block-${HASH(1)}`, 'BlockMatured', 2_000, { confirmations: 257 })
    log.add(`block-${HASH(2)}`, 'BlockOrphaned', 2_000, { why: 'x' })
    connectBlock(log, HASH(3), 3_000)
    log.add(`block-${HASH(3)}`, 'BlockDisapproved', 4_000, { by: HASH(9) })
    expect(right(readModelsOf(log.events).unfinishedBlocks())).toEqual([
      {
        hash: HASH(3),
        height: 103,
        state: 'disapproved',
        revision: 2,
        foundAt: START + 3,
        header: header(103, HARD_BITS, 1),
        powAlgorithm: 'blake3',
        decidedBy: HASH(9),
      },
      expect.objectContaining({ hash: HASH(4), state: 'found', revision: 0 }),
    ])
  })
})

describe('a share that solved a block', () => {
  test('is kept, with all it takes to rebuild its header, until its block is in the log', () => {
    const log = openedLog()
    connect(log, 7, ALICE, 'rig')
    issue(log, 0, 100, 0)
    accept(log, 1_000, [
      { connection: 7, difficulty: 10 },
      { connection: 7, difficulty: 20, elapsed: 40, solves: HASH(1) },
    ])
    const [solved, ...others] = right(readModelsOf(log.events).solvedWithoutBlock())
    expect(others).toEqual([])
    expect(solved).toEqual({
      share: { stream: 'shares-0-2026092114', revision: 0, index: 1 },
      hash: HASH(1),
      at: START + 1_040,
      gateway: 0,
      job: 0,
      connection: 7,
      account: ALICE,
      worker: 'rig',
      difficulty: 20,
      extranonce1: '00000007',
      profile: 'gominer',
      extranonce2: '00000001',
      ntime: 1,
      nonce: 1_001,
    })
    find(log, HASH(1), 100, 2_000)
    expect(right(readModelsOf(log.events).solvedWithoutBlock())).toEqual([])
  })

  test('whose block came first in the log is not waited for', () => {
    const log = openedLog()
    find(log, HASH(1), 100, 0)
    accept(log, 1_000, [{ connection: 7, difficulty: 20, solves: HASH(1) }])
    expect(right(readModelsOf(log.events).solvedWithoutBlock())).toEqual([])
  })

  test('keeps its job, however old; other jobs go with their height', () => {
    const log = openedLog()
    connect(log, 7, ALICE, 'rig')
    issue(log, 0, 100, 0)
    issue(log, 1, 100, 0)
    accept(log, 1_000, [{ connection: 7, job: 1, difficulty: 20, solves: HASH(1) }])
    issue(log, 2, 399, 2_000)
    expect(right(readModelsOf(log.events).job(0, 0))).toMatchObject({ job: 0, height: 100 })
    issue(log, 3, 400, 3_000)
    const models = readModelsOf(log.events)
    expect(right(models.job(0, 0))).toBeUndefined()
    expect(right(models.job(0, 1))).toEqual({
      gateway: 0,
      job: 1,
      header: header(100, HARD_BITS, 1),
      powAlgorithm: 'blake3',
      height: 100,
      bits: HARD_BITS,
      subsidy: '1000000000',
      issuedAt: START,
      reason: 'new-parent',
    })
    find(log, HASH(1), 100, 4_000)
    expect(right(readModelsOf(log.events).job(0, 1))).toBeUndefined()
  })

  test('jobs are found by the Merkle root of their template, the newest first', () => {
    const log = openedLog()
    issue(log, 5, 100, 0)
    log.add('work-0-2026092114', 'WorkIssued', 1_000, {
      job: 6,
      header: header(100, HARD_BITS, 5),
      powAlgorithm: 'blake3',
      height: 100,
      bits: HARD_BITS,
      subsidy: '1',
      reason: 'refresh',
    })
    const models = readModelsOf(log.events)
    expect(right(models.jobsByMerkleRoot(HASH(5))).map(({ job }) => job)).toEqual([6, 5])
    expect(right(models.jobsByMerkleRoot(HASH(6)))).toEqual([])
  })
})

describe('work', () => {
  test('is the newest that was issued, with what it says about the network', () => {
    const log = openedLog()
    expect(right(readModelsOf(log.events).pool(START))?.work).toBeNull()
    issue(log, 0, 100, 0)
    issue(log, 1, 101, 5_000)
    expect(right(readModelsOf(log.events).pool(START))?.work).toEqual({
      gateway: 0,
      job: 1,
      height: 101,
      bits: HARD_BITS,
      networkDifficulty: 65_537,
      // 2^64 / 65535 hashes in 300 s
      networkHashesPerSecond: '938264239144',
      issuedAt: START + 5_000,
      reason: 'new-parent',
    })
  })
})

test('before the pool opened there are no figures', () => {
  const models = readModelsOf(newLog().events)
  expect(right(models.pool(START))).toBeUndefined()
  expect(right(models.account(ALICE, START))).toBeUndefined()
  expect(right(models.miners(NOBODY, START))).toEqual({ items: [], next: null })
  expect(models.status()).toEqual({
    version: SCHEMA_VERSION,
    position: null,
    entries: 0,
    skipped: 0,
    eventAt: null,
  })
})

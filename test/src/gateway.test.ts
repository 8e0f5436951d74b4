import { pino } from 'pino'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { memoryEventStore } from '../../adapters/event-store/memory/store.ts'
import type { LineHandler, MinerSocket } from '../../adapters/stratum/port.ts'
import { HEADER_BYTES } from '../../domain/decred/header.ts'
import { networks } from '../../domain/decred/network.ts'
import type { DisconnectReason } from '../../domain/events.ts'
import type { SolvedShare } from '../../src/actors/connection.ts'
import { type Gateway, openGateway } from '../../src/actors/gateway.ts'
import { type Journal, openJournal } from '../../src/journal.ts'
import { type PoolOverrides, poolConfig, temporaryDirectory } from '../support/running-pool.ts'

const ADDRESS = 'SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc'

interface Miner {
  readonly handler: LineHandler
  readonly heard: () => readonly Record<string, unknown>[]
  readonly ended: DisconnectReason[]
  readonly say: (method: string, params: readonly unknown[]) => void
}

interface House {
  readonly gateway: Gateway
  readonly journal: Journal
  readonly solved: SolvedShare[]
  readonly clock: { now: number }
  readonly connect: () => Miner
  readonly block: (parent: number, bits?: number) => void
}

const open: { gateway: Gateway; journal: Journal }[] = []
afterEach(async () => {
  for (const { gateway, journal } of open.splice(0)) {
    gateway.drain()
    gateway.end()
    await journal.stop(1_000)
  }
})

/** A gateway without sockets, node or disk: lines in, lines out. */
function house(over: PoolOverrides = {}): House {
  const clock = { now: Date.UTC(2026, 10, 23) }
  const config = poolConfig(temporaryDirectory(), [], over)
  const solved: SolvedShare[] = []
  const journal = openJournal({
    store: memoryEventStore(),
    gateway: 0,
    nowMs: () => clock.now,
    ...config.journal,
    onCommit: () => undefined,
    onRejected: () => undefined,
    onStoreError: () => undefined,
    onStopped: () => undefined,
  })
  let sessions = 0
  const gateway = openGateway({
    ordinal: 0,
    prefix: 0xab,
    network: networks.simnet,
    config,
    journal,
    nowMs: () => clock.now,
    newSessionId: () => `session-${++sessions}`,
    solved: (share) => solved.push(share),
    log: pino({ level: 'silent' }),
  })
  open.push({ gateway, journal })
  const [listening] = config.listeners
  if (listening === undefined) throw new Error('no listener')
  return {
    gateway,
    journal,
    solved,
    clock,
    connect: () => {
      let heard = ''
      let id = 0
      const ended: DisconnectReason[] = []
      const socket: MinerSocket = {
        listener: 'test',
        remoteAddress: '192.0.2.1',
        write: (bytes) => {
          heard += bytes.toString()
          return true
        },
        end: (reason) => ended.push(reason),
      }
      const handler = gateway.acceptOn(listening)(socket)
      return {
        handler,
        ended,
        heard: () =>
          heard
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line)),
        say: (method, params) => handler.line(JSON.stringify({ id: ++id, method, params })),
      }
    },
    block: (parent, bits = 0x207fffff) => {
      const header = new Uint8Array(HEADER_BYTES).fill(parent, 4, 36)
      const view = new DataView(header.buffer)
      view.setUint32(116, bits, true)
      view.setUint32(128, parent, true)
      view.setUint32(136, clock.now / 1000, true)
      gateway.work({ header, powAlgorithm: 'blake3', reason: 'new-parent' }, 0n)
    },
  }
}

const begin = (miner: Miner): void => {
  miner.say('mining.subscribe', ['cpuminer/1.0.0'])
  miner.say('mining.authorize', [`${ADDRESS}.rig`, ''])
}
const jobs = (miner: Miner): readonly (readonly unknown[])[] =>
  miner
    .heard()
    .flatMap(({ method, params }) => (method === 'mining.notify' && Array.isArray(params) ? [params] : []))
const difficulties = (miner: Miner): readonly unknown[] =>
  miner
    .heard()
    .flatMap(({ method, params }) =>
      method === 'mining.set_difficulty' && Array.isArray(params) ? params : [],
    )

/** Sends so many shares of the newest job, from a nonce on; about every second meets the easiest target. */
function shares(miner: Miner, count: number, from = 0): void {
  const job = jobs(miner).at(-1) ?? []
  for (let nonce = from; nonce < from + count; nonce++)
    miner.say('mining.submit', ['w', job[0], '00000000', job[7], nonce.toString(16).padStart(8, '0')])
}

test('where every share is a block, a few on each parent are offered and all are paid', async () => {
  const { block, connect, solved, journal } = house()
  block(1)
  const miner = connect()
  begin(miner)
  shares(miner, 100)
  await vi.waitFor(() => expect(journal.state().queuedShares).toBe(0))
  const taken = miner.heard().filter(({ id, result }) => Number(id) > 2 && result === true)
  expect(taken.length).toBeGreaterThan(30)
  expect(solved).toHaveLength(8)
  block(2)
  shares(miner, 100)
  expect(solved).toHaveLength(16)
})

test('a miner that is far too fast gets a harder job of its own within seconds, others are left alone', () => {
  vi.useFakeTimers()
  try {
    const over = { listener: { difficulty: { start: 1, min: 1, max: null, fixed: null } } }
    const { block, connect, clock } = house(over)
    block(1, 0x1d00ffff)
    const [fast, calm] = [connect(), connect()]
    begin(fast)
    begin(calm)
    for (let second = 0; second < 10; second++) {
      shares(fast, 60, second * 60)
      clock.now += 1_000
      vi.advanceTimersByTime(1_000)
    }
    expect(difficulties(fast).slice(0, 3)).toEqual([1, 4, 16])
    expect(difficulties(calm)).toEqual([1])
    expect(jobs(calm)).toHaveLength(1)
    expect(jobs(fast).at(-1)?.[8]).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})

test('an idle job is refreshed with a later time, and not while the node is gone', () => {
  vi.useFakeTimers()
  try {
    const { block, connect, clock, gateway } = house()
    block(1, 0x1d00ffff)
    const miner = connect()
    begin(miner)
    const pass = (ms: number): void => {
      clock.now += ms
      vi.advanceTimersByTime(1_000)
    }
    pass(59_000)
    expect(jobs(miner)).toHaveLength(1)
    pass(2_000)
    expect(jobs(miner)).toHaveLength(2)
    const [first, second] = jobs(miner)
    expect(second?.[1]).toEqual(first?.[1])
    expect(second?.[7]).not.toEqual(first?.[7])
    expect(second?.[8]).toBe(false)
    gateway.holdWork(true)
    pass(120_000)
    expect(jobs(miner)).toHaveLength(2)
    gateway.holdWork(false)
    pass(1_000)
    expect(jobs(miner)).toHaveLength(3)
  } finally {
    vi.useRealTimers()
  }
})

describe('new transactions', () => {
  test('are given out every half minute at most, without throwing work away', () => {
    vi.useFakeTimers()
    try {
      const { connect, clock, gateway } = house()
      const give = (fees: number, reason: 'new-parent' | 'new-transactions'): void => {
        const header = new Uint8Array(HEADER_BYTES)
        header[40] = fees
        new DataView(header.buffer).setUint32(116, 0x1d00ffff, true)
        gateway.work({ header, powAlgorithm: 'blake3', reason }, 0n)
      }
      give(0, 'new-parent')
      const miner = connect()
      begin(miner)
      give(1, 'new-transactions')
      give(2, 'new-transactions')
      expect(jobs(miner)).toHaveLength(1)
      clock.now += 30_000
      vi.advanceTimersByTime(1_000)
      expect(jobs(miner).map((job) => [String(job[2]).slice(8, 10), job[8]])).toEqual([
        ['00', true],
        ['02', false],
      ])
    } finally {
      vi.useRealTimers()
    }
  })
})

test('a miner that says nothing for too long is ended', () => {
  vi.useFakeTimers()
  try {
    const { block, connect, clock } = house({ limits: { idleMsMax: 60_000 } })
    block(1)
    const miner = connect()
    begin(miner)
    clock.now += 60_001
    vi.advanceTimersByTime(5_000)
    expect(miner.ended).toEqual(['idle'])
  } finally {
    vi.useRealTimers()
  }
})

test('a user name without end is refused', () => {
  const { connect } = house()
  const miner = connect()
  miner.say('mining.authorize', [`${ADDRESS}.${'r'.repeat(200)}`, ''])
  expect(miner.heard()).toMatchObject([
    { id: 1, result: false, error: [24, expect.stringContaining('200 characters'), null] },
  ])
})

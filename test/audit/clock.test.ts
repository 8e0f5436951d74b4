import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { HEADER_BYTES } from '../../domain/decred/header.ts'
import { networks } from '../../domain/decred/network.ts'
import { workSubsidy } from '../../domain/decred/subsidy.ts'
import { signingKey, verifierKeyText } from '../../domain/transparency/key.ts'
import { openGateway } from '../../src/actors/gateway.ts'
import { openPool } from '../../src/actors/opening.ts'
import { poolClock } from '../../src/clock.ts'
import { openJournal } from '../../src/journal.ts'
import { policyOf } from '../../src/treasury/policy.ts'
import { counter } from '../support/counter.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { poolConfig, temporaryDirectory } from '../support/running-pool.ts'
import { auditedLog, type Cooked, found } from './cooked-books.ts'

const TEN = Date.UTC(2026, 10, 23, 10)
/** Bits that no share here solves a block with. */
const HARD = 0x1d00ffff

test.each([
  ['a second', -1_000],
  ['an hour', -3_600_000],
])('an honest clock that is set back by %s, over the hour, is no fault', async (_, setBy) => {
  vi.useFakeTimers()
  try {
    const clock = { now: TEN - 5_000, setBy: 0 }
    const machineMs = (): number => clock.now + clock.setBy
    const nowMs = poolClock(machineMs, null, () => undefined)
    const store = memoryEventStore()
    const key = signingKey('clock.invalid/test', 'note', new Uint8Array(32).fill(1))
    const config = poolConfig(temporaryDirectory(), [], {
      listener: { difficulty: { start: null, min: 1, max: null, fixed: 1 } },
    })
    const ledger = { origin: key.verifier.name, key: verifierKeyText(key.verifier) }
    const opened = await openPool(store, config.pool, policyOf(config), ledger, 'lodebook test', nowMs())()
    if (E.isLeft(opened)) throw new Error(opened.left.message)
    const journal = openJournal({
      ...{ store, gateway: 0, nowMs, ...config.journal },
      onCommit: () => undefined,
      onRejected: () => undefined,
      onStoreError: () => undefined,
      onStopped: () => undefined,
    })
    const gateway = openGateway({
      ...{ ordinal: 0, prefix: opened.right.prefix, drawExtranonce: counter(), network: networks.simnet },
      ...{ config, journal, nowMs, machineMs, monotonicMs: () => clock.now },
      newSessionId: () => 'session',
      renewWork: () => undefined,
      solved: () => undefined,
      bans: { accountRefusal: () => null, addressRefusal: () => null },
      log: pino({ level: 'silent' }),
    })
    const [listening] = config.listeners
    if (listening === undefined) throw new Error('no listener')
    const heard: { readonly method?: string; readonly params?: readonly unknown[] }[] = []
    const miner = gateway.acceptOn(listening)({
      listener: 'test',
      remoteAddress: '192.0.2.1',
      write: (line) => heard.push(JSON.parse(line.toString())) > 0,
      end: () => undefined,
    })
    const say = (method: string, params: readonly unknown[]): void =>
      miner.line(JSON.stringify({ id: 1, method, params }))
    const pass = (ms: number): Promise<unknown> => {
      clock.now += ms
      return vi.advanceTimersByTimeAsync(ms)
    }
    const work = (parent: number): void => {
      const header = new Uint8Array(HEADER_BYTES).fill(parent, 4, 36)
      const view = new DataView(header.buffer)
      view.setUint32(116, HARD, true)
      view.setUint32(128, parent, true)
      view.setUint32(136, TEN / 1_000 - 10, true)
      gateway.work(
        { header, powAlgorithm: 'blake3', reason: 'new-parent' },
        workSubsidy(networks.simnet, parent, 5, 'dcp0012'),
      )
    }
    const shares = (count: number): void => {
      const job = heard.findLast(({ method }) => method === 'mining.notify')?.params ?? []
      for (let nonce = 0; nonce < count; nonce++)
        say('mining.submit', ['w', job[0], '00000000', job[7], nonce.toString(16).padStart(8, '0')])
    }

    work(101)
    say('mining.subscribe', ['cpuminer/1.0.0'])
    say('mining.authorize', ['SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc', ''])
    shares(20)
    await pass(100)
    await pass(5_000)
    // Work and shares of the new hour, then the clock is set: some wait for their commit meanwhile.
    work(102)
    shares(20)
    clock.setBy = setBy
    await pass(10)
    work(103)
    shares(20)
    await pass(2_000)
    work(104)
    shares(20)
    await pass(1_000)
    gateway.drain()
    gateway.end()
    vi.useRealTimers()
    expect(await journal.stop(1_000)).toBe(true)

    const all = await store.readAll(null, 1_000)()
    if (E.isLeft(all)) throw new Error(all.left.message)
    const log: Cooked[] = all.right.map(({ stream, revision, type, data }) => ({
      ...{ stream, revision, type },
      data: JSON.parse(data),
    }))
    expect(log.filter(({ type }) => type === 'EpochClosed').map(({ stream }) => stream)).toEqual([
      'shares-0-2026112309',
      'shares-0-2026112310',
    ])
    const audited = await auditedLog(log, key, { workers: 1 })
    // The rate of its shares is no miner's.
    expect(found(audited).filter(([check]) => check !== 'A9')).toEqual([])
  } finally {
    vi.useRealTimers()
  }
})

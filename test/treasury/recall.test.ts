import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { memoryEventStore } from '../../adapters/event-store/memory/store.ts'
import { NO_STREAM, type RecordedEvent } from '../../adapters/event-store/port.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { networks } from '../../domain/decred/network.ts'
import { difficultyTarget, targetToCompact } from '../../domain/decred/target.ts'
import { eventId } from '../../domain/event-id.ts'
import type { EventData, EventType, Scheme, ShareReference } from '../../domain/events.ts'
import { epochOf } from '../../domain/mining/epoch.ts'
import { sharesStream } from '../../src/journal.ts'
import { recall, resolving } from '../../src/treasury/recall.ts'
import { Records } from '../../src/treasury/records.ts'
import { type Find, isUndecided } from '../../src/treasury/share-records.ts'
import { eventHistory } from '../support/event-histories.ts'
import { POLICY } from './world.ts'

const network = networks.testnet3

type Written = Pick<RecordedEvent, 'stream' | 'type' | 'data'>

/** A log in memory that grows, and all of it folded from its beginning. */
class Log {
  readonly store = memoryEventStore()
  readonly whole = new Records(network)
  readonly #revisions = new Map<string, number>()
  nowMs = 0
  #length = 0

  /** Appends an event, unless the books refuse it: no writer would have written it. */
  async add({ stream, type, data }: Written): Promise<void> {
    const expected = this.#revisions.get(stream) ?? NO_STREAM
    const revision = expected + 1
    const event = { id: eventId(stream, revision, type, data), type, data }
    const taken = this.whole.take({ ...event, stream, revision, position: this.#length + 1 })
    if (E.isLeft(taken)) {
      if (taken.left.kind !== 'books') throw new Error(taken.left.message)
      return
    }
    expect(await this.store.append([{ stream, expected, events: [event] }])()).toEqual(E.right(undefined))
    this.#length++
    this.#revisions.set(stream, revision)
    const { at } = JSON.parse(data) as { at?: number }
    this.nowMs = Math.max(this.nowMs, at ?? 0)
  }

  async recalled(): Promise<Records> {
    const records = new Records(network)
    const done = await recall(records, this.store, this.nowMs, async () => undefined)
    expect(done).toEqual(E.right(undefined))
    return records
  }

  /** Takes what was added since. */
  async follow(records: Records): Promise<void> {
    const news = await this.store.readAll(records.position, 1_000_000)()
    if (E.isLeft(news)) throw new Error(news.left.message)
    for (const recorded of news.right)
      expect(await resolving(this.store, recorded, records, () => records.take(recorded))).toEqual(
        E.right(undefined),
      )
  }
}

/** All of what the treasury does with its records. */
function meaningOf(records: Records) {
  const { mined } = records
  const open = [...records.books.blocks]
    .filter(([, block]) => isUndecided(block, mined.keys.height, network))
    .map(([hash]) => ({ hash, find: mined.finds.get(hash) }))
  // Under `solo` and `pps` nobody asks for a find's share.
  const undecided = open.filter(({ find }) => find?.era === mined.era && mined.limitOf(find) !== undefined)
  const next: Find | null =
    mined.lastShare === null
      ? null
      : {
          ...{ share: mined.lastShare, ordinal: mined.shares, atMs: 0, policy: mined.policy },
          ...{ height: mined.keys.height, era: mined.era },
        }
  return {
    books: records.books,
    policies: records.policies,
    addresses: records.addresses,
    coinbases: records.coinbases,
    numbers: [records.nextSettlement, records.nextPayout],
    lastRun: records.lastRun,
    position: records.position,
    open: records.openPayouts(),
    revisions: [...Array(records.nextSettlement).keys()].map((n) => records.revisionOf(`settlement-${n}`)),
    work: mined.workDue,
    era: mined.era,
    policy: mined.policy,
    height: mined.keys.height,
    finds: undecided.map(({ hash, find }) => ({
      hash,
      share: find?.share,
      atMs: find?.atMs,
      policy: find?.policy,
      sums: find === undefined ? null : sumsOf(records, find),
    })),
    schemes: open.map(({ find }) => find?.policy?.policy.scheme.kind),
    next: next === null || next.policy?.policy.scheme.kind === 'pplns-time' ? null : sumsOf(records, next),
  }
}

function sumsOf(records: Records, find: Find) {
  const limit = records.mined.limitOf(find)
  if (limit?.after != null && canonicalJson(limit.after) === canonicalJson(find.share)) return 'nothing'
  const walk = records.mined.walk(find)
  for (;;) {
    const step = walk?.next()
    if (step === undefined) return null
    if (step.done === true) return E.isLeft(step.value) ? step.value.left.kind : step.value.right
  }
}

const SCHEMES: readonly Scheme[] = [
  { kind: 'pplns', windowPpm: 2_000_000 },
  { kind: 'pplns', windowPpm: 200_000 },
  { kind: 'pplns-time', periodMs: 3_600_000 },
  { kind: 'prop' },
  { kind: 'solo' },
  { kind: 'pps', reserve: '0' },
]

/** Some hours of a small pool. Halfway it may change its fee, or its scheme: what the configuration would refuse may be in a log. */
function history(
  seed: number,
  scheme: Scheme,
  shares: number,
  change: 'fee' | Scheme | null,
): readonly Written[] {
  const made = [
    ...eventHistory({
      ...{ seed, shares, scheme, workers: 12, sharesPerEvent: 20, sharesPerMinute: 4 },
      ...{ secondsPerOwnBlock: 900, trouble: 1 + (seed % 3) },
    }),
  ]
  const adopted = made.find(({ type }) => type === 'PolicyAdopted')
  if (adopted === undefined || change === null) return made
  const before = JSON.parse(adopted.data) as object
  const after = canonicalJson({ ...before, ...(change === 'fee' ? { feePpm: 20_000 } : { scheme: change }) })
  const half = Math.floor(made.length / 2)
  return [...made.slice(0, half), { ...adopted, data: after }, ...made.slice(half)]
}

describe('records of a part of the log are those of all of it', () => {
  test('whatever the history, the scheme, and the place where it is read', { timeout: 120_000 }, async () => {
    let spared = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(10_000),
        fc.constantFrom(...SCHEMES),
        fc.option(fc.constantFrom('fee' as const, ...SCHEMES), { nil: null }),
        fc.integer({ min: 0, max: 100 }),
        async (seed, scheme, change, cut) => {
          const log = new Log()
          const events = history(seed, scheme, 14_000, change)
          const at = Math.floor((events.length * cut) / 100)
          for (const each of events.slice(0, at)) await log.add(each)
          const recalled = await log.recalled()
          if (recalled.mined.shares < log.whole.mined.shares) spared++
          expect(meaningOf(recalled)).toEqual(meaningOf(log.whole))
          for (const each of events.slice(at)) await log.add(each)
          await log.follow(recalled)
          expect(meaningOf(recalled)).toEqual(meaningOf(log.whole))
          expect(meaningOf(await log.recalled())).toEqual(meaningOf(log.whole))
        },
      ),
      { numRuns: 40 },
    )
    expect(spared).toBeGreaterThan(5)
  })
})

describe('what stands before the place where reading begins', () => {
  const ADDRESS = 'a1'.repeat(32)
  const START_MS = Date.UTC(2026, 8, 21, 0)
  const HOUR_MS = 3_600_000
  /** A pool of one miner that makes 600 shares an hour, each a 300th of a block. */
  class Pool extends Log {
    gateway = -1
    hour = 0
    readonly #bits = targetToCompact(difficultyTarget(network, 3_000))
    readonly #revisionOf = new Map<string, number>()

    put<T extends EventType>(stream: string, type: T, data: EventData<T>): Promise<void> {
      this.#revisionOf.set(stream, (this.#revisionOf.get(stream) ?? -1) + 1)
      return this.add({ stream, type, data: canonicalJson(data) })
    }

    get atMs(): number {
      return START_MS + this.hour * HOUR_MS
    }

    get sharesStream(): string {
      return sharesStream(this.gateway, epochOf(this.atMs))
    }

    async join(): Promise<void> {
      const gateway = ++this.gateway
      const at = this.atMs
      await this.put('pool', 'GatewayJoined', { v: 1, at, gateway, extranoncePrefix: '00', software: 't' })
      await this.put(`work-${gateway}-${epochOf(at)}`, 'WorkIssued', {
        ...{ v: 1, at, job: 0, header: '00'.repeat(180), powAlgorithm: 'blake3', height: 100 + this.hour },
        ...{ bits: this.#bits, subsidy: '500000000', reason: 'new-parent' },
      })
      await this.put(`connection-${gateway}.0`, 'WorkerAuthorized', {
        v: 1,
        at,
        account: ADDRESS,
        worker: 'w',
      })
    }

    async shares(solved: string | null = null): Promise<ShareReference> {
      const each = <A>(value: A): readonly A[] => Array.from({ length: 600 }, () => value)
      const stream = this.sharesStream
      await this.put(stream, 'SharesAccepted', {
        ...{ v: 1, at: this.atMs, connection: each(0), worker: each(0), job: each(0), difficulty: each(10) },
        ...{ extranonce2: each('00'), ntime: each(0), nonce: each(0), elapsed: each(0) },
        solved: solved === null ? [] : [{ share: 5, hash: solved }],
      })
      return { stream, revision: this.#revisionOf.get(stream) ?? 0, index: 5 }
    }

    async close(stream: string): Promise<void> {
      const closed = { v: 1, at: this.atMs, shares: 600, events: 1, difficulty: '6000' } as const
      await this.put(stream, 'EpochClosed', closed)
    }

    async hours(count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        await this.shares()
        const { sharesStream } = this
        this.hour++
        await this.close(sharesStream)
      }
    }

    async found(hash: string, share: ShareReference | null): Promise<void> {
      await this.put(`block-${hash}`, 'BlockFound', {
        ...{
          v: 1,
          at: this.atMs,
          height: 100,
          header: '00'.repeat(180),
          powAlgorithm: 'blake3',
          share,
          gateway: 0,
          job: 0,
        },
        ...{ connection: 0, account: ADDRESS, worker: 'w' },
      })
    }

    async approved(hash: string): Promise<void> {
      const reward = { transaction: 'c0'.repeat(32), output: 2, atoms: '500000000' }
      await this.put(`block-${hash}`, 'BlockConnected', { v: 1, at: this.atMs, reward })
      await this.put(`block-${hash}`, 'BlockApproved', { v: 1, at: this.atMs, by: 'b2'.repeat(32) })
    }
  }

  async function open(scheme: Scheme): Promise<Pool> {
    const pool = new Pool()
    await pool.put('pool', 'PolicyAdopted', { v: 1, at: START_MS, ...POLICY, feeAddresses: [], scheme })
    await pool.join()
    return pool
  }

  const HASH = 'b1'.repeat(32)

  test('is not read: a window of nearly two blocks is one hour and what has begun, of forty', async () => {
    const pool = await open({ kind: 'pplns', windowPpm: 1_900_000 })
    await pool.hours(40)
    await pool.shares()
    const recalled = await pool.recalled()
    expect(pool.whole.mined.shares).toBe(41 * 600)
    expect(recalled.mined.shares).toBe(2 * 600)
    expect(meaningOf(recalled)).toEqual(meaningOf(pool.whole))
  })

  test('the work and the worker of a share that comes later are found', async () => {
    const pool = await open({ kind: 'pplns', windowPpm: 2_000_000 })
    await pool.hours(40)
    const recalled = await pool.recalled()
    await pool.hours(1)
    await pool.follow(recalled)
    expect(meaningOf(recalled)).toEqual(meaningOf(pool.whole))
  })

  test('a solved share whose block a crash has kept out of the log: found again when the next start writes it', async () => {
    const pool = await open({ kind: 'pplns', windowPpm: 200_000 })
    await pool.hours(20)
    const share = await pool.shares(HASH)
    const left = pool.sharesStream
    await pool.join()
    await pool.close(left)
    await pool.hours(1)
    const recalled = await pool.recalled()
    await pool.found(HASH, share)
    await pool.follow(recalled)
    expect(recalled.mined.finds.get(HASH)?.share).toEqual(share)
    expect(meaningOf(recalled)).toEqual(meaningOf(pool.whole))
  })

  test('a block that waits for its decision keeps its window, one whose share was lost too', async () => {
    for (const kind of ['pplns', 'pplns-time', 'prop'] as const)
      for (const isLost of [false, true]) {
        const scheme: Scheme =
          kind === 'pplns'
            ? { kind, windowPpm: 2_000_000 }
            : kind === 'prop'
              ? { kind }
              : { kind, periodMs: 2 * HOUR_MS }
        const pool = await open(scheme)
        await pool.hours(20)
        const share = isLost ? null : await pool.shares(HASH)
        await pool.found(HASH, share)
        await pool.hours(10)
        const recalled = await pool.recalled()
        const meaning = meaningOf(recalled)
        expect(meaning.finds).toHaveLength(1)
        expect(meaning).toEqual(meaningOf(pool.whole))
      }
  })

  test('a block that is written hours after its share goes by its share', async () => {
    const pool = await open({ kind: 'pplns', windowPpm: 200_000 })
    await pool.hours(5)
    const share = await pool.shares(HASH)
    await pool.hours(3)
    await pool.found(HASH, share)
    const recalled = await pool.recalled()
    expect(recalled.mined.finds.get(HASH)?.share).toEqual(share)
    expect(meaningOf(recalled)).toEqual(meaningOf(pool.whole))
  })

  test('a pool that was away for days still has the window of what it had found under pplns-time', async () => {
    const pool = await open({ kind: 'pplns-time', periodMs: 2 * HOUR_MS })
    await pool.hours(5)
    await pool.found(HASH, await pool.shares(HASH))
    await pool.approved(HASH)
    pool.hour += 100
    await pool.join()
    const recalled = await pool.recalled()
    recalled.mined.trim()
    expect(meaningOf(recalled).finds).toMatchObject([{ sums: { shares: 606 } }])
  })
})

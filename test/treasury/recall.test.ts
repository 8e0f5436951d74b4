import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { NO_STREAM, type RecordedEvent } from '../../adapters/event-store/port.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { networks } from '../../domain/decred/network.ts'
import { difficultyTarget, targetToCompact } from '../../domain/decred/target.ts'
import { eventId } from '../../domain/event-id.ts'
import type { EventData, EventType, Scheme, ShareReference } from '../../domain/events.ts'
import { epochOf } from '../../domain/mining/epoch.ts'
import { allocate, allocationEvents } from '../../domain/reward/allocation.ts'
import { sharesStream } from '../../src/journal.ts'
import { endOf } from '../../src/replay/replayed-money.ts'
import { recall, resolving } from '../../src/treasury/recall.ts'
import { Records } from '../../src/treasury/records.ts'
import { type Find, isUndecided } from '../../src/treasury/share-records.ts'
import { recallWindow } from '../../src/treasury/window-recall.ts'
import { eventHistory } from '../support/event-histories.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
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

  /**
   * Appends an event, unless the books refuse it: no writer would have written it. An allocation names the policy at its find, as the
   * treasury writes it.
   */
  async add({ stream, type, data: given }: Written): Promise<void> {
    const data = type === 'RewardAllocated' ? this.#byItsPolicy(given) : given
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

  #byItsPolicy(data: string): string {
    const allocated = JSON.parse(data) as EventData<'RewardAllocated'>
    const policy = this.whole.mined.finds.get(allocated.block)?.policy?.revision ?? allocated.policy
    return canonicalJson({ ...allocated, policy })
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
      expect(await resolving(this.store, recorded, records.mined.keys, () => records.take(recorded))).toEqual(
        E.right(undefined),
      )
  }
}

/** Stands for a find that is not there. */
const NOBODY: Find = { share: null, ordinal: -1, atMs: 0, policy: undefined, height: 0, era: 0 }

/** All of what the treasury does with its records. */
function meaningOf(records: Records) {
  const { mined } = records
  const open = [...records.books.blocks]
    .filter(([, block]) => isUndecided(block, mined.keys.height, network))
    .map(([hash]) => ({ hash, find: mined.finds.get(hash) }))
  // Under `solo` and `pps` nobody asks for a find's share. Those that were shared let go of theirs.
  const waiting = open.filter(
    ({ hash, find }) =>
      !records.shared.has(hash) && find?.era === mined.era && mined.limitOf(find) !== undefined,
  )
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
    shared: records.shared,
    finds: waiting.map(({ hash, find }) => ({
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

/**
 * By what each block of the scheme in force is shared, were it to be now: as the log has it, and as memory has it, if at all.
 *
 * The whole is never trimmed: it says what is right.
 */
async function expectWindows(log: Log, records: Records): Promise<number> {
  const { whole } = log
  let recalled = 0
  for (const hash of whole.books.blocks.keys()) {
    const find = whole.mined.finds.get(hash)
    if (find === undefined || find.era !== whole.mined.era || whole.mined.limitOf(find) === undefined)
      continue
    const { share, atMs, policy } = find
    const right = { share, atMs, policy, sums: sumsOf(whole, find) }
    const read = await recallWindow(records, log.store, hash, async () => undefined)
    if (E.isLeft(read) || E.isLeft(read.right)) throw new Error(JSON.stringify(read))
    const { find: again, sums } = read.right.right
    expect({ share: again.share, atMs: again.atMs, policy: again.policy, sums }).toEqual(right)
    recalled++
    const known = records.mined.finds.get(hash)
    expect(known?.era).toBe(find.era)
    if (records.shared.has(hash)) expect(known?.policy).toEqual(policy)
    if (known === undefined || known.ordinal < 0) continue
    const there = sumsOf(records, known)
    if (there !== 'history-missing' && there !== 'unknown-find')
      expect({ share: known.share, atMs: known.atMs, policy: known.policy, sums: there }).toEqual(right)
  }
  return recalled
}

const SCHEMES: readonly Scheme[] = [
  { kind: 'pplns', windowPpm: 2_000_000 },
  { kind: 'pplns', windowPpm: 200_000 },
  { kind: 'pplns-time', periodMs: 3_600_000 },
  { kind: 'prop' },
  { kind: 'solo' },
  { kind: 'pps', reserve: '0' },
]

/**
 * Some hours of a small pool. At a start halfway it may change its fee, or its scheme: what the configuration would refuse may be in a log.
 */
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
  const start = made.findIndex(({ type }, i) => type === 'GatewayJoined' && i >= half)
  return start < 0 ? made : [...made.slice(0, start), { ...adopted, data: after }, ...made.slice(start)]
}

describe('records of a part of the log are those of all of it', () => {
  test('whatever the history, the scheme, and the place where it is read', { timeout: 120_000 }, async () => {
    let spared = 0
    let windows = 0
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
          windows += await expectWindows(log, recalled)
          for (const each of events.slice(at)) await log.add(each)
          await log.follow(recalled)
          expect(meaningOf(recalled)).toEqual(meaningOf(log.whole))
          recalled.mined.trim()
          windows += await expectWindows(log, recalled)
          expect(meaningOf(await log.recalled())).toEqual(meaningOf(log.whole))
        },
      ),
      { numRuns: 40 },
    )
    expect(spared).toBeGreaterThan(5)
    expect(windows).toBeGreaterThan(100)
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

    /** Shares a block as the treasury does, by all that is in the log. */
    async allocated(hash: string): Promise<void> {
      const { mined, nextSettlement } = this.whole
      const find = mined.finds.get(hash)
      const walk = find === undefined ? null : mined.walk(find)
      if (find?.policy === undefined || walk === null) throw new Error('nothing to share')
      const sums = endOf(walk)
      if (E.isLeft(sums)) throw new Error(sums.left.message)
      const { scheme, feePpm } = find.policy.policy
      const allocation = allocate(scheme, toAtoms(500_000_000n), feePpm, sums.right)
      if (allocation === undefined) throw new Error('not shared')
      const facts = { block: hash, height: 100, policy: find.policy.revision }
      for (const event of allocationEvents(this.atMs, facts, allocation, sums.right))
        if (event.type === 'RewardAllocated')
          await this.put(`settlement-${nextSettlement}`, event.type, event.data)
    }

    /** The block leaves the chain, and its reward is taken back. */
    async lost(hash: string): Promise<void> {
      const settlement = this.whole.books.blocks.get(hash)?.allocation?.settlement
      await this.put(`block-${hash}`, 'BlockDisconnected', { v: 1, at: this.atMs })
      await this.put(`settlement-${settlement}`, 'RewardReversed', {
        ...{ v: 1, at: this.atMs, block: hash, why: 'disconnected' },
      })
    }
  }

  async function open(scheme: Scheme): Promise<Pool> {
    const pool = new Pool()
    await pool.put('pool', 'PolicyAdopted', { v: 1, at: START_MS, ...POLICY, feeAddresses: [], scheme })
    await pool.join()
    return pool
  }

  const HASH = 'b1'.repeat(32)
  const NEXT = 'b2'.repeat(32)
  const WINDOWS: readonly Scheme[] = [
    { kind: 'pplns', windowPpm: 2_000_000 },
    { kind: 'pplns-time', periodMs: 2 * HOUR_MS },
    { kind: 'prop' },
  ]

  /** What memory has of a block's window. */
  function inMemory(records: Records, hash: string) {
    const find = records.mined.finds.get(hash)
    return find === undefined || find.ordinal < 0 ? 'begins later' : sumsOf(records, find)
  }

  for (const scheme of WINDOWS)
    for (const isLost of [false, true])
      test(`a block that is shared is not read: ${scheme.kind}${isLost ? ', its share lost' : ''}; it is when it comes back`, async () => {
        const pool = await open(scheme)
        await pool.hours(12)
        await pool.found(NEXT, await pool.shares(NEXT))
        await pool.approved(NEXT)
        await pool.allocated(NEXT)
        await pool.hours(8)
        await pool.found(HASH, isLost ? null : await pool.shares(HASH))
        await pool.approved(HASH)
        await pool.allocated(HASH)
        await pool.hours(10)
        const before = await pool.recalled()
        // Ten hours came after it, and its own window is two hours before it or more.
        expect(before.mined.shares).toBeLessThanOrEqual(scheme.kind === 'prop' ? 7_200 : 2_400)
        expect(inMemory(before, HASH)).toMatch(/begins later|history-missing/)
        expect(await expectWindows(pool, before)).toBe(2)

        await pool.lost(HASH)
        await pool.follow(before)
        await pool.approved(HASH)
        await pool.follow(before)
        for (const records of [before, await pool.recalled()]) {
          // A round of prop that begins anew takes in the lost one.
          if (records === before || scheme.kind !== 'prop')
            expect(inMemory(records, HASH)).toMatch(/begins later|history-missing/)
          expect(await expectWindows(pool, records)).toBe(2)
        }
        await pool.allocated(HASH)

        // A round of prop now reaches back over the block before.
        await pool.lost(NEXT)
        await pool.follow(before)
        for (const records of [before, await pool.recalled()])
          expect(await expectWindows(pool, records)).toBe(2)
      })

  test('a round of prop that is longer than what memory has, since the block before it was lost', async () => {
    const pool = await open({ kind: 'prop' })
    await pool.hours(4)
    await pool.found(HASH, await pool.shares(HASH))
    await pool.approved(HASH)
    await pool.allocated(HASH)
    await pool.hours(6)
    const recalled = await pool.recalled()
    await pool.lost(HASH)
    await pool.found(NEXT, await pool.shares(NEXT))
    await pool.approved(NEXT)
    await pool.follow(recalled)
    expect(inMemory(recalled, NEXT)).toBe('history-missing')
    expect(await expectWindows(pool, recalled)).toBe(2)
    expect(inMemory(await pool.recalled(), NEXT)).toMatchObject({ shares: 4 * 600 + 600 + 6 * 600 + 6 })
  })

  test('two blocks that are in the log in the other order than their shares: a round of prop goes by the shares', async () => {
    const pool = await open({ kind: 'prop' })
    await pool.hours(4)
    const first = await pool.shares(HASH)
    await pool.hours(1)
    await pool.found(NEXT, await pool.shares(NEXT))
    await pool.hours(2)
    await pool.found(HASH, first)
    for (const hash of [HASH, NEXT]) {
      await pool.approved(hash)
      await pool.allocated(hash)
    }
    await pool.hours(5)
    const recalled = await pool.recalled()
    expect(recalled.mined.shares).toBeLessThan(pool.whole.mined.shares)
    expect(sumsOf(pool.whole, pool.whole.mined.finds.get(NEXT) ?? NOBODY)).toMatchObject({ shares: 1200 })
    expect(await expectWindows(pool, recalled)).toBe(2)
  })

  test('a fee that changed between a share and its block: the block goes by the fee at its share', async () => {
    const pool = await open({ kind: 'pplns', windowPpm: 200_000 })
    await pool.hours(4)
    const share = await pool.shares(HASH)
    const policy = { ...POLICY, feeAddresses: [], scheme: { kind: 'pplns', windowPpm: 200_000 } } as const
    await pool.put('pool', 'PolicyAdopted', { v: 1, at: pool.atMs, ...policy, feePpm: 30_000 })
    await pool.join()
    await pool.found(HASH, share)
    await pool.approved(HASH)
    await pool.allocated(HASH)
    await pool.hours(10)
    const recalled = await pool.recalled()
    expect(inMemory(recalled, HASH)).toBe('begins later')
    expect(recalled.mined.finds.get(HASH)?.policy?.policy.feePpm).toBe(10_000)
    expect(await expectWindows(pool, recalled)).toBe(1)
  })

  for (const scheme of WINDOWS)
    test(`a share that was lost: its block goes by the last share of its gateway, window and fee, however late it is written: ${scheme.kind}`, async () => {
      const pool = await open(scheme)
      await pool.hours(4)
      const policy = { ...POLICY, feeAddresses: [], scheme, feePpm: 900_000 }
      await pool.put('pool', 'PolicyAdopted', { v: 1, at: pool.atMs, ...policy })
      await pool.join()
      await pool.hours(3)
      const live = await pool.recalled()
      await pool.found(HASH, null)
      await pool.follow(live)
      const find = pool.whole.mined.finds.get(HASH) ?? NOBODY
      expect(find.policy?.policy.feePpm).toBe(10_000)
      expect(find.share).toEqual({
        ...{ stream: sharesStream(0, epochOf(pool.atMs - 4 * HOUR_MS)), revision: 0, index: 599 },
      })
      expect(find.atMs).toBe(pool.atMs - 4 * HOUR_MS)
      for (const records of [live, await pool.recalled()]) expect(await expectWindows(pool, records)).toBe(1)
      await pool.approved(HASH)
      await pool.allocated(HASH)
      await pool.hours(6)
      expect(await expectWindows(pool, await pool.recalled())).toBe(1)
    })

  test('a share that was lost, of a gateway that is not read: the log says what its block goes by', async () => {
    const pool = await open({ kind: 'pplns-time', periodMs: 2 * HOUR_MS })
    await pool.hours(4)
    pool.hour += 10
    await pool.join()
    await pool.hours(6)
    const live = await pool.recalled()
    expect(live.mined.shares).toBeLessThan(6 * 600)
    await pool.found(HASH, null)
    await pool.follow(live)
    expect(inMemory(live, HASH)).toBe('begins later')
    const right = sumsOf(pool.whole, pool.whole.mined.finds.get(HASH) ?? NOBODY)
    expect(right).toMatchObject({ shares: 2 * 600 })
    expect(await expectWindows(pool, live)).toBe(1)
    expect(await expectWindows(pool, await pool.recalled())).toBe(1)
  })

  test('shares are let go as soon as their block is shared, and those of a block that waits are not', async () => {
    const pool = await open({ kind: 'pplns', windowPpm: 200_000 })
    await pool.found(HASH, await pool.shares(HASH))
    const live = await pool.recalled()
    for (let i = 0; i < 250; i++) await pool.shares()
    await pool.follow(live)
    live.mined.trim()
    expect(live.mined.window.shares).toBe(251 * 600)
    await pool.approved(HASH)
    await pool.allocated(HASH)
    await pool.follow(live)
    live.mined.trim()
    expect(live.mined.window.shares).toBeLessThan(65_536)
    expect(inMemory(live, HASH)).toBe('unknown-find')
    expect(await expectWindows(pool, live)).toBe(1)
    // Another scheme would take from the shares of a block that may come back.
    expect(live.mined.unpaidShares(pool.atMs)).toBe(live.mined.window.shares)
  })

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

import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { LineHandler, MinerSocket } from '../../adapters/stratum/port.ts'
import { HEADER_BYTES } from '../../domain/decred/header.ts'
import { networks } from '../../domain/decred/network.ts'
import type { PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import type { DisconnectReason, PoolEvent } from '../../domain/events.ts'
import type { BlockCandidate } from '../../src/actors/connection.ts'
import { type Gateway, openGateway } from '../../src/actors/gateway.ts'
import { type Journal, openJournal } from '../../src/journal.ts'
import { counter } from '../support/counter.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
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
  readonly solved: BlockCandidate[]
  /** Time as it passes, by how much the date is set forward or back, and how far the machine is behind a date that stands still. */
  readonly clock: { now: number; setBy: number; behind: number }
  readonly connect: () => Miner
  readonly block: (parent: number, bits?: number, powAlgorithm?: PowAlgorithm, template?: number) => void
  /** Types of the events of each commit so far. */
  readonly commits: readonly (readonly string[])[]
  readonly log: () => Promise<readonly (PoolEvent & { readonly stream: string })[]>
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
  const clock = { now: Date.UTC(2026, 10, 23), setBy: 0, behind: 0 }
  const nowMs = (): number => clock.now + clock.setBy
  const machineMs = (): number => nowMs() - clock.behind
  const config = poolConfig(temporaryDirectory(), [], over)
  const solved: BlockCandidate[] = []
  const commits: string[][] = []
  const store = memoryEventStore()
  const journal = openJournal({
    store: {
      ...store,
      append: (appends) => {
        commits.push(appends.flatMap(({ events }) => events.map(({ type }) => type)))
        return store.append(appends)
      },
    },
    gateway: 0,
    nowMs,
    ...config.journal,
    onCommit: () => undefined,
    onRejected: () => undefined,
    onStoreError: () => undefined,
    onStopped: () => undefined,
  })
  let sessions = 0
  /** Work, of which `templates` tells those on one parent apart. */
  let [parent, bits, powAlgorithm, templates] = [0, 0x207fffff, 'blake3' as PowAlgorithm, 0]
  function give(reason: 'new-parent' | 'new-transactions'): void {
    const header = new Uint8Array(HEADER_BYTES).fill(parent, 4, 36).fill(templates, 36, 40)
    const view = new DataView(header.buffer)
    view.setUint32(116, bits, true)
    view.setUint32(128, parent, true)
    view.setUint32(136, machineMs() / 1000, true)
    gateway.work({ header, powAlgorithm, reason }, 0n)
  }
  const gateway = openGateway({
    ordinal: 0,
    prefix: 0xab,
    network: networks.simnet,
    config,
    journal,
    nowMs,
    machineMs,
    monotonicMs: () => clock.now,
    drawExtranonce: counter(),
    newSessionId: () => `session-${++sessions}`,
    renewWork: () => {
      templates += 1
      give('new-transactions')
    },
    solved: (share) => solved.push(share),
    bans: { accountRefusal: () => null, addressRefusal: () => null },
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
    commits,
    log: async () => {
      const all = await store.readAll(null, 10_000)()
      if (E.isLeft(all)) throw new Error(all.left.message)
      return all.right.map((recorded) => {
        const decoded = read(recorded)
        if (E.isLeft(decoded)) throw new Error(decoded.left.message)
        return { ...decoded.right, stream: recorded.stream }
      })
    },
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
    block: (on, bitsOf = 0x207fffff, algorithm = 'blake3', template = 0) => {
      ;[parent, bits, powAlgorithm, templates] = [on, bitsOf, algorithm, template]
      give('new-parent')
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
    // Each difficulty comes with work of its own: who knows a hash does not choose what it counts.
    expect(new Set(jobs(fast).map((job) => job[2])).size).toBe(jobs(fast).length)
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
    gateway.holdWork()
    pass(120_000)
    expect(jobs(miner)).toHaveLength(2)
    block(1, HARD)
    pass(61_000)
    expect(jobs(miner)).toHaveLength(4)
  } finally {
    vi.useRealTimers()
  }
})

describe('while work is held, since there has been no node for long', () => {
  const noNode = [
    21,
    'Stale job: the pool has had no Decred node for too long, so nothing found now could become a block; new work comes when a node is back',
    null,
  ]

  test('no newcomer gets any, and shares are refused until there is new work', async () => {
    const desk = house({ listener: { difficulty: { start: 1, min: 1, max: null, fixed: 1 } } })
    desk.block(1, HARD)
    const miner = desk.connect()
    begin(miner)
    takenShare(desk, miner, jobs(miner)[0])
    desk.gateway.holdWork()
    const newcomer = desk.connect()
    begin(newcomer)
    expect(jobs(newcomer)).toEqual([])
    for (let n = 0; n < 100; n++) shares(miner, 1, 1_000 + n)
    const refused = miner
      .heard()
      .flatMap(({ error }) => (Array.isArray(error) && error[0] !== 23 ? [error] : []))
    expect(new Set(refused.map(String))).toEqual(new Set([String(noNode)]))
    expect(desk.journal.state().queuedShares).toBe(1)

    desk.block(1, HARD)
    for (const each of [miner, newcomer]) takenShare(desk, each, jobs(each).at(-1), '00000001')
    expect(jobs(newcomer)).toHaveLength(1)
  })

  test('a block is taken all the same', () => {
    const desk = house()
    desk.block(1)
    const miner = desk.connect()
    begin(miner)
    desk.gateway.holdWork()
    takenShare(desk, miner, jobs(miner)[0])
    expect(desk.solved).toHaveLength(1)
  })

  test('the work that ends it is for all at once, also where only transactions are new', () => {
    const { connect, gateway } = house()
    const give = (fees: number, reason: 'new-parent' | 'new-transactions'): void => {
      const header = new Uint8Array(HEADER_BYTES)
      header[40] = fees
      new DataView(header.buffer).setUint32(116, HARD, true)
      gateway.work({ header, powAlgorithm: 'blake3', reason }, 0n)
    }
    give(0, 'new-parent')
    give(1, 'new-transactions')
    gateway.holdWork()
    const miner = connect()
    begin(miner)
    give(2, 'new-transactions')
    expect(jobs(miner).map((job) => String(job[2]).slice(8, 10))).toEqual(['02'])
  })
})

describe('when the date is set', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('forward, nobody is ended for it or loses the session', async () => {
    const desk = house({ limits: { idleMsMax: 60_000, resumeGraceMs: 60_000 } })
    desk.block(1, HARD)
    const [miner, leaver] = [desk.connect(), desk.connect()]
    begin(miner)
    begin(leaver)
    leaver.handler.closed('connection-lost')
    desk.clock.setBy = 86_400_000
    await pass(desk, 10_000)
    expect(miner.ended).toEqual([])
    expect(desk.gateway.live()).toMatchObject([
      { connectedAt: desk.clock.now - 10_000, heardAt: desk.clock.now - 10_000 + 86_400_000 },
    ])
    const again = desk.connect()
    again.say('mining.subscribe', ['cpuminer/1.0.0', 'session-2'])
    expect(again.heard()).toMatchObject([{ result: [expect.anything(), 'ab000002', 4] }])
    await pass(desk, 60_000)
    expect(miner.ended).toEqual(['idle'])
  })

  test("and the pool's stands still, refreshed headers have the machine's, which nodes take", async () => {
    const desk = house()
    desk.clock.behind = 3 * 3_600_000
    desk.block(1, HARD)
    begin(desk.connect())
    await pass(desk, 61_000)
    const times = (await desk.log()).flatMap(({ type, data }) =>
      type === 'WorkIssued' ? [Buffer.from(data.header, 'hex').readUInt32LE(136)] : [],
    )
    const newest = times.at(-1) ?? expect.fail('no work')
    expect(newest).toBeLessThanOrEqual((desk.clock.now - desk.clock.behind) / 1_000)
    expect(newest).toBeGreaterThan(times[0] ?? newest)
  })

  test('back by hours, jobs are refreshed and the log goes on', async () => {
    const desk = house({ listener: { difficulty: { start: 1, min: 1, max: null, fixed: 1 } } })
    desk.clock.setBy = 3_590_000
    desk.block(1, HARD)
    const miner = desk.connect()
    begin(miner)
    takenShare(desk, miner, jobs(miner)[0])
    await pass(desk, 10_000)
    desk.block(2, HARD)
    takenShare(desk, miner, jobs(miner).at(-1))
    await pass(desk, 1_000)
    desk.clock.setBy -= 7_200_000
    await pass(desk, 61_000)
    expect(jobs(miner)).toHaveLength(3)
    takenShare(desk, miner, jobs(miner).at(-1), '00000001')
    await pass(desk, 1_000)
    expect(desk.journal.state().kind).toBe('ok')
    const written = (await desk.log()).map(({ stream, type }) => `${stream} ${type}`)
    expect(written.filter((line) => /^(work|shares).*(Issued|Accepted|Closed)/.test(line))).toEqual([
      'work-0-2026112300 WorkIssued',
      'shares-0-2026112300 SharesAccepted',
      'shares-0-2026112300 EpochClosed',
      'work-0-2026112301 WorkIssued',
      'shares-0-2026112301 SharesAccepted',
      'work-0-2026112301 WorkIssued',
      'shares-0-2026112301 SharesAccepted',
    ])
  })
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

test('a miner that asks for what there is not is ended after a thousand times', () => {
  const { connect } = house()
  const miner = connect()
  begin(miner)
  for (let n = 0; n < 998; n++) miner.say('mining.wish', [])
  expect(miner.ended).toEqual([])
  expect(miner.heard().at(-1)).toMatchObject({ id: 1_000, error: [20, 'unknown method mining.wish', null] })
  miner.say('mining.wish', [])
  expect(miner.ended).toEqual(['bad-input'])
})

test('what is sent as a share and is none is a refused share, and no more of them are taken than of others', () => {
  const { connect, gateway } = house()
  const miner = connect()
  begin(miner)
  for (let n = 0; n < 499; n++) miner.say('mining.submit', [])
  expect(miner.ended).toEqual([])
  expect(gateway.live()).toMatchObject([
    {
      rejected: [{ reason: 'malformed', count: 499 }],
      refusal: 'submit needs worker, job, extranonce2, ntime and nonce, all strings',
    },
  ])
  miner.say('mining.submit', [])
  expect(miner.ended).toEqual(['bad-input'])
})

test('a user name without end is refused', () => {
  const { connect } = house()
  const miner = connect()
  miner.say('mining.authorize', [`${ADDRESS}.${'r'.repeat(200)}`, ''])
  expect(miner.heard()).toMatchObject([
    { id: 1, result: false, error: [24, expect.stringContaining('200 characters'), null] },
  ])
})

/** Bits of a network that no share here is good enough for. */
const HARD = 0x1d00ffff

/** Lets so much time pass, in steps in which the gateway looks around. */
async function pass({ clock }: House, ms: number): Promise<void> {
  for (const end = clock.now + ms; clock.now < end; ) {
    const step = Math.min(5_000, end - clock.now)
    clock.now += step
    await vi.advanceTimersByTimeAsync(step)
  }
}

/** Submits nonces for a job until one is taken. How many were refused before it. */
function takenShare(
  { journal }: House,
  miner: Miner,
  job: readonly unknown[] | undefined,
  extranonce2 = '00000000',
): number {
  const { queuedShares } = journal.state()
  for (let nonce = 0; nonce < 100_000; nonce++) {
    const hex = nonce.toString(16).padStart(8, '0')
    miner.say('mining.submit', [`${ADDRESS}.rig`, job?.[0], extranonce2, job?.[7], hex])
    if (journal.state().queuedShares > queuedShares) return nonce
  }
  throw new Error(`no share: ${JSON.stringify(miner.heard().at(-1))}`)
}

describe('a connection in the log', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const variable = { listener: { difficulty: { start: 1, min: 1, max: null, fixed: null } } }
  const hopeless = { listener: { difficulty: { start: null, min: 1, max: null, fixed: 2 ** 40 } } }

  /** What the log says of connections, a line each: number, seconds since the start, what. */
  async function story({ log }: House): Promise<readonly string[]> {
    const start = Date.UTC(2026, 10, 23)
    return (await log())
      .filter(({ stream }) => stream.startsWith('connection-0.'))
      .map(({ stream, type, data }) => `${stream.slice(13)} ${(data.at - start) / 1_000} ${type}`)
  }

  const refusals = async ({ log }: House) =>
    (await log()).flatMap((each) =>
      each.type === 'SharesRejected' ? [[each.data.connection, each.data.count, each.data.others]] : [],
    )

  test('is there with its first accepted share: all that happened so far, in order, in the same commit', async () => {
    const desk = house(variable)
    desk.block(1, HARD)
    const miner = desk.connect()
    begin(miner)
    await pass(desk, 5_000)
    miner.say('mining.authorize', [`${ADDRESS}.second`, ''])
    miner.say('mining.suggest_difficulty', [2])
    await pass(desk, 5_000)
    desk.block(2, HARD)
    await pass(desk, 5_000)
    expect(desk.commits).toEqual([['WorkIssued'], ['WorkIssued']])
    takenShare(desk, miner, jobs(miner).at(-1))
    await pass(desk, 1_000)
    expect(desk.commits.slice(2)).toEqual([
      [
        'AccountOpened',
        'MinerConnected',
        'MinerIdentified',
        'WorkerAuthorized',
        'DifficultyAssigned',
        'WorkerAuthorized',
        'DifficultyAssigned',
        'SharesAccepted',
      ],
    ])
    miner.say('mining.authorize', [`${ADDRESS}.third`, ''])
    miner.handler.closed('closed-by-miner')
    await pass(desk, 1_000)
    expect(await story(desk)).toEqual([
      '0 0 MinerConnected',
      '0 0 MinerIdentified',
      '0 0 WorkerAuthorized',
      '0 0 DifficultyAssigned',
      '0 5 WorkerAuthorized',
      '0 10 DifficultyAssigned',
      '0 16 WorkerAuthorized',
      '0 16 MinerDisconnected',
    ])
  })

  test('is there after a minute when it is idle, and not before', async () => {
    const desk = house(variable)
    desk.block(1, HARD)
    const [miner, passer] = [desk.connect(), desk.connect()]
    begin(passer)
    begin(miner)
    await pass(desk, 55_000)
    passer.handler.closed('closed-by-miner')
    expect(await story(desk)).toEqual([])
    await pass(desk, 10_000)
    expect(await story(desk)).toEqual([
      '0 0 MinerConnected',
      '0 0 MinerIdentified',
      '0 0 WorkerAuthorized',
      '0 0 DifficultyAssigned',
    ])
    miner.handler.closed('closed-by-miner')
    await pass(desk, 1_000)
    expect((await story(desk)).at(-1)).toBe('0 65 MinerDisconnected')
  })

  test('is there somewhat later when many others are idle, which came before', async () => {
    const desk = house(variable)
    desk.block(1, HARD)
    const miners = Array.from({ length: 150 }, desk.connect)
    for (const miner of miners) begin(miner)
    const connected = async () =>
      (await desk.log()).flatMap((each) => (each.type === 'MinerConnected' ? [each.data.extranonce1] : []))
    await pass(desk, 61_000)
    expect((await connected()).length).toBe(100)
    await pass(desk, 5_000)
    const extranonces = miners.map((miner) => Object(miner.heard()[0]?.['result'])[1])
    expect(await connected()).toEqual(extranonces)
  })

  test('is there after a minute when all its shares are refused, and they are counted as its own', async () => {
    const desk = house(hopeless)
    desk.block(1, HARD)
    await pass(desk, 30_000)
    const miner = desk.connect()
    begin(miner)
    shares(miner, 20)
    await pass(desk, 50_000)
    // A summary would have been due by now.
    expect([await story(desk), await refusals(desk)]).toEqual([[], []])
    await pass(desk, 30_000)
    expect((await story(desk))[0]).toBe('0 30 MinerConnected')
    expect(await refusals(desk)).toEqual([[[0], [20], 0]])
  })

  test('is never there when it ends before: its refused shares are counted without it', async () => {
    const desk = house(hopeless)
    desk.block(1, HARD)
    for (let n = 0; n < 100; n++) {
      const miner = desk.connect()
      begin(miner)
      shares(miner, 3)
      miner.handler.closed('closed-by-miner')
    }
    await pass(desk, 70_000)
    expect(desk.commits.flat()).toEqual(['WorkIssued', 'WorkIssued', 'SharesRejected'])
    expect(await refusals(desk)).toEqual([[[], [], 300]])
  })

  test('goes on with a session that one before it had which is not there', async () => {
    const desk = house({ listener: { difficulty: { start: 4, min: 1, max: null, fixed: null } } })
    desk.block(1, HARD)
    const first = desk.connect()
    begin(first)
    const [job] = jobs(first)
    first.handler.closed('connection-lost')
    await pass(desk, 10_000)

    const second = desk.connect()
    second.say('mining.subscribe', ['cpuminer/1.0.0', 'session-1'])
    second.say('mining.authorize', [`${ADDRESS}.rig`, ''])
    second.say('mining.suggest_difficulty', [1])
    desk.block(1, HARD, 'blake3', 1)
    takenShare(desk, second, job)
    second.handler.closed('connection-lost')

    const third = desk.connect()
    third.say('mining.subscribe', ['cpuminer/1.0.0', 'session-1'])
    third.say('mining.authorize', [`${ADDRESS}.rig`, ''])
    takenShare(desk, third, jobs(second).at(-1), '00000001')
    await pass(desk, 1_000)
    const log = await desk.log()
    expect(
      log.flatMap((each) =>
        each.type === 'MinerConnected' ? [[each.stream, each.data.extranonce1, each.data.resumes]] : [],
      ),
    ).toEqual([
      ['connection-0.0', 'ab000001', null],
      ['connection-0.1', 'ab000001', 0],
    ])
    // A connection that resumes says all that its shares may be judged by.
    expect(
      log.flatMap((each) =>
        each.type === 'DifficultyAssigned' ? [[each.stream, each.data.job, each.data.difficulty]] : [],
      ),
    ).toEqual([
      ['connection-0.0', 0, 4],
      ['connection-0.0', 1, 1],
      ['connection-0.1', 0, 4],
      ['connection-0.1', 1, 1],
    ])
    expect(
      log.flatMap((each) =>
        each.type === 'SharesAccepted' ? [[each.data.connection, each.data.job, each.data.difficulty]] : [],
      ),
    ).toEqual([
      [
        [0, 1],
        [0, 1],
        [4, 1],
      ],
    ])
  })
})

describe('when the proof of work is another than a miner was told extranonces for', () => {
  const told = (miner: Miner) =>
    miner
      .heard()
      .filter(({ method }) => method !== undefined && method !== 'mining.set_difficulty')
      .map(({ method, params }) => [method, Array.isArray(params) ? params.at(-1) : undefined])

  test('it is told others before the first work, and a share is read as its job was told', () => {
    const desk = house({ mining: { lateShareGraceMs: 60_000 } })
    const miner = desk.connect()
    miner.say('mining.subscribe', ['NiceHash/1.0.0'])
    miner.say('mining.extranonce.subscribe', [])
    miner.say('mining.authorize', [`${ADDRESS}.rig`, ''])
    expect(miner.heard()[0]).toMatchObject({ result: [expect.anything(), 'ab000001', 4] })
    desk.block(1, HARD, 'blake256')
    desk.block(2, HARD, 'blake256')
    desk.block(3, HARD, 'blake3')
    expect(told(miner)).toEqual([
      ['mining.set_extranonce', 8],
      ['mining.notify', true],
      ['mining.notify', true],
      ['mining.set_extranonce', 4],
      ['mining.notify', true],
    ])
    const setting = miner.heard().filter(({ method }) => method === 'mining.set_extranonce')
    expect(setting.map(({ params }) => params)).toEqual([
      ['ab000001', 8],
      ['ab000001', 4],
    ])
    const [, old, current] = jobs(miner)
    const answer = (job: readonly unknown[] | undefined, extranonce2: string): unknown => {
      miner.say('mining.submit', ['w', job?.[0], extranonce2, job?.[7], '00000000'])
      return miner.heard().at(-1)?.['error']
    }
    const malformed = expect.arrayContaining([20, expect.stringContaining('extranonce2 must be 8 hex')])
    expect(answer(current, '0000000000000001')).toEqual(malformed)
    expect(answer(current, '00000001')).not.toEqual(malformed)
    expect(answer(old, '0000000000000001')).not.toEqual(malformed)
    takenShare(desk, miner, current)
  })

  test('and it takes no others, it gets no such work: it is asked to come back, and ended', () => {
    vi.useFakeTimers()
    try {
      const desk = house()
      const miner = desk.connect()
      miner.say('mining.subscribe', ['NiceHash/1.0.0'])
      miner.say('mining.authorize', [`${ADDRESS}.rig`, ''])
      desk.block(1, HARD, 'blake256')
      desk.block(2, HARD, 'blake256')
      expect(told(miner)).toEqual([['client.reconnect', undefined]])
      expect(miner.ended).toEqual([])
      vi.advanceTimersByTime(1_000)
      expect(miner.ended).toEqual(['shutdown'])

      const again = desk.connect()
      again.say('mining.subscribe', ['NiceHash/1.0.0', 'session-1'])
      again.say('mining.authorize', [`${ADDRESS}.rig`, ''])
      expect(again.heard()[0]).toMatchObject({ result: [expect.anything(), 'ab000002', 8] })
      takenShare(desk, again, jobs(again).at(-1), '0000000000000001')
    } finally {
      vi.useRealTimers()
    }
  })

  test('the work that comes between subscribe and authorize tells it too', () => {
    const desk = house()
    const miner = desk.connect()
    miner.say('mining.subscribe', ['NiceHash/1.0.0'])
    desk.block(1, HARD, 'blake256')
    miner.say('mining.authorize', [`${ADDRESS}.rig`, ''])
    expect(told(miner)).toEqual([['client.reconnect', undefined]])
  })
})

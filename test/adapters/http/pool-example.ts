import * as E from 'fp-ts/lib/Either.js'
import { Subject } from 'rxjs'
import { poolMetrics } from '../../../adapters/http/metrics.ts'
import type { PoolStatus } from '../../../adapters/http/port.ts'
import type { HttpOptions } from '../../../adapters/http/server.ts'
import type { LedgerSource } from '../../../adapters/ledger/port.ts'
import type {
  Answer,
  Change,
  Found,
  Order,
  PageRequest,
  ReadModels,
} from '../../../adapters/read-models/port.ts'
import { accountId, encodeAddress } from '../../../domain/decred/address.ts'
import { networks } from '../../../domain/decred/network.ts'
import type { CreditView, PaymentSummary, PaymentView } from '../../../projections/money/views.ts'
import type {
  AccountView,
  BlockState,
  BlockSummary,
  BlockView,
  Hashrates,
  HashrateWindow,
  MinerView,
  PageOf,
  PoolView,
  WorkerView,
} from '../../../projections/views.ts'
import { type LedgerExample, ledgerExample } from './ledger-example.ts'
import { type MoneyExample, moneyExample } from './money-example.ts'

/** A pool as the HTTP side sees it, made of plain values: what each test needs it changes. */
export interface PoolExample {
  now: number
  status: PoolStatus
  pool: PoolView | undefined
  readonly miners: MinerView[]
  readonly accounts: Map<string, AccountView>
  readonly blocks: BlockView[]
  readonly money: MoneyExample
  /** Set to make every read fail. */
  fault: Answer<never> | undefined
  /** Events in the read models. */
  entries: number
  readonly changes: Subject<Change>
  readonly reported: unknown[]
  readonly readModels: ReadModels
  ledger: LedgerSource
  readonly options: (port?: number) => HttpOptions
}

const TERA = 1e12

/** Address number n of the example, of mainnet. */
export const exampleAddress = (n: number): string =>
  encodeAddress(
    'public-key-hash-ecdsa',
    Uint8Array.from({ length: 20 }, (_, i) => (i * 37 + n * 101 + 11) & 255),
    networks.mainnet,
  )

/** Block hash number n of the example. */
export const exampleHash = (n: number): string =>
  Array.from({ length: 64 }, (_, i) =>
    i < 12 ? '0' : ((i * 7 + n * 13 + ((i * n) % 11)) & 15).toString(16),
  ).join('')

/** What a miner may call its machine. */
export const HOSTILE_NAME = '<script>alert(1)</script>"\'&=cmd'

const windowOf = (seconds: number, hashesPerSecond: number, shares: number): HashrateWindow => ({
  seconds,
  hashesPerSecond: Math.round(hashesPerSecond).toString(),
  standardError: Math.round(shares === 0 ? 0 : hashesPerSecond / Math.sqrt(shares)).toString(),
  shares,
  rejected: Math.round(shares / 90),
})

const ratesOf = (rate: number, sharesPerMinute: number): Hashrates => ({
  minute: windowOf(60, rate * 1.06, sharesPerMinute),
  tenMinutes: windowOf(600, rate, sharesPerMinute * 10),
  hour: windowOf(3600, rate * 0.98, sharesPerMinute * 60),
  day: windowOf(86_400, rate * 0.91, sharesPerMinute * 1440),
})

const worker = (name: string, rate: number, now: number, agent: string): WorkerView => ({
  name,
  hashrate: ratesOf(rate, 15),
  shares: {
    accepted: 48_211,
    difficulty: '98123456',
    rejected: 61,
    reasons: [
      { reason: 'stale', count: 52, needed: 0, best: 0, lastAt: now - 60_000 },
      { reason: 'low-difficulty', count: 9, needed: 4096, best: 3911, lastAt: now - 900_000 },
    ],
  },
  lastShareAt: now - 4000,
  connections: [
    {
      gateway: 1,
      connection: 7,
      listener: 'main',
      agent,
      profile: 'gominer',
      difficulty: 4096,
      connectedAt: now - 7_200_000,
    },
  ],
  connectionCount: 1,
})

const stateOf = (index: number): BlockState => {
  const states: readonly BlockState[] = [
    'submitted',
    'connected',
    'approved',
    'approved',
    'disapproved',
    'approved',
    'orphaned',
  ]
  return states[index] ?? 'matured'
}

const blockOf = (index: number, now: number): BlockView => {
  const state = stateOf(index)
  const onChain = !['submitted', 'orphaned'].includes(state)
  const foundAt = now - 40_000 - index * 9_000_000 - ((index * 7919) % 13) * 400_000
  return {
    hash: exampleHash(index),
    height: 1_042_310 - index * 31,
    state,
    foundAt,
    effort: [0.412345, 1.873, 0.09, 2.41, 0.77, 1.02, 0.31, 0.66, 1.31, 0.954, 0.2][index % 11] ?? 1,
    finder:
      index === 8
        ? null
        : {
            account: accountId(exampleAddress(index % 3)),
            address: exampleAddress(index % 3),
            worker: index === 2 ? HOSTILE_NAME : `rig${index + 1}`,
            connection: 7,
          },
    reward: onChain
      ? { transaction: exampleHash(index + 500), output: 2, atoms: String(8_388_322 - index) }
      : null,
    decidedBy: ['approved', 'disapproved', 'matured'].includes(state) ? exampleHash(index + 900) : null,
    confirmations: onChain ? Math.min(256, 1 + index * 31) : 0,
    maturity: 256,
    header: '00'.repeat(180),
    powAlgorithm: 'blake3',
    gateway: 1,
    job: 1812 - index,
    share: { stream: 'shares-1-490000', revision: 4, index: 3 },
    submissions: [{ at: foundAt + 20, node: 'main', verdict: 'accepted', message: '' }],
    life: [
      { at: foundAt, step: 'found', detail: '' },
      {
        at: foundAt + 9_000,
        step: 'approved',
        detail: `The votes in block ${exampleHash(index + 900)} approved it.`,
      },
    ],
  }
}

/** Shape of the pool's hashrate over time, relative to its mean. */
const shape = (at: number): number => {
  const hours = at / 3_600_000
  return (
    1 +
    0.14 * Math.sin(hours / 3.8) +
    0.05 * Math.sin(hours * 5.1) +
    0.04 * Math.sin(hours * 41.7) -
    (Math.sin(hours / 9) > 0.93 ? 0.35 : 0)
  )
}

/** Makes an example as of a time: a public pool on mainnet with 23 miners, one of them hostile, and forty blocks. */
export function poolExample(now: number): PoolExample {
  const rate = 48.213 * TERA
  const changes = new Subject<Change>()
  const money = moneyExample(now, exampleAddress, exampleHash)
  const ledger = ledgerExample(now, exampleAddress, exampleHash, HOSTILE_NAME)
  const blocks = Array.from({ length: 40 }, (_, index) => blockOf(index, now))
  const accounts = new Map<string, AccountView>()
  const miners = Array.from({ length: 23 }, (_, index): MinerView => {
    const address = exampleAddress(index)
    const view: MinerView = {
      account: accountId(address),
      address,
      hashrate: ratesOf((rate / (index + 1)) * 0.3, 15),
      workersOnline: index < 20 ? (index % 4) + 1 : 0,
      lastShareAt: now - 4000 * (index + 1),
    }
    accounts.set(address, {
      ...view,
      openedAt: now - 90 * 86_400_000,
      at: now,
      shares: worker('', 0, now, '').shares,
      workers: {
        items: [
          worker('rig1', 9.1 * TERA, now, 'decred-gominer/2.0.0'),
          worker(HOSTILE_NAME, 4.2 * TERA, now, '"><img src=x onerror=alert(2)>'),
          worker('=HYPERLINK("x")', 1.1 * TERA, now, 'decred-gominer/2.0.0'),
        ],
        next: null,
      },
      blocksFound: 3,
      balances: money.balances,
      quota: { share: 0.287311, since: now - 86_400_000 },
    })
    return view
  })
  const shares = {
    accepted: 1_843_977,
    difficulty: '9812345678',
    rejected: 16_402,
    reasons: [
      { reason: 'stale', count: 11_204, needed: 0, best: 0, lastAt: now - 9000 },
      { reason: 'low-difficulty', count: 3_811, needed: 4096, best: 3911, lastAt: now - 20_000 },
      { reason: 'duplicate', count: 1_202, needed: 0, best: 0, lastAt: now - 200_000 },
      { reason: 'time-out-of-range', count: 35, needed: 0, best: 0, lastAt: now - 900_000 },
    ],
  } as const
  const pool: PoolView = {
    network: 'mainnet',
    mode: 'public',
    openedAt: now - 90 * 86_400_000,
    at: now,
    hashrate: ratesOf(rate, 640),
    miners: 20,
    workers: 43,
    connections: 46,
    work: {
      gateway: 1,
      job: 1813,
      height: 1_042_311,
      bits: 0x1b00a5a6,
      networkDifficulty: 3_132_289_666,
      networkHashesPerSecond: '8390000000000000',
      issuedAt: now - 12_000,
      reason: 'new-votes',
    },
    round: {
      block: exampleHash(0),
      since: now - 40_000,
      effort: 0.371204,
      shares: 12_311,
      difficulty: '812345678',
    },
    luck: { last10: { blocks: 10, luck: 1.083 }, last100: { blocks: 40, luck: 0.972 } },
    blocks: {
      found: 0,
      submitted: 1,
      rejected: 0,
      connected: 1,
      approved: 3,
      disapproved: 1,
      matured: 33,
      disconnected: 0,
      orphaned: 1,
    },
    lastBlock: blocks.slice(0, 1).map(summary)[0] ?? null,
    shares,
    policy: money.policy,
    nextPayout: money.nextPayout,
  }
  const status: PoolStatus = {
    name: 'Ore & Sons',
    software: 'lodebook 0.1.0',
    network: 'mainnet',
    mode: 'public',
    startedAt: now - 3 * 86_400_000,
    powAlgorithm: 'blake3',
    devnet: false,
    nodes: [{ name: 'main', state: 'up', message: '', tip: { height: 1_042_310, hash: exampleHash(0) } }],
    work: { height: 1_042_311, issuedAt: now - 12_000, job: 1813, reason: 'new-votes' },
    connections: 46,
    listeners: [
      {
        name: 'main',
        host: '0.0.0.0',
        port: 5550,
        tls: null,
        difficulty: { kind: 'variable', start: null, min: 1, max: null },
      },
      {
        name: 'tls',
        host: '0.0.0.0',
        port: 5551,
        tls: 'F2:0C:9A:11:7E:52:8D:03:44:AA:90:7C:1F:62:E8:35:77:B1:0D:C9:5E:23:98:FA:61:4B:DD:02:86:3F:19:E7',
        difficulty: { kind: 'variable', start: 16, min: 1, max: 1_048_576 },
      },
      {
        name: 'rental',
        host: '0.0.0.0',
        port: 5552,
        tls: null,
        difficulty: { kind: 'fixed', difficulty: 65_536 },
      },
    ],
    journal: { state: 'ok', queued: 3, queueMax: 50_000 },
    money: null,
    reserves: null,
    ledger: {
      state: 'publishing',
      message: '',
      origin: 'pool.example.com/ledger',
      keys: ['pool.example.com/ledger+30a44657+AQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ'],
      checkpoint: {
        size: 901,
        root: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
        time: now - 400,
      },
      witnesses: [
        { name: 'witness.example.com', size: 880, time: now - 5_000, message: '' },
        { name: 'other.example.com', size: null, time: null, message: 'It answered 404: unknown log' },
      ],
    },
    projections: { position: 900, head: 900 },
  }

  const example: PoolExample = {
    now,
    status,
    pool,
    miners,
    accounts,
    blocks,
    money,
    fault: undefined,
    entries: 901,
    changes,
    reported: [],
    readModels: undefined as unknown as ReadModels,
    ledger: ledger.source,
    options: (port = 0) => ({
      host: '127.0.0.1',
      port,
      tls: null,
      behindProxy: false,
      readModels: example.readModels,
      ledger: example.ledger,
      status: () => example.status,
      metrics: poolMetrics(),
      now: () => example.now,
      report: (error) => example.reported.push(error),
      admin: null,
    }),
  }
  changes.subscribe(({ entries }) => {
    example.entries = entries
  })
  return Object.assign(example, { readModels: readModelsOf(example, rate, ledger) })
}

const notUsedHere = (): never => {
  throw new Error('the HTTP side has no use for this')
}

const summary = ({
  header,
  powAlgorithm,
  gateway,
  job,
  share,
  submissions,
  life,
  ...rest
}: BlockView): BlockSummary => rest

const paymentSummary = (payment: PaymentView): PaymentSummary => {
  const { number, entry, phase, plannedAt, endedAt, transaction, block, why } = payment
  const { mode, outputs, paid, fee } = payment
  return {
    ...{ number, entry, phase, plannedAt, endedAt, transaction, block, why },
    ...{ mode, outputs, paid, fee },
  }
}

function readModelsOf(example: PoolExample, rate: number, ledger: LedgerExample): ReadModels {
  const { money } = example
  const answer = <T>(value: () => Answer<T>): Answer<T> => example.fault ?? value()
  const accountOf = (key: string): AccountView | undefined =>
    example.accounts.get(key) ?? [...example.accounts.values()].find(({ account }) => account === key)
  return {
    name: 'example',
    checkpoint: notUsedHere,
    apply: notUsedHere,
    applyInSlices: notUsedHere,
    storeDueInMs: notUsedHere,
    storeInSlices: notUsedHere,
    changes: example.changes,
    status: () => ({ version: 1, position: 900, entries: example.entries, skipped: 0, eventAt: example.now }),
    pool: (nowMs) =>
      answer(() => E.right(example.pool === undefined ? undefined : { ...example.pool, at: nowMs })),
    miners: (page, _, order = { by: 'work', descending: true }) =>
      answer(() => paged(ordered(example.miners, order, minerKeys[order.by]), page)),
    account: (account) => answer(() => E.right(accountOf(account))),
    workers: (account, page) => answer(() => paged(accountOf(account)?.workers.items ?? [], page)),
    worker: (account, name) =>
      answer(() => E.right(accountOf(account)?.workers.items.find((worker) => worker.name === name))),
    shareSources: (account) =>
      answer(() =>
        E.right(
          accountOf(account)?.account === accountId(exampleAddress(0))
            ? ['rig1', HOSTILE_NAME].map((worker, ordinal) => ({
                gateway: 1,
                connection: 7,
                ordinal,
                worker,
              }))
            : [],
        ),
      ),
    find: (text) => answer(() => E.right(foundIn(example, text))),
    blocks: ({ account, order = { by: 'height', descending: true } }, page) =>
      answer(() =>
        paged(
          ordered(example.blocks, order, ({ height, effort }) => (order.by === 'height' ? height : effort))
            .filter(({ finder }) => account === undefined || finder?.account === account)
            .map(summary),
          page,
        ),
      ),
    block: (hash) => answer(() => E.right(example.blocks.find((block) => block.hash === hash))),
    hashrateHistory: ({ account, worker, from, to, stepSeconds }) =>
      answer(() => {
        if (account !== undefined && accountOf(account) === undefined) return E.right(undefined)
        if (from >= to) return E.left({ kind: 'bad-request', message: 'from must be before to.' })
        const step = Math.ceil(stepSeconds / 60) * 60_000
        const shift = worker?.length ?? 0
        const scale = worker === undefined ? 1 : 1 / shift
        const first = Math.floor(from / step) * step
        const points = Array.from({ length: Math.ceil((to - first) / step) }, (_, index) => {
          const at = first + index * step
          const shares = Math.round((640 * step) / 60_000)
          const seconds = Math.min(step, to - at) / 1000
          const part = windowOf(seconds, rate * shape(at + shift * 1e7) * scale, shares)
          return { at, ...part, standardError: String(Math.round(Number(part.standardError) * 6)) }
        })
        return E.right({ stepSeconds: step / 1000, points })
      }),
    balances: notUsedHere,
    earnings: (account, page) =>
      answer(() => paged(accountOf(account) === undefined ? [] : money.earnings, page)),
    statement: (account, page) =>
      answer(() => paged(accountOf(account) === undefined ? [] : money.statement, page)),
    minerPayments: (account, page) =>
      answer(() => paged(accountOf(account) === undefined ? [] : money.minerPayments, page)),
    allocation: (hash, page) =>
      answer(() =>
        E.map((credits: PageOf<CreditView>) =>
          hash === money.allocation.block ? { ...money.allocation, ...credits } : undefined,
        )(paged(money.credits, page)),
      ),
    payments: (page, order = { by: 'number', descending: true }) =>
      answer(() =>
        paged(
          ordered(money.payments, order, ({ number, paid }) =>
            order.by === 'number' ? number : Number(paid),
          ).map(paymentSummary),
          page,
        ),
      ),
    payment: (number) => answer(() => E.right(money.payments.find((each) => each.number === number))),
    onTheWay: notUsedHere,
    policies: () => answer(() => E.right({ inForce: money.policy, history: [money.policy] })),
    books: () => answer(() => E.right(money.books)),
    booksHistory: ({ from, to, stepMs }) =>
      answer(() =>
        E.right(
          Array.from({ length: Math.ceil((to - from) / stepMs) }, (_, i) => ({
            at: Math.min(to, from + (i + 1) * stepMs),
            liabilities: String(193_766_440 + (i % 17) * 8_388_322),
            reserve: '-412',
          })),
        ),
      ),
    entryOf: (stream, revision) => answer(() => E.right(ledger.entryOf(stream, revision))),
    unfinishedBlocks: notUsedHere,
    maturedBlocks: notUsedHere,
    solvedWithoutBlock: notUsedHere,
    job: notUsedHere,
    jobsByMerkleRoot: notUsedHere,
    close: notUsedHere,
  }
}

const minerKeys = {
  work: (miner: MinerView) => Number(miner.hashrate.hour.hashesPerSecond),
  'last-share': (miner: MinerView) => miner.lastShareAt ?? 0,
  workers: (miner: MinerView) => miner.workersOnline,
} as const

/** In an order; what is equal stays as it is. */
const ordered = <T>(
  all: readonly T[],
  { descending }: Order<string>,
  key: (item: T) => number,
): readonly T[] => [...all].sort((a, b) => (descending ? key(b) - key(a) : key(a) - key(b)))

function foundIn({ accounts, blocks, money }: PoolExample, text: string): readonly Found[] {
  const names = [...accounts.values()].filter(({ address }) => text.length >= 6 && address?.startsWith(text))
  return [
    ...blocks
      .filter(({ hash, height }) => hash === text || String(height) === text)
      .map(({ hash, height }) => ({ kind: 'block', hash, height }) as const),
    ...money.payments
      .filter(({ transaction, number }) => transaction === text || String(number) === text)
      .map(({ number }) => ({ kind: 'payment', number }) as const),
    ...names.map(({ account, address }) => ({ kind: 'account', account, address }) as const),
    ...[...accounts.values()]
      .slice(0, 2)
      .filter(({ workers }) => workers.items.some(({ name }) => name === text))
      .map(({ account, address }) => ({ kind: 'worker', account, address, name: text }) as const),
  ]
}

function paged<T>(all: readonly T[], { after, limit }: PageRequest): Answer<PageOf<T>> {
  const from = after === null ? 0 : /^at-\d+$/.test(after) ? Number(after.slice(3)) : Number.NaN
  if (Number.isNaN(from))
    return E.left({ kind: 'bad-request', message: 'cursor is not one that a page gave.' })
  const until = from + limit
  return E.right({ items: all.slice(from, until), next: until < all.length ? `at-${until}` : null })
}

import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { BlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { canonicalJson } from '../../domain/canonical-json.ts'
import { accountId, encodeAddress } from '../../domain/decred/address.ts'
import { encodeHeader } from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { type Network, type NetworkName, networks } from '../../domain/decred/network.ts'
import { networkDifficulty, targetToCompact } from '../../domain/decred/target.ts'
import { eventId } from '../../domain/event-id.ts'
import {
  type EventData,
  type EventType,
  event as eventOf,
  type PoolEvent,
  type RejectReason,
  type Scheme,
} from '../../domain/events.ts'
import type { PayoutStepEvent } from '../../domain/payout/lifecycle.ts'
import { MoneyWriter } from './money-writer.ts'

/** What {@link eventHistory} makes up. The same options give the same events. */
export interface HistoryOptions {
  readonly seed: number
  /** Accepted shares at least, in all. */
  readonly shares: number
  /** Connections open at a time, each with its own worker; an account has three of them on average. */
  readonly workers: number
  /** In one event, about. */
  readonly sharesPerEvent: number
  /** Of each connection. */
  readonly sharesPerMinute?: number
  readonly network?: NetworkName
  /** Seconds of pool work for one block on average. */
  readonly secondsPerOwnBlock?: number
  /** How blocks are shared: `pplns` unless given. Null: there is no money in it. */
  readonly scheme?: Scheme | null
  /** Unix ms of its begin; in September 2026 unless given. */
  readonly startMs?: number
  /** Things that go wrong happen this many times as often as they should. */
  readonly trouble?: number
}

const START_MS = 1_790_000_000_000

/**
 * Makes up the history of a pool as its log would hold it, quickly and without end to its length: one gateway that now and then is
 * killed and comes back, miners that come and go, one share each four seconds, jobs, refused shares, hours that close, blocks
 * with every kind of life, some whose finder is lost, their rewards shared, taken back and paid out, and an event of a type that
 * nobody knows. Nothing is really hashed.
 */
export function* eventHistory(options: HistoryOptions): Generator<RecordedEvent> {
  const history = new History(options)
  yield* history.opening()
  while (history.shares < options.shares) yield* history.step()
}

interface Miner {
  readonly connection: number
  readonly account: string
  readonly worker: string
  difficulty: number
  accepted: number
  sum: number
}

interface Find {
  readonly hash: string
  readonly index: number
  readonly miner: Miner
}

interface Issued {
  readonly height: number
  readonly header: string
}

class History {
  shares = 0
  readonly #options: Required<Omit<HistoryOptions, 'startMs'>>
  readonly #network: Network
  readonly #random: () => number
  readonly #revisions = new Map<string, number>()
  readonly #accounts: { readonly id: string; readonly address: string; opened: boolean }[]
  readonly #bits: number
  readonly #stepMs: number
  #later: { readonly at: number; readonly make: () => Iterable<RecordedEvent> }[] = []
  #position = 0
  #now: number
  #gateway = -1
  #epoch = ''
  #epochShares = 0
  #epochDifficulty = 0n
  #job = -1
  #height = 1_000
  #work: Issued = { height: 0, header: '' }
  #nextConnection = 0
  #miners: Miner[] = []
  /** Streams of blocks. */
  readonly #disapproved = new Set<string>()
  readonly #money: MoneyWriter | null

  constructor(options: HistoryOptions) {
    this.#options = {
      sharesPerMinute: 15,
      network: 'testnet3',
      secondsPerOwnBlock: 1_200,
      trouble: 1,
      scheme: { kind: 'pplns', windowPpm: 2_000_000 },
      ...options,
    }
    this.#now = options.startMs ?? START_MS
    this.#network = networks[this.#options.network]
    this.#random = randomOf(options.seed)
    this.#accounts = Array.from({ length: Math.max(1, Math.floor(options.workers / 3)) }, (_, n) => {
      const address = encodeAddress(
        'public-key-hash-ecdsa',
        Uint8Array.from({ length: 20 }, (_, i) => (n >> (8 * (i % 4))) & 255),
        this.#network,
      )
      return { id: accountId(address), address, opened: false }
    })
    const sharesPerSecond = (options.workers * this.#options.sharesPerMinute) / 60
    this.#stepMs = Math.max(1, Math.round((options.sharesPerEvent / sharesPerSecond) * 1_000))
    const difficulty = Math.max(
      1,
      Math.round(MEAN_DIFFICULTY * sharesPerSecond * this.#options.secondsPerOwnBlock),
    )
    this.#bits = targetToCompact(this.#network.powLimit / BigInt(difficulty))
    const { scheme } = this.#options
    this.#money = scheme === null ? null : this.#writer(scheme)
  }

  #writer(scheme: Scheme): MoneyWriter {
    const addresses = new Map(this.#accounts.map(({ id, address }) => [id, address]))
    const own = (n: number): string =>
      encodeAddress('public-key-hash-ecdsa', new Uint8Array(20).fill(n), this.#network)
    return new MoneyWriter({
      network: this.#network,
      policyRevision: 1,
      scheme,
      mode: this.#pick(2) === 0 ? 'automatic' : 'manual',
      feePpm: 10_000,
      minimum: 1_000_000n,
      feeAddresses: [own(253), own(254)],
      changeAddress: own(255),
      addressOf: (account) => addresses.get(account),
      record: (stream, event) => this.#recordText(stream, event.type, canonicalJson(event.data)),
    })
  }

  *opening(): Generator<RecordedEvent> {
    yield this.#record('pool', 'PoolOpened', {
      v: 1,
      at: this.#now,
      network: this.#network.name,
      mode: 'public',
      software: 'lodebook 0.1.0',
    })
    if (this.#money !== null) yield this.#record('pool', 'PolicyAdopted', this.#money.policy(this.#now))
    yield* this.#join()
    this.#plan(this.#network.blockTimeSeconds * 1_000, () => this.#chainMoves())
    this.#plan(60_000, () => this.#eachMinute())
  }

  /** What happens until the next event of shares, and that event. */
  *step(): Generator<RecordedEvent> {
    const due = this.#later.filter(({ at }) => at <= this.#now)
    this.#later = this.#later.filter(({ at }) => at > this.#now)
    for (const { make } of due) yield* make()
    yield* this.#accept()
    this.#now += this.#stepMs
  }

  #plan(afterMs: number, make: () => Iterable<RecordedEvent>): void {
    this.#later.push({ at: this.#now + afterMs, make })
  }

  #record<T extends EventType>(stream: string, type: T, data: EventData<T>): RecordedEvent {
    return this.#recordText(stream, type, canonicalJson(data))
  }

  #recordText(stream: string, type: string, data: string): RecordedEvent {
    const revision = (this.#revisions.get(stream) ?? -1) + 1
    this.#revisions.set(stream, revision)
    this.#position += 1 + this.#pick(3)
    return {
      id: eventId(stream, revision, type, data),
      stream,
      revision,
      position: this.#position,
      type,
      data,
    }
  }

  /** An event of a block, which the money goes by. */
  #recordBlock<T extends BlockEvent['type']>(stream: string, type: T, data: EventData<T>): RecordedEvent {
    const recorded = this.#record(stream, type, data)
    const event: PoolEvent = eventOf(type, data)
    if (isBlockEvent(event)) this.#money?.block(stream.slice('block-'.length), event)
    return recorded
  }

  #pick(below: number): number {
    return Math.floor(this.#random() * below)
  }

  #happens(chance: number): boolean {
    return this.#random() < chance * this.#options.trouble
  }

  /** A gateway process begins. One before it, if there was one, was killed: its connections end without a word. */
  *#join(): Generator<RecordedEvent> {
    this.#gateway++
    this.#epoch = ''
    this.#job = -1
    this.#nextConnection = 0
    yield this.#record('pool', 'GatewayJoined', {
      v: 1,
      at: this.#now,
      gateway: this.#gateway,
      extranoncePrefix: toHex(Uint8Array.of(this.#gateway & 255)),
      software: 'lodebook 0.1.0',
    })
    yield this.#issue('new-parent')
    const before = this.#miners
    this.#miners = []
    for (let n = 0; n < this.#options.workers; n++) yield* this.#connect(before[n], n)
  }

  *#connect(before: Miner | undefined, n: number): Generator<RecordedEvent> {
    const number = this.#nextConnection++
    const stream = this.#connectionStream(number)
    const account = this.#accounts[n % this.#accounts.length] ?? { id: '', address: '', opened: false }
    const at = this.#now
    yield this.#record(stream, 'MinerConnected', {
      v: 1,
      at,
      extranonce1: number.toString(16).padStart(8, '0'),
      listener: 'main',
      resumes: null,
    })
    yield this.#record(stream, 'MinerIdentified', { v: 1, at, agent: 'gominer/2.0.0', profile: 'gominer' })
    if (!account.opened) {
      account.opened = true
      yield this.#record(`account-${account.id}`, 'AccountOpened', { v: 1, at, address: account.address })
    }
    const worker = before?.worker ?? `rig-${n}`
    yield this.#record(stream, 'WorkerAuthorized', { v: 1, at, account: account.id, worker })
    const difficulty = before?.difficulty ?? 1 + this.#pick(2 * MEAN_DIFFICULTY)
    yield this.#record(stream, 'DifficultyAssigned', { v: 1, at, difficulty, job: Math.max(0, this.#job) })
    this.#miners.push({ connection: number, account: account.id, worker, difficulty, accepted: 0, sum: 0 })
  }

  #connectionStream(number: number): string {
    return `connection-${this.#gateway}.${number}`
  }

  #issue(reason: EventData<'WorkIssued'>['reason']): RecordedEvent {
    this.#job++
    const header = toHex(
      encodeHeader({
        version: 10,
        previousBlock: this.#hash(),
        merkleRoot: this.#hash(),
        stakeRoot: this.#hash(),
        voteBits: 1,
        finalState: '0'.repeat(12),
        voters: 5,
        freshStake: 0,
        revocations: 0,
        poolSize: 40_000,
        bits: this.#bits,
        stakeDifficulty: 20_000_000_000n,
        height: this.#height,
        size: 4_000,
        timestamp: Math.floor(this.#now / 1_000),
        nonce: 0,
        extraData: '0'.repeat(64),
        stakeVersion: 10,
      }),
    )
    this.#work = { height: this.#height, header }
    return this.#record(`work-${this.#gateway}-${epochOf(this.#now)}`, 'WorkIssued', {
      v: 1,
      at: this.#now,
      job: this.#job,
      header,
      powAlgorithm: 'blake3',
      height: this.#height,
      bits: this.#bits,
      subsidy: String(SUBSIDY),
      reason,
    })
  }

  #hash(): string {
    let hash = ''
    for (let i = 0; i < 8; i++)
      hash += this.#pick(2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return hash
  }

  *#chainMoves(): Generator<RecordedEvent> {
    this.#height++
    yield this.#issue('new-parent')
    if (this.#money !== null) {
      if (this.#pick(4) > 0) yield* this.#money.settleWork(this.#now, this.#height)
      yield* this.#settle()
      if (this.#pick(4) === 0) yield* this.#pay()
    }
    this.#plan(this.#network.blockTimeSeconds * 1_000 * (0.5 + this.#random()), () => this.#chainMoves())
  }

  /** Shares what is due, by work that is made up: nobody who reads the log compares it with the shares. */
  *#settle(): Generator<RecordedEvent> {
    const opened = this.#accounts.filter(({ opened }) => opened)
    const units = new Map(opened.map(({ id }) => [id, 1n + BigInt(this.#pick(2 ** 31))]))
    yield* this.#money?.settle(this.#now, units, this.#happens(0.2) ? Math.ceil(units.size / 4) : 500) ?? []
    if (this.#happens(0.01)) {
      const why = 'disconnected'
      yield this.#record('settlement-0', 'RewardReversed', { v: 1, at: this.#now, block: this.#hash(), why })
    }
  }

  *#pay(): Generator<RecordedEvent> {
    const money = this.#money
    if (money === null) return
    for (const number of yield* money.plan(this.#now, this.#height)) {
      const isManual = money.policy(this.#now).payoutMode === 'manual'
      const rejected = this.#happens(0.1)
      const steps = rejected ? ['reject'] : [...(isManual ? ['approve'] : []), 'sign', 'publish']
      const last = rejected ? [] : [this.#happens(0.1) ? 'conflict' : 'confirm']
      for (const [i, step] of [...steps, ...last].entries())
        this.#plan((i + 1) * 40_000, () => [money.step(number, this.#payoutStep(step))])
    }
  }

  #payoutStep(step: string): PayoutStepEvent {
    const at = this.#now
    switch (step) {
      case 'approve':
        return { type: 'PayoutApproved', data: { v: 1, at } }
      case 'sign':
        return { type: 'PayoutSigned', data: { v: 1, at, transaction: this.#hash(), bytes: '00' } }
      case 'publish':
        return { type: 'PayoutPublished', data: { v: 1, at } }
      case 'confirm':
        return { type: 'PayoutConfirmed', data: { v: 1, at, block: this.#hash(), confirmations: 2 } }
      case 'reject':
        return { type: 'PayoutReturned', data: { v: 1, at, why: 'rejected', conflict: null } }
      default: {
        const conflict = { transaction: this.#hash(), block: this.#hash(), confirmations: 2 }
        return { type: 'PayoutReturned', data: { v: 1, at, why: 'conflict', conflict } }
      }
    }
  }

  *#eachMinute(): Generator<RecordedEvent> {
    this.#plan(60_000, () => this.#eachMinute())
    yield this.#issue('refresh')
    yield this.#reject()
    if (this.#happens(0.5)) yield* this.#replaceMiner()
    if (this.#happens(0.5)) yield this.#retarget()
    if (this.#happens(0.01)) yield* this.#join()
    if (this.#happens(0.02)) yield this.#recordText('settlement-1', 'SomethingOfTomorrow', '{"v":1}')
  }

  *#replaceMiner(): Generator<RecordedEvent> {
    const n = this.#pick(this.#miners.length)
    const gone = this.#miners[n]
    if (gone === undefined) return
    this.#miners.splice(n, 1)
    yield this.#record(this.#connectionStream(gone.connection), 'MinerDisconnected', {
      v: 1,
      at: this.#now,
      reason: 'connection-lost',
      accepted: gone.accepted,
      rejected: 0,
      difficulty: String(gone.sum),
    })
    yield* this.#connect(this.#happens(0.5) ? gone : undefined, this.#pick(10 * this.#options.workers))
  }

  #retarget(): RecordedEvent {
    const miner = this.#miners[this.#pick(this.#miners.length)] ?? NOBODY
    miner.difficulty = 1 + this.#pick(2 * MEAN_DIFFICULTY)
    return this.#record(this.#connectionStream(miner.connection), 'DifficultyAssigned', {
      v: 1,
      at: this.#now,
      difficulty: miner.difficulty,
      job: this.#job,
    })
  }

  #reject(): RecordedEvent {
    const rows = Array.from({ length: 1 + this.#pick(5) }, () => ({
      connection: this.#miners[this.#pick(this.#miners.length)]?.connection ?? 0,
      worker: this.#happens(0.1) ? null : 0,
      reason: REASONS[this.#pick(REASONS.length)] ?? 'stale',
      count: 1 + this.#pick(20),
    }))
    return this.#record(this.#sharesStream(), 'SharesRejected', {
      v: 1,
      at: this.#now,
      since: this.#now - 60_000,
      connection: rows.map(({ connection }) => connection),
      worker: rows.map(({ worker }) => worker),
      reason: rows.map(({ reason }) => reason),
      count: rows.map(({ count }) => count),
      needed: rows.map(({ reason }) => (reason === 'low-difficulty' ? 1_000 : 0)),
      best: rows.map(({ reason }) => (reason === 'low-difficulty' ? 1 + this.#pick(999) : 0)),
      others: this.#pick(3),
    })
  }

  #sharesStream(): string {
    return `shares-${this.#gateway}-${this.#epoch === '' ? epochOf(this.#now) : this.#epoch}`
  }

  *#accept(): Generator<RecordedEvent> {
    const epoch = epochOf(this.#now)
    if (this.#epoch !== '' && this.#epoch !== epoch) yield this.#closeEpoch()
    this.#epoch = epoch
    const stream = this.#sharesStream()
    const { data, find } = this.#columns()
    const recorded = this.#recordText(stream, 'SharesAccepted', JSON.stringify(data))
    yield recorded
    this.#earn(recorded, data)
    if (find === undefined) return
    const isKnown = data.solved.length > 0
    // A pool that was killed just then has the share and no block: it is left for whoever starts next.
    if (isKnown && this.#happens(0.05)) return
    const share = { stream, revision: this.#revisions.get(stream) ?? 0, index: find.index }
    this.#plan(0, () => this.#block(find.hash, isKnown ? { share, miner: find.miner } : undefined))
  }

  /** Work that is paid for by the share. */
  #earn(
    { stream, revision }: RecordedEvent,
    { at, connection, difficulty }: EventData<'SharesAccepted'>,
  ): void {
    if (this.#options.scheme?.kind !== 'pps') return
    const accounts = new Map(this.#miners.map((miner) => [miner.connection, miner.account]))
    this.#money?.shares(
      {
        ...{ stream, revision, atMs: at, difficulty },
        account: connection.map((each) => accounts.get(each) ?? ''),
        bits: connection.map(() => this.#bits),
      },
      SUBSIDY,
    )
  }

  #closeEpoch(): RecordedEvent {
    const stream = this.#sharesStream()
    const shares = this.#epochShares
    const difficulty = String(this.#epochDifficulty)
    this.#epochShares = 0
    this.#epochDifficulty = 0n
    const events = (this.#revisions.get(stream) ?? -1) + 1
    return this.#record(stream, 'EpochClosed', { v: 1, at: this.#now, shares, events, difficulty })
  }

  /** Columns of one event, keys sorted so that they print as canonical JSON. */
  #columns(): { readonly data: EventData<'SharesAccepted'>; readonly find: Find | undefined } {
    const length = Math.max(1, Math.round(this.#options.sharesPerEvent * (0.5 + this.#random())))
    const connection: number[] = []
    const difficulty: number[] = []
    const elapsed: number[] = []
    const extranonce2: string[] = []
    const job: number[] = []
    const nonce: number[] = []
    const ntime: number[] = []
    const worker: number[] = []
    const gap = this.#stepMs / length
    let weight = 0
    for (let i = 0; i < length; i++) {
      const miner = this.#miners[this.#pick(this.#miners.length)] ?? NOBODY
      miner.accepted++
      miner.sum += miner.difficulty
      weight += miner.difficulty
      connection.push(miner.connection)
      difficulty.push(miner.difficulty)
      elapsed.push(Math.floor(i * gap))
      extranonce2.push(i.toString(16).padStart(8, '0'))
      job.push(this.#job > 0 && (i & 15) === 0 ? this.#job - 1 : this.#job)
      nonce.push(this.#pick(2 ** 32))
      ntime.push(i % 30)
      worker.push(0)
    }
    this.shares += length
    this.#epochShares += length
    this.#epochDifficulty += BigInt(weight)
    const find = this.#find(connection, weight)
    const solved = find === undefined || this.#happens(0.05) ? [] : [{ hash: find.hash, share: find.index }]
    return {
      data: {
        at: this.#now,
        connection,
        difficulty,
        elapsed,
        extranonce2,
        job,
        nonce,
        ntime,
        solved,
        v: 1,
        worker,
      },
      find,
    }
  }

  /** The share that solves a block, if one of these does. */
  #find(connection: readonly number[], weight: number): Find | undefined {
    if (this.#random() >= weight / networkDifficulty(this.#network, this.#bits)) return undefined
    const index = this.#pick(connection.length)
    const miner = this.#miners.find((miner) => miner.connection === connection[index])
    return miner === undefined ? undefined : { hash: this.#hash(), index, miner }
  }

  *#block(
    hash: string,
    found: { readonly share: EventData<'BlockFound'>['share']; readonly miner: Miner } | undefined,
  ): Generator<RecordedEvent> {
    const stream = `block-${hash}`
    yield this.#recordBlock(stream, 'BlockFound', {
      v: 1,
      at: this.#now,
      height: this.#work.height,
      header: this.#work.header,
      powAlgorithm: 'blake3',
      share: found?.share ?? null,
      gateway: this.#gateway,
      job: this.#job,
      connection: found?.miner.connection ?? null,
      account: found?.miner.account ?? null,
      worker: found?.miner.worker ?? null,
    })
    const refused = this.#happens(0.05)
    yield this.#recordBlock(stream, 'BlockSubmitted', {
      v: 1,
      at: this.#now,
      node: 'dcrd-1',
      verdict: refused ? 'rejected' : 'accepted',
      message: refused ? 'block is a duplicate' : '',
    })
    if (refused)
      yield this.#recordBlock(stream, 'BlockOrphaned', { v: 1, at: this.#now, why: 'refused by every node' })
    else yield* this.#connectBlock(stream)
  }

  *#connectBlock(stream: string): Generator<RecordedEvent> {
    const { blockTimeSeconds, coinbaseMaturity } = this.#network
    yield this.#recordBlock(stream, 'BlockConnected', {
      v: 1,
      at: this.#now,
      reward: { transaction: this.#hash(), output: 2, atoms: String(SUBSIDY) },
    })
    if (this.#happens(0.05)) {
      this.#plan(5_000, () => this.#disconnectBlock(stream))
      return
    }
    this.#plan(blockTimeSeconds * 1_000, () => this.#judgeBlock(stream))
    this.#plan(blockTimeSeconds * (coinbaseMaturity + 1) * 1_000, () => this.#matureBlock(stream))
  }

  *#disconnectBlock(stream: string): Generator<RecordedEvent> {
    yield this.#recordBlock(stream, 'BlockDisconnected', { v: 1, at: this.#now })
    if (this.#happens(0.5)) this.#plan(5_000, () => this.#connectBlock(stream))
    else
      yield this.#recordBlock(stream, 'BlockOrphaned', {
        v: 1,
        at: this.#now,
        why: 'another block is deep enough',
      })
  }

  *#judgeBlock(stream: string): Generator<RecordedEvent> {
    const disapproved = this.#happens(0.05)
    if (disapproved) this.#disapproved.add(stream)
    const by = this.#hash()
    yield disapproved
      ? this.#recordBlock(stream, 'BlockDisapproved', { v: 1, at: this.#now, by })
      : this.#recordBlock(stream, 'BlockApproved', { v: 1, at: this.#now, by })
  }

  *#matureBlock(stream: string): Generator<RecordedEvent> {
    if (this.#disapproved.has(stream)) return
    const confirmations = this.#network.coinbaseMaturity + 1
    yield this.#recordBlock(stream, 'BlockMatured', { v: 1, at: this.#now, confirmations })
    // No chain does this; the books say what happens then.
    if (this.#happens(0.02))
      this.#plan(3_600_000, () => [this.#recordBlock(stream, 'BlockDisconnected', { v: 1, at: this.#now })])
  }
}

const isBlockEvent = (event: PoolEvent): event is BlockEvent => event.type.startsWith('Block')

const MEAN_DIFFICULTY = 1_000
/** Atoms of each block. */
const SUBSIDY = 12_345_678n
const NOBODY: Miner = { connection: 0, account: '', worker: '', difficulty: 1, accepted: 0, sum: 0 }
const REASONS: readonly RejectReason[] = [
  'stale',
  'duplicate',
  'low-difficulty',
  'unknown-job',
  'time-out-of-range',
]

/** The UTC hour of a time: `2026112318`. */
const epochOf = (atMs: number): string => new Date(atMs).toISOString().replace(/[-T:]/g, '').slice(0, 10)

/** Numbers from 0 to 1 that follow from a seed: Marsaglia's xorshift with 32 bits of state. */
function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

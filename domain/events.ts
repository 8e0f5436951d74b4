import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { NetworkName } from './decred/network.ts'
import { PowAlgorithm } from './decred/proof-of-work.ts'

/**
 * The closed catalogue of events: what each says, its codec and its versions. `test/golden` pins the bytes of every one.
 * A change of meaning or unit is a new version with an upcaster, or a new type; never an edit here.
 */

const integer = (name: string, min: number, max: number): t.Type<number> =>
  new t.Type(
    name,
    (u): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= min && u <= max,
    (u, c) =>
      typeof u === 'number' && Number.isSafeInteger(u) && u >= min && u <= max
        ? t.success(u)
        : t.failure(u, c),
    t.identity,
  )

const text = (name: string, pattern: RegExp): t.Type<string> =>
  new t.Type(
    name,
    (u): u is string => typeof u === 'string' && pattern.test(u),
    (u, c) => (typeof u === 'string' && pattern.test(u) ? t.success(u) : t.failure(u, c)),
    t.identity,
  )

/** Latest time of an event, Unix ms: the end of the year 9999. What comes of it with some time added is a date still, and is written in four digits. */
export const TIME_MS_MAX = 253_402_300_799_999
/** Unix milliseconds. */
const Time = integer('Time', 0, TIME_MS_MAX)
const Count = integer('Count', 0, Number.MAX_SAFE_INTEGER)
const Uint32 = integer('Uint32', 0, 0xffff_ffff)
/** Integer difficulty: target = floor(powLimit / difficulty). */
const Difficulty = integer('Difficulty', 1, Number.MAX_SAFE_INTEGER)
/** Non-negative integer as decimal text: atoms, and sums that may pass 2^53. */
const Decimal = text('Decimal', /^(0|[1-9][0-9]*)$/)
/** Atoms as decimal text: 0 to 21 million DCR. */
const AtomsText = t.refinement(
  text('AtomsText', /^(0|[1-9][0-9]{0,15})$/),
  (atoms) => atoms.length < 16 || atoms <= '2100000000000000',
  'AtomsText',
)
const Ppm = integer('Ppm', 0, 1_000_000)
/** 32 bytes as explorers print them, lower case. */
const Hash = text('Hash', /^[0-9a-f]{64}$/)
const Hex = text('Hex', /^([0-9a-f]{2})*$/)
/** Text that a miner chose: shortened to 64 characters, printable ASCII. See `publicText`. */
const PublicText = text('PublicText', /^[\x20-\x7e]{0,64}$/)
const One = t.literal(1)

/**
 * A column of shares. Its guard is a loop of its own: shares come by the million, and io-ts calls three functions for each value. A
 * column that it refuses is decoded as any other, which says what is wrong.
 */
const column = <A>(codec: t.Type<A>, is: (u: unknown) => u is readonly A[]): t.Type<readonly A[]> => {
  const array = t.readonlyArray(codec)
  return new t.Type(array.name, is, array.validate, array.encode)
}

const integerColumn = (codec: t.Type<number>, min: number, max: number): t.Type<readonly number[]> =>
  column(codec, (u): u is readonly number[] => {
    if (!Array.isArray(u)) return false
    for (let i = 0; i < u.length; i++) {
      const each: unknown = u[i]
      if (typeof each !== 'number' || !Number.isSafeInteger(each) || each < min || each > max) return false
    }
    return true
  })

const CountColumn = integerColumn(Count, 0, Number.MAX_SAFE_INTEGER)

const HexColumn = column(Hex, (u): u is readonly string[] => {
  if (!Array.isArray(u)) return false
  for (let i = 0; i < u.length; i++) {
    const each: unknown = u[i]
    if (typeof each !== 'string' || each.length % 2 !== 0) return false
    for (let at = 0; at < each.length; at++) {
      const code = each.charCodeAt(at)
      // 0 to 9, a to f.
      if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false
    }
  }
  return true
})

/** Data whose named columns have all the same length. */
const columnar = <C extends t.Mixed>(codec: C, columns: readonly (string & keyof t.TypeOf<C>)[]) =>
  t.refinement(codec, (data: Record<string, unknown>) => {
    const lengths = columns.map((column) => (Array.isArray(data[column]) ? data[column].length : -1))
    return lengths.every((length) => length === lengths[0])
  })

/** Shortens and cleans text that a miner chose, so that it may be published: anything unprintable becomes `?`. */
export const publicText = (chosen: string): string => chosen.slice(0, 64).replace(/[^\x20-\x7e]/g, '?')

/** Name of a ledger: printable ASCII without space and plus. Its key has the same. */
export const LedgerOrigin = text('LedgerOrigin', /^[\x21-\x2a\x2c-\x7e]{1,128}$/)

/** Why a connection ended. */
export const DisconnectReason = t.keyof({
  'closed-by-miner': null,
  'connection-lost': null,
  idle: null,
  'slow-reader': null,
  'bad-input': null,
  'not-authorized-in-time': null,
  'replaced-by-resume': null,
  shutdown: null,
  banned: null,
  'internal-error': null,
})
export type DisconnectReason = t.TypeOf<typeof DisconnectReason>

/** Why a share was refused; each has one stratum error code. */
export const RejectReason = t.keyof({
  malformed: null,
  'unknown-job': null,
  stale: null,
  duplicate: null,
  'low-difficulty': null,
  'time-out-of-range': null,
  'foreign-extranonce': null,
  'too-many': null,
  unauthorized: null,
  'not-subscribed': null,
  'store-unavailable': null,
})
export type RejectReason = t.TypeOf<typeof RejectReason>

/** Why a job was issued. `retarget`: some miner was far too fast and needed a job with its new difficulty. */
export const IssueReason = t.keyof({
  'new-parent': null,
  'new-votes': null,
  'new-transactions': null,
  refresh: null,
  retarget: null,
})
export type IssueReason = t.TypeOf<typeof IssueReason>

/** Address of a share in the log: the event and the place in its columns. */
export const ShareReference = t.type({ stream: t.string, revision: Count, index: Count }, 'ShareReference')
export type ShareReference = t.TypeOf<typeof ShareReference>

/**
 * Who gets what of a block. `pplns`: the last `windowPpm` millionths of the work that finds one block on average
 * (2 000 000 is X = 2). `pplns-time`: the shares of the last `periodMs`. `pps`: every share its expected worth at once, with
 * `reserve` the atoms that the operator has put aside for it. `prop`: the shares since the block before. `solo`: nobody.
 */
export const Scheme = t.union(
  [
    t.type({ kind: t.literal('pplns'), windowPpm: integer('WindowPpm', 1, 100_000_000) }),
    t.type({ kind: t.literal('pplns-time'), periodMs: integer('PeriodMs', 1, 366 * 86_400_000) }),
    t.type({ kind: t.literal('pps'), reserve: AtomsText }),
    t.type({ kind: t.literal('prop') }),
    t.type({ kind: t.literal('solo') }),
  ],
  'Scheme',
)
export type Scheme = t.TypeOf<typeof Scheme>

/** How parts of an atom are given out: floor each, the rest one each to the largest remainders, ties by account id. */
export const Rounding = t.keyof({ 'largest-remainder': null })
export type Rounding = t.TypeOf<typeof Rounding>

/** Who pays the chain's fee for a payout: its miners in proportion, or the pool. */
export const FeeBearer = t.keyof({ miners: null, pool: null })
export type FeeBearer = t.TypeOf<typeof FeeBearer>

/** When a payout is due: each so many blocks of the chain, or each day at a minute of the UTC day. */
export const PayoutSchedule = t.union(
  [
    t.type({ kind: t.literal('blocks'), every: integer('Every', 1, 1_000_000) }),
    t.type({ kind: t.literal('daily'), minute: integer('Minute', 0, 1439) }),
  ],
  'PayoutSchedule',
)
export type PayoutSchedule = t.TypeOf<typeof PayoutSchedule>

/** Whether a planned payout goes out by itself or waits until an operator approves it. */
export const PayoutMode = t.keyof({ automatic: null, manual: null })
export type PayoutMode = t.TypeOf<typeof PayoutMode>

/** Why an allocation was taken back: its block left the main chain, or the next block's votes disapproved it. */
export const ReversalReason = t.keyof({ disconnected: null, disapproved: null })
export type ReversalReason = t.TypeOf<typeof ReversalReason>

/**
 * Why a payout's money went back to its accounts. `rejected` by an operator; `funding-gone`: spent by something else before
 * anything was signed; `conflict`: the same after, and that spend is deep in the chain; `funding-lost` by an operator after it was
 * signed: it spends the reward of a block that is orphaned.
 */
export const ReturnReason = t.keyof({
  rejected: null,
  'funding-gone': null,
  conflict: null,
  'funding-lost': null,
})
export type ReturnReason = t.TypeOf<typeof ReturnReason>

/** Lowest level of the log that is written. */
export const LogLevel = t.keyof({
  trace: null,
  debug: null,
  info: null,
  warn: null,
  error: null,
  fatal: null,
  silent: null,
})
export type LogLevel = t.TypeOf<typeof LogLevel>

/**
 * What an administrator can do. `plan-payouts`: a run of payouts is planned, due or not; `retry`: what a problem keeps is tried again.
 * A ban ends at `until`, or never when that is null. Which address is banned is nobody else's business, and not said.
 */
export const AdminAct = t.union(
  [
    t.type({ kind: t.literal('log-in') }),
    t.type({ kind: t.literal('log-out') }),
    t.type({ kind: t.literal('plan-payouts') }),
    t.type({ kind: t.literal('approve-payout'), payout: Count }),
    t.type({ kind: t.literal('reject-payout'), payout: Count }),
    t.type({ kind: t.literal('retry') }),
    t.type({ kind: t.literal('back-up') }),
    t.type({ kind: t.literal('ban-account'), account: Hash, until: t.union([Time, t.null]) }),
    t.type({ kind: t.literal('unban-account'), account: Hash }),
    t.type({ kind: t.literal('ban-address'), until: t.union([Time, t.null]) }),
    t.type({ kind: t.literal('unban-address') }),
    t.type({ kind: t.literal('set-log-level'), level: LogLevel }),
    t.type({ kind: t.literal('rebuild-read-models') }),
  ],
  'AdminAct',
)
export type AdminAct = t.TypeOf<typeof AdminAct>

/** How an administrator came in: by the pages, after a login, or by the command line of the pool's own machine. */
export const AdminWay = t.keyof({ web: null, 'command-line': null })
export type AdminWay = t.TypeOf<typeof AdminWay>

const PoolOpened = t.type({
  v: One,
  at: Time,
  network: NetworkName,
  mode: t.keyof({ public: null, solo: null }),
  software: PublicText,
})

/**
 * The pool's published rules, in force from the next event on until the next of these. `feePpm` millionths of a reward;
 * `feeAddresses` are paid in turn; `sharesPerMinute` is what variable difficulty aims at; shares of the tip before
 * count for `lateShareGraceMs`. A payout is over at `payoutConfirmations`.
 */
const PolicyAdopted = t.type({
  v: One,
  at: Time,
  scheme: Scheme,
  feePpm: Ppm,
  rounding: Rounding,
  feeAddresses: t.readonlyArray(PublicText),
  minimumPayout: AtomsText,
  feeBearer: FeeBearer,
  payoutSchedule: PayoutSchedule,
  payoutMode: PayoutMode,
  payoutConfirmations: integer('Confirmations', 1, 10_000),
  sharesPerMinute: integer('SharesPerMinute', 1, 600),
  lateShareGraceMs: integer('GraceMs', 0, 30_000),
})

/**
 * The public ledger has this name, and its checkpoints are signed by this key, from the next one on. `origin` is the first line of every
 * checkpoint, `key` the text of the verifier key (C2SP signed-note).
 */
const LedgerKeyAdopted = t.type({
  v: One,
  at: Time,
  origin: LedgerOrigin,
  key: text('VerifierKey', /^[\x21-\x2a\x2c-\x7e]{1,128}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/),
})

/** A gateway process began. Its ordinal names its streams; its prefix is the first byte of every extranonce1 it gives. */
const GatewayJoined = t.type({
  v: One,
  at: Time,
  gateway: Count,
  extranoncePrefix: Hex,
  software: PublicText,
})

/**
 * `resumes` is the earlier connection, of the same gateway, whose extranonce1 this one took over. Written with the first accepted share,
 * or a minute after `at`: connections that ended before are not in the log.
 */
const MinerConnected = t.type({
  v: One,
  at: Time,
  extranonce1: Hex,
  listener: PublicText,
  resumes: t.union([Count, t.null]),
})

/** `profile` fixes the layout of the extranonce bytes in the header: see `domain/stratum/profiles`. */
const MinerIdentified = t.type({ v: One, at: Time, agent: PublicText, profile: PublicText })

/** The n-th of these in a connection's stream is worker n, counted from 0. `account` is an account id. */
const WorkerAuthorized = t.type({ v: One, at: Time, account: Hash, worker: PublicText })

/** In force from job number `job` on. */
const DifficultyAssigned = t.type({ v: One, at: Time, difficulty: Difficulty, job: Count })

/** Totals of the whole connection; `difficulty` is the sum over its accepted shares. */
const MinerDisconnected = t.type({
  v: One,
  at: Time,
  reason: DisconnectReason,
  accepted: Count,
  rejected: Count,
  difficulty: Decimal,
})

/** `header` is the 180 bytes with nonce and extra data cleared; `subsidy` the full proof-of-work subsidy, five votes, atoms. */
const WorkIssued = t.type({
  v: One,
  at: Time,
  job: Count,
  header: text('Header', /^[0-9a-f]{360}$/),
  powAlgorithm: PowAlgorithm,
  height: Uint32,
  bits: Uint32,
  subsidy: Decimal,
  reason: IssueReason,
})

/**
 * Accepted shares as columns of equal length. `connection` n of stream `connection-<gateway>.<n>`; `worker` ordinal of
 * its `WorkerAuthorized`; `job` number; `difficulty` the share was judged at; `extranonce2` as the profile lays it out, hex;
 * `ntime` seconds after the job's timestamp; `nonce` header bytes 140..143 as uint32 LE; `elapsed` ms after `at`.
 * `solved` names the shares that were offered to the nodes as blocks, with their block hash: those that met the network's target,
 * the first eight of each template (work that is equal but for its time).
 */
const SharesAccepted = columnar(
  t.type({
    v: One,
    at: Time,
    connection: CountColumn,
    worker: CountColumn,
    job: CountColumn,
    difficulty: integerColumn(Difficulty, 1, Number.MAX_SAFE_INTEGER),
    extranonce2: HexColumn,
    ntime: CountColumn,
    nonce: integerColumn(Uint32, 0, 0xffff_ffff),
    elapsed: CountColumn,
    solved: t.readonlyArray(t.type({ share: Count, hash: Hash })),
  }),
  ['connection', 'worker', 'job', 'difficulty', 'extranonce2', 'ntime', 'nonce', 'elapsed'],
)

/**
 * Refused shares since `since`, counted by connection, worker and reason, as columns. `needed` and `best` are difficulties
 * (0 when the reason has none). Rows beyond the summary's limit, and of connections that are not in the log, are counted in
 * `others` alone.
 */
const SharesRejected = columnar(
  t.type({
    v: One,
    at: Time,
    since: Time,
    connection: t.readonlyArray(Count),
    worker: t.readonlyArray(t.union([Count, t.null])),
    reason: t.readonlyArray(RejectReason),
    count: t.readonlyArray(Count),
    needed: t.readonlyArray(Count),
    best: t.readonlyArray(Count),
    others: Count,
  }),
  ['connection', 'worker', 'reason', 'count', 'needed', 'best'],
)

/** Last event of a share stream: how many shares and events it holds and the sum of their difficulties. */
const EpochClosed = t.type({ v: One, at: Time, shares: Count, events: Count, difficulty: Decimal })

const AccountOpened = t.type({ v: One, at: Time, address: PublicText })

/**
 * A share met the network's target. `share` is null when the share itself was lost in a crash and the block was
 * recognised on the chain by its template and its extranonce1: then nobody is known to have found it.
 */
const BlockFound = t.type({
  v: One,
  at: Time,
  height: Uint32,
  header: text('Header', /^[0-9a-f]{360}$/),
  powAlgorithm: PowAlgorithm,
  share: t.union([ShareReference, t.null]),
  gateway: Count,
  job: Count,
  connection: t.union([Count, t.null]),
  account: t.union([Hash, t.null]),
  worker: t.union([PublicText, t.null]),
})

const BlockSubmitted = t.type({
  v: One,
  at: Time,
  node: PublicText,
  verdict: t.keyof({ accepted: null, rejected: null, failed: null }),
  message: PublicText,
})

/** On the main chain. `reward` is the proof-of-work output of its coinbase. */
const BlockConnected = t.type({
  v: One,
  at: Time,
  reward: t.type({ transaction: Hash, output: Count, atoms: Decimal }),
})
const BlockDisconnected = t.type({ v: One, at: Time })
/** `by` is the next block, whose votes decided. */
const BlockApproved = t.type({ v: One, at: Time, by: Hash })
const BlockDisapproved = t.type({ v: One, at: Time, by: Hash })
const BlockMatured = t.type({ v: One, at: Time, confirmations: Count })
/** Given up: refused by every node, or another block of its height is deep enough. */
const BlockOrphaned = t.type({ v: One, at: Time, why: PublicText })

/**
 * A block's reward is shared: `reward` = `fee` + `reserve` + the atoms of all accounts in all parts. `policy` is the revision of
 * the `PolicyAdopted` in force at the find. The window runs from the oldest share that counts to the find, both
 * included; null when nobody's shares were looked at. `units` are 2^-64 of the work that finds one block. Accounts in
 * order of their ids; the other members are the same in all parts, which count once part `parts` is there.
 */
const RewardAllocated = columnar(
  t.type({
    v: One,
    at: Time,
    block: Hash,
    height: Uint32,
    policy: Count,
    reward: AtomsText,
    fee: AtomsText,
    reserve: AtomsText,
    window: t.union([
      t.type({ from: ShareReference, to: ShareReference, shares: Count, units: Decimal }),
      t.null,
    ]),
    part: integer('Part', 1, 1_000_000),
    parts: integer('Part', 1, 1_000_000),
    account: t.readonlyArray(Hash),
    units: t.readonlyArray(Decimal),
    atoms: t.readonlyArray(AtomsText),
  }),
  ['account', 'units', 'atoms'],
)

/** The allocation of this stream is taken back in full. What was paid of it already is the reserve's loss. */
const RewardReversed = t.type({ v: One, at: Time, block: Hash, why: ReversalReason })

/**
 * Pay per share: the shares from one to another, both included, in the order of the log, all of one policy, were credited in
 * whole atoms at the first work for `height`. `credits` is the SHA-256 of a line `<account> <atoms>` for each account that
 * got any, in order of the ids, each ended by a line feed.
 */
const WorkSettled = t.type({
  v: One,
  at: Time,
  policy: Count,
  height: Uint32,
  from: ShareReference,
  to: ShareReference,
  shares: Count,
  units: Decimal,
  accounts: Count,
  atoms: AtomsText,
  credits: Hash,
})

/**
 * One transaction to be. Each address is paid `atoms`, and its account gives `deducted` for it; the difference is its part of
 * the chain's `fee`. What the pool gives for the fee comes from its matured fees (`feeFromPoolFee`) and then from its reserve
 * (`feeFromReserve`); where a `poolFee` output bears it, from that. Funding = all outputs + change + fee. `height` of the
 * chain when it was planned: no block up to there spends the funding.
 */
const PayoutPlanned = columnar(
  t.type({
    v: One,
    at: Time,
    policy: Count,
    height: Uint32,
    mode: PayoutMode,
    bearer: FeeBearer,
    address: t.readonlyArray(PublicText),
    deducted: t.readonlyArray(AtomsText),
    atoms: t.readonlyArray(AtomsText),
    poolFee: t.union([t.type({ address: PublicText, deducted: AtomsText, atoms: AtomsText }), t.null]),
    fee: AtomsText,
    feeFromPoolFee: AtomsText,
    feeFromReserve: AtomsText,
    funding: columnar(
      t.type({
        transaction: t.readonlyArray(Hash),
        output: t.readonlyArray(Uint32),
        tree: t.readonlyArray(integer('Tree', 0, 1)),
        atoms: t.readonlyArray(AtomsText),
      }),
      ['transaction', 'output', 'tree', 'atoms'],
    ),
    change: t.union([t.type({ address: PublicText, atoms: AtomsText }), t.null]),
  }),
  ['address', 'deducted', 'atoms'],
)

/** An operator lets a plan of `manual` mode go out. */
const PayoutApproved = t.type({ v: One, at: Time })
/** `transaction` is its id; `bytes` the whole of it, signed: what is published, as often as need be. */
const PayoutSigned = t.type({ v: One, at: Time, transaction: Hash, bytes: Hex })
/** A node took it. */
const PayoutPublished = t.type({ v: One, at: Time })
/** In a block of the main chain, deep enough. */
const PayoutConfirmed = t.type({ v: One, at: Time, block: Hash, confirmations: Count })
/** `conflict` is a transaction of the chain, in `block`, that spends the same money; null when an operator has decided. */
const PayoutReturned = t.refinement(
  t.type({
    v: One,
    at: Time,
    why: ReturnReason,
    conflict: t.union([t.type({ transaction: Hash, block: Hash, confirmations: Count }), t.null]),
  }),
  ({ why, conflict }) => (why === 'rejected' || why === 'funding-lost') === (conflict === null),
)

/**
 * An administrator has ordered something. Written before it is carried out, so that nothing is done that can't be recorded; what came of
 * it is in the streams of payouts, where it is about money.
 */
const AdministratorActed = t.type({ v: One, at: Time, way: AdminWay, act: AdminAct })

/** Codec of each type's current version. */
const CURRENT = {
  PoolOpened,
  PolicyAdopted,
  LedgerKeyAdopted,
  GatewayJoined,
  MinerConnected,
  MinerIdentified,
  WorkerAuthorized,
  DifficultyAssigned,
  MinerDisconnected,
  WorkIssued,
  SharesAccepted,
  SharesRejected,
  EpochClosed,
  AccountOpened,
  BlockFound,
  BlockSubmitted,
  BlockConnected,
  BlockDisconnected,
  BlockApproved,
  BlockDisapproved,
  BlockMatured,
  BlockOrphaned,
  RewardAllocated,
  RewardReversed,
  WorkSettled,
  PayoutPlanned,
  PayoutApproved,
  PayoutSigned,
  PayoutPublished,
  PayoutConfirmed,
  PayoutReturned,
  AdministratorActed,
} as const

/** Names of the catalogue. */
export type EventType = keyof typeof CURRENT
/** Data of an event in its current version. */
export type EventData<T extends EventType> = t.TypeOf<(typeof CURRENT)[T]>
/** An event of the catalogue, decoded, in its current version. */
export type PoolEvent = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType]

/** Every type of the catalogue, sorted. */
export const eventTypes: readonly EventType[] = (Object.keys(CURRENT) as EventType[]).sort()

/** A version that is no longer written, and the pure step from it to the next. */
interface Superseded {
  readonly codec: t.Mixed
  readonly upcast: (data: never) => unknown
}

/** Superseded versions by type, oldest (v 1) first. Empty until the first event changes. */
const SUPERSEDED: { readonly [T in EventType]?: readonly Superseded[] } = {}

/** Version that is written today. */
export const currentVersion = (type: EventType): number => (SUPERSEDED[type]?.length ?? 0) + 1

/** Why an event of the log can't be read. */
export type DecodeError =
  /** Not of this catalogue: a projection skips and counts it. */
  | { readonly kind: 'unknown-type'; readonly message: string }
  /** A known type, a version from the future: a projection stops. */
  | { readonly kind: 'unknown-version'; readonly message: string }
  | { readonly kind: 'malformed'; readonly message: string }

const isEventType = (type: string): type is EventType => Object.hasOwn(CURRENT, type)

/** Reads an event: canonical JSON, the codec of its version, upcasters, current type. */
export function decodeEvent(type: string, data: string): E.Either<DecodeError, PoolEvent> {
  if (!isEventType(type)) return E.left({ kind: 'unknown-type', message: `no event type ${type}` })
  const parsed = parse(data)
  if (parsed === undefined) return E.left({ kind: 'malformed', message: `${type} is not JSON` })
  const version = versionOf(parsed)
  const older = SUPERSEDED[type] ?? []
  if (version === undefined) return E.left({ kind: 'malformed', message: `${type} has no version` })
  if (version > older.length + 1)
    return E.left({ kind: 'unknown-version', message: `${type} v${version} is newer than this program` })
  let value: unknown = parsed
  for (let v = version; v <= older.length; v++) {
    const step = older[v - 1]
    if (step === undefined) break
    const decoded = step.codec.decode(value)
    if (E.isLeft(decoded)) return malformed(type, decoded.left)
    value = step.upcast(decoded.right as never)
  }
  const codec: t.Mixed = CURRENT[type]
  // No codec of the catalogue changes what it reads, and the guard takes half the time of the decoder.
  if (codec.is(value)) return E.right({ type, data: value } as PoolEvent)
  const decoded = codec.decode(value)
  return E.isLeft(decoded)
    ? malformed(type, decoded.left)
    : E.right({ type, data: decoded.right } as PoolEvent)
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

const Versioned = t.type({ v: integer('v', 1, 1000) })

function versionOf(data: unknown): number | undefined {
  return Versioned.is(data) ? data.v : undefined
}

function malformed(type: string, errors: t.Errors): E.Either<DecodeError, never> {
  const where = errors[0]?.context.map((c) => c.key).join('.') ?? ''
  return E.left({ kind: 'malformed', message: `${type}${where}: not as its codec says` })
}

/** Builds an event of the catalogue. A helper for writers: checks nothing that the type does not. */
export const event = <T extends EventType>(type: T, data: EventData<T>): PoolEvent =>
  ({ type, data }) as unknown as PoolEvent

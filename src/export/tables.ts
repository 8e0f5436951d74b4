/** What a column holds. `integer`: within 2^53. `decimal`: an integer that may be larger, as decimal text. `time`: Unix ms. */
export type ColumnType = 'integer' | 'decimal' | 'text' | 'time'

/** A column of an exported table. */
export interface TableColumn {
  readonly name: string
  readonly type: ColumnType
  /** For people, half a sentence; empty where the name says it. */
  readonly says: string
}

/** What an exported table holds. */
export interface Table {
  readonly name: TableName
  /** A row is this. */
  readonly row: string
  readonly columns: readonly TableColumn[]
}

/** Names of the tables, in the order in which they are written. */
export const TABLES = [
  'shares',
  'rejections',
  'blocks',
  'rewards',
  'allocations',
  'reversals',
  'work_settlements',
  'payments',
  'policies',
  'accounts',
  'connections',
  'workers',
  'events',
] as const

/** One of the tables. */
export type TableName = (typeof TABLES)[number]

/** A cell: a number for `integer` and `time`, text for the others, null where there is nothing to say. */
export type Cell = string | number | null

/** A row, its cells in the order of the table's columns. */
export type Row = readonly Cell[]

/** Takes a row of a table. */
export type Put = (table: TableName, row: Row) => void

const column =
  (type: ColumnType) =>
  (name: string, says = ''): TableColumn => ({ name, type, says })
const integer = column('integer')
const decimal = column('decimal')
const text = column('text')
const time = column('time')

const ENTRY = integer('entry', 'index of the ledger entry')
const AT = time('at')
const WORKER = [text('account', 'account id'), text('worker')] as const
const CONNECTION = [integer('gateway'), integer('connection')] as const

/** What each table holds. */
export const tables: Readonly<Record<TableName, Table>> = {
  shares: {
    name: 'shares',
    row: 'an accepted share',
    columns: [
      ENTRY,
      integer('position', 'place in the columns of the entry'),
      AT,
      ...WORKER,
      ...CONNECTION,
      integer('job'),
      integer('height', 'of the block that was worked on'),
      integer('difficulty'),
      decimal('units', 'its weight: 2^64 is the work of a whole block'),
      integer('ntime', "seconds after the job's time"),
      integer('nonce'),
      text('extranonce2'),
      text('block', 'hash of the block that it was offered as'),
    ],
  },
  rejections: {
    name: 'rejections',
    row: 'shares of a worker that were refused for one reason',
    columns: [
      ENTRY,
      time('since'),
      AT,
      ...WORKER,
      ...CONNECTION,
      text('reason'),
      integer('count'),
      integer('needed', 'difficulty'),
      integer('best', 'difficulty'),
    ],
  },
  blocks: {
    name: 'blocks',
    row: 'a block that the pool found, as it stands at the end',
    columns: [
      ENTRY,
      AT,
      integer('height'),
      text('hash'),
      text('phase', 'found, connected, approved, disapproved, disconnected, matured or orphaned'),
      ...WORKER,
      integer('share_entry', 'the share that found it'),
      integer('share_position'),
      integer('reward_atoms'),
      text('reward_transaction'),
      integer('settlement', 'by which its reward is shared'),
      time('connected_at'),
      time('approved_at'),
      time('matured_at'),
    ],
  },
  rewards: {
    name: 'rewards',
    row: 'the sharing of a reward',
    columns: [
      ENTRY,
      AT,
      integer('settlement'),
      text('block'),
      integer('height'),
      integer('policy', 'revision'),
      integer('reward_atoms'),
      integer('fee_atoms'),
      integer('reserve_atoms'),
      text('window_from_stream', 'its oldest share, as the ledger names it'),
      integer('window_from_revision'),
      integer('window_from_position'),
      text('window_to_stream', 'the find'),
      integer('window_to_revision'),
      integer('window_to_position'),
      integer('window_shares'),
      decimal('window_units'),
    ],
  },
  allocations: {
    name: 'allocations',
    row: 'what an account gets of a reward',
    columns: [
      ENTRY,
      AT,
      integer('settlement'),
      text('block'),
      integer('height'),
      text('account', 'account id'),
      text('address'),
      decimal('units'),
      decimal('window_units'),
      integer('atoms'),
    ],
  },
  reversals: {
    name: 'reversals',
    row: 'a sharing that was taken back',
    columns: [ENTRY, AT, integer('settlement'), text('block'), text('why')],
  },
  work_settlements: {
    name: 'work_settlements',
    row: 'a settlement of work under pps',
    columns: [
      ENTRY,
      AT,
      integer('settlement'),
      integer('policy', 'revision'),
      integer('height'),
      integer('shares'),
      decimal('units'),
      integer('accounts'),
      integer('atoms'),
      text('credits', 'SHA-256 of what each account got'),
    ],
  },
  payments: {
    name: 'payments',
    row: 'an output of a payout, as it stands at the end',
    columns: [
      ENTRY,
      time('planned_at'),
      integer('payout'),
      text('phase', 'planned, approved, signed, published, confirmed or returned'),
      time('ended_at'),
      text('transaction'),
      text('block', 'that confirmed it'),
      text('account', 'null for the output of the pool'),
      text('address'),
      integer('deducted_atoms'),
      integer('atoms', 'that arrive'),
    ],
  },
  policies: {
    name: 'policies',
    row: 'a policy, in force from the next entry on',
    columns: [
      ENTRY,
      AT,
      integer('revision'),
      text('scheme'),
      integer('window_ppm'),
      integer('period_ms'),
      integer('reserve_atoms'),
      integer('fee_ppm'),
      integer('minimum_payout_atoms'),
      text('fee_bearer'),
      text('payout_schedule', 'JSON'),
      text('payout_mode'),
      integer('payout_confirmations'),
      integer('shares_per_minute'),
      integer('late_share_grace_ms'),
    ],
  },
  accounts: {
    name: 'accounts',
    row: 'a miner',
    columns: [ENTRY, AT, text('account', 'account id'), text('address')],
  },
  connections: {
    name: 'connections',
    row: 'a connection',
    columns: [
      ENTRY,
      AT,
      ...CONNECTION,
      text('extranonce1'),
      text('listener'),
      integer('resumes', 'connection whose session it took over'),
      text('agent'),
      text('profile'),
      time('ended_at'),
      text('reason', 'why it ended'),
      integer('accepted'),
      integer('rejected'),
    ],
  },
  workers: {
    name: 'workers',
    row: 'a worker that was authorized on a connection',
    columns: [ENTRY, AT, ...CONNECTION, integer('ordinal'), ...WORKER],
  },
  events: {
    name: 'events',
    row: 'an entry of the ledger',
    columns: [ENTRY, AT, text('stream'), integer('revision'), text('type'), text('data', 'JSON')],
  },
}

import * as t from 'io-ts'
import {
  AllocationPage,
  EarningView,
  MinerPayment,
  PaymentSummary,
  PaymentView,
  PolicyHistory,
  StatementLineView,
} from '../../../projections/money/views.ts'
import {
  AccountView,
  BlockSummary,
  BlockView,
  HashrateHistory,
  MinerView,
  pageOf,
  WorkerView,
} from '../../../projections/views.ts'
import { PAGE_LIMIT_MAX } from '../../read-models/port.ts'
import type { ProblemKind } from '../problem.ts'
import { BooksAnswer, LedgerAnswer, PoolAnswer, ShareAnswer } from './answers.ts'
import { CSV_ROWS_MAX } from './csv-answers.ts'
import type { JsonSchema } from './json-schema.ts'
import { PAGE_LIMIT, SHARE_POSITION_MAX } from './parameters.ts'

/** A parameter of a route, for its check and for its documentation. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly schema: JsonSchema
}

/** A route of the API. `answer` is null where it is not JSON. */
export interface Route {
  /** Below `/api/v1`, with `{name}` for parameters. */
  readonly path: string
  /** Name of the operation, for generated clients. */
  readonly name: string
  readonly summary: string
  readonly parameters: readonly Parameter[]
  readonly answer: t.Mixed | null
  /** Other types of content that it can have. */
  readonly alternatives: readonly string[]
  readonly problems: readonly ProblemKind[]
}

const whole = (minimum: number, maximum: number): JsonSchema => ({ type: 'integer', minimum, maximum })

const after = {
  name: 'after',
  in: 'query',
  description: 'Wait, for at most ten seconds, until the answer contains the ledger entry with this index.',
  schema: whole(0, Number.MAX_SAFE_INTEGER),
} as const satisfies Parameter
const paging = [
  { name: 'cursor', in: 'query', description: 'The `next` of the page before.', schema: { type: 'string' } },
  {
    name: 'limit',
    in: 'query',
    description: 'Items in the page.',
    schema: { ...whole(1, PAGE_LIMIT_MAX), default: PAGE_LIMIT },
  },
] as const satisfies readonly Parameter[]
const format = {
  name: 'format',
  in: 'query',
  description: `CSV instead of JSON: of a list all of it from \`cursor\` on, up to ${CSV_ROWS_MAX} rows, after which the last line says where the rest is; with \`limit\` that one page. Amounts are in atoms and in DCR. Names that a spreadsheet would run as a formula get a leading apostrophe.`,
  schema: { type: 'string', enum: ['json', 'csv'], default: 'json' },
} as const satisfies Parameter
const address = {
  name: 'address',
  in: 'path',
  description: 'A payable address (public key hash or script hash), or an account id.',
  schema: { type: 'string' },
} as const satisfies Parameter
const hash = {
  name: 'hash',
  in: 'path',
  description: 'Block hash as explorers print it.',
  schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
} as const satisfies Parameter
const accountFilter = { ...address, name: 'account', in: 'query' } as const satisfies Parameter

const sharePlace = [
  {
    name: 'entry',
    in: 'path',
    description: 'Index of the entry in the ledger.',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'position',
    in: 'path',
    description: 'Place of the share in the columns of the entry, from 0.',
    schema: whole(0, SHARE_POSITION_MAX),
  },
] as const satisfies readonly Parameter[]

/** Every route of the API, by name. */
export const routes = {
  pool: {
    path: '/pool',
    name: 'pool',
    summary: 'The pool now: hashrate, miners, round, luck, shares, and the running program with its health.',
    parameters: [after],
    answer: PoolAnswer,
    alternatives: [],
    problems: ['bad-parameter', 'unavailable'],
  },
  miners: {
    path: '/miners',
    name: 'miners',
    summary: 'Miners with a share in the last day or a connection, by hashrate of the last hour.',
    parameters: [...paging, format, after],
    answer: pageOf(MinerView),
    alternatives: ['text/csv'],
    problems: ['bad-parameter', 'unavailable'],
  },
  miner: {
    path: '/miners/{address}',
    name: 'miner',
    summary: 'One miner: hashrate, shares by reason, its first workers, blocks found.',
    parameters: [address, after],
    answer: AccountView,
    alternatives: [],
    problems: ['bad-address', 'bad-parameter', 'not-found', 'unavailable'],
  },
  workers: {
    path: '/miners/{address}/workers',
    name: 'workers',
    summary: 'Workers of a miner, by hashrate of the last hour.',
    parameters: [address, ...paging, format, after],
    answer: pageOf(WorkerView),
    alternatives: ['text/csv'],
    problems: ['bad-address', 'bad-parameter', 'not-found', 'unavailable'],
  },
  earnings: {
    path: '/miners/{address}/earnings',
    name: 'earnings',
    summary: 'What a miner has of each block, newest first: units, share of the window, atoms.',
    parameters: [address, ...paging, format, after],
    answer: pageOf(EarningView),
    alternatives: ['text/csv'],
    problems: ['bad-address', 'bad-parameter', 'not-found', 'unavailable'],
  },
  minerPayments: {
    path: '/miners/{address}/payments',
    name: 'minerPayments',
    summary: 'What was paid to a miner, or is on its way, newest first.',
    parameters: [address, ...paging, format, after],
    answer: pageOf(MinerPayment),
    alternatives: ['text/csv'],
    problems: ['bad-address', 'bad-parameter', 'not-found', 'unavailable'],
  },
  statement: {
    path: '/miners/{address}/statement',
    name: 'statement',
    summary: 'Every change of what a miner is owed, newest first, with the balance after it.',
    parameters: [address, ...paging, format, after],
    answer: pageOf(StatementLineView),
    alternatives: ['text/csv'],
    problems: ['bad-address', 'bad-parameter', 'not-found', 'unavailable'],
  },
  blocks: {
    path: '/blocks',
    name: 'blocks',
    summary: 'Blocks of the pool, newest first.',
    parameters: [accountFilter, ...paging, format, after],
    answer: pageOf(BlockSummary),
    alternatives: ['text/csv'],
    problems: ['bad-address', 'bad-parameter', 'unavailable'],
  },
  block: {
    path: '/blocks/{hash}',
    name: 'block',
    summary: 'One block with its header, who found it, what the nodes said, and its life so far.',
    parameters: [hash, after],
    answer: BlockView,
    alternatives: [],
    problems: ['bad-parameter', 'not-found', 'unavailable'],
  },
  allocation: {
    path: '/blocks/{hash}/allocation',
    name: 'allocation',
    summary: 'Who gets what of a block and why: the window, units of each miner, the split to the atom.',
    parameters: [hash, ...paging, format, after],
    answer: AllocationPage,
    alternatives: ['text/csv'],
    problems: ['bad-parameter', 'not-found', 'unavailable'],
  },
  payments: {
    path: '/payments',
    name: 'payments',
    summary: 'Payouts of the pool, newest first: each is one transaction.',
    parameters: [...paging, format, after],
    answer: pageOf(PaymentSummary),
    alternatives: ['text/csv'],
    problems: ['bad-parameter', 'unavailable'],
  },
  payment: {
    path: '/payments/{number}',
    name: 'payment',
    summary: 'One payout with its outputs, what funds it, and what became of it.',
    parameters: [
      {
        name: 'number',
        in: 'path',
        description: 'Number of the payout, as the list has it.',
        schema: whole(0, Number.MAX_SAFE_INTEGER),
      },
      format,
      after,
    ],
    answer: PaymentView,
    alternatives: ['text/csv'],
    problems: ['bad-parameter', 'not-found', 'unavailable'],
  },
  shares: {
    path: '/shares',
    name: 'shares',
    summary:
      'Shares in the signed ledger, at most a hundred: those of a job with a nonce, or those of a miner in a span of time.',
    parameters: [
      {
        name: 'job',
        in: 'query',
        description: 'Job as the miner was sent it. Give nonce as well.',
        schema: { type: 'string', pattern: '^[0-9a-f]{12}$' },
      },
      {
        name: 'nonce',
        in: 'query',
        description: 'Nonce as the miner sent it, in whichever order of bytes.',
        schema: { type: 'string', pattern: '^[0-9a-f]{8}$' },
      },
      accountFilter,
      {
        name: 'from',
        in: 'query',
        description: 'Begin, Unix milliseconds.',
        schema: whole(0, Number.MAX_SAFE_INTEGER),
      },
      {
        name: 'to',
        in: 'query',
        description: 'End, Unix milliseconds, exclusive; a minute after the begin unless given.',
        schema: whole(0, Number.MAX_SAFE_INTEGER),
      },
    ],
    answer: t.type({ items: t.readonlyArray(ShareAnswer) }, 'Shares'),
    alternatives: [],
    problems: ['bad-address', 'bad-parameter', 'unavailable'],
  },
  share: {
    path: '/shares/{entry}/{position}',
    name: 'share',
    summary: 'One share by its place: the index of its entry in the ledger, and its position there.',
    parameters: [...sharePlace],
    answer: ShareAnswer,
    alternatives: [],
    problems: ['bad-parameter', 'not-found', 'unavailable'],
  },
  receipt: {
    path: '/shares/{entry}/{position}/receipt',
    name: 'receipt',
    summary:
      'The receipt of a share: a tlog-proof file that proves offline that the share is in the signed ledger.',
    parameters: [...sharePlace],
    answer: null,
    alternatives: ['text/plain'],
    problems: ['bad-parameter', 'not-found', 'unavailable'],
  },
  policy: {
    path: '/policy',
    name: 'policy',
    summary: 'The rules of the pool: those in force, and all that there were, newest first.',
    parameters: [after],
    answer: PolicyHistory,
    alternatives: [],
    problems: ['bad-parameter', 'unavailable'],
  },
  books: {
    path: '/books',
    name: 'books',
    summary: 'The books of the pool: what it owes, its fees and reserve, and the sums that must agree.',
    parameters: [after],
    answer: BooksAnswer,
    alternatives: [],
    problems: ['bad-parameter', 'unavailable'],
  },
  ledger: {
    path: '/ledger',
    name: 'ledger',
    summary:
      'The public ledger: its name, the keys that sign it, what is signed, and by which witnesses. Its files are below /ledger/.',
    parameters: [],
    answer: LedgerAnswer,
    alternatives: [],
    problems: ['bad-parameter'],
  },
  hashrate: {
    path: '/hashrate',
    name: 'hashrate',
    summary: 'Hashrate over time: of the pool, of a miner, or of one of its workers.',
    parameters: [
      accountFilter,
      {
        name: 'worker',
        in: 'query',
        description: 'Name of a worker of that account.',
        schema: { type: 'string', maxLength: 64 },
      },
      {
        name: 'from',
        in: 'query',
        description: 'Unix milliseconds; a day before `to` when left out.',
        schema: whole(0, Number.MAX_SAFE_INTEGER),
      },
      {
        name: 'to',
        in: 'query',
        description: 'Unix milliseconds, exclusive; now when left out.',
        schema: whole(0, Number.MAX_SAFE_INTEGER),
      },
      {
        name: 'step',
        in: 'query',
        description:
          'Seconds of each point. Old times are kept in coarse steps only, so the answer says its own.',
        schema: { ...whole(60, 86_400), default: 600 },
      },
      format,
      after,
    ],
    answer: HashrateHistory,
    alternatives: ['text/csv'],
    problems: ['bad-address', 'bad-parameter', 'not-found', 'unavailable'],
  },
  events: {
    path: '/events',
    name: 'events',
    summary:
      'Server-sent events as things change: `pool` (as /pool answers), `block` (a block as /blocks lists it), `work` (what miners hash now), and a `heartbeat` every 15 seconds. An `id` is the index of the newest ledger entry that the events before it contain.',
    parameters: [
      {
        name: 'Last-Event-ID',
        in: 'header',
        description:
          'The last `id` seen, which browsers send by themselves: blocks that changed since then are told first.',
        schema: whole(0, Number.MAX_SAFE_INTEGER),
      },
    ],
    answer: null,
    alternatives: ['text/event-stream'],
    problems: ['bad-parameter', 'too-many-listeners'],
  },
} as const satisfies Readonly<Record<string, Route>>

/** Names of a route's query parameters: others are refused. */
export const queryNames = (route: Route): readonly string[] =>
  route.parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name)

/** Names of a route's query parameters, as a type. */
export type QueryName<R extends Route> = Extract<R['parameters'][number], { readonly in: 'query' }>['name']

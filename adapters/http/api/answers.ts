import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PowAlgorithm } from '../../../domain/decred/proof-of-work.ts'
import { IssueReason } from '../../../domain/events.ts'
import { jobId } from '../../../domain/mining/job.ts'
import { Count, Decimal, orNull, Time } from '../../../projections/codecs.ts'
import { BooksView } from '../../../projections/money/views.ts'
import { PoolView } from '../../../projections/views.ts'
import type { FoundShare } from '../../ledger/find-shares.ts'
import type { Problem } from '../problem.ts'
import { poolView, type Site } from '../site.ts'

const HealthLevel = t.keyof({ well: null, impaired: null, down: null })

/** Health in plain words; `findings` is empty when all is well. */
const HealthAnswer = t.type(
  {
    level: HealthLevel,
    sentence: t.string,
    findings: t.readonlyArray(
      t.type({
        subject: t.keyof({
          node: null,
          work: null,
          store: null,
          projections: null,
          listeners: null,
          ledger: null,
        }),
        level: HealthLevel,
        message: t.string,
      }),
    ),
  },
  'Health',
)

/** A share in the signed ledger: its place, and what its entry says. */
export const ShareAnswer = t.type(
  {
    entry: Count,
    position: Count,
    at: Time,
    gateway: Count,
    connection: Count,
    account: orNull(t.string),
    worker: orNull(t.string),
    job: t.string,
    difficulty: Count,
    extranonce2: t.string,
    ntime: Count,
    nonce: Count,
    block: orNull(t.string),
  },
  'Share',
)
export type ShareAnswer = t.TypeOf<typeof ShareAnswer>

/** As the ledger has it, with the job as miners know it. */
export const shareAnswer = ({ owner, ordinal: _, job, ...share }: FoundShare): ShareAnswer => ({
  ...share,
  account: owner?.account ?? null,
  worker: owner?.worker ?? null,
  job: jobId(share.gateway, job),
})

/** What miners hash now. */
export const WorkAnswer = t.type(
  { height: Count, issuedAt: Time, job: Count, reason: IssueReason },
  'CurrentWork',
)
export type WorkAnswer = t.TypeOf<typeof WorkAnswer>

/** The running program, as opposed to what the log says. */
const LiveAnswer = t.type(
  {
    name: t.string,
    software: t.string,
    startedAt: Time,
    powAlgorithm: PowAlgorithm,
    devnet: t.boolean,
    health: HealthAnswer,
    nodes: t.readonlyArray(
      t.type({
        name: t.string,
        state: t.keyof({ starting: null, up: null, down: null }),
        message: t.string,
        tip: orNull(t.type({ height: Count, hash: t.string })),
      }),
    ),
    work: orNull(WorkAnswer),
    connections: Count,
    listeners: t.readonlyArray(
      t.type({
        name: t.string,
        port: Count,
        tls: orNull(t.string),
        difficulty: t.union([
          t.type({ kind: t.literal('variable'), start: orNull(Count), min: Count, max: orNull(Count) }),
          t.type({ kind: t.literal('fixed'), difficulty: Count }),
        ]),
      }),
    ),
    journal: t.type({
      state: t.keyof({ ok: null, 'store-away': null, full: null }),
      queued: Count,
      queueMax: Count,
    }),
    projectionLagMs: Count,
  },
  'Live',
)

/** The public ledger. */
export const LedgerAnswer = t.type(
  {
    state: t.keyof({ checking: null, publishing: null, stopped: null }),
    message: t.string,
    origin: orNull(t.string),
    keys: t.readonlyArray(t.string),
    checkpoint: orNull(t.type({ size: Count, root: t.string, time: Time })),
    witnesses: t.readonlyArray(
      t.type({ name: t.string, size: orNull(Count), time: orNull(Time), message: t.string }),
    ),
  },
  'Ledger',
)

/**
 * What the wallet had at a time, against what miners were owed then: a claim of the operator, which nobody can check from here. `isCovered`:
 * `wallet.total` >= `owed` - `onTheWay`, which is in published payouts.
 */
const ReservesAnswer = t.type(
  {
    at: Time,
    wallet: t.type({ total: Decimal, spendable: Decimal, immature: Decimal, unconfirmed: Decimal }),
    owed: Decimal,
    onTheWay: Decimal,
    isCovered: t.boolean,
  },
  'Reserves',
)

/** The books, and the wallet against them: null without a wallet, and before it was asked. */
export const BooksAnswer = t.type({ ...BooksView.props, reserves: orNull(ReservesAnswer) }, 'BooksAnswer')

/** The pool: what its log says, and the running program under `live`. */
export const PoolAnswer = t.type({ ...PoolView.props, live: LiveAnswer }, 'Pool')
export type PoolAnswer = t.TypeOf<typeof PoolAnswer>

/** The answer to `/api/v1/pool` and the data of `pool` in the event stream. */
export function poolAnswer(site: Site): E.Either<Problem, PoolAnswer> {
  const view = poolView(site)
  if (E.isLeft(view)) return view
  const status = site.status()
  return E.right({
    ...view.right,
    live: {
      name: status.name,
      software: status.software,
      startedAt: status.startedAt,
      powAlgorithm: status.powAlgorithm,
      devnet: status.devnet,
      health: site.health(status),
      nodes: status.nodes,
      work: status.work,
      connections: status.connections,
      listeners: status.listeners.map(({ name, port, tls, difficulty }) => ({ name, port, tls, difficulty })),
      journal: status.journal,
      projectionLagMs: Math.round(site.projectionLagMs()),
    },
  })
}

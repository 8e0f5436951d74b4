import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { LogLevel } from '../../../domain/events.ts'
import { Count, orNull, Time } from '../../../projections/codecs.ts'

const Until = orNull(Time)

/**
 * What an administrator orders. As the event says it, but for what may not be published: the address of a ban. `miner` is an address or
 * an account id; `until` Unix ms, null for ever. To be decoded, not only looked at: what is written down of an order is public, so
 * whatever else it says must go.
 */
export const AdminOrder = t.union(
  [
    t.strict({ kind: t.literal('plan-payouts') }),
    t.strict({ kind: t.literal('approve-payout'), payout: Count }),
    t.strict({ kind: t.literal('reject-payout'), payout: Count }),
    t.strict({ kind: t.literal('retry') }),
    t.strict({ kind: t.literal('back-up') }),
    t.strict({ kind: t.literal('ban-account'), miner: t.string, until: Until }),
    t.strict({ kind: t.literal('unban-account'), miner: t.string }),
    t.strict({ kind: t.literal('ban-address'), range: t.string, until: Until }),
    t.strict({ kind: t.literal('unban-address'), range: t.string }),
    t.strict({ kind: t.literal('set-log-level'), level: LogLevel }),
    t.strict({ kind: t.literal('rebuild-read-models') }),
  ],
  'AdminOrder',
)
export type AdminOrder = t.TypeOf<typeof AdminOrder>

/** Fields of a form that orders something, all text. Left: what is missing or makes no sense, a sentence. */
export function orderOfForm(
  fields: ReadonlyMap<string, string>,
  nowMs: number,
): E.Either<string, AdminOrder> {
  const kind = fields.get('order') ?? ''
  const payout = fields.get('payout') ?? ''
  const until = endOf(fields.get('hours') ?? '', nowMs)
  if (E.isLeft(until)) return until
  const order = {
    kind,
    payout: /^[0-9]{1,15}$/.test(payout) ? Number(payout) : null,
    miner: fields.get('miner')?.trim(),
    range: fields.get('range')?.trim(),
    until: until.right,
    level: fields.get('level'),
  }
  return E.mapLeft(() => 'This form orders nothing that there is.')(AdminOrder.decode(order))
}

/** A hundred years: whoever means longer means for ever. */
const HOURS_MAX = 876_000
const HOUR_MS = 3_600_000

function endOf(hours: string, nowMs: number): E.Either<string, number | null> {
  if (hours.trim() === '') return E.right(null)
  const count = Number(hours)
  return Number.isInteger(count) && count >= 1 && count <= HOURS_MAX
    ? E.right(nowMs + count * HOUR_MS)
    : E.left(`A ban lasts a whole number of hours, from 1 to ${HOURS_MAX}, or for ever when none is given.`)
}

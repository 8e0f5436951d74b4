import * as E from 'fp-ts/lib/Either.js'
import type { ShareQuery } from '../../ledger/find-shares.ts'
import type { ReceiptError } from '../../ledger/share-receipt.ts'
import type { Problem } from '../problem.ts'
import type { Site } from '../site.ts'
import { account, idOf, type Query, SHARE_POSITION_MAX, wholeNumber } from './parameters.ts'

const MINUTE_MS = 60_000

const bad = (parameter: string, detail: string): E.Either<Problem, never> =>
  E.left({ kind: 'bad-parameter', parameter, detail })

/** The place of a share, from a path. */
export function sharePlace(
  path: Query,
): E.Either<Problem, { readonly entry: number; readonly position: number }> {
  const entry = wholeNumber(path, 'entry', 0, Number.MAX_SAFE_INTEGER)
  if (E.isLeft(entry)) return entry
  const position = wholeNumber(path, 'position', 0, SHARE_POSITION_MAX)
  if (E.isLeft(position)) return position
  return E.right({ entry: entry.right ?? 0, position: position.right ?? 0 })
}

/** Why a share can't be had, for a visitor. */
export const shareProblem = ({ kind, message }: ReceiptError): Problem => ({
  kind: kind === 'unavailable' ? 'unavailable' : 'not-found',
  detail: message,
})

/** Which shares a query asks for. */
export function shareQuery(query: Query, site: Site): E.Either<Problem, ShareQuery> {
  return query['job'] === undefined && query['nonce'] === undefined ? byTime(query, site) : byWork(query)
}

function byWork({ job = '', nonce = '', account: miner, from, to }: Query): E.Either<Problem, ShareQuery> {
  if (!/^[0-9a-f]{12}$/i.test(job))
    return bad('job', 'job is 12 hex digits, as the pool sent it to the miner.')
  if (!/^[0-9a-f]{8}$/i.test(nonce)) return bad('nonce', 'nonce is 8 hex digits, as the miner sent it.')
  if ((miner ?? from ?? to) !== undefined)
    return bad('job', 'A share is found by job and nonce, or by account and time. Leave the others out.')
  const gateway = Number.parseInt(job.slice(0, 4), 16)
  const bytes = nonce.match(/../g) ?? []
  // Some devices write their numbers from the other end.
  const nonces = [bytes.join(''), bytes.toReversed().join('')].map((hex) => Number.parseInt(hex, 16))
  return E.right({ kind: 'work', gateway, job: Number.parseInt(job.slice(4), 16), nonces })
}

function byTime(query: Query, site: Site): E.Either<Problem, ShareQuery> {
  const miner = query['account']
  if (miner === undefined)
    return bad('account', 'Give job and nonce of a share, or a miner as account, and from when on.')
  const who = account(miner, site.status().network)
  if (E.isLeft(who)) return who
  const from = wholeNumber(query, 'from', 0, Number.MAX_SAFE_INTEGER)
  if (E.isLeft(from)) return from
  const to = wholeNumber(query, 'to', 0, Number.MAX_SAFE_INTEGER)
  if (E.isLeft(to)) return to
  if (from.right === undefined) return bad('from', 'Give the time from which on shares are looked for.')
  return E.right({
    kind: 'time',
    account: idOf(who.right),
    from: from.right,
    to: to.right ?? from.right + MINUTE_MS,
  })
}

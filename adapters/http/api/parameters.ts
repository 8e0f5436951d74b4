import * as E from 'fp-ts/lib/Either.js'
import { accountId, payableAddress } from '../../../domain/decred/address.ts'
import { type NetworkName, networks } from '../../../domain/decred/network.ts'
import { PAGE_LIMIT_MAX, type PageRequest } from '../../read-models/port.ts'
import type { Problem } from '../problem.ts'

/** Items in a page when nobody says how many. */
export const PAGE_LIMIT = 25

/** Place of a share in its entry at most: no event has so many shares. */
export const SHARE_POSITION_MAX = 65_535

/** A query string's parameters by name. */
export type Query = Readonly<Record<string, string>>

const bad = (parameter: string, detail: string): E.Either<Problem, never> =>
  E.left({ kind: 'bad-parameter', parameter, detail })

/** Refuses a parameter that the route does not know: it is a typing error more often than not. */
export function onlyKnown(query: Query, known: readonly string[]): E.Either<Problem, void> {
  const unknown = Object.keys(query).find((name) => !known.includes(name))
  if (unknown === undefined) return E.right(undefined)
  const offer = known.length === 0 ? 'this address takes none' : `there are ${known.join(', ')}`
  return bad(unknown.slice(0, 64), `There is no parameter of this name here; ${offer}.`)
}

/** A whole number within bounds; undefined when it is not given. */
export function wholeNumber(
  query: Query,
  name: string,
  min: number,
  max: number,
): E.Either<Problem, number | undefined> {
  const text = query[name]
  if (text === undefined) return E.right(undefined)
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max
    ? E.right(value)
    : bad(name, `${name} must be a whole number from ${min} to ${max}.`)
}

/** `cursor` and `limit`. */
export function pageRequest(query: Query): E.Either<Problem, PageRequest> {
  const limit = wholeNumber(query, 'limit', 1, PAGE_LIMIT_MAX)
  if (E.isLeft(limit)) return limit
  const cursor = query['cursor']
  if (cursor !== undefined && (cursor === '' || cursor.length > 200))
    return bad('cursor', 'cursor must be the next of an earlier page, or be left out for the first page.')
  return E.right({ after: cursor ?? null, limit: limit.right ?? PAGE_LIMIT })
}

/** An account, by its payable address on this network or by its account id. */
export function account(text: string, network: NetworkName): E.Either<Problem, string> {
  if (/^[0-9a-f]{64}$/.test(text)) return E.right(text)
  const address = payableAddress(text, networks[network])
  return E.isRight(address) ? E.right(text) : E.left({ kind: 'bad-address', detail: address.left.message })
}

/** The id of an account that is named as {@link account} reads it. */
export const idOf = (named: string): string => (/^[0-9a-f]{64}$/.test(named) ? named : accountId(named))

/** A block hash as explorers print it. */
export const blockHash = (text: string): E.Either<Problem, string> =>
  /^[0-9a-f]{64}$/.test(text)
    ? E.right(text)
    : bad('hash', 'A block hash is 64 characters of 0-9 and a-f, as explorers print it.')

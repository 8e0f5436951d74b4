import * as E from 'fp-ts/lib/Either.js'
import type { Context } from 'hono'
import type { Order, PageRequest } from '../../read-models/port.ts'
import { PAGE_LIMIT } from '../api/parameters.ts'
import type { Problem } from '../problem.ts'
import type { Sorting } from './table.ts'

/** A list as a visitor asked for it: which page, sorted how, and the addresses around it. */
export interface ListRequest<By extends string> {
  readonly page: PageRequest
  readonly order: Order<By>
  readonly sorting: Sorting
  /** Address of the page that begins at a cursor; null for none. */
  readonly nextOf: (cursor: string | null) => string | null
  /** Address of the first page; null when this is it. */
  readonly first: string | null
}

/** Reads `sort`, `order` and `cursor` of a list at `path`. The first of `keys` is what it is sorted by when nothing is said. */
export function listRequest<By extends string>(
  c: Context,
  path: string,
  keys: readonly [By, ...By[]],
): E.Either<Problem, ListRequest<By>> {
  const { sort, order: way = 'desc', cursor } = c.req.query()
  const by = sort === undefined ? keys[0] : keys.find((key) => key === sort)
  if (by === undefined)
    return E.left({ kind: 'bad-parameter', detail: `This list can be sorted by ${keys.join(', ')}.` })
  if (way !== 'asc' && way !== 'desc')
    return E.left({ kind: 'bad-parameter', detail: 'A list is sorted asc or desc.' })
  const order = { by, descending: way === 'desc' }
  const isDefault = by === keys[0] && order.descending
  const sorted = isDefault ? path : `${path}?sort=${by}&order=${way}`
  const join = isDefault ? '?' : '&'
  return E.right({
    page: { after: cursor ?? null, limit: PAGE_LIMIT },
    order,
    sorting: { ...order, path },
    nextOf: (next) => (next === null ? null : `${sorted}${join}cursor=${encodeURIComponent(next)}`),
    first: cursor === undefined ? null : sorted,
  })
}

/** The address by which a visitor reached the pool, as far as a proxy in front of it says: `https://pool.example`. */
export function originOf(c: Context): string {
  const url = new URL(c.req.url)
  return c.req.header('X-Forwarded-Proto') === 'https' ? `https://${url.host}` : url.origin
}

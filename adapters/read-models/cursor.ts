import * as E from 'fp-ts/lib/Either.js'
import { type Answer, type Order, PAGE_LIMIT_MAX, type PageRequest } from './port.ts'

/** Where a page ends: what its list is ordered by, and a number that no two items share. */
export interface Cursor {
  readonly key: number
  readonly id: number
}

/** The page asked for, checked. */
export interface Page {
  readonly after: Cursor | undefined
  readonly limit: number
}

const CURSOR = /^(\d{1,40}):(\d{1,16})$/

/** Reads a request for a page. */
export function readPage({ after, limit }: PageRequest): Answer<Page> {
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX)
    return badRequest(`A page holds 1 to ${PAGE_LIMIT_MAX} items, not ${limit}.`)
  if (after === null) return E.right({ after: undefined, limit })
  const parts = CURSOR.exec(after)
  if (parts === null) return badRequest('This cursor was not given by a page: begin without one.')
  return E.right({ after: { key: Number(parts[1]), id: Number(parts[2]) }, limit })
}

/** Writes a cursor; `key` is an integer, of any size. */
export const writeCursor = ({ key, id }: Cursor): string => `${BigInt(key)}:${id}`

/** Before everything in an order: where its first page begins. No key is below zero. */
export const beginOf = ({ descending }: Order<string>): Cursor =>
  descending ? { key: Number.MAX_VALUE, id: Number.MAX_SAFE_INTEGER } : { key: -1, id: -1 }

/** Something for each order, made when it is first asked for. */
export function perOrder<By extends string, T>(make: (order: Order<By>) => T): (order: Order<By>) => T {
  const made = new Map<string, T>()
  return (order) => {
    const name = `${order.by} ${order.descending}`
    const known = made.get(name) ?? make(order)
    made.set(name, known)
    return known
  }
}

/** The caller asked for something that makes no sense. */
export const badRequest = (message: string): E.Either<{ kind: 'bad-request'; message: string }, never> =>
  E.left({ kind: 'bad-request', message })

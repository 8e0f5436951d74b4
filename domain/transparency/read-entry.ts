import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { canonicalJson, type Json } from '../canonical-json.ts'
import { decodeEvent, type PoolEvent } from '../events.ts'

/** An entry of the ledger, read back: where its event stands, and what it says. */
export interface LedgerEvent {
  readonly stream: string
  readonly revision: number
  readonly event: PoolEvent
}

const Place = t.type({ stream: t.string, revision: t.number, type: t.string })

/**
 * Reads the text of one entry. Left: why it is none, completing "entry 7 …". Text that is not canonical is refused: it would have
 * another hash than what it says.
 */
export function readEntryText(text: string): E.Either<string, LedgerEvent> {
  const value = parse(text)
  const place: unknown = value
  if (!isObject(value) || !Place.is(place)) return E.left('is not the JSON of an event')
  if (canonicalOf(value) !== text) return E.left('is not canonical JSON')
  const { stream, revision, type } = place
  const decoded = decodeEvent(type, canonicalJson(value['data'] ?? null))
  if (E.isLeft(decoded)) return E.left(`can't be read: ${decoded.left.message}`)
  return E.right({ stream, revision, event: decoded.right })
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Undefined for a value that has no canonical form. */
function canonicalOf(value: Json): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

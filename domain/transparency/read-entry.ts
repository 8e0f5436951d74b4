import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { canonicalJson, isObject, type Json } from '../canonical-json.ts'
import { decodeEvent, type PoolEvent } from '../events.ts'

/** Where an entry says that its event stands, and of what type it is. */
export interface EntryPlace {
  readonly stream: string
  readonly revision: number
  readonly type: string
}

/** An entry of the ledger, read back: where its event stands, and what it says. */
export interface LedgerEvent {
  readonly stream: string
  readonly revision: number
  readonly event: PoolEvent
}

/** Why a text is no entry that can be read. */
export interface EntryFault {
  readonly kind: 'not-canonical' | 'malformed' | 'unknown-type' | 'unknown-version'
  /** Completes "entry 7 …". */
  readonly message: string
  /** Null where the text does not even say that. */
  readonly place: EntryPlace | null
}

const Envelope = t.type({
  at: t.union([t.number, t.null]),
  data: t.UnknownRecord,
  revision: t.refinement(t.number, (n) => Number.isSafeInteger(n) && n >= 0),
  stream: t.string,
  type: t.string,
  v: t.union([t.number, t.null]),
})
const MEMBERS = 6
/** Names of streams and types are of these characters, so that they can be shown anywhere. */
const NAME = /^[A-Za-z0-9.-]{1,128}$/

/** Reads the text of one entry. Text that is not canonical is refused: it would have another hash than what it says. */
export function readEntryText(text: string): E.Either<EntryFault, LedgerEvent> {
  const value = parse(text)
  const envelope: unknown = value
  if (!isObject(value) || !Envelope.is(envelope) || Object.keys(value).length !== MEMBERS)
    return fault('malformed', 'is not an object of at, data, revision, stream, type and v', null)
  const { stream, revision, type } = envelope
  if (!NAME.test(stream) || !NAME.test(type))
    return fault('malformed', 'has a stream or a type that is not of letters, digits, "-" and "."', null)
  const place = { stream, revision, type }
  if (canonicalOf(value) !== text) return fault('not-canonical', 'is not canonical JSON', place)
  const { at = null, v = null } = envelope.data
  if (at !== envelope.at || v !== envelope.v)
    return fault('malformed', 'has another at or v than its data', place)
  const decoded = decodeEvent(type, canonicalJson(value['data'] ?? null))
  if (E.isRight(decoded)) return E.right({ stream, revision, event: decoded.right })
  const { kind, message } = decoded.left
  const isUnknown = kind === 'unknown-type' || kind === 'unknown-version'
  return fault(isUnknown ? kind : 'malformed', `can't be read: ${message}`, place)
}

const fault = (
  kind: EntryFault['kind'],
  message: string,
  place: EntryPlace | null,
): E.Either<EntryFault, never> => E.left({ kind, message, place })

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Undefined for a value that has no canonical form. */
function canonicalOf(value: Json): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

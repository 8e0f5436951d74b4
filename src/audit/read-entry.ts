import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { canonicalJson, type Json } from '../../domain/canonical-json.ts'
import { fromHex } from '../../domain/decred/hex.ts'
import { decodeEvent, type EventData, type PoolEvent } from '../../domain/events.ts'
import { readSharesEntry } from './read-shares-entry.ts'
import type { ShareColumns } from './share-columns.ts'

/** An event that is not `SharesAccepted`. */
export type OtherEvent = Exclude<PoolEvent, { readonly type: 'SharesAccepted' }>

/** Where an entry says that its event stands. */
interface Place {
  readonly stream: string
  readonly revision: number
}

/** An entry of the ledger as the audit reads it. */
export type ReadEntry =
  | (Place & { readonly kind: 'event'; readonly event: OtherEvent })
  | (Place & { readonly kind: 'shares'; readonly at: number; readonly columns: ShareColumns })
  /** Of a type that this program does not know: it stands in its stream, and says nothing. */
  | (Place & { readonly kind: 'unknown'; readonly type: string })
  /** `place` is null where the entry does not even say where it stands. */
  | {
      readonly kind: 'faulty'
      readonly why: 'not-canonical' | 'malformed' | 'unknown-version'
      readonly message: string
      readonly place: Place | null
    }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads the bytes of one entry. */
export function readEntry(bytes: Uint8Array): ReadEntry {
  const shares = readSharesEntry(bytes)
  if (shares !== undefined) return { kind: 'shares', ...shares }
  const text = textOf(bytes)
  if (text === undefined) return faulty('not-canonical', 'is not UTF-8', null)
  const value = parse(text)
  if (!Envelope.is(value) || Object.keys(value).length !== 6)
    return faulty('malformed', 'is not an object of at, data, revision, stream, type and v', null)
  const { stream, revision, type } = value
  const place = { stream, revision }
  if (canonicalOf(value) !== text) return faulty('not-canonical', 'is not canonical JSON', place)
  const data = canonicalOf(value.data) ?? ''
  const { at = null, v = null } = value.data
  if (at !== value.at || v !== value.v) return faulty('malformed', 'has another at or v than its data', place)
  const decoded = decodeEvent(type, data)
  if (E.isRight(decoded)) return readEvent(place, decoded.right)
  const { kind, message } = decoded.left
  return kind === 'unknown-type'
    ? { kind: 'unknown', ...place, type }
    : faulty(kind === 'unknown-version' ? kind : 'malformed', `can't be read: ${message}`, place)
}

const Envelope = t.type({
  at: t.union([t.number, t.null]),
  data: t.UnknownRecord,
  revision: t.refinement(t.number, (n) => Number.isSafeInteger(n) && n >= 0),
  stream: t.string,
  type: t.string,
  v: t.union([t.number, t.null]),
})

const faulty = (
  why: Extract<ReadEntry, { kind: 'faulty' }>['why'],
  message: string,
  place: Place | null,
): ReadEntry => ({ kind: 'faulty', why, message, place })

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Undefined where a value has no canonical form: a fraction, or half a character. */
function canonicalOf(value: unknown): string | undefined {
  try {
    return canonicalJson(jsonOf(value))
  } catch {
    return undefined
  }
}

/** What came out of `JSON.parse` is JSON: this tells the compiler, level by level. */
function jsonOf(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === undefined) throw new RangeError('no JSON')
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonOf(member)]))
}

function readEvent(place: Place, event: PoolEvent): ReadEntry {
  if (event.type !== 'SharesAccepted') return { kind: 'event', ...place, event }
  const columns = columnsOf(event.data)
  return columns === undefined
    ? faulty('malformed', 'has columns that no pool can have', place)
    : { kind: 'shares', ...place, at: event.data.at, columns }
}

/** Packs the columns of a decoded event, which the fast reader did not take. Undefined for numbers beyond what `ShareColumns` holds. */
export function columnsOf(data: EventData<'SharesAccepted'>): ShareColumns | undefined {
  const packed = fromHex(data.extranonce2.join(''))
  const small = [data.connection, data.worker, data.job, data.elapsed, data.ntime]
  if (packed === undefined || small.some((column) => column.some((n) => n > 0xffff_ffff))) return undefined
  const extranonceStart = new Uint32Array(data.extranonce2.length + 1)
  data.extranonce2.forEach((text, i) => {
    extranonceStart[i + 1] = (extranonceStart[i] ?? 0) + text.length / 2
  })
  return {
    count: data.difficulty.length,
    connection: Uint32Array.from(data.connection),
    worker: Uint32Array.from(data.worker),
    job: Uint32Array.from(data.job),
    difficulty: Float64Array.from(data.difficulty),
    elapsed: Uint32Array.from(data.elapsed),
    ntime: Uint32Array.from(data.ntime),
    nonce: Uint32Array.from(data.nonce),
    extranonce2: packed,
    extranonceStart,
    solved: data.solved,
  }
}

import * as E from 'fp-ts/lib/Either.js'
import { fromHex } from '../../domain/decred/hex.ts'
import type { EventData, PoolEvent } from '../../domain/events.ts'
import { readEntryText } from '../../domain/transparency/read-entry.ts'
import type { ColumnBuffers } from './column-buffers.ts'
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

/** Reads the bytes of one entry; columns of shares into `buffers`. */
export function readEntry(bytes: Uint8Array, buffers: ColumnBuffers): ReadEntry {
  const shares = readSharesEntry(bytes, buffers)
  if (shares !== undefined) return { kind: 'shares', ...shares }
  const text = textOf(bytes)
  if (text === undefined) return faulty('not-canonical', 'is not UTF-8', null)
  const read = readEntryText(text)
  if (E.isRight(read)) return readEvent(read.right, read.right.event)
  const { kind, message, place } = read.left
  if (kind !== 'unknown-type') return faulty(kind, message, place)
  return place === null ? faulty('malformed', message, place) : { kind: 'unknown', ...place }
}

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

function readEvent({ stream, revision }: Place, event: PoolEvent): ReadEntry {
  const place = { stream, revision }
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

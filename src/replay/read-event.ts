import * as E from 'fp-ts/lib/Either.js'
import { decodeEvent, type PoolEvent } from '../../domain/events.ts'
import { readStreamName, type StreamName, streamOfType } from '../../domain/stream-name.ts'
import { type MoneyColumns, moneyColumns } from '../treasury/money-columns.ts'
import type { HistoryEvent } from './history.ts'

/** An event as a replay reads it. */
export type ReadEvent =
  | { readonly kind: 'event'; readonly stream: StreamName; readonly event: PoolEvent }
  /** Accepted shares, of which only what money goes by is read. */
  | { readonly kind: 'shares'; readonly columns: MoneyColumns }
  /** Of a type that this program does not know. */
  | { readonly kind: 'unknown' }

/** One that was understood. */
export type KnownEvent = Exclude<ReadEvent, { readonly kind: 'unknown' }>

/** Why an event can't be read. `message` is a sentence for people. */
export interface UndecodableEvent {
  readonly kind: 'undecodable'
  readonly message: string
}

/** Reads an event of a history. */
export function readEvent({
  entry,
  stream,
  type,
  data,
}: HistoryEvent): E.Either<UndecodableEvent, ReadEvent> {
  const columns = type === 'SharesAccepted' ? moneyColumns(data) : undefined
  if (columns !== undefined) return E.right({ kind: 'shares', columns })
  const decoded = decodeEvent(type, data)
  if (E.isLeft(decoded)) {
    const { kind, message } = decoded.left
    return kind === 'unknown-type'
      ? E.right({ kind: 'unknown' })
      : undecodable(
          `Entry ${entry} can't be read: ${message}. Use a newer version of this program, if there is one.`,
        )
  }
  const name = readStreamName(stream)
  if (name.kind !== streamOfType[decoded.right.type])
    return undecodable(`Entry ${entry} is a ${type} in stream "${stream}", where none belongs.`)
  return E.right({ kind: 'event', stream: name, event: decoded.right })
}

const undecodable = (message: string): E.Either<UndecodableEvent, never> =>
  E.left({ kind: 'undecodable', message })

/** When an event says that it happened, Unix ms; null where nobody can read it. */
export function timeOf(read: ReadEvent): number | null {
  if (read.kind === 'shares') return read.columns.at
  return read.kind === 'event' ? read.event.data.at : null
}

/** Height of the block that work builds on; null for anything else. */
export const heightOf = (read: ReadEvent): number | null =>
  read.kind === 'event' && read.event.type === 'WorkIssued' ? read.event.data.height - 1 : null

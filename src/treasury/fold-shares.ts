import * as E from 'fp-ts/lib/Either.js'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { EventType } from '../../domain/events.ts'
import { moneyColumns } from './money-columns.ts'
import { placeText, type RecordsFault, unresolvedFault } from './records-fault.ts'
import type { ShareRecords } from './share-records.ts'

/** Types by which it is known what shares come to. */
const SHARE_TYPES: ReadonlySet<string> = new Set<EventType>([
  'SharesAccepted',
  'WorkIssued',
  'WorkerAuthorized',
  'MinerDisconnected',
  'GatewayJoined',
  'PolicyAdopted',
  'BlockFound',
])

/**
 * Folds the next event of the log into what shares come to, and into nothing else. One with a share that can't be resolved may be taken
 * again.
 */
export function foldShares(mined: ShareRecords, recorded: RecordedEvent): E.Either<RecordsFault, void> {
  if (!SHARE_TYPES.has(recorded.type)) return E.right(undefined)
  const shares = foldColumns(mined, recorded)
  if (shares !== undefined) return shares
  const decoded = read(recorded)
  if (E.isLeft(decoded))
    return E.left({ kind: 'unreadable', message: `${placeText(recorded)}: ${decoded.left.message}.` })
  const unresolved = mined.take(recorded, decoded.right)
  return unresolved === undefined ? E.right(undefined) : E.left(unresolvedFault(recorded, unresolved))
}

/** Folds shares of which only what money goes by is read; undefined for anything else. */
export function foldColumns(
  mined: ShareRecords,
  recorded: RecordedEvent,
): E.Either<RecordsFault, void> | undefined {
  const columns = recorded.type === 'SharesAccepted' ? moneyColumns(recorded.data) : undefined
  if (columns === undefined) return undefined
  const unresolved = mined.takeShares(recorded, columns)
  return unresolved === undefined ? E.right(undefined) : E.left(unresolvedFault(recorded, unresolved))
}

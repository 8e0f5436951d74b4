import * as E from 'fp-ts/lib/Either.js'
import { read } from '../../adapters/event-store/catalogue.ts'
import type { EventStore, RecordedEvent } from '../../adapters/event-store/port.ts'
import type { EventType, PoolEvent } from '../../domain/events.ts'
import type { WindowError, WindowSums } from '../../domain/reward/share-window.ts'
import { readStreamName } from '../../domain/stream-name.ts'
import { foldShares } from './fold-shares.ts'
import { Outline } from './outline.ts'
import { type Answer, eachBatch, inSlices, type Pause, resolving } from './recall.ts'
import type { Records } from './records.ts'
import { type Find, ShareRecords } from './share-records.ts'

/** What a block is shared by. */
export interface RecalledWindow {
  readonly find: Find
  /** Null where there is nothing to look at: no share of its scheme is in the log before it. */
  readonly sums: WindowSums | null
}

/** Types that say how the log is divided, and where blocks were found. */
const DIVIDING_TYPES: readonly EventType[] = ['GatewayJoined', 'EpochClosed', 'BlockFound']

/**
 * Sums up the window of a block of the scheme in force whose shares were let go: those before it are read into records of their own, from
 * further and further back until they are enough, at last from where the scheme begins, and looked at as if they had always been there.
 * Which block's reward is allocated, and so where a round of `prop` begins, is as the books have it now. The records must be up to date.
 */
export async function recallWindow(
  records: Records,
  store: EventStore,
  hash: string,
  pause: Pause,
): Answer<E.Either<WindowError, RecalledWindow>> {
  const outline = new Outline(records.network)
  const blocks: { readonly recorded: RecordedEvent; readonly event: PoolEvent }[] = []
  const end = records.position ?? 0
  const outlined = await eachBatch(store, null, end, pause, DIVIDING_TYPES, async (recorded) => {
    const decoded = read(recorded)
    if (E.isLeft(decoded)) return E.right(undefined)
    outline.take(recorded, decoded.right)
    if (recorded.type === 'BlockFound') blocks.push({ recorded, event: decoded.right })
    return E.right(undefined)
  })
  if (E.isLeft(outlined)) return outlined
  const found = outline.blockFound(hash)
  if (found === undefined) return E.right(unknownFind(hash))
  for (const start of [...outline.startsOf(found, records), 0]) {
    const mined = new ShareRecords(records.network, records.books, outline.startAt(start, records))
    const after = start === 0 ? null : start
    const taken = await eachBatch(store, after, found.position, pause, undefined, (recorded) =>
      resolving(store, recorded, mined.keys, () => foldShares(mined, recorded)),
    )
    if (E.isLeft(taken)) return taken
    // A block that is in the log later may have been found by an earlier share: a round of prop may begin after that.
    for (const { recorded, event } of blocks)
      if (recorded.position > found.position && mined.hasSolved(blockOf(recorded)))
        mined.take(recorded, event)
    const find = mined.finds.get(hash)
    if (find === undefined) continue
    const sums = await inSlices(start === 0 ? lastResort(mined, find) : mined.wholeWindow(find), pause)
    if (sums !== undefined) return E.right(E.map((whole: WindowSums | null) => ({ find, sums: whole }))(sums))
  }
  return E.right(unknownFind(hash))
}

/** All of the log was read: what is not there now is nowhere. */
function* lastResort(
  mined: ShareRecords,
  find: Find,
): Generator<void, E.Either<WindowError, WindowSums | null>> {
  const walk = mined.walk(find)
  return walk === null ? E.right(null) : yield* walk
}

function blockOf({ stream }: RecordedEvent): string {
  const parsed = readStreamName(stream)
  return parsed.kind === 'block' ? parsed.hash : ''
}

const unknownFind = (hash: string): E.Either<WindowError, never> =>
  E.left({ kind: 'unknown-find', message: `The log does not say where block ${hash} was found.` })

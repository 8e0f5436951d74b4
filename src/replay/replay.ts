import * as E from 'fp-ts/lib/Either.js'
import type { Scheme } from '../../domain/events.ts'
import { Fold, type FoldError, type Folded } from './fold.ts'
import type { History, HistoryError, HistoryEvent } from './history.ts'
import { heightOf, readEvent, timeOf } from './read-event.ts'
import { type Place, type Until, Watch } from './until.ts'

/** What is to be replayed. */
export interface ReplayOptions {
  readonly history: History
  /** Null: to the end of the history. */
  readonly until: Until | null
  /** What its shares would have earned under this one is computed beside; null for none. */
  readonly scheme: Scheme | null
  /** An address or an account id, whose money is told line by line; null for none. */
  readonly account: string | null
  readonly onProgress: (progress: { readonly shares: number; readonly fraction: number }) => void
}

/** A history as far as it was replayed. */
export interface Replayed extends Folded {
  readonly place: Place
}

/** Why a history can't be replayed. `message` is a sentence for people. */
export interface ReplayError {
  readonly kind: HistoryError['kind'] | FoldError['kind'] | 'no-such-point'
  readonly message: string
}

/** Folds a history again, up to a point. Memory is that of the windows and the books, however long it is. */
export async function replay(options: ReplayOptions): Promise<E.Either<ReplayError, Replayed>> {
  const { history, until, scheme, account, onProgress } = options
  const watch = new Watch(until)
  const fold = new Fold(scheme, account)
  for await (const batch of history.batches()) {
    if (E.isLeft(batch)) return batch
    const isOver = takeBatch(fold, watch, batch.right.events)
    if (E.isLeft(isOver)) return isOver
    if (isOver.right) break
    onProgress({ shares: fold.shares, fraction: batch.right.fraction })
  }
  const problem = watch.problem()
  if (problem !== undefined) return E.left({ kind: 'no-such-point', message: problem })
  const { place } = watch
  return E.map((folded: Folded): Replayed => ({ ...folded, place }))(fold.end())
}

/** Says whether the end was reached. */
function takeBatch(
  fold: Fold,
  watch: Watch,
  events: readonly HistoryEvent[],
): E.Either<ReplayError, boolean> {
  for (const event of events) {
    const read = readEvent(event)
    if (E.isLeft(read)) return read
    if (watch.isPast(event.entry, timeOf(read.right), heightOf(read.right))) return E.right(true)
    const taken = fold.take(event, read.right)
    if (E.isLeft(taken)) return taken
  }
  return E.right(false)
}

import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { read } from '../adapters/event-store/catalogue.ts'
import type { EventReader, StoreError } from '../adapters/event-store/port.ts'

/**
 * Milliseconds that the pool's date may go back. Times in the ledger may go back by a minute, see docs/ledger-spec.md; ten seconds of it
 * are for what waits for its commit while others are written.
 */
export const BACK_MS_MAX = 50_000

/**
 * The date of a pool, Unix ms: that of the machine, but never more than {@link BACK_MS_MAX} behind one that was given before. Where a clock
 * is set back by more, the date stands still until the clock has caught up. `newestMs` is that of the newest event in the log, before which
 * no date is given; null for an empty log. `onHeld` is told each time when the date begins to stand still, with how far the clock is behind it.
 */
export function poolClock(
  machineMs: () => number,
  newestMs: number | null,
  onHeld: (behindMs: number) => void,
): () => number {
  let earliestMs = newestMs ?? Number.NEGATIVE_INFINITY
  let isHeld = false
  return () => {
    const now = machineMs()
    if (now < earliestMs) {
      if (!isHeld) onHeld(earliestMs - now)
      isHeld = true
      return earliestMs
    }
    isHeld = false
    earliestMs = Math.max(earliestMs, now - BACK_MS_MAX)
    return now
  }
}

/** The `at` of the newest event in a log, Unix ms; null where there is none, or one that nobody here can read: its readers say so. */
export async function newestTime(store: EventReader): Promise<E.Either<StoreError, number | null>> {
  const newest = await store.newest()()
  if (E.isLeft(newest)) return newest
  if (O.isNone(newest.right)) return E.right(null)
  const decoded = read(newest.right.value)
  return E.right(E.isRight(decoded) ? decoded.right.data.at : null)
}

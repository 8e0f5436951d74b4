import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import type { EventReader } from '../../adapters/event-store/port.ts'
import { newestTime, poolClock } from '../clock.ts'
import type { PoolError } from './error.ts'

/** Milliseconds that a log may be ahead of the machine's clock at a start. Beyond, the clock is not set, and waiting for it is no way on. */
const LOG_AHEAD_MS_MAX = 86_400_000

/** The date of a pool that goes on with a log, Unix ms. Left: the clock can't be right. */
export async function openClock(
  store: EventReader,
  log: Logger,
  machineMs: () => number,
): Promise<E.Either<PoolError, () => number>> {
  const newest = await newestTime(store)
  if (E.isLeft(newest)) return newest
  const now = machineMs()
  if (newest.right !== null && newest.right - now > LOG_AHEAD_MS_MAX)
    return E.left({
      message: `The newest event of ${store.name} is of ${timeText(newest.right)}, and this machine's clock says ${timeText(now)}: set the clock, best by NTP, and start again.`,
    })
  return E.right(
    poolClock(machineMs, newest.right, (behindMs) =>
      log.warn(
        { behindMs },
        `This machine's clock was set back: it is ${Math.ceil(behindMs / 1000)} s behind the date that the ledger may have now. The pool's date stands still until it has caught up. Let NTP keep the clock.`,
      ),
    ),
  )
}

const timeText = (atMs: number): string => new Date(atMs).toISOString()

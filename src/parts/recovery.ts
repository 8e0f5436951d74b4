import * as E from 'fp-ts/lib/Either.js'
import { defer, retry, timer } from 'rxjs'
import type { EventStore } from '../../adapters/event-store/port.ts'
import type { Blocks } from '../actors/blocks.ts'
import { closeAbandonedEpochs, type EarlierGateway } from '../actors/opening.ts'
import type { Projector } from '../actors/projector.ts'
import type { PoolContext } from './context.ts'

const RECOVER_AGAIN_MS = 1_000

/** What is taken up, and by whom. */
interface LeftUndone {
  readonly store: EventStore
  /** The processes before this one, oldest first. */
  readonly earlier: readonly EarlierGateway[]
  readonly projector: Projector
  readonly blocks: Blocks
}

/** Takes up what earlier processes left undone, again until it succeeds. Returns what calls it off. */
export function startRecovery(context: PoolContext, left: LeftUndone): () => void {
  const recovering = defer(() => recover(context, left))
    .pipe(
      retry({
        delay: (error: unknown) => {
          context.log.error({ err: error }, 'could not take up what an earlier process left; trying again')
          return timer(RECOVER_AGAIN_MS)
        },
      }),
    )
    .subscribe()
  return () => recovering.unsubscribe()
}

/** An hour left open, then the blocks. These need the read models, so they wait for them. */
async function recover(
  { nowMs, log }: PoolContext,
  { store, earlier, projector, blocks }: LeftUndone,
): Promise<void> {
  const closed = await closeAbandonedEpochs(store, earlier, nowMs())()
  if (E.isLeft(closed))
    log.warn(`an hour left open by an earlier process was not closed: ${closed.left.message}`)
  await projector.caughtUp()
  await blocks.recover()
}

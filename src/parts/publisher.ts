import type * as E from 'fp-ts/lib/Either.js'
import type { EventStore } from '../../adapters/event-store/port.ts'
import type { LedgerKeys } from '../publisher/keys.ts'
import { openPublisher, type Publisher } from '../publisher/publisher.ts'
import { witnessName } from '../publisher/witnesses.ts'
import type { PoolContext } from './context.ts'

/** Begins to publish the log as the signed ledger in a folder. Left of `keys`: why nothing can be signed. */
export function startPublisher(
  { config, metrics, nowMs, log }: PoolContext,
  store: EventStore,
  keys: E.Either<string, LedgerKeys>,
  folder: string,
): Publisher {
  const { ledger, witnesses } = config
  for (const { key } of witnesses) metrics.witnessErrors.inc({ witness: witnessName(key) }, 0)
  return openPublisher({
    store,
    keys,
    folder,
    checkpointMsMax: ledger.checkpointMsMax,
    witnesses,
    nowMs,
    log,
    onWitnessError: (witness) => metrics.witnessErrors.inc({ witness }),
  })
}

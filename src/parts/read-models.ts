import { join } from 'node:path'
import type { EventStore } from '../../adapters/event-store/port.ts'
import type { Answer } from '../../adapters/read-models/port.ts'
import { openReadModels } from '../../adapters/read-models/sqlite.ts'
import { realAfter } from '../../adapters/timers.ts'
import { openRebuildable, type RebuildableReadModels } from '../actors/read-model-rebuild.ts'
import type { PoolContext } from './context.ts'

/** Opens the read models, which catch up with the log beside everything else. `coinbaseMaturity`: where it is not the network's. */
export const openReadModelsOf = (
  { config, log }: PoolContext,
  store: EventStore,
  coinbaseMaturity: number | undefined,
): Answer<RebuildableReadModels> =>
  openRebuildable({
    file: join(config.pool.dataDirectory, 'read-models.db'),
    open: (file) =>
      openReadModels({ file, log: store.log, coinbaseMaturity, nowMs: () => performance.now() }),
    store,
    after: realAfter,
    log,
  })

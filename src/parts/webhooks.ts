import { join } from 'node:path'
import type { EventStore } from '../../adapters/event-store/port.ts'
import { realAfter } from '../../adapters/timers.ts'
import { openWebhooks, type Webhooks } from '../webhooks/webhooks.ts'
import type { PoolContext } from './context.ts'

/** A receiver that has not answered after this long is tried again. */
const WEBHOOK_ANSWER_MS_MAX = 15_000

/** Begins to tell the configured receivers. */
export function startWebhooks({ config, metrics, nowMs, log }: PoolContext, store: EventStore): Webhooks {
  const { webhooks, pool } = config
  const { webhookAttempts, webhookOldestSeconds } = metrics
  for (const { name: receiver } of webhooks) {
    for (const outcome of ['delivered', 'failed']) webhookAttempts.inc({ receiver, outcome }, 0)
    webhookOldestSeconds.set({ receiver }, 0)
  }
  return openWebhooks({
    receivers: webhooks,
    store,
    directory: join(pool.dataDirectory, 'webhooks'),
    sender: { pool: pool.name, network: pool.network },
    nowMs,
    after: realAfter,
    answerMsMax: WEBHOOK_ANSWER_MS_MAX,
    random: Math.random,
    onAttempt: (receiver, outcome, ageSeconds) => {
      webhookAttempts.inc({ receiver, outcome })
      webhookOldestSeconds.set({ receiver }, ageSeconds)
    },
    log,
  })
}

import { join } from 'node:path'
import type { Logger } from 'pino'
import type { EventStore } from '../../adapters/event-store/port.ts'
import type { Metrics } from '../../adapters/http/metrics.ts'
import { realAfter } from '../../adapters/timers.ts'
import type { Config } from '../config/config.ts'
import { openWebhooks, type Webhooks } from '../webhooks/webhooks.ts'

/** A receiver that has not answered after this long is tried again. */
const WEBHOOK_ANSWER_MS_MAX = 15_000

/** Begins to tell the configured receivers. */
export function startWebhooks(
  { webhooks, pool }: Config,
  store: EventStore,
  { webhookAttempts, webhookOldestSeconds }: Metrics,
  nowMs: () => number,
  log: Logger,
): Webhooks {
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

import * as TE from 'fp-ts/lib/TaskEither.js'
import type { WebhookConfig } from '../config/config.ts'
import { version } from '../version.ts'
import type { WebhookMessage } from './message.ts'
import { signedHeaders } from './signature.ts'

/** When a message is sent, and how long that may take. */
export interface PostLimits {
  /** Unix ms, for the signature. */
  readonly nowMs: number
  readonly answerMsMax: number
  /** Ends it at once. */
  readonly stopped: AbortSignal
}

/** Posts a message once. Right when the receiver answered 2xx; left is a sentence about what it did. Redirects are not followed. */
export const post = (
  { url, secret }: WebhookConfig,
  { id, body }: WebhookMessage,
  { nowMs, answerMsMax, stopped }: PostLimits,
): TE.TaskEither<string, void> =>
  TE.tryCatch(
    async () => {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'user-agent': `lodebook/${version}`,
          ...signedHeaders(secret, id, Math.floor(nowMs / 1000), body),
        },
        body,
        signal: AbortSignal.any([stopped, AbortSignal.timeout(answerMsMax)]),
      })
      // What it says is nobody's business; the connection is free for the next message.
      await response.body?.cancel()
      if (!response.ok) throw new Error(`it answered ${response.status}`)
    },
    (error) => reasonOf(error, answerMsMax),
  )

function reasonOf(error: unknown, answerMsMax: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `it did not answer within ${answerMsMax / 1000} s`
  // fetch says "fetch failed" and keeps what happened to itself.
  return error.cause instanceof Error ? error.cause.message : error.message
}

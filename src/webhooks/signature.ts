import { createHmac } from 'node:crypto'

/** Secrets of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. The prefix may be left out. */
export const isWebhookSecret = (text: string): boolean => {
  const base64 = text.replace(/^whsec_/, '')
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === base64
}

/** What {@link isWebhookSecret} takes, in words. */
export const WEBHOOK_SECRET_ALLOWED =
  'base64 of 24 to 64 bytes, as "openssl rand -base64 32" makes it, after whsec_ or not'

/**
 * The headers by which a receiver knows who sent a body, when, and whether it has seen it: the Standard Webhooks specification,
 * HMAC-SHA256 over `id.timestamp.body`. `seconds` is the Unix time of this attempt.
 */
export function signedHeaders(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  }
}

import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { NetworkName } from '../../domain/decred/network.ts'
import { decodeEvent, type EventType } from '../../domain/events.ts'
import { readStreamName } from '../../domain/stream-name.ts'
import type { WebhookEvents } from '../config/config.ts'

const BLOCKS: readonly EventType[] = [
  'BlockFound',
  'BlockConnected',
  'BlockDisconnected',
  'BlockApproved',
  'BlockDisapproved',
  'BlockMatured',
  'BlockOrphaned',
]
/** Without `PayoutSigned`, which is the bytes of a transaction that every explorer shows. */
const PAYMENTS: readonly EventType[] = [
  'PayoutPlanned',
  'PayoutApproved',
  'PayoutPublished',
  'PayoutConfirmed',
  'PayoutReturned',
]

/** The types of event that a receiver is told of. */
export const toldTypes: Readonly<Record<WebhookEvents, readonly EventType[]>> = {
  all: [...BLOCKS, ...PAYMENTS],
  blocks: BLOCKS,
  payments: PAYMENTS,
}

/** What a message says about the pool that sends it. */
export interface Sender {
  readonly pool: string
  readonly network: NetworkName
}

/** A message: `id` is the event's own, the same however often it is sent; `at` is Unix ms, when it happened. */
export interface WebhookMessage {
  readonly id: string
  readonly at: number
  /** JSON text. */
  readonly body: string
}

/** The message about an event of the log: what the ledger has of it, and which block or payout it is about. */
export function messageOf(
  { pool, network }: Sender,
  recorded: RecordedEvent,
): E.Either<string, WebhookMessage> {
  const decoded = decodeEvent(recorded.type, recorded.data)
  if (E.isLeft(decoded)) return E.left(decoded.left.message)
  const { type, data } = decoded.right
  const { id, stream, revision } = recorded
  const about = readStreamName(stream)
  const body = JSON.stringify({
    id,
    type,
    at: data.at,
    pool,
    network,
    block: about.kind === 'block' ? about.hash : null,
    payout: about.kind === 'payout' ? about.number : null,
    stream,
    revision,
    data,
  })
  return E.right({ id, at: data.at, body })
}

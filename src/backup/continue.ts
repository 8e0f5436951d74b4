import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import {
  type EventStore,
  NO_STREAM,
  type RecordedEvent,
  type StreamAppend,
} from '../../adapters/event-store/port.ts'
import { readCheckpoint } from '../../adapters/ledger/checkpoint.ts'
import type { LedgerSource } from '../../adapters/ledger/port.ts'
import { ledgerReader } from '../../adapters/ledger/reader.ts'
import { canonicalJson, isObject, type Json } from '../../domain/canonical-json.ts'
import { eventId } from '../../domain/event-id.ts'
import { type SignedCheckpoint, trustIn } from '../../domain/transparency/checkpoint.ts'
import { entryOf } from '../../domain/transparency/entry.ts'
import type { VerifierKey } from '../../domain/transparency/key.ts'
import { namedLedger } from '../publisher/named-ledger.ts'

/**
 * Continues a restored log from the public ledger, which holds every event that was signed: what happened after the backup is not lost
 * as long as one copy of the ledger is there.
 */

/** What came of it. */
export interface Continued {
  /** That of the ledger, checked. */
  readonly checkpoint: SignedCheckpoint
  /** Events that the backup did not have. */
  readonly added: number
}

/**
 * Appends the entries of a ledger that come after the last event of a store, which holds `events`. The checkpoint must be signed by a key that
 * the log itself names or by one of `keys`, the operator's own: a log from before a change of keys does not name the new one. Every entry
 * must be under its root, and the last event of the store must be the entry at its place. Left: why nothing, or not all, was appended.
 */
export async function continueFrom(
  source: LedgerSource,
  store: EventStore,
  events: number,
  keys: readonly VerifierKey[],
): Promise<E.Either<string, Continued>> {
  const checkpoint = await trustedCheckpoint(source, store, keys)
  if (E.isLeft(checkpoint)) return checkpoint
  const { size } = checkpoint.right
  if (size < events) return E.right({ checkpoint: checkpoint.right, added: 0 })
  const last = await lastEvent(store)
  if (E.isLeft(last)) return last
  let added = 0
  for await (const batch of ledgerReader(source, checkpoint.right).entries(events - 1, size)) {
    if (E.isLeft(batch)) return E.left(batch.left.message)
    const { first, entries } = batch.right
    const texts = entries.map((entry) => new TextDecoder().decode(entry))
    if (first === events - 1 && texts.shift() !== last.right)
      return E.left(
        `the backup and ${source.name} are not of one history: entry ${first} is another. Restore a backup of the pool that publishes this ledger`,
      )
    const appended = await append(store, texts)
    if (E.isLeft(appended)) return appended
    added += texts.length
  }
  return E.right({ checkpoint: checkpoint.right, added })
}

async function trustedCheckpoint(
  source: LedgerSource,
  store: EventStore,
  keys: readonly VerifierKey[],
): Promise<E.Either<string, SignedCheckpoint>> {
  const named = await namedLedger(store)
  if (E.isLeft(named)) return named
  for (const trust of [...(named.right === null ? [] : [named.right]), ...keys.map(trustIn)]) {
    const checkpoint = await readCheckpoint(source, trust)()
    if (E.isRight(checkpoint)) return checkpoint
    const { kind, message } = checkpoint.left
    if (kind !== 'unsigned' && kind !== 'origin') return E.left(message)
  }
  return E.left(
    `${source.name} is signed by no key that the backup names, nor by ${keys.length === 0 ? 'one of the configuration, which has none' : 'that of the configuration'}: it is another pool's, or its key or name was changed after the backup. If it is yours, put the key that signs it now where ledger.key_file says, and restore again`,
  )
}

/** The entry of the newest event. */
async function lastEvent(store: EventStore): Promise<E.Either<string, string>> {
  const head = await store.head()()
  if (E.isLeft(head)) return E.left(head.left.message)
  const position = head.right._tag === 'Some' ? head.right.value : 0
  const newest = await store.readAll(position - 1, 1)()
  if (E.isLeft(newest)) return E.left(newest.left.message)
  const event: RecordedEvent | undefined = newest.right[0]
  return event === undefined
    ? E.left('the backup holds no events')
    : E.map(({ text }: { readonly text: string }) => text)(entryOf(event))
}

const Entry = t.type({ stream: t.string, revision: t.number, type: t.string })

async function append(store: EventStore, texts: readonly string[]): Promise<E.Either<string, void>> {
  const appends: StreamAppend[] = []
  for (const text of texts) {
    const entry: Json = JSON.parse(text)
    const place: unknown = entry
    if (!Entry.is(place) || !isObject(entry))
      return E.left(`the ledger holds an entry that is no event: ${text.slice(0, 200)}`)
    const { stream, revision, type } = place
    const data = canonicalJson(entry['data'] ?? null)
    const id = eventId(stream, revision, type, data)
    appends.push({
      stream,
      expected: revision === 0 ? NO_STREAM : revision - 1,
      events: [{ id, type, data }],
    })
  }
  if (appends.length === 0) return E.right(undefined)
  const appended = await store.append(appends)()
  return E.isLeft(appended) ? E.left(appended.left.message) : E.right(undefined)
}

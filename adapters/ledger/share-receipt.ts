import * as E from 'fp-ts/lib/Either.js'
import type { EventData } from '../../domain/events.ts'
import { epochOf, epochStartMs } from '../../domain/mining/epoch.ts'
import { readStreamName } from '../../domain/stream-name.ts'
import { CONTEXT_MAX, receiptText } from '../../domain/transparency/receipt.ts'
import type { ReadModelError, ReadModels } from '../read-models/port.ts'
import type { LedgerError, LedgerSource } from './port.ts'
import { openSignedEntries, type SignedEntries, type SignedEntry } from './signed-entries.ts'

/** Why there is no receipt. `message` is a sentence for whoever asked. */
export interface ReceiptError {
  readonly kind:
    | 'no-such-share'
    /** It is accepted, and no checkpoint is over it yet: ask again in a second. */
    | 'not-signed-yet'
    | 'unavailable'
  readonly message: string
}

/** What the log is asked for. */
export type EntryIndex = Pick<ReadModels, 'entryOf'>

/** Makes the receipt of a share: the text of a `.tlog-proof` file, under the newest checkpoint. */
export async function shareReceipt(
  source: LedgerSource,
  index: EntryIndex,
  entry: number,
  position: number,
): Promise<E.Either<ReceiptError, string>> {
  const opened = await openSignedEntries(source)
  if (E.isLeft(opened)) return E.left(unavailable(opened.left))
  const entries = opened.right
  if (entry >= entries.size)
    return E.left({
      kind: 'not-signed-yet',
      message: `The signed ledger has ${entries.size} entries and no entry ${entry} yet. Try again in a second.`,
    })
  const share = await readShare(entries, entry, position)
  if (E.isLeft(share)) return share
  const context = await contextOf(entries, index, share.right)
  if (E.isLeft(context)) return context
  const proven = []
  for (const each of [share.right.entry, ...context.right]) {
    const proof = await entries.prove(each)
    if (E.isLeft(proof)) return E.left(unavailable(proof.left))
    proven.push(proof.right)
  }
  const [evidence, ...others] = proven
  return evidence === undefined
    ? E.left(noSuchShare(entry, position))
    : E.right(receiptText({ evidence, position, context: others, checkpoint: entries.checkpoint }))
}

/** A share as its entry has it. */
interface Share {
  readonly entry: SignedEntry
  readonly gateway: number
  readonly position: number
  readonly data: EventData<'SharesAccepted'>
}

const noSuchShare = (entry: number, position: number): ReceiptError => ({
  kind: 'no-such-share',
  message: `Entry ${entry} of the ledger holds no share at position ${position}.`,
})

/** The error of an answer that could not be had now. */
export const unavailable = ({ message }: LedgerError | ReadModelError): ReceiptError => ({
  kind: 'unavailable',
  message,
})

async function readShare(
  entries: SignedEntries,
  index: number,
  position: number,
): Promise<E.Either<ReceiptError, Share>> {
  const read = await entries.entry(index)
  if (E.isLeft(read)) return E.left(unavailable(read.left))
  const entry = read.right
  const gateway = gatewayOf(entry?.stream ?? '')
  if (entry?.event.type !== 'SharesAccepted' || gateway === undefined || !(position in entry.event.data.job))
    return E.left(noSuchShare(index, position))
  return E.right({ entry, gateway, position, data: entry.event.data })
}

/** The gateway of a stream of shares; undefined for other streams. */
export const gatewayOf = (stream: string): number | undefined => {
  const name = readStreamName(stream)
  return name.kind === 'shares' ? name.gateway : undefined
}

/** The entries that a share is rebuilt from, in the order of the ledger. */
async function contextOf(
  entries: SignedEntries,
  index: EntryIndex,
  share: Share,
): Promise<E.Either<ReceiptError, readonly SignedEntry[]>> {
  const at = (stream: string, revision: number) => entryAt(entries, index, stream, revision)
  const { data, position } = share
  const opened = await at('pool', 0)
  if (E.isLeft(opened)) return opened
  const work = await workOf(at, share)
  if (E.isLeft(work)) return work
  const connection = await connectionOf(at, share)
  if (E.isLeft(connection)) return connection
  const workers = connection.right.flatMap(({ event }) =>
    event.type === 'WorkerAuthorized' ? [event.data.account] : [],
  )
  const account = await at(`account-${workers[data.worker[position] ?? -1] ?? ''}`, 0)
  if (E.isLeft(account)) return account
  const found = [opened.right, work.right, ...connection.right, account.right]
  return E.right(found.flatMap((entry) => entry ?? []).toSorted((a, b) => a.index - b.index))
}

type At = (stream: string, revision: number) => Promise<E.Either<ReceiptError, SignedEntry | undefined>>

/** An event's entry in the signed ledger; undefined where the log or the signed part of it has none. */
export async function entryAt(
  entries: SignedEntries,
  index: EntryIndex,
  stream: string,
  revision: number,
): Promise<E.Either<ReceiptError, SignedEntry | undefined>> {
  const found = index.entryOf(stream, revision)
  if (E.isLeft(found)) return E.left(unavailable(found.left))
  if (found.right === undefined) return E.right(undefined)
  const read = await entries.entry(found.right)
  return E.isLeft(read) ? E.left(unavailable(read.left)) : read
}

/** Hours that are looked through for the work of a share, back from its own: no job is good for so long without a block. */
const HOURS_MAX = 48

/**
 * The work of a share's job, in the hour of the share's stream or one before: the share's own time may be earlier, where the clock was set
 * back. Jobs of an hour are numbered on.
 */
async function workOf(
  at: At,
  { entry, gateway, data, position }: Share,
): Promise<E.Either<ReceiptError, SignedEntry | undefined>> {
  const job = data.job[position] ?? 0
  const name = readStreamName(entry.stream)
  const fromMs = name.kind === 'shares' ? epochStartMs(name.epoch) : data.at
  for (let hours = 0; hours < HOURS_MAX; hours++) {
    const stream = `work-${gateway}-${epochOf(fromMs - hours * 3_600_000)}`
    const first = await at(stream, 0)
    if (E.isLeft(first)) return first
    const event = first.right?.event
    if (event?.type !== 'WorkIssued' || event.data.job > job) continue
    return at(stream, job - event.data.job)
  }
  return E.right(undefined)
}

/** The events of a share's connection from the first up to the last that says its profile or its worker. */
async function connectionOf(
  at: At,
  { gateway, data, position, entry }: Share,
): Promise<E.Either<ReceiptError, readonly SignedEntry[]>> {
  const stream = `connection-${gateway}.${data.connection[position]}`
  const events: SignedEntry[] = []
  let workers = 0
  let needed = 0
  for (let revision = 0; revision < CONTEXT_MAX; revision++) {
    const read = await at(stream, revision)
    if (E.isLeft(read)) return read
    const next = read.right
    if (next === undefined || next.index > entry.index) break
    events.push(next)
    const { type } = next.event
    if (type === 'WorkerAuthorized' && workers++ === data.worker[position]) needed = events.length
    if (type === 'MinerIdentified') needed = events.length
  }
  return E.right(events.slice(0, needed))
}

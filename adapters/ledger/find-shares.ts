import * as E from 'fp-ts/lib/Either.js'
import { readStreamName } from '../../domain/stream-name.ts'
import { TILE_WIDTH } from '../../domain/transparency/tile.ts'
import type { LedgerError, LedgerSource } from './port.ts'
import { type EntryIndex, entryAt, gatewayOf, type ReceiptError, unavailable } from './share-receipt.ts'
import { openSignedEntries, type SignedEntries, type SignedEntry } from './signed-entries.ts'

/** A share in the signed ledger: where it is, and what its entry says. Times are Unix ms. */
export interface LedgerShare {
  readonly entry: number
  /** In the columns of the entry, from 0. */
  readonly position: number
  readonly at: number
  readonly gateway: number
  readonly connection: number
  /** Ordinal of its worker on that connection. */
  readonly ordinal: number
  readonly job: number
  readonly difficulty: number
  readonly extranonce2: string
  /** Seconds after the job's timestamp. */
  readonly ntime: number
  /** Header bytes 140..143 as uint32 LE. */
  readonly nonce: number
  /** Hash of the block that it was offered as; null for none. */
  readonly block: string | null
}

/** A share with whose it is; null where the ledger does not hold its connection. */
export interface FoundShare extends LedgerShare {
  readonly owner: { readonly account: string; readonly worker: string } | null
}

/** Which shares: those of an account (its id) in a span of time, or those of a job with one of these nonces. */
export type ShareQuery =
  | { readonly kind: 'time'; readonly account: string; readonly from: number; readonly to: number }
  | {
      readonly kind: 'work'
      readonly gateway: number
      readonly job: number
      readonly nonces: readonly number[]
    }

/** Shares that are found at most. */
export const SHARES_FOUND_MAX = 100

/** Bundles that one question reads at most: 50 MB of a busy ledger, a second or two of work in slices. */
const BUNDLES_READ_MAX = 128

/** Bundles without a share of a job after which no more is looked for: two minutes of a busy pool. */
const BUNDLES_SILENT_MAX = 16

/** Entries stand in the order of the log and carry the time at which they were made: these may differ by so much. */
const SKEW_MS = 120_000

/** The share at a place. */
export async function shareAt(
  source: LedgerSource,
  index: EntryIndex,
  entry: number,
  position: number,
): Promise<E.Either<ReceiptError, FoundShare>> {
  const opened = await openSignedEntries(source)
  if (E.isLeft(opened)) return E.left(unavailable(opened.left))
  const read = await opened.right.entry(entry)
  if (E.isLeft(read)) return E.left(unavailable(read.left))
  const share = read.right === undefined ? undefined : sharesIn(read.right)[position]
  if (share !== undefined) return namer(opened.right, index)(share)
  const { size } = opened.right
  return E.left({
    kind: entry >= size ? 'not-signed-yet' : 'no-such-share',
    message: `The signed ledger has ${size} entries and no share ${entry}:${position}.`,
  })
}

/** Finds shares, in the order of the ledger, {@link SHARES_FOUND_MAX} at most. */
export async function findShares(
  source: LedgerSource,
  index: EntryIndex,
  query: ShareQuery,
): Promise<E.Either<ReceiptError, readonly FoundShare[]>> {
  const opened = await openSignedEntries(source)
  if (E.isLeft(opened)) return E.left(unavailable(opened.left))
  const nameOf = namer(opened.right, index)
  const found: FoundShare[] = []
  for await (const shares of sharesNear(opened.right, query)) {
    if (E.isLeft(shares)) return E.left(unavailable(shares.left))
    for (const share of shares.right) {
      if (!matches(share, query)) continue
      const named = await nameOf(share)
      if (E.isLeft(named)) return named
      if (query.kind === 'time' && named.right.owner?.account !== query.account) continue
      found.push(named.right)
      if (found.length >= SHARES_FOUND_MAX) return E.right(found)
    }
  }
  return E.right(found)
}

/** The shares of each bundle where those that are asked for can be. */
async function* sharesNear(
  entries: SignedEntries,
  query: ShareQuery,
): AsyncGenerator<E.Either<LedgerError, readonly LedgerShare[]>> {
  const begin = await firstBundle(entries, (bundle) => reaches(bundle, query))
  if (E.isLeft(begin)) return yield begin
  let silent = 0
  for (let number = begin.right; number < begin.right + BUNDLES_READ_MAX; number++) {
    const bundle = await entries.bundle(number)
    if (E.isLeft(bundle)) return yield bundle
    if (bundle.right.length === 0) return
    if (query.kind === 'time' && earliestMs(bundle.right) > query.to + SKEW_MS) return
    const shares = bundle.right.flatMap(sharesIn)
    yield E.right(shares)
    silent = shares.some((share) => isOfJob(share, query)) ? 0 : silent + 1
    if (query.kind === 'work' && silent > BUNDLES_SILENT_MAX) return
  }
}

/** Every share of an entry; none for an entry of another kind. */
export function sharesIn({
  index,
  stream,
  event,
}: Pick<SignedEntry, 'index' | 'stream' | 'event'>): readonly LedgerShare[] {
  const gateway = gatewayOf(stream)
  if (event.type !== 'SharesAccepted' || gateway === undefined) return []
  const { data } = event
  const blocks = new Map(data.solved.map(({ share, hash }) => [share, hash]))
  return data.connection.map((connection, position) => ({
    entry: index,
    position,
    at: data.at + (data.elapsed[position] ?? 0),
    gateway,
    connection,
    ordinal: data.worker[position] ?? 0,
    job: data.job[position] ?? 0,
    difficulty: data.difficulty[position] ?? 0,
    extranonce2: data.extranonce2[position] ?? '',
    ntime: data.ntime[position] ?? 0,
    nonce: data.nonce[position] ?? 0,
    block: blocks.get(position) ?? null,
  }))
}

function matches(share: LedgerShare, query: ShareQuery): boolean {
  if (query.kind === 'time') return share.at >= query.from && share.at < query.to
  return isOfJob(share, query) && query.nonces.includes(share.nonce)
}

const isOfJob = ({ gateway, job }: LedgerShare, query: ShareQuery): boolean =>
  query.kind === 'work' && gateway === query.gateway && job === query.job

/** Says whether what is asked for can be in this bundle or one before; undefined for a bundle that says nothing of it. */
function reaches(bundle: readonly SignedEntry[], query: ShareQuery): boolean | undefined {
  if (query.kind === 'time') return latestMs(bundle) >= query.from - SKEW_MS
  const jobs = bundle.flatMap(jobsOf)
  if (jobs.length === 0) return undefined
  return jobs.some(
    ({ gateway, job }) => gateway > query.gateway || (gateway === query.gateway && job >= query.job),
  )
}

/** The jobs that an entry issues or holds shares of: both go up with the log, but for late shares. */
function jobsOf(entry: SignedEntry): readonly { readonly gateway: number; readonly job: number }[] {
  const { stream, event } = entry
  if (event.type !== 'WorkIssued') return sharesIn(entry)
  const name = readStreamName(stream)
  return name.kind === 'work' ? [{ gateway: name.gateway, job: event.data.job }] : []
}

const timesOf = (bundle: readonly SignedEntry[]): readonly number[] =>
  bundle.map(({ event }) => event.data.at)
const latestMs = (bundle: readonly SignedEntry[]): number => Math.max(...timesOf(bundle))
const earliestMs = (bundle: readonly SignedEntry[]): number => Math.min(...timesOf(bundle))

/**
 * The first bundle for which something holds that then holds for all after it, or an earlier one that says nothing. Where a bundle
 * says nothing the next one is asked.
 */
async function firstBundle(
  entries: SignedEntries,
  holds: (bundle: readonly SignedEntry[]) => boolean | undefined,
): Promise<E.Either<LedgerError, number>> {
  let [from, to] = [0, Math.ceil(entries.size / TILE_WIDTH)]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    let asked = middle
    let answer: boolean | undefined
    for (; asked < to && answer === undefined; asked++) {
      const read = await entries.bundle(asked)
      if (E.isLeft(read)) return read
      answer = holds(read.right)
    }
    if (answer === false) from = asked
    else to = middle
  }
  return E.right(from)
}

/** Says whose shares are; a connection is looked up once. */
function namer(entries: SignedEntries, index: EntryIndex) {
  const workers = new Map<string, FoundShare['owner'][]>()

  async function workersOf(stream: string): Promise<E.Either<ReceiptError, readonly FoundShare['owner'][]>> {
    const known = workers.get(stream)
    if (known !== undefined) return E.right(known)
    const found: FoundShare['owner'][] = []
    for (let revision = 0; ; revision++) {
      const read = await entryAt(entries, index, stream, revision)
      if (E.isLeft(read)) return read
      if (read.right === undefined) break
      const { event } = read.right
      if (event.type === 'WorkerAuthorized')
        found.push({ account: event.data.account, worker: event.data.worker })
    }
    workers.set(stream, found)
    return E.right(found)
  }

  return async (share: LedgerShare): Promise<E.Either<ReceiptError, FoundShare>> => {
    const known = await workersOf(`connection-${share.gateway}.${share.connection}`)
    return E.map((all: readonly FoundShare['owner'][]) => ({ ...share, owner: all[share.ordinal] ?? null }))(
      known,
    )
  }
}

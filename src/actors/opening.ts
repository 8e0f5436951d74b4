import * as E from 'fp-ts/lib/Either.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import { proposeAppend, read } from '../../adapters/event-store/catalogue.ts'
import { type EventStore, NO_STREAM, type StreamEvent } from '../../adapters/event-store/port.ts'
import { type NetworkName, networks } from '../../domain/decred/network.ts'
import { type EventData, event, type PoolEvent, publicText } from '../../domain/events.ts'
import { EPOCH_MS, epochOf } from '../../domain/mining/epoch.ts'
import { extranoncePrefix } from '../../domain/mining/session-book.ts'
import type { Policy } from '../../domain/policy.ts'
import { sharesStream } from '../journal.ts'
import { adoption } from '../treasury/policy.ts'

/** What the pool's own stream says when a gateway process begins. */
export interface Opening {
  /** Ordinal of this process: names its streams. */
  readonly gateway: number
  /** First byte of its extranonces. */
  readonly prefix: number
  /** The processes before it, oldest first. */
  readonly earlier: readonly EarlierGateway[]
}

/** A gateway process of the past: its ordinal and when it began. */
export interface EarlierGateway {
  readonly gateway: number
  readonly atMs: number
}

/** Name of the public ledger, and the key that signs it. */
export type LedgerName = Pick<EventData<'LedgerKeyAdopted'>, 'origin' | 'key'>

/** Why a history can not be opened or mended, for the operator. */
export interface OpeningError {
  readonly message: string
}

const POOL_STREAM = 'pool'
const PAGE = 1_000

/**
 * Opens the pool's history, or checks that it is the history of this pool, and writes its rules and the ledger's name and key when they
 * are others than those in force, and that a gateway has begun. A history of another network or mode is refused: money could not be
 * told apart in it. `ledger` is null when nothing can be signed.
 */
export const openPool =
  (
    store: EventStore,
    pool: { readonly network: NetworkName; readonly mode: 'public' | 'solo' },
    policy: Policy,
    ledger: LedgerName | null,
    software: string,
    nowMs: number,
  ): TE.TaskEither<OpeningError, Opening> =>
  async () => {
    const history = await readWhole(store, POOL_STREAM)
    if (E.isLeft(history)) return history
    const past: PoolEvent[] = []
    for (const recorded of history.right) {
      const decoded = read(recorded)
      if (E.isLeft(decoded))
        return E.left({ message: `The pool's history can't be read: ${decoded.left.message}.` })
      past.push(decoded.right)
    }
    const first = past[0]
    const events: PoolEvent[] = []
    if (first === undefined)
      events.push(
        event('PoolOpened', {
          v: 1,
          at: nowMs,
          network: pool.network,
          mode: pool.mode,
          software: publicText(software),
        }),
      )
    else if (first.type !== 'PoolOpened')
      return E.left({
        message: `${store.name} holds another history: its stream "pool" begins with ${first.type}.`,
      })
    else if (first.data.network !== pool.network || first.data.mode !== pool.mode)
      return E.left({
        message:
          `${store.name} is the history of a ${first.data.mode} pool on ${first.data.network}, the configuration says ` +
          `${pool.mode} on ${pool.network}. Correct pool.mode and pool.network, or give this pool a data directory of its own.`,
      })
    const adopted = await adoption(store, networks[pool.network], past, policy, nowMs)
    if (E.isLeft(adopted)) return adopted
    events.push(...adopted.right, ...newLedgerKey(past, ledger, nowMs))
    const joined = past.filter((each) => each.type === 'GatewayJoined')
    const gateway = joined.length
    const prefix = extranoncePrefix(gateway)
    events.push(
      event('GatewayJoined', {
        v: 1,
        at: nowMs,
        gateway,
        extranoncePrefix: prefix.toString(16).padStart(2, '0'),
        software: publicText(software),
      }),
    )
    const expected = past.length === 0 ? NO_STREAM : past.length - 1
    const appended = await store.append([proposeAppend(POOL_STREAM, expected, events)])()
    if (E.isLeft(appended)) return appended
    const earlier = joined.map(({ data }) => ({ gateway: data.gateway, atMs: data.at }))
    return E.right({ gateway, prefix, earlier })
  }

function newLedgerKey(
  past: readonly PoolEvent[],
  ledger: LedgerName | null,
  nowMs: number,
): readonly PoolEvent[] {
  const inForce = past.findLast((each) => each.type === 'LedgerKeyAdopted')?.data
  if (ledger === null || (inForce?.origin === ledger.origin && inForce.key === ledger.key)) return []
  const { origin, key } = ledger
  return [event('LedgerKeyAdopted', { v: 1, at: nowMs, origin, key })]
}

/**
 * Ends the share streams that killed gateways left open: reads each, sums it up and writes its `EpochClosed`. Goes back through
 * the gateways until one is found that had closed its last hour.
 */
export const closeAbandonedEpochs =
  (store: EventStore, earlier: readonly EarlierGateway[], nowMs: number): TE.TaskEither<OpeningError, void> =>
  async () => {
    let endedMs = nowMs
    for (const gateway of earlier.toReversed()) {
      const last = await lastShares(store, gateway, endedMs)
      if (E.isLeft(last)) return last
      if (last.right?.type === 'EpochClosed') return E.right(undefined)
      if (last.right !== undefined) {
        const closed = await closeStream(store, last.right.stream, nowMs)
        if (E.isLeft(closed)) return closed
      }
      endedMs = gateway.atMs
    }
    return E.right(undefined)
  }

/**
 * The last event of a gateway's newest share stream, whose hour is looked for backwards from when it had ended; from an hour later, since
 * a clock may have been set back meanwhile.
 */
async function lastShares(
  store: EventStore,
  { gateway, atMs }: EarlierGateway,
  endedMs: number,
): Promise<E.Either<OpeningError, StreamEvent | undefined>> {
  for (let time = endedMs + EPOCH_MS; epochOf(time) >= epochOf(atMs); time -= EPOCH_MS) {
    const stream = sharesStream(gateway, epochOf(time))
    const last = await store.readStream(stream, { from: 'end', direction: 'backwards', limit: 1 })()
    if (E.isLeft(last)) return last
    if (last.right[0] !== undefined) return E.right(last.right[0])
  }
  return E.right(undefined)
}

async function closeStream(
  store: EventStore,
  stream: string,
  nowMs: number,
): Promise<E.Either<OpeningError, void>> {
  let shares = 0
  let events = 0
  let difficulty = 0n
  for (;;) {
    const page = await store.readStream(stream, { from: events, direction: 'forwards', limit: PAGE })()
    if (E.isLeft(page)) return page
    for (const recorded of page.right) {
      const decoded = read(recorded)
      if (E.isLeft(decoded)) return E.left({ message: `${stream} can't be read: ${decoded.left.message}` })
      events += 1
      if (decoded.right.type !== 'SharesAccepted') continue
      shares += decoded.right.data.difficulty.length
      for (const each of decoded.right.data.difficulty) difficulty += BigInt(each)
    }
    if (page.right.length < PAGE) break
  }
  const closed = event('EpochClosed', { v: 1, at: nowMs, shares, events, difficulty: String(difficulty) })
  const appended = await store.append([proposeAppend(stream, events - 1, [closed])])()
  return E.isLeft(appended) ? appended : E.right(undefined)
}

async function readWhole(
  store: EventStore,
  stream: string,
): Promise<E.Either<OpeningError, readonly StreamEvent[]>> {
  const events: StreamEvent[] = []
  for (;;) {
    const page = await store.readStream(stream, { from: events.length, direction: 'forwards', limit: PAGE })()
    if (E.isLeft(page)) return page
    events.push(...page.right)
    if (page.right.length < PAGE) return E.right(events)
  }
}

import * as E from 'fp-ts/lib/Either.js'
import type { RecordedEvent } from '../../adapters/event-store/port.ts'
import type { BlockEvent } from '../../domain/bookkeeping/block-entries.ts'
import { accountId } from '../../domain/decred/address.ts'
import { networks } from '../../domain/decred/network.ts'
import type { PoolEvent, Scheme } from '../../domain/events.ts'
import type { ShareRecords } from '../treasury/share-records.ts'
import type { HistoryEvent } from './history.ts'
import { OtherScheme } from './other-scheme.ts'
import type { KnownEvent, ReadEvent, UndecodableEvent } from './read-event.ts'
import { ReplayedMoney } from './replayed-money.ts'

/** Why events can't be folded any further. `message` is a sentence for people. */
export interface FoldError {
  readonly kind:
    | UndecodableEvent['kind']
    /** They do not begin as a pool's history does. */
    | 'no-beginning'
    /** Shares that refer to nothing before them, or are worth more than a block. */
    | 'wrong-shares'
    | 'no-such-account'
  readonly message: string
}

/** What a fold of a history came to. */
export interface Folded {
  readonly shares: number
  readonly money: ReplayedMoney
  /** Account id of the one that was asked for. */
  readonly account: string | null
  /** Atoms that each account would have earned under the other scheme; null where none was asked for. */
  readonly imagined: ReadonlyMap<string, bigint> | null
  /** Entries of types that this program does not know. */
  readonly unknown: number
}

/** Shares after which those that no window can reach are let go: a few megabytes. */
const TRIM_SHARES = 1 << 18

/** A pool's money as it was, and as it would have been under another scheme. A fold of the log in its order; mutable, one owner. */
export class Fold {
  readonly #scheme: Scheme | null
  readonly #account: string | null
  readonly #watched: string | null
  #money: ReplayedMoney | null = null
  #other: OtherScheme | null = null
  #sharesAtTrim = 0
  #unknown = 0

  /** `account` is an address or an account id whose money is told line by line. */
  constructor(scheme: Scheme | null, account: string | null) {
    this.#scheme = scheme
    this.#account = account
    this.#watched = account === null || /^[0-9a-f]{64}$/.test(account) ? account : accountId(account)
  }

  get shares(): number {
    return this.#money?.mined.shares ?? 0
  }

  /** Takes the next event of the log. */
  take(event: HistoryEvent, read: ReadEvent): E.Either<FoldError, void> {
    if (this.#money === null) return this.#begin(event, read)
    if (read.kind === 'unknown') {
      this.#unknown++
      return DONE
    }
    try {
      return this.#fold(this.#money, event, read)
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown
      return wrongShares(event.entry, thrown.message)
    }
  }

  #begin({ entry }: HistoryEvent, read: ReadEvent): E.Either<FoldError, void> {
    if (read.kind !== 'event' || read.event.type !== 'PoolOpened')
      return E.left({
        kind: 'no-beginning',
        message: `Entry ${entry} opens no pool: this is not the history of one, or not from its beginning.`,
      })
    const network = networks[read.event.data.network]
    this.#money = new ReplayedMoney(network, this.#watched)
    this.#other = this.#scheme === null ? null : new OtherScheme(network, this.#scheme)
    return DONE
  }

  #fold(money: ReplayedMoney, event: HistoryEvent, read: KnownEvent): E.Either<FoldError, void> {
    const recorded = { ...event, id: '', position: event.entry }
    const isResolved =
      isTaken(money.mined, recorded, read) &&
      (this.#other === null || isTaken(this.#other.mined, recorded, this.#other.imagined(read)))
    if (!isResolved)
      return wrongShares(event.entry, 'a share names work or a worker that no entry before it has')
    if (read.kind === 'shares') {
      this.#trim(money)
      return DONE
    }
    const { stream, event: happened } = read
    if (stream.kind === 'block' && isBlockEvent(happened)) {
      money.takeBlock(event, stream.hash, happened)
      this.#other?.takeBlock(stream.hash, happened)
    } else money.take(event, 'number' in stream ? stream.number : 0, happened)
    this.#other?.settleWork(happened.data.at)
    return DONE
  }

  #trim({ mined }: ReplayedMoney): void {
    if (mined.shares - this.#sharesAtTrim < TRIM_SHARES) return
    this.#sharesAtTrim = mined.shares
    mined.trim()
    this.#other?.mined.trim()
  }

  /** What it came to. */
  end(): E.Either<FoldError, Folded> {
    const [money, account] = [this.#money, this.#watched]
    if (money === null) return E.left({ kind: 'no-beginning', message: 'This history has no entries yet.' })
    if (account !== null && !money.addresses.has(account))
      return E.left({
        kind: 'no-such-account',
        message: `${this.#account} is no miner of this pool by then: give the address as the miner was connected with, or its account id.`,
      })
    const imagined = this.#other?.earned() ?? null
    return E.right({ shares: this.shares, money, account, imagined, unknown: this.#unknown })
  }
}

const DONE: E.Either<never, void> = E.right(undefined)

/** Has an event taken. Says whether all that its shares refer to is there. */
function isTaken(mined: ShareRecords, recorded: RecordedEvent, read: KnownEvent): boolean {
  const unresolved =
    read.kind === 'shares' ? mined.takeShares(recorded, read.columns) : mined.take(recorded, read.event)
  return unresolved === undefined
}

const isBlockEvent = (event: PoolEvent): event is BlockEvent => event.type.startsWith('Block')

const wrongShares = (entry: number, why: string): E.Either<FoldError, never> =>
  E.left({
    kind: 'wrong-shares',
    message: `Entry ${entry}: ${why}. "lodebook audit" names all that is wrong.`,
  })

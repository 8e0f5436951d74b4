import * as E from 'fp-ts/lib/Either.js'
import type { Logger } from 'pino'
import { type Observable, Subject } from 'rxjs'
import { createActor, setup } from 'xstate'
import { errorText } from '../../adapters/error-text.ts'
import type { EventStore, StoreError } from '../../adapters/event-store/port.ts'
import type { MoneyStatus } from '../../adapters/http/port.ts'
import type { Node } from '../../adapters/node/port.ts'
import type { WalletError } from '../../adapters/wallet/port.ts'
import { assertBooks } from '../../domain/bookkeeping/invariants.ts'
import { formatDcr } from '../../domain/decred/amount.ts'
import type { Network } from '../../domain/decred/network.ts'
import type { EventData, PoolEvent } from '../../domain/events.ts'
import { realTimers, type Timers } from '../timers.ts'
import { internal, openLedger } from './money-log.ts'
import { openPayouts } from './payout.ts'
import type { PayoutHold } from './payout-hold.ts'
import type { PayingWallet } from './payout-wallet.ts'
import { openProblems } from './problems.ts'
import { openSettlements } from './settlement.ts'
import { TreasuryEnd, type TreasuryStop } from './stop.ts'

/**
 * The one writer of money events: it shares what blocks bring and pays it out. Reads what it needs of the log beside everything else,
 * then does what is due whenever the log or the chain has moved. When it finds the books or the log wrong it writes nothing more and
 * says why; the pool mines on.
 */
export interface Treasury {
  readonly status: () => MoneyStatus
  /** What it has just written. */
  readonly news: Observable<MoneyNews>
  /** The chain moved: payouts may have been confirmed. Resolves when what is due was done. */
  readonly chainMoved: () => Promise<void>
  /** Plans a run of payouts now, due or not, and tries again what a problem keeps. */
  readonly payNow: () => void
  /** Lets a plan of `manual` mode go out. Left: why it can't, for the operator. */
  readonly approve: (payout: number) => Promise<E.Either<string, void>>
  /** Puts the money of a plan that is not signed back to its accounts. Left: why it can't. */
  readonly reject: (payout: number) => Promise<E.Either<string, void>>
  /** Resolves when what is under way has ended; what is written is complete. */
  readonly stop: () => Promise<void>
}

/** A money event that is in the log now. */
export type MoneyNews =
  | { readonly kind: 'settlement'; readonly event: PoolEvent }
  | {
      readonly kind: 'payout'
      readonly payout: number
      readonly event: PoolEvent
      readonly plan: EventData<'PayoutPlanned'>
    }

/** What the treasury needs. */
export interface TreasuryOptions {
  readonly store: EventStore
  readonly node: Node
  readonly network: Network
  readonly paying: PayingWallet | null
  /** Why no payout may be planned or signed now; null when nothing is against it. */
  readonly payoutHold: () => PayoutHold | null
  /** Null when everything up to a position of the log is under a signed checkpoint of the public ledger; otherwise resolves once it is. */
  readonly untilSigned: (position: number) => Promise<void> | null
  readonly nowMs: () => number
  readonly log: Logger
  readonly onWalletError: (error: WalletError) => void
  readonly onStoreError: (error: StoreError) => void
  /** Told of each money event that was written, by its type, with the seconds that it took from its beginning. */
  readonly onWritten: (type: PoolEvent['type'], seconds: number) => void
  /** The machine's when not given. */
  readonly timers?: Timers
}

/** Looked at again this often even when nothing moved: a wallet comes back without a word. */
const LOOK_AGAIN_MS = 5_000

/** An order waits for a store that is away as long as this. */
const ORDER_MS_MAX = 30_000

const NO_WALLET =
  'Rewards are shared and booked, but nobody is paid: the configuration has no [wallet] section.'

const STORE_SILENT = 'Nothing was done: the store does not answer. Mend it, then say it again.'
const STORE_SILENT_MIDWAY =
  'The store does not answer, and it may be done yet when it does: look at "lodebook payout status" before you say it again.'

type Signal = { readonly type: 'READ' } | { readonly type: 'STOPPED' }

/** XState takes its types from values: this is one of them. */
const sample: { readonly events: Signal } = { events: { type: 'READ' } }

/** The life of the treasury. */
const treasuryMachine = setup({ types: sample }).createMachine({
  id: 'treasury',
  initial: 'reading',
  states: {
    reading: { on: { READ: 'ready', STOPPED: 'stopped' } },
    ready: { on: { STOPPED: 'stopped' } },
    stopped: { type: 'final' },
  },
})

/** Begins to read the log, and goes on until it is stopped or has to stop. */
export function openTreasury(options: TreasuryOptions): Treasury {
  const { network, nowMs, log, paying } = options
  const actor = createActor(treasuryMachine)
  actor.subscribe({ error: (error) => log.error({ err: error }, 'the treasury failed') })
  actor.start()
  const news = new Subject<MoneyNews>()
  const begunMs = performance.now()
  let readMs: number | null = null
  let stop: TreasuryStop | null = null
  let isClosing = false
  /** Work, one piece after the other. */
  let queue: Promise<void> = Promise.resolve()
  let queued: Promise<void> | null = null

  const problems = openProblems(
    nowMs,
    ({ about, kind, message }) => {
      if (!isClosing) log.warn({ about, kind }, message)
    },
    (about) => log.info({ about }, 'the problem has passed'),
  )
  const ledger = openLedger({
    store: options.store,
    network,
    nowMs,
    log,
    onBooked: () => void look(),
    onStoreError: options.onStoreError,
    onStop: stopped,
  })
  const { records } = ledger
  const settlements = openSettlements({
    ledger,
    problems,
    nowMs,
    onSettled: (event, seconds) => {
      log.info({ event: event.type, seconds }, settledText(event))
      options.onWritten(event.type, seconds)
      news.next({ kind: 'settlement', event })
    },
  })
  const payouts = openPayouts({
    ledger,
    node: options.node,
    paying,
    problems,
    hold: options.payoutHold,
    untilSigned: options.untilSigned,
    onPublic: () => void look(),
    nowMs,
    onStep: (payout, event, plan) => {
      log.info({ payout, event: event.type }, 'payout')
      options.onWritten(event.type, 0)
      news.next({ kind: 'payout', payout, event, plan })
    },
    onWalletError: options.onWalletError,
  })
  if (paying === null) log.warn(NO_WALLET)
  const { every, after } = options.timers ?? realTimers
  const noLooks = every(LOOK_AGAIN_MS, () => void look())
  void enqueue(readLog).catch(() => undefined)

  async function readLog(): Promise<void> {
    await ledger.caughtUp()
    assertBooks(records.books)
    readMs = performance.now() - begunMs
    actor.send({ type: 'READ' })
    log.info({ shares: records.mined.shares, seconds: readMs / 1000 }, 'the books are read from the log')
    void look()
  }

  /** Runs work after what is queued for it. @throws TreasuryEnd to whoever waits for it. */
  function enqueue<A>(work: () => Promise<A>): Promise<A> {
    const done = queue.then(work)
    queue = done.then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof TreasuryEnd)) stopped(internal(error))
      },
    )
    return done
  }

  /** Does what is due, after what is under way. One is enough for all who ask before it begins. */
  function look(): Promise<void> {
    if (isClosing || stop !== null) return Promise.resolve()
    queued ??= enqueue(async () => {
      queued = null
      await ledger.caughtUp()
      await settlements.settle()
      await payouts.advance()
    }).catch(() => {
      queued = null
    })
    return queued
  }

  function stopped(why: TreasuryStop): void {
    if (stop !== null || isClosing) return
    stop = why
    noLooks()
    ledger.stop()
    actor.send({ type: 'STOPPED' })
    log.fatal({ kind: why.kind }, `No money is booked or paid any more: ${why.message}`)
  }

  async function command(run: () => Promise<E.Either<string, void>>): Promise<E.Either<string, void>> {
    if (stop !== null) return E.left(`Nothing can be done: ${stop.message}`)
    let state: 'waiting' | 'begun' | 'given up' = 'waiting'
    const late = Promise.withResolvers<E.Either<string, void>>()
    const onTime = after(ORDER_MS_MAX, () => {
      late.resolve(E.left(state === 'begun' ? STORE_SILENT_MIDWAY : STORE_SILENT))
      state = 'given up'
    })
    const doing = enqueue(async () => {
      await ledger.caughtUp()
      if (state === 'given up') return E.left(STORE_SILENT)
      state = 'begun'
      return run()
    }).catch((error: unknown) => E.left(`Nothing was done: ${errorText(error)}`))
    const done = await Promise.race([doing, late.promise])
    onTime()
    void look()
    return done
  }

  return {
    status: () => ({
      state: actor.getSnapshot().value,
      message: stop?.message ?? (paying === null ? NO_WALLET : ''),
      shares: records.mined.shares,
      readMs,
      wallet: paying !== null,
      problems: problems.all(),
      payouts: records.openPayouts().map(({ number, plan, record }) => ({
        payout: number,
        phase: record.phase,
        atoms: String(paidBy(plan)),
      })),
    }),
    news: news.asObservable(),
    chainMoved: look,
    payNow: () => {
      payouts.planSoon()
      void look()
    },
    approve: (payout) => command(() => payouts.approve(payout)),
    reject: (payout) => command(() => payouts.reject(payout)),
    stop: async () => {
      isClosing = true
      noLooks()
      ledger.stop()
      await queue
      actor.stop()
      news.complete()
    },
  }
}

/** What a payout's miners are paid, atoms. */
export const paidBy = ({ atoms }: EventData<'PayoutPlanned'>): bigint =>
  atoms.reduce((sum, each) => sum + BigInt(each), 0n)

function settledText({ type, data }: PoolEvent): string {
  switch (type) {
    case 'RewardAllocated':
      return `block ${data.height} is shared: ${formatDcr(BigInt(data.reward))} DCR`
    case 'RewardReversed':
      return `the reward of block ${data.block} is taken back: it was ${data.why}`
    case 'WorkSettled':
      return `the work up to block ${data.height} is settled: ${formatDcr(BigInt(data.atoms))} DCR for ${data.accounts} accounts`
    default:
      return type
  }
}

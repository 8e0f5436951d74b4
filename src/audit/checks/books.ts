import * as E from 'fp-ts/lib/Either.js'
import { type BlockEvent, bookBlockEvent } from '../../../domain/bookkeeping/block-entries.ts'
import { type Books, type BooksError, openBooks } from '../../../domain/bookkeeping/books.ts'
import { type Liabilities, liabilities, violations } from '../../../domain/bookkeeping/invariants.ts'
import { balanceOf, feeAccount } from '../../../domain/bookkeeping/ledger.ts'
import { bookPayoutEvent } from '../../../domain/bookkeeping/payout-entries.ts'
import {
  type AllocationEvent,
  bookAllocationEvent,
  bookWorkSettled,
} from '../../../domain/bookkeeping/settlement-entries.ts'
import type { EventData } from '../../../domain/events.ts'
import type { PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import type { WorkCredit } from '../../../domain/reward/pay-per-share.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'

/**
 * Milliseconds by which the books may be older that a payout is planned by: blocks mature while the pool waits for its wallet and its store.
 */
const PLANNED_BY_MS_MAX = 60_000

/** Events of money between two looks at every invariant: each takes time in proportion to the books. */
const LOOK_EVENTS = 2_000

/**
 * A7: the double entry, folded anew from the ledger. What the books refuse is not booked, and named; a payout that they refuse is A8's.
 */
export class BooksCheck {
  readonly books: Books = openBooks()
  readonly #report: CheckReport
  readonly #payoutReport: CheckReport
  readonly #refusedPayouts = new Set<number>()
  readonly #known = new Set<string>()
  /** What the pool's matured fees were before each of their latest changes. */
  #feesBefore: { readonly at: number; readonly atoms: bigint }[] = []
  #events = 0

  constructor(report: Report) {
    this.#report = reportOf('A7', report)
    this.#payoutReport = reportOf('A8', report)
  }

  /** What there is to pay now. */
  liabilities(): Liabilities {
    return liabilities(this.books)
  }

  /** The pool's matured fees that a plan may go by. */
  plannableFees(atMs: number): PlannableFees {
    const now = this.#maturedFees()
    const recent = this.#feesBefore.filter(({ at }) => at >= atMs - PLANNED_BY_MS_MAX)
    return { now, least: recent.reduce((least, { atoms }) => (atoms < least ? atoms : least), now) }
  }

  #maturedFees(): bigint {
    return balanceOf(this.books.balances, feeAccount('available'))
  }

  takeBlock(entry: number, hash: string, event: BlockEvent): void {
    this.#book(entry, event, this.#report, () => bookBlockEvent(this.books, hash, event))
  }

  takeAllocation(entry: number, settlement: number, event: AllocationEvent): void {
    this.#book(entry, event, this.#report, () => bookAllocationEvent(this.books, settlement, event))
  }

  /** Takes a settlement of work with the credits that the shares come to. */
  takeWorkSettled(entry: number, data: EventData<'WorkSettled'>, credits: readonly WorkCredit[]): void {
    this.#book(entry, { type: 'WorkSettled', data }, this.#report, () =>
      bookWorkSettled(this.books, data, credits),
    )
  }

  takePayout(entry: number, payout: number, event: PayoutEvent): void {
    // What follows from a plan that was refused is refused too: it is named once.
    if (event.type !== 'PayoutPlanned' && this.#refusedPayouts.has(payout)) return
    const isBooked = this.#book(entry, event, this.#payoutReport, () =>
      bookPayoutEvent(this.books, payout, event),
    )
    if (!isBooked && event.type === 'PayoutPlanned') this.#refusedPayouts.add(payout)
  }

  #book(
    entry: number,
    { type, data: { at } }: { readonly type: string; readonly data: { readonly at: number } },
    { wrong }: CheckReport,
    book: () => E.Either<BooksError, unknown>,
  ): boolean {
    const fees = this.#maturedFees()
    const booked = tried(book)
    if (this.#maturedFees() !== fees) {
      this.#feesBefore = this.#feesBefore.filter((before) => before.at >= at - PLANNED_BY_MS_MAX)
      this.#feesBefore.push({ at, atoms: fees })
    }
    if (E.isLeft(booked)) {
      const kind = type.startsWith('Payout') ? 'payout-not-booked' : 'not-booked'
      wrong(
        kind,
        entry,
        `Entry ${entry}, a ${type}, contradicts the books: ${booked.left.message}`,
        EXPECTED[booked.left.kind] ?? 'An event that the entries before it allow.',
      )
    }
    if (++this.#events % LOOK_EVENTS === 0) this.#look(entry)
    return E.isRight(booked)
  }

  #look(entry: number): void {
    for (const { kind, message } of violations(this.books)) {
      if (this.#known.has(kind)) continue
      this.#known.add(kind)
      this.#report.wrong(
        'books-violated',
        entry,
        `At entry ${entry} the books are wrong: ${message}`,
        'Accounts that sum to zero, none below zero but the reserve, and every atom in one of them.',
      )
    }
  }

  /** Looks at the books at the end of the log. */
  end(entry: number): void {
    this.#look(entry)
  }
}

const EXPECTED: Readonly<Partial<Record<BooksError['kind'] | 'thrown', string>>> = {
  'not-approved': 'Rewards of blocks that were approved on the main chain.',
  'allocated-twice': 'Each reward shared once.',
  'other-reward': 'The reward that the coinbase pays.',
  'wrong-split': 'The split of the reward by the units, largest remainders first.',
  'other-credits': 'Credits that the shares come to.',
  'payout-exists': 'Each payout planned once.',
  'out-of-order': 'The next step of the payout.',
  overdrawn: 'No more than the account has available.',
  'funded-twice': 'Outputs of the chain that no other payout spends.',
  'unbalanced-plan': 'Funding that is equal to outputs, change and fee.',
}

/** The pool's matured fees: those of now, and the least that they were shortly before. */
export interface PlannableFees {
  readonly now: bigint
  readonly least: bigint
}

/** Books that can't be kept at all, such as amounts that no chain has, are an answer too. */
function tried(
  book: () => E.Either<BooksError, unknown>,
): E.Either<{ readonly kind: BooksError['kind'] | 'thrown'; readonly message: string }, unknown> {
  try {
    return book()
  } catch (thrown) {
    return E.left({
      kind: 'thrown',
      message: thrown instanceof Error ? `${thrown.message}.` : String(thrown),
    })
  }
}

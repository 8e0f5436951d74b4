import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import type { RecordedEvent } from '../../../adapters/event-store/port.ts'
import type { Answer, PageRequest } from '../../../adapters/read-models/port.ts'
import { type BlockEvent, bookBlockEvent } from '../../../domain/bookkeeping/block-entries.ts'
import { type Books, openBooks } from '../../../domain/bookkeeping/books.ts'
import { liabilities } from '../../../domain/bookkeeping/invariants.ts'
import { balanceOf, minerAccount, type Stage } from '../../../domain/bookkeeping/ledger.ts'
import { bookPayoutEvent } from '../../../domain/bookkeeping/payout-entries.ts'
import { type AllocationEvent, bookAllocationEvent } from '../../../domain/bookkeeping/settlement-entries.ts'
import { decodeEvent, eventTypes, type PoolEvent, type Scheme } from '../../../domain/events.ts'
import type { PayoutEvent } from '../../../domain/payout/lifecycle.ts'
import { readStreamName } from '../../../domain/stream-name.ts'
import {
  AllocationPage,
  BalanceView,
  BooksView,
  EarningView,
  MinerPayment,
  PaymentSummary,
  PaymentView,
  PolicyHistory,
  StatementLineView,
} from '../../../projections/money/views.ts'
import { AccountView, type PageOf, PoolView, pageOf } from '../../../projections/views.ts'
import { eventHistory, type HistoryOptions } from '../../support/event-histories.ts'
import { readModelsOf, right } from './log.ts'

const PPLNS = { kind: 'pplns', windowPpm: 2_000_000 } as const satisfies Scheme
const PPS = { kind: 'pps', reserve: '0' } as const satisfies Scheme

/** A few hours in which all that can happen to money does. */
const busy = (seed: number, scheme: Scheme): HistoryOptions => ({
  ...{ seed, shares: 8_000, workers: 9, sharesPerEvent: 20, secondsPerOwnBlock: 300, trouble: 4 },
  scheme,
})

const isOf = <T extends PoolEvent['type']>(
  event: PoolEvent,
  beginning: string,
): event is PoolEvent & { readonly type: T } => event.type.startsWith(beginning)

/** The books as the domain alone keeps them: all of the log in memory, what is refused left out. */
function wholeBooks(events: readonly RecordedEvent[]): Books {
  const books = openBooks()
  for (const { stream, type, data } of events) {
    const decoded = decodeEvent(type, data)
    const where = readStreamName(stream)
    if (E.isLeft(decoded)) continue
    const event = decoded.right
    if (where.kind === 'block' && isOf<BlockEvent['type']>(event, 'Block'))
      bookBlockEvent(books, where.hash, event)
    if (where.kind === 'settlement' && isOf<AllocationEvent['type']>(event, 'Reward'))
      bookAllocationEvent(books, where.number, event)
    if (where.kind === 'payout' && isOf<PayoutEvent['type']>(event, 'Payout'))
      bookPayoutEvent(books, where.number, event)
  }
  return books
}

function all<T>(page: (request: PageRequest) => Answer<PageOf<T>>, limit: number): readonly T[] {
  const items: T[] = []
  let after: string | null = null
  do {
    const answer: PageOf<T> = right(page({ after, limit }))
    items.push(...answer.items)
    after = answer.next
  } while (after !== null)
  return items
}

describe('the figures of a history', () => {
  test('are those of the books of the domain, miner by miner', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const events = [...eventHistory(busy(seed, PPLNS))]
        const models = readModelsOf(events)
        const books = wholeBooks(events)
        const owed = liabilities(books)
        const shown = right(models.books())
        expect(shown.checks.filter(({ name, holds }) => !holds && name !== 'nothing-refused')).toEqual([])
        expect(shown).toMatchObject({
          liabilities: {
            immature: String(owed.immature),
            available: String(owed.available),
            inPayout: String(owed.inPayout),
          },
          reserve: String(owed.reserve),
          coinbases: String(-balanceOf(books.balances, 'chain:coinbase')),
          paid: String(balanceOf(books.balances, 'chain:paid')),
          chainFees: String(balanceOf(books.balances, 'chain:fees')),
        })
        for (const miner of all(models.balances, 2)) {
          const of = (stage: Stage): string =>
            String(balanceOf(books.balances, minerAccount(miner.account, stage)))
          expect(miner).toMatchObject({
            ...{ immature: of('immature'), available: of('available'), inPayout: of('in-payout') },
          })
        }
        for (const [hash, { allocation }] of books.blocks) {
          const page = right(models.allocation(hash, { after: null, limit: 100 }))
          const isShared = page !== undefined && page.reversal === null
          expect(isShared).toBe(allocation !== null)
          if (isShared) expect(page.state).toBe(allocation?.stage)
        }
        for (const [number, { phase }] of books.payouts)
          expect(right(models.payment(number))?.phase).toBe(phase)
      }),
      { numRuns: 15 },
    )
  })

  test.each([
    ['pplns', PPLNS],
    ['pps', PPS],
  ])('add up on every statement: each balance is the one before and the line (%s)', (_, scheme) => {
    const models = readModelsOf([...eventHistory(busy(11, scheme))])
    const miners = all(models.balances, 100)
    expect(miners.length).toBeGreaterThan(1)
    let told = 0
    for (const { account, immature, available, inPayout, paid, chainFees } of miners) {
      const lines = [...all((page) => models.statement(account, page), 7)].reverse()
      told += lines.length
      let balance = 0n
      let gone = 0n
      for (const line of lines) {
        balance += BigInt(line.amount)
        if (line.kind === 'paid') gone -= BigInt(line.amount)
        expect(BigInt(line.balance)).toBe(balance)
      }
      expect(balance).toBe(BigInt(immature) + BigInt(available) + BigInt(inPayout))
      expect(gone).toBe(BigInt(paid) + BigInt(chainFees))
      const payments = all((page) => models.minerPayments(account, page), 2)
      const arrived = payments.filter(({ phase }) => phase === 'confirmed')
      expect(String(arrived.reduce((sum, { atoms }) => sum + BigInt(atoms), 0n))).toBe(paid)
    }
    expect(told).toBeGreaterThan(5)
  })

  test('have every kind of money event behind them', () => {
    const seen = new Set([PPLNS, PPS].flatMap((s) => [...eventHistory(busy(11, s))].map(({ type }) => type)))
    expect(eventTypes.filter((type) => !seen.has(type))).toEqual(['AdministratorActed', 'LedgerKeyAdopted'])
  })

  test('are as their codecs say', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(PPLNS, PPS), (seed, scheme) => {
        const models = readModelsOf([...eventHistory(busy(seed, scheme))])
        const page = { after: null, limit: 100 }
        const now = models.status().eventAt ?? 0
        expect(PoolView.is(right(models.pool(now)))).toBe(true)
        expect(PolicyHistory.is(right(models.policies()))).toBe(true)
        expect(BooksView.is(right(models.books()))).toBe(true)
        expect(pageOf(BalanceView).is(right(models.balances(page)))).toBe(true)
        const payments = right(models.payments(page))
        expect(pageOf(PaymentSummary).is(payments)).toBe(true)
        for (const { number } of payments.items)
          expect(PaymentView.is(right(models.payment(number)))).toBe(true)
        for (const { hash } of right(models.blocks({}, page)).items) {
          const allocation = right(models.allocation(hash, page))
          expect(allocation === undefined || AllocationPage.is(allocation)).toBe(true)
        }
        for (const { account } of right(models.balances(page)).items) {
          expect(AccountView.is(right(models.account(account, now)))).toBe(true)
          expect(pageOf(EarningView).is(right(models.earnings(account, page)))).toBe(true)
          expect(pageOf(MinerPayment).is(right(models.minerPayments(account, page)))).toBe(true)
          expect(pageOf(StatementLineView).is(right(models.statement(account, page)))).toBe(true)
        }
      }),
      { numRuns: 6 },
    )
  })
})

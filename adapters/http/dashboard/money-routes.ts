import * as E from 'fp-ts/lib/Either.js'
import { Hono } from 'hono'
import type { BooksPoint } from '../../read-models/port.ts'
import { wholeNumber } from '../api/parameters.ts'
import type { Problem } from '../problem.ts'
import { answered, poolView, type Site } from '../site.ts'
import { booksPage } from './books-page.ts'
import { paymentPage } from './payment-page.ts'
import { paymentsPage } from './payments-page.ts'
import { remembered } from './remembered.ts'
import { listRequest } from './requests.ts'
import { CHART_SCRIPTS, type Show } from './show.ts'

/** Steps in the chart of the books. */
const BOOKS_STEPS = 120

const noPayout: Problem = { kind: 'not-found', detail: 'The pool has planned no payout of this number.' }

/** Payouts, each of them, and the books. */
export function moneyRoutes(site: Site, show: Show): Hono {
  const { readModels } = site
  const histories = remembered<E.Either<Problem, readonly BooksPoint[]>>()

  return new Hono()
    .get('/payments', (c) => {
      const asked = listRequest(c, '/payments', ['number', 'paid'])
      if (E.isLeft(asked)) return show.problem(c, asked.left)
      const pool = poolView(site)
      if (E.isLeft(pool)) return show.problem(c, pool.left)
      const { page, order, sorting, nextOf, first } = asked.right
      const payments = answered(site, readModels.payments(page, order))
      if (E.isLeft(payments)) return show.problem(c, payments.left)
      const { policy, nextPayout } = pool.right
      const body = paymentsPage({
        status: site.status(),
        policy,
        nextPayout,
        payments: payments.right.items,
        sorting,
        next: nextOf(payments.right.next),
        first,
        now: site.now(),
      })
      return show.page(c, 'Payments', '/payments', [], body)
    })
    .get('/payments/:number', (c) => {
      const number = wholeNumber(c.req.param(), 'number', 0, Number.MAX_SAFE_INTEGER)
      if (E.isLeft(number)) return show.problem(c, noPayout)
      const payment = answered(site, readModels.payment(number.right ?? 0))
      if (E.isLeft(payment)) return show.problem(c, payment.left)
      if (payment.right === undefined) return show.problem(c, noPayout)
      const heights = new Map<string, number>()
      for (const { block: hash } of payment.right.funding) {
        if (hash === null || heights.has(hash)) continue
        const block = answered(site, readModels.block(hash))
        if (E.isLeft(block)) return show.problem(c, block.left)
        if (block.right !== undefined) heights.set(hash, block.right.height)
      }
      const body = paymentPage({ payment: payment.right, heights, status: site.status(), now: site.now() })
      return show.page(c, `Payout ${payment.right.number}`, c.req.path, [], body)
    })
    .get('/books', (c) => {
      const pool = poolView(site)
      if (E.isLeft(pool)) return show.problem(c, pool.left)
      const books = answered(site, readModels.books())
      if (E.isLeft(books)) return show.problem(c, books.left)
      const now = Math.floor(site.now() / 1000) * 1000
      const from = Math.min(pool.right.openedAt, now - BOOKS_STEPS)
      const stepMs = Math.ceil((now - from) / BOOKS_STEPS)
      const mark = [now, readModels.status().entries]
      const points = histories('books', mark, () =>
        answered(site, readModels.booksHistory({ from, to: now, stepMs })),
      )
      if (E.isLeft(points)) return show.problem(c, points.left)
      const { reserves } = site.status()
      const body = booksPage({ books: books.right, reserves, points: points.right, from, now: site.now() })
      return show.page(c, 'Books', '/books', CHART_SCRIPTS, body)
    })
}

import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type OutPoint, type Transaction, transactionId } from '../../domain/decred/transaction.ts'
import type { ChainBlock, ChainChange } from './block-tree.ts'
import { type Chain, decoded } from './chain.ts'
import { type Coin, coinKey, coinsOf, disapproves } from './coins.ts'
import {
  judgeSignatures,
  judgeSpending,
  type Spending,
  type SpendingContext,
  type SpendingError,
} from './spending.ts'

/** Transactions that wait for a block, each valid after those before it. Forgotten when the process ends, as by dcrd. */
export class Mempool {
  readonly #chain: Chain
  readonly #waiting = new Map<string, Spending>()
  /** Id of the waiting transaction that spends an output. */
  readonly #spenders = new Map<string, string>()
  readonly #coins = new Map<string, Coin>()

  constructor(chain: Chain) {
    this.#chain = chain
  }

  /** In the order in which they may be in a block. */
  get waiting(): readonly Spending[] {
    return [...this.#waiting.values()]
  }

  get(id: string): Spending | undefined {
    return this.#waiting.get(id)
  }

  /** Id of the waiting transaction that spends an output. */
  spenderOf(point: OutPoint): string | undefined {
    return this.#spenders.get(coinKey(point))
  }

  /** Takes a transaction when it may be in the next block. Right: its id. */
  accept(transaction: Transaction): E.Either<SpendingError, string> {
    return pipe(
      this.#judge(transaction),
      E.chainFirst((spending) => judgeSignatures(this.#context(), spending)),
      E.map((spending) => {
        this.#add(spending)
        return spending.id
      }),
    )
  }

  /** Puts a transaction in the place of those that spend the same: what another node's pool holds instead. */
  replace(transaction: Transaction): E.Either<SpendingError, string> {
    const spent = new Set(transaction.inputs.map(({ previous }) => coinKey(previous)))
    const rest = this.waiting.filter(
      (other) => !other.transaction.inputs.some(({ previous }) => spent.has(coinKey(previous))),
    )
    this.#refill(rest.map((other) => other.transaction))
    return this.accept(transaction)
  }

  /** Drops everything. */
  forget(): void {
    this.#refill([])
  }

  /**
   * Follows the main chain: what a block took is gone, what a lost or disapproved block had waits again, and whatever has
   * become invalid is dropped.
   */
  follow(changes: readonly ChainChange[]): void {
    if (changes.length === 0) return
    const returned: Transaction[] = []
    for (const change of changes) {
      // From the tip back, and what is in an earlier block may be spent in a later one.
      if (change.kind === 'disconnected') returned.unshift(...paymentsIn(change.block))
      if (change.kind === 'connected' && change.block.parent !== undefined && disapproves(change.block))
        returned.push(...paymentsIn(change.block.parent))
    }
    this.#refill([...returned, ...this.waiting.map(({ transaction }) => transaction)])
  }

  /** Begins anew with what is valid of these, whose signatures were judged before. */
  #refill(transactions: readonly Transaction[]): void {
    this.#waiting.clear()
    this.#spenders.clear()
    this.#coins.clear()
    for (const transaction of transactions) {
      const judged = this.#judge(transaction)
      if (E.isRight(judged)) this.#add(judged.right)
    }
  }

  #judge(transaction: Transaction): E.Either<SpendingError, Spending> {
    const id = transactionId(transaction)
    if (this.#waiting.has(id)) return E.left({ kind: 'duplicate', message: `already have transaction ${id}` })
    const rival = transaction.inputs.map(({ previous }) => this.spenderOf(previous)).find(isText)
    if (rival !== undefined)
      return E.left({
        kind: 'double-spend',
        message: `transaction ${rival} in the pool already spends the same coins`,
      })
    if (this.#chain.isConfirmed(id))
      return E.left({ kind: 'duplicate', message: 'transaction already exists' })
    return judgeSpending(this.#context(), transaction)
  }

  #context(): SpendingContext {
    return {
      parameters: this.#chain.parameters,
      height: this.#chain.tip.height + 1,
      coin: (point) => {
        const waiting = point.tree === 0 ? this.#coins.get(coinKey(point)) : undefined
        return this.#chain.coins.get(point) ?? waiting
      },
    }
  }

  #add(spending: Spending): void {
    this.#waiting.set(spending.id, spending)
    for (const { previous } of spending.transaction.inputs) this.#spenders.set(coinKey(previous), spending.id)
    for (const coin of coinsOf(spending.transaction, 0, undefined)) this.#coins.set(coinKey(coin), coin)
  }
}

/** The transactions of a block that somebody signed. */
const paymentsIn = (block: ChainBlock): readonly Transaction[] => decoded(block).transactions.slice(1)

const isText = (value: string | undefined): value is string => value !== undefined

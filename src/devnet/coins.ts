import { headerVoteBits } from '../../domain/decred/header.ts'
import {
  isCoinbase,
  type OutPoint,
  type Output,
  type Transaction,
  transactionId,
} from '../../domain/decred/transaction.ts'
import type { ChainBlock } from './block-tree.ts'
import { APPROVE, OP_TADD } from './transactions.ts'

/** An output that nobody has spent. */
export interface Coin extends Output {
  readonly transaction: string
  readonly output: number
  /** 0 regular, 1 stake. */
  readonly tree: 0 | 1
  /** Where its transaction is; undefined while it is in no block. */
  readonly place: { readonly height: number; readonly index: number } | undefined
  readonly coinbase: boolean
}

/** Names an output. Which tree it is in follows from its transaction. */
export const coinKey = ({ transaction, output }: Pick<OutPoint, 'transaction' | 'output'>): string =>
  `${transaction}:${output}`

/** Worthless outputs and the treasury's are not kept to be spent. */
const isSpendable = ({ atoms, script }: Output): boolean => atoms > 0n && script[0] !== OP_TADD

/** The outputs of a transaction that can be spent. */
export const coinsOf = (
  transaction: Transaction,
  tree: Coin['tree'],
  place: Coin['place'],
): readonly Coin[] => {
  const id = transactionId(transaction)
  const coinbase = isCoinbase(transaction)
  return transaction.outputs.flatMap((output, index) =>
    isSpendable(output) ? [{ ...output, transaction: id, output: index, tree, place, coinbase }] : [],
  )
}

/** The transactions of a block. */
interface BlockTransactions {
  readonly transactions: readonly Transaction[]
  readonly stakeTransactions: readonly Transaction[]
}

/** What connecting some transactions did. */
interface Change {
  readonly made: readonly Coin[]
  readonly spent: readonly Coin[]
}

/**
 * What can be spent on the main chain. Follows it step by step; the regular transactions of a disapproved block do not
 * count. Knows nothing of who may spend what: that was judged before.
 */
export class Coins {
  readonly #coins = new Map<string, Coin>()
  /** Of each block of the main chain; that of its regular transactions is undone while the block is disapproved. */
  readonly #regular = new Map<ChainBlock, Change>()
  readonly #stake = new Map<ChainBlock, Change>()

  get(point: OutPoint): Coin | undefined {
    const coin = this.#coins.get(coinKey(point))
    return coin?.tree === point.tree ? coin : undefined
  }

  all(): Iterable<Coin> {
    return this.#coins.values()
  }

  connect(block: ChainBlock, transactions: BlockTransactions): void {
    if (block.parent !== undefined && disapproves(block)) this.#undo(this.#regular, block.parent)
    this.#stake.set(block, this.#apply(block, transactions.stakeTransactions, 1))
    this.#regular.set(block, this.#apply(block, transactions.transactions, 0))
  }

  /** @param before transactions of the block before it, which count again when it disapproved them */
  disconnect(block: ChainBlock, before: BlockTransactions | undefined): void {
    this.#undo(this.#regular, block)
    this.#undo(this.#stake, block)
    if (block.parent !== undefined && before !== undefined && disapproves(block))
      this.#regular.set(block.parent, this.#apply(block.parent, before.transactions, 0))
  }

  #apply(block: ChainBlock, transactions: readonly Transaction[], tree: Coin['tree']): Change {
    const made: Coin[] = []
    const spent: Coin[] = []
    transactions.forEach((transaction, index) => {
      for (const { previous } of transaction.inputs) {
        const coin = this.get(previous)
        // The tickets of votes are made up, and a coinbase spends nothing.
        if (coin === undefined) continue
        this.#coins.delete(coinKey(coin))
        spent.push(coin)
      }
      for (const coin of coinsOf(transaction, tree, { height: block.height, index })) {
        this.#coins.set(coinKey(coin), coin)
        made.push(coin)
      }
    })
    return { made, spent }
  }

  #undo(changes: Map<ChainBlock, Change>, block: ChainBlock): void {
    const change = changes.get(block)
    if (change === undefined) return
    changes.delete(block)
    for (const coin of change.spent) this.#coins.set(coinKey(coin), coin)
    // Last, since a transaction may have spent what another of the same block made.
    for (const coin of change.made) this.#coins.delete(coinKey(coin))
  }
}

/** Says that a block disapproves the regular transactions of the one before it. */
export const disapproves = (block: ChainBlock): boolean => (headerVoteBits(block.header) & APPROVE) === 0

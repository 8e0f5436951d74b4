import * as E from 'fp-ts/lib/Either.js'
import type { ChainTip, ChainView, NodeError } from '../../adapters/node/port.ts'
import { type Block, decodeBlock } from '../../domain/decred/block.ts'
import { blockHash, HEADER_BYTES } from '../../domain/decred/header.ts'
import { transactionId } from '../../domain/decred/transaction.ts'
import type { Unspent } from '../../domain/payout/funding.ts'
import { spendersIn } from '../../domain/payout/transaction.ts'

/** A transaction of the main chain that spends some of a payout's funding. */
export interface Spender {
  readonly transaction: string
  readonly block: string
  readonly confirmations: number
}

/** Why the chain can't be looked at now. */
export interface SpendsError {
  readonly kind:
    | NodeError['kind']
    | 'unreadable-block' /** Another branch came up meanwhile: look again. */
    | 'chain-moved'
  readonly message: string
}

interface Found {
  readonly transaction: string
  readonly block: string
  readonly height: number
  readonly tree: 'regular' | 'stake'
}

/** How far the chain was looked through for one payout. */
interface Scan {
  readonly height: number
  readonly hash: string
  readonly found: readonly Found[]
}

/**
 * Blocks below a plan's height that are looked through as well: the plan was made on one branch, and another one may have taken its
 * place since. The chain calls a branch of so many blocks final long before.
 */
const BRANCH_BLOCKS_MAX = 24
/** Decoded blocks kept: payouts of a run look at the same ones. */
const BLOCKS_KEPT = 8

/** Looks through the blocks of the main chain for what spends the money of payouts. */
export class Spends {
  readonly #scans = new Map<number, Scan>()
  readonly #blocks = new Map<string, Block>()

  /**
   * Every transaction up to the tip that spends any of a payout's funding, oldest first. What the votes of the next block disapproved
   * is not in the chain. `height` is the plan's, `tip` that of the chain.
   */
  async of(
    chain: ChainView,
    payout: number,
    height: number,
    funding: readonly Unspent[],
    tip: ChainTip,
  ): Promise<E.Either<SpendsError, readonly Spender[]>> {
    const known = this.#scans.get(payout)
    const isCurrent = known === undefined ? E.right(false) : await isOnChain(chain, known, tip)
    if (E.isLeft(isCurrent)) return isCurrent
    let scan: Scan | undefined = isCurrent.right ? known : undefined
    for (let next = scan === undefined ? firstHeight(height) : scan.height + 1; next <= tip.height; next++) {
      const hash = await chain.hashAt(next)()
      if (E.isLeft(hash)) return hash
      const block = await this.#block(chain, hash.right)
      if (E.isLeft(block)) return block
      if (scan !== undefined && block.right.header.previousBlock !== scan.hash) {
        this.#scans.delete(payout)
        return E.left({ kind: 'chain-moved', message: `The chain is changing its branch at height ${next}.` })
      }
      scan = {
        height: next,
        hash: hash.right,
        found: foundAfter(scan?.found ?? [], block.right, hash.right, next, funding),
      }
      // Kept block by block: where a node breaks off again and again, each look begins where the last one ended.
      this.#scans.set(payout, scan)
    }
    return E.right(
      (scan?.found ?? []).map(({ transaction, block, height: at }) => ({
        transaction,
        block,
        confirmations: Math.max(1, tip.height - at + 1),
      })),
    )
  }

  /** A payout is over. */
  forget(payout: number): void {
    this.#scans.delete(payout)
  }

  /** Says whether a block of the chain holds a transaction. */
  async isIn(chain: ChainView, hash: string, transaction: string): Promise<E.Either<SpendsError, boolean>> {
    return E.map(({ transactions, stakeTransactions }: Block) =>
      [...transactions, ...stakeTransactions].some((each) => transactionId(each) === transaction),
    )(await this.#block(chain, hash))
  }

  async #block(chain: ChainView, hash: string): Promise<E.Either<SpendsError, Block>> {
    const kept = this.#blocks.get(hash)
    if (kept !== undefined) return E.right(kept)
    const raw = await chain.rawBlock(hash)()
    if (E.isLeft(raw)) return raw
    const block = decodeBlock(raw.right)
    if (E.isLeft(block) || blockHash(raw.right.subarray(0, HEADER_BYTES)) !== hash)
      return E.left({
        kind: 'unreadable-block',
        message: `The node's block ${hash} can't be read${E.isLeft(block) ? `: ${block.left.message}` : ': it is another one'}. Look into the node's log.`,
      })
    this.#blocks.set(hash, block.right)
    for (const old of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_KEPT) break
      this.#blocks.delete(old)
    }
    return block
  }
}

async function isOnChain(
  chain: ChainView,
  { height, hash }: Scan,
  tip: ChainTip,
): Promise<E.Either<SpendsError, boolean>> {
  if (height > tip.height) return E.right(false)
  const now = await chain.hashAt(height)()
  return E.isLeft(now) ? now : E.right(now.right === hash)
}

const firstHeight = (planned: number): number => Math.max(1, planned + 1 - BRANCH_BLOCKS_MAX)

/** Takes one more block into account: its votes decide about the one before. Stake transactions count in any case. */
function foundAfter(
  before: readonly Found[],
  block: Block,
  hash: string,
  height: number,
  funding: readonly Unspent[],
): readonly Found[] {
  const approves = (block.header.voteBits & 1) === 1
  const kept = approves
    ? before
    : before.filter((found) => found.height !== height - 1 || found.tree === 'stake')
  const spenders = (part: Partial<Block>, tree: Found['tree']): readonly Found[] =>
    spendersIn({ ...block, transactions: [], stakeTransactions: [], ...part }, funding).map(
      (transaction) => ({
        transaction,
        block: hash,
        height,
        tree,
      }),
    )
  return [
    ...kept,
    ...spenders({ transactions: block.transactions }, 'regular'),
    ...spenders({ stakeTransactions: block.stakeTransactions }, 'stake'),
  ]
}

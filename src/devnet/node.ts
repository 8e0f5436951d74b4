import { concatBytes } from '@noble/hashes/utils.js'
import * as E from 'fp-ts/lib/Either.js'
import { headerBits } from '../../domain/decred/header.ts'
import { compactToTarget, targetBytes } from '../../domain/decred/target.ts'
import type { Transaction } from '../../domain/decred/transaction.ts'
import type { Acceptance, ChainBlock, ChainChange } from './block-tree.ts'
import type { Chain, Rejection } from './chain.ts'
import { Mempool } from './mempool.ts'
import { solve } from './mine.ts'
import type { SpendingError } from './spending.ts'
import { type Work, WorkDesk } from './work.ts'

/** What happens in a devnet, in order: every step of the main chain, then the work that follows from it. */
export type DevnetEvent = ChainChange | { readonly kind: 'work'; readonly work: Work }

/** What a node is made with. */
export interface NodeSetting {
  readonly chain: Chain
  /** Script of the mining address. */
  readonly script: Uint8Array
  readonly random: (bytes: number) => Uint8Array
}

/** The devnet without its sockets: a chain, the work on it, and a slow miner of its own. */
export class DevnetNode {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly work: WorkDesk
  readonly #listeners = new Set<(event: DevnetEvent) => void>()
  #generating = false
  #stopped = false

  constructor(setting: NodeSetting) {
    this.chain = setting.chain
    this.mempool = new Mempool(setting.chain)
    this.work = new WorkDesk(setting.chain, this.mempool, setting.script, setting.random)
  }

  /** True while `generate` runs; dcrd then hands out no work. */
  get generating(): boolean {
    return this.#generating
  }

  /** Calls back at each event, until the function that it returns is called. */
  listen(listener: (event: DevnetEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes a solved header. True when its block is valid, if only on a side branch; it is on the disk then. */
  submit(header: Uint8Array): boolean {
    const block = this.work.complete(header)
    return block !== undefined && E.isRight(this.#accept(block))
  }

  /** Takes a transaction for the next block. Right: its id. */
  publish(transaction: Transaction): E.Either<SpendingError, string> {
    const accepted = this.mempool.accept(transaction)
    if (E.isRight(accepted)) this.newTransactions()
    return accepted
  }

  /** Takes a transaction in the place of those that spend the same, as a node elsewhere may have. Right: its id. */
  replace(transaction: Transaction): E.Either<SpendingError, string> {
    const accepted = this.mempool.replace(transaction)
    if (E.isRight(accepted)) this.newTransactions()
    return accepted
  }

  /** Forgets the transactions that wait, as dcrd does when it is restarted. */
  forgetTransactions(): void {
    this.mempool.forget()
    this.newTransactions()
  }

  /** Calls a block invalid; not the genesis block. */
  invalidate(block: ChainBlock): void {
    this.#tell(this.chain.invalidate(block))
  }

  /** Takes back what was said against a block. */
  reconsider(block: ChainBlock): void {
    this.#tell(this.chain.reconsider(block))
  }

  /** Says that votes on the tip have come in or turned. */
  count(votes: { readonly voters?: number; readonly approves?: boolean }): void {
    this.#emit({ kind: 'work', work: this.work.count(votes) })
  }

  /** Makes another template of the same block, as it was asked to. */
  renewWork(): void {
    this.#emit({ kind: 'work', work: this.work.renew('unknown') })
  }

  /** Says that there are new transactions. */
  newTransactions(): void {
    this.#emit({ kind: 'work', work: this.work.renew('newtxns') })
  }

  /**
   * Mines blocks on the tip, one after the other.
   *
   * @returns their hashes; fewer than `count` when the node was stopped.
   */
  async generate(count: number): Promise<readonly string[]> {
    this.#generating = true
    const hashes: string[] = []
    try {
      while (hashes.length < count && !this.#stopped) {
        const work = this.work.current
        const block = await this.#mine(work, () => this.work.current === work)
        if (block !== undefined) hashes.push(block.hash)
      }
    } finally {
      this.#generating = false
    }
    return hashes
  }

  /**
   * Replaces the last `depth` blocks: mines a branch beside them until it has more work. That takes as long as its blocks
   * do, so a devnet for this has an easy difficulty.
   */
  async reorganize(depth: number): Promise<void> {
    const fork = this.chain.at(this.chain.tip.height - depth)
    let end = fork
    while (end !== undefined && (end === fork || !this.chain.isMain(end)))
      end = await this.#mine(this.work.templateOn(end, 'newparent'), () => true)
  }

  /** Ends mining; nothing is told any more. */
  stop(): void {
    this.#stopped = true
    this.#listeners.clear()
  }

  /** Solves a template in this thread; undefined when it was not wanted any more, or the node stopped. */
  async #mine(work: Work, isWanted: () => boolean): Promise<ChainBlock | undefined> {
    const { powAlgorithm } = this.chain.parameters
    const target = targetBytes(compactToTarget(headerBits(work.header)))
    const wanted = (): boolean => !this.#stopped && isWanted()
    const header = await solve(powAlgorithm, this.work.headerNow(work), target, wanted)
    if (header === undefined || !wanted()) return undefined
    const accepted = this.#accept(concatBytes(header, work.body))
    return E.isRight(accepted) ? accepted.right.block : undefined
  }

  #accept(bytes: Uint8Array): E.Either<Rejection, Acceptance> {
    const accepted = this.chain.accept(bytes)
    if (E.isRight(accepted)) this.#tell(accepted.right.changes)
    return accepted
  }

  #tell(changes: readonly ChainChange[]): void {
    this.mempool.follow(changes)
    for (const change of changes) this.#emit(change)
    if (changes.length > 0) this.#emit({ kind: 'work', work: this.work.renew('newparent') })
  }

  #emit(event: DevnetEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

import {
  blockHash,
  HEADER_BYTES,
  headerBits,
  headerHeight,
  headerTimestamp,
} from '../../domain/decred/header.ts'
import { compactToTarget, expectedHashes } from '../../domain/decred/target.ts'

/** A block of the tree, on the main chain or not. */
export interface ChainBlock {
  /** Display hex. */
  readonly hash: string
  readonly height: number
  /** Compact target. */
  readonly bits: number
  /** Unix seconds. */
  readonly timestamp: number
  /** 180 bytes. */
  readonly header: Uint8Array
  /** The whole block, serialized. */
  readonly bytes: Uint8Array
  /** Undefined for the genesis block. */
  readonly parent: ChainBlock | undefined
  /** Hashes behind this block and all before it. */
  readonly work: bigint
  /** Blocks that came before it: of two branches with the same work the one that came first is better. */
  readonly order: number
}

/** One step of the main chain from one tip to another. */
export type ChainChange =
  | { readonly kind: 'disconnected'; readonly block: ChainBlock }
  | { readonly kind: 'connected'; readonly block: ChainBlock }
  /** A branch was left; told after its steps. */
  | { readonly kind: 'reorganized'; readonly from: ChainBlock; readonly to: ChainBlock }

/** A block that was added. No changes when it is on a side branch. */
export interface Acceptance {
  readonly block: ChainBlock
  readonly changes: readonly ChainChange[]
}

/** The end of a branch, by dcrd's words. */
export interface BranchTip {
  readonly block: ChainBlock
  /** Blocks since it left the main chain. */
  readonly length: number
  readonly status: 'active' | 'invalid' | 'valid-fork' | 'valid-headers'
}

/**
 * Every block there is, and which of them are the main chain: the valid branch with the most work. Knows nothing of
 * what makes a block valid, except that an operator may call one invalid.
 */
export class BlockTree {
  readonly #blocks = new Map<string, ChainBlock>()
  /** By height, from the genesis block to the tip. */
  readonly #main: ChainBlock[] = []
  /** Called invalid by the operator; what is built on one is invalid too. */
  readonly #invalid = new Set<ChainBlock>()
  /** Were on the main chain, and not called invalid since. */
  readonly #validated = new Set<ChainBlock>()
  #tip: ChainBlock

  constructor(genesis: Uint8Array) {
    this.#tip = this.#insert(genesis, undefined)
    this.#main.push(this.#tip)
    this.#validated.add(this.#tip)
  }

  get tip(): ChainBlock {
    return this.#tip
  }

  get(hash: string): ChainBlock | undefined {
    return this.#blocks.get(hash)
  }

  /** The main chain's block at a height. */
  at(height: number): ChainBlock | undefined {
    return this.#main[height]
  }

  isMain(block: ChainBlock): boolean {
    return this.#main[block.height] === block
  }

  /** Says whether a block, or one before it, was called invalid. */
  isInvalid(block: ChainBlock): boolean {
    let at: ChainBlock | undefined = block
    // Whatever the main chain is built on is valid.
    while (at !== undefined && !this.isMain(at)) {
      if (this.#invalid.has(at)) return true
      at = at.parent
    }
    return false
  }

  /** Adds a serialized block on its parent, and makes it the tip when its branch has the most work. */
  add(bytes: Uint8Array, parent: ChainBlock): Acceptance {
    const block = this.#insert(bytes, parent)
    return { block, changes: block.work > this.#tip.work ? this.#moveTo(block) : [] }
  }

  /**
   * Calls a block invalid. dcrd first goes back to the block's parent and then looks for the best branch, so a change
   * of branch is told as two.
   */
  invalidate(block: ChainBlock): readonly ChainChange[] {
    const back = this.isMain(block) && block.parent !== undefined ? this.#moveTo(block.parent) : []
    this.#invalid.add(block)
    for (const other of this.#blocks.values()) if (this.isInvalid(other)) this.#validated.delete(other)
    return [...back, ...this.#moveTo(this.#best())]
  }

  /** Takes back what was said against a block and those before it. What was said against a later one stands. */
  reconsider(block: ChainBlock): readonly ChainChange[] {
    const ancestors = new Set<ChainBlock>()
    for (let at: ChainBlock | undefined = block; at !== undefined && !this.isMain(at); at = at.parent)
      ancestors.add(at)
    for (const ancestor of ancestors) this.#invalid.delete(ancestor)
    return this.#moveTo(this.#best())
  }

  /** The end of every branch, the highest first. */
  tips(): readonly BranchTip[] {
    const parents = new Set([...this.#blocks.values()].map(({ parent }) => parent))
    return [...this.#blocks.values()]
      .filter((block) => !parents.has(block))
      .sort((a, b) => b.height - a.height || b.order - a.order)
      .map((block) => ({
        block,
        length: block.height - this.#fork(block).height,
        status: this.#status(block),
      }))
  }

  #status(block: ChainBlock): BranchTip['status'] {
    if (block === this.#tip) return 'active'
    if (this.isInvalid(block)) return 'invalid'
    return this.#validated.has(block) ? 'valid-fork' : 'valid-headers'
  }

  #insert(bytes: Uint8Array, parent: ChainBlock | undefined): ChainBlock {
    const header = bytes.slice(0, HEADER_BYTES)
    const bits = headerBits(header)
    const block = {
      hash: blockHash(header),
      height: headerHeight(header),
      bits,
      timestamp: headerTimestamp(header),
      header,
      bytes,
      parent,
      work: (parent?.work ?? 0n) + expectedHashes(compactToTarget(bits)),
      order: this.#blocks.size,
    }
    this.#blocks.set(block.hash, block)
    return block
  }

  #best(): ChainBlock {
    let best = this.#tip
    for (const block of this.#blocks.values()) {
      const better = block.work > best.work || (block.work === best.work && block.order < best.order)
      if (better && !this.isInvalid(block)) best = block
    }
    return best
  }

  #fork(block: ChainBlock): ChainBlock {
    let at = block
    while (!this.isMain(at) && at.parent !== undefined) at = at.parent
    return at
  }

  #moveTo(target: ChainBlock): readonly ChainChange[] {
    const from = this.#tip
    const fork = this.#fork(target)
    const left = this.#main.splice(fork.height + 1).reverse()
    const joined: ChainBlock[] = []
    for (let at = target; at !== fork && at.parent !== undefined; at = at.parent) joined.push(at)
    joined.reverse()
    this.#main.push(...joined)
    for (const block of joined) this.#validated.add(block)
    this.#tip = target
    const changes: readonly ChainChange[] = [
      ...left.map((block): ChainChange => ({ kind: 'disconnected', block })),
      ...joined.map((block): ChainChange => ({ kind: 'connected', block })),
    ]
    return left.length === 0 ? changes : [...changes, { kind: 'reorganized', from, to: target }]
  }
}

import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type Block, decodeBlock } from '../../domain/decred/block.ts'
import { blockHash, HEADER_BYTES, type Header } from '../../domain/decred/header.ts'
import { displayHash, fromHex, toHex } from '../../domain/decred/hex.ts'
import { combinedRoot } from '../../domain/decred/merkle.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { meetsTarget } from '../../domain/decred/proof-of-work.ts'
import { compactToTarget, targetBytes } from '../../domain/decred/target.ts'
import { type Transaction, transactionId } from '../../domain/decred/transaction.ts'
import type { BlockFile, FileRecord } from './block-file.ts'
import {
  type Acceptance,
  BlockTree,
  type BranchTip,
  type ChainBlock,
  type ChainChange,
} from './block-tree.ts'
import { Coins, disapproves } from './coins.ts'
import { nextBits } from './difficulty.ts'
import { genesisBlock } from './genesis.ts'
import type { ChainParameters } from './parameters.ts'

/** Blocks whose median time a new block must be later than. */
const MEDIAN_BLOCKS = 11

/** Seconds that a block's time may be ahead of the clock. */
const AHEAD_SECONDS_MAX = 2 * 60 * 60

/** Why a block is not taken. */
export interface Rejection {
  readonly kind:
    | 'malformed'
    | 'duplicate'
    | 'unknown-parent'
    | 'invalid-parent'
    | 'wrong-height'
    | 'wrong-bits'
    | 'wrong-merkle-root'
    | 'too-old'
    | 'too-new'
    | 'no-proof-of-work'
  readonly message: string
}

/** Where a transaction is. */
interface Place {
  readonly block: ChainBlock
  /** 0 regular, 1 stake. */
  readonly tree: 0 | 1
  /** Place in its tree of the block. */
  readonly index: number
}

/** A transaction of the main chain. */
export interface FoundTransaction extends Place {
  readonly transaction: Transaction
}

/** What a chain is made with. */
export interface ChainSetting {
  readonly parameters: ChainParameters
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** Undefined for a chain that is forgotten when the process ends. */
  readonly file: BlockFile | undefined
}

/** The devnet's blocks under its rules, each written to disk before it counts. */
export class Chain {
  readonly parameters: ChainParameters
  readonly #clock: () => number
  readonly #file: BlockFile | undefined
  readonly #tree = new BlockTree(genesisBlock)
  /** Where a transaction is; more than once when the block that it was first in is disapproved. The last place counts. */
  readonly #places = new Map<string, readonly Place[]>()
  /** What can be spent on the main chain. */
  readonly coins = new Coins()

  /** @throws Error with a sentence for the operator when the file's blocks are not a chain. */
  constructor(setting: ChainSetting) {
    this.parameters = setting.parameters
    this.#clock = setting.clock
    this.#file = setting.file
    for (const record of setting.file?.records ?? []) this.#replay(record)
  }

  get tip(): ChainBlock {
    return this.#tree.tip
  }

  get(hash: string): ChainBlock | undefined {
    return this.#tree.get(hash)
  }

  /** The main chain's block at a height. */
  at(height: number): ChainBlock | undefined {
    return this.#tree.at(height)
  }

  isMain(block: ChainBlock): boolean {
    return this.#tree.isMain(block)
  }

  tips(): readonly BranchTip[] {
    return this.#tree.tips()
  }

  /** 1 for the tip, -1 off the main chain. */
  confirmations(block: ChainBlock): number {
    return this.isMain(block) ? 1 + this.tip.height - block.height : -1
  }

  /** The main chain's block on top of one, if there is one. */
  next(block: ChainBlock): ChainBlock | undefined {
    return this.isMain(block) ? this.at(block.height + 1) : undefined
  }

  /** False once the main chain's next block has disapproved this one: its regular transactions do not count. */
  isApproved(block: ChainBlock): boolean {
    const next = this.next(block)
    return next === undefined || !disapproves(next)
  }

  /** Median time of a block and the ten before it, Unix seconds. */
  medianTime(block: ChainBlock): number {
    const times: number[] = []
    let at: ChainBlock | undefined = block
    while (at !== undefined && times.length < MEDIAN_BLOCKS) {
      times.push(at.timestamp)
      at = at.parent
    }
    times.sort((a, b) => a - b)
    return times[Math.floor(times.length / 2)] ?? 0
  }

  /** Time that a block on `parent` gets now: the clock's, unless that is not later than the median. Unix seconds. */
  timestampOn(parent: ChainBlock): number {
    return Math.max(Math.floor(this.#clock() / 1000), this.medianTime(parent) + 1)
  }

  /** Compact target of a block on `parent`. */
  bitsOn(parent: ChainBlock): number {
    return nextBits(this.parameters, parent, parent.parent)
  }

  /** Finds a transaction of the main chain by its id. */
  transaction(id: string): FoundTransaction | undefined {
    const place = this.#places.get(id)?.at(-1)
    if (place === undefined) return undefined
    const { transactions, stakeTransactions } = decoded(place.block)
    const transaction = (place.tree === 0 ? transactions : stakeTransactions)[place.index]
    return transaction === undefined ? undefined : { ...place, transaction }
  }

  /** Says whether a transaction is in a block of the main chain, and counts there. */
  isConfirmed(id: string): boolean {
    const place = this.#places.get(id)?.at(-1)
    return place !== undefined && (place.tree === 1 || this.isApproved(place.block))
  }

  /** Takes a serialized block when it is valid. It is on the disk when this returns. */
  accept(bytes: Uint8Array): E.Either<Rejection, Acceptance> {
    return pipe(
      this.#judge(bytes),
      E.chainFirst((candidate) => this.#judgeTime(candidate)),
      E.map(({ parent }) => {
        this.#file?.append({ block: toHex(bytes) })
        return this.#add(bytes, parent)
      }),
    )
  }

  /** Calls a block invalid, as an operator may; not the genesis block. */
  invalidate(block: ChainBlock): readonly ChainChange[] {
    this.#file?.append({ invalidate: block.hash })
    return this.#follow(this.#tree.invalidate(block))
  }

  /** Takes back what was said against a block and those before it. */
  reconsider(block: ChainBlock): readonly ChainChange[] {
    this.#file?.append({ reconsider: block.hash })
    return this.#follow(this.#tree.reconsider(block))
  }

  /** What a block says of itself: it is the child it claims to be, complete, and worked for. */
  #judge(bytes: Uint8Array): E.Either<Rejection, Candidate> {
    const decoded = decodeBlock(bytes)
    if (E.isLeft(decoded)) return reject('malformed', decoded.left.message)
    const { header, transactions, stakeTransactions } = decoded.right
    const header180 = bytes.slice(0, HEADER_BYTES)
    if (this.get(blockHash(header180)) !== undefined)
      return reject('duplicate', 'The block is already known.')
    const parent = this.get(header.previousBlock)
    if (parent === undefined)
      return reject('unknown-parent', `There is no block ${header.previousBlock} to build on.`)
    if (this.#tree.isInvalid(parent))
      return reject('invalid-parent', `Block ${parent.hash} was called invalid.`)
    if (header.height !== parent.height + 1)
      return reject('wrong-height', `The block on ${parent.height} says that its height is ${header.height}.`)
    if (header.merkleRoot !== displayHash(combinedRoot(transactions, stakeTransactions)))
      return reject('wrong-merkle-root', 'The transactions are not those that the header names.')
    const target = targetBytes(compactToTarget(header.bits))
    if (!meetsTarget(powHash(this.parameters.powAlgorithm, header180), target))
      return reject('no-proof-of-work', 'The hash of the header is above its target.')
    return E.right({ header, parent })
  }

  /** What depends on when the block came. */
  #judgeTime({ header, parent }: Candidate): E.Either<Rejection, void> {
    if (header.bits !== this.bitsOn(parent))
      return reject('wrong-bits', `The bits must be ${this.bitsOn(parent)}, not ${header.bits}.`)
    if (header.timestamp <= this.medianTime(parent))
      return reject('too-old', 'The time of the block is not after the median of the eleven before it.')
    if (header.timestamp > this.#clock() / 1000 + AHEAD_SECONDS_MAX)
      return reject('too-new', 'The time of the block is more than two hours ahead of the clock.')
    return E.right(undefined)
  }

  /** The rules of time are not asked again: the clock went on, and the operator may have chosen another block time. */
  #replay(record: FileRecord): void {
    if ('block' in record) {
      const bytes = fromHex(record.block) ?? new Uint8Array(0)
      const candidate = this.#judge(bytes)
      if (E.isLeft(candidate))
        throw new Error(
          `The devnet's file holds a wrong block (${candidate.left.message}) Delete it to begin a new chain.`,
        )
      this.#add(bytes, candidate.right.parent)
      return
    }
    const hash = 'invalidate' in record ? record.invalidate : record.reconsider
    const block = this.get(hash)
    if (block === undefined)
      throw new Error(`The devnet's file speaks of an unknown block ${hash}. Delete it to begin a new chain.`)
    this.#follow('invalidate' in record ? this.#tree.invalidate(block) : this.#tree.reconsider(block))
  }

  #add(bytes: Uint8Array, parent: ChainBlock): Acceptance {
    const { block, changes } = this.#tree.add(bytes, parent)
    return { block, changes: this.#follow(changes) }
  }

  /** Keeps transactions and coins of the main chain in step with it. */
  #follow(changes: readonly ChainChange[]): readonly ChainChange[] {
    for (const change of changes) {
      if (change.kind === 'reorganized') continue
      const { block } = change
      const contents = decoded(block)
      for (const [id, place] of placesIn(block, contents)) {
        const others = (this.#places.get(id) ?? []).filter((other) => other.block !== block)
        const places = change.kind === 'connected' ? [...others, place] : others
        if (places.length === 0) this.#places.delete(id)
        else this.#places.set(id, places)
      }
      if (change.kind === 'connected') this.coins.connect(block, contents)
      else this.coins.disconnect(block, block.parent && decoded(block.parent))
    }
    return changes
  }
}

/** A block under judgement. */
interface Candidate {
  readonly header: Header
  readonly parent: ChainBlock
}

const reject = (kind: Rejection['kind'], message: string): E.Either<Rejection, never> =>
  E.left({ kind, message })

/** The decoded block; one of the chain always is. */
export function decoded(block: ChainBlock): Block {
  const result = decodeBlock(block.bytes)
  if (E.isLeft(result))
    throw new Error(`block ${block.hash} of the chain does not decode: ${result.left.message}`)
  return result.right
}

function placesIn(
  block: ChainBlock,
  { transactions, stakeTransactions }: Block,
): readonly (readonly [string, Place])[] {
  const place = (tree: 0 | 1) => (transaction: Transaction, index: number) =>
    [transactionId(transaction), { block, tree, index }] as const
  return [...transactions.map(place(0)), ...stakeTransactions.map(place(1))]
}

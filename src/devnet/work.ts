import { concatBytes } from '@noble/hashes/utils.js'
import {
  HEADER_BYTES,
  MERKLE_ROOT_OFFSET,
  STAKE_VERSION_OFFSET,
  TIMESTAMP_OFFSET,
  VOTE_BITS_OFFSET,
} from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import type { ChainBlock } from './block-tree.ts'
import type { Chain } from './chain.ts'
import type { Mempool } from './mempool.ts'
import type { Spending } from './spending.ts'
import { buildTemplate, type Template } from './template.ts'

/** Templates more than so many blocks below the tip are forgotten, as dcrd does. */
const REMEMBERED_BLOCKS = 3

/** Bytes of transactions in a template. A block may have 393,216 on mainnet; what is its own takes some 2 500. */
const PAYMENTS_BYTES_MAX = 350_000

/** Why there is new work, in dcrd's words; `unknown` is that somebody asked for it. */
export type WorkReason = 'newparent' | 'newvotes' | 'newtxns' | 'unknown'

/** A block to be worked on. */
export interface Work extends Template {
  readonly reason: WorkReason
  readonly parent: ChainBlock
}

/** The votes that have come in on one block. */
interface Ballot {
  readonly block: ChainBlock
  readonly voters: number
  readonly approves: boolean
}

/**
 * Templates of the next block, and memory of those that somebody was given: only their solutions can be completed to
 * blocks. Forgotten when the process ends, as dcrd forgets them.
 */
export class WorkDesk {
  readonly #chain: Chain
  readonly #mempool: Mempool
  readonly #script: Uint8Array
  readonly #random: (bytes: number) => Uint8Array
  readonly #given = new Map<string, Work>()
  #ballot: Ballot
  #current: Work

  /** @param script where rewards go */
  constructor(chain: Chain, mempool: Mempool, script: Uint8Array, random: (bytes: number) => Uint8Array) {
    this.#chain = chain
    this.#mempool = mempool
    this.#script = script
    this.#random = random
    this.#ballot = this.#fullBallot()
    this.#current = this.renew('newparent')
  }

  get current(): Work {
    return this.#current
  }

  /** Begins a new template on the tip. */
  renew(reason: WorkReason): Work {
    if (this.#ballot.block !== this.#chain.tip) this.#ballot = this.#fullBallot()
    this.#current = this.templateOn(this.#chain.tip, reason)
    return this.#current
  }

  /** Counts the votes on the tip anew. */
  count(votes: { readonly voters?: number; readonly approves?: boolean }): Work {
    this.#ballot = {
      ...(this.#ballot.block === this.#chain.tip ? this.#ballot : this.#fullBallot()),
      ...votes,
    }
    return this.renew('newvotes')
  }

  /** A template on any block; every call makes another. */
  templateOn(parent: ChainBlock, reason: WorkReason): Work {
    const { voters, approves } = parent === this.#ballot.block ? this.#ballot : this.#fullBallot()
    const template = buildTemplate(this.#chain.parameters, {
      parent,
      bits: this.#chain.bitsOn(parent),
      timestamp: this.#chain.timestampOn(parent),
      voters,
      approves,
      payments: parent === this.#chain.tip && approves ? this.#payments() : [],
      script: this.#script,
      random16: this.#random(16),
    })
    return { ...template, reason, parent }
  }

  /** The header of work that is handed out now: 180 bytes with the time of the moment. */
  headerNow(work: Work): Uint8Array {
    const header = work.header.slice()
    new DataView(header.buffer).setUint32(TIMESTAMP_OFFSET, this.#chain.timestampOn(work.parent), true)
    return header
  }

  /** Keeps work that somebody was given. */
  remember(work: Work): void {
    this.#given.set(key(work.header), work)
  }

  isRemembered(work: Work): boolean {
    return this.#given.has(key(work.header))
  }

  /** Drops what is too old to be of use. */
  forgetOld(): void {
    const oldest = this.#chain.tip.height - REMEMBERED_BLOCKS
    for (const [name, work] of this.#given) if (work.parent.height + 1 < oldest) this.#given.delete(name)
  }

  /** Completes a solved header to a block; undefined when it is no solution of work that was given. */
  complete(header: Uint8Array): Uint8Array | undefined {
    const work = this.#given.get(key(header))
    if (work === undefined || fixedParts(header) !== fixedParts(work.header)) return undefined
    return concatBytes(header, work.body)
  }

  /** What waits, as far as it fits. It is valid on the tip, unless the block undoes what the tip did. */
  #payments(): readonly Spending[] {
    const payments: Spending[] = []
    let bytes = 0
    for (const payment of this.#mempool.waiting) {
      bytes += payment.bytes
      if (bytes > PAYMENTS_BYTES_MAX) break
      payments.push(payment)
    }
    return payments
  }

  #fullBallot(): Ballot {
    return { block: this.#chain.tip, voters: this.#chain.parameters.network.votesPerBlock, approves: true }
  }
}

/** What names a template: both roots. */
const key = (header: Uint8Array): string => toHex(header.subarray(MERKLE_ROOT_OFFSET, VOTE_BITS_OFFSET))

/** All that a miner may not change: everything but time, nonce and extra data. */
const fixedParts = (header: Uint8Array): string =>
  toHex(header.subarray(0, TIMESTAMP_OFFSET)) + toHex(header.subarray(STAKE_VERSION_OFFSET, HEADER_BYTES))

import { powHash } from '../../../domain/decred/pow-hash.ts'
import { meetsTarget } from '../../../domain/decred/proof-of-work.ts'
import { applySolution, counterSize, type Work } from './work.ts'

/**
 * Nonces tried before the counter moves on. Devices try all 2^32; at a processor's speed their counters would hardly ever
 * move, and nobody would see whether the pool reads them right.
 */
const NONCES_PER_COUNT = 0x1_0000

/** A header that meets a target. */
export interface Found {
  /** 180 bytes, a copy. */
  readonly header: Uint8Array
  /** It also meets the network's target. */
  readonly block: boolean
}

/** The search for shares of one work: nonces first, then the counter. */
export class Search {
  readonly work: Work
  readonly #target: Uint8Array
  readonly #header: Uint8Array
  readonly #counts: number
  #counter: number
  #nonce = 0

  /** `target` is the share's, 32 bytes little-endian. `counter` goes on from an earlier search: no header is tried twice. */
  constructor(work: Work, target: Uint8Array, counter: number) {
    this.work = work
    this.#target = target
    this.#header = work.header.slice()
    this.#counts = counterSize(work)
    this.#counter = counter % this.#counts
  }

  /** Where a next search is to start counting. */
  get nextCounter(): number {
    return this.#counter + 1
  }

  /** Tries up to `hashesMax` headers with this time, until one meets the target. */
  run(hashesMax: number, time: number): { readonly hashes: number; readonly found: Found | undefined } {
    const header = this.#header
    for (let hashes = 1; hashes <= hashesMax; hashes++) {
      applySolution(this.work, header, { counter: this.#counter, nonce: this.#nonce, time })
      this.#advance()
      const hash = powHash(this.work.algorithm, header)
      if (meetsTarget(hash, this.#target))
        return {
          hashes,
          found: { header: header.slice(), block: meetsTarget(hash, this.work.networkTarget) },
        }
    }
    return { hashes: hashesMax, found: undefined }
  }

  #advance(): void {
    this.#nonce += 1
    if (this.#nonce % NONCES_PER_COUNT !== 0) return
    if (this.#counts > 1) this.#nonce = 0
    else this.#nonce %= 0x1_0000_0000
    this.#counter = (this.#counter + 1) % this.#counts
  }
}

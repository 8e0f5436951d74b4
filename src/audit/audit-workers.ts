import * as E from 'fp-ts/lib/Either.js'
import type { Network } from '../../domain/decred/network.ts'
import { decodeBundle, TILE_WIDTH } from '../../domain/transparency/tile.ts'
import { HASH_BYTES, leafHash, type Sha256 } from '../../domain/transparency/tree.ts'
import { ColumnBuffers } from './column-buffers.ts'
import type { HashQuality } from './hash-quality.ts'
import { type ProofOutcome, Prover } from './prover.ts'
import { type ReadEntry, readEntry } from './read-entry.ts'
import type { HeaderFact } from './references.ts'
import type { ShareColumns } from './share-columns.ts'

/** A bundle, read. */
export interface ReadBundle {
  /** Hashes of the leaves, packed. */
  readonly leaves: Uint8Array
  readonly entries: readonly ReadEntry[]
}

/** What is to be proven of a bundle: the entries that hold shares, by their place in it. */
export interface ProofTask {
  readonly place: number
  readonly gateway: number
}

/**
 * Those who do the heavy work of an audit: reading entries, rebuilding headers, hashing. In this thread, or in others. A bundle is proven
 * by who read it.
 */
export interface AuditWorkers {
  /** Left: why the bytes are no bundle of that width, completing "it …". */
  readonly read: (
    bundle: number,
    bytes: Uint8Array,
    fetchedWidth: number,
    width: number,
  ) => Promise<E.Either<string, ReadBundle>>
  /** Tells all of them what the log says so far. What is proven from now on may refer to it. */
  readonly learn: (facts: readonly HeaderFact[]) => void
  /** Proves shares of a bundle that was read. */
  readonly prove: (
    bundle: number,
    tasks: readonly ProofTask[],
    isHashed: boolean,
  ) => Promise<readonly ProofOutcome[]>
  /** How good the hashes were of all that was proven, by account. */
  readonly qualities: () => Promise<readonly HashQuality[]>
  /** Nobody looks at the columns of a bundle, or at what proving it showed, any more: others are read into their memory. */
  readonly release: (bundle: number) => void
  readonly close: () => Promise<void>
}

/** A bundle that is read and not released. */
interface HeldBundle {
  readonly buffers: ColumnBuffers
  /** By place. */
  readonly columns: ReadonlyMap<number, ShareColumns>
}

/** One of them: the work itself, for one thread. Keeps the columns of the bundles that it read until they are released. */
export class AuditWorker {
  readonly #sha256: Sha256
  readonly #prover: Prover
  readonly #held = new Map<number, HeldBundle>()
  readonly #free: ColumnBuffers[] = []

  constructor(network: Network, sha256: Sha256) {
    this.#sha256 = sha256
    this.#prover = new Prover(network)
  }

  read(bundle: number, bytes: Uint8Array, fetchedWidth: number, width: number): E.Either<string, ReadBundle> {
    const decoded = decodeBundle(bytes, fetchedWidth)
    if (E.isLeft(decoded)) return decoded
    const buffers = this.#free.pop() ?? new ColumnBuffers()
    const leaves = new Uint8Array(width * HASH_BYTES)
    const entries: ReadEntry[] = []
    const columns = new Map<number, ShareColumns>()
    for (const [place, entry] of decoded.right.slice(0, width).entries()) {
      leaves.set(leafHash(this.#sha256, entry), place * HASH_BYTES)
      const read = readEntry(entry, buffers)
      entries.push(read)
      if (read.kind === 'shares') columns.set(place, read.columns)
    }
    this.#held.set(bundle, { buffers, columns })
    return E.right({ leaves, entries })
  }

  learn(facts: readonly HeaderFact[]): void {
    this.#prover.learn(facts)
  }

  prove(bundle: number, tasks: readonly ProofTask[], isHashed: boolean): readonly ProofOutcome[] {
    const held = this.#held.get(bundle)
    return tasks.map(({ place, gateway }) => {
      const shares = held?.columns.get(place)
      return held === undefined || shares === undefined
        ? NOTHING
        : this.#prover.prove(gateway, shares, isHashed, held.buffers)
    })
  }

  qualities(): readonly HashQuality[] {
    return this.#prover.qualities()
  }

  release(bundle: number): void {
    const held = this.#held.get(bundle)
    this.#held.delete(bundle)
    if (held === undefined) return
    held.buffers.clear()
    this.#free.push(held.buffers)
  }
}

const NOTHING: ProofOutcome = { failed: [], blocks: [], fingerprints: new Uint32Array(0) }

/** Does it in this thread: for ledgers so small that others would not have begun before it is done. */
export function singleThreadWorkers(network: Network, sha256: Sha256): AuditWorkers {
  const worker = new AuditWorker(network, sha256)
  return {
    read: async (bundle, bytes, fetchedWidth, width) => worker.read(bundle, bytes, fetchedWidth, width),
    learn: (facts) => worker.learn(facts),
    prove: async (bundle, tasks, isHashed) => worker.prove(bundle, tasks, isHashed),
    qualities: async () => worker.qualities(),
    release: (bundle) => worker.release(bundle),
    close: async () => undefined,
  }
}

/** Entries up to which an audit begins no other thread: four bundles, of some 30 shares an entry, take a tenth of a second. */
export const SINGLE_THREAD_ENTRIES_MAX = 4 * TILE_WIDTH

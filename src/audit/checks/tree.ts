import { toBase64 } from '../../../domain/transparency/base64.ts'
import type { Checkpoint } from '../../../domain/transparency/checkpoint.ts'
import { TILE_HEIGHT, TILE_WIDTH, tilePath } from '../../../domain/transparency/tile.ts'
import { frontier, HASH_BYTES, rootOfPeaks, type Sha256 } from '../../../domain/transparency/tree.ts'
import { type CheckReport, type Report, reportOf } from '../finding.ts'

/** A tile that the tree has, to be compared with the published one. */
export interface ExpectedTile {
  readonly level: number
  readonly index: number
  readonly width: number
  readonly bytes: Uint8Array
}

/** A root that is known already. */
export interface KnownRoot {
  readonly size: number
  readonly root: Uint8Array
  /** Told when the tree has another. */
  readonly differs: (built: Uint8Array) => void
}

/**
 * A1: the Merkle tree over all entries, built anew. Bundles come in order, each with the hashes of its leaves; whatever tile is
 * complete is handed out to be compared with what is published.
 */
export class TreeCheck {
  readonly #report: CheckReport
  readonly #sha256: Sha256
  readonly #onTile: (tile: ExpectedTile) => void
  readonly #known: readonly KnownRoot[]
  /** Over the roots of full bundles: its level n is level n + 8 of the tree. */
  readonly #upper
  /** Hashes of the tile of each level that is not full, from tile level 1 on. */
  readonly #open: { index: number; hashes: Uint8Array[] }[] = []
  /** Hashes of the complete subtrees of the last bundle, when it is not full. */
  #tail: readonly Uint8Array[] = []
  #size = 0

  /** `known`: roots that this tree must have at smaller sizes. */
  constructor(
    report: Report,
    sha256: Sha256,
    known: readonly KnownRoot[],
    onTile: (tile: ExpectedTile) => void,
  ) {
    this.#report = reportOf('A1', report)
    this.#known = known
    this.#sha256 = sha256
    this.#onTile = onTile
    this.#upper = frontier(sha256, { size: 0, peaks: [] }, (level, hash) => {
      if (level % TILE_HEIGHT === 0) this.#addToTile(level / TILE_HEIGHT, hash)
    })
  }

  /** Entries taken. */
  get size(): number {
    return this.#size
  }

  /** Takes the hashes of the leaves of the next bundle, packed. */
  take(leaves: Uint8Array): void {
    const width = leaves.length / HASH_BYTES
    const index = this.#size / TILE_WIDTH
    const inBundle = frontier(this.#sha256)
    for (let i = 0; i < width; i++) {
      inBundle.append(leaves.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
      const size = this.#size + i + 1
      for (const known of this.#known) {
        if (known.size !== size) continue
        const built = rootOfPeaks(this.#sha256, [...this.#upper.peaks(), ...inBundle.peaks()])
        if (!isSame(known.root, built)) known.differs(built)
      }
    }
    this.#onTile({ level: 0, index, width, bytes: leaves })
    this.#size += width
    if (width === TILE_WIDTH) this.#upper.append(inBundle.root())
    else this.#tail = inBundle.peaks()
  }

  #addToTile(level: number, hash: Uint8Array): void {
    const open = this.#open[level] ?? { index: 0, hashes: [] }
    this.#open[level] = open
    open.hashes.push(hash)
    if (open.hashes.length < TILE_WIDTH) return
    this.#handOut(level + 1, open)
    open.index++
    open.hashes = []
  }

  #handOut(
    level: number,
    { index, hashes }: { readonly index: number; readonly hashes: readonly Uint8Array[] },
  ): void {
    const bytes = new Uint8Array(hashes.length * HASH_BYTES)
    for (const [i, hash] of hashes.entries()) bytes.set(hash, i * HASH_BYTES)
    this.#onTile({ level, index, width: hashes.length, bytes })
  }

  /** Root over all entries so far. */
  root(): Uint8Array {
    return rootOfPeaks(this.#sha256, [...this.#upper.peaks(), ...this.#tail])
  }

  /** Holds the tree against the checkpoint once all of its entries were taken. */
  end({ size, root }: Checkpoint): void {
    for (const [level, open] of this.#open.entries())
      if (open.hashes.length > 0) this.#handOut(level + 1, open)
    const built = this.root()
    if (!isSame(root, built))
      this.#report.wrong(
        'wrong-root',
        null,
        `The ${size} entries have the root ${toBase64(built)}.`,
        `The signed root, ${toBase64(root)}.`,
      )
  }

  /** Compares a published tile with the expected one. */
  compareTile({ level, index, width, bytes }: ExpectedTile, published: Uint8Array): void {
    if (isSame(bytes, published)) return
    const first = bytes.findIndex((byte, i) => byte !== published[i])
    const hash = Math.floor(first / HASH_BYTES)
    this.#report.wrong(
      'wrong-tile',
      (index * TILE_WIDTH + hash) * TILE_WIDTH ** level,
      `${tilePath(level, index, width)} differs from the entries at hash ${hash}.`,
      'Hashes of the entries as they are published: proofs made from this tile do not verify.',
    )
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

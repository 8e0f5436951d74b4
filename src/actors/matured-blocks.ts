import * as E from 'fp-ts/lib/Either.js'
import type { ChainView } from '../../adapters/node/port.ts'
import type { UnfinishedBlock } from '../../adapters/read-models/port.ts'

/** A matured block, as far as it may have to be taken up again. */
export type MaturedBlock = Pick<
  UnfinishedBlock,
  'hash' | 'height' | 'powAlgorithm' | 'revision' | 'decidedBy'
> & {
  readonly header: Uint8Array
}

/** The latest matured blocks. */
export interface MaturedBlocks {
  /** Highest first. */
  readonly all: () => readonly MaturedBlock[]
  readonly has: (hash: string) => boolean
  /** Adds blocks, or what is new of them; the lowest are dropped when there are too many. */
  readonly remember: (more: readonly MaturedBlock[]) => void
  readonly forget: (hash: string) => void
}

/** Matured blocks remembered. A pool with every block of mainnet finds as many in three and a half days. */
export const MATURED_KEPT = 1_024

/** Begins with none. */
export function openMaturedBlocks(): MaturedBlocks {
  let matured: readonly MaturedBlock[] = []
  return {
    all: () => matured,
    has: (hash) => matured.some((each) => each.hash === hash),
    remember: (more) => {
      const hashes = new Set(more.map(({ hash }) => hash))
      matured = [...matured.filter(({ hash }) => !hashes.has(hash)), ...more]
        .sort((a, b) => b.height - a.height)
        .slice(0, MATURED_KEPT)
    },
    forget: (hash) => {
      matured = matured.filter((each) => each.hash !== hash)
    },
  }
}

/**
 * Whether the chain has another block in the place of a matured one, or of the one whose votes decided about it. A node that has not
 * come so far, as while it reads the chain anew, proves nothing.
 */
export async function hasMoved(
  chain: ChainView,
  { hash, height, decidedBy }: MaturedBlock,
): Promise<boolean> {
  const own = await chain.hashAt(height)()
  if (E.isLeft(own)) return false
  if (own.right !== hash) return true
  const next = await chain.hashAt(height + 1)()
  return E.isRight(next) && next.right !== decidedBy
}

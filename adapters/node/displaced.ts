import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { ChainView, NodeError } from './port.ts'

/**
 * Says how many blocks of the main chain stand in the place of a block: another one of its height, and those after it. 0 when the block is
 * there itself, and when the chain has not come so far: then nothing is known of it.
 */
export const displacedBy =
  (chain: ChainView, hash: string, height: number): TaskEither<NodeError, number> =>
  async () => {
    const there = await chain.hashAt(height)()
    if (E.isLeft(there)) return there.left.kind === 'not-found' ? E.right(0) : there
    if (there.right === hash) return E.right(0)
    const tip = await chain.tip()()
    return E.isLeft(tip) ? tip : E.right(Math.max(0, tip.right.height - height + 1))
  }

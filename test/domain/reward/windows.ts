import * as E from 'fp-ts/lib/Either.js'
import type { Network } from '../../../domain/decred/network.ts'
import { targetToCompact } from '../../../domain/decred/target.ts'
import type { ShareReference } from '../../../domain/events.ts'
import {
  type ShareBatch,
  ShareWindow,
  type WindowError,
  type WindowSums,
} from '../../../domain/reward/share-window.ts'
import type { WindowLimit } from '../../../domain/reward/window-limit.ts'

/** No limit: all shares up to the find. */
export const UNLIMITED: WindowLimit = { unitsMax: null, afterMs: null, after: null }

/** Bits of a network whose difficulty is about this, on the scale of shares. */
export const bitsOf = (network: Network, difficulty: number): number =>
  targetToCompact(network.powLimit / BigInt(difficulty))

/** A share of a test: whose, how hard, and in which event (its revision in the stream `shares-0-0`). */
export interface TestShare {
  readonly account: string
  readonly difficulty: number
  readonly bits: number
  readonly event: number
}

/** Groups shares into events of one stream, 1000 ms apart. */
export const batchesOf = (shares: readonly TestShare[]): readonly ShareBatch[] =>
  [...new Set(shares.map(({ event }) => event))].map((revision) => {
    const of = shares.filter(({ event }) => event === revision)
    return {
      stream: 'shares-0-0',
      revision,
      atMs: 1_000 * revision,
      account: of.map(({ account }) => account),
      bits: of.map(({ bits }) => bits),
      difficulty: of.map(({ difficulty }) => difficulty),
    }
  })

/** A window that holds the whole log of these shares. */
export function windowOf(network: Network, shares: readonly TestShare[]): ShareWindow {
  const window = new ShareWindow(network, true)
  for (const batch of batchesOf(shares)) window.append(batch)
  return window
}

/** Walks a window to its end, with something done between slices. */
export function walked(
  window: ShareWindow,
  to: ShareReference,
  limit: WindowLimit,
  between: () => void = () => undefined,
): E.Either<WindowError, WindowSums> {
  const walk = window.walk(to, limit)
  for (;;) {
    const { done, value } = walk.next()
    if (done === true) return value
    between()
  }
}

/** The same where it must succeed. */
export function sumsOf(window: ShareWindow, to: ShareReference, limit: WindowLimit): WindowSums {
  const sums = walked(window, to, limit)
  if (E.isLeft(sums)) throw new Error(sums.left.message)
  return sums.right
}

/** The newest share of a window that has one. */
export function newest(window: ShareWindow): ShareReference {
  if (window.last === null) throw new Error('the window is empty')
  return window.last
}

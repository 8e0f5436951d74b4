import { blake256 } from './blake256.ts'
import { fullHash, type Transaction } from './transaction.ts'

const NO_LEAVES = new Uint8Array(32)

/**
 * Root of Decred's binary tree over 32-byte leaves: each parent is BLAKE-256 of its two children, and a child without
 * a sibling is its own. 32 zeros for no leaves. Bitcoin's rule, so a repeated last leaf can leave the root unchanged.
 */
export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = leaves
  while (level.length > 1) level = parents(level)
  return level[0]?.slice() ?? NO_LEAVES.slice()
}

function parents(level: readonly Uint8Array[]): readonly Uint8Array[] {
  const above: Uint8Array[] = []
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] ?? NO_LEAVES
    above.push(parent(left, level[i + 1] ?? left))
  }
  return above
}

function parent(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(64)
  both.set(left)
  both.set(right, 32)
  return blake256(both)
}

/** Root of one tree of a block's transactions: the header's Merkle root (regular) and stake root before DCP0005. */
export const transactionsRoot = (transactions: readonly Transaction[]): Uint8Array =>
  treeRoot(transactions.map(fullHash))

/** The header's Merkle root since DCP0005: over the roots of the regular and the stake tree. */
export const combinedRoot = (
  transactions: readonly Transaction[],
  stakeTransactions: readonly Transaction[],
): Uint8Array => parent(transactionsRoot(transactions), transactionsRoot(stakeTransactions))

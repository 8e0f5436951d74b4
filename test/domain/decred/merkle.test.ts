import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blake256 } from '../../../domain/decred/hash.ts'
import { combinedRoot, transactionsRoot, treeRoot } from '../../../domain/decred/merkle.ts'
import { fullHash } from '../../../domain/decred/transaction.ts'
import * as arbitrary from './arbitraries.ts'

const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 })

/**
 * The definition from the top down: of a perfect tree over the leaves, the left half and the right half, where a right half
 * with nothing in it is a copy of the left.
 */
function rootByDefinition(leaves: readonly Uint8Array[], height: number): Uint8Array {
  const [only] = leaves
  if (height === 0) return only ?? new Uint8Array(32)
  const half = 2 ** (height - 1)
  const left = rootByDefinition(leaves.slice(0, half), height - 1)
  const right = leaves.length > half ? rootByDefinition(leaves.slice(half), height - 1) : left
  return blake256(Uint8Array.of(...left, ...right))
}

test('the root is that of the recursive definition', () => {
  fc.assert(
    fc.property(fc.array(leaf, { minLength: 1, maxLength: 40 }), (leaves) => {
      expect(treeRoot(leaves)).toEqual(rootByDefinition(leaves, Math.ceil(Math.log2(leaves.length))))
    }),
  )
})

test('no leaves give zeros, one gives itself', () => {
  expect(treeRoot([])).toEqual(new Uint8Array(32))
  const only = new Uint8Array(32).fill(7)
  expect(treeRoot([only])).toEqual(only)
  expect(treeRoot([only])).not.toBe(only)
})

test('any change of a leaf changes the root', () => {
  fc.assert(
    fc.property(fc.array(leaf, { minLength: 1, maxLength: 20 }), fc.nat(), (leaves, at) => {
      const changed = leaves.map((l, i) =>
        i === at % leaves.length ? l.map((b, j) => (j === 0 ? b ^ 1 : b)) : l,
      )
      expect(treeRoot(changed)).not.toEqual(treeRoot(leaves))
    }),
  )
})

test('the root of a block joins its two trees', () => {
  const transactions = fc.array(arbitrary.transaction, { maxLength: 5 })
  fc.assert(
    fc.property(transactions, transactions, (regular, stake) => {
      expect(transactionsRoot(regular)).toEqual(treeRoot(regular.map(fullHash)))
      expect(combinedRoot(regular, stake)).toEqual(
        blake256(Uint8Array.of(...transactionsRoot(regular), ...transactionsRoot(stake))),
      )
    }),
    { numRuns: 30 },
  )
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeHeader } from '../../domain/decred/header.ts'
import { BlockTree, type ChainBlock, type ChainChange } from '../../src/devnet/block-tree.ts'
import { genesisBlock } from '../../src/devnet/genesis.ts'

const EASY = 0x207fffff
const HARD = 0x203fffff

let nonce = 0

/** A header on a parent: the tree looks at nothing else of a block. */
const child = (parent: ChainBlock, bits = EASY): Uint8Array =>
  encodeHeader({
    version: 12,
    previousBlock: parent.hash,
    merkleRoot: '0'.repeat(64),
    stakeRoot: '0'.repeat(64),
    voteBits: 1,
    finalState: '0'.repeat(12),
    voters: 0,
    freshStake: 0,
    revocations: 0,
    poolSize: 0,
    bits,
    stakeDifficulty: 0n,
    height: parent.height + 1,
    size: 180,
    timestamp: 0,
    nonce: nonce++,
    extraData: '0'.repeat(64),
    stakeVersion: 0,
  })

const add = (tree: BlockTree, parent: ChainBlock, bits?: number): ChainBlock =>
  tree.add(child(parent, bits), parent).block

const told = (changes: readonly ChainChange[]): readonly string[] =>
  changes.map((change) =>
    change.kind === 'reorganized'
      ? `reorganized ${change.from.height}-${change.to.height}`
      : `${change.kind} ${change.block.height}`,
  )

describe('branches', () => {
  test('a block on the tip is connected; one beside it is kept and tells nothing', () => {
    const tree = new BlockTree(genesisBlock)
    const genesis = tree.tip
    const first = tree.add(child(genesis), genesis)
    expect(told(first.changes)).toEqual(['connected 1'])
    const second = tree.add(child(genesis), genesis)
    expect(second.changes).toEqual([])
    expect(tree.tip).toBe(first.block)
    expect(tree.isMain(second.block)).toBe(false)
  })

  test('the branch with more work wins, however many blocks it has', () => {
    const tree = new BlockTree(genesisBlock)
    const genesis = tree.tip
    add(tree, add(tree, genesis))
    const work = tree.add(child(genesis, 0x1f7fffff), genesis)
    expect(told(work.changes)).toEqual(['disconnected 2', 'disconnected 1', 'connected 1', 'reorganized 2-1'])
  })

  test('going back is told first, another branch after it, as dcrd does', () => {
    const tree = new BlockTree(genesisBlock)
    const genesis = tree.tip
    const a = add(tree, genesis)
    const b = add(tree, genesis)
    add(tree, a)
    const sibling = add(tree, b)
    expect(told(tree.invalidate(a))).toEqual([
      'disconnected 2',
      'disconnected 1',
      'reorganized 2-0',
      'connected 1',
      'connected 2',
    ])
    expect(tree.tip).toBe(sibling)
    expect(told(tree.reconsider(a))).toEqual([
      'disconnected 2',
      'disconnected 1',
      'connected 1',
      'connected 2',
      'reorganized 2-2',
    ])
  })

  test('tips have dcrd’s words', () => {
    const tree = new BlockTree(genesisBlock)
    const a = add(tree, tree.tip)
    const beside = add(tree, a)
    const b = add(tree, a)
    const c = add(tree, b)
    expect(tree.tips().map(({ block, length, status }) => [block, length, status])).toEqual([
      [c, 0, 'active'],
      [beside, 1, 'valid-fork'],
    ])
    tree.invalidate(b)
    expect(tree.tips().map(({ block, length, status }) => [block, length, status])).toEqual([
      [c, 2, 'invalid'],
      [beside, 0, 'active'],
    ])
    tree.reconsider(c)
    tree.invalidate(beside)
    tree.reconsider(beside)
    expect(tree.tips().map(({ block, status }) => [block, status])).toEqual([
      [c, 'active'],
      [beside, 'valid-headers'],
    ])
  })
})

/** What may happen to a tree: `n` chooses a block. */
type Step =
  | { readonly kind: 'add'; readonly n: number; readonly bits: number }
  | { readonly kind: 'invalidate' | 'reconsider'; readonly n: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      n: fc.nat(),
      bits: fc.constantFrom(EASY, HARD),
    }),
  },
  fc.record({ kind: fc.constantFrom('invalidate' as const, 'reconsider' as const), n: fc.nat() }),
)

test('the tip is always the valid block with the most work, and the changes lead to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const tree = new BlockTree(genesisBlock)
      const blocks = [tree.tip]
      const invalid = new Set<ChainBlock>()
      const followed = [tree.tip]
      for (const { kind, n, ...rest } of steps) {
        const block = blocks[n % blocks.length] as ChainBlock
        if (kind === 'invalidate' && block.height === 0) continue
        if (kind === 'add' && isInvalid(block, invalid)) continue
        const changes = apply(tree, { kind, n, ...rest } as Step, block, blocks, invalid)
        for (const change of changes) {
          if (change.kind === 'disconnected') expect(followed.pop()).toBe(change.block)
          if (change.kind === 'connected') {
            expect(change.block.parent).toBe(followed.at(-1))
            followed.push(change.block)
          }
        }
        expect(followed.at(-1)).toBe(tree.tip)
        expect(followed.map((_, height) => tree.at(height))).toEqual(followed)
        expect(tree.tip).toBe(best(blocks, invalid))
      }
    }),
    { numRuns: 300 },
  )
})

function apply(
  tree: BlockTree,
  step: Step,
  block: ChainBlock,
  blocks: ChainBlock[],
  invalid: Set<ChainBlock>,
): readonly ChainChange[] {
  if (step.kind === 'add') {
    const added = tree.add(child(block, step.bits), block)
    blocks.push(added.block)
    return added.changes
  }
  if (step.kind === 'invalidate') {
    invalid.add(block)
    return tree.invalidate(block)
  }
  for (let at: ChainBlock | undefined = block; at !== undefined; at = at.parent) invalid.delete(at)
  return tree.reconsider(block)
}

function isInvalid(block: ChainBlock, invalid: ReadonlySet<ChainBlock>): boolean {
  for (let at: ChainBlock | undefined = block; at !== undefined; at = at.parent)
    if (invalid.has(at)) return true
  return false
}

function best(blocks: readonly ChainBlock[], invalid: ReadonlySet<ChainBlock>): ChainBlock | undefined {
  return blocks
    .filter((block) => !isInvalid(block, invalid))
    .sort((a, b) => (a.work === b.work ? a.order - b.order : a.work > b.work ? -1 : 1))[0]
}

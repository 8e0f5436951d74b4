import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ChainView, NodeError } from '../../adapters/node/port.ts'
import { decodeBlock } from '../../domain/decred/block.ts'
import { transactionId } from '../../domain/decred/transaction.ts'
import type { Unspent } from '../../domain/payout/funding.ts'
import { Spends } from '../../src/treasury/spends.ts'
import { World } from './world.ts'

/** Blocks are looked through for a payout's money, on a chain whose node breaks off. */

const PLANNED = 1
const BLOCKS = 30
const slow: NodeError = { kind: 'timeout', message: 'slow' }

let world: World
let chain: ChainView
/** Heights whose blocks were asked for. */
let asked: number[]
/** From this height on the node does not answer. */
let breaksAt: number

beforeEach(async () => {
  world = await World.open()
  await world.others(BLOCKS - 1)
  asked = []
  breaksAt = Number.POSITIVE_INFINITY
  const { chain: blocks } = world.node
  chain = {
    tip: () => TE.right(tip()),
    block: () => TE.left(slow),
    hashAt: (height) => {
      const block = blocks.at(height)
      return block === undefined || height >= breaksAt ? TE.left(slow) : TE.right(block.hash)
    },
    rawBlock: (hash) => {
      const block = blocks.get(hash)
      if (block === undefined) return TE.left(slow)
      asked.push(block.height)
      return TE.right(block.bytes)
    },
  }
})
afterEach(() => world.kill())

const tip = () => ({ hash: world.node.chain.tip.hash, height: world.node.chain.tip.height })
const look = (spends: Spends, funding: readonly Unspent[] = []) =>
  spends.of(chain, 0, PLANNED, funding, tip())
const heights = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('each look begins where the one before it broke off', async () => {
  const spends = new Spends()
  for (const [from, to] of [
    [1, 10],
    [11, 20],
  ] as const) {
    breaksAt = to + 1
    expect(await look(spends)).toEqual(E.left(slow))
    expect(asked.splice(0)).toEqual(heights(from, to))
  }
  breaksAt = Number.POSITIVE_INFINITY
  expect(await look(spends)).toEqual(E.right([]))
  expect(asked.splice(0)).toEqual(heights(21, BLOCKS))
  expect(await look(spends)).toEqual(E.right([]))
  expect(asked).toEqual([])
})

test('where the branch has changed below, it begins anew', async () => {
  const spends = new Spends()
  breaksAt = 11
  expect(await look(spends)).toEqual(E.left(slow))
  const fork = world.node.chain.at(5)
  if (fork === undefined) throw new Error('no block')
  world.node.invalidate(fork)
  await world.others(BLOCKS)
  asked = []
  breaksAt = Number.POSITIVE_INFINITY
  expect(await look(spends)).toEqual(E.right([]))
  expect(asked).toEqual(heights(1, tip().height))
})

test('says which block holds a transaction', async () => {
  const block = world.node.chain.at(7)
  const read = decodeBlock(block?.bytes ?? new Uint8Array(0))
  if (E.isLeft(read) || block === undefined) throw new Error('no block')
  const [coinbase] = read.right.transactions
  if (coinbase === undefined) throw new Error('no coinbase')
  const spends = new Spends()
  const id = transactionId(coinbase)
  expect(await spends.isIn(chain, block.hash, id)).toEqual(E.right(true))
  expect(await spends.isIn(chain, tip().hash, id)).toEqual(E.right(false))
  expect(await spends.isIn(chain, '00'.repeat(32), id)).toEqual(E.left(slow))
})

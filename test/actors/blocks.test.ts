import * as E from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Node, NodeError } from '../../adapters/node/port.ts'
import { severalNodes } from '../../adapters/node/several.ts'
import type { ReadModels } from '../../adapters/read-models/port.ts'
import { encodeBlock } from '../../domain/decred/block.ts'
import { decodeHeader, VOTE_BITS_OFFSET } from '../../domain/decred/header.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { type Blocks, watchBlocks } from '../../src/actors/blocks.ts'
import { type Journal, openJournal } from '../../src/journal.ts'
import { mine, type TestBlock } from '../adapters/node/chain.ts'
import { memoryEventStore } from '../support/memory-event-store.ts'
import { type ScriptedNode, scriptedNode } from '../support/scripted-node.ts'

/** What nodes say of a block that an earlier process has left approved, and what becomes of it. */

const MATURITY = networks.simnet.coinbaseMaturity
const genesis = mine(undefined)
const own = mine(genesis)
const votes = approving(mine(own))
const stranger = mine(genesis, 7)
const slow: NodeError = { kind: 'timeout', message: 'slow' }

let east: ScriptedNode
let west: ScriptedNode
/** East answers everything but what it is asked of a block. */
let isSlow: boolean
let blocks: Blocks
let journal: Journal
/** Asks after the block; resolves to what was written of it since the last time: `Matured`, `Orphaned: <why>`. */
let written: () => Promise<readonly string[]>

beforeEach(async () => {
  east = scriptedNode('east')
  west = scriptedNode('west')
  isSlow = false
  const { block } = east.node
  const node: Node = {
    ...east.node,
    block: (hash) => (isSlow ? TE.left(slow) : block(hash)),
    view: () => node,
  }
  const store = memoryEventStore()
  journal = openJournal({
    store,
    gateway: 0,
    nowMs: () => 1,
    lingerMsMax: 0,
    queueSharesMax: 10,
    batchSharesTarget: 1,
    onCommit: () => undefined,
    onRejected: () => undefined,
    onStoreError: () => undefined,
    onStopped: () => undefined,
  })
  let left: readonly object[] = [
    {
      hash: own.hash,
      height: own.height,
      state: 'approved',
      revision: -1,
      foundAt: 1,
      header: toHex(own.header),
      powAlgorithm: 'blake3',
      decidedBy: votes.hash,
    },
  ]
  blocks = watchBlocks({
    gateway: 0,
    node: severalNodes([node, west.node]),
    network: networks.simnet,
    journal,
    readModels: {
      unfinishedBlocks: () => E.right(left),
      maturedBlocks: () => E.right([]),
      solvedWithoutBlock: () => E.right([]),
    } as unknown as ReadModels,
    nowMs: () => 1,
    log: pino({ level: 'silent' }),
  })
  let seen = 0
  written = async () => {
    await blocks.recover()
    left = []
    const log = await store.readAll(null, 100)()
    const all = E.isRight(log) ? log.right.map(({ type, data }) => lineOf(type, JSON.parse(data))) : []
    const news = all.slice(seen)
    seen = all.length
    return news
  }
  have(east, [own, votes], own.height + 2)
  up(east)
  up(west)
})
afterEach(async () => {
  await blocks.stop()
  await journal.stop(1_000)
})

const lineOf = (type: string, { why }: { readonly why?: string }): string =>
  [type.replace('Block', ''), ...(why === undefined ? [] : [why])].join(': ')

/** A block whose votes approve of the one before. */
function approving({ header, ...block }: TestBlock): TestBlock {
  const voted = header.slice()
  voted[VOTE_BITS_OFFSET] = 1
  return { ...block, header: voted }
}

/** The whole of a block whose coinbase pays its miner an atom. */
function coinbaseBlock({ header }: TestBlock): Uint8Array {
  const decoded = decodeHeader(header)
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  const none = { transaction: '00'.repeat(32), output: 0xffffffff, tree: 0 }
  const script = new Uint8Array(1)
  const coinbase = {
    version: 3,
    inputs: [
      { previous: none, sequence: 0, atoms: 0n, blockHeight: 0, blockIndex: 0, signatureScript: script },
    ],
    outputs: [0n, 1n].map((atoms) => ({ atoms, scriptVersion: 0, script })),
    lockTime: 0,
    expiry: 0,
  }
  return encodeBlock({ header: decoded.right, transactions: [coinbase], stakeTransactions: [] })
}

/** A node has these blocks in a row on its main chain, whose tip is at a height, and no others. */
function have(script: ScriptedNode, chain: readonly TestBlock[], tip: number): void {
  script.tip = { hash: '00'.repeat(32), height: tip }
  script.blocks.clear()
  for (const [i, { hash, header, height }] of chain.entries())
    script.blocks.set(hash, {
      hash,
      header,
      height,
      confirmations: tip - height + 1,
      next: chain[i + 1]?.hash ?? null,
    })
}

const up = (script: ScriptedNode) => {
  script.failure = undefined
  script.push({ kind: 'up', node: script.node.name, tip: script.tip })
  const work = { header: genesis.header, powAlgorithm: 'blake3', reason: 'asked' } as const
  script.push({ kind: 'work', node: script.node.name, work })
}
const down = (script: ScriptedNode) => {
  script.failure = slow
  script.push({ kind: 'down', node: script.node.name, error: slow })
}

describe('a block that is on the chain', () => {
  test('is not lost because its node is slow and another one is still reading the chain', async () => {
    have(west, [genesis], genesis.height)
    isSlow = true
    east.tip = { ...east.tip, height: own.height + MATURITY }
    expect(await written()).toEqual([])
    isSlow = false
    have(east, [own, votes], own.height + MATURITY)
    expect(await written()).toEqual(['Matured'])
  })

  test('is not lost because another node, on another branch, can answer sooner', async () => {
    have(west, [genesis, stranger], own.height + 2 * MATURITY)
    isSlow = true
    expect(await written()).toEqual([])
  })

  test('is not lost because the only node left is still reading the chain', async () => {
    have(west, [genesis], genesis.height)
    down(east)
    expect(await written()).toEqual(['Submitted', 'Submitted'])
    have(east, [own, votes], own.height + MATURITY)
    up(east)
    expect(await written()).toEqual(['Matured'])
  })
})

describe('a block whose place another one has', () => {
  const DEEP = 'Orphaned: another block of its height is deep enough'

  test('has left the chain, and is given up only when the other is deep', async () => {
    have(east, [genesis, stranger], own.height)
    expect(await written()).toEqual(['Submitted', 'Submitted', 'Disconnected'])
    have(east, [genesis, stranger], own.height + MATURITY - 1)
    expect(await written()).toEqual([])
    have(east, [genesis, stranger], own.height + MATURITY)
    expect(await written()).toEqual([DEEP])
  })

  test('is away as the node in use says; another in use that has it brings it back', async () => {
    have(west, [genesis, stranger], own.height + 1)
    down(east)
    expect(await written()).toContain('Disconnected')
    up(east)
    east.rawBlocks.set(own.hash, coinbaseBlock(own))
    expect(await written()).toEqual(['Connected', 'Approved'])
  })

  test('is given up no sooner when every node refuses it', async () => {
    for (const script of [east, west]) {
      have(script, [genesis, stranger], own.height + MATURITY - 1)
      script.verdicts.push('rejected')
    }
    expect(await written()).toEqual(['Submitted', 'Submitted', 'Disconnected'])
    have(east, [genesis, stranger], own.height + MATURITY)
    expect(await written()).toEqual(['Orphaned: refused by every node'])
  })
})

test('a block that a node does not know is sent to all, also when its chain ends below', async () => {
  have(east, [genesis], genesis.height)
  expect(await written()).toEqual(['Submitted', 'Submitted'])
  expect([east.submitted.length, west.submitted.length]).toEqual([1, 1])
})

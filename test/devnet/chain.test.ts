import { concatBytes } from '@noble/hashes/utils.js'
import * as E from 'fp-ts/lib/Either.js'
import { beforeEach, describe, expect, test } from 'vitest'
import { decodeAddress, paymentScript } from '../../domain/decred/address.ts'
import { workReward } from '../../domain/decred/block.ts'
import { HEADER_BYTES, NONCE_OFFSET, TIMESTAMP_OFFSET } from '../../domain/decred/header.ts'
import { networks } from '../../domain/decred/network.ts'
import { powHash } from '../../domain/decred/pow-hash.ts'
import { meetsTarget, type PowAlgorithm } from '../../domain/decred/proof-of-work.ts'
import { compactToTarget, targetBytes } from '../../domain/decred/target.ts'
import type { ChainBlock } from '../../src/devnet/block-tree.ts'
import { Chain, decoded } from '../../src/devnet/chain.ts'
import { DEMO_MINING_ADDRESS } from '../../src/devnet/demo-key.ts'
import { type DevnetEvent, DevnetNode } from '../../src/devnet/node.ts'
import { type ChainOptions, chainParameters } from '../../src/devnet/parameters.ts'

/** Some noon, milliseconds. */
const NOON = 1_800_000_000_000

let now: number
let seed: number

/** A node whose clock and chance are the test's. */
function makeNode(options: ChainOptions = {}): DevnetNode {
  const address = decodeAddress(DEMO_MINING_ADDRESS, networks.simnet)
  if (E.isLeft(address)) throw new Error(address.left.message)
  const parameters = chainParameters({ startDifficulty: 1, retarget: false, ...options })
  return new DevnetNode({
    chain: new Chain({ parameters, clock: () => now, file: undefined }),
    script: paymentScript(address.right),
    random: (bytes) => new Uint8Array(bytes).fill(seed++),
  })
}

beforeEach(() => {
  now = NOON
  seed = 0
})

/** Changes a header, and tries nonces until it meets (or, on request, misses) the easiest target. */
function solved(
  header: Uint8Array,
  change: (view: DataView) => void = () => undefined,
  algorithm: PowAlgorithm = 'blake3',
  wanted = true,
): Uint8Array {
  const copy = header.slice()
  const view = new DataView(copy.buffer)
  change(view)
  const target = targetBytes(compactToTarget(networks.simnet.powLimitBits))
  for (let nonce = 1; ; nonce++) {
    view.setUint32(NONCE_OFFSET, nonce, true)
    if (meetsTarget(powHash(algorithm, copy), target) === wanted) return copy
  }
}

const kindOf = (chain: Chain, bytes: Uint8Array): string => {
  const accepted = chain.accept(bytes)
  return E.isLeft(accepted) ? accepted.left.kind : 'accepted'
}

describe('which blocks are taken', () => {
  let node: DevnetNode
  let header: Uint8Array
  let body: Uint8Array
  const judged = (change: (view: DataView) => void, rest = body) =>
    kindOf(node.chain, concatBytes(solved(header, change), rest))

  beforeEach(async () => {
    node = makeNode()
    await node.generate(20)
    header = node.work.current.header
    body = node.work.current.body
  })

  test('the solution of a template, once', () => {
    const block = concatBytes(solved(header), body)
    expect(kindOf(node.chain, block)).toBe('accepted')
    expect(kindOf(node.chain, block)).toBe('duplicate')
  })

  test('none without proof of work, by the algorithm of the chain', () => {
    const missed = solved(header, () => undefined, 'blake3', false)
    expect(kindOf(node.chain, concatBytes(missed, body))).toBe('no-proof-of-work')
    const other = makeNode({ powAlgorithm: 'blake256' })
    const work = other.work.current
    const kinds = new Set<string>()
    // What BLAKE3 solves, BLAKE-256 solves by chance only.
    for (let i = 0; i < 40; i++) {
      const attempt = solved(work.header, (view) => view.setUint32(144, i, true))
      kinds.add(kindOf(other.chain, concatBytes(attempt, work.body)))
    }
    expect(kinds).toContain('no-proof-of-work')
  })

  test('none whose bits, height, parent or transactions are not right', () => {
    expect(judged((view) => view.setUint32(116, 0x207ffffe, true))).toBe('wrong-bits')
    expect(judged((view) => view.setUint32(128, 5, true))).toBe('wrong-height')
    expect(judged((view) => view.setUint8(10, 0xee))).toBe('unknown-parent')
    expect(judged((view) => view.setUint8(40, view.getUint8(40) ^ 1))).toBe('wrong-merkle-root')
    expect(judged(() => undefined, body.subarray(1))).toBe('malformed')
  })

  test('none with a time at or before the median, none from more than two hours ahead', () => {
    const median = node.chain.medianTime(node.chain.tip)
    const at = (seconds: number) => judged((view) => view.setUint32(TIMESTAMP_OFFSET, seconds, true))
    expect(at(median)).toBe('too-old')
    expect(at(NOON / 1000 + 7201)).toBe('too-new')
    expect(at(median + 1)).toBe('accepted')
  })

  test('the time two hours ahead is the last that is taken', () =>
    expect(judged((view) => view.setUint32(TIMESTAMP_OFFSET, NOON / 1000 + 7200, true))).toBe('accepted'))

  test('none on a block that was called invalid', () => {
    node.invalidate(node.chain.tip)
    expect(kindOf(node.chain, concatBytes(solved(header), body))).toBe('invalid-parent')
  })
})

describe('what is known of the main chain', () => {
  test('transactions, until their block leaves it', async () => {
    const node = makeNode()
    await node.generate(5)
    const block = node.chain.tip
    const reward = workReward(decoded(block))
    if (E.isLeft(reward)) throw new Error(reward.left.message)
    const find = () => node.chain.transaction(reward.right.transaction)
    expect(find()).toMatchObject({ block: { hash: block.hash }, tree: 0, index: 0 })
    node.invalidate(block)
    expect(find()).toBeUndefined()
    node.reconsider(block)
    expect(find()?.block).toBe(block)
  })

  test('confirmations count from 1 at the tip, and are -1 beside the chain', async () => {
    const node = makeNode()
    await node.generate(4)
    const { chain } = node
    expect([1, 3, 4].map((height) => chain.confirmations(chain.at(height) as ChainBlock))).toEqual([4, 2, 1])
    const left = chain.tip
    node.invalidate(left)
    expect(chain.confirmations(left)).toBe(-1)
  })

  test('the median of the last eleven times, of fewer at the start', async () => {
    const node = makeNode()
    const times: number[] = []
    for (let i = 0; i < 15; i++) {
      now += 7_000
      await node.generate(1)
      times.push(node.chain.tip.timestamp)
    }
    expect(node.chain.medianTime(node.chain.tip)).toBe(times[9])
    expect(node.chain.medianTime(node.chain.at(2) as ChainBlock)).toBe(times[0])
  })

  test('a block whose child has the vote bit 0 off is disapproved, until that child is gone', async () => {
    const node = makeNode({ stakeValidationHeight: 3 })
    await node.generate(4)
    const block = node.chain.tip
    expect(node.chain.isApproved(block)).toBe(true)
    node.count({ approves: false })
    await node.generate(1)
    expect(node.chain.isApproved(block)).toBe(false)
    await node.generate(1)
    expect(node.chain.isApproved(node.chain.at(5) as ChainBlock)).toBe(true)
    expect(node.chain.isApproved(block)).toBe(false)
    node.invalidate(node.chain.at(5) as ChainBlock)
    expect(node.chain.isApproved(block)).toBe(true)
  })
})

describe('work', () => {
  const told = (node: DevnetNode): string[] => {
    const events: string[] = []
    node.listen((event: DevnetEvent) => {
      if (event.kind === 'work') events.push(`${event.work.reason} ${event.work.parent.height + 1}`)
      else if (event.kind === 'reorganized')
        events.push(`reorganized ${event.from.height}-${event.to.height}`)
      else events.push(`${event.kind} ${event.block.height}`)
    })
    return events
  }

  test('is completed only when it was given, and changed in time, nonce and extra data alone', async () => {
    const node = makeNode()
    await node.generate(3)
    const work = node.work.current
    expect(node.submit(solved(work.header))).toBe(false)
    node.work.remember(work)
    for (const [offset, name] of [
      [0, 'version'],
      [100, 'vote bits'],
      [132, 'size'],
      [176, 'stake version'],
    ] as const)
      expect(
        node.submit(solved(work.header, (view) => view.setUint8(offset, view.getUint8(offset) ^ 1))),
        name,
      ).toBe(false)
    expect(
      node.submit(
        solved(work.header, (view) => {
          view.setUint32(TIMESTAMP_OFFSET, NOON / 1000 + 60, true)
          for (let offset = 144; offset < 176; offset++) view.setUint8(offset, offset)
        }),
      ),
    ).toBe(true)
  })

  test('is remembered for three blocks above it', async () => {
    const node = makeNode()
    await node.generate(3)
    const work = node.work.current
    node.work.remember(work)
    await node.generate(4)
    node.work.forgetOld()
    expect(node.work.isRemembered(work)).toBe(true)
    await node.generate(1)
    node.work.forgetOld()
    expect(node.work.isRemembered(work)).toBe(false)
  })

  test('comes last after every change of the tip, and not for a block beside it', async () => {
    const node = makeNode()
    await node.generate(3)
    const work = node.work.current
    node.work.remember(work)
    const events = told(node)
    expect(node.submit(solved(work.header))).toBe(true)
    expect(node.submit(solved(work.header, (view) => view.setUint32(144, 9, true)))).toBe(true)
    expect(events).toEqual(['connected 4', 'newparent 5'])
    await node.reorganize(2)
    expect(events.slice(2)).toEqual([
      'disconnected 4',
      'disconnected 3',
      'connected 3',
      'connected 4',
      'connected 5',
      'reorganized 4-5',
      'newparent 6',
    ])
  })

  test('comes anew with more votes or other transactions, and pays for the votes it has', async () => {
    const node = makeNode({ stakeValidationHeight: 3 })
    await node.generate(3)
    const events = told(node)
    node.count({ voters: 3 })
    const few = decodedVoters(node)
    node.count({ voters: 5 })
    node.newTransactions()
    expect(events).toEqual(['newvotes 4', 'newvotes 4', 'newtxns 4'])
    expect([few, decodedVoters(node)]).toEqual([3, 5])
    node.count({ voters: 4 })
    await node.generate(1)
    expect(decodedVoters(node)).toBe(5)
  })

  test('has the time of the clock, but is always later than the median', async () => {
    const node = makeNode()
    await node.generate(12)
    now = NOON + 90_000
    const view = () => new DataView(node.work.headerNow(node.work.current).buffer)
    expect(view().getUint32(TIMESTAMP_OFFSET, true)).toBe(NOON / 1000 + 90)
    now = NOON - 90_000
    expect(view().getUint32(TIMESTAMP_OFFSET, true)).toBe(node.chain.medianTime(node.chain.tip) + 1)
  })

  const decodedVoters = (node: DevnetNode): number =>
    new DataView(node.work.current.header.slice(0, HEADER_BYTES).buffer).getUint16(108, true)
})

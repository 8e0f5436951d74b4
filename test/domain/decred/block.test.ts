import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { type Block, decodeBlock, encodeBlock, workReward } from '../../../domain/decred/block.ts'
import { blockHash } from '../../../domain/decred/header.ts'
import { displayHash, toHex } from '../../../domain/decred/hex.ts'
import { combinedRoot, transactionsRoot } from '../../../domain/decred/merkle.ts'
import { transactionId } from '../../../domain/decred/transaction.ts'
import * as arbitrary from './arbitraries.ts'
import { answer, bytes, vectors } from './vectors.ts'

const decode = (raw: Uint8Array): Block => {
  const decoded = decodeBlock(raw)
  if (E.isLeft(decoded)) throw new Error(decoded.left.message)
  return decoded.right
}

interface Known {
  rawBlock: string
  hash: string
  merkleRoot: string
  coinbase: { txid: string; outputs: { atoms: number }[]; powOutputIndex: number }
}
const mainnet2 = vectors<Known>('mainnet-block-2')

describe('mainnet block 2', () => {
  const block = decode(bytes(mainnet2.rawBlock))

  test('holds one coinbase', () => {
    expect(block.transactions.map(transactionId)).toEqual([mainnet2.coinbase.txid])
    expect(block.stakeTransactions).toEqual([])
    expect(block.header.height).toBe(2)
  })

  test('commits to it as blocks did before DCP0005', () => {
    expect(displayHash(transactionsRoot(block.transactions))).toBe(mainnet2.merkleRoot)
    expect(block.header.merkleRoot).toBe(mainnet2.merkleRoot)
    expect(displayHash(transactionsRoot(block.stakeTransactions))).toBe(block.header.stakeRoot)
  })

  test('pays its miner with output 2', () => {
    const { powOutputIndex, outputs, txid } = mainnet2.coinbase
    expect(workReward(block)).toEqual(
      E.right({ transaction: txid, output: 2, atoms: BigInt(outputs[powOutputIndex]?.atoms ?? -1) }),
    )
  })

  test('encodes to what it was', () => expect(toHex(encodeBlock(block))).toBe(mainnet2.rawBlock))
})

describe.each([
  ['blake3', 101, 5_00000000n],
  ['blake256', 3, 50_00000000n],
] as const)('a block that dcrd sends (%s)', (conversation, height, atoms) => {
  const raw = bytes(answer<string>(conversation, 20))
  const block = decode(raw)
  const verbose = answer<{ hash: string; merkleroot: string; tx: string[]; stx: string[] }>(conversation, 18)

  test('is the one that dcrd shows in words', () => {
    expect(blockHash(raw.subarray(0, 180))).toBe(verbose.hash)
    expect(block.transactions.map(transactionId)).toEqual(verbose.tx)
    expect(block.stakeTransactions.map(transactionId)).toEqual(verbose.stx)
    expect(verbose.stx).toHaveLength(1)
  })

  test('commits to both trees', () => {
    expect(displayHash(combinedRoot(block.transactions, block.stakeTransactions))).toBe(verbose.merkleroot)
    expect(block.header.merkleRoot).toBe(verbose.merkleroot)
  })

  test('pays its miner with output 1, the treasury having a transaction of its own', () => {
    expect(block.header.height).toBe(height)
    expect(workReward(block)).toEqual(E.right({ transaction: verbose.tx[0], output: 1, atoms }))
  })
})

interface Genesis {
  net: string
  fullBlockHex: string
  blockHashDisplay: string
}

test.each(vectors<Genesis[]>('genesis'))(
  'genesis of $net decodes and commits to its transaction',
  (genesis) => {
    const raw = bytes(genesis.fullBlockHex)
    const block = decode(raw)
    expect(blockHash(raw.subarray(0, 180))).toBe(genesis.blockHashDisplay)
    // testnet3 was started with the id in place of the full hash, and lives with it.
    const [id] = block.transactions.map(transactionId)
    const root = genesis.net === 'testnet3' ? id : displayHash(transactionsRoot(block.transactions))
    expect(block.header.merkleRoot).toBe(root)
    expect(toHex(encodeBlock(block))).toBe(genesis.fullBlockHex)
    expect(workReward(block)).toEqual(
      E.left({ kind: 'too-early', message: 'Block 0 pays no miner: the chain pays them from block 2 on.' }),
    )
  },
)

describe('a block that pays no miner', () => {
  const good = decode(bytes(mainnet2.rawBlock))
  const kindOf = (block: Block): string => {
    const reward = workReward(block)
    return E.isLeft(reward) ? reward.left.kind : 'rewarded'
  }
  const [coinbase] = good.transactions
  if (coinbase === undefined) throw new Error('no coinbase')

  test('because it is empty', () => {
    expect(kindOf({ ...good, transactions: [] })).toBe('no-coinbase')
  })

  test('because its first transaction spends something', () => {
    const spending = { ...coinbase, inputs: [] }
    expect(kindOf({ ...good, transactions: [spending, coinbase] })).toBe('no-coinbase')
  })

  test('because it is block 1', () => {
    expect(kindOf({ ...good, header: { ...good.header, height: 1 } })).toBe('too-early')
  })

  test('because the output is missing', () => {
    const outputs = coinbase.outputs.slice(0, 2)
    expect(kindOf({ ...good, transactions: [{ ...coinbase, outputs }] })).toBe('no-reward-output')
    expect(kindOf({ ...good, transactions: [{ ...coinbase, version: 3, outputs }] })).toBe('rewarded')
    expect(kindOf({ ...good, transactions: [{ ...coinbase, version: 3, outputs: [] }] })).toBe(
      'no-reward-output',
    )
  })
})

test('any block reads back', () => {
  fc.assert(
    fc.property(arbitrary.block, (block) => {
      expect(decodeBlock(encodeBlock(block))).toEqual(E.right(block))
    }),
  )
})

describe('untrusted bytes', () => {
  const raw = bytes(answer<string>('blake3', 20))
  const kindOf = (input: Uint8Array): string => {
    const decoded = decodeBlock(input)
    return E.isLeft(decoded) ? decoded.left.kind : 'accepted'
  }

  test('every cut of a good block is refused', () => {
    for (let length = 0; length < raw.length; length++)
      expect(kindOf(raw.subarray(0, length)), `length ${length}`).toBe('truncated')
  })

  test('anything behind it is refused', () => {
    expect(kindOf(Uint8Array.of(...raw, 0))).toBe('too-long')
  })

  test('a claim of more transactions than there is room for is refused at once', () => {
    const claim = Uint8Array.of(...raw.subarray(0, 180), 0xfe, 0xff, 0xff, 0xff, 0xff, ...new Uint8Array(100))
    expect(decodeBlock(claim)).toEqual(
      E.left({
        kind: 'truncated',
        message: '4294967295 transactions are said to follow, there is room for 6 (at byte 185 of 285)',
      }),
    )
  })

  test('the first fault is the one that is told', () => {
    const broken = raw.slice()
    broken[183] = 1
    expect(kindOf(broken)).toBe('not-a-full-transaction')
  })

  test('no bytes make the decoder throw, and what it accepts encodes to the same bytes', () => {
    const mutated = fc
      .array(fc.tuple(fc.integer({ min: 180, max: raw.length - 1 }), fc.integer({ min: 0, max: 255 })), {
        maxLength: 4,
      })
      .map((changes) => {
        const copy = raw.slice()
        for (const [at, byte] of changes) copy[at] = byte
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), mutated), (input) => {
        const decoded = decodeBlock(input)
        if (E.isRight(decoded)) expect(encodeBlock(decoded.right)).toEqual(input)
      }),
      { numRuns: 2000 },
    )
  })
})

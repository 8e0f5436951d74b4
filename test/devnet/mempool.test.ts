import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { beforeEach, describe, expect, test } from 'vitest'
import { workReward } from '../../domain/decred/block.ts'
import { workSubsidy } from '../../domain/decred/subsidy.ts'
import { type Input, type Transaction, transactionId } from '../../domain/decred/transaction.ts'
import type { ChainBlock } from '../../src/devnet/block-tree.ts'
import { Chain, decoded } from '../../src/devnet/chain.ts'
import { type Coin, Coins, coinKey } from '../../src/devnet/coins.ts'
import { DEMO_SEED } from '../../src/devnet/demo-key.ts'
import { DevnetNode } from '../../src/devnet/node.ts'
import { chainParameters } from '../../src/devnet/parameters.ts'
import { payToKeyHash } from '../../src/devnet/signature.ts'
import { isDust } from '../../src/devnet/spending.ts'
import { Keys } from '../../src/devnet/wallet/keys.ts'
import { DevnetWallet } from '../../src/devnet/wallet/wallet.ts'

const keys = new Keys(DEMO_SEED)
const own = payToKeyHash(keys.at({ account: 0, branch: 'external', index: 0 }).hash)
const stranger = payToKeyHash(new Uint8Array(20).fill(7))

let node: DevnetNode
let wallet: DevnetWallet
beforeEach(async () => {
  let seed = 0
  const clock = () => 1_800_000_000_000
  const random = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => (seed++ * 31 + i) & 0xff)
  const parameters = chainParameters({ startDifficulty: 1, retarget: false, coinbaseMaturity: 4 })
  node = new DevnetNode({ chain: new Chain({ parameters, clock, file: undefined }), script: own, random })
  const setting = { node, keys, accounts: ['default'], passphrase: '123', file: undefined, clock, random }
  wallet = new DevnetWallet(setting)
  await node.generate(12)
})

/** The wallet's oldest coins that may be spent in the next block. */
const coins = (): readonly Coin[] => wallet.spendable(0, 0).map(({ coin }) => coin)

/** Spends coins to a stranger, with everything over `fee` atoms; signed. */
function spending(spent: readonly Coin[], fee = 10_000n, change: Partial<Transaction> = {}): Transaction {
  const total = spent.reduce((sum, { atoms }) => sum + atoms, 0n)
  return signed({
    version: 1,
    inputs: spent.map(
      ({ transaction, output, tree, atoms }): Input => ({
        previous: { transaction, output, tree },
        sequence: 0xffff_ffff,
        atoms,
        blockHeight: 0,
        blockIndex: 0xffff_ffff,
        signatureScript: new Uint8Array(0),
      }),
    ),
    outputs: [{ atoms: total - fee, scriptVersion: 0, script: stranger }],
    lockTime: 0,
    expiry: 0,
    ...change,
  })
}

function signed(transaction: Transaction): Transaction {
  const result = wallet.sign(transaction, true)
  if (E.isLeft(result)) throw new Error(`${JSON.stringify(result.left)} is not the wallet's`)
  return result.right.transaction
}

const publish = (transaction: Transaction): string => {
  const outcome = node.publish(transaction)
  return E.isLeft(outcome) ? outcome.left.kind : 'accepted'
}

const waiting = (): readonly string[] => node.mempool.waiting.map(({ id }) => id)
const paymentsOf = (block: ChainBlock): readonly string[] =>
  decoded(block).transactions.slice(1).map(transactionId)
const rewardOf = (block: ChainBlock): bigint => {
  const reward = workReward(decoded(block))
  if (E.isLeft(reward)) throw new Error(reward.left.message)
  return reward.right.atoms
}
const subsidy = (height: number, voters: number): bigint =>
  workSubsidy(node.chain.parameters.network, height, voters, 'dcp0012')

test('a payment is in the next block, its inputs are said where they come from, and its fee goes to the miner', async () => {
  const payment = spending(coins().slice(0, 1))
  expect(publish(payment)).toBe('accepted')
  expect(node.work.current.reason).toBe('newtxns')
  await node.generate(1)
  const { tip } = node.chain
  expect(paymentsOf(tip)).toEqual([transactionId(payment)])
  expect(waiting()).toEqual([])
  expect(rewardOf(tip)).toBe(subsidy(tip.height, 5) + 10_000n)
  const spent = payment.inputs[0]?.previous.transaction ?? ''
  expect(decoded(tip).transactions[1]?.inputs[0]).toMatchObject({
    blockHeight: node.chain.transaction(spent)?.block.height,
    blockIndex: 0,
  })
})

test('missing votes lessen the fee as they lessen the subsidy', async () => {
  publish(spending(coins().slice(0, 1)))
  node.count({ voters: 3 })
  await node.generate(1)
  expect(rewardOf(node.chain.tip)).toBe(subsidy(node.chain.tip.height, 3) + 6_000n)
})

describe('what is not taken', () => {
  const one = () => coins().slice(0, 1)

  test.each<[kind: string, make: () => Transaction]>([
    ['empty', () => spending([], 0n, { outputs: [{ atoms: 1n, scriptVersion: 0, script: own }] })],
    ['empty', () => spending(one(), 0n, { outputs: [] })],
    ['coinbase', () => ({ ...(decoded(node.chain.tip).transactions[0] ?? spending([])), expiry: 99 })],
    ['impossible-amount', () => spending(one(), 10_000_000_000_000_000n)],
    ['double-spend', () => spending([...one(), ...one()])],
    ['dust', () => spending(one(), (one()[0]?.atoms ?? 0n) - 6_029n)],
    ['spends-too-much', () => spending(one(), -1n)],
    ['fee-too-low', () => spending(one(), 2_000n)],
    ['fee-too-high', () => spending(one(), 100_000_000n)],
    ['bad-signature', () => ({ ...spending(one()), expiry: 99 })],
    ['bad-signature', () => unsignedOf(spending(one()))],
  ])('%s', (kind, make) => {
    expect(publish(make())).toBe(kind)
    expect(waiting()).toEqual([])
  })

  const unsignedOf = (transaction: Transaction): Transaction => ({
    ...transaction,
    inputs: transaction.inputs.map((input) => ({ ...input, signatureScript: new Uint8Array(0) })),
  })

  test('what spends nothing that is there', () => {
    const payment = spending(one())
    const [input] = payment.inputs
    const previous = { transaction: 'ab'.repeat(32), output: 0, tree: 0 }
    expect(publish({ ...payment, inputs: input ? [{ ...input, previous }] : [] })).toBe('missing')
    const stake = input && { ...input, previous: { ...input.previous, tree: 1 } }
    expect(publish({ ...payment, inputs: stake ? [stake] : [] })).toBe('missing')
  })

  test('the same again, before and after it is in a block', async () => {
    const payment = spending(one())
    expect([publish(payment), publish(payment)]).toEqual(['accepted', 'duplicate'])
    await node.generate(1)
    expect(publish(payment)).toBe('duplicate')
  })

  test('another one that spends the same', async () => {
    const [coin] = one()
    const payments = [10_000n, 20_000n].map((fee) => spending(coin ? [coin] : [], fee))
    expect(payments.map(publish)).toEqual(['accepted', 'double-spend'])
    await node.generate(1)
    expect(payments.map(publish)).toEqual(['duplicate', 'missing'])
  })

  test('a transaction of more than 100 000 bytes', () => {
    const outputs = Array.from({ length: 2_800 }, () => ({ atoms: 10_000n, scriptVersion: 0, script: own }))
    expect(publish(spending(one(), 0n, { outputs }))).toBe('too-large')
  })
})

test('an ordinary output of 6030 atoms is no dust', () => {
  const worth = (atoms: bigint) => isDust({ atoms, scriptVersion: 0, script: own })
  expect([worth(6_029n), worth(6_030n)]).toEqual([true, false])
})

test('a coinbase may be spent in the block that is as many above it as its maturity', async () => {
  const at = (height: number): Coin => {
    const found = [...node.chain.coins.all()].find((coin) => coin.coinbase && coin.place?.height === height)
    if (found === undefined) throw new Error(`no coinbase at ${height}`)
    return found
  }
  const { height } = node.chain.tip
  expect(publish(spending([at(height - 2)]))).toBe('immature')
  expect(publish(spending([at(height - 3)]))).toBe('accepted')
})

test('a chain of payments waits, and is mined in its order', async () => {
  const first = spending(coins().slice(0, 1), 10_000n, {})
  const back = signed({
    ...first,
    outputs: first.outputs.map((output) => ({ ...output, script: own })),
  })
  expect(publish(back)).toBe('accepted')
  const change = coins().filter(({ transaction }) => transaction === transactionId(back))
  const second = spending(change)
  expect(publish(second)).toBe('accepted')
  await node.generate(1)
  expect(paymentsOf(node.chain.tip)).toEqual([back, second].map(transactionId))
})

describe('when the chain changes its mind', () => {
  test('what a lost block had waits again', async () => {
    const payment = spending(coins().slice(0, 1))
    publish(payment)
    await node.generate(1)
    const lost = node.chain.tip
    node.invalidate(lost)
    expect(waiting()).toEqual([transactionId(payment)])
    await node.generate(1)
    expect(paymentsOf(node.chain.tip)).toEqual([transactionId(payment)])
    node.reconsider(lost)
    await node.reorganize(1)
    await node.generate(1)
    expect(node.chain.isConfirmed(transactionId(payment))).toBe(true)
  })

  test('what spent a coinbase that is gone is gone too, and what followed from it', async () => {
    const recent = coins().at(-1)
    const payment = signed({
      ...spending(recent ? [recent] : []),
      outputs: [{ atoms: (recent?.atoms ?? 0n) - 10_000n, scriptVersion: 0, script: own }],
    })
    publish(payment)
    publish(spending(coins().filter(({ transaction }) => transaction === transactionId(payment))))
    expect(waiting()).toHaveLength(2)
    await node.reorganize(1 + node.chain.tip.height - (recent?.place?.height ?? 0))
    expect(waiting()).toEqual([])
  })

  test('what a disapproved block had waits again, and counts nowhere until then', async () => {
    const payment = spending(coins().slice(0, 1))
    const id = transactionId(payment)
    publish(payment)
    await node.generate(1)
    const before = node.chain.tip
    node.count({ approves: false })
    await node.generate(1)
    expect(node.chain.isApproved(before)).toBe(false)
    expect([node.chain.isConfirmed(id), waiting()]).toEqual([false, [id]])
    await node.generate(1)
    expect([node.chain.isConfirmed(id), waiting()]).toEqual([true, []])
    expect(node.chain.transaction(id)?.block).toBe(node.chain.tip)
    // Once the disapproval is gone, it counts where it was first.
    node.invalidate(node.chain.at(before.height + 1) ?? before)
    expect(node.chain.transaction(id)?.block).toBe(before)
    expect([node.chain.isConfirmed(id), waiting()]).toEqual([true, []])
  })

  test('a disapproving block has no payments: its own parent may have them', async () => {
    await node.generate(1)
    publish(spending(coins().slice(0, 1)))
    node.count({ approves: false })
    await node.generate(1)
    expect(paymentsOf(node.chain.tip)).toEqual([])
    expect(waiting()).toHaveLength(1)
  })
})

test('a transaction may be replaced from elsewhere, or forgotten', async () => {
  const [coin] = coins()
  const [mine, theirs] = [10_000n, 20_000n].map((fee) => spending(coin ? [coin] : [], fee))
  if (mine === undefined || theirs === undefined) throw new Error('nothing to spend')
  publish(mine)
  expect(node.replace(theirs)).toEqual(E.right(transactionId(theirs)))
  expect(waiting()).toEqual([transactionId(theirs)])
  node.forgetTransactions()
  expect(waiting()).toEqual([])
  await node.generate(1)
  expect(paymentsOf(node.chain.tip)).toEqual([])
})

/** What can be spent, from the blocks of the main chain alone. */
function counted(): ReadonlySet<string> {
  const afresh = new Coins()
  for (let height = 1; height <= node.chain.tip.height; height++) {
    const block = node.chain.at(height)
    if (block !== undefined) afresh.connect(block, decoded(block))
  }
  return new Set([...afresh.all()].map(coinKey))
}

test('however it came about, what can be spent is what the main chain says', async () => {
  const steps: Record<string, () => unknown> = {
    mine: () => node.generate(1),
    pay: () => publish(spending(coins().slice(0, 2))),
    disapprove: () => node.count({ approves: false }),
    reorganize: () => node.reorganize(2),
    invalidate: () => node.chain.tip.height > 6 && node.invalidate(node.chain.tip),
  }
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 12 }), async (names) => {
      for (const name of names) await steps[name]?.()
      expect(new Set([...node.chain.coins.all()].map(coinKey))).toEqual(counted())
      for (const { transaction } of node.mempool.waiting)
        for (const { previous } of transaction.inputs)
          expect(node.mempool.spenderOf(previous)).toBe(transactionId(transaction))
    }),
    { numRuns: 25 },
  )
})

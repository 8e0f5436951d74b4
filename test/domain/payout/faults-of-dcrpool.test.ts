import { describe, expect, test } from 'vitest'
import { accountId, encodeAddress } from '../../../domain/decred/address.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { networks } from '../../../domain/decred/network.ts'
import { transactionId } from '../../../domain/decred/transaction.ts'
import { nextPayoutStep, payoutRecord } from '../../../domain/payout/next-step.ts'
import { planPayouts } from '../../../domain/payout/plan.ts'
import { transactionFee } from '../../../domain/payout/size.ts'
import { unsignedTransaction } from '../../../domain/payout/transaction.ts'
import { allocate } from '../../../domain/reward/allocation.ts'
import { CHUNK_SHARES } from '../../../domain/reward/share-chunk.ts'
import { ShareWindow } from '../../../domain/reward/share-window.ts'
import { windowLimit } from '../../../domain/reward/window-limit.ts'
import { CHANGE_ADDRESS, FEE_ADDRESSES, miner, network, TestPool } from '../bookkeeping/test-pool.ts'
import { vectors } from '../decred/vectors.ts'
import { bitsOf, newest, sumsOf, windowOf } from '../reward/windows.ts'

/**
 * How dcrpool loses its miners' money, each once, and what happens here instead. Sources: reference on Decred mining, sections 5 and
 * 11, from dcrpool's own code; its issues 205, 420, 425, 433 and 444.
 */

const REWARD = 100_000_000n

interface PaymentsSplit {
  readonly coinbaseAtoms: number
  readonly cases: readonly {
    readonly name: string
    readonly payments: Readonly<Record<string, number>>
    readonly leftoverAtoms?: number
  }[]
}

describe('forfeited dust', () => {
  const { coinbaseAtoms, cases } = vectors<PaymentsSplit>('payments-split')
  const shared = (weights: Readonly<Record<string, bigint>>) => {
    const accounts = Object.entries(weights).map(([account, units]) => ({ account, units }))
    const at = { stream: 's', revision: 0, index: 0 }
    const units = accounts.reduce((sum, each) => sum + each.units, 0n)
    const window = { from: at, to: at, shares: 2, units, accounts }
    return allocate({ kind: 'prop' }, toAtoms(BigInt(coinbaseAtoms)), 50_000, window)
  }

  test('where nothing is dust, dcrpool`s own figures', () => {
    const equal = cases.find(({ name }) => name === 'equal weights')
    const allocation = shared({ x: 1n, y: 1n })
    expect(allocation?.credits.map(({ atoms }) => Number(atoms))).toEqual([
      equal?.payments['x'],
      equal?.payments['y'],
    ])
    expect(Number(allocation?.fee)).toBe(equal?.payments['fees'])
  })

  test('79 atoms are 79 atoms: not the pool`s, and not nobody`s', () => {
    const dust = cases.find(({ name }) => name === 'dust')
    const allocation = shared({ x: 1n, y: 100_000n })
    expect(dust?.payments['x']).toBeUndefined()
    expect(allocation?.credits[0]?.atoms).toBe(80n)
    expect(Number(allocation?.fee)).toBeLessThan(dust?.payments['fees'] ?? 0)
    expect(Number(allocation?.credits[1]?.atoms)).toBe(dust?.payments['y'])
  })

  test('small balances are carried forward until they can be paid, for ever if need be', () => {
    const pool = new TestPool()
    for (let n = 0; n < 120; n++) {
      pool.block(n, 5_254_973n, 'matured')
      pool.allocate(n, { a: 1n, b: 500n })
    }
    expect(pool.of('a', 'available')).toBe(120n * 10_384n)
    const [payout = -1] = pool.plan()
    pool.step(payout, 'sign', 'publish', 'confirm')
    expect(pool.plans.get(payout)?.outputs.map(({ account }) => account)).toContain(miner('a'))
    expect(pool.of('a', 'available')).toBe(0n)
  })
})

describe('wedged by one bad account', () => {
  test('an address of another kind, of another network, or refused by the wallet: the others are paid, it keeps its balance', () => {
    const pool = new TestPool()
    const schnorr = encodeAddress('public-key-hash-schnorr', new Uint8Array(20), network)
    const foreign = encodeAddress('public-key-hash-ecdsa', new Uint8Array(20), networks.mainnet)
    pool.addresses = new Map([...pool.addresses, [miner('b'), schnorr], [miner('c'), foreign]])
    pool.refused = new Set([pool.addresses.get(miner('d')) ?? ''])
    pool.block(1, REWARD, 'matured')
    pool.allocate(1, { a: 1n, b: 1n, c: 1n, d: 1n })
    const [payout = -1, ...more] = pool.plan()
    expect(more).toEqual([])
    pool.step(payout, 'sign', 'publish', 'confirm')
    expect(pool.plans.get(payout)?.outputs.map(({ account }) => account)).toEqual([miner('a')])
    for (const name of ['b', 'c', 'd']) expect(pool.of(name, 'available')).toBe(24_750_000n)
    expect(pool.waiting.map(({ why }) => why).sort()).toEqual([
      'other-address',
      'other-address',
      'refused-by-wallet',
    ])
  })

  test('it is paid as soon as it can be', () => {
    const pool = new TestPool()
    const addresses = pool.addresses
    pool.addresses = new Map()
    pool.block(1, REWARD, 'matured')
    pool.allocate(1, { a: 1n })
    for (const payout of pool.plan()) pool.step(payout, 'sign', 'publish', 'confirm')
    expect(pool.of('a', 'available')).toBe(99_000_000n)
    pool.addresses = addresses
    pool.block(2, REWARD, 'matured')
    pool.allocate(2, { a: 1n })
    pool.plan()
    expect(pool.of('a', 'available')).toBe(0n)
  })
})

test('wedged by a disapproved block: it pays nobody, the next one is paid out', () => {
  const pool = new TestPool()
  pool.block(1, REWARD, 'approved')
  pool.block(2, REWARD, 'approved')
  const lost = pool.allocate(1, { a: 1n })
  pool.allocate(2, { a: 1n, b: 1n })
  pool.disapprove(1)
  pool.reverse(1, lost, 'disapproved')
  pool.mature(2, REWARD)
  const [payout = -1] = pool.plan()
  pool.step(payout, 'sign', 'publish', 'confirm')
  expect(pool.balance('chain:paid') + pool.balance('chain:fees')).toBe(REWARD)
  expect(pool.plans.get(payout)?.outputs.map(({ deducted }) => deducted)).toEqual([49_500_000n, 49_500_000n])
})

describe('shares pruned before payment', () => {
  const bits = bitsOf(networks.mainnet, 10 ** 6)

  test('what a find that is not decided yet may need is kept, however many shares come after it', () => {
    const window = new ShareWindow(networks.mainnet, true)
    const grow = (from: number): void => {
      for (let event = from; event < from + 3 * 128; event++)
        window.append({
          stream: 'shares-0-0',
          revision: event,
          atMs: event,
          account: new Array<string>(512).fill('a'),
          bits: new Array<number>(512).fill(bits),
          difficulty: new Array<number>(512).fill(100),
        })
    }
    grow(0)
    const find = newest(window)
    const limit = windowLimit({ kind: 'pplns', windowPpm: 2_000_000 }, 0, null, null)
    if (limit === undefined) throw new Error('no window')
    const before = sumsOf(window, find, limit)
    grow(1_000)
    window.trim(find, limit)
    expect(window.shares).toBeLessThan(6 * CHUNK_SHARES)
    expect(sumsOf(window, find, limit)).toEqual(before)
  })

  test('a round of prop goes on where a block was lost: its shares are not gone with it', () => {
    const window = windowOf(networks.mainnet, [
      { account: 'a', difficulty: 100, bits, event: 1 },
      { account: 'b', difficulty: 100, bits, event: 2 },
    ])
    // The block of event 1 was orphaned: nothing is allocated for it, so it is not the find before.
    const limit = windowLimit({ kind: 'prop' }, 2, null, null)
    if (limit === undefined) throw new Error('no window')
    expect(sumsOf(window, newest(window), limit).accounts.map(({ account }) => account)).toEqual(['a', 'b'])
  })
})

describe('double payment after a crash', () => {
  test('between publishing and recording: the same transaction goes out again', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.allocate(1, { a: 1n })
    const [payout = -1] = pool.plan()
    const plan = pool.plans.get(payout)
    if (plan === undefined) throw new Error('no plan')
    const transaction = transactionId(unsignedTransaction(network, plan))
    const signed = { type: 'PayoutSigned', data: { v: 1, at: 2, transaction, bytes: '00' } } as const
    pool.payoutEvent(payout, signed)
    // Here it is published, and the process dies.
    const record = payoutRecord([pool.planned(plan), signed])
    if (record === undefined) throw new Error('no record')
    const unseen = { transaction: { kind: 'unknown' }, conflict: null, missing: null } as const
    expect(nextPayoutStep(record, unseen, 2, 3)).toEqual({ kind: 'publish' })
    expect(record.transaction).toBe(transaction)
  })

  test('what is planned can not be planned again, by nobody: its money is in the payout, its coins are taken', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    pool.block(2, REWARD, 'matured')
    pool.allocate(1, { a: 1n })
    const [payout = -1] = pool.plan()
    const plan = pool.plans.get(payout)
    if (plan === undefined) throw new Error('no plan')
    expect(pool.plan()).toEqual([])
    expect(pool.payoutEvent(1, pool.planned(plan))).toMatchObject({ left: { kind: 'funded-twice' } })
    const others = plan.funding.map((coin) => ({ ...coin, output: 7 }))
    expect(pool.payoutEvent(1, pool.planned({ ...plan, funding: others }))).toMatchObject({
      left: { kind: 'overdrawn' },
    })
    pool.step(payout, 'sign', 'publish', 'confirm')
    expect(pool.payoutEvent(1, pool.planned(plan))).toMatchObject({ left: { kind: 'funded-twice' } })
  })

  test('a transaction that nobody sees is published again, never replaced', () => {
    const record = { phase: 'published', mode: 'automatic', transaction: 'aa', bytes: '00' } as const
    const unseen = { transaction: { kind: 'unknown' }, conflict: null, missing: null } as const
    expect(nextPayoutStep(record, unseen, 2, 1)).toEqual({ kind: 'publish' })
  })

  test('a reorganisation after the payout does not pay anybody again', () => {
    const pool = new TestPool()
    pool.block(1, REWARD, 'matured')
    const settlement = pool.allocate(1, { a: 1n })
    const [payout = -1] = pool.plan()
    pool.step(payout, 'sign', 'publish', 'confirm')
    const paid = pool.balance('chain:paid')
    pool.disconnect(1)
    pool.reverse(1, settlement)
    pool.connect(1, REWARD)
    pool.approve(1)
    pool.allocate(1, { a: 1n })
    pool.mature(1, REWARD)
    expect(pool.balance('pool:reserve')).toBe(0n)
    expect(pool.balance('chain:paid')).toBe(paid)
    expect(pool.of('a', 'available')).toBe(0n)
  })
})

test('window taken at confirmation: what comes after the find changes nothing, however late it is asked', () => {
  const bits = bitsOf(networks.mainnet, 1_000)
  const shares = ['a', 'b', 'a', 'c'].map((account, event) => ({ account, difficulty: 100, bits, event }))
  const window = windowOf(networks.mainnet, shares)
  const find = newest(window)
  for (const scheme of [
    { kind: 'pplns', windowPpm: 250_000 },
    { kind: 'pplns-time', periodMs: 2_000 },
    { kind: 'prop' },
  ] as const) {
    const limit = windowLimit(scheme, 3_000, null, null)
    if (limit === undefined) throw new Error('no window')
    const atFind = sumsOf(window, find, limit)
    const later = windowOf(networks.mainnet, [
      ...shares,
      ...Array.from({ length: 50 }, (_, i) => ({ account: 'late', difficulty: 900, bits, event: 10 + i })),
    ])
    expect(sumsOf(later, find, limit)).toEqual(atFind)
  }
})

test('weight not proportional to difficulty: three times the work is three times the pay, whatever machine says it did it', () => {
  const bits = bitsOf(networks.mainnet, 10 ** 9)
  const shares = Array.from({ length: 60 }, (_, event) => ({
    account: event % 2 === 0 ? 'cpu' : 'asic',
    difficulty: event % 2 === 0 ? 1_000 : 3_000,
    bits,
    event,
  }))
  const window = windowOf(networks.mainnet, shares)
  const limit = windowLimit({ kind: 'prop' }, 0, null, null)
  if (limit === undefined) throw new Error('no window')
  const allocation = allocate({ kind: 'prop' }, toAtoms(4_000_000n), 0, sumsOf(window, newest(window), limit))
  expect(allocation?.credits.map(({ account, atoms }) => [account, atoms])).toEqual([
    ['asic', 3_000_000n],
    ['cpu', 1_000_000n],
  ])
})

describe('fee transfer mixed with miners` money', () => {
  test('a miner who mines to the pool`s fee address bears his part of the fee, the pool`s output none', () => {
    const pool = new TestPool()
    const [feeAddress = ''] = FEE_ADDRESSES
    const self = accountId(feeAddress)
    const { plans } = planPayouts({
      network,
      claims: [{ account: self, address: feeAddress, scriptBytes: 25, atoms: toAtoms(2_000_000n) }],
      bearer: 'miners',
      minimum: pool.minimum,
      poolFees: toAtoms(3_000_000n),
      feeAddress,
      unspent: [{ transaction: 'ab'.repeat(32), output: 1, tree: 0, atoms: toAtoms(9_000_000n) }],
      changeAddress: CHANGE_ADDRESS,
    })
    expect(plans).toMatchObject([
      {
        outputs: [{ address: feeAddress, deducted: 2_000_000n, atoms: 1_997_110n }],
        poolFee: { address: feeAddress, deducted: 3_000_000n, atoms: 3_000_000n },
        fee: 2_890n,
      },
    ])
  })

  test('a payout of fees alone pays the chain`s fee too: nodes pass it on', () => {
    const pool = new TestPool()
    pool.feePpm = 1_000_000
    pool.block(1, REWARD, 'matured')
    pool.allocate(1, { a: 1n })
    const [payout = -1] = pool.plan()
    const plan = pool.plans.get(payout)
    expect(plan?.outputs).toEqual([])
    expect(plan?.fee).toBe(transactionFee(217))
    expect(plan?.poolFee).toMatchObject({ deducted: REWARD, atoms: REWARD - 2_170n })
  })

  test('fee addresses are paid in turn', () => {
    const pool = new TestPool()
    const turns = [0, 1, 2].map((n) => {
      pool.block(n, REWARD, 'matured')
      pool.feePpm = 50_000
      pool.allocate(n, { a: 1n })
      const [payout = -1] = pool.plan()
      pool.step(payout, 'sign', 'publish', 'confirm')
      return pool.plans.get(payout)?.poolFee?.address
    })
    expect(turns).toEqual([FEE_ADDRESSES[0], FEE_ADDRESSES[1], FEE_ADDRESSES[0]])
  })
})

test('the rule of 500 atoms: a thousand accounts and ten blocks leave nothing over', () => {
  const at = { stream: 's', revision: 0, index: 0 }
  const address = (n: number): string =>
    encodeAddress(
      'public-key-hash-ecdsa',
      Uint8Array.from({ length: 20 }, (_, i) => (n >> (8 * (i % 4))) & 255),
      network,
    )
  const addresses = Array.from({ length: 1_000 }, (_, n) => address(n + 1))
  const accounts = addresses
    .map((each, n) => ({ account: accountId(each), units: 1_000_000n + BigInt(n * n) }))
    .sort((a, b) => (a.account < b.account ? -1 : 1))
  const units = accounts.reduce((sum, each) => sum + each.units, 0n)
  const owed = new Map<string, bigint>()
  let fees = 0n
  for (let block = 0; block < 10; block++) {
    const reward = toAtoms(5_000_000_000n + BigInt(block))
    const allocation = allocate({ kind: 'prop' }, reward, 10_000, {
      from: at,
      to: at,
      shares: 1_000,
      units,
      accounts,
    })
    fees += allocation?.fee ?? 0n
    for (const { account, atoms } of allocation?.credits ?? [])
      owed.set(account, (owed.get(account) ?? 0n) + atoms)
  }
  const coinbases = 50_000_000_045n
  expect([...owed.values()].reduce((sum, atoms) => sum + atoms, fees)).toBe(coinbases)
  const byId = new Map(addresses.map((each) => [accountId(each), each]))
  const { plans, waiting } = planPayouts({
    network,
    claims: [...owed]
      .map(([account, atoms]) => ({
        account,
        address: byId.get(account) ?? '',
        scriptBytes: 25,
        atoms: toAtoms(atoms),
      }))
      .sort((a, b) => (a.atoms < b.atoms ? -1 : 1)),
    bearer: 'miners',
    minimum: toAtoms(1_000_000n),
    poolFees: toAtoms(fees),
    feeAddress: FEE_ADDRESSES[0] ?? null,
    unspent: Array.from({ length: 10 }, (_, n) => ({
      transaction: n.toString(16).padStart(64, '0'),
      output: 1,
      tree: 0,
      atoms: toAtoms(5_000_000_000n + BigInt(n)),
    })),
    changeAddress: CHANGE_ADDRESS,
  })
  const paid = plans.flatMap(({ outputs }) => outputs).reduce((sum, { deducted }) => sum + deducted, 0n)
  const waits = waiting.reduce((sum, { atoms }) => sum + atoms, 0n)
  const toPool = plans.reduce((sum, { poolFee }) => sum + (poolFee?.deducted ?? 0n), 0n)
  const change = plans.reduce((sum, plan) => sum + (plan.change?.atoms ?? 0n), 0n)
  expect(paid + waits).toBe(coinbases - fees)
  expect(waits + (fees - toPool)).toBe(change)
})

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../domain/canonical-json.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { networks } from '../../../domain/decred/network.ts'
import { compactToTarget } from '../../../domain/decred/target.ts'
import { decodeEvent } from '../../../domain/events.ts'
import {
  type Accrual,
  ATOM_PARTS,
  accrue,
  creditsDigest,
  OpenWork,
  settleWork,
  shareWorth,
  workSettledEvent,
} from '../../../domain/reward/pay-per-share.ts'
import { BLOCK_UNITS, shareUnits } from '../../../domain/reward/units.ts'
import { bitsOf } from './windows.ts'

const { mainnet } = networks
const SUBSIDY = toAtoms(5_254_973n)
const BITS = bitsOf(mainnet, 1_000_000)

test('a share of a whole block earns the subsidy less the fee', () => {
  expect(shareWorth(BLOCK_UNITS, SUBSIDY, 0) / ATOM_PARTS).toBe(5_254_973n)
  expect(shareWorth(BLOCK_UNITS, SUBSIDY, 20_000) / ATOM_PARTS).toBe(5_149_873n)
  expect(shareWorth(BLOCK_UNITS, SUBSIDY, 1_000_000)).toBe(0n)
})

test('the expectation is the closed form: (1 - f) p B for each share', () => {
  const difficulties = fc.array(fc.integer({ min: 1, max: 500_000 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(difficulties, fc.integer({ min: 0, max: 1_000_000 }), (shares, feePpm) => {
      const accrual: Accrual = new Map()
      for (const difficulty of shares)
        accrue(accrual, 'a', shareWorth(shareUnits(mainnet, BITS, difficulty), SUBSIDY, feePpm))
      // p = T_net / T_share: the chance that a hash which is a share is also a block.
      const chance = Number(compactToTarget(BITS)) / Number(mainnet.powLimit)
      const expected = shares.reduce(
        (sum, difficulty) => sum + (1 - feePpm / 1e6) * chance * difficulty * Number(SUBSIDY),
        0,
      )
      const earned = Number(accrual.get('a') ?? 0n) / Number(ATOM_PARTS)
      expect(Math.abs(earned - expected)).toBeLessThanOrEqual(expected * 1e-9)
    }),
  )
})

describe('settling', () => {
  test('takes the whole atoms and carries the fraction, account by account', () => {
    const accrual: Accrual = new Map()
    accrue(accrual, 'b', ATOM_PARTS / 2n)
    accrue(accrual, 'a', 3n * ATOM_PARTS + 1n)
    expect(settleWork(accrual)).toEqual([{ account: 'a', atoms: 3n }])
    expect(accrual).toEqual(
      new Map([
        ['b', ATOM_PARTS / 2n],
        ['a', 1n],
      ]),
    )
    accrue(accrual, 'b', ATOM_PARTS / 2n)
    expect(settleWork(accrual)).toEqual([{ account: 'b', atoms: 1n }])
    expect(settleWork(accrual)).toEqual([])
  })

  test('whenever and however often, the sum is the same', () => {
    const work = fc.array(
      fc.record({
        account: fc.constantFrom('a', 'b', 'c'),
        difficulty: fc.integer({ min: 1, max: 100_000 }),
        settle: fc.boolean(),
      }),
      { maxLength: 100 },
    )
    fc.assert(
      fc.property(work, (shares) => {
        const often: Accrual = new Map()
        const once: Accrual = new Map()
        const paid = new Map<string, bigint>()
        const pay = (accrual: Accrual): void => {
          for (const { account, atoms } of settleWork(accrual))
            paid.set(account, (paid.get(account) ?? 0n) + atoms)
        }
        for (const { account, difficulty, settle } of shares) {
          const worth = shareWorth(shareUnits(mainnet, BITS, difficulty), SUBSIDY, 15_000)
          accrue(often, account, worth)
          accrue(once, account, worth)
          if (settle) pay(often)
        }
        pay(often)
        const whole = settleWork(once)
        expect(new Map(whole.map(({ account, atoms }) => [account, atoms]))).toEqual(paid)
        expect(often).toEqual(once)
      }),
    )
  })
})

describe('open work', () => {
  const batch = (revision: number, ...shares: readonly (readonly [string, number])[]) => ({
    stream: 'shares-0-0',
    revision,
    atMs: revision,
    account: shares.map(([account]) => account),
    bits: shares.map(() => BITS),
    difficulty: shares.map(([, difficulty]) => difficulty),
  })
  const subsidies = (n: number) => new Array<typeof SUBSIDY>(n).fill(SUBSIDY)

  test('from a new height to the next: what it was, what it earned, what is carried', () => {
    const work = new OpenWork(mainnet, new Map([['c', ATOM_PARTS - 1n]]))
    expect(work.settle()).toBeNull()
    work.add(batch(3, ['a', 500_000], ['b', 250_000]), subsidies(2), 10_000)
    work.add(batch(4), subsidies(0), 10_000)
    work.add(batch(7, ['a', 250_000], ['c', 1]), subsidies(2), 10_000)
    const units = [500_000, 250_000, 250_000, 1].map((difficulty) => shareUnits(mainnet, BITS, difficulty))
    const settled = work.settle()
    expect(settled).toMatchObject({
      from: { stream: 'shares-0-0', revision: 3, index: 0 },
      to: { stream: 'shares-0-0', revision: 7, index: 1 },
      shares: 4,
      units: units.reduce((sum, each) => sum + each, 0n),
      credits: [
        { account: 'a', atoms: 3_901_815n },
        { account: 'b', atoms: 1_300_605n },
        { account: 'c', atoms: 6n },
      ],
    })
    expect(work.settle()).toBeNull()
    for (const parts of work.accrual.values()) expect(parts).toBeLessThan(ATOM_PARTS)
    if (settled === null) throw new Error('nothing settled')
    const recorded = workSettledEvent(9, 2, 800_000, settled)
    expect(recorded).toMatchObject({
      type: 'WorkSettled',
      data: {
        policy: 2,
        height: 800_000,
        accounts: 3,
        atoms: '5202426',
        credits: creditsDigest(settled.credits),
      },
    })
    expect(decodeEvent('WorkSettled', canonicalJson(recorded.data))).toMatchObject({ _tag: 'Right' })
  })

  test('any shares, subsidies and fees: what each share earns by itself', () => {
    const share = fc.record({
      account: fc.constantFrom('a', 'b', 'c'),
      difficulty: fc.integer({ min: 1, max: 900_000 }),
      subsidy: fc.constantFrom(toAtoms(5_254_973n), toAtoms(5_000_000n)),
    })
    const event = fc.record({
      shares: fc.array(share, { minLength: 1, maxLength: 8 }),
      fee: fc.constantFrom(10_000, 999_999),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        const work = new OpenWork(mainnet, new Map())
        const expected = new Map<string, bigint>()
        for (const [i, { shares, fee }] of events.entries()) {
          const made = batch(i, ...shares.map((each) => [each.account, each.difficulty] as const))
          work.add(
            made,
            shares.map((each) => each.subsidy),
            fee,
          )
          for (const [n, { account, difficulty, subsidy }] of shares.entries())
            accrue(
              expected,
              account,
              shareWorth(shareUnits(mainnet, made.bits[n] ?? 0, difficulty), subsidy, fee),
            )
        }
        expect(work.accrual).toEqual(expected)
      }),
    )
  })

  test('a restart that carries on earns the same', () => {
    const shares = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 90_000 })), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(shares, shares, (before, after) => {
        const whole = new OpenWork(mainnet, new Map())
        whole.add(batch(1, ...before), subsidies(before.length), 20_000)
        whole.settle()
        const restarted = new OpenWork(mainnet, new Map(whole.accrual))
        for (const work of [whole, restarted]) work.add(batch(2, ...after), subsidies(after.length), 20_000)
        expect(restarted.settle()).toEqual(whole.settle())
      }),
    )
  })
})

test('the digest is of lines in order of the accounts', () => {
  const credits = [
    { account: 'aa', atoms: toAtoms(12n) },
    { account: 'bb', atoms: toAtoms(7n) },
  ]
  expect(creditsDigest(credits)).toBe(createHash('sha256').update('aa 12\nbb 7\n').digest('hex'))
  expect(creditsDigest([])).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

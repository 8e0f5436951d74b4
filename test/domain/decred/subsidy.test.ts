import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networks } from '../../../domain/decred/network.ts'
import {
  fullSubsidy,
  SubsidySplit,
  treasurySubsidy,
  voteSubsidy,
  workSubsidy,
} from '../../../domain/decred/subsidy.ts'
import { answer, vectors } from './vectors.ts'

const { mainnet, simnet } = networks
const splits = Object.keys(SubsidySplit.keys) as SubsidySplit[]

interface Row {
  height: number
  variant: string
  full: number
  work: number
  votePerVote: number
  treasury: number
}

/** The splits that a row of the vectors speaks of. */
const splitsOf = (variant: string): readonly SubsidySplit[] => {
  if (variant === 'any') return splits
  const split = splits.find((s) => variant.toLowerCase().startsWith(s))
  if (split === undefined) throw new Error(`no split ${variant}`)
  return [split]
}

test.each(vectors<Row[]>('subsidy-mainnet'))('mainnet height $height, $variant', (row) => {
  for (const split of splitsOf(row.variant)) {
    expect(fullSubsidy(mainnet, row.height)).toBe(BigInt(row.full))
    expect(workSubsidy(mainnet, row.height, 0, split)).toBe(BigInt(row.work))
    expect(voteSubsidy(mainnet, row.height, split)).toBe(BigInt(row.votePerVote))
    expect(treasurySubsidy(mainnet, row.height, 0, 'coinbase-output')).toBe(BigInt(row.treasury))
  }
})

describe('where votes are needed', () => {
  test.each([
    [5, 'original', 1871749598n, 311958266n],
    [4, 'original', 1497399678n, 249566612n],
    [3, 'original', 1123049758n, 187174959n],
    [2, 'original', 0n, 0n],
    [0, 'original', 0n, 0n],
    [5, 'dcp0010', 311958266n, 311958266n],
    [4, 'dcp0010', 249566612n, 249566612n],
    [3, 'dcp0010', 187174959n, 187174959n],
    [5, 'dcp0012', 31195826n, 311958266n],
    [4, 'dcp0012', 24956660n, 249566612n],
    [2, 'dcp0012', 0n, 0n],
  ] as const)('mainnet height 4096 with %i votes, %s', (voters, split, work, treasury) => {
    expect(workSubsidy(mainnet, 4096, voters, split)).toBe(work)
    expect(treasurySubsidy(mainnet, 4096, voters, 'coinbase-output')).toBe(treasury)
  })

  test('a treasury with its own transaction is paid in full, or not at all', () => {
    const paid = [0, 2, 3, 4, 5].map((voters) => treasurySubsidy(mainnet, 4096, voters, 'own-transaction'))
    expect(paid).toEqual([0n, 0n, 311958266n, 311958266n, 311958266n])
  })

  test('votes earn from the block before the first that needs them', () => {
    expect([4094, 4095, 4096].map((height) => voteSubsidy(mainnet, height, 'dcp0012'))).toEqual([
      0n,
      555285714n,
      555285714n,
    ])
  })
})

test('mainnet block 432100 paid the subsidy of four votes and its fees', () => {
  const reward = 746182519n
  const subsidy = workSubsidy(mainnet, 432100, 4, 'original')
  expect(reward - subsidy).toBeGreaterThanOrEqual(0n)
  expect(reward - subsidy).toBeLessThan(1_000_000n)
})

interface Subsidy {
  developer: number
  pow: number
}

describe('dcrd’s getblocksubsidy on simnet', () => {
  test.each([
    ['blake3', 25, 102, 'dcp0012'],
    ['blake3', 26, 1_000_000, 'dcp0012'],
    ['blake256', 25, 4, 'dcp0010'],
    ['blake256', 26, 1_000_000, 'dcp0010'],
  ] as const)('%s, request %i: height %i', (conversation, request, height, split) => {
    const said = answer<Subsidy>(conversation, request)
    expect(workSubsidy(simnet, height, 5, split)).toBe(BigInt(said.pow))
    expect(treasurySubsidy(simnet, height, 5, 'own-transaction')).toBe(BigInt(said.developer))
  })
})

test.each([
  ['mainnet', 168000000000000n, 3119582664n, 6144],
  ['testnet3', 10000000000000n, 2500000000n, 2048],
  ['simnet', 30000000000000n, 50000000000n, 128],
  ['regnet', 30000000000000n, 50000000000n, 128],
] as const)(
  '%s hands out its initial coins, then its base, less after an interval',
  (name, one, base, interval) => {
    const network = networks[name]
    expect([-1, 0, 1, 2, interval - 1].map((h) => fullSubsidy(network, h))).toEqual([0n, 0n, one, base, base])
    expect(fullSubsidy(network, interval)).toBe((base * 100n) / 101n)
    expect(fullSubsidy(network, 2 * interval)).toBe((((base * 100n) / 101n) * 100n) / 101n)
  },
)

test('block 1 of simnet pays out the ledger', () => {
  const ledger = vectors<{ atoms: number }[]>('simnet-block-one-ledger')
  const sum = ledger.reduce((total, { atoms }) => total + BigInt(atoms), 0n)
  expect(fullSubsidy(simnet, 1)).toBe(sum)
})

test('the parts never exceed the whole, and nothing grows with height', () => {
  const network = fc.constantFrom(...Object.values(networks))
  const height = fc.oneof(fc.integer({ min: 2, max: 10_000 }), fc.integer({ min: 2, max: 0xffff_ffff }))
  fc.assert(
    fc.property(
      network,
      height,
      fc.integer({ min: 0, max: 5 }),
      fc.constantFrom(...splits),
      (net, h, voters, split) => {
        const whole = fullSubsidy(net, h)
        const parts =
          workSubsidy(net, h, voters, split) +
          5n * voteSubsidy(net, h, split) +
          treasurySubsidy(net, h, voters, 'own-transaction')
        expect(parts <= whole).toBe(true)
        expect(fullSubsidy(net, h + 1) <= whole).toBe(true)
        expect(workSubsidy(net, h, voters, split) <= workSubsidy(net, h, 5, split)).toBe(true)
      },
    ),
  )
})

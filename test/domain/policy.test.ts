import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toAtoms } from '../../domain/decred/amount.ts'
import { networks } from '../../domain/decred/network.ts'
import type { Scheme } from '../../domain/events.ts'
import {
  type AdoptedPolicy,
  changeProblem,
  FEE_ADDRESSES_MAX,
  type Policy,
  policyAt,
  policyProblems,
  schemeSince,
} from '../../domain/policy.ts'
import { allocate } from '../../domain/reward/allocation.ts'
import { windowLimit } from '../../domain/reward/window-limit.ts'
import { bitsOf, newest, sumsOf, windowOf } from './reward/windows.ts'

const { simnet, mainnet } = networks
const SIMNET_ADDRESS = 'SsnbEmxCVXskgTHXvf3rEa17NA39qQuGHwQ'

const policy = (change: Partial<Policy> = {}): Policy => ({
  scheme: { kind: 'pplns', windowPpm: 2_000_000 },
  feePpm: 10_000,
  rounding: 'largest-remainder',
  feeAddresses: [SIMNET_ADDRESS],
  minimumPayout: '1000000',
  feeBearer: 'miners',
  payoutSchedule: { kind: 'blocks', every: 144 },
  payoutMode: 'automatic',
  payoutConfirmations: 2,
  sharesPerMinute: 15,
  lateShareGraceMs: 2_000,
  ...change,
})

const schemes: readonly Scheme[] = [
  { kind: 'pplns', windowPpm: 2_000_000 },
  { kind: 'pplns', windowPpm: 4_000_000 },
  { kind: 'pplns-time', periodMs: 86_400_000 },
  { kind: 'pps', reserve: '0' },
  { kind: 'prop' },
  { kind: 'solo' },
]

describe('what can be adopted', () => {
  test.each<[string, Partial<Policy>, readonly string[]]>([
    ['a good one', {}, []],
    ['no fee, no fee address', { feePpm: 0, feeAddresses: [] }, []],
    ['a fee over 100 %', { feePpm: 1_000_001 }, ['fee-over-whole']],
    ['an amount below dust', { minimumPayout: '6359' }, ['minimum-is-dust']],
    ['the least amount', { minimumPayout: '6360' }, []],
    [
      'a fee address of another network',
      { feeAddresses: ['DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu'] },
      ['fee-address-not-payable'],
    ],
    [
      'a fee address with a typing error',
      { feeAddresses: [SIMNET_ADDRESS, `${SIMNET_ADDRESS}1`] },
      ['fee-address-not-payable'],
    ],
    [
      'too many fee addresses',
      { feeAddresses: new Array<string>(FEE_ADDRESSES_MAX + 1).fill(SIMNET_ADDRESS) },
      ['too-many-fee-addresses'],
    ],
    ['pay per share for nothing', { scheme: { kind: 'pps', reserve: '5' }, feePpm: 0 }, ['ruin-is-certain']],
    [
      'several things at once',
      { feePpm: 2_000_000, minimumPayout: '0' },
      ['fee-over-whole', 'minimum-is-dust'],
    ],
  ])('%s', (_, change, kinds) => {
    const problems = policyProblems(simnet, policy(change))
    expect(problems.map(({ kind }) => kind)).toEqual(kinds)
    for (const { message } of problems) expect(message).toMatch(/^[A-Z0-9].*\.$/)
  })
})

describe('a change of scheme', () => {
  const changed = (from: Scheme, to: Scheme, unpaid: number) =>
    changeProblem(policy({ scheme: from }), policy({ scheme: to }), unpaid)?.kind

  test('in mid-round is refused: shares would lose what they wait for', () => {
    for (const from of schemes)
      for (const to of schemes) {
        const waits = from.kind !== 'pps' && from.kind !== 'solo'
        expect(changed(from, to, 7), `${from.kind} to ${to.kind}`).toBe(
          waits && from !== to ? 'scheme-in-mid-round' : undefined,
        )
      }
  })

  test('between rounds is not, and nothing else is at any time', () => {
    for (const from of schemes) for (const to of schemes) expect(changed(from, to, 0)).toBeUndefined()
    const other = policy({ feePpm: 20_000, minimumPayout: '7000', feeBearer: 'pool', payoutMode: 'manual' })
    expect(changeProblem(policy(), other, 1_000)).toBeUndefined()
    expect(changed({ kind: 'pps', reserve: '1' }, { kind: 'pps', reserve: '2' }, 3)).toBeUndefined()
  })
})

const adopted: fc.Arbitrary<readonly AdoptedPolicy[]> = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 5 }),
      scheme: fc.constantFrom(...schemes),
      feePpm: fc.nat(50_000),
    }),
    {
      maxLength: 8,
    },
  )
  .map((changes) => {
    let position = 0
    return changes.map(({ gap, scheme, feePpm }, revision) => {
      position += gap
      return { position, revision, policy: policy({ scheme, feePpm }) }
    })
  })

describe('in force', () => {
  const first = { position: 3, revision: 1, policy: policy() }
  const second = { position: 9, revision: 4, policy: policy({ feePpm: 20_000 }) }
  const third = { position: 12, revision: 6, policy: policy({ scheme: { kind: 'prop' } }) }
  const all = [first, second, third]

  test.each<[number, AdoptedPolicy | undefined, number | undefined]>([
    [3, undefined, undefined],
    [4, first, 3],
    [9, first, 3],
    [10, second, 3],
    [12, second, 3],
    [13, third, 12],
  ])('at position %i', (position, expected, since) => {
    expect(policyAt(all, position)).toBe(expected)
    expect(schemeSince(all, position)).toBe(since)
  })

  test('changing the policy never changes an earlier allocation', () => {
    const window = windowOf(
      mainnet,
      ['a', 'b', 'c', 'a'].map((account, i) => ({
        account,
        difficulty: 100 + i,
        bits: bitsOf(mainnet, 1_000),
        event: i,
      })),
    )
    const allocatedAt = (history: readonly AdoptedPolicy[], position: number) => {
      const now = policyAt(history, position)?.policy
      if (now === undefined) return undefined
      const limit = windowLimit(now.scheme, 3_000, null, null)
      const sums = limit === undefined ? null : sumsOf(window, newest(window), limit)
      return allocate(now.scheme, toAtoms(5_254_973n), now.feePpm, sums)
    }
    fc.assert(
      fc.property(adopted, fc.nat(40), fc.constantFrom(...schemes), (history, position, scheme) => {
        const end = history.at(-1)?.position ?? 0
        const later = {
          position: Math.max(end, position) + 1,
          revision: 99,
          policy: policy({ scheme, feePpm: 1 }),
        }
        expect(allocatedAt([...history, later], position)).toEqual(allocatedAt(history, position))
        expect(schemeSince([...history, later], position)).toBe(schemeSince(history, position))
      }),
    )
  })
})

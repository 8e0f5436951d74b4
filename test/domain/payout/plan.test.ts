import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LedgerAccount } from '../../../domain/bookkeeping/ledger.ts'
import { canonicalJson } from '../../../domain/canonical-json.ts'
import { accountId, encodeAddress } from '../../../domain/decred/address.ts'
import { toAtoms } from '../../../domain/decred/amount.ts'
import { networks } from '../../../domain/decred/network.ts'
import { encodeTransaction } from '../../../domain/decred/transaction.ts'
import { type Claim, payoutClaims } from '../../../domain/payout/claims.ts'
import type { Unspent } from '../../../domain/payout/funding.ts'
import {
  feeAddressInTurn,
  OUTPUTS_MAX,
  type PayoutNeeds,
  type PayoutPlan,
  planPayouts,
} from '../../../domain/payout/plan.ts'
import { planEvent, planOfEvent } from '../../../domain/payout/plan-event.ts'
import { leastOutput, TRANSACTION_BYTES_MAX } from '../../../domain/payout/size.ts'
import { unsignedTransaction } from '../../../domain/payout/transaction.ts'

const network = networks.mainnet
const address = (n: number): string =>
  encodeAddress(
    'public-key-hash-ecdsa',
    Uint8Array.from({ length: 20 }, (_, i) => (n >> (8 * (i % 4))) & 255),
    network,
  )
const script = (n: number): string => encodeAddress('script-hash', new Uint8Array(20).fill(n), network)
const FEE = address(0xfee)
const CHANGE = address(0xcccc)
const MINIMUM = toAtoms(1_000_000n)

const coin = (n: number, atoms: bigint): Unspent => ({
  transaction: n.toString(16).padStart(64, '0'),
  output: 1,
  tree: 0,
  atoms: toAtoms(atoms),
})

const claim = (where: string, atoms: bigint): Claim => ({
  account: accountId(where),
  address: where,
  scriptBytes: where.startsWith('Dc') ? 23 : 25,
  atoms: toAtoms(atoms),
})

const needs = (change: Partial<PayoutNeeds>): PayoutNeeds => ({
  network,
  claims: [],
  bearer: 'miners',
  minimum: MINIMUM,
  poolFees: toAtoms(0n),
  feeAddress: null,
  unspent: [],
  changeAddress: CHANGE,
  ...change,
})

const sum = (atoms: readonly bigint[]): bigint => atoms.reduce((total, each) => total + each, 0n)

/** What must hold of any run. */
function expectSound(given: PayoutNeeds, plans: readonly PayoutPlan[]): void {
  const spent = plans.flatMap(({ funding }) =>
    funding.map(({ transaction, output }) => `${transaction}:${output}`),
  )
  expect(new Set(spent).size).toBe(spent.length)
  const owed = new Map(given.claims.map(({ account, atoms }) => [account, atoms as bigint]))
  for (const plan of plans) {
    const { outputs, poolFee, fee, change, funding } = plan
    expect(sum(funding.map(({ atoms }) => atoms))).toBe(
      sum(outputs.map(({ atoms }) => atoms)) + (poolFee?.atoms ?? 0n) + (change?.atoms ?? 0n) + fee,
    )
    expect(outputs.length).toBeLessThanOrEqual(OUTPUTS_MAX)
    expect(outputs.length + (poolFee === null ? 0 : 1)).toBeGreaterThan(0)
    for (const each of [...outputs, ...(poolFee ? [poolFee] : []), ...(change ? [change] : [])])
      expect(each.atoms).toBeGreaterThanOrEqual(leastOutput(each.address.startsWith('Dc') ? 23 : 25))
    for (const { account, deducted, atoms } of outputs) {
      owed.set(account, (owed.get(account) ?? 0n) - deducted)
      expect(deducted >= atoms).toBe(true)
      expect(deducted).toBeGreaterThanOrEqual(given.minimum)
    }
    const unsigned = unsignedTransaction(network, plan)
    const signed = {
      ...unsigned,
      inputs: unsigned.inputs.map((input) => ({ ...input, signatureScript: new Uint8Array(108) })),
    }
    const bytes = encodeTransaction(signed).length
    expect(bytes).toBeLessThanOrEqual(TRANSACTION_BYTES_MAX)
    expect(fee).toBe(BigInt(bytes) * 10n)
  }
  for (const left of owed.values()) expect(left).toBeGreaterThanOrEqual(0n)
  const pool = sum(plans.map((plan) => plan.feeFromPoolFee + (plan.poolFee?.deducted ?? 0n)))
  expect(pool).toBeLessThanOrEqual(given.poolFees)
}

describe('scenarios', () => {
  test('two miners, the fee by the size of their payouts', () => {
    const given = needs({
      claims: [claim(address(1), 1_000_000n), claim(address(2), 3_000_000n)],
      unspent: [coin(1, 5_254_973n)],
    })
    const { plans, waiting } = planPayouts(given)
    expectSound(given, plans)
    // 12 + 3 + 166 + 3 * 36 = 289 bytes: 2,890 atoms, a quarter (722.5) and three (2,167.5); the odd atom to the smaller id.
    const odd = accountId(address(1)) < accountId(address(2)) ? 1n : 0n
    expect(plans).toEqual([
      {
        outputs: [
          {
            account: accountId(address(1)),
            address: address(1),
            deducted: 1_000_000n,
            atoms: 999_278n - odd,
          },
          {
            account: accountId(address(2)),
            address: address(2),
            deducted: 3_000_000n,
            atoms: 2_997_832n + odd,
          },
        ],
        poolFee: null,
        bearer: 'miners',
        fee: 2_890n,
        feeFromPoolFee: 0n,
        feeFromReserve: 0n,
        funding: [coin(1, 5_254_973n)],
        change: { address: CHANGE, atoms: 1_254_973n },
      },
    ])
    expect(waiting).toEqual([])
  })

  test('the pool bears the fee: miners get what they have; it takes it from its fees, then from its reserve', () => {
    const claims = [claim(address(1), 1_000_000n)]
    const unspent = [coin(1, 5_000_000n)]
    const rich = needs({ claims, unspent, bearer: 'pool', poolFees: toAtoms(900_000n) })
    expect(planPayouts(rich).plans).toMatchObject([
      {
        outputs: [{ deducted: 1_000_000n, atoms: 1_000_000n }],
        fee: 2_530n,
        feeFromPoolFee: 2_530n,
        feeFromReserve: 0n,
        change: { atoms: 3_997_470n },
      },
    ])
    const poor = needs({ claims, unspent, bearer: 'pool', poolFees: toAtoms(30n) })
    expect(planPayouts(poor).plans).toMatchObject([{ feeFromPoolFee: 30n, feeFromReserve: 2_500n }])
    for (const given of [rich, poor]) expectSound(given, planPayouts(given).plans)
  })

  test('matured fees of the pool are one more output, which bears no fee where miners do', () => {
    const given = needs({
      claims: [claim(address(1), 2_000_000n)],
      unspent: [coin(1, 5_000_000n)],
      poolFees: toAtoms(1_500_000n),
      feeAddress: FEE,
    })
    const { plans } = planPayouts(given)
    expectSound(given, plans)
    expect(plans).toMatchObject([
      {
        poolFee: { address: FEE, deducted: 1_500_000n, atoms: 1_500_000n },
        outputs: [{ deducted: 2_000_000n, atoms: 1_997_110n }],
        fee: 2_890n,
        feeFromPoolFee: 0n,
      },
    ])
  })

  test('and all of it where the pool does, or when it is alone', () => {
    const common = { unspent: [coin(1, 5_000_000n)], poolFees: toAtoms(1_500_000n), feeAddress: FEE }
    const alone = needs(common)
    expect(planPayouts(alone).plans).toMatchObject([
      { outputs: [], bearer: 'pool', poolFee: { deducted: 1_500_000n, atoms: 1_497_470n }, fee: 2_530n },
    ])
    const both = needs({ ...common, bearer: 'pool', claims: [claim(address(1), 2_000_000n)] })
    expect(planPayouts(both).plans).toMatchObject([
      {
        outputs: [{ atoms: 2_000_000n }],
        poolFee: { deducted: 1_500_000n, atoms: 1_497_110n },
        feeFromPoolFee: 0n,
      },
    ])
    for (const given of [alone, both]) expectSound(given, planPayouts(given).plans)
  })

  test('fees below the minimum, or without an address, stay', () => {
    const unspent = [coin(1, 5_000_000n)]
    expect(planPayouts(needs({ unspent, poolFees: toAtoms(999_999n), feeAddress: FEE })).plans).toEqual([])
    expect(planPayouts(needs({ unspent, poolFees: toAtoms(2_000_000n) })).plans).toEqual([])
  })

  test('a wallet that holds exactly what is owed: no change, and its bytes are not paid for', () => {
    const given = needs({
      claims: [claim(address(1), 2_000_000n), claim(address(2), 3_000_000n)],
      unspent: [coin(1, 4_000_000n), coin(2, 1_000_000n)],
    })
    const { plans } = planPayouts(given)
    expectSound(given, plans)
    expect(plans).toMatchObject([{ change: null, fee: 4_190n }])
  })

  test('change that would be dust: the last claim is paid in part', () => {
    const given = needs({
      claims: [claim(address(1), 2_000_000n), claim(address(2), 3_000_000n)],
      unspent: [coin(1, 5_000_100n)],
    })
    const { plans, waiting } = planPayouts(given)
    expectSound(given, plans)
    expect(plans.map(({ outputs }) => outputs.map(({ deducted }) => deducted))).toEqual([[2_000_000n]])
    expect(waiting).toMatchObject([{ account: accountId(address(2)), atoms: 3_000_000n, why: 'no-funds' }])
    const single = needs({ claims: [claim(address(1), 2_000_000n)], unspent: [coin(1, 2_000_100n)] })
    const part = planPayouts(single)
    expectSound(single, part.plans)
    expect(part.plans).toMatchObject([{ outputs: [{ deducted: 1_994_070n }], change: { atoms: 6_030n } }])
    expect(part.waiting).toMatchObject([{ atoms: 5_930n, why: 'below-minimum' }])
  })

  test('too little to spend: the smallest claims are paid, the others wait', () => {
    const given = needs({
      claims: [claim(address(3), 1_000_000n), claim(address(1), 2_000_000n), claim(address(2), 9_000_000n)],
      unspent: [coin(1, 3_500_000n)],
    })
    const { plans, waiting } = planPayouts(given)
    expectSound(given, plans)
    expect(plans.map(({ outputs }) => outputs.map(({ deducted }) => deducted))).toEqual([
      [1_000_000n, 2_000_000n],
    ])
    expect(waiting).toMatchObject([{ account: accountId(address(2)), why: 'no-funds' }])
    expect(planPayouts(needs({ claims: given.claims })).waiting.length).toBe(3)
  })

  test('one miner with more coinbases than a transaction holds is paid in several', () => {
    const unspent = Array.from({ length: 400 }, (_, i) => coin(i + 1, 5_254_973n))
    const given = needs({ claims: [claim(address(1), 400n * 5_254_973n)], unspent })
    const { plans, waiting } = planPayouts(given)
    expectSound(given, plans)
    expect(plans.length).toBe(3)
    expect(plans.map(({ funding }) => funding.length)).toEqual([174, 174, 52])
    const paid = sum(plans.flatMap(({ outputs }) => outputs.map(({ deducted }) => deducted)))
    // What is in the change of the first two is paid next time.
    expect(400n * 5_254_973n - paid).toBe(sum(plans.map(({ change }) => change?.atoms ?? 0n)))
    expect(waiting).toMatchObject([{ why: 'below-minimum' }])
  })

  test('what such a payment leaves below the minimum waits, though there is money for it', () => {
    const unspent = Array.from({ length: 176 }, (_, i) => coin(i + 1, 5_000_000n))
    const given = needs({ claims: [claim(address(1), 174n * 5_000_000n - 1_000n)], unspent })
    const { plans, waiting } = planPayouts(given)
    expectSound(given, plans)
    expect(plans.map(({ outputs }) => outputs.map(({ deducted }) => deducted))).toEqual([[869_993_970n]])
    expect(waiting).toMatchObject([{ atoms: 5_030n, why: 'below-minimum' }])
  })

  test('1000 accounts and ten blocks: two transactions, and their events fit', () => {
    const claims = Array.from({ length: 1_000 }, (_, i) => claim(address(i + 10), 1_000_000n + BigInt(i)))
    const given = needs({
      claims,
      unspent: Array.from({ length: 10 }, (_, i) => coin(i + 1, 120_000_000n)),
      poolFees: toAtoms(12_000_000n),
      feeAddress: FEE,
    })
    const { plans, waiting } = planPayouts(given)
    expectSound(given, plans)
    expect(plans.map(({ outputs }) => outputs.length)).toEqual([500, 500])
    expect(waiting).toEqual([])
    for (const plan of plans) {
      const { data } = planEvent(Number.MAX_SAFE_INTEGER, { policy: 1, mode: 'manual', height: 1 }, plan)
      expect(canonicalJson(data).length).toBeLessThanOrEqual(60_000)
    }
  })

  test('scripts are shorter outputs', () => {
    const given = needs({ claims: [claim(script(1), 1_000_000n)], unspent: [coin(1, 2_000_000n)] })
    const { plans } = planPayouts(given)
    expectSound(given, plans)
    expect(plans).toMatchObject([{ fee: 2_510n }])
  })

  test('what would be dust after the fee waits, and does not hold up the others', () => {
    const given = needs({
      minimum: toAtoms(6_360n),
      claims: [claim(address(1), 6_360n), claim(address(2), 7_000n), claim(address(3), 5_000_000n)],
      unspent: Array.from({ length: 100 }, (_, i) => coin(i + 1, 50_131n)),
    })
    const { plans, waiting } = planPayouts(given)
    expectSound(given, plans)
    expect(waiting.filter(({ why }) => why === 'dust-after-fee').map(({ account }) => account)).toContain(
      accountId(address(1)),
    )
    expect(plans[0]?.outputs.map(({ account }) => account)).toEqual([accountId(address(3))])
  })

  test('a wallet full of dust: nobody is paid, nothing breaks', () => {
    const given = needs({
      minimum: toAtoms(6_360n),
      claims: [claim(address(1), 60_000n)],
      unspent: Array.from({ length: 100 }, (_, i) => coin(i + 1, 700n)),
    })
    expect(planPayouts(given)).toMatchObject({ plans: [], waiting: [{ why: 'dust-after-fee' }] })
  })

  test('a miner at the pool`s own fee address has an output of its own', () => {
    const given = needs({
      claims: [claim(FEE, 2_000_000n)],
      unspent: [coin(1, 5_000_000n)],
      poolFees: toAtoms(1_500_000n),
      feeAddress: FEE,
    })
    const { plans } = planPayouts(given)
    expectSound(given, plans)
    expect(plans).toMatchObject([
      { outputs: [{ address: FEE, atoms: 1_997_110n }], poolFee: { address: FEE, atoms: 1_500_000n } },
    ])
  })
})

test('fee addresses take turns', () => {
  expect([0, 1, 2, 3, 4].map((n) => feeAddressInTurn(['x', 'y', 'z'], n))).toEqual(['x', 'y', 'z', 'x', 'y'])
  expect(feeAddressInTurn([], 3)).toBeNull()
})

describe('any run', () => {
  const run: fc.Arbitrary<PayoutNeeds> = fc
    .record({
      claims: fc.uniqueArray(
        fc.tuple(fc.integer({ min: 1, max: 60 }), fc.bigInt({ min: 6_360n, max: 20_000_000n })),
        {
          selector: ([n]) => n,
          maxLength: 40,
        },
      ),
      bearer: fc.constantFrom('miners', 'pool'),
      minimum: fc.constantFrom(6_360n, 100_000n, 1_000_000n),
      poolFees: fc.bigInt({ min: 0n, max: 5_000_000n }),
      feeAddress: fc.constantFrom(FEE, null),
      unspent: fc.array(fc.bigInt({ min: 1_000n, max: 30_000_000n }), { maxLength: 230 }),
    })
    .map(({ claims, minimum, poolFees, unspent, bearer, feeAddress }) =>
      needs({
        claims: claims
          .filter(([, atoms]) => atoms >= minimum)
          .map(([n, atoms]) => claim(n % 5 === 0 ? script(n) : address(n), atoms))
          .sort((a, b) => (a.atoms < b.atoms ? -1 : 1)),
        bearer,
        minimum: toAtoms(minimum),
        poolFees: toAtoms(poolFees),
        feeAddress,
        unspent: unspent.map((atoms, i) => coin(i + 1, atoms)),
      }),
    )

  test('is sound: every atom accounted for, no dust, no money spent twice, nobody given more than is owed', () => {
    fc.assert(
      fc.property(run, (given) => {
        const { plans, waiting } = planPayouts(given)
        expectSound(given, plans)
        const paid = new Map<string, bigint>()
        for (const { account, deducted } of plans.flatMap(({ outputs }) => outputs))
          paid.set(account, (paid.get(account) ?? 0n) + deducted)
        const waits = new Map(waiting.map(({ account, atoms }) => [account, atoms]))
        for (const { account, atoms } of given.claims)
          expect((paid.get(account) ?? 0n) + (waits.get(account) ?? 0n)).toBe(atoms)
      }),
      { numRuns: 300 },
    )
  })

  test('is the same however the wallet lists its money', () => {
    fc.assert(
      fc.property(run, (given) => {
        expect(planPayouts({ ...given, unspent: [...given.unspent].reverse() })).toEqual(planPayouts(given))
      }),
      { numRuns: 50 },
    )
  })

  test('is recorded and read again as it was', () => {
    fc.assert(
      fc.property(run, (given) => {
        for (const plan of planPayouts(given).plans) {
          const recorded = planEvent(1, { policy: 1, mode: 'automatic', height: 5 }, plan)
          if (recorded.type !== 'PayoutPlanned') throw new Error('not a plan')
          expect(planOfEvent(recorded.data)).toEqual(plan)
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('claims', () => {
  const addresses = new Map(
    [address(1), address(2), address(3), script(4)].map((each) => [accountId(each), each] as const),
  )
  const foreign = encodeAddress('public-key-hash-ecdsa', new Uint8Array(20), networks.testnet3)
  const key = encodeAddress('public-key-hash-schnorr', new Uint8Array(20), network)
  for (const each of [foreign, key, 'no address']) addresses.set(accountId(each), each)
  addresses.set('ff'.repeat(32), address(3))

  test.each<[string, string, bigint, string]>([
    ['below the minimum', accountId(address(1)), 999_999n, 'below-minimum'],
    ['nobody knows whose it is', 'ee'.repeat(32), 2_000_000n, 'no-address'],
    ['another`s address', 'ff'.repeat(32), 2_000_000n, 'other-address'],
    ['of another network', accountId(foreign), 2_000_000n, 'not-payable'],
    ['of a kind that can`t be paid', accountId(key), 2_000_000n, 'not-payable'],
    ['no address at all', accountId('no address'), 2_000_000n, 'not-payable'],
    ['refused by the wallet', accountId(address(3)), 2_000_000n, 'refused-by-wallet'],
  ])('%s: it waits, the others are paid', (_, account, atoms, why) => {
    const { claims, waiting } = payoutClaims(
      new Map<LedgerAccount, bigint>([
        [`miner:${account}:available`, atoms],
        [`miner:${accountId(address(2))}:available`, 5_000_000n],
        [`miner:${accountId(script(4))}:available`, 1_000_000n],
        [`miner:${accountId(address(2))}:immature`, 7_000_000n],
        ['pool:fee:available', 9_000_000n],
      ]),
      { network, minimum: MINIMUM, addressOf: (id) => addresses.get(id), refused: new Set([address(3)]) },
    )
    expect(claims).toEqual([claim(script(4), 1_000_000n), claim(address(2), 5_000_000n)])
    expect(waiting).toEqual([{ account, atoms, why }])
  })
})

import { accountId } from '../../../domain/decred/address.ts'
import { splitExactly } from '../../../domain/reward/split.ts'
import type {
  AllocationPage,
  BooksView,
  CreditView,
  EarningView,
  MinerBalances,
  MinerPayment,
  NextPayout,
  PaymentView,
  PolicyView,
  StatementLineView,
} from '../../../projections/money/views.ts'

/** What the example pool says of its money. `address` and `hash` number the example's addresses and hashes. */
export interface MoneyExample {
  readonly policy: PolicyView
  readonly nextPayout: NextPayout
  readonly balances: MinerBalances
  allocation: Omit<AllocationPage, 'items' | 'next'>
  readonly credits: readonly CreditView[]
  readonly earnings: readonly EarningView[]
  readonly payments: PaymentView[]
  readonly minerPayments: readonly MinerPayment[]
  statement: readonly StatementLineView[]
  readonly books: BooksView
}

export function moneyExample(
  now: number,
  address: (n: number) => string,
  hash: (n: number) => string,
): MoneyExample {
  const policy: PolicyView = {
    ...{ revision: 1, entry: 1, adoptedAt: now - 90 * 86_400_000 },
    scheme: { kind: 'pplns', windowPpm: 2_000_000 },
    ...{ feePpm: 10_000, rounding: 'largest-remainder', feeAddresses: [address(90)] },
    ...{ minimumPayout: '1000000', feeBearer: 'miners', payoutMode: 'automatic' },
    payoutSchedule: { kind: 'blocks', every: 144 },
    ...{ payoutConfirmations: 6, sharesPerMinute: 15, lateShareGraceMs: 5_000 },
  }
  const reference = { stream: 'shares-1-2026092114', revision: 4, index: 3 }
  const shared = {
    ...{ block: hash(3), height: 1_042_217, settlement: 36, entry: 880, at: now - 20_000_000 },
    ...{ state: 'immature' as const, policy: 1 },
  }
  const weights = Array.from({ length: 23 }, (_, n) => ({
    account: accountId(address(n)),
    weight: (10n ** 18n * 37n) / BigInt(n + 2) + BigInt(n * 7919),
  }))
  const units = weights.reduce((sum, { weight }) => sum + weight, 0n)
  const parts = splitExactly(8_388_319n - 83_883n, weights)
  const credits = weights.map(({ account, weight }, n) => ({
    account,
    address: address(n),
    units: String(weight),
    share: Number((weight * 1_000_000n) / units) / 1_000_000,
    atoms: String(parts[n]),
  }))
  const line = (kind: StatementLineView['kind'], amount: number, balance: number): StatementLineView => ({
    ...{ entry: 880, at: now - 20_000_000, kind, payout: null, transaction: null },
    ...{ block: hash(3), immature: String(amount), available: '0', inPayout: '0', chainFee: '0' },
    ...{ amount: String(amount), balance: String(balance) },
  })
  const payments = Array.from({ length: 12 }, (_, n): PaymentView => {
    const isOver = n > 1
    return {
      ...{ number: 11 - n, entry: 800 - n, mode: 'automatic', outputs: 2, policy: 1, height: 1_042_000 },
      ...{ phase: n === 0 ? 'approved' : n === 1 ? 'published' : n === 5 ? 'returned' : 'confirmed' },
      ...{ plannedAt: now - n * 86_400_000, endedAt: isOver ? now - n * 80_000_000 : null },
      ...{ transaction: n === 0 ? null : hash(700 + n), block: isOver && n !== 5 ? hash(800 + n) : null },
      ...{
        why: n === 5 ? 'conflict' : null,
        conflict: n === 5 ? { transaction: hash(1), block: hash(2) } : null,
      },
      ...{ paid: '2999000', fee: '1000', feeBearer: 'miners', feeFromPoolFee: '0', feeFromReserve: '0' },
      ...{ approvedAt: null, signedAt: n === 0 ? null : now, publishedAt: n === 0 ? null : now },
      confirmations: isOver && n !== 5 ? 6 : null,
      items: [0, 1].map((i) => ({
        ...{ account: accountId(address(i)), address: address(i), deducted: '1500000', atoms: '1499500' },
      })),
      ...{ poolOutput: null, change: { address: address(91), atoms: '5000000' } },
      funding: [{ transaction: hash(509), output: 2, atoms: '8000000', block: hash(9) }],
    }
  })
  return {
    policy,
    nextPayout: { atHeight: 1_042_400, at: null, miners: 17, atoms: '412345678' },
    balances: {
      ...{ immature: '16776644', available: '523456', inPayout: '1500000', paid: '98765432' },
      chainFees: '12000',
    },
    allocation: {
      ...shared,
      ...{ reward: '8388319', fee: '83883', reserve: '0', repaid: '0', reversal: null, accounts: 23 },
      window: {
        from: reference,
        to: { ...reference, revision: 900 },
        shares: 812_345,
        units: String(units),
      },
    },
    credits,
    earnings: Array.from({ length: 30 }, (_, n) => ({
      ...shared,
      ...{
        block: hash(3 + n),
        entry: 880 - n,
        units: '12345678901234567890',
        windowUnits: String(2n ** 65n),
      },
      ...{ share: 0.334623, atoms: '2779012', state: n % 9 === 8 ? ('reversed' as const) : shared.state },
    })),
    payments,
    minerPayments: payments.map(({ items: _, ...payment }) => ({
      ...{ number: payment.number, entry: payment.entry, phase: payment.phase, why: payment.why },
      ...{ plannedAt: payment.plannedAt, endedAt: payment.endedAt, block: payment.block },
      ...{ transaction: payment.transaction, address: address(0), deducted: '1500000', atoms: '1499500' },
    })),
    statement: [
      ...[line('reversed', -2_779_012, 0), line('earned', 2_779_012, 2_779_012)],
      ...Array.from({ length: 28 }, () => line('matured', 0, 0)),
    ],
    books: {
      entries: 901,
      liabilities: { immature: '193766440', available: '12345678', inPayout: '5998000' },
      fees: { immature: '2013181', available: '400000', inPayout: '0' },
      ...{ reserve: '-412', coinbases: '9014522887', paid: '8799900000', chainFees: '100000' },
      ruin: null,
      agrees: true,
      checks: [{ name: 'zero-sum', says: 'All is there.', books: '1', expected: '1', holds: true }],
      refused: [],
    },
  }
}

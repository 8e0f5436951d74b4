import * as E from 'fp-ts/lib/Either.js'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Wallet, WalletError } from '../../adapters/wallet/port.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { type ReservesOptions, watchReserves } from '../../src/treasury/reserves.ts'

/** What the wallet and the books say is given; what is compared, and when, is tested. */

const MINUTE = 60_000

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

interface Case {
  readonly total: bigint
  readonly owed: readonly [immature: bigint, available: bigint, inPayout: bigint]
  readonly onTheWay?: bigint
}

function watching(given: Case) {
  const now = { ...given }
  let asked = 0
  let fault: WalletError | null = null
  const faults: string[] = []
  const wallet = {
    balance: () => async () => {
      asked++
      if (fault !== null) return E.left(fault)
      return E.right({
        total: toAtoms(now.total),
        spendable: toAtoms(1n),
        immatureCoinbases: toAtoms(2n),
        unconfirmed: toAtoms(3n),
      })
    },
  } as unknown as Wallet
  const readModels = {
    books: () => {
      const [immature, available, inPayout] = now.owed.map(String)
      return E.right({ liabilities: { immature, available, inPayout } })
    },
    onTheWay: () => E.right(now.onTheWay ?? 0n),
  } as unknown as ReservesOptions['readModels']
  const reserves = watchReserves({
    paying: { wallet, account: 'default' },
    readModels,
    confirmations: 2,
    nowMs: Date.now,
    log: pino({ level: 'silent' }),
    onWalletError: ({ kind }) => faults.push(kind),
  })
  return {
    reserves,
    faults,
    asked: () => asked,
    change: (next: Partial<Case>) => Object.assign(now, next),
    fail: (error: WalletError | null) => {
      fault = error
    },
  }
}

describe('reserves', () => {
  test.each([
    ['enough to the atom', { total: 60n, owed: [10n, 20n, 30n] }, true],
    ['an atom too little', { total: 59n, owed: [10n, 20n, 30n] }, false],
    ['what is on its way has left the wallet', { total: 30n, owed: [10n, 20n, 30n], onTheWay: 30n }, true],
    ['and not an atom more', { total: 29n, owed: [10n, 20n, 30n], onTheWay: 30n }, false],
  ] as const)('%s', async (_, given, isCovered) => {
    const { reserves } = watching(given)
    expect(reserves.status()).toBeNull()
    await vi.advanceTimersByTimeAsync(6_000)
    expect(reserves.status()).toMatchObject({
      isCovered,
      owed: String(given.owed[0] + given.owed[1] + given.owed[2]),
    })
    reserves.stop()
  })

  test('are asked for every two minutes; a wallet that does not answer sooner, and what it said last stays', async () => {
    const { reserves, faults, asked, change, fail } = watching({ total: 60n, owed: [10n, 20n, 30n] })
    await vi.advanceTimersByTimeAsync(6_000)
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(asked()).toBe(1)
    fail({ kind: 'away', message: '' })
    await vi.advanceTimersByTimeAsync(MINUTE + 10_000)
    expect([asked(), faults]).toEqual([2, ['away']])
    expect(reserves.status()).toMatchObject({ isCovered: true })
    change({ total: 1n })
    fail(null)
    await vi.advanceTimersByTimeAsync(40_000)
    expect([asked(), reserves.status()?.isCovered]).toEqual([3, false])
    reserves.stop()
    await vi.advanceTimersByTimeAsync(10 * MINUTE)
    expect(asked()).toBe(3)
  })
})

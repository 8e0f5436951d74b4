import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Balances,
  balanceOf,
  minerAccount,
  minerOf,
  move,
  post,
} from '../../../domain/bookkeeping/ledger.ts'

test('moving takes from one and gives to the other; nothing moves nothing', () => {
  expect(move(5n, 'pool:fee:immature', 'pool:fee:available')).toEqual([
    { account: 'pool:fee:immature', atoms: -5n },
    { account: 'pool:fee:available', atoms: 5n },
  ])
  expect(move(0n, 'pool:reserve', 'chain:coinbase')).toEqual([])
})

test('posting adds up and forgets what is empty', () => {
  const balances: Balances = new Map()
  post(balances, move(5n, 'chain:coinbase', 'pool:reserve'))
  post(balances, move(2n, 'pool:reserve', 'chain:fees'))
  expect(balanceOf(balances, 'pool:reserve')).toBe(3n)
  expect(balanceOf(balances, 'pool:fee:available')).toBe(0n)
  post(balances, move(3n, 'pool:reserve', 'chain:coinbase'))
  expect([...balances.keys()].sort()).toEqual(['chain:coinbase', 'chain:fees'])
})

test('postings that do not sum to zero are a broken program, and nothing is posted', () => {
  const balances: Balances = new Map()
  fc.assert(
    fc.property(
      fc
        .array(fc.bigInt({ min: -100n, max: 100n }), { minLength: 1 })
        .filter((all) => all.reduce((a, b) => a + b) !== 0n),
      (atoms) => {
        const postings = atoms.map((each) => ({ account: 'pool:reserve' as const, atoms: each }))
        expect(() => post(balances, postings)).toThrow(RangeError)
        expect(balances.size).toBe(0)
      },
    ),
  )
})

test('a miner by its ledger account, and back', () => {
  for (const stage of ['immature', 'available', 'in-payout'] as const)
    expect(minerOf(minerAccount('ab', stage))).toEqual({ account: 'ab', stage })
  for (const account of ['pool:reserve', 'pool:fee:available', 'chain:paid'] as const)
    expect(minerOf(account)).toBeUndefined()
})

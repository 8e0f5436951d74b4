import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, expect, test } from 'vitest'
import { ledgerFolder } from '../../adapters/ledger/folder.ts'
import { openSignedEntries, type SignedEntry } from '../../adapters/ledger/signed-entries.ts'
import { toAtoms } from '../../domain/decred/amount.ts'
import { eventTypes } from '../../domain/events.ts'
import { creditsDigest } from '../../domain/reward/pay-per-share.ts'
import { parseVerifierKey } from '../../domain/transparency/key.ts'
import { type Audited, audit } from '../../src/audit/audit.ts'
import type { Fold } from '../../src/audit/fold.ts'

/**
 * The ledger of test/vectors/ledger against expected.json, which an auditor in another language computed, written from docs/ledger-spec.md
 * alone. Section 13 of that page says what the members are.
 */

interface Expected {
  readonly entries: number
  readonly shares: number
  readonly balances: Readonly<Record<string, string>>
  readonly paid: Readonly<Record<string, { readonly atoms: string; readonly fees: string }>>
  readonly allocations: Readonly<Record<string, ExpectedAllocation>>
  readonly work: Readonly<Record<string, ExpectedWork>>
  readonly blocks: Readonly<Record<string, string>>
  readonly payouts: Readonly<Record<string, string>>
}

interface ExpectedAllocation {
  readonly entry: number
  readonly block: string
  readonly reward: string
  readonly fee: string
  readonly reserve: string
  readonly shares: number
  readonly units: string
  readonly accounts: Readonly<Record<string, string>>
  readonly reversed: boolean
}

interface ExpectedWork {
  readonly entry: number
  readonly shares: number
  readonly units: string
  readonly accounts: Readonly<Record<string, string>>
}

const folder = fileURLToPath(new URL('../vectors/ledger', import.meta.url))
const text = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8')
const expected: Expected = JSON.parse(text('expected.json'))

let audited: Audited
let fold: Fold
let entries: readonly SignedEntry[]
beforeAll(async () => {
  const source = ledgerFolder(folder)
  audited = await audit({
    ...{ source, key: right(parseVerifierKey(text('vkey').trim())), since: null, hashed: null },
    ...{
      node: null,
      workers: null,
      nowMs: Date.now(),
      onProgress: () => undefined,
      onHashed: () => undefined,
    },
  })
  if (audited.fold === null) throw new Error('nothing was folded')
  fold = audited.fold
  const signed = right(await openSignedEntries(source))
  const read: SignedEntry[] = []
  for (let number = 0; read.length < signed.size; number++) read.push(...right(await signed.bundle(number)))
  entries = read
})

function right<A>(either: E.Either<unknown, A>): A {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

test('has every type of event', () => {
  const there = new Set(entries.map(({ event }) => event.type))
  expect(eventTypes.filter((type) => !there.has(type))).toEqual([])
})

test('has nothing wrong, and as many entries and shares', () => {
  expect(audited.unfinished).toBeNull()
  expect(audited.findings.list()).toEqual([])
  expect({ entries: fold.count, shares: fold.shares.hashed }).toEqual({
    entries: expected.entries,
    shares: expected.shares,
  })
})

test('has the balances of every ledger account', () => {
  const balances = [...fold.books.books.balances].map(([account, atoms]) => [account, String(atoms)])
  expect(Object.fromEntries(balances)).toEqual(expected.balances)
})

test('shares every reward alike', () => {
  const shared = entries.flatMap(({ index, stream, event }) => {
    if (event.type !== 'RewardAllocated') return []
    const { block, reward, fee, reserve, window, account, atoms } = event.data
    const accounts = Object.fromEntries(account.map((id, i) => [id, atoms[i]]))
    const [shares, units] = window === null ? [0, '0'] : [window.shares, window.units]
    const reversed = fold.books.books.blocks.get(block)?.allocation?.settlement !== numberOf(stream)
    return [[stream, { entry: index, block, reward, fee, reserve, shares, units, accounts, reversed }]]
  })
  expect(Object.fromEntries(shared)).toEqual(expected.allocations)
})

test('settles paid work alike', () => {
  const settled = entries.flatMap(({ index, stream, event }) =>
    event.type === 'WorkSettled'
      ? [[stream, { entry: index, shares: event.data.shares, units: event.data.units }, event.data.credits]]
      : [],
  )
  const computed = Object.entries(expected.work).map(([stream, { entry, shares, units, accounts }]) => [
    ...[stream, { entry, shares, units }],
    creditsDigest(
      Object.entries(accounts).map(([account, atoms]) => ({ account, atoms: toAtoms(BigInt(atoms)) })),
    ),
  ])
  expect(settled).toEqual(computed)
})

test('has every block and every payout where it is', () => {
  const { blocks, payouts } = fold.books.books
  expect(Object.fromEntries([...blocks].map(([hash, { phase }]) => [hash, phase]))).toEqual(expected.blocks)
  expect(Object.fromEntries([...payouts].map(([n, { phase }]) => [`payout-${n}`, phase]))).toEqual(
    expected.payouts,
  )
})

test('has paid every account as much', () => {
  const paid = new Map<string, { atoms: bigint; fees: bigint }>()
  for (const { number, plan, confirmed } of fold.payouts.payouts.values()) {
    if (confirmed === null) continue
    for (const [i, address] of plan.address.entries()) {
      const account = accountOf(address)
      const before = paid.get(account) ?? { atoms: 0n, fees: 0n }
      const atoms = BigInt(plan.atoms[i] ?? '')
      const fees = BigInt(plan.deducted[i] ?? '') - atoms
      paid.set(account, { atoms: before.atoms + atoms, fees: before.fees + fees })
      expect(expected.payouts[`payout-${number}`]).toBe('confirmed')
    }
  }
  expect(
    Object.fromEntries(
      [...paid].map(([account, { atoms, fees }]) => [account, { atoms: String(atoms), fees: String(fees) }]),
    ),
  ).toEqual(expected.paid)
})

const numberOf = (stream: string): number => Number(stream.slice(stream.lastIndexOf('-') + 1))

function accountOf(address: string): string {
  const opened = entries.find(({ event }) => event.type === 'AccountOpened' && event.data.address === address)
  if (opened === undefined) throw new Error(`no account of ${address}`)
  return opened.stream.slice('account-'.length)
}

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { encodeAddress } from '../../domain/decred/address.ts'
import { toHex } from '../../domain/decred/hex.ts'
import { networks } from '../../domain/decred/network.ts'
import { DEMO_MINING_ADDRESS, DEMO_SEED } from '../../src/devnet/demo-key.ts'
import { payToKeyHash } from '../../src/devnet/signature.ts'
import { AddressBook } from '../../src/devnet/wallet/address-book.ts'
import { Keys, type WalletKey } from '../../src/devnet/wallet/keys.ts'

const { vectors } = JSON.parse(readFileSync('test/vectors/decred.json', 'utf8'))
const harness = vectors.find(({ id }: { id: string }) => id === 'harness').data
const keys = new Keys(DEMO_SEED)
const address = ({ hash }: Pick<WalletKey, 'hash'>) =>
  encodeAddress('public-key-hash-ecdsa', hash, networks.simnet)
const first = (account: number) => keys.at({ account, branch: 'external', index: 0 })

test("the keys are those that dcrwallet has for the seed of dcrpool's harness", () => {
  expect(DEMO_SEED).toBe(harness.masterSeed)
  expect(address(first(0))).toBe(harness.poolMiningAddr)
  expect(address(first(0))).toBe(DEMO_MINING_ADDRESS)
  expect(address(first(1))).toBe(harness.poolFeeAddr)
  const accounts = harness.clientAddrs.map((_: string, index: number) => address(first(2 + index)))
  expect(accounts).toEqual(harness.clientAddrs)
})

test('a public key is the one that dcrwallet showed', () => {
  expect(toHex(first(0).publicKey)).toBe('0370d1ea5ab8f50792c4862637ffb6fa0ceda9ed6186eafee8b4d94863e52f4cc8')
})

test('a seed is hex', () => {
  expect(() => new Keys('seed words')).toThrow(RangeError)
})

const paying = (...paid: readonly WalletKey[]) => ({
  version: 1,
  inputs: [],
  outputs: paid.map(({ hash }) => ({ atoms: 1n, scriptVersion: 0, script: payToKeyHash(hash) })),
  lockTime: 0,
  expiry: 0,
})

test('addresses are found again as far as twenty behind the last one that was paid', () => {
  const book = new AddressBook(keys, 1)
  const at = (index: number) => keys.at({ account: 0, branch: 'external', index })
  const knows = (index: number) => book.find(payToKeyHash(at(index).hash))?.index === index
  expect([knows(0), knows(19), knows(20)]).toEqual([true, true, false])
  book.note(paying(at(19)))
  expect([knows(20), knows(39), knows(40)]).toEqual([true, true, false])
  book.note(paying(at(3)))
  expect([knows(39), knows(40)]).toEqual([true, false])
  expect(book.find(payToKeyHash(keys.at({ account: 1, branch: 'external', index: 0 }).hash))).toBeUndefined()
})

test('each address is another one, until twenty were given out for nothing', () => {
  const book = new AddressBook(keys, 1)
  const given = Array.from({ length: 21 }, () => book.give(0, 'internal')?.index)
  expect(given).toEqual([...Array.from({ length: 20 }, (_, index) => index), 0])
  expect(book.give(7, 'internal')).toBeUndefined()
  const used = keys.at({ account: 0, branch: 'internal', index: 4 })
  book.note(paying(used))
  expect(book.give(0, 'internal')?.index).toBe(5)
})

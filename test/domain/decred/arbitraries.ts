import fc from 'fast-check'
import type { Block } from '../../../domain/decred/block.ts'
import { decodeHeader, type Header } from '../../../domain/decred/header.ts'
import { toHex } from '../../../domain/decred/hex.ts'
import type { Input, Output, Transaction } from '../../../domain/decred/transaction.ts'

const uint16 = fc.integer({ min: 0, max: 0xffff })
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
/** Mostly short; sometimes past the 252 bytes that a one-byte count can say. */
const script = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 260 }))

const input: fc.Arbitrary<Input> = fc.record({
  previous: fc.record({ transaction: hash, output: uint32, tree: fc.integer({ min: -128, max: 127 }) }),
  sequence: uint32,
  atoms: int64,
  blockHeight: uint32,
  blockIndex: uint32,
  signatureScript: script,
})

const output: fc.Arbitrary<Output> = fc.record({ atoms: int64, scriptVersion: uint16, script })

/** Any transaction that can be written, valid or not. */
export const transaction: fc.Arbitrary<Transaction> = fc.record({
  version: uint16,
  inputs: fc.array(input, { maxLength: 4 }),
  outputs: fc.array(output, { maxLength: 4 }),
  lockTime: uint32,
  expiry: uint32,
})

const header: fc.Arbitrary<Header> = fc.uint8Array({ minLength: 180, maxLength: 180 }).map((raw) => {
  const decoded = decodeHeader(raw)
  if (decoded._tag === 'Left') throw new Error(decoded.left.message)
  return decoded.right
})

/** Any block that can be written, valid or not. */
export const block: fc.Arbitrary<Block> = fc.record({
  header,
  transactions: fc.array(transaction, { maxLength: 4 }),
  stakeTransactions: fc.array(transaction, { maxLength: 3 }),
})

import * as E from 'fp-ts/lib/Either.js'
import { blake256 } from './blake256.ts'
import { displayHash, fromDisplayHash } from './hex.ts'
import { type DecodeError, Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** The output that an input spends. */
export interface OutPoint {
  /** Transaction id, display hex. */
  readonly transaction: string
  readonly output: number
  /** 0 regular, 1 stake; -1 when there is nothing to spend. int8 */
  readonly tree: number
}

/** What a transaction spends, and the proof that it may. */
export interface Input {
  readonly previous: OutPoint
  readonly sequence: number
  /** Atoms spent, as the signer claims; int64. */
  readonly atoms: bigint
  /** Where the spent output is, as the signer claims; 0 and 2^32 - 1 when nobody said. */
  readonly blockHeight: number
  readonly blockIndex: number
  readonly signatureScript: Uint8Array
}

/** What a transaction pays. */
export interface Output {
  /** int64 */
  readonly atoms: bigint
  readonly scriptVersion: number
  readonly script: Uint8Array
}

/** A whole transaction, with its signatures. */
export interface Transaction {
  /** uint16 */
  readonly version: number
  readonly inputs: readonly Input[]
  readonly outputs: readonly Output[]
  readonly lockTime: number
  readonly expiry: number
}

/** What part of a transaction the bytes hold: high half of their first word. */
const FULL = 0
const PREFIX = 1
const WITNESS = 2

// Least bytes of each part, with empty scripts: they bound what a count may claim.
const INPUT_PREFIX_BYTES_MIN = 41
const OUTPUT_BYTES_MIN = 11
const INPUT_WITNESS_BYTES_MIN = 17
/** Least bytes of a transaction: no inputs, no outputs. */
export const TRANSACTION_BYTES_MIN = 15

/** Reads one fully serialized transaction, all of the bytes. */
export function decodeTransaction(bytes: Uint8Array): E.Either<DecodeError, Transaction> {
  const reader = new Reader(bytes)
  const transaction = readTransaction(reader)
  reader.end()
  return reader.error === undefined ? E.right(transaction) : E.left(reader.error)
}

/** Reads the next fully serialized transaction. What it answers means nothing once the reader has an error. */
export function readTransaction(reader: Reader): Transaction {
  const version = reader.uint16()
  if (reader.uint16() !== FULL)
    reader.refuse('not-a-full-transaction', 'the transaction is not serialized in full')
  const prefixes = times(reader.count('inputs', INPUT_PREFIX_BYTES_MIN), () => readInputPrefix(reader))
  const outputs = times(reader.count('outputs', OUTPUT_BYTES_MIN), () => readOutput(reader))
  const lockTime = reader.uint32()
  const expiry = reader.uint32()
  const signed = reader.count('signatures', INPUT_WITNESS_BYTES_MIN)
  if (signed !== prefixes.length)
    reader.refuse('not-a-full-transaction', `${prefixes.length} inputs have ${signed} signatures`)
  const inputs = prefixes.map((prefix) => ({ ...prefix, ...readInputWitness(reader) }))
  return { version, inputs, outputs, lockTime, expiry }
}

const times = <A>(count: number, read: () => A): readonly A[] => Array.from({ length: count }, read)

const readInputPrefix = (reader: Reader): Pick<Input, 'previous' | 'sequence'> => ({
  previous: {
    transaction: displayHash(reader.bytes(32, 'a transaction id')),
    output: reader.uint32(),
    tree: (reader.uint8() << 24) >> 24,
  },
  sequence: reader.uint32(),
})

const readOutput = (reader: Reader): Output => ({
  atoms: reader.int64(),
  scriptVersion: reader.uint16(),
  script: readScript(reader),
})

const readInputWitness = (
  reader: Reader,
): Pick<Input, 'atoms' | 'blockHeight' | 'blockIndex' | 'signatureScript'> => ({
  atoms: reader.int64(),
  blockHeight: reader.uint32(),
  blockIndex: reader.uint32(),
  signatureScript: readScript(reader),
})

const readScript = (reader: Reader): Uint8Array => reader.bytes(reader.count('script bytes', 1), 'a script')

/**
 * Writes a transaction in full.
 *
 * @throws RangeError when an input's transaction id is not display hex.
 */
export function encodeTransaction(transaction: Transaction): Uint8Array {
  const writer = new Writer()
  writeVersion(writer, transaction, FULL)
  writePrefix(writer, transaction)
  writeWitness(writer, transaction)
  return writer.result()
}

/** Names a transaction, as display hex: its signatures are not part of the name. */
export const transactionId = (transaction: Transaction): string => displayHash(prefixHash(transaction))

/** Leaf of a transaction in a block's Merkle tree, 32 bytes: covers the signatures too. */
export function fullHash(transaction: Transaction): Uint8Array {
  const writer = new Writer()
  writer.bytes(prefixHash(transaction))
  writer.bytes(witnessHash(transaction))
  return blake256(writer.result())
}

function prefixHash(transaction: Transaction): Uint8Array {
  const writer = new Writer()
  writeVersion(writer, transaction, PREFIX)
  writePrefix(writer, transaction)
  return blake256(writer.result())
}

function witnessHash(transaction: Transaction): Uint8Array {
  const writer = new Writer()
  writeVersion(writer, transaction, WITNESS)
  writeWitness(writer, transaction)
  return blake256(writer.result())
}

function writeVersion(writer: Writer, transaction: Transaction, serialization: number): void {
  writer.uint16(transaction.version)
  writer.uint16(serialization)
}

function writePrefix(writer: Writer, transaction: Transaction): void {
  writer.count(transaction.inputs.length)
  for (const { previous, sequence } of transaction.inputs) {
    const id = fromDisplayHash(previous.transaction)
    if (id === undefined) throw new RangeError(`${previous.transaction} is not a transaction id`)
    writer.bytes(id)
    writer.uint32(previous.output)
    writer.uint8(previous.tree)
    writer.uint32(sequence)
  }
  writer.count(transaction.outputs.length)
  for (const output of transaction.outputs) {
    writer.int64(output.atoms)
    writer.uint16(output.scriptVersion)
    writeScript(writer, output.script)
  }
  writer.uint32(transaction.lockTime)
  writer.uint32(transaction.expiry)
}

function writeWitness(writer: Writer, transaction: Transaction): void {
  writer.count(transaction.inputs.length)
  for (const input of transaction.inputs) {
    writer.int64(input.atoms)
    writer.uint32(input.blockHeight)
    writer.uint32(input.blockIndex)
    writeScript(writer, input.signatureScript)
  }
}

function writeScript(writer: Writer, script: Uint8Array): void {
  writer.count(script.length)
  writer.bytes(script)
}

const NO_TRANSACTION = '0'.repeat(64)

/** Says whether a transaction creates coins: its only input spends nothing. */
export function isCoinbase(transaction: Transaction): boolean {
  const [input] = transaction.inputs
  return (
    transaction.inputs.length === 1 &&
    input?.previous.transaction === NO_TRANSACTION &&
    input.previous.output === 0xffff_ffff
  )
}

import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { fromHex, toHex } from '../../../domain/decred/hex.ts'
import { decodeTransaction, encodeTransaction, type Transaction } from '../../../domain/decred/transaction.ts'

/** Name of the file in the data directory. */
const FILE_NAME = 'wallet-transactions.txt'

/** The transactions that a wallet has published, on disk: one a line, in hex. */
export interface PublishedFile {
  /** What was in the file when it was opened. */
  readonly transactions: readonly Transaction[]
  /** Returns when the transaction is on the disk itself. */
  readonly append: (transaction: Transaction) => void
  readonly close: () => void
}

/** Opens or creates the file. A line that a crash left unfinished is no transaction, and passed over. */
export function openPublishedFile(directory: string): PublishedFile {
  const path = join(directory, FILE_NAME)
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  const transactions = lines.flatMap((line) => {
    const decoded = decodeTransaction(fromHex(line) ?? new Uint8Array(0))
    return E.isRight(decoded) ? [decoded.right] : []
  })
  const file = openSync(path, 'a')
  return {
    transactions,
    append: (transaction) => {
      // The newline goes first, so that it also ends a line that was cut off.
      writeSync(file, `\n${toHex(encodeTransaction(transaction))}`)
      fdatasyncSync(file)
    },
    close: () => closeSync(file),
  }
}

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import * as t from 'io-ts'
import { fromBase64, toBase64 } from '../../domain/transparency/base64.ts'

/**
 * How far the shares of a ledger were hashed, by an audit that found nothing wrong with them: the first `entries`, whose root is `root`. So an
 * audit that was cut short, or one of a ledger that has grown, hashes only what is new. Everything else is always checked from the
 * start.
 */
export interface HashedWork {
  readonly origin: string
  readonly entries: number
  readonly root: Uint8Array
}

const Stored = t.type({
  origin: t.string,
  entries: t.refinement(t.number, (n) => Number.isSafeInteger(n) && n >= 0),
  root: t.string,
})

/** Reads such a note; null where there is none, or none that can be used: then everything is hashed. */
export function readHashedWork(file: string, origin: string): HashedWork | null {
  try {
    const stored: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (!Stored.is(stored) || stored.origin !== origin) return null
    const root = fromBase64(stored.root)
    return root === undefined ? null : { origin, entries: stored.entries, root }
  } catch {
    return null
  }
}

/** Writes it. What can't be written is only hashed again. */
export function writeHashedWork(file: string, { origin, entries, root }: HashedWork): void {
  try {
    const next = `${file}.new`
    writeFileSync(next, `${JSON.stringify({ origin, entries, root: toBase64(root) })}\n`)
    renameSync(next, file)
  } catch {
    rmSync(`${file}.new`, { force: true })
  }
}

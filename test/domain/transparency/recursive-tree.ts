import { createHash } from 'node:crypto'
import type { Sha256 } from '../../../domain/transparency/tree.ts'

/** Trees, paths and proofs as RFC 6962, 2.1 defines them: by recursion over the entries themselves. Slow and plain. */

/** The server's own. */
export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest()

/** MTH(D[n]). */
export function treeHash(entries: readonly Uint8Array[]): Uint8Array {
  const [only] = entries
  if (only === undefined) return sha256(new Uint8Array())
  if (entries.length === 1) return sha256(Buffer.concat([Buffer.of(0), only]))
  const k = split(entries.length)
  return sha256(Buffer.concat([Buffer.of(1), treeHash(entries.slice(0, k)), treeHash(entries.slice(k))]))
}

/** PATH(m, D[n]). */
export function path(m: number, entries: readonly Uint8Array[]): readonly Uint8Array[] {
  if (entries.length <= 1) return []
  const k = split(entries.length)
  return m < k
    ? [...path(m, entries.slice(0, k)), treeHash(entries.slice(k))]
    : [...path(m - k, entries.slice(k)), treeHash(entries.slice(0, k))]
}

/** PROOF(m, D[n]) for 0 < m < n. */
export const proof = (m: number, entries: readonly Uint8Array[]): readonly Uint8Array[] =>
  subproof(m, entries, true)

function subproof(m: number, entries: readonly Uint8Array[], whole: boolean): readonly Uint8Array[] {
  if (m === entries.length) return whole ? [] : [treeHash(entries)]
  const k = split(entries.length)
  return m <= k
    ? [...subproof(m, entries.slice(0, k), whole), treeHash(entries.slice(k))]
    : [...subproof(m - k, entries.slice(k), false), treeHash(entries.slice(0, k))]
}

/** The largest power of two below n. */
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Entry i of a tree for tests: different for each i. */
export const entriesOf = (size: number): readonly Uint8Array[] =>
  Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`))

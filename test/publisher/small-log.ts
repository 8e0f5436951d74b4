import * as E from 'fp-ts/lib/Either.js'
import { sha256 } from '../../adapters/ledger/sha256.ts'
import { toBase64 } from '../../domain/transparency/base64.ts'
import { type Checkpoint, signCheckpoint } from '../../domain/transparency/checkpoint.ts'
import { type SigningKey, signingKey } from '../../domain/transparency/key.ts'
import { noteSigner } from '../../domain/transparency/note.ts'
import { consistencyProof } from '../../domain/transparency/proof.ts'
import { frontier, leafHash } from '../../domain/transparency/tree.ts'

/** A key made of one byte, the same each time. */
export const exampleKey = (name: string, use: 'note' | 'cosignature' = 'note', byte = 7): SigningKey =>
  signingKey(name, use, new Uint8Array(32).fill(byte))

/** A log in memory: checkpoints of any size, and requests for a witness. */
export function smallLog(origin: string, key: SigningKey, branch = 'main') {
  const nodes = new Map<string, Uint8Array>()
  const counts: number[] = []
  const tree = frontier(sha256, undefined, (level, hash) => {
    const index = counts[level] ?? 0
    counts[level] = index + 1
    nodes.set(`${level}/${index}`, hash)
  })
  const roots = [tree.root()]
  const grow = (size: number): void => {
    while (tree.size() < size) {
      tree.append(leafHash(sha256, Buffer.from(`${branch} ${tree.size()}`)))
      roots.push(tree.root())
    }
  }
  const checkpoint = (size: number): Checkpoint => {
    grow(size)
    return { origin, size, root: roots[size] ?? new Uint8Array() }
  }
  return {
    checkpoint,
    note: (size: number) => signCheckpoint(checkpoint(size), [noteSigner(key)]),
    /** Body of `add-checkpoint`. */
    request(from: number, to: number): string {
      grow(to)
      const proof = consistencyProof(sha256, (level, index) => nodes.get(`${level}/${index}`), from, to)
      if (E.isLeft(proof)) throw new Error('no proof')
      return `old ${from}\n${proof.right.map((hash) => `${toBase64(hash)}\n`).join('')}\n${this.note(to)}`
    },
  }
}
